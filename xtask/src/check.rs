//! `cargo xtask check`: everything that must hold before a change is handed in.

use std::process::Command as Process;

use crate::{Command, Outcome, workspace};

/// The row of this command.
pub const COMMAND: Command =
    Command { name: "check", about: "formatting, lints, tidiness and every test", run };

/// What is run, in order: the quick and common failures first.
const STEPS: &[&[&str]] = &[
    &["fmt", "--all", "--check"],
    &["xtask", "tidy"],
    &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
    &["test", "--workspace"],
];

fn run(_args: &[String]) -> Outcome {
    for step in STEPS {
        cargo(step)?;
    }
    println!("check: all well");
    Ok(())
}

/// Runs cargo in the root of the workspace.
///
/// # Errors
/// When it cannot be started or fails.
pub fn cargo(args: &[&str]) -> Outcome {
    println!("+ cargo {}", args.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Process::new(cargo)
        .args(args)
        .current_dir(workspace::root())
        .status()
        .map_err(|e| format!("cargo cannot be run: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}` failed", args.join(" "))) }
}

/// Runs a command of this program anew, built for speed.
///
/// # Errors
/// When it cannot be built or fails.
pub fn in_release(command: &str, args: &[String]) -> Outcome {
    cargo(&["build", "--release", "-p", "netloom-cli", "-p", "xtask"])?;
    let program = workspace::target().join("release/xtask");
    let status = Process::new(&program)
        .arg(command)
        .args(args)
        .status()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("`{command}` failed")) }
}

//! `cargo xtask golden`: accepts what the code makes now as the snapshots that tests compare with.

use std::process::Command as Process;

use crate::{Command, Outcome, workspace};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "golden",
    about: "rewrites the snapshots of all tests; read the diff before committing",
    run,
};

/// The variable that tells a snapshot test to write instead of to compare.
pub const BLESS: &str = "NETLOOM_BLESS";

fn run(args: &[String]) -> Outcome {
    let status = Process::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(args)
        .env(BLESS, "1")
        .current_dir(workspace::root())
        .status()
        .map_err(|e| format!("cargo cannot be run: {e}"))?;
    if !status.success() {
        return Err("some tests fail for another reason than a changed snapshot".to_owned());
    }
    println!("golden: see `git diff` for what changed");
    Ok(())
}

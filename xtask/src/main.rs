//! The one door to building, checking and measuring the workspace: `cargo xtask <command>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program")]
#![expect(clippy::disallowed_methods, reason = "a shell: it reads files, the clock and its arguments")]

use std::process::ExitCode;

mod bench;
mod check;
mod docs;
mod gallery;
mod golden;
mod new;
mod tidy;
mod web;
mod workspace;

/// What a command gives back: a message in lower case when it failed.
type Outcome = Result<(), String>;

/// One command of `cargo xtask`.
struct Command {
    name: &'static str,
    /// What it does, one line without a full stop.
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

/// Every command, in order of name.
const COMMANDS: &[Command] = &[
    bench::COMMAND,
    check::COMMAND,
    docs::COMMAND,
    gallery::COMMAND,
    golden::COMMAND,
    new::COMMAND,
    tidy::COMMAND,
    web::COMMAND,
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        print!("{}", usage());
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        eprintln!("error: there is no command `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask <command>\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:8} {}\n", command.name, command.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_in_order_and_told_in_a_line() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for command in COMMANDS {
            assert!(!command.about.is_empty() && !command.about.ends_with('.'), "{}", command.name);
            assert!(usage().contains(command.about));
        }
    }
}

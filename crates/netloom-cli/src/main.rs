//! The `netloom` command: arguments, files and messages around the library.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

mod args;
mod diff;
mod draw;
mod failure;
mod figure;
mod files;
mod lists;
mod summary;

use args::{Args, Command};

fn main() -> ExitCode {
    // Usage errors leave with 2, as clap does by itself.
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let result = match &args.command {
        Command::Draw(draw) => {
            let given = matches.subcommand_matches("draw").expect("the command is draw");
            figure::run(draw, given)
        }
        Command::Diff(diff) => return diff::run(diff),
        Command::Summary(summary) => summary::run(summary),
        Command::Formats => lists::formats(),
        Command::Outputs => lists::outputs(),
        Command::Styles => lists::styles(),
        Command::Themes(themes) => lists::themes(themes),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closes the pipe early, as `head` does, has what it wanted.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.code())
        }
    }
}

//! The `netloom` command: arguments, files and messages around the library.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod draw;
mod failure;
mod files;
mod lists;
mod summary;

use args::{Args, Command};

fn main() -> ExitCode {
    // Usage errors leave with 2, as clap does by itself.
    let args = Args::parse();
    let result = match &args.command {
        Command::Draw(draw) => draw::run(draw),
        Command::Summary(summary) => summary::run(summary),
        Command::Formats => lists::formats(),
        Command::Outputs => lists::outputs(),
        Command::Styles => lists::styles(),
        Command::Themes => lists::themes(),
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

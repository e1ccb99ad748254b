//! The `netloom` command as a library: arguments, files and messages around the façade.
//!
//! The binary calls [`run`] and does nothing else. The Python package calls it too, and says what it wants drawn in the
//! words of the command, see [`said`]; so what is possible in one is possible in the other, with the same defaults and
//! the same complaints.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

mod args;
mod convert;
mod diff;
mod draw;
mod drawing;
mod failure;
mod figure;
mod files;
mod fmt;
mod lists;
pub mod said;
mod summary;
mod watch;

pub use diff::compare;
pub use drawing::{Drawing, Format};
pub use failure::Failure;
pub use files::{Folder, Model, open};
pub use lists::{outputs, styles};

use args::{Args, Command};

/// What a wrong call leaves with.
const USAGE: u8 = 2;

/// Does what a command line says, whose first word is the name of the program, and gives the code to leave with: 0 where
/// all went well, 1 for the input, 2 for the usage; `diff` has 1 where models differ and 2 on any error.
pub fn run(line: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed =
        Args::command().try_get_matches_from(line).and_then(|m| Ok((Args::from_arg_matches(&m)?, m)));
    let (args, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(e) => {
            // Help goes to standard output, mistakes to standard error; neither can be helped when it is closed.
            let _ = e.print();
            return u8::try_from(e.exit_code()).unwrap_or(USAGE);
        }
    };
    let result = match &args.command {
        Command::Draw(draw) => {
            let given = matches.subcommand_matches("draw").expect("the command is draw");
            if draw.watch { watch::run(draw, given) } else { figure::run(draw, given) }
        }
        Command::Convert(convert) => convert::run(convert),
        Command::Fmt(fmt) => return fmt::run(fmt),
        Command::Diff(diff) => return diff::run(diff),
        Command::Summary(summary) => summary::run(summary),
        Command::Formats => lists::print_formats(),
        Command::Outputs => lists::print_outputs(),
        Command::Styles => lists::print_styles(),
        Command::Themes(themes) => lists::print_themes(themes),
    };
    match result {
        Ok(()) => 0,
        // A reader that closes the pipe early, as `head` does, has what it wanted.
        Err(failure) if failure.is_broken_pipe() => 0,
        Err(failure) => {
            failure.report();
            failure.code()
        }
    }
}

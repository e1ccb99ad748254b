//! `netloom diff`: leaves with 0 where the models are equal, with 1 where they differ, and with 2 on any error.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use netloom::{Comparison, DiffOptions};

use crate::args::DiffArgs;
use crate::failure::Failure;
use crate::files;

/// What `diff` leaves with where the models differ.
const DIFFERS: u8 = 1;
/// What `diff` leaves with on any error, as diff(1) does.
const TROUBLE: u8 = 2;

pub(crate) fn run(args: &DiffArgs) -> ExitCode {
    match compare(args) {
        Ok(found) if found.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(DIFFERS),
        Err(failure) => {
            if !failure.is_broken_pipe() {
                failure.report();
            }
            ExitCode::from(TROUBLE)
        }
    }
}

fn compare(args: &DiffArgs) -> Result<Comparison, Failure> {
    let stdin = Path::new("-");
    if args.before == stdin && args.after == stdin {
        return Err(Failure::usage("expected at most one model from standard input"));
    }
    let (before, before_name) = files::model(&args.before)?;
    let (after, after_name) = files::model(&args.after)?;
    let [before_name, after_name] = names([&before_name, &after_name]);
    let options = DiffOptions { before: before_name, after: after_name };
    let found = netloom::diff(&before, &after, &options);
    let text = if args.json {
        found.json()
    } else {
        found.text(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    };
    files::write(stdin, text.as_bytes())?;
    Ok(found)
}

/// What two files are called: without what follows the first dot, unless that makes them the same.
fn names(files: [&str; 2]) -> [String; 2] {
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let stems = files.map(stem);
    if stems[0] == stems[1] { files.map(str::to_owned) } else { stems }
}

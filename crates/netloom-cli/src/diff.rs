//! `netloom diff`: leaves with 0 where the models are equal, with 1 where they differ, and with 2 on any error.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use netloom::{Comparison, DiffOptions};

use crate::args::DiffArgs;
use crate::drawing::{Drawing, Format};
use crate::failure::{Failure, remarks};
use crate::files::{self, Model};

/// What `diff` leaves with where the models differ.
const DIFFERS: u8 = 1;
/// What `diff` leaves with on any error, as diff(1) does.
const TROUBLE: u8 = 2;

pub(crate) fn run(args: &DiffArgs) -> u8 {
    match told(args) {
        Ok(found) if found.is_empty() => 0,
        Ok(_) => DIFFERS,
        Err(failure) => {
            if !failure.is_broken_pipe() {
                failure.report();
            }
            TROUBLE
        }
    }
}

/// Compares two models by structure; they are called as their files are, as far as that tells them apart.
pub fn compare(before: &Model, after: &Model) -> Comparison {
    let [before_name, after_name] = names([&before.file, &after.file]);
    let options = DiffOptions { before: before_name, after: after_name };
    netloom::diff(&before.graph, &after.graph, &options)
}

fn told(args: &DiffArgs) -> Result<Arc<Comparison>, Failure> {
    let stdin = Path::new("-");
    if args.before == stdin && args.after == stdin {
        return Err(Failure::usage("expected at most one model from standard input"));
    }
    let (before, after) = (files::open(&args.before)?, files::open(&args.after)?);
    let found = Arc::new(compare(&before, &after));
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if let Some(path) = &args.output {
        let format = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let bytes = match format.as_deref() {
            Some("json") => found.json().into_bytes(),
            Some("txt") | None => found.text(color && path == stdin).into_bytes(),
            Some(format) => {
                let mut drawing = Drawing::of_comparison(found.clone(), args);
                let bytes = drawing.write(Format::named(format)?)?;
                remarks(&after.graph, drawing.notes(), args.verbose);
                bytes
            }
        };
        files::write(path, &bytes)?;
    }
    // A figure alone says nothing in a terminal but what it left out.
    if args.json || args.output.is_none() {
        let text = if args.json { found.json() } else { found.text(color) };
        files::write(stdin, text.as_bytes())?;
    }
    Ok(found)
}

/// What two files are called: without what follows the first dot, unless that makes them the same.
fn names(files: [&str; 2]) -> [String; 2] {
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let stems = files.map(stem);
    let whole = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    if stems[0] == stems[1] { files.map(whole) } else { stems }
}

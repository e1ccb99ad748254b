//! `netloom diff`: leaves with 0 where the models are equal, with 1 where they differ, and with 2 on any error.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use netloom::{Comparison, DiffOptions, ExportOptions, FigureOptions};

use crate::args::DiffArgs;
use crate::failure::{Failure, remarks};
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
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if let Some(path) = &args.output {
        let format = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let bytes = match format.as_deref() {
            Some("json") => found.json().into_bytes(),
            Some("txt") | None => found.text(color && path == stdin).into_bytes(),
            Some(format) => figure(&found, args, format, [&before, &after])?,
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

fn figure(
    found: &Comparison,
    args: &DiffArgs,
    format: &str,
    [_, after]: [&netloom::Graph; 2],
) -> Result<Vec<u8>, Failure> {
    let options = FigureOptions {
        style: args.style.clone(),
        theme: args.theme.clone(),
        depth: args.depth.0,
        detail: args.detail.into(),
        direction: args.direction.map(Into::into),
        width_px: args.width.map(|w| w.px()),
        height_px: args.height.map(|h| h.px()),
        ..FigureOptions::default()
    };
    let figure = found.draw(&options)?;
    remarks(after, &figure.notes, args.verbose);
    let export = ExportOptions { width: args.width, ..ExportOptions::default() };
    Ok(netloom::export(&figure, format, &export)?)
}

/// What two files are called: without what follows the first dot, unless that makes them the same.
fn names(files: [&str; 2]) -> [String; 2] {
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let stems = files.map(stem);
    let whole = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    if stems[0] == stems[1] { files.map(whole) } else { stems }
}

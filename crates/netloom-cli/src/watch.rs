//! `netloom draw --watch`: the figure is drawn again whenever a file it comes from is saved.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::ArgMatches;

use crate::args::DrawArgs;
use crate::failure::Failure;
use crate::figure;

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(150);

/// Draws, waits for a file to change, and draws again; ends when the process is told to.
pub(crate) fn run(args: &DrawArgs, given: &ArgMatches) -> Result<(), Failure> {
    if args.models.iter().any(|m| m == Path::new("-")) {
        return Err(Failure::usage("expected files to watch, found standard input"));
    }
    let mut seen = None;
    loop {
        let now = stamps(&args.models);
        if seen.as_ref() != Some(&now) {
            draw(args, given);
            seen = Some(now);
        }
        std::thread::sleep(PAUSE);
    }
}

fn draw(args: &DrawArgs, given: &ArgMatches) {
    match figure::run(args, given) {
        Ok(()) => {
            let names: Vec<String> = args.output.iter().map(|o| o.display().to_string()).collect();
            let what = if names.is_empty() { "the figure".to_owned() } else { names.join(", ") };
            // Nothing can be done when standard error is closed.
            let _ = writeln!(std::io::stderr(), "drawn: {what}; waiting for changes, Ctrl-C ends");
        }
        Err(failure) => failure.report(),
    }
}

/// When each file was changed last, and its size: an editor may write twice within the resolution of the clock.
fn stamps(paths: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |p: &PathBuf| {
        let meta = std::fs::metadata(p).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    paths.iter().map(stamp).collect()
}

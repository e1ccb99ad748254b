//! `netloom summary`.

use std::path::Path;

use netloom::report;

use crate::args::SummaryArgs;
use crate::failure::{Failure, remarks};
use crate::files::{self, Model};

pub(crate) fn run(args: &SummaryArgs) -> Result<(), Failure> {
    let Model { graph, file, .. } = files::open(&args.model)?;
    let text = if args.json { report::json(&graph, &file) } else { report::table(&graph, &file, args.depth) };
    files::write(Path::new("-"), text.as_bytes())?;
    if !args.json {
        remarks(&graph, &[], args.verbose);
    }
    Ok(())
}

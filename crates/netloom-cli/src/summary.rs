//! `netloom summary`.

use std::path::Path;

use netloom::report;

use crate::args::SummaryArgs;
use crate::failure::{Failure, remarks};
use crate::files;

pub(crate) fn run(args: &SummaryArgs) -> Result<(), Failure> {
    let (graph, name) = files::model(&args.model)?;
    let text = if args.json { report::json(&graph, &name) } else { report::table(&graph, &name, args.depth) };
    files::write(Path::new("-"), text.as_bytes())?;
    if !args.json {
        remarks(&graph, &[], args.verbose);
    }
    Ok(())
}

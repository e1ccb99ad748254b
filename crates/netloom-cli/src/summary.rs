//! `netloom summary`.

use std::path::Path;

use netloom::{Severity, report};

use crate::args::SummaryArgs;
use crate::failure::{Failure, remarks};
use crate::files;

pub(crate) fn run(args: &SummaryArgs) -> Result<(), Failure> {
    let (graph, name) = files::model(&args.model)?;
    let text = if args.json { report::json(&graph, &name) } else { report::table(&graph, &name, args.depth) };
    files::write(Path::new("-"), text.as_bytes())?;
    if !args.json {
        let lines: Vec<String> = graph
            .diagnostics
            .iter()
            .filter(|d| d.severity > Severity::Note || args.verbose)
            .map(|d| {
                let at = if d.path.is_empty() { String::new() } else { format!("{}: ", d.path) };
                format!("{}: {at}{}", d.severity, d.message)
            })
            .collect();
        remarks(&lines, args.verbose);
    }
    Ok(())
}

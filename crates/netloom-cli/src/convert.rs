//! `netloom convert`.

use std::path::Path;

use crate::args::ConvertArgs;
use crate::failure::{Failure, remarks};
use crate::files::{self, Model};

pub(crate) fn run(args: &ConvertArgs) -> Result<(), Failure> {
    let output = args.output.as_deref().unwrap_or(Path::new("-"));
    let extension = output.extension().map(|e| e.to_string_lossy().into_owned());
    let format = match (&args.to, extension) {
        (Some(to), _) => to.clone(),
        (None, Some(extension)) => extension,
        (None, None) if output == Path::new("-") => "loom".to_owned(),
        (None, None) => {
            return Err(Failure::usage(format!(
                "`{}` has no extension that names a format; end it in .loom or .json, or say --to loom",
                output.display()
            )));
        }
    };
    let Model { graph, .. } = files::open(&args.model)?;
    let text = netloom::convert(&graph, &format, args.plumbing)?;
    files::write(output, text.as_bytes())?;
    remarks(&graph, &[], args.verbose);
    Ok(())
}

//! `netloom draw`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::args::DrawArgs;
use crate::drawing::{Drawing, Format, TEXT};
use crate::failure::{Failure, remarks};
use crate::files;

/// Draws what is asked for; files that rules name are looked for in `folder` first, then as they are.
pub(crate) fn run(args: &DrawArgs, folder: &Path) -> Result<(), Failure> {
    let targets = targets(args)?;
    if args.style == TEXT && targets.iter().any(|t| !matches!(t.1, Format::Text)) {
        return Err(Failure::usage("the style text is plain text: leave out -o, or name a .txt file"));
    }
    let models = args.models.iter().map(|path| files::open(path).map(Arc::new));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    let first = models[0].clone();
    let mut drawing = Drawing::new(models, args, &files::Folder::new(folder))?;
    for (path, format) in &targets {
        files::write(path, &drawing.write(*format)?)?;
    }
    remarks(&first.graph, drawing.notes(), args.verbose);
    Ok(())
}

/// Where to write, and in which format each.
fn targets(args: &DrawArgs) -> Result<Vec<(PathBuf, Format)>, Failure> {
    if args.output.is_empty() {
        return Ok(vec![(PathBuf::from("-"), format(args, None)?)]);
    }
    args.output.iter().map(|path| Ok((path.clone(), format(args, Some(path))?))).collect()
}

/// The output format: as asked for, else by the extension of the output, else plain text.
fn format(args: &DrawArgs, output: Option<&Path>) -> Result<Format, Failure> {
    let name = match (&args.to, output) {
        (Some(to), _) => to.clone(),
        (None, Some(path)) if path != Path::new("-") => match path.extension() {
            Some(extension) => extension.to_string_lossy().into_owned(),
            None => {
                return Err(Failure::usage(format!(
                    "`{}` has no extension that names a format; add one or say --to svg",
                    path.display()
                )));
            }
        },
        _ => "txt".to_owned(),
    };
    if args.style == TEXT && args.to.is_none() && output.is_none() {
        return Ok(Format::Text);
    }
    Format::named(&name)
}

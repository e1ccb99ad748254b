//! `netloom draw`.

use std::path::Path;

use netloom::{ExportOptions, FigureOptions, TextMode};

use crate::args::{DrawArgs, TextArg};
use crate::failure::{Failure, remarks};
use crate::{files, lists};

/// The name that asks for plain text among the styles.
const TEXT: &str = "text";

pub(crate) fn run(args: &DrawArgs) -> Result<(), Failure> {
    let format = format(args)?;
    if !(args.scale.is_finite() && args.scale > 0.0) || args.dpi.is_some_and(|d| !(d.is_finite() && d > 0.0))
    {
        return Err(Failure::usage("expected a positive --scale and --dpi"));
    }
    let several = args.models.len() > 1;
    if several && !matches!(format, Format::Picture(_)) {
        return Err(Failure::usage(format!(
            "expected one model for this format, found {}",
            args.models.len()
        )));
    }
    let mut models = Vec::new();
    for path in &args.models {
        let (graph, name) = files::model(path)?;
        // A file's name is what its owner calls the model; without one the model's class is the next best.
        let stem = name.split('.').next().unwrap_or_default();
        models.push((graph, if path == Path::new("-") { String::new() } else { stem.to_owned() }));
    }
    if args.style == TEXT && !matches!(format, Format::Text) {
        return Err(Failure::usage("the style text is plain text: leave out -o, or name a .txt file"));
    }
    let Some((graph, own)) = models.first() else { return Err(Failure::usage("expected a model")) };
    let title = args.name.clone().unwrap_or_else(|| own.clone());
    let options = FigureOptions {
        style: args.style.clone(),
        nodes: args.nodes.map(Into::into),
        theme: args.theme.clone(),
        depth: args.depth.0,
        open: args.open.clone(),
        plumbing: args.plumbing,
        settings: args.set.clone(),
        direction: args.direction.map(Into::into),
        width_px: args.width.map(|w| w.px()),
        height_px: args.height.map(|h| h.px()),
        callouts: !args.no_details,
        legend: !args.no_legend,
        caption: !args.no_caption,
        batch: args.batch,
        detail: args.detail.into(),
        fold: args.fold.into(),
        patterns: args.pattern.clone(),
        name: title,
        lift: !args.plumbing,
    };
    let mut notes = Vec::new();
    let target = args.output.as_deref().unwrap_or(Path::new("-"));
    let bytes = match format {
        Format::Text => netloom::text_figure(graph, &options, args.ascii)?.into_bytes(),
        Format::Notation(name) => netloom::notation(graph, &options, name)?.into_bytes(),
        Format::Json => netloom::import::writers::json::write(graph).into_bytes(),
        Format::Picture(format) => {
            let figure = if several {
                let beside: Vec<_> = models.iter().map(|(graph, name)| (graph, name.as_str())).collect();
                netloom::draw_beside(&beside, &options)?
            } else {
                netloom::draw(graph, &options)?
            };
            notes.extend(figure.notes.iter().cloned());
            let export = ExportOptions {
                width: args.width,
                scale: args.scale,
                dpi: args.dpi,
                text: match args.text {
                    TextArg::Text => TextMode::Text,
                    TextArg::Outlines => TextMode::Outlines,
                },
                ..ExportOptions::default()
            };
            netloom::export(&figure, format, &export)?
        }
    };
    files::write(target, &bytes)?;
    remarks(graph, &notes, args.verbose);
    Ok(())
}

/// What is written.
enum Format {
    /// Lines of plain text.
    Text,
    /// The graph as JSON.
    Json,
    /// The language of another program that draws, by name.
    Notation(&'static str),
    /// A picture, by the name of its output.
    Picture(&'static str),
}

impl Format {
    /// The format of a name or an extension.
    fn find(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('.').to_lowercase();
        match name.as_str() {
            "txt" | "text" => return Some(Self::Text),
            "json" => return Some(Self::Json),
            _ => {}
        }
        if let Some(notation) = netloom::diagram::notations::find(&name) {
            return Some(Self::Notation(notation.name));
        }
        let picture = netloom::OUTPUTS.iter().find(|o| o.name() == name || o.extension() == name)?;
        Some(Self::Picture(picture.name()))
    }
}

/// The output format: as asked for, else by the extension of the output, else plain text.
fn format(args: &DrawArgs) -> Result<Format, Failure> {
    let name = match (&args.to, &args.output) {
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
    if args.style == TEXT && args.to.is_none() && args.output.is_none() {
        return Ok(Format::Text);
    }
    let names = lists::output_names();
    Format::find(&name).ok_or_else(|| {
        netloom::Error::unknown("output format", &name, names.iter().map(String::as_str)).into()
    })
}

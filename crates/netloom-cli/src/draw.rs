//! `netloom draw`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom::diagram::overlay::MEASURES;
use netloom::diagram::rules::Rule;
use netloom::diagram::view::Picture;
use netloom::overlay::{self, Numbers};
use netloom::scene::Theme;
use netloom::{ExportOptions, FigureOptions, OverlayOptions, TextMode};

use crate::args::{DrawArgs, TextArg};
use crate::failure::{Failure, remarks};
use crate::{files, lists};

/// The name that asks for plain text among the styles.
const TEXT: &str = "text";

/// Draws what is asked for; files that rules name are looked for in `folder` first, then as they are.
pub(crate) fn run(args: &DrawArgs, folder: &Path) -> Result<(), Failure> {
    let targets = targets(args)?;
    if !(args.scale.is_finite() && args.scale > 0.0) || args.dpi.is_some_and(|d| !(d.is_finite() && d > 0.0))
    {
        return Err(Failure::usage("expected a positive --scale and --dpi"));
    }
    let several = args.models.len() > 1;
    if several && targets.iter().any(|t| !matches!(t.1, Format::Picture(_))) {
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
    if args.style == TEXT && targets.iter().any(|t| !matches!(t.1, Format::Text)) {
        return Err(Failure::usage("the style text is plain text: leave out -o, or name a .txt file"));
    }
    let Some((graph, own)) = models.first() else { return Err(Failure::usage("expected a model")) };
    let options = FigureOptions {
        name: args.name.clone().unwrap_or_else(|| own.clone()),
        own_theme: theme(args)?,
        overlay: overlay(args)?,
        pictures: pictures(args, folder)?,
        weights: match &args.weights {
            Some(path) => netloom::weights_of(&files::text(path)?)?,
            None => netloom::diagram::tensors::Weights::default(),
        },
        ..options(args)
    };
    let mut figure = None;
    let mut notes = Vec::new();
    for (path, format) in &targets {
        let bytes = match format {
            Format::Text => netloom::text_figure(graph, &options, args.ascii)?.into_bytes(),
            Format::Notation(name) => netloom::notation(graph, &options, name)?.into_bytes(),
            Format::Page => netloom::html::page(graph, &options)?,
            Format::Json => netloom::import::writers::json::write(graph).into_bytes(),
            Format::Picture(format) => {
                let drawn = match figure.take() {
                    Some(figure) => figure,
                    None if several => {
                        let beside: Vec<_> =
                            models.iter().map(|(graph, name)| (graph, name.as_str())).collect();
                        netloom::draw_beside(&beside, &options)?
                    }
                    None => netloom::draw(graph, &options)?,
                };
                notes.clone_from(&drawn.notes);
                let bytes = netloom::export(&drawn, format, &export(args))?;
                figure = Some(drawn);
                bytes
            }
        };
        files::write(path, &bytes)?;
    }
    remarks(graph, &notes, args.verbose);
    Ok(())
}

/// What is asked for, but for what stands in files.
fn options(args: &DrawArgs) -> FigureOptions {
    FigureOptions {
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
        lift: !args.plumbing,
        note: args.note.clone().unwrap_or_default(),
        rules: args.rule.clone(),
        ..FigureOptions::default()
    }
}

fn export(args: &DrawArgs) -> ExportOptions {
    ExportOptions {
        width: args.width,
        scale: args.scale,
        dpi: args.dpi,
        text: match args.text {
            TextArg::Text => TextMode::Text,
            TextArg::Outlines => TextMode::Outlines,
        },
        ..ExportOptions::default()
    }
}

/// The theme of a file, where a file is named.
fn theme(args: &DrawArgs) -> Result<Option<Theme>, Failure> {
    if !is_theme_file(&args.theme) {
        return Ok(None);
    }
    let text = files::text(Path::new(&args.theme))?;
    Theme::parse(&text, &args.theme).map(Some).map_err(|e| Failure::usage(e.to_string()))
}

/// Whether what is said of a theme is a file, not the name of one that ships.
pub(crate) fn is_theme_file(theme: &str) -> bool {
    theme.ends_with(".toml") || theme.contains(['/', '\\'])
}

fn overlay(args: &DrawArgs) -> Result<Option<OverlayOptions>, Failure> {
    let Some(what) = &args.overlay else { return Ok(None) };
    let numbers = match overlay::measure(what) {
        Some(measure) => Numbers::Measured(measure),
        None => {
            let path = Path::new(what);
            if !path.exists() && !what.contains(['.', '/', '\\']) {
                let known = MEASURES.iter().map(|m| m.0);
                return Err(netloom::Error::unknown("overlay", what, known).into());
            }
            Numbers::File(overlay::read(what, &files::whole(path)?)?)
        }
    };
    Ok(Some(OverlayOptions {
        show: args.overlay_as.into(),
        combine: args.overlay_by.into(),
        axis: args.overlay_scale.into(),
        range: args.overlay_range,
        ..OverlayOptions::new(numbers)
    }))
}

/// The pictures that rules name.
fn pictures(args: &DrawArgs, folder: &Path) -> Result<BTreeMap<String, Picture>, Failure> {
    let mut pictures = BTreeMap::new();
    // What is wrong with a rule is told where it is read for the figure.
    for image in args.rule.iter().filter_map(|r| Rule::parse(r).ok()?.effects.image) {
        let beside = folder.join(&image);
        let path = if beside.exists() { beside } else { PathBuf::from(&image) };
        let picture = netloom::picture(&files::whole(&path)?);
        pictures.insert(image, picture.map_err(|e| Failure::from(e).about(&path.display().to_string()))?);
    }
    Ok(pictures)
}

/// Where to write, and in which format each.
fn targets(args: &DrawArgs) -> Result<Vec<(PathBuf, Format)>, Failure> {
    if args.output.is_empty() {
        return Ok(vec![(PathBuf::from("-"), format(args, None)?)]);
    }
    args.output.iter().map(|path| Ok((path.clone(), format(args, Some(path))?))).collect()
}

/// What is written.
enum Format {
    /// Lines of plain text.
    Text,
    /// A page for a browser.
    Page,
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
            "html" | "htm" => return Some(Self::Page),
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
    let names = lists::output_names();
    Format::find(&name).ok_or_else(|| {
        netloom::Error::unknown("output format", &name, names.iter().map(String::as_str)).into()
    })
}

//! Figures that were asked for in the words of `netloom draw`.

use std::collections::BTreeMap;
use std::sync::Arc;

use netloom::diagram::overlay::MEASURES;
use netloom::diagram::rules::Rule;
use netloom::diagram::tensors::Weights;
use netloom::diagram::view::Picture;
use netloom::overlay::{self, Numbers};
use netloom::scene::Theme;
use netloom::{Comparison, ExportOptions, Figure, FigureOptions, Graph, OverlayOptions, TextMode};

use crate::args::{DiffArgs, DrawArgs, TextArg};
use crate::failure::Failure;
use crate::files::{Folder, Model};
use crate::lists;

/// The name that asks for plain text among the styles.
pub(crate) const TEXT: &str = "text";

/// A figure of one model, of several side by side, or of a comparison, in any format.
#[derive(Debug)]
pub struct Drawing {
    subject: Subject,
    options: FigureOptions,
    export: ExportOptions,
    ascii: bool,
    figure: Option<Figure>,
}

/// What a figure shows.
#[derive(Debug)]
enum Subject {
    /// One model, or several.
    Models(Vec<Arc<Model>>),
    /// What differs between two.
    Comparison(Arc<Comparison>),
}

impl Drawing {
    pub(crate) fn new(models: Vec<Arc<Model>>, args: &DrawArgs, files: &Folder) -> Result<Self, Failure> {
        if !(args.scale.is_finite() && args.scale > 0.0)
            || args.dpi.is_some_and(|d| !(d.is_finite() && d > 0.0))
        {
            return Err(Failure::usage("expected a positive --scale and --dpi"));
        }
        let Some(first) = models.first() else { return Err(Failure::usage("expected a model")) };
        let options = FigureOptions {
            name: args.name.clone().unwrap_or_else(|| first.name.clone()),
            own_theme: theme(args, files)?,
            overlay: overlay(args, files)?,
            pictures: pictures(args, files)?,
            weights: match &args.weights {
                Some(path) => netloom::weights_of(&files.text(&path.to_string_lossy())?)?,
                None => Weights::default(),
            },
            ..options(args)
        };
        let subject = Subject::Models(models);
        Ok(Self { subject, options, export: export(args), ascii: args.ascii, figure: None })
    }

    pub(crate) fn of_comparison(found: Arc<Comparison>, args: &DiffArgs) -> Self {
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
        let export = ExportOptions { width: args.width, ..ExportOptions::default() };
        Self { subject: Subject::Comparison(found), options, export, ascii: false, figure: None }
    }

    /// What every id in an SVG starts with: several that stand in one page must not share theirs.
    pub fn set_id_prefix(&mut self, prefix: &str) {
        self.export.id_prefix = prefix.to_owned();
    }

    /// The figure in a format.
    ///
    /// # Errors
    /// When an option names what does not exist, or the format cannot show this.
    pub fn write(&mut self, format: Format) -> Result<Vec<u8>, Failure> {
        if let Format::Picture(format) = format {
            let export = self.export.clone();
            return Ok(netloom::export(self.draw()?, format, &export)?);
        }
        let options = &self.options;
        Ok(match (&self.subject, format) {
            (Subject::Comparison(found), Format::Text) => found.text(false).into_bytes(),
            (Subject::Comparison(found), Format::Json) => found.json().into_bytes(),
            (Subject::Comparison(_), _) => {
                return Err(Failure::usage("expected a picture, txt or json for a comparison"));
            }
            (Subject::Models(models), format) => {
                let [model] = models.as_slice() else {
                    let n = models.len();
                    return Err(Failure::usage(format!("expected one model for this format, found {n}")));
                };
                let graph = &model.graph;
                match format {
                    Format::Notation(name) => netloom::notation(graph, options, name)?.into_bytes(),
                    Format::Page => netloom::html::page(graph, options)?,
                    Format::Json => netloom::import::writers::json::write(graph).into_bytes(),
                    _ => netloom::text_figure(graph, options, self.ascii)?.into_bytes(),
                }
            }
        })
    }

    /// The picture, which is drawn once; its notes say which style was taken and what was folded.
    ///
    /// # Errors
    /// When an option names what does not exist.
    pub fn draw(&mut self) -> Result<&Figure, Failure> {
        let figure = match (self.figure.take(), &self.subject) {
            (Some(figure), _) => figure,
            (None, Subject::Comparison(found)) => found.draw(&self.options)?,
            (None, Subject::Models(models)) => {
                if let [model] = models.as_slice() {
                    netloom::draw(&model.graph, &self.options)?
                } else {
                    let beside: Vec<(&Graph, &str)> =
                        models.iter().map(|m| (&m.graph, m.name.as_str())).collect();
                    netloom::draw_beside(&beside, &self.options)?
                }
            }
        };
        Ok(self.figure.insert(figure))
    }

    /// Remarks on the picture, once it was drawn.
    pub fn notes(&self) -> &[String] {
        self.figure.as_ref().map_or(&[], |f| &f.notes)
    }
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
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
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let names: Vec<String> = lists::outputs().into_iter().map(|(name, _)| name).collect();
        let unknown = || netloom::Error::unknown("output format", name, names.iter().map(String::as_str));
        Self::find(name).ok_or_else(|| unknown().into())
    }

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
fn theme(args: &DrawArgs, files: &Folder) -> Result<Option<Theme>, Failure> {
    if !is_theme_file(&args.theme) {
        return Ok(None);
    }
    let text = files.text(&args.theme)?;
    Theme::parse(&text, &args.theme).map(Some).map_err(|e| Failure::usage(e.to_string()))
}

/// Whether what is said of a theme is a file, not the name of one that ships.
pub(crate) fn is_theme_file(theme: &str) -> bool {
    theme.ends_with(".toml") || theme.contains(['/', '\\'])
}

fn overlay(args: &DrawArgs, files: &Folder) -> Result<Option<OverlayOptions>, Failure> {
    let Some(what) = &args.overlay else { return Ok(None) };
    let numbers = match overlay::measure(what) {
        Some(measure) => Numbers::Measured(measure),
        None => {
            if !files.has(what) && !what.contains(['.', '/', '\\']) {
                let known = MEASURES.iter().map(|m| m.0);
                return Err(netloom::Error::unknown("overlay", what, known).into());
            }
            Numbers::File(overlay::read(what, &files.whole(what)?)?)
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
fn pictures(args: &DrawArgs, files: &Folder) -> Result<BTreeMap<String, Picture>, Failure> {
    let mut pictures = BTreeMap::new();
    // What is wrong with a rule is told where it is read for the figure.
    for image in args.rule.iter().filter_map(|r| Rule::parse(r).ok()?.effects.image) {
        let picture = netloom::picture(&files.beside(&image)?);
        let picture = picture.map_err(|e| Failure::from(e).about(&image))?;
        pictures.insert(image, picture);
    }
    Ok(pictures)
}

//! Several models in one figure.

use netloom_diagram::styles::{self, DrawOptions, Model, Style};
use netloom_diagram::view::View;
use netloom_diagram::{describe, view};
use netloom_graph::Graph;
use netloom_scene::Key;

use super::{AUTO, Figure, FigureOptions, named_style, page, pattern, prepared, settings, theme, trace};
use crate::{Error, ErrorKind};

/// The most models of one figure.
pub const MAX_MODELS: usize = 16;

/// The style of several models where none is asked for.
const BESIDE: &str = "strip";

/// Draws models side by side, aligned where the style aligns them; each comes with the name to print, or none for its
/// own.
///
/// # Errors
/// When the style draws one model only, there are none or too many, or an option names something that does not exist.
pub fn draw_beside(models: &[(&Graph, &str)], options: &FigureOptions) -> Result<Figure, Error> {
    let able: Vec<&'static Style> =
        styles::STYLES.iter().copied().filter(|s| s.draw_many.is_some()).collect();
    let style = match able.iter().find(|s| s.name == BESIDE) {
        Some(found) if options.style == AUTO => *found,
        _ => named_style(&options.style)?,
    };
    let Some(draw_many) = style.draw_many else {
        let able: Vec<&str> = able.iter().map(|s| s.name).collect();
        return Err(Error::new(
            ErrorKind::Input,
            format!("the style {} draws one model; several: --style {}", style.name, able.join(", ")),
        ));
    };
    if models.is_empty() || models.len() > MAX_MODELS {
        return Err(Error::new(
            ErrorKind::Input,
            format!("expected 1 to {MAX_MODELS} models, found {}", models.len()),
        ));
    }
    let theme = theme(&options.theme)?;
    let lifted: Vec<_> = models.iter().map(|(graph, _)| prepared(graph, options)).collect();
    let mut shown = Vec::new();
    for ((graph, name), lifted) in models.iter().zip(&lifted) {
        let graph = lifted.as_ref().map_or(*graph, |l| &l.graph);
        let patterns = pattern::parse(graph, &options.patterns)?;
        let mut view = view(graph, &page::spec(style, options, patterns));
        rename(&mut view, shown.len());
        shown.push((graph, view, describe::name(graph, name)));
    }
    let parts: Vec<Model<'_>> =
        shown.iter().map(|(graph, view, name)| Model { graph, view, name: name.clone() }).collect();
    let draw = DrawOptions {
        direction: options.direction.unwrap_or(style.direction),
        settings: settings(style, options)?,
        width_px: options.width_px,
        legend: options.legend,
        caption: options.caption,
        batch: options.batch,
        ..DrawOptions::new(theme)
    };
    let scene = draw_many(&parts, &draw);
    let notes = page::small_type(&scene, &draw).into_iter().collect();
    let mut views: Vec<View> = shown.into_iter().map(|(_, view, _)| view).collect();
    for ((view, (graph, _)), lifted) in views.iter_mut().zip(models).zip(&lifted) {
        if let Some(lifted) = lifted {
            trace(graph, view, lifted);
        }
    }
    let view = views.remove(0);
    Ok(Figure { scene, view, beside: views, notes, width_px: options.width_px })
}

/// Makes keys differ from those of the other models.
fn rename(view: &mut View, model: usize) {
    for node in &mut view.nodes {
        node.key = Key::new(format!("{}/{}", model + 1, node.key));
    }
}

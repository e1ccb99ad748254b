//! Several models in one figure.

use netloom_diagram::styles::{self, DrawOptions, Model, Style};
use netloom_diagram::view::View;
use netloom_diagram::{describe, view};
use netloom_graph::Graph;
use netloom_scene::Key;

use super::finish::{self, Finish};
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
    let lifted: Vec<_> = models.iter().map(|(graph, _)| prepared(graph, options)).collect();
    let mut shown = Vec::new();
    let mut finishes = Vec::new();
    for ((source, name), lifted) in models.iter().zip(&lifted) {
        let graph = lifted.as_ref().map_or(*source, |l| &l.graph);
        let patterns = pattern::parse(graph, &options.patterns)?;
        let finish = Finish::new(source, lifted.as_ref(), options)?;
        let mut view = view(graph, &page::spec(style, options, patterns, &finish));
        finishes.push(finish);
        rename(&mut view, shown.len());
        shown.push((graph, view, describe::name(graph, name)));
    }
    // A rule may be about one of the models only.
    let idle = |f: &Finish, (graph, view, _): &(&Graph, View, String)| f.idle(graph, view);
    let idle: Vec<Vec<String>> = finishes.iter().zip(&shown).map(|(f, s)| idle(f, s)).collect();
    let everywhere = |note: &String| idle.iter().all(|notes| notes.contains(note));
    let idle = idle.first().into_iter().flatten().filter(|n| everywhere(n)).cloned().collect::<Vec<_>>();
    let mut notes = finish::dress(&finishes, shown.iter_mut().map(|(graph, view, _)| (*graph, view)));
    let theme = theme(options)?;
    let parts: Vec<Model<'_>> =
        shown.iter().map(|(graph, view, name)| Model { graph, view, name: name.clone() }).collect();
    let draw = DrawOptions {
        direction: options.direction.unwrap_or(style.direction),
        settings: settings(style, options)?,
        weights: options.weights.clone(),
        width_px: options.width_px,
        legend: options.legend,
        caption: options.caption,
        note: options.note.clone(),
        batch: options.batch,
        ..DrawOptions::new(theme)
    };
    let scene = draw_many(&parts, &draw);
    notes.extend(idle);
    notes.extend(page::small_type(&scene, &draw));
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

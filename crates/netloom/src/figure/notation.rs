//! A model in the language of another program that draws.

use netloom_diagram::describe;
use netloom_diagram::notations::{self, Sheet};
use netloom_graph::Graph;
use netloom_graph::pattern;

use super::finish::Finish;
use super::{FigureOptions, prepared, text};
use crate::Error;

/// With `depth` left open, modules are opened as long as there are at most this many boxes.
const MAX_BOXES: usize = 80;

/// Writes a model in a notation by its name or file extension: `dot`, `mermaid`, `d2`.
///
/// # Errors
/// When there is no such notation, or an option names a theme or pattern that does not exist.
pub fn notation(graph: &Graph, options: &FigureOptions, name: &str) -> Result<String, Error> {
    let notation = notations::find(name)
        .ok_or_else(|| Error::unknown("notation", name, notations::NOTATIONS.iter().map(|n| n.name)))?;
    let lifted = prepared(graph, options);
    let finish = Finish::new(graph, lifted.as_ref(), options)?;
    let graph = lifted.as_ref().map_or(graph, |l| &l.graph);
    let patterns = pattern::parse(graph, &options.patterns)?;
    let mut view = text::choose(graph, options, &patterns, &finish, MAX_BOXES);
    finish.dress(graph, &mut view);
    let sheet = Sheet {
        graph,
        view: &view,
        theme: &finish.theme,
        direction: options.direction.unwrap_or(netloom_layout::Direction::Down),
        name: describe::name(graph, &options.name),
        batch: options.batch,
    };
    Ok((notation.write)(&sheet))
}

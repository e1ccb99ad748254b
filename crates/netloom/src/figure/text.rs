//! A model as lines of plain text.

use netloom_diagram::view::{NodeKind, View, view};
use netloom_diagram::{Depth, ViewOptions, describe, plain};
use netloom_graph::Graph;
use netloom_graph::pattern::{self, Pattern};

use super::finish::Finish;
use super::{FigureOptions, prepared};
use crate::{Error, ErrorKind};

/// With `depth` left open, modules are opened as long as there are at most this many lines.
const MAX_LINES: usize = 48;
/// The deepest level tried.
const MAX_DEPTH: u32 = 12;

/// Writes a model as lines of plain text.
///
/// # Errors
/// When the model has no operators, or an option names a pattern that cannot be read.
pub fn text_figure(graph: &Graph, options: &FigureOptions, ascii: bool) -> Result<String, Error> {
    if graph.nodes().len() == 0 {
        return Err(Error::new(ErrorKind::Input, "the model has no operators"));
    }
    let lifted = prepared(graph, options);
    let finish = Finish::new(graph, lifted.as_ref(), options)?;
    let graph = lifted.as_ref().map_or(graph, |l| &l.graph);
    let patterns = pattern::parse(graph, &options.patterns)?;
    let view = choose(graph, options, &patterns, &finish, MAX_LINES);
    let spec = ViewOptions { batch: options.batch, ..ViewOptions::default() };
    let body =
        plain::plain(graph, &view, &spec, plain::PlainOptions { ascii, ..plain::PlainOptions::default() });
    let name = describe::name(graph, &options.name);
    let totals = describe::totals(&view);
    let head = if totals.is_empty() { name } else { format!("{name} · {totals}") };
    let head = plain::printable(&head);
    let head = if ascii { plain::to_ascii(&head) } else { head };
    Ok(format!("{head}\n\n{body}"))
}

/// One paragraph on a model for someone who does not see a figure of it; `name` is what to call it.
pub fn description(graph: &Graph, name: &str) -> String {
    let options = FigureOptions::default();
    let lifted = prepared(graph, &options);
    let graph = lifted.as_ref().map_or(graph, |l| &l.graph);
    let view = choose(graph, &options, &[], &Finish::plain(), MAX_LINES);
    describe::describe(graph, &view, &describe::name(graph, name))
}

/// The depth that was asked for, else the deepest of few enough boxes.
pub(super) fn choose(
    graph: &Graph,
    options: &FigureOptions,
    patterns: &[Pattern],
    finish: &Finish,
    most: usize,
) -> View {
    let at = |depth| {
        let spec = ViewOptions {
            depth,
            open: finish.open.clone(),
            closed: finish.closed.clone(),
            rules: finish.rules.clone(),
            detail: options.detail,
            compact: false,
            plumbing: options.plumbing,
            batch: options.batch,
            fold: options.fold,
            patterns: patterns.to_vec(),
        };
        view(graph, &spec)
    };
    if let Some(depth) = options.depth {
        return at(depth);
    }
    let lines = |v: &View| v.nodes.iter().filter(|n| n.kind != NodeKind::Container).count();
    let mut best = at(Depth::Levels(1));
    for depth in 2..=MAX_DEPTH {
        if best.nodes.iter().all(|n| n.kind != NodeKind::Module) {
            break;
        }
        let next = at(Depth::Levels(depth));
        if lines(&next) > most {
            break;
        }
        best = next;
    }
    best
}

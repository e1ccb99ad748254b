//! Folds blocks in a row into one block that says how often it comes and in what the others differ.

use std::collections::BTreeMap;

use netloom_graph::skips::{Residual, residual_adds};
use netloom_graph::{Graph, NodeId};

use self::content::Content;
use super::{Detail, Fold, NodeKind, Pass, View, ViewOptions};
use crate::rules::Rule;

mod content;
mod dense;
mod equal;
mod merge;
mod periods;
mod runs;
mod similar;
mod words;

pub(super) static PASS: Pass = Pass {
    name: "repeats",
    about: "folds blocks in a row into one with a count and what tells them apart",
    run,
};

/// What is asked of the graph while blocks are folded.
struct Facts<'a> {
    graph: &'a Graph,
    detail: Detail,
    /// Residual additions, where blocks may differ.
    residuals: BTreeMap<NodeId, Residual>,
    shown: Vec<bool>,
}

impl Facts<'_> {
    /// Whether an operator is drawn.
    fn is_shown(&self, node: NodeId) -> bool {
        self.shown.get(node.index()).copied().unwrap_or(false)
    }
}

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.fold == Fold::None {
        return;
    }
    let similar = options.fold == Fold::Similar;
    let mut shown = vec![false; graph.nodes().len()];
    for n in view.nodes.iter().flat_map(|n| &n.operators) {
        shown[n.index()] = true;
    }
    let residuals = if similar { residual_adds(graph) } else { Vec::new() };
    let residuals = residuals.into_iter().map(|r| (r.add, r)).collect();
    let facts = Facts { graph, detail: options.detail, residuals, shown };
    let mut content = Content::new(graph, view);
    // Frames stand before what they hold: in reverse order inner runs are folded before outer ones are compared.
    let frames: Vec<Option<usize>> = (0..view.nodes.len())
        .rev()
        .filter(|n| view.nodes[*n].kind == NodeKind::Container)
        .map(Some)
        .chain([None])
        .collect();
    let keeps = |view: &View, frame: Option<usize>| {
        let about = |r: &&Rule| frame.is_some_and(|f| r.select.is_about(graph, &view.nodes[f]));
        options.rules.iter().filter(|r| r.effects.fold == Some(false)).any(|r| about(&r))
    };
    for frame in frames {
        if keeps(view, frame) {
            continue;
        }
        if content.inside(frame).nth(1).is_some() {
            fold(&facts, &mut content, view, frame, similar);
        }
    }
    content.finish(view);
}

/// Folds what one frame holds: equal blocks, then blocks that take turns, then blocks of one make.
fn fold(facts: &Facts<'_>, content: &mut Content, view: &mut View, frame: Option<usize>, similar: bool) {
    let mut level = content.level(view, frame);
    let mut changed = false;
    for round in 0..4 {
        let found = match round {
            0 => runs::fold(facts, content, view, &level),
            1 => periods::fold(facts, content, view, &level, frame),
            2 if similar => similar::fold(facts, content, view, &level),
            3 if similar => dense::fold(facts, content, view, &level),
            _ => false,
        };
        if found {
            content.release(&level);
            level = content.level(view, frame);
            changed = true;
        }
    }
    content.release(&level);
    if let (Some(frame), true) = (frame, changed) {
        unwrap(content, view, frame);
    }
}

/// Takes away a frame that holds nothing but one folded block, which takes its name.
fn unwrap(content: &mut Content, view: &mut View, frame: usize) {
    let inside: Vec<usize> = content.inside(Some(frame)).collect();
    let mut boxes = inside.iter().copied().filter(|i| view.nodes[*i].kind != NodeKind::Stub);
    let (Some(only), None) = (boxes.next(), boxes.next()) else { return };
    if !matches!(view.nodes[only].kind, NodeKind::Module | NodeKind::Container) {
        return;
    }
    let outer = view.nodes[frame].clone();
    for i in inside {
        content.move_box(view, i, outer.parent);
    }
    content.drop_box(frame);
    view.nodes[only].title = outer.title;
    view.nodes[only].modules.extend(outer.modules);
}

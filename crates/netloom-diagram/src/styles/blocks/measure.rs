//! Sizes of boxes, all of one width where they stand alone, and room for counts beside frames.

use std::collections::BTreeMap;

use netloom_graph::Category;
use netloom_layout::{Insets, Node, Port, Side, Size};
use netloom_scene::TextRun;
use netloom_scene::text::shape;

use super::Choices;
use super::grammar::{Figure, Mark};
use crate::styles::DrawOptions;
use crate::styles::layered::{self, MERGE, Measured};
use crate::view::{NodeKind, View, ViewEdge, ViewNode};

/// Space between the wave and its words, and between a count and its frame, px.
pub(super) const GAP: f64 = 6.0;

pub(super) fn measure(figure: &Figure, choices: Choices, options: &DrawOptions) -> Measured {
    let view = &figure.view;
    let mut measured = layered::measure(view, options);
    let is_across = layered::is_across(options);
    if let Some(width) = column(figure, &measured) {
        for i in alone(figure) {
            measured.input.nodes[i].size.width = width;
        }
    }
    for row in summands(figure) {
        let width = row.iter().map(|i| measured.input.nodes[*i].size.width).fold(0.0, f64::max);
        for i in row {
            measured.input.nodes[i].size.width = width;
        }
    }
    for i in 0..view.nodes.len() {
        let place = &mut measured.input.nodes[i];
        match figure.mark(i) {
            Some(Mark::Wave) => {
                let words = words(&view.nodes[i], options);
                let width = words.iter().map(|w| w.width).fold(0.0, f64::max);
                place.size = Size::new(width + GAP + MERGE, MERGE);
                place.beside = true;
                measured.boxes[i].title = None;
            }
            Some(Mark::AddNorm) => place.ports = vec![Port { side: Side::Right, at: 0.5 }],
            None => {}
        }
        if choices.counts_outside && is_counted(view, i) {
            measured.boxes[i].times = None;
        }
        if view.nodes[i].kind == NodeKind::Container
            && !choices.shows_titles
            && measured.boxes[i].times.is_none()
        {
            measured.input.nodes[i].padding.top = options.theme.container_padding;
        }
    }
    for (edge, place) in view.edges.iter().zip(&mut measured.input.edges) {
        if figure.mark(edge.target) == Some(Mark::AddNorm) {
            place.target.port = edge.skip.then_some(0);
        }
    }
    if choices.counts_outside {
        for i in (0..view.nodes.len()).filter(|i| is_counted(view, *i)) {
            let around = measured.input.nodes.len();
            let run = count(view, i, options);
            let padding = if is_across {
                Insets { top: options.theme.line_height(run.style.size_px) + 2.0, ..Insets::default() }
            } else {
                Insets { left: run.width + GAP, ..Insets::default() }
            };
            let parent = measured.input.nodes[i].parent.replace(around);
            measured.input.nodes.push(Node { parent, padding, ..Node::default() });
        }
    }
    measured
}

/// What stands beside a wave, in lines.
pub(super) fn words(wave: &ViewNode, options: &DrawOptions) -> Vec<TextRun> {
    wave.title.split(' ').map(|word| shape(word, &options.theme.secondary_style())).collect()
}

/// The height of lines of text, px.
pub(super) fn height(lines: &[TextRun], options: &DrawOptions) -> f64 {
    lines.iter().map(|l| options.theme.line_height(l.style.size_px)).sum()
}

/// Whether a frame has a count that stands beside it.
pub(super) fn is_counted(view: &View, node: usize) -> bool {
    view.nodes[node].kind == NodeKind::Container && view.nodes[node].repeat > 1
}

/// How often a frame comes, as written beside it.
pub(super) fn count(view: &View, node: usize, options: &DrawOptions) -> TextRun {
    shape(&format!("{}×", view.nodes[node].repeat), &options.theme.caption_style())
}

/// The boxes that stand alone in their row of a frame.
fn alone(figure: &Figure) -> Vec<usize> {
    let view = &figure.view;
    let (length, _) = crate::view::longest(view);
    let column = |i: usize| figure.towers.as_ref().map(|t| t.of[i]);
    let mut rows: BTreeMap<(Option<usize>, Option<usize>, u32), Vec<usize>> = BTreeMap::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if matches!(node.kind, NodeKind::Layer | NodeKind::Module) {
            rows.entry((column(i), node.parent, length[i])).or_default().push(i);
        }
    }
    let is_small = |i: usize| {
        let node = &view.nodes[i];
        node.bands.is_empty()
            && node.kind == NodeKind::Layer
            && matches!(node.category, Category::Activation | Category::Elementwise | Category::Shape)
    };
    // What is added stands side by side, however far from the input each is.
    let is_box = |i: usize| matches!(view.nodes[i].kind, NodeKind::Layer | NodeKind::Module);
    let joins = |e: &&ViewEdge| {
        is_box(e.source)
            && view.nodes[e.target].kind == NodeKind::Merge
            && view.nodes[e.source].parent == view.nodes[e.target].parent
            && !e.skip
            && !e.back
    };
    let mut streams = vec![0usize; view.nodes.len()];
    let mut is_beside = vec![false; view.nodes.len()];
    for edge in view.edges.iter().filter(joins) {
        streams[edge.target] += 1;
    }
    for edge in view.edges.iter().filter(joins) {
        is_beside[edge.source] |= streams[edge.target] > 1;
    }
    rows.into_values()
        .filter(|row| row.len() == 1)
        .flatten()
        .filter(|i| !is_small(*i) && !is_beside[*i])
        .collect()
}

/// Boxes of one kind that are joined at one place, as embeddings that are added: they are of one width.
fn summands(figure: &Figure) -> Vec<Vec<usize>> {
    let view = &figure.view;
    let mut rows: BTreeMap<(usize, Option<usize>, &str), Vec<usize>> = BTreeMap::new();
    for edge in view.edges.iter().filter(|e| !e.skip && !e.back) {
        let source = &view.nodes[edge.source];
        if source.kind == NodeKind::Layer && view.nodes[edge.target].kind == NodeKind::Merge {
            rows.entry((edge.target, source.parent, source.category.name())).or_default().push(edge.source);
        }
    }
    rows.into_values().filter(|row| row.len() > 1).collect()
}

/// The width that boxes share: that of the widest, px.
fn column(figure: &Figure, measured: &Measured) -> Option<f64> {
    alone(figure).into_iter().map(|i| measured.input.nodes[i].size.width).reduce(f64::max)
}

//! Whether two parts of a frame say and hold the same.

use netloom_graph::repeats::{differences, same};
use netloom_graph::{ModuleId, NodeId};

use super::Facts;
use super::content::{Content, Level, Part, stream};
use crate::view::{NodeKind, View};

/// A part, and the part before it on its path.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) part: usize,
    pub(super) before: Option<usize>,
}

/// The spot at some place of a path.
pub(super) fn spot(path: &[usize], at: usize) -> Spot {
    Spot { part: path[at], before: at.checked_sub(1).map(|b| path[b]) }
}

/// Whether two parts are equal in all but names and weights, and read at the same places.
pub(super) fn are_equal(
    facts: &Facts<'_>,
    content: &Content,
    view: &View,
    level: &Level,
    a: Spot,
    b: Spot,
) -> bool {
    let (left, right) = (&level.parts[&a.part], &level.parts[&b.part]);
    let place = |i: usize| content.place(i);
    let wires = |edges: &[usize]| -> Vec<_> {
        let mut wires: Vec<_> = edges
            .iter()
            .map(|e| &view.edges[*e])
            .map(|e| (place(e.source), place(e.target), e.reader.map(|r| r.1)))
            .collect();
        wires.sort_unstable();
        wires
    };
    left.boxes.len() == right.boxes.len()
        && left.boxes.iter().zip(&right.boxes).enumerate().all(|(at, (i, j))| {
            let (x, y) = (&view.nodes[*i], &view.nodes[*j]);
            let named = matches!(x.kind, NodeKind::Module | NodeKind::Container);
            x.kind == y.kind
                && (named || x.title == y.title)
                && (x.subtitle == y.subtitle && x.details == y.details && x.bands == y.bands)
                && (x.category == y.category && x.repeat == y.repeat && x.notes == y.notes)
                && (at == 0 || x.parent.and_then(place) == y.parent.and_then(place))
                && (x.kind != NodeKind::Stub || x.output == y.output)
        })
        && wires(&left.inner) == wires(&right.inner)
        && read_alike(content, view, (a, left), (b, right))
        && are_same(facts, view, a.part, b.part)
}

/// Whether the modules that two parts stand for hold the same. A single layer says by itself all that counts.
fn are_same(facts: &Facts<'_>, view: &View, a: usize, b: usize) -> bool {
    let (x, y) = (&view.nodes[a], &view.nodes[b]);
    if x.kind == NodeKind::Layer {
        return true;
    }
    // Equal modules with equal weights in truth are one module called again: that is another story than a repeat.
    match (x.modules.last(), y.modules.last()) {
        (Some(&x), Some(&y)) => x != y && (same(facts.graph, x, y) || differ_unseen(facts, x, y)),
        _ => false,
    }
}

/// Whether two modules differ only in operators that are not drawn: exporters may write what several blocks read, such
/// as a fixed mask, in the first of them.
fn differ_unseen(facts: &Facts<'_>, a: ModuleId, b: ModuleId) -> bool {
    let unseen = |n: &NodeId| !facts.is_shown(*n);
    differences(facts.graph, a, b).is_some_and(|found| {
        found.changes.is_empty() && found.only_left.iter().chain(&found.only_right).all(unseen)
    })
}

/// Whether two parts read at the same places: the second what comes before it where the first does, and both the same
/// tensor everywhere else. What comes before a part at the head of its path is any one stream.
fn read_alike(content: &Content, view: &View, (a, left): (Spot, &Part), (b, right): (Spot, &Part)) -> bool {
    let ports = |part: &Part| -> Vec<(usize, Option<usize>, usize)> {
        let port = |e: &usize| {
            let edge = &view.edges[*e];
            (content.place(edge.target).unwrap_or_default(), edge.reader.map(|r| r.1), *e)
        };
        let mut ports: Vec<_> = part.arriving.iter().map(port).collect();
        ports.sort_unstable();
        ports
    };
    let comes_from = |e: usize, before: Option<usize>| {
        let owner = content.part(view.edges[e].source).map(|(part, _)| part);
        before.is_some() && owner == before
    };
    let (left, right) = (ports(left), ports(right));
    let mut streams = Vec::new();
    let alike = left.len() == right.len()
        && left.iter().zip(&right).all(|(l, r)| {
            let read = if comes_from(r.2, b.before) {
                streams.push(l.2);
                a.before.is_none() || comes_from(l.2, a.before)
            } else {
                !comes_from(l.2, a.before) && view.edges[l.2].tensor == view.edges[r.2].tensor
            };
            (l.0, l.1) == (r.0, r.1) && read
        });
    alike && stream(view, &streams).is_some()
}

/// Whether the last of some equal parts gives away the same part of itself as the first.
pub(super) fn end_alike(content: &Content, view: &View, first: &Part, last: &Part) -> bool {
    let source = |part: &Part| stream(view, &part.leaving).map(|(source, _)| content.place(source));
    let nothing_leaves = last.leaving.is_empty();
    !content.is_read_afar(last) && (nothing_leaves || source(last).is_some() && source(last) == source(first))
}

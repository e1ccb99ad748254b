//! The view of a strip: every box a row, no frames, projections on by-passes said by the by-pass itself.

use netloom_graph::Category;

use crate::view::{NodeKind, View};

/// Boxes that came with a count of their frame.
pub(super) struct Repeat {
    /// How often they come.
    pub(super) times: u32,
    /// The boxes, by index of the rows' view.
    pub(super) boxes: Vec<usize>,
    /// What is folded, by key.
    pub(super) key: netloom_scene::Key,
}

/// Takes frames away, and what a strip does not draw; counts of frames are returned beside.
pub(super) fn rows(view: &View) -> (View, Vec<Repeat>) {
    let mut rows = view.clone();
    let mut gone = vec![false; rows.nodes.len()];
    absorb_activations(&mut rows, &mut gone);
    absorb_projections(&mut rows, &mut gone);
    let mut repeats: Vec<(usize, Repeat)> = Vec::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if node.kind == NodeKind::Container {
            gone[i] = true;
            if node.repeat > 1 {
                repeats.push((i, Repeat { times: node.repeat, boxes: Vec::new(), key: node.key.clone() }));
            }
        }
    }
    let mut place = vec![None; gone.len()];
    let mut next = 0;
    for (i, slot) in place.iter_mut().enumerate() {
        if !gone[i] {
            *slot = Some(next);
            next += 1;
        }
    }
    for (frame, repeat) in &mut repeats {
        let inside = (0..gone.len()).filter(|i| view.is_ancestor(*frame, *i));
        repeat.boxes.extend(inside.filter_map(|i| place[i]));
    }
    for node in &mut rows.nodes {
        node.parent = None;
    }
    rows.remove(&gone);
    (rows, repeats.into_iter().map(|(_, r)| r).filter(|r| !r.boxes.is_empty()).collect())
}

/// An activation that alone reads a sum is said with the sum.
pub(in crate::styles) fn absorb_activations(view: &mut View, gone: &mut [bool]) {
    let degrees = view.degrees();
    for e in 0..view.edges.len() {
        let (a, b) = (view.edges[e].source, view.edges[e].target);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let follows = from.kind == NodeKind::Merge
            && to.kind == NodeKind::Layer
            && to.category == Category::Activation
            && to.bands.is_empty()
            && degrees[a].1 == 1
            && degrees[b].0 == 1;
        if follows && !gone[a] && !gone[b] {
            absorb(view, a, b, gone);
            for edge in &mut view.edges {
                if edge.source == b {
                    edge.source = a;
                }
            }
        }
    }
}

/// A single layer on a by-pass that ends in a sum changes the size of what it carries, and is no more to a reader.
pub(in crate::styles) fn absorb_projections(view: &mut View, gone: &mut [bool]) {
    let degrees = view.degrees();
    let on_trunk: Vec<bool> = (0..view.nodes.len()).map(|n| view.trunk.contains(&n)).collect();
    for e in 0..view.edges.len() {
        let (a, b) = (view.edges[e].source, view.edges[e].target);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let projects = to.kind == NodeKind::Merge
            && from.kind == NodeKind::Layer
            && matches!(from.category, Category::Conv | Category::Linear | Category::Norm | Category::Pool)
            && degrees[a] == (1, 1)
            && !on_trunk[a]
            && on_trunk[b]
            && !gone[a];
        let Some(before) = view.edges.iter().position(|x| x.target == a).filter(|_| projects) else {
            continue;
        };
        if !on_trunk[view.edges[before].source] {
            continue;
        }
        absorb(view, b, a, gone);
        view.edges[e].source = view.edges[before].source;
        view.edges[e].tensor = view.edges[before].tensor;
        view.edges[e].skip = true;
        view.edges[e].projected = true;
    }
}

/// Lets box `a` stand for box `b` too.
fn absorb(view: &mut View, a: usize, b: usize, gone: &mut [bool]) {
    let from = view.nodes[b].clone();
    let into = &mut view.nodes[a];
    into.details.push(from.title);
    into.details.extend(from.bands.into_iter().map(|band| band.title));
    into.operators.extend(from.operators);
    into.modules.extend(from.modules);
    into.output = into.output.or(from.output);
    gone[b] = true;
}

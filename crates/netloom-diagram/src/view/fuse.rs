//! Joins a layer with the norm and activation that follow it into one box with bands, in their true order.

use netloom_graph::{Category, Graph, NodeId};

use super::{Band, NodeKind, Pass, View, ViewNode, ViewOptions};

/// The most bands of one box.
const MAX_BANDS: usize = 3;

pub(super) static PASS: Pass =
    Pass { name: "fuse", about: "joins a layer with the norm and activation that follow it", run };

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.plumbing {
        return;
    }
    let degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    // Each box is the head of a chain; edges are in file order, so chains grow from the front.
    let mut head: Vec<usize> = (0..view.nodes.len()).collect();
    let mut open_ends: Vec<usize> = degrees.iter().map(|d| d.1).collect();
    let mut order: Vec<usize> = (0..view.edges.len()).collect();
    order.sort_by_key(|e| view.edges[*e].source);
    for e in order {
        let edge = view.edges[e].clone();
        let (a, b) = (head[edge.source], edge.target);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let base = from.kind == NodeKind::Layer
            && (matches!(from.category, Category::Conv | Category::Linear | Category::Norm)
                || from.category == Category::Upsample && learns(graph, from));
        let follows = to.kind == NodeKind::Layer
            && (to.category == Category::Activation
                || to.category == Category::Norm && from.category != Category::Norm && from.bands.is_empty());
        if !base
            || !follows
            || from.parent != to.parent
            || from.bands.len() >= MAX_BANDS
            || open_ends[edge.source] != 1
            || degrees[b].0 != 1
            || gone[b]
        {
            continue;
        }
        let band = Band { title: short(&to.title), category: to.category };
        absorb(view, a, b, &mut gone);
        view.nodes[a].bands.push(band);
        head[b] = a;
        open_ends[a] = degrees[b].1;
    }
    view.remove(&gone);
}

/// Whether a box has weights, as a transposed convolution has and a resize has not.
fn learns(graph: &Graph, node: &ViewNode) -> bool {
    let operator = |n: &NodeId| graph.node(*n);
    node.operators.iter().map(operator).any(|n| n.layer.is_some_and(|l| !l.learned.is_empty()))
}

/// Lets box `a` stand for box `b` too; `b` is to be removed, with the arrow between; arrows out of it leave from `a`.
pub(super) fn absorb(view: &mut View, a: usize, b: usize, gone: &mut [bool]) {
    let from = view.nodes[b].clone();
    let into = &mut view.nodes[a];
    into.operators.extend(from.operators);
    into.modules.extend(from.modules);
    into.details.extend(from.details);
    into.output = from.output.or(into.output);
    gone[b] = true;
    for edge in &mut view.edges {
        if edge.source == b {
            edge.source = a;
        }
    }
}

/// The abbreviation of a norm; anything else as it is.
fn short(title: &str) -> String {
    match title {
        "BatchNorm" | "BatchNorm1d" | "BatchNorm2d" | "BatchNorm3d" => "BN".to_owned(),
        "LayerNorm" => "LN".to_owned(),
        "GroupNorm" => "GN".to_owned(),
        "InstanceNorm" => "IN".to_owned(),
        other => other.to_owned(),
    }
}

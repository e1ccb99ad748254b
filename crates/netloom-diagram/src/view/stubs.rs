//! Cuts the arrows of far-reaching side inputs (masks, position tables) into short labelled stubs.

use std::collections::BTreeMap;

use netloom_graph::{Category, Graph};
use netloom_scene::Key;

use super::build::blank;
use super::{NodeKind, Pass, View, ViewNode, ViewOptions};

/// From how many readers on a side input is cut into stubs.
const FAN_OUT: usize = 4;

pub(super) static PASS: Pass =
    Pass { name: "stubs", about: "cuts the arrows of far-reaching side inputs into labelled stubs", run };

fn run(graph: &Graph, _options: &ViewOptions, view: &mut View) {
    // Bundles of arrows that carry one tensor out of one box.
    let mut bundles: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (i, edge) in view.edges.iter().enumerate() {
        bundles.entry((edge.source, edge.tensor.index())).or_default().push(i);
    }
    for ((source, _), edges) in bundles {
        if edges.len() < FAN_OUT || !edges.iter().all(|e| is_side(graph, view, *e)) {
            continue;
        }
        // A stub is called what its source is called where that stands.
        let name = view.nodes[source].title.clone();
        for (n, e) in edges.into_iter().enumerate() {
            let edge = &view.edges[e];
            let parent = view.nodes[edge.target].parent;
            let stub = ViewNode {
                parent,
                kind: NodeKind::Stub,
                title: name.clone(),
                output: Some(edge.tensor),
                ..blank(Key::new(format!("{}@{n}", view.nodes[source].key)))
            };
            view.nodes.push(stub);
            view.edges[e].source = view.nodes.len() - 1;
        }
    }
}

/// Whether an arrow brings a small operand to a larger stream: what it carries is spread over the reader's output.
fn is_side(graph: &Graph, view: &View, edge: usize) -> bool {
    let edge = &view.edges[edge];
    let Some((reader, _)) = edge.reader else { return false };
    let node = graph.node(reader);
    let category = node.layer.map_or(Category::Other, |l| l.category);
    if !matches!(category, Category::Merge | Category::Elementwise | Category::Attention | Category::Constant)
    {
        return false;
    }
    // What a concatenation joins is as much the stream as anything.
    if node.op == "Concat" {
        return false;
    }
    if category == Category::Attention {
        return true;
    }
    let own = graph.tensor(edge.arrives).ty.shape();
    let Some(made) = node.output(0).map(|t| graph.tensor(t).ty.shape()) else { return false };
    match (own.elements(), made.elements()) {
        (Some(a), Some(b)) => a < b,
        _ => own.rank() < made.rank(),
    }
}

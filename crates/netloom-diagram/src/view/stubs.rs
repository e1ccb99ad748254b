//! Cuts the arrows of far-reaching side inputs (masks, position tables) into short labelled stubs.

use std::collections::BTreeMap;

use netloom_graph::{Category, Graph};
use netloom_scene::Key;

use super::build::blank;
use super::{NodeKind, Pass, View, ViewNode, ViewOptions};

/// From how many readers on a side input is cut into stubs.
const FAN_OUT: usize = 4;

/// The same for what says where attentions may look.
const FAN_OUT_MASK: usize = 2;

pub(super) static PASS: Pass =
    Pass { name: "stubs", about: "cuts the arrows of far-reaching side inputs into labelled stubs", run };

fn run(graph: &Graph, _options: &ViewOptions, view: &mut View) {
    // Bundles of arrows that carry one tensor out of one box.
    let mut bundles: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (i, edge) in view.edges.iter().enumerate() {
        bundles.entry((edge.source, edge.tensor.index())).or_default().push(i);
    }
    let mut gone: Vec<usize> = Vec::new();
    // A box may make several tensors that are cut: its stubs are counted through.
    let mut made: BTreeMap<usize, usize> = BTreeMap::new();
    let degrees = view.degrees();
    for ((source, _), edges) in bundles {
        let masks = edges.iter().all(|e| matches!(view.edges[*e].port, Some("mask" | "bias")));
        if edges.len() < if masks { FAN_OUT_MASK } else { FAN_OUT }
            || !edges.iter().all(|e| is_side(graph, view, *e))
        {
            continue;
        }
        // A stub is called what its source is called where that stands, or what that is computed from.
        let origin = only_input(view, source, edges.len());
        let (own, input) = (&view.nodes[source].title, origin.map(|o| &view.nodes[o].title));
        let name = input.filter(|input| !input.contains(own.as_str())).unwrap_or(own).clone();
        let details: Vec<String> = input.cloned().into_iter().collect();
        if let Some(origin) = origin {
            gone.extend([origin, source]);
        }
        // A table that every block looks things up in stands in none of them: its stubs say what they bring.
        let is_table = view.nodes[source].category == Category::Embedding
            && degrees[source] == (0, edges.len())
            && view.nodes[source].parent.is_some();
        if is_table {
            gone.push(source);
        }
        for e in edges {
            let n = made.entry(source).or_insert(0);
            let edge = &view.edges[e];
            let parent = view.nodes[edge.target].parent;
            let stub = ViewNode {
                parent,
                kind: NodeKind::Stub,
                title: name.clone(),
                output: Some(edge.tensor),
                details: details.clone(),
                ..blank(Key::new(format!("{}@{n}", view.nodes[source].key)))
            };
            *n += 1;
            view.nodes.push(stub);
            view.edges[e].source = view.nodes.len() - 1;
        }
    }
    let mut left: Vec<bool> = (0..view.nodes.len()).map(|n| gone.contains(&n)).collect();
    for table in gone {
        if let Some(frame) = view.nodes[table].parent {
            unwrap(view, frame, &mut left);
        }
    }
    view.remove(&left);
}

/// Takes away a frame that holds a single box and its stubs.
fn unwrap(view: &mut View, frame: usize, gone: &mut [bool]) {
    let held: Vec<usize> =
        (0..view.nodes.len()).filter(|n| view.nodes[*n].parent == Some(frame) && !gone[*n]).collect();
    let mut boxes = held.iter().copied().filter(|n| view.nodes[*n].kind != NodeKind::Stub);
    let (Some(only), None, false) = (boxes.next(), boxes.next(), gone[frame]) else { return };
    let outer = view.nodes[frame].clone();
    for n in held {
        view.nodes[n].parent = outer.parent;
    }
    if view.nodes[only].kind != NodeKind::Container {
        view.nodes[only].modules.extend(outer.modules);
        view.nodes[only].repeat = view.nodes[only].repeat.saturating_mul(outer.repeat);
    }
    gone[frame] = true;
}

/// The input of the model that a box reads and nothing else, where the box only computes and all of its `cut` arrows
/// become stubs: both can go, as the stubs say where they come from.
fn only_input(view: &View, source: usize, cut: usize) -> Option<usize> {
    if !matches!(view.nodes[source].category, Category::Elementwise | Category::Shape) {
        return None;
    }
    let mut arriving = view.edges.iter().filter(|e| e.target == source);
    let origin = arriving.next()?.source;
    let is_only = arriving.next().is_none() && view.nodes[origin].kind == NodeKind::Input;
    let leaving = |n: usize| view.edges.iter().filter(|e| e.source == n).count();
    (is_only && leaving(origin) == 1 && leaving(source) == cut).then_some(origin)
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

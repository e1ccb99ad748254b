//! In a sketch, leaves out what every layer has: norms, activations, dropout.

use netloom_graph::{Category, Graph};

use super::fuse::absorb;
use super::{Detail, NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "sketch", about: "leaves out norms, activations and dropout in a sketch", run };

fn run(_graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.detail != Detail::Sketch || options.plumbing {
        return;
    }
    for node in &mut view.nodes {
        if node.category != Category::Attention {
            node.bands.retain(|b| !is_small(b.category));
        }
    }
    let degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    // A chain of small boxes goes into the one box before it.
    let mut into: Vec<usize> = (0..view.nodes.len()).collect();
    let mut order: Vec<usize> = (0..view.edges.len()).collect();
    order.sort_by_key(|e| view.edges[*e].source);
    for e in order {
        let (a, b) = (view.edges[e].source, view.edges[e].target);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let takes = matches!(from.kind, NodeKind::Layer | NodeKind::Module | NodeKind::Merge);
        let small = to.kind == NodeKind::Layer && is_small(to.category);
        if takes && small && degrees[b].0 == 1 && from.parent == to.parent && into[b] == b && !gone[b] {
            into[b] = a;
            absorb(view, a, b, &mut gone);
        }
    }
    view.remove(&gone);
}

/// What a reader of a sketch takes for granted.
fn is_small(category: Category) -> bool {
    matches!(category, Category::Norm | Category::Activation | Category::Dropout)
}

//! Marks the arrows that by-pass what lies between their ends.

use netloom_graph::Graph;

use super::trunk::longest;
use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "skips", about: "marks the arrows that by-pass what lies between their ends", run };

fn run(_graph: &Graph, _options: &ViewOptions, view: &mut View) {
    let (length, from) = longest(view);
    let joins = |n: usize| -> bool {
        matches!(view.nodes[n].kind, NodeKind::Merge | NodeKind::Layer | NodeKind::Module | NodeKind::Output)
    };
    let skips: Vec<bool> = view
        .edges
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let by_pass = from[e.target] != Some(i) && length[e.target] > length[e.source] + 2;
            by_pass && joins(e.target) && view.nodes[e.source].kind != NodeKind::Stub
        })
        .collect();
    for (edge, skip) in view.edges.iter_mut().zip(skips) {
        edge.skip = skip;
    }
}

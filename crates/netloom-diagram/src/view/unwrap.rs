//! Takes away frames that hold a single box: the box says all there is to say.

use netloom_graph::Graph;

use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "unwrap", about: "takes away frames that hold a single box", run };

fn run(_graph: &Graph, _options: &ViewOptions, view: &mut View) {
    let n = view.nodes.len();
    let mut gone = vec![false; n];
    let mut held = vec![0usize; n];
    for node in &view.nodes {
        if let Some(parent) = node.parent {
            held[parent] += 1;
        }
    }
    // Inner frames stand behind outer ones, so that a chain of frames around one box goes in one sweep.
    for i in (0..n).rev() {
        let Some(parent) = view.nodes[i].parent else { continue };
        if held[parent] == 1 && view.nodes[i].kind != NodeKind::Container {
            view.nodes[i].parent = view.nodes[parent].parent;
            let outer = view.nodes[parent].modules.clone();
            view.nodes[i].repeat = view.nodes[i].repeat.saturating_mul(view.nodes[parent].repeat);
            view.nodes[i].modules.extend(outer);
            gone[parent] = true;
        }
    }
    view.remove(&gone);
}

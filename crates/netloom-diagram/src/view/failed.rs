//! Marks the operator in which the forward pass of a live model broke off.

use netloom_graph::Graph;

use super::{Pass, View, ViewOptions};

/// The attribute that says why an operator did not run.
const FAILED: &str = "failed";

pub(super) static PASS: Pass =
    Pass { name: "failed", about: "marks where the forward pass of a live model broke off", run };

fn run(graph: &Graph, _options: &ViewOptions, view: &mut View) {
    for node in &mut view.nodes {
        if node.operators.iter().any(|id| graph.node(*id).attributes.get(FAILED).is_some()) {
            node.look.dashed = true;
            node.notes.push("failed here".to_owned());
        }
    }
}

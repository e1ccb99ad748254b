//! Joins a matrix product or convolution with the stored bias that is added to it.

use netloom_graph::{Category, Graph};

use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "bias", about: "joins a product with the stored bias added to it", run };

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.plumbing {
        return;
    }
    let degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    for edge in view.edges.clone() {
        let (a, b) = (edge.source, edge.target);
        let from = &view.nodes[a];
        let takes_bias = from.kind == NodeKind::Layer
            && from.modules.is_empty()
            && matches!(from.category, Category::Linear | Category::Conv);
        if !takes_bias || from.parent != view.nodes[b].parent || degrees[a].1 != 1 || degrees[b].0 != 1 {
            continue;
        }
        let &[add] = view.nodes[b].operators.as_slice() else { continue };
        let node = graph.node(add);
        let stored = node.inputs.iter().flatten().find(|t| graph.tensor(graph.origin(**t)).is_stored());
        let is_vector = stored.is_some_and(|t| {
            let dims = graph.tensor(*t).ty.shape().dims().unwrap_or_default();
            dims.iter().filter(|d| d.as_known() != Some(1)).count() == 1
        });
        if node.op != "Add" || !is_vector || !view.nodes[b].modules.is_empty() {
            continue;
        }
        super::fuse::absorb(view, a, b, &mut gone);
    }
    view.remove(&gone);
}

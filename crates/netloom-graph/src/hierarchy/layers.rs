//! Models written as one long row of named layers, as Keras does: each layer is a module, and none is a block.

use super::MAX_FLAT;
use super::facts::{Facts, matrices};
use crate::{Graph, Module, ModuleId, ModuleKind, Producer};

/// The most operators of a module that is one layer.
const MAX_LAYER: usize = 12;

/// The class of a model of Keras that is a graph of layers.
const FUNCTIONAL: &str = "Functional";

/// The modules that hold more than a few layers and nothing else: the root, and graphs of layers inside it.
pub(super) fn rows(graph: &Graph) -> Vec<ModuleId> {
    let is_layer = |m: &Module| m.children.is_empty() && m.nodes.len() <= MAX_LAYER;
    let is_row = |id: ModuleId, module: &Module| {
        let parts = || module.children.iter().map(|c| graph.module(*c));
        (id == graph.root() || module.class.as_deref() == Some(FUNCTIONAL))
            && parts().count() > MAX_FLAT
            && parts().all(|m| m.kind == ModuleKind::Module && is_layer(m))
    };
    graph.modules().filter(|(id, m)| is_row(*id, m)).map(|(id, _)| id).collect()
}

/// The same graph with the operators of layers directly in the rows; those of layers that only prepare data stay.
pub(super) fn level(graph: &Graph, facts: &Facts, rows: &[ModuleId]) -> Option<Graph> {
    if rows.is_empty() {
        return None;
    }
    let mut level = graph.clone();
    for row in rows {
        for layer in &graph.module(*row).children {
            if prepares(graph, facts, *layer) {
                continue;
            }
            let nodes = std::mem::take(&mut level.module_mut(*layer).nodes);
            for node in &nodes {
                level.node_mut(*node).module = *row;
            }
            level.module_mut(*row).nodes.extend(nodes);
        }
        level.module_mut(*row).nodes.sort_unstable();
    }
    Some(level)
}

/// Whether a layer holds no matrices and reads only what no layer with weights has seen.
fn prepares(graph: &Graph, facts: &Facts, layer: ModuleId) -> bool {
    let is_raw = |t: &crate::TensorId| match graph.tensor(*t).producer {
        Producer::Node(from, _) => graph.node(from).module == layer || !facts.live[from.index()],
        _ => true,
    };
    graph.module(layer).nodes.iter().all(|n| {
        matrices(graph, &facts.learned, *n).next().is_none()
            && graph.node(*n).inputs.iter().flatten().all(is_raw)
    })
}

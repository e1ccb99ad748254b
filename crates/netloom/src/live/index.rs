//! What there is to search: modules and operators by name, class and kind, with the totals of the model.

use netloom_diagram::number;
use netloom_graph::{Graph, NodeId};
use serde::Serialize;

use super::VERSION;

/// What there is to search.
#[derive(Serialize)]
pub(super) struct Index {
    version: u32,
    /// At which depth everything is open.
    depths: u32,
    parameters: String,
    macs: String,
    modules: Vec<ModuleEntry>,
    operators: Vec<OperatorEntry>,
}

#[derive(Serialize)]
struct ModuleEntry {
    path: String,
    class: String,
    parent: Option<usize>,
}

#[derive(Serialize)]
struct OperatorEntry {
    name: String,
    kind: String,
    /// What the file calls the operators it stands for.
    ops: String,
    module: usize,
}

impl Index {
    pub(super) fn new(graph: &Graph, stands_for: &[Vec<NodeId>], source: &Graph, depths: u32) -> Self {
        let summary = netloom_graph::summary::summary(graph);
        let modules = graph.modules().map(|(_, m)| ModuleEntry {
            path: m.path.clone(),
            class: m.class.clone().unwrap_or_default(),
            parent: m.parent.map(|p| p.index()),
        });
        let operators = graph.nodes().map(|(id, node)| {
            let ops: Vec<&str> = stands_for
                .get(id.index())
                .into_iter()
                .flatten()
                .map(|n| source.node(*n).op.as_str())
                .collect();
            OperatorEntry {
                name: node.name.clone(),
                kind: node.kind(),
                ops: ops.join(" "),
                module: node.module.index(),
            }
        });
        Self {
            version: VERSION,
            depths,
            parameters: number::si(summary.parameters),
            macs: summary.macs.map(number::si).unwrap_or_default(),
            modules: modules.collect(),
            operators: operators.collect(),
        }
    }
}

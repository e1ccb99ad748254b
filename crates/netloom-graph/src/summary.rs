//! Counting: parameters, multiply-adds and layers, per module and in total.

use std::collections::BTreeMap;

use crate::{Graph, ModuleId, NodeId, TensorId, layers};

mod cost;
pub(crate) mod learned;
mod modules;
#[cfg(test)]
mod tests;

/// What a model amounts to.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// Elements of learned tensors, each stored tensor once.
    pub parameters: u64,
    /// Learned elements that training changes; `None` where the format does not say.
    pub trainable_parameters: Option<u64>,
    /// Elements of stored tensors that are not learned: running statistics, masks, tables.
    pub buffers: u64,
    /// Multiply-adds of one run; `None` where shapes do not tell.
    pub macs: Option<u64>,
    /// How many nodes of each canonical kind there are.
    pub layers: BTreeMap<String, u64>,
    /// One row per module, indexed as the graph's modules; each counts everything inside.
    pub modules: Vec<ModuleSummary>,
    /// One row per node, indexed as the graph's nodes.
    pub nodes: Vec<NodeSummary>,
    /// Which tensors are learned, in order.
    pub learned: Vec<TensorId>,
    /// Which nodes read which learned tensors, in order of nodes.
    pub reads: Vec<(NodeId, TensorId)>,
}

impl Summary {
    /// Learned elements that some nodes of the graph read, each stored tensor once.
    pub fn parameters_of(&self, graph: &Graph, nodes: &[NodeId]) -> u64 {
        let mut read: Vec<TensorId> = nodes
            .iter()
            .flat_map(|node| {
                let from = self.reads.partition_point(|r| r.0 < *node);
                self.reads[from..].iter().take_while(|r| r.0 == *node).map(|r| r.1)
            })
            .collect();
        read.sort_unstable();
        read.dedup();
        sum(read.into_iter().map(|t| learned::elements(graph, t).unwrap_or(0)))
    }
}

/// What one module amounts to, everything inside included.
#[derive(Clone, PartialEq, Debug)]
pub struct ModuleSummary {
    /// The module.
    pub id: ModuleId,
    /// Learned elements used inside; a tensor that several modules share counts in each.
    pub parameters: u64,
    /// Multiply-adds inside; `None` where shapes do not tell.
    pub macs: Option<u64>,
    /// Tensors made inside and used outside, or results of the model.
    pub outputs: Vec<TensorId>,
}

/// What one node amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeSummary {
    /// Learned elements it reads.
    pub parameters: u64,
    /// Multiply-adds; `None` where shapes do not tell.
    pub macs: Option<u64>,
}

/// Counts a model. Run [`crate::infer::infer`] first: multiply-adds need shapes.
///
/// # Cost
/// Time proportional to the size of the graph times the depth of its module tree.
pub fn summary(graph: &Graph) -> Summary {
    let learned = learned::find(graph);
    let own = cost::of_nodes(graph);
    let elements = |id: TensorId| learned::elements(graph, id).unwrap_or(0);
    let parameters = sum(learned.tensors.iter().map(|id| elements(*id)));
    let stored = sum(graph.tensors().filter(|(_, t)| t.is_stored()).map(|(id, _)| elements(id)));
    let learned_stored =
        sum(learned.tensors.iter().filter(|id| graph.tensor(**id).is_stored()).map(|id| elements(*id)));
    let mut layers: BTreeMap<String, u64> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(graph.nodes().len());
    let mut reads = Vec::new();
    for (id, node) in graph.nodes() {
        let kind = layers::effective(graph, node).map_or_else(|| node.kind(), |l| l.name.to_owned());
        *layers.entry(kind).or_insert(0) += 1;
        let parameters = sum(learned.read_by(id).iter().map(|t| elements(*t)));
        reads.extend(learned.read_by(id).iter().map(|t| (id, *t)));
        nodes.push(NodeSummary { parameters, macs: own[id.index()] });
    }
    let modules = modules::rows(graph, &learned, &own);
    let macs = modules.first().and_then(|root| root.macs);
    Summary {
        parameters,
        trainable_parameters: learned::trainable(graph, &learned.tensors),
        buffers: stored.saturating_sub(learned_stored),
        macs,
        layers,
        modules,
        nodes,
        learned: learned.tensors,
        reads,
    }
}

/// A sum that stays at the largest number instead of running over: declared sizes may be absurd.
fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

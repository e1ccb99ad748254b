//! The form in which two models are compared.

use std::collections::BTreeMap;

use super::quantized::{self, Quantized};
use crate::lift::lift;
use crate::{DType, Graph, NodeId, TensorId, hierarchy};

/// A model in the form in which it is compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Prepared {
    /// The graph: quantised operators made plain, operators lifted, modules inferred where the file has none.
    pub graph: Graph,
    /// For each node of the graph, the nodes of the source that it stands for, in file order.
    pub stands_for: Vec<Vec<NodeId>>,
    /// What was quantised in the source.
    pub quantized: Quantized,
    /// Tensors of the graph that the source rounds to few values, and to which type.
    pub rounded: BTreeMap<TensorId, DType>,
    /// Stored tensors of the graph that the source stores in a smaller type, and in which.
    pub stored_as: BTreeMap<TensorId, DType>,
}

/// Brings a model whose types are inferred into the form in which it is compared.
pub fn prepare(graph: &Graph) -> Prepared {
    let plain = quantized::plain(graph);
    let lifted = lift(&plain.graph);
    let graph = hierarchy::infer(&lifted.graph);
    let source = |n: &NodeId| plain.stands_for.get(n.index()).cloned().unwrap_or_default();
    let stands_for = lifted
        .stands_for
        .iter()
        .map(|nodes| {
            let mut nodes: Vec<NodeId> = nodes.iter().flat_map(source).collect();
            nodes.sort_unstable();
            nodes
        })
        .collect();
    let here: BTreeMap<TensorId, TensorId> =
        lifted.tensors.iter().enumerate().map(|(i, t)| (*t, TensorId::new(i))).collect();
    let renamed = |facts: BTreeMap<TensorId, DType>| {
        facts.into_iter().filter_map(|(t, d)| Some((*here.get(&t)?, d))).collect()
    };
    Prepared {
        graph,
        stands_for,
        quantized: plain.quantized,
        rounded: renamed(plain.rounded),
        stored_as: renamed(plain.stored_as),
    }
}

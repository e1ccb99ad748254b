//! Which operators carry data that a reader cares about, and which are plumbing.

use std::collections::BTreeSet;

pub(super) use netloom_graph::movement::is_data;
use netloom_graph::movement::{carried, is_random};
use netloom_graph::summary::Summary;
use netloom_graph::{Category, Graph, Node, NodeId, Producer, TensorId, layers};

/// What becomes of an operator in a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It is shown.
    Shown,
    /// It is not shown; its output stands for the input at this position.
    Through(usize),
    /// Nothing of it is shown.
    Gone,
}

/// The fate of every operator, by index.
pub(super) struct Flow {
    fates: Vec<Fate>,
    serves: Vec<Option<NodeId>>,
}

/// Decides the fate of every operator.
pub(super) fn flow(graph: &Graph, summary: &Summary, plumbing: bool) -> Flow {
    let n = graph.nodes().len();
    let learns = |id: NodeId| summary.nodes.get(id.index()).is_some_and(|s| s.parameters > 0);

    // Forward: which tensors depend on the model's inputs, on learned weights, or on chance.
    let mut dynamic = vec![false; graph.tensors().len()];
    for (id, tensor) in graph.tensors() {
        dynamic[id.index()] = tensor.value.is_none()
            && matches!(tensor.producer, Producer::Input(_) | Producer::RegionInput(..) | Producer::Missing);
    }
    // File order is nearly always topological; a second sweep serves files where it is not.
    for _ in 0..2 {
        for (id, node) in graph.nodes() {
            let moves = data_inputs(node).any(|t| dynamic[t.index()]);
            if moves || learns(id) || is_random(node) || !node.attributes.is_empty() && has_region(graph, id)
            {
                for t in node.outputs.iter().flatten() {
                    dynamic[t.index()] |= graph.tensor(*t).value.is_none();
                }
            }
        }
    }

    // Backward: which operators reach an output of the model by way of data. Files of weights without a network have no
    // outputs: everything in them is shown.
    let mut live = vec![graph.outputs.is_empty(); n];
    let mut stack: Vec<TensorId> = graph.outputs.clone();
    stack.extend(graph.regions().flat_map(|(_, r)| r.outputs.iter().copied()));
    while let Some(tensor) = stack.pop() {
        if let Producer::Node(id, _) = graph.tensor(tensor).producer
            && !live[id.index()]
        {
            live[id.index()] = true;
            stack.extend(data_inputs(graph.node(id)));
        }
    }

    let serves = if plumbing { vec![None; n] } else { preparing(graph) };
    let fates = graph
        .nodes()
        .map(|(id, node)| {
            if plumbing {
                return Fate::Shown;
            }
            if serves[id.index()].is_some() {
                return Fate::Gone;
            }
            let makes_data = node.outputs.iter().flatten().any(|t| dynamic[t.index()]);
            if !live[id.index()] || !makes_data {
                return Fate::Gone;
            }
            match carried(graph, node) {
                Some(at) if node.input(at).is_some_and(|t| dynamic[t.index()] || learned(graph, t)) => {
                    Fate::Through(at)
                }
                Some(_) if !learns(id) => Fate::Gone,
                _ => Fate::Shown,
            }
        })
        .collect();
    Flow { fates, serves }
}

/// The layer that an operator only prepares weights for, as a standardisation of kernels does: its results need no
/// input of the model and go nowhere but into places where layers read weights. The first of several layers.
fn preparing(graph: &Graph) -> Vec<Option<NodeId>> {
    let mut fed: Vec<bool> = graph
        .tensors()
        .map(|(_, t)| {
            matches!(t.producer, Producer::Input(_) | Producer::RegionInput(..) | Producer::Missing)
        })
        .collect();
    let mut is_fixed = vec![false; graph.nodes().len()];
    for (id, node) in graph.nodes() {
        let is_fed = node.inputs.iter().flatten().any(|t| fed[t.index()])
            || is_random(node)
            || has_region(graph, id)
            || node.region.is_some();
        is_fixed[id.index()] = !is_fed;
        for t in node.outputs.iter().flatten() {
            fed[t.index()] |= is_fed;
        }
    }
    let results: BTreeSet<TensorId> = graph.outputs.iter().copied().collect();
    let mut serves: Vec<Option<NodeId>> = vec![None; graph.nodes().len()];
    let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).filter(|id| is_fixed[id.index()]).collect();
    for &id in ids.iter().rev() {
        let made = graph.node(id).outputs.iter().flatten();
        let mut layers = made.flat_map(|t| {
            let whole = results.contains(t).then_some(None);
            let readers = graph.tensor(*t).consumers.iter().map(|(reader, position)| {
                if reads_weight(graph.node(*reader), *position) {
                    Some(*reader)
                } else {
                    serves[reader.index()]
                }
            });
            whole.into_iter().chain(readers)
        });
        serves[id.index()] = layers.next().flatten().filter(|_| layers.all(|l| l.is_some()));
    }
    serves
}

/// Whether a layer reads its kernel or matrix at this position.
fn reads_weight(node: &Node, position: usize) -> bool {
    node.layer.is_some_and(|l| {
        matches!(l.category, Category::Conv | Category::Linear | Category::Recurrent)
            && position > 0
            && l.learned.contains(&position)
    })
}

fn learned(graph: &Graph, tensor: TensorId) -> bool {
    matches!(graph.tensor(tensor).producer, Producer::Node(..))
}

fn has_region(graph: &Graph, id: NodeId) -> bool {
    graph.regions_of(id).next().is_some()
}

/// Tensors an operator reads as data, shape operands apart.
fn data_inputs(node: &Node) -> impl Iterator<Item = TensorId> {
    node.inputs.iter().enumerate().filter_map(move |(i, t)| t.filter(|_| is_data(node, i)))
}

impl Flow {
    /// Whether an operator is shown.
    pub(super) fn is_shown(&self, node: NodeId) -> bool {
        self.fates[node.index()] == Fate::Shown
    }

    /// The layer that an operator which is not shown prepares weights for.
    pub(super) fn serves(&self, node: NodeId) -> Option<NodeId> {
        self.serves[node.index()]
    }

    /// Shows an operator that only moves data after all, because its movement has a name.
    pub(super) fn show(&mut self, node: NodeId) {
        if matches!(self.fates[node.index()], Fate::Through(_)) {
            self.fates[node.index()] = Fate::Shown;
        }
    }

    /// Follows a tensor back through operators that only move it.
    pub(super) fn origin(&self, graph: &Graph, tensor: TensorId) -> TensorId {
        let mut at = tensor;
        // Cycles of movers exist in damaged files only; the bound ends the walk there.
        for _ in 0..=self.fates.len() {
            let Producer::Node(id, _) = graph.tensor(at).producer else { break };
            let Fate::Through(position) = self.fates[id.index()] else { break };
            let Some(before) = graph.node(id).input(position) else { break };
            at = before;
        }
        at
    }
}

/// The category of an operator as it is used; operators nobody knows are `Other`.
pub(super) fn category(graph: &Graph, node: &Node) -> Category {
    layers::effective(graph, node).map_or(Category::Other, |l| l.category)
}

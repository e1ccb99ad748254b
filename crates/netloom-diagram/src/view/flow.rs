//! Which operators carry data that a reader cares about, and which are plumbing.

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

    // Backward: which operators reach an output of the model by way of data.
    let mut live = vec![false; n];
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

    let fates = graph
        .nodes()
        .map(|(id, node)| {
            if plumbing {
                return Fate::Shown;
            }
            let makes_data = node.outputs.iter().flatten().any(|t| dynamic[t.index()]);
            if !live[id.index()] || !makes_data {
                return Fate::Gone;
            }
            match carried(node) {
                Some(at) if node.input(at).is_some_and(|t| dynamic[t.index()] || learned(graph, t)) => {
                    Fate::Through(at)
                }
                Some(_) if !learns(id) => Fate::Gone,
                _ => Fate::Shown,
            }
        })
        .collect();
    Flow { fates }
}

fn learned(graph: &Graph, tensor: TensorId) -> bool {
    matches!(graph.tensor(tensor).producer, Producer::Node(..))
}

fn has_region(graph: &Graph, id: NodeId) -> bool {
    graph.regions_of(id).next().is_some()
}

fn is_random(node: &Node) -> bool {
    node.op.starts_with("Random") || matches!(node.op.as_str(), "Bernoulli" | "Multinomial")
}

/// Tensors an operator reads as data, shape operands apart.
fn data_inputs(node: &Node) -> impl Iterator<Item = TensorId> {
    node.inputs.iter().enumerate().filter_map(move |(i, t)| t.filter(|_| is_data(node, i)))
}

/// Whether an input holds data rather than a setting such as a target shape.
pub(super) fn is_data(node: &Node, position: usize) -> bool {
    if !node.domain.is_empty() {
        return true;
    }
    match node.op.as_str() {
        "Shape" | "Size" | "ConstantOfShape" | "Range" | "EyeLike" | "RandomNormalLike"
        | "RandomUniformLike" => false,
        "Reshape" | "Expand" | "Slice" | "Squeeze" | "Unsqueeze" | "Tile" | "Pad" | "Resize" | "Upsample"
        | "TopK" | "Split" | "Clip" | "Dropout" | "CumSum" | "OneHot" | "Trilu" | "QuantizeLinear"
        | "DequantizeLinear" | "CastLike" => position == 0,
        op if op.starts_with("Reduce") => position == 0,
        _ => true,
    }
}

/// The input that an operator only moves or renames, if that is all it does.
fn carried(node: &Node) -> Option<usize> {
    if !node.domain.is_empty() {
        return None;
    }
    match node.op.as_str() {
        "Identity" | "Cast" | "CastLike" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose"
        | "Expand" => Some(0),
        _ => None,
    }
}

impl Flow {
    /// Whether an operator is shown.
    pub(super) fn is_shown(&self, node: NodeId) -> bool {
        self.fates[node.index()] == Fate::Shown
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

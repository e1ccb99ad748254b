//! Which operators carry data that a reader cares about, and which are plumbing.

use std::collections::BTreeSet;

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
fn carried(graph: &Graph, node: &Node) -> Option<usize> {
    if !node.domain.is_empty() {
        return None;
    }
    match node.op.as_str() {
        "Identity" | "Cast" | "CastLike" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose"
        | "Expand" => Some(0),
        "Slice" | "Pad" if takes_all(graph, node) => Some(0),
        _ => None,
    }
}

/// Whether a cut or padding changes no size, and so takes everything as it is.
fn takes_all(graph: &Graph, node: &Node) -> bool {
    let shape = |t: Option<TensorId>| t.map(|t| graph.tensor(t).ty.shape());
    let (Some(from), Some(to)) = (shape(node.input(0)), shape(node.output(0))) else { return false };
    let is_known = from.dims().is_some_and(|d| d.iter().all(|n| n.as_known().is_some()));
    // A step backwards keeps the size too.
    let steps = node.input(4).filter(|_| node.op == "Slice");
    let is_forward = steps.is_none_or(|t| {
        let steps = graph.tensor(t).value.as_ref().and_then(netloom_graph::Value::known_ints);
        steps.is_some_and(|s| s.iter().all(|n| *n == 1))
    });
    // Padding by as much as is cut elsewhere keeps it as well.
    let pads = match (node.op.as_str(), node.attributes.ints("pads"), node.input(1)) {
        ("Pad", Some(pads), _) => Some(pads.to_vec()),
        ("Pad", None, Some(t)) => graph.tensor(t).value.as_ref().and_then(netloom_graph::Value::known_ints),
        _ => Some(Vec::new()),
    };
    is_known && from == to && is_forward && pads.is_some_and(|p| p.iter().all(|n| *n == 0))
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

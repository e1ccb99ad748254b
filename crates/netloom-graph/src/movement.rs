//! Movement of data: which inputs hold data rather than settings, and which operators only move what they read.

use crate::{Graph, Node, TensorId, Value};

/// Whether an input holds data rather than a setting such as a target shape.
pub fn is_data(node: &Node, position: usize) -> bool {
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
pub fn carried(graph: &Graph, node: &Node) -> Option<usize> {
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

/// Whether an operator draws numbers at random.
pub fn is_random(node: &Node) -> bool {
    node.op.starts_with("Random") || matches!(node.op.as_str(), "Bernoulli" | "Multinomial")
}

/// Whether a cut or padding changes no size, and so takes everything as it is.
fn takes_all(graph: &Graph, node: &Node) -> bool {
    let shape = |t: Option<TensorId>| t.map(|t| graph.tensor(t).ty.shape());
    let (Some(from), Some(to)) = (shape(node.input(0)), shape(node.output(0))) else { return false };
    let is_known = from.dims().is_some_and(|d| d.iter().all(|n| n.as_known().is_some()));
    // A step backwards keeps the size too.
    let steps = node.input(4).filter(|_| node.op == "Slice");
    let is_forward = steps.is_none_or(|t| {
        let steps = graph.tensor(t).value.as_ref().and_then(Value::known_ints);
        steps.is_some_and(|s| s.iter().all(|n| *n == 1))
    });
    // Padding by as much as is cut elsewhere keeps it as well.
    let pads = match (node.op.as_str(), node.attributes.ints("pads"), node.input(1)) {
        ("Pad", Some(pads), _) => Some(pads.to_vec()),
        ("Pad", None, Some(t)) => graph.tensor(t).value.as_ref().and_then(Value::known_ints),
        _ => Some(Vec::new()),
    };
    is_known && from == to && is_forward && pads.is_some_and(|p| p.iter().all(|n| *n == 0))
}

//! Layer normalisation written out.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::{Source, close};
use crate::{Attribute, NodeId, TensorId, layers};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "layer_norm",
    about: "numbers less their mean, over the root of their variance, scaled and shifted, are a layer norm",
    pattern: "let d = x - ReduceMean(x): d / Sqrt(ReduceMean(d * d) + eps) * w + b",
    find,
};

fn find(source: &Source<'_>, root: NodeId) -> Option<Found> {
    let (d, mut nodes, epsilon) = mean_square(source, root)?;
    let sub = source.made_by(d, "sub")?;
    let (x, m) = source.pair(sub)?;
    let mean = source.made_by(m, "reduce_mean").filter(|n| source.reduces_last(*n))?;
    let (y, last) = over(source, root, &mut nodes)?;
    let axes = |n: NodeId| source.axes(n);
    let variance = nodes.iter().copied().find(|n| source.kind(*n) == "reduce_mean")?;
    // Some exporters write the difference twice.
    let same = y == d
        || source.made_by(y, "sub").is_some_and(|n| {
            nodes.push(n);
            source.pair(n) == Some((x, m))
        });
    if !same || source.node(mean).input(0) != Some(x) || axes(mean) != axes(variance) {
        return None;
    }
    nodes.extend([sub, mean]);
    let (scale, shifted) =
        stored_operand(source, last, "mul", &mut nodes).map_or((None, last), |(w, t)| (Some(w), t));
    let (shift, result) = match scale.and_then(|_| stored_operand(source, shifted, "add", &mut nodes)) {
        Some((b, t)) => (Some(b), t),
        None => (None, shifted),
    };
    Some(norm(source, "layer_norm", nodes, &[Some(x), scale, shift], result, (epsilon, mean)))
}

/// From a square root down to what is squared: the tensor, the nodes, the number added.
pub(super) fn mean_square(source: &Source<'_>, root: NodeId) -> Option<(TensorId, Vec<NodeId>, f64)> {
    let (sum, _) = source.ends(root).filter(|_| source.kind(root) == "sqrt")?;
    let add = source.made_by(sum, "add")?;
    let (a, b) = source.pair(add)?;
    let (mean_of, epsilon) = match (source.number(a), source.number(b)) {
        (None, Some(n)) => (a, n),
        (Some(n), None) => (b, n),
        _ => return None,
    };
    let mean = source.made_by(mean_of, "reduce_mean").filter(|n| source.reduces_last(*n))?;
    let square = source.maker(source.node(mean).input(0)?)?;
    let (base, power) = source.pair(square)?;
    let squared = match source.kind(square) {
        "mul" => base == power,
        "pow" => source.number(power).is_some_and(|p| close(p, 2.0)),
        _ => false,
    };
    squared.then(|| (base, vec![root, add, mean, square], epsilon))
}

/// What is divided by the root, and the quotient.
pub(super) fn over(
    source: &Source<'_>,
    root: NodeId,
    nodes: &mut Vec<NodeId>,
) -> Option<(TensorId, TensorId)> {
    let spread = source.node(root).output(0)?;
    let reader = source.only_reader(spread)?;
    nodes.push(reader);
    let (inverse, product) = match (source.kind(reader), source.pair(reader)) {
        ("div", Some((y, by))) if by == spread && source.number(y) != Some(1.0) => {
            return Some((y, source.node(reader).output(0)?));
        }
        ("div" | "reciprocal", _) => {
            let inverse = source.node(reader).output(0)?;
            (inverse, source.only_reader(inverse).filter(|n| source.kind(*n) == "mul")?)
        }
        _ => return None,
    };
    // A quotient with the root on top is no norm.
    if source.node(reader).input(0) == Some(spread) && source.kind(reader) == "div" {
        return None;
    }
    nodes.push(product);
    Some((source.beside(product, inverse)?, source.node(product).output(0)?))
}

/// The stored operand of the only reader of this kind, and what that reader makes.
pub(super) fn stored_operand(
    source: &Source<'_>,
    tensor: TensorId,
    kind: &str,
    nodes: &mut Vec<NodeId>,
) -> Option<(TensorId, TensorId)> {
    let reader = source.only_reader(tensor).filter(|n| source.kind(*n) == kind)?;
    let stored = source.beside(reader, tensor).filter(|t| layers::is_stored(source.graph, *t))?;
    let result = source.node(reader).output(0)?;
    if source.shape(result) != source.shape(tensor) || source.shape(stored).rank() == Some(0) {
        return None;
    }
    nodes.push(reader);
    Some((stored, result))
}

/// A norm over the dimensions that a mean is over.
pub(super) fn norm(
    source: &Source<'_>,
    kind: &str,
    nodes: Vec<NodeId>,
    inputs: &[Option<TensorId>],
    result: TensorId,
    (epsilon, mean): (f64, NodeId),
) -> Found {
    let mut core = nodes.clone();
    core.sort_unstable();
    let kept = inputs.iter().rposition(Option::is_some).map_or(0, |i| i + 1);
    let mut node = source.lifted(kind, &core, &inputs[..kept], result);
    let axes = source.axes(mean).map_or(1, |a| a.len());
    node.attributes.set("axis", Attribute::Int(-i64::try_from(axes).unwrap_or(1)));
    node.attributes.set("epsilon", Attribute::Float(epsilon));
    Found { nodes, becomes: Becomes::Node(Box::new(node)) }
}

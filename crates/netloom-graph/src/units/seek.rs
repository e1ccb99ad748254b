//! Questions that several rules ask: what a node is, and what comes before and after it apart from movement.

use std::collections::BTreeSet;

use crate::layers::rules;
use crate::lift::Source;
use crate::{Category, Dim, NodeId, TensorId, layers};

/// The most operators that only move data between two layers of a unit.
const MAX_MOVES: usize = 12;

/// The canonical kind that a node acts as: a product with a stored matrix is `linear`.
pub(super) fn kind(source: &Source<'_>, id: NodeId) -> &'static str {
    layers::effective(source.graph, source.node(id)).map_or("", |l| l.name)
}

/// The role of a node.
pub(super) fn category(source: &Source<'_>, id: NodeId) -> Category {
    layers::effective(source.graph, source.node(id)).map_or(Category::Other, |l| l.category)
}

/// Whether a node hands on its first input, only arranged in another way.
pub(super) fn moves(source: &Source<'_>, id: NodeId) -> bool {
    match source.kind(id) {
        "reshape" | "flatten" | "transpose" | "squeeze" | "unsqueeze" | "identity" | "cast" | "expand" => {
            rules::passes(source.node(id), 0)
        }
        "dropout" => true,
        _ => false,
    }
}

/// Walks back over movement to the tensor that is moved; the nodes passed are appended.
pub(super) fn before(source: &Source<'_>, tensor: TensorId, path: &mut Vec<NodeId>) -> TensorId {
    let mut at = tensor;
    for _ in 0..MAX_MOVES {
        let Some(maker) = source.maker(at).filter(|m| moves(source, *m)) else { break };
        let Some(from) = source.node(maker).input(0) else { break };
        path.push(maker);
        at = from;
    }
    at
}

/// The only node that reads a tensor after movement; the nodes passed are appended.
pub(super) fn after(source: &Source<'_>, tensor: TensorId, path: &mut Vec<NodeId>) -> Option<NodeId> {
    let mut at = tensor;
    for _ in 0..=MAX_MOVES {
        let reader = only_reader(source, at)?;
        if !moves(source, reader) || source.node(reader).input(0) != Some(at) {
            return Some(reader);
        }
        path.push(reader);
        at = source.node(reader).output(0)?;
    }
    None
}

/// The only node of a kind that reads what a node makes, with the nodes between appended.
pub(super) fn next(source: &Source<'_>, id: NodeId, path: &mut Vec<NodeId>) -> Option<NodeId> {
    let found = after(source, source.node(id).output(0)?, path)?;
    path.push(found);
    Some(found)
}

/// Appends the movement after a last node that only lays its features out again, so that a unit makes the shape that
/// its readers see.
pub(super) fn tail(source: &Source<'_>, last: NodeId, nodes: &mut Vec<NodeId>) -> NodeId {
    let mut at = last;
    for _ in 0..MAX_MOVES {
        let Some(output) = source.node(at).output(0) else { break };
        let features = |t: TensorId| source.dims(t).and_then(|d| d.last().cloned());
        let mover = only_reader(source, output).filter(|n| moves(source, *n)).filter(|n| {
            let result = source.node(*n).output(0);
            source.node(*n).input(0) == Some(output)
                && result.is_some_and(|t| features(t) == features(output))
        });
        let Some(mover) = mover else { break };
        nodes.push(mover);
        at = mover;
    }
    at
}

/// The nodes that read a tensor for what it holds, not for its shape.
pub(super) fn readers<'a>(source: &'a Source<'_>, tensor: TensorId) -> impl Iterator<Item = NodeId> + 'a {
    source.readers(tensor).filter(|n| source.kind(*n) != "shape")
}

/// The only node that reads what a tensor holds.
pub(super) fn only_reader(source: &Source<'_>, tensor: TensorId) -> Option<NodeId> {
    let mut readers = readers(source, tensor);
    readers.next().filter(|_| readers.next().is_none() && !source.is_result(tensor))
}

/// The nodes of a group without those that something outside reads, apart from the last.
pub(super) fn private(source: &Source<'_>, nodes: &[NodeId], last: NodeId) -> Vec<NodeId> {
    let mut kept: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let mut order: Vec<NodeId> = kept.iter().copied().collect();
    // Files are in topological order nearly always: what reads a node is settled before the node.
    order.reverse();
    for n in order {
        let mut outputs = source.node(n).outputs.iter().flatten();
        let is_private =
            outputs.all(|t| !source.is_result(*t) && readers(source, *t).all(|r| kept.contains(&r)));
        if n != last && !is_private {
            kept.remove(&n);
        }
    }
    kept.into_iter().collect()
}

/// Whether a linear layer works on tokens: on rows of rows of features, perhaps laid flat for the product.
pub(super) fn works_on_tokens(source: &Source<'_>, linear: NodeId) -> bool {
    let Some((input, output)) = source.ends(linear) else { return false };
    let rank = |t: TensorId| source.shape(t).rank().unwrap_or(0);
    let features = |t: TensorId| source.dims(t).and_then(|d| d.last().cloned());
    let mut at = before(source, input, &mut Vec::new());
    // Rows may be laid flat before their norm.
    if let Some(norm) = source.maker(at).filter(|n| category(source, *n) == Category::Norm)
        && let Some(from) = source.node(norm).input(0)
        && rank(at) < 3
    {
        at = before(source, from, &mut Vec::new());
    }
    // What flattens an image for a classifier changes how many features there are.
    rank(output) >= 3 || rank(at) >= 3 && features(at) == features(input)
}

/// How many features a node makes, if that is known.
pub(super) fn width(source: &Source<'_>, id: NodeId) -> Option<i64> {
    source.dims(source.node(id).output(0)?)?.last()?.as_known()
}

/// The channels of a tensor of maps: its last dimension where the layers before it work that way, else the second.
pub(super) fn channels(source: &Source<'_>, tensor: TensorId) -> Option<i64> {
    let dims = source.dims(tensor)?;
    let axis = if channels_are_last(source, tensor) { dims.len().checked_sub(1)? } else { 1 };
    dims.get(axis).and_then(Dim::as_known)
}

fn channels_are_last(source: &Source<'_>, tensor: TensorId) -> bool {
    let mut at = tensor;
    for _ in 0..MAX_MOVES {
        let Some(maker) = source.maker(at) else { break };
        let node = source.node(maker);
        if matches!(category(source, maker), Category::Conv | Category::Pool | Category::Upsample) {
            return layers::channels::are_last(node);
        }
        let Some(from) = node.input(0) else { break };
        at = from;
    }
    source.readers(tensor).any(|n| layers::channels::are_last(source.node(n)))
}

/// What a part of a box says of a node: its title and its role.
pub(super) fn part(source: &Source<'_>, id: NodeId) -> (String, Category) {
    (title(source, id), category(source, id))
}

/// What a node is called.
pub(super) fn title(source: &Source<'_>, id: NodeId) -> String {
    let node = source.node(id);
    layers::effective(source.graph, node)
        .map_or_else(|| node.op.clone(), |l| (l.label)(source.graph, node).title)
}

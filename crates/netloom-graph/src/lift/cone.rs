//! What only serves one thing: the operators behind a tensor that nothing else reads.

use std::collections::BTreeSet;

use super::source::Source;
use crate::{NodeId, TensorId};

/// The most operators of one cone.
const MAX_NODES: usize = 512;

/// The operators behind some nodes, and these, as far as all that they make is read within and `may` allows it.
pub(super) fn behind(source: &Source<'_>, roots: &[NodeId], may: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
    let mut inside: BTreeSet<NodeId> = roots.iter().copied().collect();
    let mut work: Vec<TensorId> =
        roots.iter().flat_map(|n| source.node(*n).inputs.iter().flatten().copied()).collect();
    let within = |inside: &BTreeSet<NodeId>, id: NodeId| {
        let private = |t: &TensorId| !source.is_result(*t) && source.readers(*t).all(|n| inside.contains(&n));
        source.node(id).outputs.iter().flatten().all(private)
    };
    while let Some(tensor) = work.pop() {
        let Some(maker) = source.maker(tensor) else { continue };
        // A node is tried again whenever another of its readers has come in.
        if inside.len() < MAX_NODES && !inside.contains(&maker) && may(maker) && within(&inside, maker) {
            inside.insert(maker);
            work.extend(source.node(maker).inputs.iter().flatten());
        }
    }
    inside.into_iter().collect()
}

/// A group and the operators that only work out sizes for it.
pub(super) fn with_sizes(source: &Source<'_>, group: &[NodeId]) -> Vec<NodeId> {
    behind(source, group, |id| only_sizes(source, id))
}

/// Whether an operator only works out sizes.
fn only_sizes(source: &Source<'_>, id: NodeId) -> bool {
    let node = source.node(id);
    let small = |t: &TensorId| {
        let ty = &source.graph.tensor(*t).ty;
        ty.shape().rank().is_some_and(|r| r <= 1) && ty.dtype().is_some_and(|d| !d.is_float())
    };
    node.layer.is_some_and(|l| (l.macs)(source.graph, node) == Some(0))
        && !source.learns(id)
        && source.graph.regions_of(id).next().is_none()
        && node.outputs.iter().flatten().all(small)
}

/// What a group reads from outside, in file order: what runs of the model may change, and what is stored.
pub(super) fn inputs(source: &Source<'_>, group: &[NodeId]) -> (Vec<TensorId>, Vec<TensorId>) {
    let (mut given, mut stored) = (Vec::new(), Vec::new());
    for tensor in group.iter().flat_map(|n| source.node(*n).inputs.iter().flatten()) {
        if source.maker(*tensor).is_some_and(|m| group.binary_search(&m).is_ok()) {
            continue;
        }
        let list = if source.graph.tensor(*tensor).is_stored() { &mut stored } else { &mut given };
        if !list.contains(tensor) {
            list.push(*tensor);
        }
    }
    (given, stored)
}

//! Rewriting: found groups are replaced all at once, so that a pass over the graph costs its size.

use super::Lifted;
use crate::{Node, NodeId, TensorId};

/// A group of nodes that a rule recognised.
pub(super) struct Found {
    /// The nodes of the group.
    pub nodes: Vec<NodeId>,
    /// What stands in their place.
    pub becomes: Becomes,
}

/// What stands in the place of a group.
pub(super) enum Becomes {
    /// One node that makes the group's only result.
    Node(Box<Node>),
    /// Nothing: readers of the second tensor read the first.
    Same(TensorId, TensorId),
}

/// Replaces groups that share no node.
pub(super) fn apply(lifted: &mut Lifted, found: Vec<Found>) {
    let n = lifted.graph.nodes().len();
    let mut instead: Vec<TensorId> = lifted.graph.tensors().map(|(id, _)| id).collect();
    let mut gone = vec![false; n];
    let mut new: Vec<Option<(Box<Node>, Vec<NodeId>)>> = (0..n).map(|_| None).collect();
    for group in found {
        for node in &group.nodes {
            gone[node.index()] = true;
        }
        match group.becomes {
            Becomes::Same(from, to) => {
                instead[to.index()] = from;
                for node in group.nodes {
                    lifted.removed.append(&mut lifted.stands_for[node.index()]);
                }
            }
            // A group's last node comes after whatever the group reads.
            Becomes::Node(node) => {
                let at = group.nodes.last().map_or(0, |n| n.index());
                new[at] = Some((node, group.nodes));
            }
        }
    }
    let (order, _) = crate::infer::topological(&lifted.graph);
    for id in order {
        for output in lifted.graph.node(id).outputs.iter().flatten() {
            // Producers come first, so what it is replaced by is final.
            instead[output.index()] = instead[instead[output.index()].index()];
        }
    }
    let mut nodes = Vec::with_capacity(n);
    let mut stands_for = Vec::with_capacity(n);
    let mut moved = vec![None; n];
    for index in 0..n {
        let id = NodeId::new(index);
        let (mut node, from) = match new[index].take() {
            Some((node, group)) => {
                let mut from: Vec<NodeId> =
                    group.iter().flat_map(|n| std::mem::take(&mut lifted.stands_for[n.index()])).collect();
                from.sort_unstable();
                (*node, from)
            }
            None if gone[index] => continue,
            None => (lifted.graph.node(id).clone(), std::mem::take(&mut lifted.stands_for[index])),
        };
        for input in node.inputs.iter_mut().flatten() {
            *input = instead[input.index()];
        }
        moved[index] = Some(NodeId::new(nodes.len()));
        nodes.push(node);
        stands_for.push(from);
    }
    lifted.graph.replace_nodes(nodes, &moved);
    lifted.stands_for = stands_for;
}

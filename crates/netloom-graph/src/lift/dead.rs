//! What remains without readers: numbers and shapes that lifted nodes say by themselves.

use super::Lifted;
use crate::{Graph, Node, NodeId, Producer};

/// Removes nodes that were read in the source and are read by nobody now; ids of tensors are still those of the source.
pub(super) fn nodes(source: &Graph, lifted: &mut Lifted) {
    let graph = &lifted.graph;
    let held = super::source::results(graph);
    let mut readers: Vec<usize> = graph.tensors().map(|(_, t)| t.consumers.len()).collect();
    let mut gone = vec![false; graph.nodes().len()];
    let unread = |node: &Node, readers: &[usize]| {
        node.outputs.iter().flatten().all(|t| readers[t.index()] == 0 && !held[t.index()])
    };
    let was_read =
        |node: &Node| node.outputs.iter().flatten().any(|t| !source.tensor(*t).consumers.is_empty());
    let mut work: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    while let Some(id) = work.pop() {
        let node = graph.node(id);
        let free = node.layer.is_some_and(|l| (l.macs)(graph, node) == Some(0));
        let whole = graph.regions_of(id).next().is_none();
        if gone[id.index()] || !free || !whole || !was_read(node) || !unread(node, &readers) {
            continue;
        }
        gone[id.index()] = true;
        for input in node.inputs.iter().flatten() {
            readers[input.index()] -= 1;
            if let Producer::Node(producer, _) = graph.tensor(*input).producer {
                work.push(producer);
            }
        }
    }
    if !gone.contains(&true) {
        return;
    }
    let mut nodes = Vec::new();
    let mut stands_for = Vec::new();
    let mut moved = vec![None; gone.len()];
    for (id, node) in graph.nodes() {
        let from = std::mem::take(&mut lifted.stands_for[id.index()]);
        if gone[id.index()] {
            lifted.removed.extend(from);
            continue;
        }
        moved[id.index()] = Some(NodeId::new(nodes.len()));
        nodes.push(node.clone());
        stands_for.push(from);
    }
    lifted.graph.replace_nodes(nodes, &moved);
    lifted.stands_for = stands_for;
}

/// Removes tensors that nothing makes any more.
pub(super) fn tensors(source: &Graph, lifted: &mut Lifted) {
    let graph = &lifted.graph;
    let held = super::source::results(graph);
    let named: Vec<bool> = graph
        .tensors()
        .map(|(id, t)| {
            let made = matches!(source.tensor(id).producer, Producer::Node(..));
            !made || held[id.index()] || !t.consumers.is_empty() || matches!(t.producer, Producer::Node(..))
        })
        .collect();
    lifted.graph.keep_tensors(&named);
    lifted.tensors.retain(|id| named[id.index()]);
}

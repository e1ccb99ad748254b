//! The order in which nodes can be visited so that producers come first, bodies of control-flow nodes included.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Graph, NodeId, Producer, RegionId};

/// All nodes with producers before consumers, as close to file order as that allows, and one cycle if there is any.
///
/// Nodes inside a region come after whatever their region's owner waits for; a node of a cycle comes last, in file
/// order.
pub fn topological(graph: &Graph) -> (Vec<NodeId>, Option<Vec<NodeId>>) {
    let n = graph.nodes().len();
    let mut waits_for: Vec<usize> = vec![0; n];
    let mut feeds: Vec<Vec<u32>> = vec![Vec::new(); n];
    let mut link = |from: NodeId, to: NodeId| {
        feeds[from.index()].push(u32::try_from(to.index()).unwrap_or(u32::MAX));
        waits_for[to.index()] += 1;
    };
    for (id, node) in graph.nodes() {
        for input in node.inputs.iter().flatten() {
            if let Producer::Node(from, _) = graph.tensor(*input).producer
                && let Some(to) = ancestor_beside(graph, id, from)
            {
                link(from, to);
            }
        }
    }
    // The result of a body may be a tensor from outside, read by no node of the body.
    for (_, region) in graph.regions() {
        let Some(owner) = region.owner else { continue };
        for output in &region.outputs {
            if let Producer::Node(from, _) = graph.tensor(*output).producer
                && let Some(to) = ancestor_beside(graph, owner, from)
            {
                link(from, to);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..n).filter(|i| waits_for[*i] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(n);
    let mut done = vec![false; n];
    while let Some(Reverse(i)) = ready.pop() {
        done[i] = true;
        order.push(NodeId::new(i));
        for &next in &feeds[i] {
            let next = next as usize;
            waits_for[next] -= 1;
            if waits_for[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    if order.len() == n {
        return (order, None);
    }
    let cycle = find_cycle(&feeds, &done);
    order.extend((0..n).filter(|i| !done[*i]).map(NodeId::new));
    (order, Some(cycle))
}

/// The node that contains `node`, or is it, and stands in the same body as `other`.
fn ancestor_beside(graph: &Graph, node: NodeId, other: NodeId) -> Option<NodeId> {
    let home: Option<RegionId> = graph.node(other).region;
    let mut at = node;
    // The bound ends a walk around owners that contain each other.
    for _ in 0..=graph.regions().len() {
        match graph.node(at).region {
            region if region == home => return Some(at),
            Some(region) => at = graph.region(region).owner?,
            None => return None,
        }
    }
    None
}

/// Nodes of one cycle, in the direction of data, from the one that is first in the file.
fn find_cycle(feeds: &[Vec<u32>], done: &[bool]) -> Vec<NodeId> {
    // Every node left over waits for another one left over, so a walk against the data must come back to itself.
    let mut waits_for: Vec<Option<usize>> = vec![None; feeds.len()];
    for (from, next) in feeds.iter().enumerate().filter(|(i, _)| !done[*i]) {
        for &to in next {
            waits_for[to as usize].get_or_insert(from);
        }
    }
    let Some(mut at) = done.iter().position(|d| !d) else { return Vec::new() };
    let mut visited = vec![false; feeds.len()];
    while !visited[at] {
        visited[at] = true;
        let Some(next) = waits_for[at] else { return vec![NodeId::new(at)] };
        at = next;
    }
    let start = at;
    let mut cycle = vec![start];
    while let Some(next) = waits_for[at] {
        if next == start {
            break;
        }
        cycle.push(next);
        at = next;
    }
    cycle.reverse();
    let first = cycle.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(i, _)| i);
    cycle.rotate_left(first);
    cycle.into_iter().map(NodeId::new).collect()
}

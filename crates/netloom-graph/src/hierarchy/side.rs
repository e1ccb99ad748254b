//! Streams from the side: what a whole network is conditioned on, and what attention reads beside its own stream.

use std::collections::{BTreeSet, VecDeque};

use super::facts::kind;
use super::flow::Flow;
use crate::{Graph, Node, Producer, TensorId, layers};

/// The most operators that are tried as conditions from the side.
const MAX_SIDE_STREAMS: usize = 16;

/// The most tensors between an attention and the streams it reads that are looked through.
const MAX_DRESSING: usize = 64;

/// Cuts off what conditions a whole network from the side, such as the embedding of a time step: a tensor that is
/// read all along the network and that the network could do without.
pub(super) fn mute(flow: &mut Flow<'_>) {
    let n = flow.len();
    let is_wide = |feeds: &Vec<usize>| {
        let (first, last) = (feeds.iter().min(), feeds.iter().max());
        feeds.len() > 2 && first.zip(last).is_some_and(|(a, b)| (b - a) * 3 > n)
    };
    let wide: Vec<usize> = (0..n).filter(|i| is_wide(&flow.feeds[*i])).take(MAX_SIDE_STREAMS).collect();
    for side in wide {
        // What leads to it may not help to do without it.
        let mut before = vec![false; n];
        before[side] = true;
        for i in (0..side).rev() {
            before[i] = flow.feeds[i].iter().any(|f| before[*f]);
        }
        let length = |without: &[bool]| {
            let mut length: Vec<Option<usize>> = Vec::with_capacity(n);
            for ((reads, class), without) in flow.reads.iter().zip(&flow.class).zip(without) {
                let before = reads.iter().filter_map(|r| length[*r]).max();
                let own = if class.is_heavy() { 8 } else { 1 };
                let is_reached = before.is_some() || reads.is_empty();
                length.push(Some(before.unwrap_or(0) + own).filter(|_| is_reached && !without));
            }
            length
        };
        let whole = length(&vec![false; n]);
        let Some(end) = (0..n).max_by_key(|i| whole[*i]) else { return };
        let rest = length(&before)[end];
        if rest.zip(whole[end]).is_some_and(|(rest, whole)| rest * 3 > whole) {
            for reader in std::mem::take(&mut flow.feeds[side]) {
                flow.reads[reader].retain(|r| *r != side);
            }
        }
    }
}

/// Whether an attention reads its keys from another stream than its queries.
pub(super) fn attends_elsewhere(graph: &Graph, node: &Node) -> bool {
    let (Some(q), Some(k)) = (node.input(0), node.input(1)) else { return false };
    let queries = projected(graph, q);
    projected(graph, k).is_disjoint(&queries)
}

/// The tensors that an operand of attention is made from, back to the last addition that is no rotation or bias.
fn projected(graph: &Graph, operand: TensorId) -> BTreeSet<TensorId> {
    let mut seen = BTreeSet::new();
    let mut work = VecDeque::from([operand]);
    while let Some(tensor) = work.pop_front() {
        if seen.len() >= MAX_DRESSING
            || graph.tensor(tensor).value.is_some()
            || layers::is_stored(graph, tensor)
        {
            continue;
        }
        if !seen.insert(tensor) {
            continue;
        }
        let Producer::Node(id, _) = graph.tensor(tensor).producer else { continue };
        let node = graph.node(id);
        let inputs = || node.inputs.iter().flatten();
        let rotates = |t: &TensorId| match graph.tensor(*t).producer {
            Producer::Node(id, _) => kind(graph, graph.node(id)) == "mul",
            _ => false,
        };
        let stops = match kind(graph, node) {
            "attention" => true,
            "add" => !inputs().any(|t| layers::is_stored(graph, *t)) && !inputs().all(rotates),
            _ => false,
        };
        if !stops {
            work.extend(inputs());
        }
    }
    seen
}

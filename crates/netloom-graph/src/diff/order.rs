//! The operators of a model that are compared, in an order that follows the data and not the file.

use std::collections::BTreeSet;

use super::settings;
use super::side::Print;
use crate::movement::{carried, is_data, is_random};
use crate::summary::{Summary, summary};
use crate::{Graph, Node, NodeId, Producer, TensorId, layers};

/// The operators of a model and how its data flows through them.
pub(super) struct Flow {
    /// Operators that are compared, producers first: a walk back from the outputs, the longest branch first.
    pub order: Vec<NodeId>,
    /// Operators that only move data, and so are counted only.
    pub movers: Vec<NodeId>,
    /// For each node, whether it is compared.
    pub is_compared: Vec<bool>,
    pub summary: Summary,
}

pub(super) fn flow(graph: &Graph) -> Flow {
    let summary = summary(graph);
    let (topological, _) = crate::infer::topological(graph);
    let dynamic = dynamic(graph, &summary, &topological);
    let live = live(graph);
    let mut is_compared = vec![false; graph.nodes().len()];
    let mut movers = Vec::new();
    for (id, node) in graph.nodes() {
        let makes_data = node.outputs.iter().flatten().any(|t| dynamic[t.index()]);
        if !live[id.index()] || !makes_data || node.is_alias() {
            continue;
        }
        let learns = summary.nodes.get(id.index()).is_some_and(|s| s.parameters > 0);
        match moved(graph, node) {
            Some(at) if !learns || node.input(at).is_some_and(|t| dynamic[t.index()]) => movers.push(id),
            _ => is_compared[id.index()] = true,
        }
    }
    let order = walk(graph, &topological, &is_compared);
    Flow { order, movers, is_compared, summary }
}

/// Tensors that depend on the model's inputs, on learned weights, or on chance.
fn dynamic(graph: &Graph, summary: &Summary, topological: &[NodeId]) -> Vec<bool> {
    let mut dynamic: Vec<bool> = graph
        .tensors()
        .map(|(_, t)| {
            t.value.is_none()
                && matches!(t.producer, Producer::Input(_) | Producer::RegionInput(..) | Producer::Missing)
        })
        .collect();
    for id in topological {
        let node = graph.node(*id);
        let learns = summary.nodes.get(id.index()).is_some_and(|s| s.parameters > 0);
        let moves = data(node).any(|t| dynamic[t.index()]);
        if moves || learns || is_random(node) || graph.regions_of(*id).next().is_some() {
            for t in node.outputs.iter().flatten() {
                dynamic[t.index()] |= graph.tensor(*t).value.is_none();
            }
        }
    }
    dynamic
}

/// Operators that reach an output of the model by way of data.
fn live(graph: &Graph) -> Vec<bool> {
    let mut live = vec![false; graph.nodes().len()];
    let mut stack: Vec<TensorId> = graph.outputs.clone();
    stack.extend(graph.regions().flat_map(|(_, r)| r.outputs.iter().copied()));
    while let Some(tensor) = stack.pop() {
        if let Producer::Node(id, _) = graph.tensor(tensor).producer
            && !std::mem::replace(&mut live[id.index()], true)
        {
            stack.extend(data(graph.node(id)));
        }
    }
    live
}

/// What an operator reads as data.
pub(super) fn data(node: &Node) -> impl Iterator<Item = TensorId> {
    node.inputs.iter().enumerate().filter_map(move |(i, t)| t.filter(|_| is_data(node, i)))
}

/// The input that an operator only moves; joining one thing with nothing counts.
pub(super) fn moved(graph: &Graph, node: &Node) -> Option<usize> {
    let single = || (node.op == "Concat" && node.inputs.len() == 1).then_some(0);
    carried(graph, node).or_else(single)
}

/// Whether the order of what it reads makes no difference.
pub(super) fn is_commutative(node: &Node) -> bool {
    matches!(
        node.layer.map_or("", |l| l.name),
        "add" | "mul" | "sum" | "max" | "min" | "mean" | "and" | "or" | "xor" | "equal"
    )
}

/// The maker of a tensor and those of the results of its bodies.
fn makers(graph: &Graph, node: NodeId) -> Vec<NodeId> {
    let maker = |t: TensorId| match graph.tensor(t).producer {
        Producer::Node(id, _) => Some(id),
        _ => None,
    };
    let own = data(graph.node(node)).filter_map(maker);
    let inside = graph.regions_of(node).flat_map(|r| graph.region(r).outputs.clone()).filter_map(maker);
    own.chain(inside).collect()
}

fn walk(graph: &Graph, topological: &[NodeId], is_compared: &[bool]) -> Vec<NodeId> {
    let n = graph.nodes().len();
    // How long the longest chain to an operator is, and a fingerprint of all that it depends on.
    let (mut depth, mut print) = (vec![0u32; n], vec![0u64; n]);
    let mut before: Vec<Vec<NodeId>> = vec![Vec::new(); n];
    for id in topological {
        let node = graph.node(*id);
        let mut makers = makers(graph, *id);
        let above = makers.iter().map(|m| depth[m.index()]).max().unwrap_or(0);
        depth[id.index()] = above + u32::from(is_compared[id.index()]);
        // What moves an input of the model is as good as the input.
        let mut prints: Vec<u64> = makers.iter().map(|m| print[m.index()]).filter(|p| *p != 0).collect();
        let commutes = is_commutative(node);
        if commutes {
            prints.sort_unstable();
        }
        let mut own = Print::default();
        if is_compared[id.index()] {
            own.text(&kind(graph, node));
            for (name, value) in settings::settings(graph, node) {
                own.text(&name);
                own.text(&value);
            }
        }
        prints.iter().for_each(|p| own.number(*p));
        print[id.index()] = match prints.as_slice() {
            [] if !is_compared[id.index()] => 0,
            [one] if !is_compared[id.index()] => *one,
            _ => own.finish(),
        };
        // The longest branch first; a stable sort keeps the order of inputs.
        makers.sort_by_key(|m| {
            (std::cmp::Reverse(depth[m.index()]), if commutes { print[m.index()] } else { 0 })
        });
        before[id.index()] = makers;
    }
    let mut roots: Vec<NodeId> = graph
        .outputs
        .iter()
        .filter_map(|t| match graph.tensor(*t).producer {
            Producer::Node(id, _) => Some(id),
            _ => None,
        })
        .collect();
    let known: BTreeSet<NodeId> = roots.iter().copied().collect();
    roots.extend(topological.iter().filter(|id| !known.contains(id)));
    let (mut order, mut state) = (Vec::new(), vec![0u8; n]);
    for root in roots {
        let mut stack = vec![(root, 0usize)];
        while let Some((id, at)) = stack.pop() {
            if at == 0 && std::mem::replace(&mut state[id.index()], 1) != 0 {
                continue;
            }
            match before[id.index()].get(at) {
                Some(next) => {
                    stack.push((id, at + 1));
                    if state[next.index()] == 0 {
                        stack.push((*next, 0));
                    }
                }
                None if is_compared[id.index()] => order.push(id),
                None => {}
            }
        }
    }
    order
}

/// What an operator is, as a reader would call it.
pub(super) fn kind(graph: &Graph, node: &Node) -> String {
    layers::effective(graph, node).map_or_else(|| node.kind(), |l| l.name.to_owned())
}

//! What is known of every operator of a graph, whatever its module: whether it carries data, and what it learns.

use crate::summary::learned::{self, Learned};
use crate::{Category, Graph, Node, NodeId, Producer, TensorId, layers};

/// What is known of every operator of a graph, whatever its module.
pub(super) struct Facts {
    /// Every node, producers first.
    pub order: Vec<NodeId>,
    /// What the model learns.
    pub learned: Learned,
    /// Whether each node carries data that a learned layer has seen.
    pub live: Vec<bool>,
    /// Whether each tensor depends on an input of the model.
    pub dynamic: Vec<bool>,
}

impl Facts {
    /// `None` for a graph with a cycle.
    pub fn new(graph: &Graph) -> Option<Self> {
        let (order, cycle) = crate::infer::topological(graph);
        if cycle.is_some() {
            return None;
        }
        let learned = learned::find(graph);
        let mut live = vec![false; graph.nodes().len()];
        let mut dynamic: Vec<bool> = graph
            .tensors()
            .map(|(_, t)| t.value.is_none() && !matches!(t.producer, Producer::Stored | Producer::Node(..)))
            .collect();
        for id in &order {
            let node = graph.node(*id);
            if matches!(kind(graph, node), "shape" | "size")
                || node.outputs.iter().flatten().all(|t| graph.tensor(*t).value.is_some())
            {
                continue;
            }
            let moves = node.inputs.iter().flatten().any(|t| dynamic[t.index()]);
            for t in node.outputs.iter().flatten() {
                dynamic[t.index()] |= moves;
            }
            let from_live = node.inputs.iter().flatten().any(|t| match graph.tensor(*t).producer {
                Producer::Node(from, _) => live[from.index()],
                _ => false,
            });
            let is_heavy = !learned.read_by(*id).is_empty()
                || matches!(
                    layers::effective(graph, node).map(|l| l.category),
                    Some(Category::Conv | Category::Attention | Category::Recurrent)
                );
            live[id.index()] = moves && (from_live || is_heavy);
        }
        revive(graph, &dynamic, &mut live);
        Some(Self { order, learned, live, dynamic })
    }

    /// Whether a node reads learned tensors.
    pub fn weighs(&self, id: NodeId) -> bool {
        !self.learned.read_by(id).is_empty()
    }
}

/// Marks what learned queries go through before attention lets them read data.
fn revive(graph: &Graph, dynamic: &[bool], live: &mut [bool]) {
    let is_dynamic = |t: Option<TensorId>| t.is_some_and(|t| dynamic[t.index()]);
    let mut work: Vec<TensorId> = Vec::new();
    for (id, node) in graph.nodes() {
        let attends = live[id.index()] && node.domain == "loom" && kind(graph, node) == "attention";
        if attends && !is_dynamic(node.input(0)) && is_dynamic(node.input(1)) {
            work.extend(node.input(0));
        }
    }
    while let Some(tensor) = work.pop() {
        if let Producer::Node(id, _) = graph.tensor(tensor).producer
            && graph.tensor(tensor).value.is_none()
            && !std::mem::replace(&mut live[id.index()], true)
        {
            work.extend(graph.node(id).inputs.iter().flatten());
        }
    }
}

/// The canonical kind that a node acts as; empty where nobody knows it.
pub(super) fn kind(graph: &Graph, node: &Node) -> &'static str {
    layers::effective(graph, node).map_or("", |l| l.name)
}

/// The learned matrices that a node reads.
pub(super) fn matrices<'a>(
    graph: &'a Graph,
    learned: &'a Learned,
    id: NodeId,
) -> impl Iterator<Item = TensorId> + 'a {
    let found = learned.read_by(id).iter().copied();
    found.filter(|t| {
        let dims = graph.tensor(*t).ty.shape().dims().unwrap_or_default();
        dims.iter().filter(|d| d.as_known() != Some(1)).count() > 1
    })
}

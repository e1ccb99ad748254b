//! What tells two modules of one make apart, operator by operator.

use std::collections::{BTreeMap, BTreeSet};

use super::align::align;
use super::{equal_types, equal_values, operators, setting};
use crate::{Graph, ModuleId, Node, NodeId, Producer, TensorId};

/// What tells one module from another after their operators are aligned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Differences {
    /// Operators that stand for one another, in file order: of the first module and of the second.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// Operators that only the first module has.
    pub only_left: Vec<NodeId>,
    /// Operators that only the second module has.
    pub only_right: Vec<NodeId>,
    /// What differs between operators that stand for one another.
    pub changes: Vec<Change>,
}

impl Differences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.only_left.is_empty() && self.only_right.is_empty() && self.changes.is_empty()
    }
}

/// One thing that differs between two operators that stand for one another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The operator of the first module.
    pub left: NodeId,
    /// The operator of the second module.
    pub right: NodeId,
    /// What differs.
    pub what: Aspect,
}

/// In what two operators may differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Aspect {
    /// They are different operators.
    Operator,
    /// The attribute of this name.
    Attribute(String),
    /// The value of a fixed input, by position.
    Setting(usize),
    /// The type of a stored input, by position.
    Weight(usize),
    /// What they read at a position.
    Wiring(usize),
    /// How many inputs they have.
    Inputs,
    /// The type of an output, by position.
    Output(usize),
}

/// Aligns two modules and says what differs; `None` where they are not of one make: less than half of the smaller one
/// has its like in the other, or they are too large and too unlike to be compared.
///
/// Names do not count, nor what can be computed without running the model, nor whether stored tensors are shared.
///
/// # Cost
/// Linear in the size of the modules where they are alike, and the product of the sizes of the parts that are not.
pub fn differences(graph: &Graph, a: ModuleId, b: ModuleId) -> Option<Differences> {
    let (left, right) = (operators(graph, a), operators(graph, b));
    let pairs = align(graph, (a, &left), (b, &right))?;
    if left.is_empty() || right.is_empty() || pairs.len() * 2 < left.len().min(right.len()) {
        return None;
    }
    let paired: (BTreeSet<NodeId>, BTreeSet<NodeId>) = pairs.iter().copied().unzip();
    let mut compare = Compare { graph, there: pairs.iter().copied().collect(), outside: BTreeMap::new() };
    let mut changes = Vec::new();
    for &(left, right) in &pairs {
        changes.extend(compare.nodes(left, right).into_iter().map(|what| Change { left, right, what }));
    }
    let alone = |all: Vec<NodeId>, paired: &BTreeSet<NodeId>| -> Vec<NodeId> {
        all.into_iter().filter(|n| !paired.contains(n)).collect()
    };
    let (only_left, only_right) = (alone(left, &paired.0), alone(right, &paired.1));
    Some(Differences { pairs, only_left, only_right, changes })
}

struct Compare<'a> {
    graph: &'a Graph,
    there: BTreeMap<NodeId, NodeId>,
    /// Which tensor from outside the second module stands for which of the first.
    outside: BTreeMap<TensorId, TensorId>,
}

impl Compare<'_> {
    fn nodes(&mut self, left: NodeId, right: NodeId) -> Vec<Aspect> {
        let graph = self.graph;
        let (a, b) = (graph.node(left), graph.node(right));
        let mut found = Vec::new();
        if (&a.op, &a.domain) != (&b.op, &b.domain) {
            found.push(Aspect::Operator);
        }
        found.extend(attributes(a, b));
        if a.inputs.len() != b.inputs.len() {
            found.push(Aspect::Inputs);
        }
        for (i, (a, b)) in a.inputs.iter().zip(&b.inputs).enumerate() {
            found.extend(match (a, b) {
                (Some(a), Some(b)) => self.inputs(i, graph.origin(*a), graph.origin(*b)),
                (None, None) => None,
                _ => Some(Aspect::Inputs),
            });
        }
        for (i, (a, b)) in a.outputs.iter().zip(&b.outputs).enumerate() {
            if let (Some(a), Some(b)) = (a, b)
                && !equal_types(&graph.tensor(*a).ty, &graph.tensor(*b).ty)
            {
                found.push(Aspect::Output(i));
            }
        }
        found
    }

    fn inputs(&mut self, position: usize, a: TensorId, b: TensorId) -> Option<Aspect> {
        let (left, right) = (self.graph.tensor(a), self.graph.tensor(b));
        match (setting(left), setting(right)) {
            (Some(x), Some(y)) => return (!equal_values(x, y)).then_some(Aspect::Setting(position)),
            (None, None) => {}
            _ => return Some(Aspect::Wiring(position)),
        }
        match (left.is_stored(), right.is_stored()) {
            (true, true) => return (!equal_types(&left.ty, &right.ty)).then_some(Aspect::Weight(position)),
            (false, false) => {}
            _ => return Some(Aspect::Wiring(position)),
        }
        let inside = |t: TensorId| match self.graph.tensor(t).producer {
            Producer::Node(id, output) => Some((id, output)),
            _ => None,
        };
        let is_same = match (inside(a).map(|(n, o)| (self.there.get(&n), o)), inside(b)) {
            (Some((Some(x), o)), Some((y, p))) => (*x, o) == (y, p),
            _ => *self.outside.entry(a).or_insert(b) == b,
        };
        (!is_same).then_some(Aspect::Wiring(position))
    }
}

fn attributes<'a>(a: &'a Node, b: &'a Node) -> impl Iterator<Item = Aspect> + 'a {
    let names: BTreeSet<&str> =
        a.attributes.iter().chain(b.attributes.iter()).map(|(name, _)| name).collect();
    let differs = |name: &&str| a.attributes.get(name) != b.attributes.get(name);
    names
        .into_iter()
        .filter(differs)
        .map(|name| Aspect::Attribute(name.to_owned()))
        .collect::<Vec<_>>()
        .into_iter()
}

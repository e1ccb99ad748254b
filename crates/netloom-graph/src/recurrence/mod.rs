//! Recurrences: loops over time that a file holds written out, step after step.
//!
//! Exporters run the model's code and note what it does, so a loop of five steps becomes five copies of its body. The
//! copies read the same learned tensors and hand a state from one to the next. [`find`] puts the copies side by side:
//! position by position, step by step.
//!
//! The search leans on the order of execution, which files keep: the layers that a step applies come round and round
//! in one order. From those layers the copies are grown in lockstep, against and along the data, as long as all copies
//! agree in operators, settings, sizes and learned tensors. What is found is then checked wire by wire.

use crate::{Graph, NodeId, TensorId};

mod clusters;
mod grow;
mod labels;
mod scope;
#[cfg(test)]
mod tests;
mod wires;

use clusters::clusters;
use grow::Grower;
use labels::Labels;
use scope::Scope;

/// How many times the size of the graph may be visited in all; a file whose loops overlap in ever new ways ends there.
const MAX_VISITS: usize = 64;

/// The same few operators applied step after step, each step reading what the one before made.
#[derive(Clone, PartialEq, Debug)]
pub struct Recurrence {
    /// How many steps there are; at least two.
    pub steps: usize,
    /// The operators: for each position within a step, the operator of each step, positions in file order of
    /// the second step. The first or last step may lack some: a first state of zeros saves work, and what only a later step would read is left
    /// out.
    pub operators: Vec<Vec<Option<NodeId>>>,
    /// What one step hands to the next.
    pub states: Vec<State>,
    /// What steps take from sequences.
    pub sequences: Vec<Sequence>,
    /// Nodes outside that hand out the elements of a sequence, one to each step.
    pub splits: Vec<NodeId>,
    /// Nodes outside that join one result of each step, in order of the steps, to one tensor.
    pub joins: Vec<NodeId>,
}

/// A value that one step makes and the next one reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct State {
    /// The position that makes it, and which output.
    pub from: (usize, usize),
    /// The position that reads it in the next step, and which input.
    pub to: (usize, usize),
    /// What the first step reads in its place; `None` where the first step lacks the reader.
    pub initial: Option<TensorId>,
}

/// One element per step of a tensor from outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sequence {
    /// The tensor that holds the elements.
    pub tensor: TensorId,
    /// The position that picks the element; `None` where a split outside hands out all of them.
    pub picked_at: Option<usize>,
}

impl Recurrence {
    /// The position and step of every operator, in file order.
    pub fn places(&self) -> Vec<(NodeId, usize, usize)> {
        let mut places: Vec<_> = self
            .operators
            .iter()
            .enumerate()
            .flat_map(|(p, nodes)| nodes.iter().enumerate().filter_map(move |(s, n)| Some(((*n)?, p, s))))
            .collect();
        places.sort_unstable();
        places
    }
}

/// Every recurrence of a graph whose types are inferred, in file order; no operator belongs to two.
///
/// The order of nodes in the file is taken as the order of execution. Loops in which two layers of a step swap places
/// from step to step are not seen, and neither are loops inside bodies of control-flow operators, which files hold as
/// loops anyway.
///
/// # Cost
/// Time proportional to the size of the graph, apart from logarithms.
pub fn find(graph: &Graph) -> Vec<Recurrence> {
    if !may_have(graph) {
        return Vec::new();
    }
    let Some(scope) = Scope::new(graph) else { return Vec::new() };
    let mut taken = vec![false; graph.nodes().len()];
    let mut visits = graph.nodes().len().saturating_mul(MAX_VISITS);
    let mut found = Vec::new();
    for cluster in clusters(&scope) {
        if cluster.nodes().any(|n| taken[n.index()]) {
            continue;
        }
        let Some(left) = visits.checked_sub(cluster.length()) else { break };
        visits = left;
        let Some(labels) = Labels::new(&scope, &cluster) else { continue };
        let operators = Grower::new(&scope, &cluster, &labels, &taken).grow();
        let Some(recurrence) = wires::check(&scope, &labels, operators) else { continue };
        for (node, ..) in recurrence.places() {
            taken[node.index()] = true;
        }
        found.push(recurrence);
    }
    let first = |r: &Recurrence| r.operators.iter().flatten().flatten().min().copied();
    found.sort_by_key(first);
    found
}

/// Whether some stored matrix is read more than once, without which there is no loop.
fn may_have(graph: &Graph) -> bool {
    graph.tensors().any(|(_, t)| {
        let given = t.is_stored() || matches!(t.producer, crate::Producer::Input(_));
        given && t.consumers.len() > 1 && t.value.is_none() && t.ty.shape().rank().is_none_or(|r| r > 1)
    })
}

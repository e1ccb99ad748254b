//! Lifting: groups of operators become the one layer that a person would draw for them.
//!
//! [`lift`] applies every rule of [`RULES`] once, in order, to the whole graph. A rule looks at one anchor operator and
//! finds the group around it. The group is replaced only when nothing outside reads what flows inside, when the new
//! node reads the same learned tensors, and when its multiply-adds are those of the group. Otherwise the plain
//! operators stay. Every node of the result says which nodes of the file it stands for.

mod attention;
mod attention_mask;
mod cone;
mod dead;
mod expression;
mod gates;
mod gelu;
mod global_pool;
mod group_norm;
mod gru_cell;
mod hard_sigmoid;
mod hard_swish;
mod layer_norm;
mod linear_bias;
mod lp_norm;
mod lstm_cell;
mod mish;
mod no_op;
mod pad_conv;
mod quick_gelu;
mod reach;
mod rewrite;
mod rms_norm;
mod rnn_cell;
mod rotary;
mod rotary_table;
mod shift;
mod softplus;
mod source;
mod swish;
#[cfg(test)]
pub(crate) mod tests;

use crate::{Graph, NodeId, TensorId};
use rewrite::{Found, apply};
pub(crate) use source::Source;

/// Every rule, in the order in which they are applied: later ones see what earlier ones made.
pub const RULES: &[&Rule] = &[
    &no_op::RULE,
    &pad_conv::RULE,
    &linear_bias::RULE,
    &gelu::RULE,
    &quick_gelu::RULE,
    &swish::RULE,
    &hard_swish::RULE,
    &hard_sigmoid::RULE,
    &softplus::RULE,
    &mish::RULE,
    &layer_norm::RULE,
    &rms_norm::RULE,
    &rotary::RULE,
    &shift::RULE,
    &group_norm::RULE,
    &lp_norm::RULE,
    &attention::RULE,
    &rotary_table::RULE,
    &attention_mask::RULE,
    &lstm_cell::RULE,
    &gru_cell::RULE,
    &rnn_cell::RULE,
    &global_pool::RULE,
];

/// One way to see a group of operators as one layer.
pub struct Rule {
    /// The name of the rule, unique.
    pub name: &'static str,
    /// What it recognises, in a learner's words, one sentence without a full stop.
    pub about: &'static str,
    /// The operators it replaces, written as formulas; a bar separates alternatives.
    pub pattern: &'static str,
    find: fn(&Source<'_>, NodeId) -> Option<Found>,
}

/// A lifted graph and where its nodes come from.
#[derive(Clone, PartialEq, Debug)]
pub struct Lifted {
    /// The graph; modules and regions have the ids they have in the source.
    pub graph: Graph,
    /// For each node of the graph, the nodes of the source that it stands for, in file order; never empty.
    pub stands_for: Vec<Vec<NodeId>>,
    /// For each tensor of the graph, the tensor of the source that it is.
    pub tensors: Vec<TensorId>,
    /// Nodes of the source that do nothing, or that only fed what a lifted node says by itself, in file order.
    pub removed: Vec<NodeId>,
}

/// Lifts a graph whose types are inferred. A graph with a cycle stays as it is.
///
/// Parameters, multiply-adds, inputs and outputs of the model and their types, modules and what reaches what stay the
/// same.
///
/// # Cost
/// Time proportional to the size of the graph times the number of rules.
pub fn lift(graph: &Graph) -> Lifted {
    let mut lifted = plain(graph);
    if crate::infer::topological(graph).1.is_some() {
        return lifted;
    }
    // What holds for a graph is found once and again only after it has changed.
    let mut facts = None;
    for rule in RULES {
        let source = match facts.take() {
            Some(facts) => Source::with(&lifted.graph, facts),
            None => Source::new(&lifted.graph),
        };
        let mut taken = vec![false; lifted.graph.nodes().len()];
        let mut found = Vec::new();
        for (anchor, node) in lifted.graph.nodes() {
            if node.layer.is_none() || taken[anchor.index()] {
                continue;
            }
            let Some(mut group) = (rule.find)(&source, anchor) else { continue };
            group.nodes.sort_unstable();
            group.nodes.dedup();
            if group.nodes.iter().any(|n| taken[n.index()]) || !source.allows(&group) {
                continue;
            }
            for node in &group.nodes {
                taken[node.index()] = true;
            }
            found.push(group);
        }
        if found.is_empty() {
            facts = Some(source.into_facts());
        } else {
            apply(&mut lifted, found);
            dead::nodes(graph, &mut lifted);
        }
    }
    dead::nodes(graph, &mut lifted);
    dead::tensors(graph, &mut lifted);
    lifted.removed.sort_unstable();
    // An input that only gives its sizes to what a lifted node says by itself would be lost.
    if reach::reach(graph) == reach::reach(&lifted.graph) { lifted } else { plain(graph) }
}

/// A graph as it is.
fn plain(graph: &Graph) -> Lifted {
    Lifted {
        graph: graph.clone(),
        stands_for: graph.nodes().map(|(id, _)| vec![id]).collect(),
        tensors: graph.tensors().map(|(id, _)| id).collect(),
        removed: Vec::new(),
    }
}

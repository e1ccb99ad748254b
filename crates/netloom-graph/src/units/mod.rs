//! Units: groups of layers that a reader knows by one name, such as a feed-forward block or multi-head attention.
//!
//! A unit changes nothing in the graph. It says which nodes a figure may draw as one box, and what that box says.
//! [`find`] asks every rule of [`UNITS`] in order; a node belongs to one unit at most, and what flows out of a unit
//! never flows back into it.

use std::collections::BTreeSet;

use crate::lift::Source;
use crate::{Category, Graph, NodeId, Producer};

mod channel_shuffle;
mod double_conv;
mod feed_forward;
mod gated_mlp;
mod mask;
mod mixture_of_experts;
mod multi_head_attention;
mod patch_embedding;
mod patch_merging;
mod seek;
mod separable_conv;
mod squeeze_excite;
#[cfg(test)]
mod tests;

/// Every rule, in the order in which they are asked: larger units before the smaller ones they hold.
pub static UNITS: &[&UnitRule] = &[
    &mixture_of_experts::RULE,
    &multi_head_attention::RULE,
    &gated_mlp::RULE,
    &feed_forward::RULE,
    &squeeze_excite::RULE,
    &patch_embedding::RULE,
    &patch_merging::RULE,
    &channel_shuffle::RULE,
    &separable_conv::RULE,
    &double_conv::RULE,
    &mask::RULE,
];

/// The most nodes of one unit.
const MAX_NODES: usize = 4096;

/// One kind of unit.
pub struct UnitRule {
    /// The name of the rule, unique.
    pub name: &'static str,
    /// What it recognises, in a learner's words, one sentence without a full stop.
    pub about: &'static str,
    /// The layers of the unit, written as a formula; a bar separates alternatives.
    pub pattern: &'static str,
    /// The finest level at which it is drawn as one box.
    pub level: Level,
    find: fn(&Source<'_>, NodeId) -> Option<Unit>,
}

/// How much a figure says, as far as units go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Whole blocks of layers are one box.
    Sketch,
    /// So are equal layers in a row, where a figure of a paper would be too long.
    Compact,
    /// Units that a paper would name are one box.
    Paper,
}

/// A group of nodes that may be drawn as one box.
#[derive(Clone, PartialEq, Debug)]
pub struct Unit {
    /// The name of the rule that found it.
    pub rule: &'static str,
    /// Its nodes, in file order.
    pub nodes: Vec<NodeId>,
    /// What the whole is called where its box says its parts in a row, else empty: `feed-forward`.
    pub header: String,
    /// The first line of its box: `self-attention`.
    pub title: String,
    /// The second line, or empty: `12 heads × 64`.
    pub subtitle: String,
    /// What the box says after its first part, in order: text and role.
    pub bands: Vec<(String, Category)>,
    /// What else there is to know, for a tooltip: what the whole is called, settings.
    pub details: Vec<String>,
    /// The role of its first part; chooses the colour.
    pub category: Category,
    /// Names of operands that arrive from outside, by reading node and position: `Q`.
    pub ports: Vec<(NodeId, usize, &'static str)>,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            rule: "",
            nodes: Vec::new(),
            header: String::new(),
            title: String::new(),
            subtitle: String::new(),
            bands: Vec::new(),
            details: Vec::new(),
            category: Category::Other,
            ports: Vec::new(),
        }
    }
}

/// Every unit of a lifted graph that is one box at a level, in file order of their first nodes.
///
/// # Cost
/// Time proportional to the size of the graph times the number of rules.
pub fn find(graph: &Graph, level: Level) -> Vec<Unit> {
    if crate::infer::topological(graph).1.is_some() {
        return Vec::new();
    }
    let source = Source::new(graph);
    let mut taken = vec![false; graph.nodes().len()];
    let mut found = Vec::new();
    for rule in UNITS.iter().filter(|r| r.level >= level) {
        for (anchor, node) in graph.nodes() {
            if node.layer.is_none() || taken[anchor.index()] {
                continue;
            }
            let Some(mut unit) = (rule.find)(&source, anchor) else { continue };
            unit.rule = rule.name;
            unit.nodes.sort_unstable();
            unit.nodes.dedup();
            let is_free = unit.nodes.iter().all(|n| !taken[n.index()]);
            if is_free && is_convex(graph, &unit.nodes) {
                for n in &unit.nodes {
                    taken[n.index()] = true;
                }
                found.push(unit);
            }
        }
    }
    found.sort_by_key(|u| u.nodes.first().copied());
    found
}

/// Whether nothing that leaves a group comes back into it: what lies between its first and last node in file order is
/// followed, as files are in topological order nearly always.
fn is_convex(graph: &Graph, nodes: &[NodeId]) -> bool {
    let (Some(&first), Some(&last)) = (nodes.first(), nodes.last()) else { return false };
    if nodes.len() > MAX_NODES {
        return false;
    }
    let region = graph.node(first).region;
    let inside: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let mut outside = BTreeSet::new();
    let mut work: Vec<NodeId> = Vec::new();
    // What only asks for a shape carries nothing that a figure shows.
    let holds = |n: &NodeId| graph.node(*n).layer.is_none_or(|l| l.name != "shape");
    let readers = |n: NodeId| {
        let outputs = graph.node(n).outputs.iter().flatten();
        outputs.flat_map(|t| graph.tensor(*t).consumers.iter().map(|(r, _)| *r)).filter(holds)
    };
    for &n in nodes {
        if graph.node(n).region != region {
            return false;
        }
        work.extend(readers(n).filter(|r| !inside.contains(r)));
    }
    while let Some(n) = work.pop() {
        if n > last || !outside.insert(n) {
            continue;
        }
        if outside.len() > MAX_NODES {
            return false;
        }
        for reader in readers(n) {
            if inside.contains(&reader) {
                return false;
            }
            work.push(reader);
        }
    }
    let maker = |t| match graph.tensor(t).producer {
        Producer::Node(id, _) => Some(id),
        _ => None,
    };
    // Out of file order, a group that reads later nodes is refused rather than followed.
    nodes
        .iter()
        .flat_map(|n| graph.node(*n).inputs.iter().flatten())
        .all(|t| maker(*t).is_none_or(|m| m < last))
}

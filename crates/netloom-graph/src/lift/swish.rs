//! Swish, which PyTorch calls SiLU.

use super::Rule;
use super::expression::gated;
use super::rewrite::Found;
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "swish",
    about: "a number times its own sigmoid is a swish",
    pattern: "x * Sigmoid(x)",
    find,
};

fn find(source: &Source<'_>, curve: NodeId) -> Option<Found> {
    let (x, gate) = source.ends(curve).filter(|_| source.kind(curve) == "sigmoid")?;
    let (outside, result) = gated(source, gate, x, 1.0)?;
    let nodes = [curve].into_iter().chain(outside).collect();
    Some(source.pointwise("swish", nodes, (x, result), &[]))
}

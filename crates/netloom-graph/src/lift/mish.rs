//! Mish written out.

use super::Rule;
use super::expression::gated;
use super::rewrite::Found;
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "mish",
    about: "a number times the hyperbolic tangent of its softplus is a mish",
    pattern: "x * Tanh(Softplus(x))",
    find,
};

fn find(source: &Source<'_>, curve: NodeId) -> Option<Found> {
    let (inner, gate) = source.ends(curve).filter(|_| source.kind(curve) == "tanh")?;
    let softplus = source.made_by(inner, "softplus")?;
    let (x, _) = source.ends(softplus)?;
    let (outside, result) = gated(source, gate, x, 1.0)?;
    let nodes = [softplus, curve].into_iter().chain(outside).collect();
    Some(source.pointwise("mish", nodes, (x, result), &[]))
}

//! GELU with a sigmoid in place of the normal distribution.

use super::Rule;
use super::expression::{gated, polynomial, variables};
use super::rewrite::Found;
use super::source::{Source, close};
use crate::{Attribute, NodeId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "quick_gelu",
    about: "a number times the sigmoid of 1.702 times itself is a quick GELU",
    pattern: "x * Sigmoid(1.702 * x)",
    find,
};

fn find(source: &Source<'_>, curve: NodeId) -> Option<Found> {
    let (inner, gate) = source.ends(curve).filter(|_| source.kind(curve) == "sigmoid")?;
    variables(source, inner).into_iter().find_map(|x| {
        let (line, inside) = polynomial(source, inner, x)?;
        let same = line.iter().zip([0.0, 1.702, 0.0, 0.0]).all(|(a, b)| close(*a, b));
        let (outside, result) = gated(source, gate, x, 1.0).filter(|_| same)?;
        let nodes: Vec<NodeId> = inside.into_iter().chain([curve]).chain(outside).collect();
        let settings = [("approximate", Attribute::String("sigmoid".to_owned()))];
        Some(source.pointwise("gelu", nodes, (x, result), &settings))
    })
}

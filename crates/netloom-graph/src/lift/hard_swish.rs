//! Hard swish written out.

use super::Rule;
use super::expression::{gated, polynomial, variables};
use super::hard_sigmoid::bounds;
use super::rewrite::Found;
use super::source::{Source, close};
use crate::{NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "hard_swish",
    about: "a number times its own hard sigmoid is a hard swish",
    pattern: "x * HardSigmoid(x, 1/6, 1/2) | x * Clip(x + 3, 0, 6) / 6",
    find,
};

fn find(source: &Source<'_>, curve: NodeId) -> Option<Found> {
    let (inner, gate) = source.ends(curve)?;
    match source.kind(curve) {
        "hard_sigmoid" => {
            let setting = |name, otherwise| source.node(curve).attributes.float(name).unwrap_or(otherwise);
            let same = close(setting("alpha", 0.2), 1.0 / 6.0) && close(setting("beta", 0.5), 0.5);
            product(source, (inner, gate), vec![curve], 1.0).filter(|_| same)
        }
        "clip" | "relu6" => {
            let (least, most) = bounds(source, curve)?;
            if least != 0.0 || !close(most, 6.0) {
                return None;
            }
            variables(source, inner).into_iter().find_map(|x| {
                let (line, mut nodes) = polynomial(source, inner, x)?;
                let same = line.iter().zip([3.0, 1.0, 0.0, 0.0]).all(|(a, b)| close(*a, b));
                nodes.push(curve);
                product(source, (x, gate), nodes, 1.0 / 6.0).filter(|_| same)
            })
        }
        _ => None,
    }
}

fn product(
    source: &Source<'_>,
    (x, gate): (TensorId, TensorId),
    mut nodes: Vec<NodeId>,
    expected: f64,
) -> Option<Found> {
    let (outside, result) = gated(source, gate, x, expected)?;
    nodes.extend(outside);
    Some(source.pointwise("hard_swish", nodes, (x, result), &[]))
}

//! GELU written out, exactly or with a hyperbolic tangent.

use super::Rule;
use super::expression::{gated, polynomial, variables};
use super::rewrite::Found;
use super::source::{Source, close};
use crate::{Attribute, NodeId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "gelu",
    about: "a number times the chance that a normal draw lies below it is a GELU",
    pattern: "0.5 * x * (1 + Erf(x / sqrt(2))) | 0.5 * x * (1 + Tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))",
    find,
};

/// The square root of 2 / pi.
const ROOT: f64 = 0.797_884_560_802_865_4;

/// The factor of the cube in the approximation of Hendrycks and Gimpel.
const CUBE: f64 = 0.044_715;

fn find(source: &Source<'_>, curve: NodeId) -> Option<Found> {
    let (inner, bent) = source.ends(curve)?;
    let (expected, approximate) = match source.kind(curve) {
        "erf" => ([0.0, std::f64::consts::FRAC_1_SQRT_2, 0.0, 0.0], "none"),
        "tanh" => ([0.0, ROOT, 0.0, ROOT * CUBE], "tanh"),
        _ => return None,
    };
    let plus = source.only_reader(bent).filter(|n| source.kind(*n) == "add")?;
    let one = source.number(source.beside(plus, bent)?)?;
    if !close(one, 1.0) {
        return None;
    }
    variables(source, inner).into_iter().find_map(|x| {
        let (line, inside) = polynomial(source, inner, x)?;
        let same = line.iter().zip(expected).all(|(a, b)| close(*a, b));
        let sum = source.node(plus).output(0)?;
        let (outside, result) = gated(source, sum, x, 0.5).filter(|_| same)?;
        let nodes: Vec<NodeId> = inside.into_iter().chain([curve, plus]).chain(outside).collect();
        let settings = [("approximate", Attribute::String(approximate.to_owned()))];
        Some(source.pointwise("gelu", nodes, (x, result), &settings))
    })
}

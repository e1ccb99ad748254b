//! Vectors divided by their own length.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::{Attribute, NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "lp_norm",
    about: "vectors divided by their own length, kept from zero, are normalised to length 1",
    pattern: "x / Expand(Max(ReduceL2(x), eps)) | x / (ReduceL2(x) + eps) | x / Sqrt(ReduceSum(x ^ 2))",
    find,
};

/// The most operators between a length and the division by it.
const MAX_STEPS: usize = 4;

fn find(source: &Source<'_>, length: NodeId) -> Option<Found> {
    let (read, mut at) = source.ends(length)?;
    let (p, x, mut nodes, mut is_squared) = match source.node(length).op.as_str() {
        "ReduceL2" => (2, read, vec![length], false),
        "ReduceL1" => (1, read, vec![length], false),
        "ReduceSum" => {
            let square = source.maker(read)?;
            (2, squared(source, square)?, vec![square, length], true)
        }
        _ => return None,
    };
    let axes = source.axes(length).filter(|a| a.len() == 1)?;
    if source.node(length).attributes.int("keepdims").unwrap_or(1) == 0 {
        return None;
    }
    for _ in 0..MAX_STEPS {
        let next = source.only_reader(at)?;
        let made = source.node(next).output(0)?;
        nodes.push(next);
        match source.kind(next) {
            "sqrt" if is_squared => is_squared = false,
            "pow" if is_squared && power(source, next) == Some(0.5) => is_squared = false,
            "div" if !is_squared && source.pair(next) == Some((x, at)) => {
                let mut core = nodes.clone();
                core.sort_unstable();
                let mut node = source.lifted("lp_norm", &core, &[Some(x)], made);
                node.attributes.set("p", Attribute::Int(p));
                node.attributes.set("axis", Attribute::Int(i64::try_from(axes[0]).ok()?));
                return Some(Found { nodes, becomes: Becomes::Node(Box::new(node)) });
            }
            "max" | "add" if source.number(source.beside(next, at)?).is_some() => {}
            "clip" if source.node(next).input(0) == Some(at) => {}
            "expand" if source.node(next).input(0) == Some(at) => {}
            _ => return None,
        }
        at = made;
    }
    None
}

/// What a node squares.
fn squared(source: &Source<'_>, square: NodeId) -> Option<TensorId> {
    match source.kind(square) {
        "pow" if power(source, square) == Some(2.0) => source.node(square).input(0),
        "mul" => source.pair(square).filter(|(a, b)| a == b).map(|(a, _)| a),
        _ => None,
    }
}

/// The fixed exponent of a power.
fn power(source: &Source<'_>, pow: NodeId) -> Option<f64> {
    source.number(source.node(pow).input(1)?)
}

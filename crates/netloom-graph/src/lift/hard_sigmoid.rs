//! Hard sigmoid written out.

use super::Rule;
use super::expression::{polynomial, variables};
use super::rewrite::Found;
use super::source::{Source, close};
use crate::{Attribute, NodeId, TensorId};

/// The slopes that frameworks give a hard sigmoid: PyTorch and Keras 3, Keras before.
const SLOPES: [f64; 2] = [1.0 / 6.0, 0.2];

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "hard_sigmoid",
    about: "a line cut off at zero and one is a hard sigmoid",
    pattern: "Clip(x + 3, 0, 6) / 6 | Clip(x, 0, 6) / 6 | Clip(x / 6 + 1/2, 0, 1)",
    find,
};

fn find(source: &Source<'_>, cut: NodeId) -> Option<Found> {
    let (inner, result) = source.ends(cut)?;
    let (_, most) = bounds(source, cut).filter(|(least, most)| *least == 0.0 && *most > 0.0)?;
    let (nodes, result) = if close(most, 1.0) {
        (vec![cut], result)
    } else {
        let (product, factor) = factor(source, result)?;
        if !close(factor * most, 1.0) {
            return None;
        }
        (vec![cut, product], source.node(product).output(0)?)
    };
    let line = |x: TensorId| {
        let (line, inside) = polynomial(source, inner, x)?;
        let [beta, alpha, ..] = line.map(|c| c / most);
        line[2..].iter().all(|c| *c == 0.0).then_some((x, alpha, beta, inside))
    };
    let is_known = |alpha: f64, beta: f64| close(beta, 0.5) && SLOPES.iter().any(|s| close(alpha, *s));
    let found = variables(source, inner).into_iter().filter_map(line).find(|(_, a, b, _)| is_known(*a, *b));
    // Converters add the three to the bias of the layer before.
    let (x, alpha, beta, inside) = match found {
        Some(found) => found,
        None if close(most, 6.0) => (inner, 1.0 / 6.0, 0.0, Vec::new()),
        None => return None,
    };
    let nodes = nodes.into_iter().chain(inside).collect();
    let settings = [("alpha", Attribute::Float(alpha)), ("beta", Attribute::Float(beta))];
    Some(source.pointwise("hard_sigmoid", nodes, (x, result), &settings))
}

/// The least and the most that a node lets through.
pub(super) fn bounds(source: &Source<'_>, cut: NodeId) -> Option<(f64, f64)> {
    let node = source.node(cut);
    match source.kind(cut) {
        "relu6" => Some((0.0, 6.0)),
        "clip" => {
            let bound = |name, input| match node.attributes.float(name) {
                Some(number) => Some(number),
                None => source.number(node.input(input)?),
            };
            Some((bound("min", 1)?, bound("max", 2)?))
        }
        _ => None,
    }
}

/// The only reader of a tensor, where it multiplies it with a number.
fn factor(source: &Source<'_>, tensor: TensorId) -> Option<(NodeId, f64)> {
    let product = source.only_reader(tensor)?;
    let number = source.number(source.beside(product, tensor)?)?;
    match source.kind(product) {
        "mul" => Some((product, number)),
        "div" if source.node(product).input(0) == Some(tensor) => Some((product, 1.0 / number)),
        _ => None,
    }
}

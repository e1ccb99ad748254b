//! Formulas of one variable: polynomials, and products of a gate with the variable.

use super::source::{Source, close};
use crate::{NodeId, TensorId};

/// The highest power that formulas of activations use.
const DEGREE: usize = 3;

/// How deep the operators of one polynomial may nest.
const MAX_DEPTH: usize = 8;

/// The most tensors that are tried as the variable of a formula.
const MAX_VARIABLES: usize = 12;

/// The most factors of one product.
const MAX_FACTORS: usize = 4;

/// Coefficients by power.
pub(super) type Polynomial = [f64; DEGREE + 1];

/// A tensor as a polynomial in `x`, and the nodes that compute it.
pub(super) fn polynomial(
    source: &Source<'_>,
    tensor: TensorId,
    x: TensorId,
) -> Option<(Polynomial, Vec<NodeId>)> {
    let mut nodes = Vec::new();
    let polynomial = read(source, tensor, x, MAX_DEPTH, &mut nodes)?;
    Some((polynomial, nodes))
}

/// Tensors that a formula may be in, nearest first.
pub(super) fn variables(source: &Source<'_>, tensor: TensorId) -> Vec<TensorId> {
    let mut found = vec![tensor];
    let mut at = 0;
    while at < found.len() && found.len() < MAX_VARIABLES {
        let maker = source.maker(found[at]);
        at += 1;
        let Some(maker) = maker.filter(|m| matches!(source.kind(*m), "add" | "sub" | "mul" | "div" | "pow"))
        else {
            continue;
        };
        for input in source.node(maker).inputs.iter().flatten() {
            if source.number(*input).is_none() && !found.contains(input) {
                found.push(*input);
            }
        }
    }
    found
}

/// Follows a gate through products until it has met the variable once and all numbers in front make `expected`: the
/// nodes and the product.
pub(super) fn gated(
    source: &Source<'_>,
    gate: TensorId,
    x: TensorId,
    expected: f64,
) -> Option<(Vec<NodeId>, TensorId)> {
    let mut nodes = Vec::new();
    let (mut factor, mut at, mut met) = (1.0, gate, false);
    for _ in 0..MAX_FACTORS {
        let product = source.only_reader(at)?;
        let other = source.beside(product, at)?;
        match (source.kind(product), source.number(other)) {
            ("mul", Some(number)) => factor *= number,
            ("div", Some(number)) if source.node(product).input(0) == Some(at) && number != 0.0 => {
                factor /= number;
            }
            ("mul", None) if !met => {
                let (line, inner) = polynomial(source, other, x)?;
                if line[0] != 0.0 || line[2..].iter().any(|c| *c != 0.0) {
                    return None;
                }
                factor *= line[1];
                nodes.extend(inner);
                met = true;
            }
            _ => return None,
        }
        nodes.push(product);
        at = source.node(product).output(0)?;
        if met && close(factor, expected) {
            return Some((nodes, at));
        }
    }
    None
}

fn read(
    source: &Source<'_>,
    tensor: TensorId,
    x: TensorId,
    depth: usize,
    nodes: &mut Vec<NodeId>,
) -> Option<Polynomial> {
    if tensor == x {
        return Some([0.0, 1.0, 0.0, 0.0]);
    }
    if let Some(number) = source.number(tensor) {
        return Some([number, 0.0, 0.0, 0.0]);
    }
    let depth = depth.checked_sub(1)?;
    let maker = source.maker(tensor)?;
    let (a, b) = source.pair(maker)?;
    let kind = source.kind(maker);
    if !matches!(kind, "add" | "sub" | "mul" | "div" | "pow") {
        return None;
    }
    let a = read(source, a, x, depth, nodes)?;
    let b = read(source, b, x, depth, nodes)?;
    let constant = b[1..].iter().all(|c| *c == 0.0).then_some(b[0]);
    let result = match kind {
        "add" => std::array::from_fn(|i| a[i] + b[i]),
        "sub" => std::array::from_fn(|i| a[i] - b[i]),
        "mul" => times(&a, &b)?,
        "div" => constant.filter(|c| *c != 0.0).map(|c| a.map(|k| k / c))?,
        _ => match constant? {
            2.0 => times(&a, &a)?,
            3.0 => times(&times(&a, &a)?, &a)?,
            _ => return None,
        },
    };
    nodes.push(maker);
    Some(result)
}

fn times(a: &Polynomial, b: &Polynomial) -> Option<Polynomial> {
    let mut out = [0.0; DEGREE + 1];
    for (i, p) in a.iter().enumerate() {
        for (j, q) in b.iter().enumerate() {
            if p * q != 0.0 {
                *out.get_mut(i + j)? += p * q;
            }
        }
    }
    Some(out)
}

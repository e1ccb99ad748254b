//! Products of queries with keys and of weights with values, by matrices or by letters.

use crate::lift::source::Source;
use crate::{NodeId, TensorId};

/// Where an operand has its features and its positions, counted from its last dimension, which is 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Sides {
    pub features: usize,
    pub positions: usize,
}

const ROWS: Sides = Sides { features: 1, positions: 2 };
const COLUMNS: Sides = Sides { features: 2, positions: 1 };

/// A product of queries and keys.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct OfKeys {
    pub node: NodeId,
    pub queries: (TensorId, Sides),
    pub keys: (TensorId, Sides),
    /// A factor that the product itself applies.
    pub factor: f64,
    /// Whether heads stand in the same dimensions of both operands, as in products of matrices.
    pub is_aligned: bool,
}

/// A product of weights and values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct OfValues {
    pub node: NodeId,
    pub values: (TensorId, Sides),
    /// Where the result has its features, counted from its last dimension.
    pub features: usize,
    /// As for keys.
    pub is_aligned: bool,
}

/// A product whose result has a row for each query and a column for each key.
pub(super) fn of_keys(source: &Source<'_>, node: NodeId) -> Option<OfKeys> {
    let (q, k) = source.pair(node)?;
    let operator = source.node(node);
    let is_set = |name: &str| operator.attributes.int(name).is_some_and(|n| n != 0);
    let matrices = |keys: Sides, factor: f64| OfKeys {
        node,
        queries: (q, ROWS),
        keys: (k, keys),
        factor,
        is_aligned: true,
    };
    match source.kind(node) {
        "matmul" => Some(matrices(COLUMNS, 1.0)),
        "fused_matmul" if !is_set("transA") && !is_set("transBatchA") && !is_set("transBatchB") => {
            let keys = if is_set("transB") { ROWS } else { COLUMNS };
            Some(matrices(keys, operator.attributes.float("alpha").unwrap_or(1.0)))
        }
        "einsum" => {
            let [a, b, out] = letters(source, node)?;
            let &[.., query, key] = out.as_slice() else { return None };
            let feature = shared(&a, &b, &out)?;
            // Either operand may hold the queries.
            let (queries, keys, first, second) =
                if a.contains(&query) { (q, k, &a, &b) } else { (k, q, &b, &a) };
            let apart = !first.contains(&key) && !second.contains(&query);
            let sides = |term: &[char], position| {
                Some(Sides { features: place(term, feature)?, positions: place(term, position)? })
            };
            let found = OfKeys {
                node,
                queries: (queries, sides(first, query)?),
                keys: (keys, sides(second, key)?),
                factor: 1.0,
                is_aligned: false,
            };
            apart.then_some(found)
        }
        _ => None,
    }
}

/// A product that mixes values by weights, which have a row for each query, or with `turned` a column.
pub(super) fn of_values(
    source: &Source<'_>,
    node: NodeId,
    weights: TensorId,
    turned: bool,
) -> Option<OfValues> {
    let (a, b) = source.pair(node).filter(|(a, b)| a != b)?;
    match source.kind(node) {
        "matmul" | "fused_matmul" => {
            of_keys(source, node).filter(|p| p.keys.1 == COLUMNS && p.factor.to_bits() == 1f64.to_bits())?;
            let (used, values, sides) = if turned { (b, a, COLUMNS) } else { (a, b, ROWS) };
            let found =
                OfValues { node, values: (values, sides), features: sides.features, is_aligned: true };
            (used == weights).then_some(found)
        }
        "einsum" if !turned => {
            let [first, second, out] = letters(source, node)?;
            let (table, held, values) =
                if a == weights { (&first, &second, b) } else { (&second, &first, a) };
            let &[.., query, key] = table.as_slice() else { return None };
            let mut own = out.iter().filter(|l| held.contains(l) && !table.contains(l));
            let feature = *own.next().filter(|_| own.next().is_none())?;
            let fits = (a == weights || b == weights)
                && shared(&first, &second, &out) == Some(key)
                && out.contains(&query)
                && !held.contains(&query);
            let sides = Sides { features: place(held, feature)?, positions: place(held, key)? };
            let found = OfValues {
                node,
                values: (values, sides),
                features: place(&out, feature)?,
                is_aligned: false,
            };
            fits.then_some(found)
        }
        _ => None,
    }
}

/// The only letter that both operands have and the result has not.
fn shared(a: &[char], b: &[char], out: &[char]) -> Option<char> {
    let gone = |l: &&char| !out.contains(l);
    let mut both = a.iter().filter(gone).filter(|l| b.contains(l));
    let found = *both.next()?;
    let all = a.iter().chain(b).filter(gone).all(|l| *l == found);
    (all && both.next().is_none()).then_some(found)
}

fn place(term: &[char], letter: char) -> Option<usize> {
    term.iter().rev().position(|l| *l == letter).map(|at| at + 1)
}

/// The letters of both operands and of the result of an equation without dots and repeats.
fn letters(source: &Source<'_>, node: NodeId) -> Option<[Vec<char>; 3]> {
    let equation: String = source.node(node).attributes.string("equation")?.split_whitespace().collect();
    let (left, out) = equation.split_once("->")?;
    let (a, b) = left.split_once(',')?;
    let term = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        let once = letters.iter().enumerate().all(|(i, l)| l.is_alphabetic() && !letters[..i].contains(l));
        once.then_some(letters)
    };
    Some([term(a)?, term(b)?, term(out)?])
}

//! What stands between the product of queries and keys and the product of weights and values.

use super::operand::{is_float_cast, scaled};
use super::product::{OfKeys, OfValues, of_keys, of_values};
use crate::lift::source::{Source, rearranges};
use crate::{Dim, NodeId, TensorId};

/// The most operators between the product of queries and keys and its softmax.
const MAX_SCORES: usize = 12;

/// The most operators between a softmax and the product of weights and values.
const MAX_WEIGHTS: usize = 6;

/// Scores lower than this hide a position.
pub(super) const HIDDEN: f64 = -50.0;

/// From the product of queries and keys to the softmax.
pub(super) struct Scores {
    pub product: OfKeys,
    pub nodes: Vec<NodeId>,
    /// What is added to the scores, or says where they are hidden, last first, and by which operator.
    pub added: Vec<(TensorId, NodeId)>,
    /// The numbers that scale the scores, and whether each multiplies.
    pub numbers: Vec<(TensorId, bool)>,
    /// A learned factor for each head.
    pub gain: Option<TensorId>,
    /// The bound of scores that a tanh keeps within it.
    pub cap: Option<f64>,
}

/// From the input of a softmax back to the product of queries and keys.
pub(super) fn scores(source: &Source<'_>, into: TensorId) -> Option<Scores> {
    let (mut nodes, mut added, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cap, mut gain) = (None, None);
    let mut at = into;
    for _ in 0..=MAX_SCORES {
        let maker = source.maker(at)?;
        if let Some(product) = of_keys(source, maker) {
            return Some(Scores { product, nodes, added, numbers, gain, cap });
        }
        let inner = match source.kind(maker) {
            "mul" | "div" => match capped(source, maker) {
                Some((inside, bound, inner)) if cap.is_none() && numbers.is_empty() => {
                    nodes.extend(inside);
                    cap = Some(bound);
                    inner
                }
                _ => match (scaled(source, maker), factor_of_heads(source, maker)) {
                    (Some((inner, number)), _) => {
                        numbers.push(number);
                        inner
                    }
                    (None, Some((inner, factor))) if gain.is_none() => {
                        gain = Some(factor);
                        inner
                    }
                    _ => return None,
                },
            },
            "add" if numbers.is_empty() && cap.is_none() && gain.is_none() => {
                let (a, b) = source.pair(maker)?;
                let (inner, other) = if leads(source, a, into) { (a, b) } else { (b, a) };
                added.push((other, maker));
                inner
            }
            "where" if numbers.is_empty() && cap.is_none() && gain.is_none() => {
                let [Some(hidden), Some(yes), Some(no)] = source.node(maker).inputs[..] else { return None };
                let (inner, filler) = if source.number(no).is_some() { (yes, no) } else { (no, yes) };
                source.number(filler).filter(|n| *n < HIDDEN)?;
                added.push((hidden, maker));
                inner
            }
            // A floor as low as the lowest number changes no weight.
            "max" => {
                let (a, b) = source.pair(maker)?;
                let floor = |t| source.number(t).is_some_and(|n| n < HIDDEN);
                if floor(b) { a } else { Some(b).filter(|_| floor(a))? }
            }
            "cast" if is_float_cast(source, maker) => source.node(maker).input(0)?,
            _ if keeps_tables(source, maker) => source.node(maker).input(0)?,
            _ => return None,
        };
        nodes.push(maker);
        at = inner;
    }
    None
}

/// Whether an operator regroups examples and heads, and leaves queries and keys where they are.
fn keeps_tables(source: &Source<'_>, id: NodeId) -> bool {
    let ends = source.ends(id).and_then(|(a, b)| Some((source.dims(a)?, source.dims(b)?)));
    let table = |dims: &[Dim]| dims.len().checked_sub(2).map(|at| dims[at..].to_vec());
    rearranges(source.node(id))
        && source.kind(id) != "transpose"
        && ends.is_some_and(|(a, b)| {
            table(a).is_some()
                && table(a) == table(b)
                && table(a).is_some_and(|t| t.iter().all(|d| !d.is_unknown()))
        })
}

/// Whether a tensor is the scores rather than what is added to them.
fn leads(source: &Source<'_>, tensor: TensorId, into: TensorId) -> bool {
    let mut at = tensor;
    for _ in 0..MAX_SCORES {
        let Some(maker) = source.maker(at) else { return false };
        let inner = match source.kind(maker) {
            "matmul" | "fused_matmul" | "einsum" => {
                return source.shape(at).elements() == source.shape(into).elements();
            }
            "mul" | "div" => match capped(source, maker) {
                Some((_, _, inner)) => Some(inner),
                None => scaled(source, maker)
                    .map(|(inner, _)| inner)
                    .or_else(|| factor_of_heads(source, maker).map(|(inner, _)| inner)),
            },
            "add" => source.pair(maker).map(|(a, b)| if source.shape(a) == source.shape(at) { a } else { b }),
            "cast" => source.node(maker).input(0),
            _ if rearranges(source.node(maker)) => source.node(maker).input(0),
            _ => None,
        };
        let Some(inner) = inner else { return false };
        at = inner;
    }
    false
}

/// `Tanh(x / c) * c`: its other nodes, `c` and `x`.
fn capped(source: &Source<'_>, id: NodeId) -> Option<(Vec<NodeId>, f64, TensorId)> {
    let (bent, (number, true)) = scaled(source, id)? else { return None };
    let tanh = source.made_by(bent, "tanh")?;
    let below =
        source.maker(source.node(tanh).input(0)?).filter(|n| matches!(source.kind(*n), "mul" | "div"))?;
    let (inner, (by, times)) = scaled(source, below)?;
    let (bound, by) = (source.fixed(number)?, source.fixed(by)?);
    let same = crate::lift::source::close(bound, if times { 1.0 / by } else { by });
    same.then(|| (vec![tanh, below], bound, inner))
}

/// Scores times a factor for each head that no run of the model changes: the scores and the factor.
fn factor_of_heads(source: &Source<'_>, id: NodeId) -> Option<(TensorId, TensorId)> {
    let (a, b) = source.pair(id).filter(|_| source.kind(id) == "mul")?;
    let result = source.node(id).output(0)?;
    let is_factor = |t: TensorId| {
        let ones =
            matches!(source.dims(t), Some([.., _, p, k]) if *p == Dim::Known(1) && *k == Dim::Known(1));
        ones && source.is_fixed(t)
    };
    [(a, b), (b, a)].into_iter().find(|(s, f)| is_factor(*f) && source.shape(*s) == source.shape(result))
}

/// From a softmax to the product of weights and values.
pub(super) struct Weights {
    pub product: OfValues,
    pub nodes: Vec<NodeId>,
}

/// From the output of a softmax to the product of weights and values.
pub(super) fn weights(source: &Source<'_>, softmax: NodeId) -> Option<Weights> {
    let mut at = source.node(softmax).output(0)?;
    let (mut nodes, mut turned) = (Vec::new(), false);
    for _ in 0..=MAX_WEIGHTS {
        if let Some((guards, to)) = guarded(source, at) {
            nodes.extend(guards);
            at = to;
            continue;
        }
        let reader = source.only_reader(at)?;
        if let Some(product) = of_values(source, reader, at, turned) {
            return Some(Weights { product, nodes });
        }
        match source.kind(reader) {
            "cast" if is_float_cast(source, reader) => {}
            "transpose" if !turned && swaps_last(source, reader) => turned = true,
            _ if keeps_tables(source, reader) => {}
            _ => return None,
        }
        nodes.push(reader);
        at = source.node(reader).output(0)?;
    }
    None
}

/// Whether a transposition swaps the last two dimensions and no other.
pub(super) fn swaps_last(source: &Source<'_>, id: NodeId) -> bool {
    let rank = source.node(id).input(0).and_then(|x| source.shape(x).rank());
    let Some(n) = rank.and_then(|r| i64::try_from(r).ok()).filter(|n| *n >= 2) else { return false };
    let swapped: Vec<i64> = (0..n - 2).chain([n - 1, n - 2]).collect();
    source.node(id).attributes.ints("perm") == Some(swapped.as_slice())
}

/// Weights of rows without any visible position set to 0: `Where(IsNaN(w), 0, w)`.
fn guarded(source: &Source<'_>, weights: TensorId) -> Option<(Vec<NodeId>, TensorId)> {
    let mut readers: Vec<NodeId> = source.readers(weights).collect();
    readers.sort_unstable();
    readers.dedup();
    let &[a, b] = readers.as_slice() else { return None };
    let (test, choice) = if source.kind(a) == "is_nan" { (a, b) } else { (b, a) };
    let is_guard = source.kind(test) == "is_nan" && source.kind(choice) == "where";
    let [Some(hidden), Some(zero), Some(kept)] = source.node(choice).inputs[..] else { return None };
    let fits = is_guard
        && !source.is_result(weights)
        && source.node(test).output(0) == Some(hidden)
        && source.number(zero) == Some(0.0)
        && kept == weights;
    fits.then(|| Some((vec![test, choice], source.node(choice).output(0)?))).flatten()
}

//! Scaled dot-product attention in any dressing of reshapes and transposes.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::{Source, rearranges};
use crate::{Attribute, Dim, NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "attention",
    about: "a softmax of scaled products of queries and keys, times values, is an attention",
    pattern: "MatMul(Softmax(MatMul(q, k) * scale + mask), v), with q, k, v and the result reshaped and transposed",
    find,
};

/// The most operators that dress one operand or the result.
const MAX_DRESSING: usize = 12;

/// The most operators between the product of queries and keys and its softmax.
const MAX_SCORES: usize = 3;

/// Operators that dress an operand, from the product towards the source.
struct Dressed {
    /// Each node with what it reads.
    steps: Vec<(NodeId, TensorId)>,
    bare: TensorId,
}

impl Dressed {
    fn operand(&self) -> TensorId {
        self.steps.last().map_or(self.bare, |(_, t)| *t)
    }
}

/// What stands between the two products.
struct Scores {
    product: NodeId,
    nodes: Vec<NodeId>,
    mask: Option<TensorId>,
    numbers: Vec<TensorId>,
}

fn find(source: &Source<'_>, softmax: NodeId) -> Option<Found> {
    if source.kind(softmax) != "softmax" || source.node(softmax).op != "Softmax" {
        return None;
    }
    let (into, weights) = source.ends(softmax)?;
    let rank = source.shape(weights).rank().filter(|r| (2..=4).contains(r))?;
    // Before operator set 13 the default axis was 1, and all later ones were taken with it.
    let default = if source.node(softmax).opset >= 13 { -1 } else { 1 };
    let axis = source.node(softmax).attributes.int("axis").unwrap_or(default);
    if crate::infer::normal_axis(axis, rank).ok()? + 1 != rank {
        return None;
    }
    let scores = scores(source, into)?;
    let gather = source.only_reader(weights).filter(|n| source.kind(*n) == "matmul")?;
    let (left, v) = source.pair(gather)?;
    if left != weights {
        return None;
    }
    let (q, k) = source.pair(scores.product)?;
    let mixed = source.node(gather).output(0)?;
    let heads = match source.dims(weights)? {
        [_, heads, _, _] => heads.as_known(),
        [_, _] => Some(1),
        _ => None,
    };
    let size = source.dims(mixed)?.last()?.as_known();
    let q_size = source.dims(q)?.last()?.as_known();
    let core = [scores.product, softmax, gather];
    let mut numbers = scores.numbers;
    let mut operands =
        [(q, q_size), (k, q_size), (v, size)].map(|(t, s)| undress(source, t, width(heads, s), &mut numbers));
    let results = dressed_result(source, mixed, width(heads, size));
    let inner: Vec<NodeId> =
        core.iter().chain(&scores.nodes).copied().chain(results.iter().map(|(n, _)| *n)).collect();
    let group = settle(source, &inner, &mut operands, &numbers);
    let result = results.last().map_or(mixed, |(_, t)| *t);
    let [q, k, v] = &operands;
    let mut inputs = vec![Some(q.operand()), Some(k.operand()), Some(v.operand())];
    inputs.extend(scores.mask.map(Some));
    let mut node = source.lifted("attention", &core, &inputs, result);
    let mut set = |name: &str, value: Option<i64>| {
        if let Some(value) = value {
            node.attributes.set(name, Attribute::Int(value));
        }
    };
    set("heads", heads);
    set("head_size", q_size.or(size));
    set("macs", source.macs(&group).and_then(|n| i64::try_from(n).ok()));
    Some(Found { nodes: group, becomes: Becomes::Node(Box::new(node)) })
}

/// Numbers that all heads of one position hold together.
fn width(heads: Option<i64>, size: Option<i64>) -> Option<i64> {
    heads.filter(|h| *h > 1)?.checked_mul(size?)
}

/// From the input of a softmax back to the product of queries and keys: scale, then mask.
fn scores(source: &Source<'_>, into: TensorId) -> Option<Scores> {
    let (mut nodes, mut mask, mut numbers) = (Vec::new(), None, Vec::new());
    let mut at = into;
    for _ in 0..=MAX_SCORES {
        let maker = source.maker(at)?;
        match source.kind(maker) {
            "matmul" => return Some(Scores { product: maker, nodes, mask, numbers }),
            "mul" | "div" => {
                let (inner, number) = scaled(source, maker)?;
                numbers.push(number);
                at = inner;
            }
            "add" if mask.is_none() && numbers.is_empty() => {
                let (a, b) = source.pair(maker)?;
                let leads = |t: TensorId| {
                    source.maker(t).is_some_and(|m| matches!(source.kind(m), "matmul" | "mul" | "div"))
                        && source.shape(t) == source.shape(into)
                };
                let (inner, other) = if leads(a) { (a, b) } else { (b, a) };
                (mask, at) = (Some(other), inner);
            }
            "where" if mask.is_none() && numbers.is_empty() => {
                let [Some(hidden), Some(yes), Some(no)] = source.node(maker).inputs[..] else { return None };
                let (inner, filler) = if source.number(no).is_some() { (yes, no) } else { (no, yes) };
                source.number(filler)?;
                (mask, at) = (Some(hidden), inner);
            }
            _ => return None,
        }
        nodes.push(maker);
    }
    None
}

/// A tensor times or over a fixed number: the tensor and the number.
fn scaled(source: &Source<'_>, id: NodeId) -> Option<(TensorId, TensorId)> {
    let (a, b) = source.pair(id)?;
    if source.is_fixed_number(b) {
        return Some((a, b));
    }
    (source.kind(id) == "mul" && source.is_fixed_number(a)).then_some((b, a))
}

/// Walks from an operand of a product back over what only rearranges or scales it, up to the first tensor that holds
/// all heads of a position side by side.
fn undress(source: &Source<'_>, bare: TensorId, width: Option<i64>, numbers: &mut Vec<TensorId>) -> Dressed {
    let mut steps = Vec::new();
    let mut at = bare;
    while steps.len() < MAX_DRESSING {
        let whole = source.dims(at).and_then(<[Dim]>::last).and_then(Dim::as_known);
        let Some(maker) = source.maker(at).filter(|_| width.is_none() || whole != width) else { break };
        let from = match source.kind(maker) {
            "mul" | "div" => scaled(source, maker).map(|(t, number)| {
                numbers.push(number);
                t
            }),
            _ if rearranges(source.node(maker)) => source.node(maker).input(0),
            _ => None,
        };
        let Some(from) = from else { break };
        steps.push((maker, from));
        at = from;
    }
    Dressed { steps, bare }
}

/// What puts the heads of the result side by side again, if it comes to that.
fn dressed_result(source: &Source<'_>, mixed: TensorId, width: Option<i64>) -> Vec<(NodeId, TensorId)> {
    let mut steps = Vec::new();
    let mut at = mixed;
    while let Some(width) = width.filter(|_| steps.len() < MAX_DRESSING) {
        let Some(reader) = source.only_reader(at).filter(|n| rearranges(source.node(*n))) else { break };
        let Some((_, to)) = source.ends(reader).filter(|(from, _)| *from == at) else { break };
        steps.push((reader, to));
        if source.dims(to).and_then(<[Dim]>::last).and_then(Dim::as_known) == Some(width) {
            return steps;
        }
        at = to;
    }
    Vec::new()
}

/// Cuts dressings where something else reads what flows inside, until all that is left is private to the group.
fn settle(
    source: &Source<'_>,
    inner: &[NodeId],
    operands: &mut [Dressed; 3],
    numbers: &[TensorId],
) -> Vec<NodeId> {
    loop {
        let steps = operands.iter().flat_map(|o| o.steps.iter().map(|(n, _)| *n));
        let nodes: Vec<NodeId> = inner.iter().copied().chain(steps).collect();
        let group = source.with_feeders(&nodes, numbers);
        let mut cut = false;
        for operand in operands.iter_mut() {
            let mut at = operand.bare;
            let public = operand.steps.iter().position(|(_, from)| {
                let read_here = source.is_private(&group, at);
                at = *from;
                !read_here
            });
            if let Some(public) = public {
                operand.steps.truncate(public);
                cut = true;
            }
        }
        if !cut {
            return group;
        }
    }
}

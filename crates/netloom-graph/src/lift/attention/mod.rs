//! Scaled dot-product attention in any dressing.

mod added;
mod axes;
mod causal;
mod claims;
mod operand;
mod product;
mod scores;
#[cfg(test)]
mod tests;

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::{Source, close, rearranges};
use crate::layers::attention as row;
use crate::{Attribute, Dim, NodeId, TensorId};
use added::{Added, mask_steps};
pub(super) use causal::is_causal;
use claims::{Between, Heads, Trace, between, trace, window};
use operand::{Operand, settle, step, undress};
use scores::{scores, weights};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "attention",
    about: "a softmax of scaled products of queries and keys, times values, is an attention",
    pattern: "MatMul(Softmax(MatMul(q, k) * scale + bias + mask), v), where q, k, v may be parts of one tensor, turned \
              by a rotary embedding, shared by several heads, reshaped and transposed, and the result too",
    find,
};

/// The most operators that dress the result.
const MAX_DRESSING: usize = 12;

fn find(source: &Source<'_>, softmax: NodeId) -> Option<Found> {
    if source.kind(softmax) != "softmax" || source.node(softmax).op != "Softmax" {
        return None;
    }
    let (into, out) = source.ends(softmax)?;
    let rank = source.shape(out).rank().filter(|r| *r >= 2)?;
    // Before operator set 13 the default axis was 1, and all later ones were taken with it.
    let default = if source.node(softmax).opset >= 13 { -1 } else { 1 };
    let axis = source.node(softmax).attributes.int("axis").unwrap_or(default);
    if crate::infer::normal_axis(axis, rank).ok()? + 1 != rank {
        return None;
    }
    let scores = scores(source, into)?;
    let weights = weights(source, softmax)?;
    let (of_keys, of_values) = (scores.product, weights.product);
    let ((q, q_sides), (k, k_sides), (v, v_sides)) = (of_keys.queries, of_keys.keys, of_values.values);
    let mixed = source.node(of_values.node).output(0)?;
    let traces = [q, k, v].map(|t| trace(source, t));
    let places = traces[0].places(q_sides).filter(|_| of_keys.is_aligned && of_values.is_aligned);
    let rank = source.shape(q).rank()?;
    // Operands of a product have heads where its other operand has them.
    let beside = |i: usize| traces[i].heads_in(places.as_ref()?, rank);
    let heads = [
        traces[0].heads(q_sides),
        traces[1].heads(k_sides).or_else(|| beside(1)),
        traces[2].heads(v_sides).or_else(|| beside(2)),
    ];
    let size = |t: TensorId, from_end: usize| source.dims(t)?.iter().rev().nth(from_end - 1)?.as_known();
    let (q_size, v_size) = (size(q, q_sides.features), size(mixed, of_values.features));
    let counts = agreed(heads);

    let core = [of_keys.node, softmax, of_values.node];
    let results = dressed_result(source, mixed, counts.map(|(n, _)| n).zip(v_size));
    let inner: Vec<NodeId> = core
        .iter()
        .chain(&scores.nodes)
        .chain(&weights.nodes)
        .copied()
        .chain(results.iter().map(|(n, _)| *n))
        .collect();
    let numbers: Vec<TensorId> = scores.numbers.iter().map(|(t, _)| *t).collect();
    let added = Added::of(source, &scores);
    let mut operands: Vec<Operand> = [q, k, v].map(|t| undress(source, t)).into();
    operands.extend(added.masks.iter().map(|t| Operand { bare: *t, steps: mask_steps(source, *t) }));
    let group = settle_evenly(source, &inner, &mut operands, &numbers);
    let result = results.last().map_or(mixed, |(_, t)| *t);

    let mut inputs: Vec<Option<TensorId>> = operands[..3].iter().map(|o| Some(o.base())).collect();
    inputs.resize(row::MASKS, None);
    for (i, mask) in operands[3..].iter().enumerate() {
        let at = if i == 0 { row::MASK } else { inputs.len() };
        inputs.resize(inputs.len().max(at + 1), None);
        inputs[at] = Some(mask.base());
    }
    inputs[row::BIAS] = added.bias;
    inputs[row::GAIN] = scores.gain;
    let turned = turned(source, &operands);
    if let Some((cos, sin, _)) = turned {
        (inputs[row::COS], inputs[row::SIN]) = (Some(cos), Some(sin));
    }
    while inputs.last() == Some(&None) {
        inputs.pop();
    }
    let mut node = source.lifted("attention", &core, &inputs, result);
    let mut set = |name: &str, value: Option<i64>| {
        if let Some(value) = value {
            node.attributes.set(name, Attribute::Int(value));
        }
    };
    set("heads", counts.map(|(n, _)| n));
    set("kv_heads", counts.filter(|(q, kv)| q != kv).map(|(_, n)| n));
    set("head_size", q_size.or(v_size));
    set("macs", source.macs(&group).and_then(|n| i64::try_from(n).ok()));
    set("rotary", turned.map(|(_, _, pairs)| if pairs { 2 } else { 1 }));
    let streams = [0, 1, 2].map(|i: usize| traces[i].stream);
    set("cross", (between(source, streams) == Between::Other).then_some(1));
    set("self", (between(source, streams) == Between::Own).then_some(1));
    let is_causal =
        scores.nodes.iter().any(|n| source.kind(*n) == "where" && causal::chooses_past(source, *n))
            || added.masks.iter().chain(&added.bias).any(|t| is_causal(source, *t));
    set("causal", is_causal.then_some(1));
    set("packed", packed(&operands).then_some(1));
    // A learned factor leaves nothing to tell of the others.
    let scale = scale(source, &scores.numbers, &operands).map(|s| s * of_keys.factor);
    let scale = scale.filter(|_| scores.gain.is_none());
    if let (Some(scale), Some(size)) = (scale, q_size)
        && !is_root(scale, size)
    {
        node.attributes.set("scale", Attribute::Float(scale));
    }
    let cosine = |o: &Operand| source.made_by(o.base(), "lp_norm").is_some();
    set_flag(&mut node, "cosine", cosine(&operands[0]) && cosine(&operands[1]));
    if let Some(cap) = scores.cap {
        node.attributes.set("softcap", Attribute::Float(cap));
    }
    if let Some(sizes) = windows(source, &traces) {
        node.attributes.set("window", Attribute::Int(1));
        node.attributes.set("window_size", Attribute::Ints(sizes));
    }
    Some(Found { nodes: group, becomes: Becomes::Node(Box::new(node)) })
}

/// How many heads queries have, and how many keys and values, where all three agree.
fn agreed([q, k, v]: [Option<Heads>; 3]) -> Option<(i64, i64)> {
    let (q, k, v) = (q?, k?, v?);
    let fits = k == v && q.shared == 1 && (k.count * k.shared == q.count || k.count == 1);
    (fits && q.count % k.count == 0).then_some((q.count, k.count))
}

#[expect(clippy::cast_precision_loss, reason = "heads are narrow")]
fn is_root(scale: f64, size: i64) -> bool {
    close(scale, 1.0 / (size as f64).sqrt())
}

fn set_flag(node: &mut crate::Node, name: &str, is_set: bool) {
    if is_set {
        node.attributes.set(name, Attribute::Int(1));
    }
}

/// Whether a tensor is another one rearranged, scaled or in another precision.
pub(super) fn is_step(source: &Source<'_>, tensor: TensorId) -> bool {
    step(source, tensor).is_some()
}

/// The factor of the scores: all numbers on the way, where all are known.
fn scale(source: &Source<'_>, numbers: &[(TensorId, bool)], operands: &[Operand]) -> Option<f64> {
    let dressing = operands.iter().take(2).flat_map(|o| o.steps.iter().filter_map(|s| s.number));
    let mut all = numbers.iter().copied().chain(dressing);
    all.try_fold(1.0, |scale, (number, times)| {
        let number = source.fixed(number)?;
        Some(if times { scale * number } else { scale / number })
    })
}

/// Settles the group; a rotary embedding is taken in where queries and keys both have it, with the same tables.
fn settle_evenly(
    source: &Source<'_>,
    inner: &[NodeId],
    operands: &mut [Operand],
    numbers: &[TensorId],
) -> Vec<NodeId> {
    let group = settle(source, inner, operands, numbers);
    let uneven =
        turned(source, operands).is_none() && operands.iter().any(|o| o.position(source, "rotary").is_some());
    if !uneven {
        return group;
    }
    for operand in operands.iter_mut() {
        if let Some(at) = operand.position(source, "rotary") {
            operand.steps.truncate(at);
        }
    }
    settle(source, inner, operands, numbers)
}

/// The tables of the rotary embedding that queries and keys both go through, and whether it turns neighbours.
fn turned(source: &Source<'_>, operands: &[Operand]) -> Option<(TensorId, TensorId, bool)> {
    let tables = |operand: &Operand| {
        let at = operand.position(source, "rotary")?;
        let more = operand.steps[at + 1..].iter().any(|s| source.kind(s.node) == "rotary");
        let node = source.node(operand.steps[at].node);
        let root = |input| Some(root(source, node.input(input)?));
        let pairs = node.attributes.int("interleaved") == Some(1);
        Some((root(1)?, root(2)?, pairs)).filter(|_| !more)
    };
    let [q, k, v, ..] = operands else { return None };
    tables(q).filter(|found| tables(k) == Some(*found) && v.position(source, "rotary").is_none())
}

/// A table before it is brought into the form in which it multiplies.
fn root(source: &Source<'_>, table: TensorId) -> TensorId {
    let mut at = table;
    for _ in 0..MAX_DRESSING {
        match step(source, at).filter(|s| rearranges(source.node(s.node)) && source.maker(s.from).is_some()) {
            Some(step) => at = step.from,
            None => break,
        }
    }
    at
}

/// Whether queries, keys and values are parts of one tensor.
fn packed(operands: &[Operand]) -> bool {
    let [q, k, v, ..] = operands else { return false };
    q.base() == k.base() && k.base() == v.base() && !(q.steps.is_empty() && k.steps.is_empty())
}

fn windows(source: &Source<'_>, traces: &[Trace; 3]) -> Option<Vec<i64>> {
    let sizes = window(source, traces[0].stream, traces[0].read);
    sizes.filter(|_| traces.iter().all(|t| t.stream == traces[0].stream && t.read == traces[0].read))
}

/// What puts the heads of the result side by side again, if it comes to that.
fn dressed_result(
    source: &Source<'_>,
    mixed: TensorId,
    heads: Option<(i64, i64)>,
) -> Vec<(NodeId, TensorId)> {
    let Some(width) = heads.filter(|(n, _)| *n > 1).and_then(|(n, size)| n.checked_mul(size)) else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    let mut at = mixed;
    while steps.len() < MAX_DRESSING {
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

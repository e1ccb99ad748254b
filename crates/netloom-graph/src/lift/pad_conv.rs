//! Zeros around data that a convolution then reads.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::layers::channels;
use crate::{Attribute, NodeId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "pad_conv",
    about: "zeros put around the positions that a convolution reads are padding of the convolution",
    pattern: "Conv(Pad(x, 0))",
    find,
};

fn find(source: &Source<'_>, pad: NodeId) -> Option<Found> {
    let node = source.node(pad);
    if source.kind(pad) != "pad" || !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return None;
    }
    let (x, padded) = source.ends(pad)?;
    let rank = source.shape(x).rank()?;
    let around = sizes(source, pad, rank)?;
    let conv = source.only_reader(padded)?;
    let reader = source.node(conv);
    let is_plain = matches!(reader.attributes.string("auto_pad"), None | Some("NOTSET" | "VALID"));
    if source.kind(conv) != "conv" || reader.op != "Conv" || reader.input(0) != Some(padded) || !is_plain {
        return None;
    }
    let first = if channels::are_last(reader) { 1 } else { 2 };
    let positions = first..first + rank.checked_sub(2)?;
    let is_outside = |axis: &usize| !positions.contains(axis);
    if (0..rank).filter(is_outside).any(|axis| around[axis] != (0, 0)) {
        return None;
    }
    let n = positions.len();
    let is_valid = reader.attributes.string("auto_pad") == Some("VALID");
    let own = reader.attributes.ints("pads").filter(|_| !is_valid);
    if own.is_some_and(|own| own.len() != 2 * n) {
        return None;
    }
    let own = |i: usize| own.map_or(0, |own| own[i]);
    let before = (0..n).map(|i| around[first + i].0.checked_add(own(i)));
    let after = (0..n).map(|i| around[first + i].1.checked_add(own(n + i)));
    let pads: Vec<i64> = before.chain(after).collect::<Option<_>>()?;
    let mut node = reader.clone();
    node.inputs[0] = Some(x);
    node.attributes.set("pads", Attribute::Ints(pads));
    node.attributes.set("auto_pad", Attribute::String("NOTSET".to_owned()));
    Some(Found { nodes: vec![pad, conv], becomes: Becomes::Node(Box::new(node)) })
}

/// How many zeros are put before and after along every axis; `None` where something else is put there, or cut.
fn sizes(source: &Source<'_>, pad: NodeId, rank: usize) -> Option<Vec<(i64, i64)>> {
    let node = source.node(pad);
    let filler = match (node.attributes.float("value"), node.input(2)) {
        (Some(value), _) => value,
        (None, Some(value)) => source.number(value)?,
        (None, None) => 0.0,
    };
    if filler != 0.0 || node.attributes.string("mode").is_some_and(|m| m != "constant") {
        return None;
    }
    let stored = |input: usize| source.graph.tensor(node.input(input)?).value.as_ref()?.known_ints();
    let pads = match node.attributes.ints("pads") {
        Some(pads) => pads.to_vec(),
        None => stored(1)?,
    };
    let axes = match node.input(3) {
        Some(_) => stored(3)?,
        None => (0..rank).filter_map(|i| i64::try_from(i).ok()).collect(),
    };
    if pads.len() != 2 * axes.len() || pads.iter().any(|p| *p < 0) {
        return None;
    }
    let mut around = vec![(0, 0); rank];
    for (i, axis) in axes.iter().enumerate() {
        around[crate::infer::normal_axis(*axis, rank).ok()?] = (pads[i], pads[axes.len() + i]);
    }
    Some(around)
}

//! Channels weighted by what the whole image holds.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId, TensorId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "squeeze_excite",
    about: "channels times a gate that two layers compute from their means are squeeze-and-excite",
    pattern: "x * Sigmoid(Conv(Activation(Conv(GlobalAveragePool(x))))) | x * Sigmoid(Conv1d(GlobalAveragePool(x)))",
    level: Level::Paper,
    find,
};

fn find(source: &Source<'_>, product: NodeId) -> Option<Unit> {
    if source.kind(product) != "mul" {
        return None;
    }
    let (a, b) = source.pair(product)?;
    let (mut nodes, title) = gate(source, a, b).or_else(|| gate(source, b, a))?;
    nodes.push(product);
    let kept = seek::private(source, &nodes, product);
    nodes.sort_unstable();
    nodes.dedup();
    // Something else that looks at the gate is to see where it comes from.
    (kept == nodes).then(|| Unit { nodes, title, category: Category::Attention, ..Unit::default() })
}

/// The nodes from `x` to its gate, and what they are called.
fn gate(source: &Source<'_>, gate: TensorId, x: TensorId) -> Option<(Vec<NodeId>, String)> {
    let mut nodes = Vec::new();
    let back = |tensor: TensorId, nodes: &mut Vec<NodeId>| {
        let at = seek::before(source, tensor, nodes);
        let maker = source.maker(at)?;
        nodes.push(maker);
        Some((maker, source.node(maker).input(0)?))
    };
    let (sigmoid, at) = back(gate, &mut nodes)?;
    if !matches!(source.kind(sigmoid), "sigmoid" | "hard_sigmoid") {
        return None;
    }
    let (excite, at) = back(at, &mut nodes)?;
    if !matches!(seek::kind(source, excite), "conv" | "linear") {
        return None;
    }
    let (before, inner) = back(at, &mut nodes)?;
    let channels = seek::channels(source, x)?;
    if is_global(source, before) {
        let kernel = source.node(excite).attributes.ints("kernel_shape").filter(|k| k.len() == 1)?;
        let same = seek::before(source, inner, &mut Vec::new()) == seek::before(source, x, &mut Vec::new());
        return same.then(|| (nodes, format!("channel attention, {}", kernel[0])));
    }
    if seek::category(source, before) != Category::Activation {
        return None;
    }
    let (squeeze, at) = back(inner, &mut nodes)?;
    if !matches!(seek::kind(source, squeeze), "conv" | "linear") {
        return None;
    }
    let (pool, from) = back(at, &mut nodes)?;
    let same = seek::before(source, from, &mut Vec::new()) == seek::before(source, x, &mut Vec::new());
    if !is_global(source, pool) || !same {
        return None;
    }
    let output = source.node(squeeze).output(0)?;
    let narrow = match seek::kind(source, squeeze) {
        "conv" => seek::channels(source, output)?,
        _ => seek::width(source, squeeze)?,
    };
    let ratio = (narrow > 0 && channels % narrow == 0).then(|| format!("/{}", channels / narrow));
    Some((nodes, format!("squeeze-excite, {}", ratio.unwrap_or_else(|| narrow.to_string()))))
}

/// Whether a node takes the mean of every channel.
fn is_global(source: &Source<'_>, id: NodeId) -> bool {
    match source.kind(id) {
        "global_avg_pool" => true,
        "reduce_mean" => source.axes(id).is_some_and(|a| a == [2, 3]),
        _ => false,
    }
}

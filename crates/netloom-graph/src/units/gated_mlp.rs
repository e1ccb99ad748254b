//! A feed-forward block whose hidden numbers are gated by an activation of a second projection.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId, TensorId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "gated_mlp",
    about: "a linear layer times an activation of another, and a linear layer after, are a gated feed-forward block",
    pattern: "Linear(Activation(Linear(x)) * Linear(x)) | let a, b = Split(Linear(x)): Linear(Activation(a) * b)",
    level: Level::Paper,
    find,
};

fn find(source: &Source<'_>, product: NodeId) -> Option<Unit> {
    if source.kind(product) != "mul" {
        return None;
    }
    let (a, b) = source.pair(product)?;
    let (mut nodes, activation, inner, hidden) = gate(source, a, b).or_else(|| gate(source, b, a))?;
    nodes.push(product);
    let last = seek::next(source, product, &mut nodes).filter(|n| seek::kind(source, *n) == "linear")?;
    if !seek::works_on_tokens(source, last) {
        return None;
    }
    let end = seek::tail(source, last, &mut nodes);
    let nodes = seek::private(source, &nodes, end);
    let is_whole = inner.iter().chain([&activation, &product, &last]).all(|n| nodes.contains(n));
    is_whole.then(|| Unit {
        nodes,
        header: "gated MLP".to_owned(),
        title: "linear".to_owned(),
        subtitle: format!("2 × {hidden}"),
        bands: vec![seek::part(source, activation), seek::part(source, last)],
        details: vec!["feed-forward".to_owned()],
        category: Category::Linear,
        ..Unit::default()
    })
}

/// The two sides of a product: the nodes, the activation, the linear layers, and how wide the product is.
fn gate(
    source: &Source<'_>,
    gate: TensorId,
    value: TensorId,
) -> Option<(Vec<NodeId>, NodeId, Vec<NodeId>, i64)> {
    let mut nodes = Vec::new();
    let activated = seek::before(source, gate, &mut nodes);
    let activation =
        source.maker(activated).filter(|a| seek::category(source, *a) == Category::Activation)?;
    nodes.push(activation);
    let hidden = seek::width(source, activation)?;
    let (one, two) = (
        projection(source, source.node(activation).input(0)?, &mut nodes)?,
        projection(source, value, &mut nodes)?,
    );
    let input = |n: NodeId| Some(seek::before(source, source.node(n).input(0)?, &mut Vec::new()));
    let same = input(one)? == input(two)?;
    same.then(|| (nodes, activation, vec![one, two], hidden))
}

/// The linear layer that makes a tensor, perhaps with others beside it.
fn projection(source: &Source<'_>, tensor: TensorId, nodes: &mut Vec<NodeId>) -> Option<NodeId> {
    let mut at = seek::before(source, tensor, nodes);
    let mut maker = source.maker(at)?;
    if matches!(source.kind(maker), "split" | "slice" | "gather") {
        nodes.push(maker);
        at = seek::before(source, source.node(maker).input(0)?, nodes);
        maker = source.maker(at)?;
    }
    nodes.push(maker);
    (seek::kind(source, maker) == "linear").then_some(maker)
}

//! Two linear layers with an activation between them.

use super::{Unit, UnitRule};
use crate::lift::Source;
use crate::{Category, NodeId, layers};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "feed_forward",
    about: "a linear layer, an activation and a second linear layer are a feed-forward block",
    pattern: "Linear(Activation(Linear(x)))",
    find,
};

/// The least rank of what flows through: a classifier's head works on rows of features, a block on tokens.
const LEAST_RANK: usize = 3;

fn find(source: &Source<'_>, first: NodeId) -> Option<Unit> {
    let linear =
        |n: NodeId| layers::effective(source.graph, source.node(n)).is_some_and(|l| l.name == "linear");
    let step = |n: NodeId| source.only_reader(source.node(n).output(0)?);
    if !linear(first) || source.shape(source.node(first).output(0)?).rank()? < LEAST_RANK {
        return None;
    }
    let activation =
        step(first).filter(|a| source.node(*a).layer.is_some_and(|l| l.category == Category::Activation))?;
    let last = step(activation)
        .filter(|n| linear(*n) && source.node(*n).input(0) == source.node(activation).output(0))?;
    let words = |n: NodeId| {
        let node = source.node(n);
        layers::effective(source.graph, node).map(|l| (l.label)(source.graph, node).title)
    };
    Some(Unit {
        rule: "",
        nodes: vec![first, activation, last],
        title: words(first)?,
        subtitle: String::new(),
        bands: vec![(words(activation)?, Category::Activation), (words(last)?, Category::Linear)],
        category: Category::Linear,
        ports: Vec::new(),
    })
}

//! Two linear layers with an activation between them.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "feed_forward",
    about: "a linear layer, an activation and a second linear layer are a feed-forward block",
    pattern: "Linear(Activation(Linear(x)))",
    level: Level::Paper,
    find,
};

fn find(source: &Source<'_>, first: NodeId) -> Option<Unit> {
    // A classifier's head works on rows of features, a block on tokens.
    if seek::kind(source, first) != "linear" || !seek::works_on_tokens(source, first) {
        return None;
    }
    let mut nodes = vec![first];
    let activation = seek::next(source, first, &mut nodes)
        .filter(|a| seek::category(source, *a) == Category::Activation)?;
    let last = seek::next(source, activation, &mut nodes).filter(|n| seek::kind(source, *n) == "linear")?;
    seek::tail(source, last, &mut nodes);
    Some(Unit {
        nodes,
        header: "feed-forward".to_owned(),
        title: seek::title(source, first),
        bands: vec![seek::part(source, activation), seek::part(source, last)],
        details: vec!["feed-forward".to_owned()],
        category: Category::Linear,
        ..Unit::default()
    })
}

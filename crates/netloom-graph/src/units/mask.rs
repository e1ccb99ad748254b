//! What decides which positions an attention may look at.

use std::collections::BTreeSet;

use super::{Level, Unit, UnitRule, multi_head_attention, seek};
use crate::lift::Source;
use crate::{Category, NodeId, TensorId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "mask",
    about: "comparisons and selections that only say where attentions may look are their mask",
    pattern: "Where(And(Gather(mask), positions <= positions), 0, -inf), read by attentions as their mask",
    level: Level::Paper,
    find,
};

/// The most operators of one mask.
const MAX_OPERATORS: usize = 512;

fn find(source: &Source<'_>, last: NodeId) -> Option<Unit> {
    let mask = source.node(last).output(0)?;
    let role = role(source, last).filter(|_| computes(source, last))?;
    // Masks of several attentions often share what they are computed from.
    let nodes = around(source, last, role, true).or_else(|| around(source, last, role, false))?;
    let title = match role {
        "angles" => "rotary angles",
        _ if multi_head_attention::is_learned(source, mask) => "position bias",
        _ => role,
    };
    Some(Unit { nodes, title: title.to_owned(), category: Category::Elementwise, ..Unit::default() })
}

/// The nodes around the last of a mask that serve nothing but masks; with or without those of other masks.
fn around(source: &Source<'_>, last: NodeId, role: &str, others: bool) -> Option<Vec<NodeId>> {
    let mut nodes = BTreeSet::from([last]);
    let mut work = vec![last];
    while let Some(n) = work.pop() {
        let makers = source.node(n).inputs.iter().flatten().filter_map(|t| source.maker(*t));
        let outputs = source.node(n).outputs.iter().flatten().filter(|_| others);
        let readers = outputs.flat_map(|t| seek::readers(source, *t));
        for near in makers.chain(readers).filter(|m| computes(source, *m)) {
            if nodes.insert(near) {
                work.push(near);
            }
        }
        if nodes.len() > MAX_OPERATORS {
            return None;
        }
    }
    // What something else reads is no mask, nor is what only that is computed from.
    for n in nodes.clone().into_iter().rev() {
        let inside =
            |t: TensorId| seek::readers(source, t).all(|r| nodes.contains(&r)) && !source.is_result(t);
        let serves = source.node(n).outputs.iter().flatten().all(|t| inside(*t));
        if !serves && self::role(source, n) != Some(role) {
            nodes.remove(&n);
        }
    }
    nodes.contains(&last).then(|| nodes.into_iter().collect())
}

/// What a node makes for attentions, if they all take it for the same and nothing else reads it.
fn role(source: &Source<'_>, id: NodeId) -> Option<&'static str> {
    let made = source.node(id).output(0).filter(|t| !source.is_result(*t))?;
    let consumers = &source.graph.tensor(made).consumers;
    let mut roles = consumers.iter().filter(|(n, _)| source.kind(*n) != "shape").map(|(n, i)| {
        let takes = *i >= multi_head_attention::OPERANDS && multi_head_attention::is_attention(source, *n);
        if takes { multi_head_attention::side(source, *n, *i) } else { None }
    });
    let first = roles.next()??;
    roles.all(|r| r == Some(first)).then_some(first)
}

fn computes(source: &Source<'_>, id: NodeId) -> bool {
    matches!(
        seek::category(source, id),
        Category::Elementwise | Category::Shape | Category::Constant | Category::Merge | Category::Reduce
    )
}

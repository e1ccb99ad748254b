//! What decides which positions an attention may look at.

use std::collections::BTreeSet;

use super::{Unit, UnitRule, multi_head_attention, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "mask",
    about: "comparisons and selections that only say where attentions may look are their mask",
    pattern: "Where(And(Gather(mask), positions <= positions), 0, -inf), read by attentions as their mask",
    at_paper: true,
    find,
};

/// The most operators of one mask.
const MAX_OPERATORS: usize = 512;

fn find(source: &Source<'_>, last: NodeId) -> Option<Unit> {
    let mask = source.node(last).output(0)?;
    let reads = |n: NodeId| multi_head_attention::is_attention(source, n);
    let consumers = &source.graph.tensor(mask).consumers;
    let is_mask = consumers.iter().all(|(n, i)| *i >= multi_head_attention::OPERANDS && reads(*n));
    if consumers.is_empty() || !is_mask || source.is_result(mask) || !computes(source, last) {
        return None;
    }
    let mut nodes = BTreeSet::from([last]);
    let mut work = vec![last];
    while let Some(n) = work.pop() {
        for tensor in source.node(n).inputs.iter().flatten() {
            let Some(maker) = source.maker(*tensor).filter(|m| computes(source, *m)) else { continue };
            if nodes.insert(maker) {
                work.push(maker);
            }
        }
        if nodes.len() > MAX_OPERATORS {
            return None;
        }
    }
    let nodes: Vec<NodeId> = nodes.into_iter().collect();
    let title = if multi_head_attention::is_learned(source, mask) { "position bias" } else { "mask" };
    Some(Unit {
        nodes: seek::private(source, &nodes, last),
        title: title.to_owned(),
        category: Category::Elementwise,
        ..Unit::default()
    })
}

fn computes(source: &Source<'_>, id: NodeId) -> bool {
    matches!(
        seek::category(source, id),
        Category::Elementwise | Category::Shape | Category::Constant | Category::Merge | Category::Reduce
    )
}

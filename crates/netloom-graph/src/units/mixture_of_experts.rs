//! A router that sends each token to a few of many feed-forward blocks.

use std::collections::BTreeSet;

use super::{Level, MAX_NODES, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId, TensorId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "mixture_of_experts",
    about: "a router that picks the best of many blocks for each token, and the blocks, are a mixture of experts",
    pattern: "let w, i = TopK(Softmax(Linear(x)), k): Sum(w * Expert[i](x))",
    level: Level::Paper,
    find,
};

/// The most operators between the scores of a router and the choice of the best.
const MAX_SCORES: usize = 64;

fn find(source: &Source<'_>, top: NodeId) -> Option<Unit> {
    if source.kind(top) != "top_k" {
        return None;
    }
    let (scores, chosen) = source.ends(top)?;
    let last_dim = |t: TensorId| source.dims(t)?.last()?.as_known();
    let (experts, k) = (last_dim(scores)?, last_dim(chosen)?);
    if k >= experts {
        return None;
    }
    let router = router(source, scores, experts)?;
    let mut entry = source.node(router).input(0)?;
    let features = last_dim(entry)?;
    entry = seek::before(source, entry, &mut Vec::new());
    let mut exit = join(source, top, features)?;
    // Each of the chosen may have a row of its own until all are summed.
    while let Some(next) = seek::only_reader(source, source.node(exit).output(0)?) {
        if source.kind(next) != "reduce_sum" && !seek::moves(source, next) {
            break;
        }
        exit = next;
    }
    let nodes = between(source, entry, exit)?;
    // Groups of experts may be chosen first; the last choice says how many work.
    if nodes.iter().any(|n| *n > top && source.kind(*n) == "top_k") {
        return None;
    }
    Some(Unit {
        nodes,
        title: "mixture of experts".to_owned(),
        subtitle: format!("top {k} of {experts}"),
        category: Category::Linear,
        ..Unit::default()
    })
}

/// The linear layer that gives every expert its score, before whatever is computed from scores alone.
fn router(source: &Source<'_>, scores: TensorId, experts: i64) -> Option<NodeId> {
    let mut seen = BTreeSet::new();
    let mut work = vec![scores];
    let mut found = None;
    while let Some(tensor) = work.pop() {
        let Some(maker) = source.maker(tensor).filter(|m| seen.insert(*m)) else { continue };
        if seek::kind(source, maker) == "linear" {
            if found.is_some() || seek::width(source, maker) != Some(experts) {
                return None;
            }
            found = Some(maker);
            continue;
        }
        let computes = matches!(
            seek::category(source, maker),
            Category::Elementwise | Category::Shape | Category::Constant | Category::Merge | Category::Reduce
        );
        let scales = matches!(source.kind(maker), "softmax" | "sigmoid" | "top_k");
        if seen.len() > MAX_SCORES || !(computes || scales) {
            return None;
        }
        work.extend(source.node(maker).inputs.iter().flatten());
    }
    found
}

/// The node where all that follows from a choice comes together again in a stream of that many features.
fn join(source: &Source<'_>, top: NodeId, features: i64) -> Option<NodeId> {
    let mut seen = BTreeSet::from([top]);
    let mut ahead: BTreeSet<NodeId> = BTreeSet::new();
    let mut at = top;
    loop {
        for tensor in source.node(at).outputs.iter().flatten() {
            ahead.extend(seek::readers(source, *tensor).filter(|n| !seen.contains(n)));
        }
        at = ahead.pop_first()?;
        seen.insert(at);
        if seen.len() > MAX_NODES {
            return None;
        }
        let output = source.node(at).output(0)?;
        let wide = source.dims(output).and_then(|d| d.last()?.as_known()) == Some(features);
        if ahead.is_empty() && wide && seek::category(source, at) != Category::Constant {
            return Some(at);
        }
    }
}

/// The nodes that a tensor reaches and that reach a node, with what only serves them.
fn between(source: &Source<'_>, entry: TensorId, exit: NodeId) -> Option<Vec<NodeId>> {
    let mut behind = BTreeSet::from([exit]);
    let mut work = vec![exit];
    while let Some(n) = work.pop() {
        for tensor in source.node(n).inputs.iter().flatten().filter(|t| **t != entry) {
            if let Some(maker) = source.maker(*tensor)
                && behind.insert(maker)
            {
                work.push(maker);
            }
        }
        if behind.len() > MAX_NODES {
            return None;
        }
    }
    let mut reached: BTreeSet<NodeId> = BTreeSet::new();
    let mut work: Vec<NodeId> = seek::readers(source, entry).collect();
    while let Some(n) = work.pop() {
        if !behind.contains(&n) || !reached.insert(n) {
            continue;
        }
        let outputs = source.node(n).outputs.iter().flatten();
        work.extend(outputs.flat_map(|t| seek::readers(source, *t)));
    }
    let all: Vec<NodeId> = behind.into_iter().collect();
    let kept = seek::private(source, &all, exit);
    let is_whole = reached.iter().all(|n| kept.contains(n));
    let serves = |n: &NodeId| reached.contains(n) || source.node(*n).inputs.is_empty();
    is_whole.then(|| kept.into_iter().filter(serves).collect())
}

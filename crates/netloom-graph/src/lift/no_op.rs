//! Operators that do nothing when a trained network runs.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "no_op",
    about: "operators that hand their input on unchanged are left out",
    pattern: "Identity(x) | Dropout(x) outside training | Cast(x) to the type that x has",
    find,
};

fn find(source: &Source<'_>, id: NodeId) -> Option<Found> {
    let node = source.node(id);
    let (from, to) = source.ends(id)?;
    let same_type = || {
        let dtype = |t| source.graph.tensor(t).ty.dtype();
        dtype(from).is_some() && dtype(from) == dtype(to)
    };
    let idle = match source.kind(id) {
        "identity" => true,
        "dropout" => node.domain.is_empty() && node.opset >= 7 && !may_train(source, id),
        "cast" | "cast_like" => same_type(),
        _ => false,
    };
    let others_unread = node.outputs.iter().skip(1).flatten().all(|t| source.is_private(&[], *t));
    // A result of the model keeps its own name and type.
    if !idle || !others_unread || source.is_result(to) || source.maker(to) != Some(id) {
        return None;
    }
    Some(Found { nodes: vec![id], becomes: Becomes::Same(from, to) })
}

fn may_train(source: &Source<'_>, id: NodeId) -> bool {
    source.node(id).input(2).is_some_and(|t| source.number(t) != Some(0.0))
}

//! Vectors divided by their own length.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::{Attribute, NodeId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "lp_norm",
    about: "vectors divided by their own length, kept from zero, are normalised to length 1",
    pattern: "x / Expand(Max(ReduceL2(x), eps)) | x / (ReduceL2(x) + eps)",
    find,
};

/// The most operators between a length and the division by it.
const MAX_STEPS: usize = 4;

fn find(source: &Source<'_>, length: NodeId) -> Option<Found> {
    let p = match source.node(length).op.as_str() {
        "ReduceL2" => 2,
        "ReduceL1" => 1,
        _ => return None,
    };
    let (x, mut at) = source.ends(length)?;
    let axes = source.axes(length).filter(|a| a.len() == 1)?;
    if source.node(length).attributes.int("keepdims").unwrap_or(1) == 0 {
        return None;
    }
    let mut nodes = vec![length];
    for _ in 0..MAX_STEPS {
        let next = source.only_reader(at)?;
        let made = source.node(next).output(0)?;
        nodes.push(next);
        match source.kind(next) {
            "div" if source.pair(next) == Some((x, at)) => {
                let mut core = nodes.clone();
                core.sort_unstable();
                let mut node = source.lifted("lp_norm", &core, &[Some(x)], made);
                node.attributes.set("p", Attribute::Int(p));
                node.attributes.set("axis", Attribute::Int(i64::try_from(axes[0]).ok()?));
                return Some(Found { nodes, becomes: Becomes::Node(Box::new(node)) });
            }
            "max" | "add" if source.number(source.beside(next, at)?).is_some() => {}
            "clip" if source.node(next).input(0) == Some(at) => {}
            "expand" if source.node(next).input(0) == Some(at) => {}
            _ => return None,
        }
        at = made;
    }
    None
}

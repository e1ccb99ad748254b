//! Four neighbours of a feature map laid side by side, normed and projected.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "patch_merging",
    about: "every second row and column joined with those between, normed and projected, is patch merging",
    pattern: "Linear(LayerNorm(Concat(Slice(x), Slice(x), Slice(x), Slice(x))))",
    level: Level::Paper,
    find,
};

/// How many neighbours become one.
const NEIGHBOURS: usize = 4;

/// The most slices from a map to one of its neighbours' maps, with movement between.
const MAX_CUTS: usize = 12;

fn find(source: &Source<'_>, concat: NodeId) -> Option<Unit> {
    let node = source.node(concat);
    if source.kind(concat) != "concat" || node.inputs.len() != NEIGHBOURS {
        return None;
    }
    let mut nodes = vec![concat];
    let mut roots = Vec::new();
    for input in &node.inputs {
        let mut at = (*input)?;
        let mut cuts = 0;
        for _ in 0..MAX_CUTS {
            let is_cut = |n: &NodeId| source.kind(*n) == "slice" || seek::moves(source, *n);
            let Some(maker) = source.maker(at).filter(is_cut) else { break };
            // A cut of another stream than every second row or column ends the walk at that stream.
            if source.kind(maker) == "slice" && !is_every_second(source, maker) && cuts > 0 {
                break;
            }
            cuts += usize::from(source.kind(maker) == "slice" && is_every_second(source, maker));
            nodes.push(maker);
            at = source.node(maker).input(0)?;
        }
        if cuts == 0 {
            return None;
        }
        roots.push(at);
    }
    roots.dedup();
    let mut last = concat;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let next = seek::next(source, last, &mut nodes)?;
        seen.push(seek::kind(source, next));
        last = next;
    }
    let is_projected = matches!(seen[..], ["layer_norm", "linear"] | ["linear", "layer_norm"]);
    if roots.len() != 1 || !is_projected {
        return None;
    }
    let nodes = seek::private(source, &nodes, last);
    let width = seek::width(source, last)?;
    Some(Unit {
        nodes,
        title: "patch merging".to_owned(),
        subtitle: format!("2×2, {width}"),
        category: Category::Linear,
        ..Unit::default()
    })
}

/// Whether a slice takes every second entry along some axis.
fn is_every_second(source: &Source<'_>, id: NodeId) -> bool {
    let steps = source.node(id).input(4).and_then(|t| source.graph.tensor(t).value.as_ref()?.known_ints());
    steps.is_some_and(|s| s.contains(&2))
}

//! What the box of a manual pattern says.

use netloom_graph::pattern::{Match, Pattern, find};
use netloom_graph::units::Unit;
use netloom_graph::{Category, Graph, NodeId, layers};

use super::flow::category;
use crate::number;

/// The most layers whose settings are said.
const MAX_LAYERS: usize = 2;

/// The blocks that patterns find, as units.
pub(super) fn units(graph: &Graph, patterns: &[Pattern]) -> Vec<Unit> {
    if patterns.is_empty() {
        return Vec::new();
    }
    find(graph, patterns).into_iter().map(|found| unit(graph, patterns, found)).collect()
}

fn unit(graph: &Graph, patterns: &[Pattern], found: Match) -> Unit {
    let core: Vec<NodeId> = found.nodes.iter().copied().filter(|n| is_core(graph, *n)).collect();
    let first = core.first().or(found.nodes.first());
    let subtitle = match core.as_slice() {
        few @ [_, ..] if few.len() <= MAX_LAYERS => {
            let words: Vec<String> = few.iter().filter_map(|n| settings(graph, *n)).collect();
            words.join(" · ")
        }
        _ => String::new(),
    };
    Unit {
        rule: "pattern",
        title: patterns[found.pattern].name.clone(),
        subtitle,
        category: first.map_or(Category::Other, |n| category(graph, graph.node(*n))),
        nodes: found.nodes,
        ..Unit::default()
    }
}

/// Whether a layer is one that the others of a block stand around.
fn is_core(graph: &Graph, id: NodeId) -> bool {
    matches!(
        category(graph, graph.node(id)),
        Category::Conv | Category::Linear | Category::Attention | Category::Recurrent | Category::Embedding
    )
}

/// The settings of a layer: `3×3, 64, /2` for a convolution, whose kind the colour says.
fn settings(graph: &Graph, id: NodeId) -> Option<String> {
    let node = graph.node(id);
    let label = layers::effective(graph, node).map(|l| (l.label)(graph, node))?;
    let title = label.title.strip_prefix("conv ").unwrap_or(&label.title);
    Some(number::group_digits(&title.replace('_', " ")))
}

//! Joins of which only one stream is shown: factors, and offsets of positions.

use netloom_graph::{Category, Elements, Graph};

use super::masks::remove_with_empty_frames;
use crate::number;
use crate::view::{NodeKind, View, ViewNode};

/// Makes a product with something that is not shown a box that says by what, and takes away such sums: what they add is
/// the same in every run.
pub(super) fn join(graph: &Graph, view: &mut View) {
    let degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    let mut into: Vec<usize> = (0..view.nodes.len()).collect();
    for edge in &view.edges {
        let (from, at) = (&view.nodes[edge.source], edge.target);
        let is_box =
            matches!(from.kind, NodeKind::Layer | NodeKind::Merge) && from.parent == view.nodes[at].parent;
        let is_lone = view.nodes[at].kind == NodeKind::Merge && degrees[at].0 == 1 && !edge.back;
        if is_lone && view.nodes[at].title == "+" && is_box && degrees[edge.source].1 == 1 {
            gone[at] = true;
            into[at] = edge.source;
        }
    }
    for (node, degree) in view.nodes.iter_mut().zip(&degrees) {
        if node.kind == NodeKind::Merge && degree.0 == 1 && node.title == "×" {
            node.kind = NodeKind::Layer;
            node.category = Category::Elementwise;
            node.title = factor(graph, node).map_or_else(|| "scale".to_owned(), |f| format!("× {f}"));
        }
    }
    for at in 0..gone.len() {
        // What goes may lead to what goes too.
        let mut end = into[at];
        let mut steps = 0;
        while gone[end] && steps < gone.len() {
            end = into[end];
            steps += 1;
        }
        into[at] = end;
    }
    for at in (0..gone.len()).filter(|at| gone[*at]) {
        let operators = view.nodes[at].operators.clone();
        let output = view.nodes[at].output;
        let kept = &mut view.nodes[into[at]];
        kept.operators.extend(operators);
        kept.output = output.or(kept.output);
    }
    for edge in view.edges.iter_mut().filter(|e| !gone[e.target]) {
        edge.source = into[edge.source];
    }
    remove_with_empty_frames(view, gone);
}

/// The number that a product multiplies by, where it is known.
fn factor(graph: &Graph, node: &ViewNode) -> Option<String> {
    let inputs = node.operators.iter().filter(|n| n.index() < graph.nodes().len());
    let mut values = inputs
        .flat_map(|n| graph.node(*n).inputs.iter().flatten())
        .filter_map(|t| graph.tensor(graph.origin(*t)).value.as_ref().filter(|v| v.len() == 1));
    match values.next().map(|v| &v.elements) {
        Some(Elements::Floats(v)) => v.first().map(|v| number::float(*v)),
        Some(Elements::Ints(v)) => v.first().map(number::dim),
        _ => None,
    }
}

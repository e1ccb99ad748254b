//! Joins a sum of two streams with the norm behind it into one box.

use netloom_graph::Category;

use super::grammar::{Figure, Mark};
use crate::view::NodeKind;

/// What is added in an [`Mark::AddNorm`] box: a stream and what by-passes it.
const STREAMS: usize = 2;

/// Makes `add & norm` of every sum of a stream and its by-pass whose only reader is a norm beside it in the same frame.
pub(super) fn join(figure: &mut Figure) {
    let view = &mut figure.view;
    let degrees = view.degrees();
    let mut by_passes = vec![0usize; view.nodes.len()];
    for edge in view.edges.iter().filter(|e| e.skip && !e.back) {
        by_passes[edge.target] += 1;
    }
    let mut norm_of = vec![None; view.nodes.len()];
    for edge in &view.edges {
        let (sum, norm) = (&view.nodes[edge.source], &view.nodes[edge.target]);
        let is_sum = sum.kind == NodeKind::Merge && sum.title == "+" && by_passes[edge.source] == 1;
        let is_norm = norm.kind == NodeKind::Layer && norm.category == Category::Norm && norm.repeat == 1;
        if is_sum
            && is_norm
            && degrees[edge.source] == (STREAMS, 1)
            && degrees[edge.target].0 == 1
            && sum.parent == norm.parent
            && !edge.back
        {
            norm_of[edge.source] = Some(edge.target);
        }
    }
    for edge in &mut view.edges {
        if let Some(norm) = norm_of[edge.target] {
            edge.target = norm;
        }
    }
    for (sum, norm) in norm_of.iter().enumerate() {
        let Some(norm) = *norm else { continue };
        let operators = view.nodes[sum].operators.clone();
        let node = &mut view.nodes[norm];
        node.operators.extend(operators);
        node.operators.sort_unstable();
        node.title = match node.title.as_str() {
            "LayerNorm" => "add & norm".to_owned(),
            other => format!("add & {other}"),
        };
        figure.marks.insert(node.key.clone(), Mark::AddNorm);
    }
    let gone: Vec<bool> = norm_of.iter().map(Option::is_some).collect();
    view.remove(&gone);
}

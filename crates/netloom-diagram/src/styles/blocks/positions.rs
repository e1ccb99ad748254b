//! Positions that are added to a stream become a circle with a wave beside the sum.

use netloom_graph::{Category, Graph};

use super::grammar::{Figure, Mark};
use crate::view::{NodeKind, View, ViewEdge, ViewNode};

/// What a layer is called that adds a stored row to every position.
const ADDED: &str = "+ position embedding";

/// Makes waves of looked-up or stored positions that are added to a stream.
pub(super) fn draw_as_waves(graph: &Graph, figure: &mut Figure) {
    let view = &mut figure.view;
    let degrees = view.degrees();
    let mut waves = Vec::new();
    for i in 0..view.nodes.len() {
        let node = &mut view.nodes[i];
        if node.title == ADDED && node.kind == NodeKind::Layer && node.bands.is_empty() && node.repeat == 1 {
            let words = if is_encoding(graph, node) { "positional encoding" } else { "position embedding" };
            (node.kind, node.title) = (NodeKind::Merge, "+".to_owned());
            let wave = ViewNode {
                key: node.key.piece("wave"),
                kind: NodeKind::Stub,
                title: words.to_owned(),
                subtitle: String::new(),
                bands: Vec::new(),
                notes: Vec::new(),
                ..node.clone()
            };
            waves.push((i, wave));
        }
    }
    for (sum, wave) in waves {
        let Some(tensor) = wave.output else { continue };
        figure.marks.insert(wave.key.clone(), Mark::Wave);
        let edge = ViewEdge {
            source: view.nodes.len(),
            target: sum,
            tensor,
            arrives: tensor,
            reader: None,
            skip: false,
            projected: false,
            back: false,
            port: None,
            trunk: false,
        };
        view.nodes.push(wave);
        view.edges.push(edge);
    }
    // A table that is looked up with the same positions in every run.
    for e in 0..view.edges.len() {
        let (from, to) = (view.edges[e].source, view.edges[e].target);
        if degrees.get(from) != Some(&(0, 1)) || view.nodes[from].parent != view.nodes[to].parent {
            continue;
        }
        // Where more than two are added, their boxes stand in a row.
        let is_sum = view.nodes[to].kind == NodeKind::Merge
            && view.nodes[to].title == "+"
            && degrees.get(to).is_some_and(|d| d.0 == 2);
        let node = &mut view.nodes[from];
        let is_table = node.kind == NodeKind::Layer
            && node.category == Category::Embedding
            && node.title.contains("position")
            && node.bands.is_empty()
            && node.repeat == 1;
        if is_sum && is_table {
            node.kind = NodeKind::Stub;
            node.subtitle = String::new();
            view.edges[e].trunk = false;
            view.edges[e].skip = false;
            figure.marks.insert(node.key.clone(), Mark::Wave);
        }
    }
}

/// Whether the file calls what is added an encoding: waves that are computed once rather than learned.
fn is_encoding(graph: &Graph, node: &ViewNode) -> bool {
    let inputs = node.operators.iter().filter(|n| n.index() < graph.nodes().len());
    inputs
        .flat_map(|n| graph.node(*n).inputs.iter().flatten())
        .any(|t| graph.tensor(graph.origin(*t)).name.to_lowercase().contains("encoding"))
}

/// Takes the factor behind an embedding into its box.
pub(super) fn absorb_scales(view: &mut View, is_brief: bool) {
    let degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    let mut into: Vec<usize> = (0..view.nodes.len()).collect();
    for edge in &view.edges {
        let (table, scale) = (&view.nodes[edge.source], &view.nodes[edge.target]);
        let is_scale = match scale.kind {
            NodeKind::Merge => scale.title == "×",
            NodeKind::Layer => {
                scale.title.starts_with("× ")
                    && matches!(scale.category, Category::Elementwise | Category::Merge)
            }
            _ => false,
        };
        if is_scale
            && table.kind == NodeKind::Layer
            && table.category == Category::Embedding
            && degrees[edge.source].1 == 1
            && degrees[edge.target].0 == 1
            && table.parent == scale.parent
        {
            into[edge.target] = edge.source;
            gone[edge.target] = true;
        }
    }
    for scale in (0..gone.len()).filter(|n| gone[*n]) {
        let from = view.nodes[scale].clone();
        let table = &mut view.nodes[into[scale]];
        table.operators.extend(from.operators);
        table.output = from.output.or(table.output);
        if from.kind == NodeKind::Layer && !is_brief {
            table.subtitle = if table.subtitle.is_empty() {
                from.title
            } else {
                format!("{}, {}", table.subtitle, from.title)
            };
        }
    }
    for edge in &mut view.edges {
        if !gone[edge.target] {
            edge.source = into[edge.source];
        }
    }
    view.remove(&gone);
}

//! Three arrows into every attention: query, key and value.

use netloom_graph::Category;

use crate::view::{NodeKind, View, ViewEdge, ViewNode};

/// Gives an attention that reads one stream, or two operands of three as one, an arrow for each of query, key and value.
pub(super) fn part(view: &mut View) {
    let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for (i, edge) in view.edges.iter().enumerate() {
        arriving[edge.target].push(i);
    }
    let mut more: Vec<ViewEdge> = Vec::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if !looks_up(node) || !node.bands.is_empty() {
            continue;
        }
        let streams: Vec<usize> = arriving[i]
            .iter()
            .copied()
            .filter(|e| matches!(view.edges[*e].port, None | Some("Q" | "Q K" | "K" | "K V" | "V")))
            .collect();
        let names: &[(usize, &[&'static str])] = match streams[..] {
            [e] if view.edges[e].port.is_none() => &[(0, &["Q", "K", "V"])],
            [a, b] => match (view.edges[a].port, view.edges[b].port) {
                (Some("Q"), Some("K V")) => &[(1, &["K", "V"])],
                (Some("K V"), Some("Q")) => &[(0, &["K", "V"])],
                (Some("Q K"), Some("V")) => &[(0, &["Q", "K"])],
                (Some("V"), Some("Q K")) => &[(1, &["Q", "K"])],
                _ => &[],
            },
            _ => &[],
        };
        for (at, names) in names {
            let Some(&e) = streams.get(*at) else { continue };
            view.edges[e].port = names.first().copied();
            more.extend(names[1..].iter().map(|n| ViewEdge { port: Some(n), ..view.edges[e].clone() }));
        }
    }
    view.edges.extend(more);
}

/// Whether a box is an attention with queries, keys and values; gates of channels are none.
pub(super) fn looks_up(node: &ViewNode) -> bool {
    node.kind == NodeKind::Layer && node.category == Category::Attention && node.title.ends_with("attention")
}

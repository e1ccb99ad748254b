//! Finds two columns of which one looks things up in the other: an encoder and the decoder that attends to it.

use super::operands;
use crate::view::{NodeKind, View, ViewNode};

/// The two columns of a figure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Towers {
    /// The column of each node: 0 is attended to, 1 attends.
    pub(super) of: Vec<usize>,
    /// Whether each arrow goes from one column to the other.
    pub(super) crosses: Vec<bool>,
}

/// What an attention looks things up with, and what it looks up.
const QUERIES: [&str; 2] = ["Q", "Q K"];
const MEMORIES: [&str; 3] = ["K", "V", "K V"];

/// The columns of a view, if the keys and values of some attentions come from elsewhere than their queries, and if
/// nothing but these arrows joins the two.
pub(super) fn find(view: &View) -> Option<Towers> {
    let crosses = crossing(view);
    let first = crosses.iter().position(|c| *c)?;
    let of = parts(view, &crosses);
    let (from, to) = (of[view.edges[first].source], of[view.edges[first].target]);
    let is_kept = |(edge, crosses): (&crate::view::ViewEdge, &bool)| {
        !crosses || of[edge.source] == from && of[edge.target] == to
    };
    if from == to || !view.edges.iter().zip(&crosses).all(is_kept) {
        return None;
    }
    let mut column: Vec<Option<usize>> =
        of.iter().map(|part| if *part == from { Some(0) } else { (*part == to).then_some(1) }).collect();
    // A frame stands in the column of what it holds; frames stand before what they hold.
    for i in (0..view.nodes.len()).rev() {
        if view.nodes[i].kind == NodeKind::Container {
            column[i] = None;
        }
    }
    for i in (0..view.nodes.len()).rev() {
        let Some(parent) = view.nodes[i].parent else { continue };
        let mine = column[i]?;
        match column[parent] {
            Some(other) if other != mine => return None,
            _ => column[parent] = Some(mine),
        }
    }
    Some(Towers { of: column.into_iter().collect::<Option<Vec<usize>>>()?, crosses })
}

/// Which arrows bring keys and values from another stream than the queries.
fn crossing(view: &View) -> Vec<bool> {
    let mut asks: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    let is = |port: Option<&str>, names: &[&str]| port.is_some_and(|p| names.contains(&p));
    for edge in view.edges.iter().filter(|e| is(e.port, &QUERIES)) {
        asks[edge.target].push(edge.source);
    }
    // A decoder attends to itself beside; a pooling that looks things up with what it has learned does not.
    let attends_itself = |node: usize| {
        let beside = |(i, n): (usize, &ViewNode)| {
            i != node && n.parent == view.nodes[node].parent && operands::looks_up(n)
        };
        view.nodes.iter().enumerate().any(beside)
    };
    view.edges
        .iter()
        .map(|e| {
            is(e.port, &MEMORIES)
                && !asks[e.target].is_empty()
                && !asks[e.target].contains(&e.source)
                && !e.back
                && attends_itself(e.target)
        })
        .collect()
}

/// The part that each node is in when some arrows are cut; frames are parts of their own.
fn parts(view: &View, cut: &[bool]) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for (edge, _) in view.edges.iter().zip(cut).filter(|(_, cut)| !**cut) {
        next[edge.source].push(edge.target);
        next[edge.target].push(edge.source);
    }
    let mut part = vec![usize::MAX; view.nodes.len()];
    for start in 0..view.nodes.len() {
        if part[start] != usize::MAX {
            continue;
        }
        part[start] = start;
        let mut work = vec![start];
        while let Some(n) = work.pop() {
            for m in next[n].iter().filter(|m| part[**m] == usize::MAX).copied().collect::<Vec<_>>() {
                part[m] = start;
                work.push(m);
            }
        }
    }
    part
}

/// Finds trunk and by-passes of each column by itself, and takes away the frames around all of a column, whose names go
/// to the blocks in them.
pub(super) fn part(view: &mut View) {
    let Some(towers) = find(view) else { return };
    let mut trunk = Vec::new();
    for column in 0..2 {
        let mut alone = view.clone();
        alone.edges.clear();
        // What stands in the other column ends no trunk of this one.
        for (node, of) in alone.nodes.iter_mut().zip(&towers.of) {
            node.kind = if *of == column { node.kind } else { NodeKind::Stub };
        }
        let own: Vec<usize> = (0..view.edges.len())
            .filter(|e| !towers.crosses[*e] && towers.of[view.edges[*e].source] == column)
            .collect();
        alone.edges.extend(own.iter().map(|e| view.edges[*e].clone()));
        alone.find_flow();
        trunk.append(&mut alone.trunk);
        for (e, found) in own.iter().zip(alone.edges) {
            view.edges[*e] = found;
        }
    }
    for (edge, _) in view.edges.iter_mut().zip(&towers.crosses).filter(|(_, c)| **c) {
        (edge.skip, edge.trunk) = (false, false);
    }
    view.trunk = trunk;
    let mut gone = vec![false; view.nodes.len()];
    for i in 0..view.nodes.len() {
        if view.nodes[i].kind != NodeKind::Container || view.nodes[i].repeat < 2 {
            continue;
        }
        let mut around = view.nodes[i].parent;
        while let Some(frame) = around.filter(|f| view.nodes[*f].repeat < 2) {
            if !view.nodes[i].title.contains(&view.nodes[frame].title) {
                view.nodes[i].title = format!("{}.{}", view.nodes[frame].title, view.nodes[i].title);
            }
            gone[frame] = true;
            around = view.nodes[frame].parent;
        }
    }
    // Frames stand before what they hold, so the frame around is already the one that stays.
    for i in 0..view.nodes.len() {
        if let Some(parent) = view.nodes[i].parent.filter(|p| gone[*p]) {
            view.nodes[i].parent = view.nodes[parent].parent;
        }
    }
    view.remove(&gone);
}

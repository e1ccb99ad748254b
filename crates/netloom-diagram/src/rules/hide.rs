//! Leaves boxes out and leads arrows past them.

use std::collections::{BTreeMap, BTreeSet};

use crate::view::{NodeKind, View, ViewEdge};

/// The most hidden boxes that are looked through from one box.
const MAX_STEPS: usize = 4096;

/// Takes boxes away, with what stands in them and frames that are empty without them. What read from them reads from
/// what they read.
pub(super) fn hide(view: &mut View, mut hidden: Vec<bool>) {
    // Frames come before what they hold.
    for i in 0..view.nodes.len() {
        hidden[i] |= view.nodes[i].parent.is_some_and(|p| hidden[p]);
    }
    let mut full = vec![false; view.nodes.len()];
    for i in (0..view.nodes.len()).rev() {
        hidden[i] |= view.nodes[i].kind == NodeKind::Container && !full[i];
        if let Some(parent) = view.nodes[i].parent {
            full[parent] |= !hidden[i];
        }
    }
    // A figure without boxes says nothing, so that is left as it is.
    if hidden.iter().all(|h| *h) {
        return;
    }
    bridge(view, &hidden);
    view.remove(&hidden);
}

fn bridge(view: &mut View, hidden: &[bool]) {
    let mut arriving: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (e, edge) in view.edges.iter().enumerate().filter(|(_, e)| hidden[e.target] && !e.back) {
        arriving.entry(edge.target).or_default().push(e);
    }
    let mut seen: BTreeSet<(usize, usize)> =
        view.edges.iter().filter(|e| !hidden[e.source]).map(|e| (e.source, e.target)).collect();
    let mut bridges: Vec<ViewEdge> = Vec::new();
    for edge in view.edges.iter().filter(|e| hidden[e.source] && !hidden[e.target] && !e.back) {
        let mut visited = BTreeSet::from([edge.source]);
        let mut work = vec![edge.source];
        while let Some(node) = work.pop() {
            for e in arriving.get(&node).into_iter().flatten() {
                let before = &view.edges[*e];
                if hidden[before.source] {
                    if visited.len() < MAX_STEPS && visited.insert(before.source) {
                        work.push(before.source);
                    }
                } else if before.source != edge.target && seen.insert((before.source, edge.target)) {
                    bridges.push(ViewEdge {
                        source: before.source,
                        tensor: before.tensor,
                        skip: false,
                        projected: false,
                        ..edge.clone()
                    });
                }
            }
        }
    }
    view.edges.extend(bridges);
}

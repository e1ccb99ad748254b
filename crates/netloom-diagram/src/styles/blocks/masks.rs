//! Leaves out what only tells attentions where to look.

use crate::view::{NodeKind, View};

/// What operands are called that only say where an attention looks or by which angles it turns.
const SIDES: [&str; 2] = ["mask", "angles"];

/// Takes away masks, and all that only makes masks, but no output. Where a box says that it adds a bias of positions, the
/// note that brings it goes too.
pub(super) fn leave_out(view: &mut View, is_brief: bool) {
    for e in 0..view.edges.len() {
        let (from, to) = (view.edges[e].source, view.edges[e].target);
        let is_stub = view.nodes[from].kind == NodeKind::Stub && view.edges[e].port == Some("bias");
        if is_stub && view.nodes[from].title.contains("position") && !view.nodes[to].subtitle.is_empty() {
            let words = if is_brief { "" } else { ", position bias" };
            view.nodes[to].subtitle += words;
            view.edges[e].port = Some(SIDES[0]);
        }
    }
    let is_side = |port: Option<&str>| port.is_some_and(|p| SIDES.contains(&p));
    if !view.edges.iter().any(|e| is_side(e.port)) {
        return;
    }
    let mut leaving: Vec<usize> = view.degrees().iter().map(|d| d.1).collect();
    let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for (i, edge) in view.edges.iter().enumerate() {
        arriving[edge.target].push(i);
    }
    let mut cut = vec![false; view.edges.len()];
    let mut gone = vec![false; view.nodes.len()];
    let mut work: Vec<usize> = (0..view.edges.len()).filter(|e| is_side(view.edges[*e].port)).collect();
    while let Some(e) = work.pop() {
        if std::mem::replace(&mut cut[e], true) {
            continue;
        }
        let source = view.edges[e].source;
        leaving[source] -= 1;
        if leaving[source] == 0 && view.nodes[source].kind != NodeKind::Output {
            gone[source] = true;
            work.extend(&arriving[source]);
        }
    }
    let mut i = 0;
    view.edges.retain(|_| {
        i += 1;
        !cut[i - 1]
    });
    remove_with_empty_frames(view, gone);
}

/// Takes away nodes, and the frames that hold nothing without them.
pub(super) fn remove_with_empty_frames(view: &mut View, mut gone: Vec<bool>) {
    let mut held = vec![0usize; view.nodes.len()];
    let mut lost = vec![0usize; view.nodes.len()];
    for (i, node) in view.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            held[parent] += 1;
            lost[parent] += usize::from(gone[i]);
        }
    }
    // A frame that goes is one less in the frame around it.
    let mut work: Vec<usize> = (0..gone.len()).filter(|p| lost[*p] > 0 && lost[*p] == held[*p]).collect();
    while let Some(frame) = work.pop() {
        if std::mem::replace(&mut gone[frame], true) {
            continue;
        }
        if let Some(parent) = view.nodes[frame].parent {
            lost[parent] += 1;
            if lost[parent] == held[parent] {
                work.push(parent);
            }
        }
    }
    view.remove(&gone);
}

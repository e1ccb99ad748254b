//! Finds the path that the eye follows: the longest way from an input to the main output.

use netloom_graph::{Category, Graph};

use super::{NodeKind, Pass, View, ViewEdge, ViewNode, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "trunk", about: "finds the longest way from an input to the main output", run };

fn run(_graph: &Graph, _options: &ViewOptions, view: &mut View) {
    find(view);
}

/// Finds the trunk and marks its arrows.
pub(super) fn find(view: &mut View) {
    let (length, from) = longest(view);
    // The main output is the one with the longest way to it; the first among equals.
    let Some(end) = (0..view.nodes.len())
        .filter(|n| view.nodes[*n].kind == NodeKind::Output)
        .max_by_key(|n| (length[*n], std::cmp::Reverse(*n)))
        .or_else(|| (0..view.nodes.len()).max_by_key(|n| (length[*n], std::cmp::Reverse(*n))))
    else {
        return;
    };
    let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for (i, edge) in view.edges.iter().enumerate() {
        arriving[edge.target].push(i);
    }
    let mut trunk = vec![end];
    let mut at = end;
    while let Some(edge) = from[at].map(|e| middle(view, &arriving[at], e)) {
        view.edges[edge].trunk = true;
        at = view.edges[edge].source;
        trunk.push(at);
    }
    trunk.reverse();
    view.trunk = trunk;
}

/// Of the arrows that bring one box the same stream several times, the one in the middle.
fn middle(view: &View, arriving: &[usize], edge: usize) -> usize {
    let one = &view.edges[edge];
    if one.port.is_none() {
        return edge;
    }
    let same = |e: &usize| {
        let other = &view.edges[*e];
        (other.source, other.tensor) == (one.source, one.tensor)
    };
    let all: Vec<usize> = arriving.iter().copied().filter(same).collect();
    all.get(all.len() / 2).copied().unwrap_or(edge)
}

/// How much a box adds to the length of a way. Masks and positions come through long chains of small arithmetic, so
/// what only computes or moves counts less than what a network is made of.
pub(crate) fn length_of(node: &ViewNode) -> u32 {
    match node.kind {
        NodeKind::Stub | NodeKind::Container => 0,
        NodeKind::Merge => 2,
        NodeKind::Layer
            if matches!(
                node.category,
                Category::Elementwise | Category::Shape | Category::Constant | Category::Quantize
            ) =>
        {
            1
        }
        _ => 4,
    }
}

/// The length of the longest way to each node, and the arrow it arrives by; arrows that close a cycle do not count.
pub(crate) fn longest(view: &View) -> (Vec<u32>, Vec<Option<usize>>) {
    let n = view.nodes.len();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut missing = vec![0usize; n];
    for (i, edge) in view.edges.iter().enumerate().filter(|(_, e)| !e.back) {
        out[edge.source].push(i);
        missing[edge.target] += 1;
    }
    let mut length = vec![0u32; n];
    let mut from = vec![None; n];
    let mut done = vec![false; n];
    let mut ready: Vec<usize> = (0..n).rev().filter(|v| missing[*v] == 0).collect();
    let mut rest = 0;
    loop {
        let Some(v) = ready.pop() else {
            // A cycle: the first node not yet reached goes on without its missing arrows.
            while rest < n && done[rest] {
                rest += 1;
            }
            if rest == n {
                break;
            }
            ready.push(rest);
            continue;
        };
        if std::mem::replace(&mut done[v], true) {
            continue;
        }
        let own = length_of(&view.nodes[v]);
        for &e in &out[v] {
            let w = view.edges[e].target;
            missing[w] -= 1;
            if done[w] {
                continue;
            }
            if length[v] + own > length[w] || from[w].is_none() {
                length[w] = length[v] + own;
                from[w] = Some(e);
            }
            if missing[w] == 0 {
                ready.push(w);
            }
        }
    }
    (length, from)
}

/// How many boxes stand on the way with the most boxes: what a figure is long at the least.
pub fn longest_chain(view: &View) -> usize {
    let mut missing = vec![0usize; view.nodes.len()];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    // Keys and values of another stream may come from a column beside.
    let is_beside = |e: &ViewEdge| matches!(e.port, Some("K" | "V" | "K V"));
    for edge in view.edges.iter().filter(|e| !e.back && !is_beside(e)) {
        missing[edge.target] += 1;
        out[edge.source].push(edge.target);
    }
    let is_box = |n: usize| matches!(view.nodes[n].kind, NodeKind::Layer | NodeKind::Module);
    let mut before = vec![0usize; view.nodes.len()];
    let mut most = 0;
    let mut ready: Vec<usize> = (0..view.nodes.len()).filter(|n| missing[*n] == 0).collect();
    while let Some(n) = ready.pop() {
        let own = before[n] + usize::from(is_box(n));
        most = most.max(own);
        for &m in &out[n] {
            before[m] = before[m].max(own);
            missing[m] -= 1;
            if missing[m] == 0 {
                ready.push(m);
            }
        }
    }
    most
}

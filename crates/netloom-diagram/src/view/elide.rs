//! The last resort for what fits no page: the middle of a view as one box that says how much it stands for.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Category, Graph};
use netloom_scene::Key;

use super::build::blank;
use super::{NodeKind, View, ViewNode, ViewOptions, skips, trunk};

/// The most inputs, and the most outputs, that are named.
const MAX_PORTS: usize = 4;

/// A view of at most `keep` boxes: the first and last ones, and one between them that stands for all others. Inputs
/// and outputs beyond the first few share a word. Frames are taken away.
pub fn elide(graph: &Graph, options: &ViewOptions, view: &View, keep: usize) -> View {
    let mut view = view.clone();
    let frames: Vec<bool> = view.nodes.iter().map(|n| n.kind == NodeKind::Container).collect();
    for node in &mut view.nodes {
        node.parent = None;
    }
    view.callouts.clear();
    view.remove(&frames);
    for kind in [NodeKind::Input, NodeKind::Output] {
        let ports: Vec<usize> = (0..view.nodes.len()).filter(|n| view.nodes[*n].kind == kind).collect();
        if ports.len() > MAX_PORTS {
            let word = if kind == NodeKind::Input { "inputs" } else { "outputs" };
            let rest = ports[MAX_PORTS - 1..].to_vec();
            contract(&mut view, &rest, |n| ViewNode {
                kind,
                title: format!("… {n} more {word}"),
                ..blank(Key::new(format!("more:{word}")))
            });
        }
    }
    let boxes: Vec<usize> = order(&view)
        .into_iter()
        .filter(|n| !matches!(view.nodes[*n].kind, NodeKind::Input | NodeKind::Output))
        .collect();
    if boxes.len() > keep.max(1) {
        let first = keep.saturating_sub(1).div_ceil(2);
        let last = keep.saturating_sub(1) - first;
        let rest = boxes[first..boxes.len() - last].to_vec();
        let repeats = rest.iter().fold(0u64, |sum, n| sum.saturating_add(u64::from(view.nodes[*n].repeat)));
        contract(&mut view, &rest, |_| ViewNode {
            kind: NodeKind::Module,
            title: format!("… {repeats} more"),
            category: Category::Other,
            ..blank(Key::new("more:boxes"))
        });
    }
    // Arrows out of a box that stands for many may come back to it from what was kept: they are no flow.
    (trunk::PASS.run)(graph, options, &mut view);
    (skips::PASS.run)(graph, options, &mut view);
    view
}

/// Puts one node in the place of several, which come first in order. What they stand for, it stands for.
fn contract(view: &mut View, several: &[usize], make: impl Fn(usize) -> ViewNode) {
    let Some(&into) = several.first() else { return };
    let mut node = make(several.len());
    for &n in several {
        let from = &mut view.nodes[n];
        node.operators.append(&mut from.operators);
        node.modules.append(&mut from.modules);
        node.output = from.output.or(node.output);
    }
    view.nodes[into] = node;
    let one: BTreeSet<usize> = several.iter().copied().collect();
    let mut seen = BTreeSet::new();
    view.edges.retain_mut(|e| {
        let joined = one.contains(&e.source) || one.contains(&e.target);
        if one.contains(&e.source) {
            e.source = into;
        }
        if one.contains(&e.target) {
            e.target = into;
            e.port = None;
        }
        (e.trunk, e.skip) = (false, false);
        e.source != e.target && (!joined || seen.insert((e.source, e.target)))
    });
    let gone: Vec<bool> = (0..view.nodes.len()).map(|n| n != into && one.contains(&n)).collect();
    view.remove(&gone);
}

/// Nodes in an order in which each follows those it reads, the earlier one among equals.
fn order(view: &View) -> Vec<usize> {
    let n = view.nodes.len();
    let mut missing = vec![0usize; n];
    let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for edge in view.edges.iter().filter(|e| !e.back) {
        missing[edge.target] += 1;
        out.entry(edge.source).or_default().push(edge.target);
    }
    let mut ready: BTreeSet<usize> = (0..n).filter(|v| missing[*v] == 0).collect();
    let mut order = Vec::new();
    while let Some(v) = ready.pop_first() {
        order.push(v);
        for &w in out.get(&v).into_iter().flatten() {
            missing[w] -= 1;
            if missing[w] == 0 {
                ready.insert(w);
            }
        }
    }
    // What stands on a cycle has no place of its own; it goes last.
    let placed: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..n).filter(|v| !placed.contains(v)));
    order
}

//! The last resort for what fits no page: few boxes of a view, with others that say how much they stand for.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Category, Graph};
use netloom_scene::Key;

use super::build::blank;
use super::{NodeKind, View, ViewNode, ViewOptions, skips, trunk};

/// The key of a box that stands for what was left out.
const MORE: &str = "more:boxes";

/// What is kept of a view.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elision {
    /// How many boxes, at least one.
    pub boxes: usize,
    /// The most inputs, and the most outputs, that are named; at least two.
    pub ports: usize,
    /// Which boxes.
    pub kept: Kept,
}

/// Which boxes of a view are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// The first and last ones, with one between them that stands for all others.
    Ends,
    /// Those with most parameters, with one for each run of others.
    Heaviest,
}

impl ViewNode {
    /// Whether the box stands for boxes that were left out.
    pub fn is_stand_in(&self) -> bool {
        self.key.subject().starts_with(MORE)
    }
}

/// A view of a few boxes. Inputs and outputs beyond the first few share a word; frames are closed.
pub fn elide(graph: &Graph, options: &ViewOptions, view: &View, what: Elision) -> View {
    let mut view = view.clone();
    view.callouts.clear();
    close(&mut view);
    for kind in [NodeKind::Input, NodeKind::Output] {
        let ports: Vec<usize> = (0..view.nodes.len()).filter(|n| view.nodes[*n].kind == kind).collect();
        let most = what.ports.max(2);
        if ports.len() > most {
            let word = if kind == NodeKind::Input { "inputs" } else { "outputs" };
            let rest = ports[most - 1..].to_vec();
            let node = ViewNode {
                kind,
                title: format!("… {} more {word}", rest.len()),
                ..blank(Key::new(format!("more:{word}")))
            };
            gather(&mut view, vec![(rest, node)]);
        }
    }
    let boxes: Vec<usize> = order(&view)
        .into_iter()
        .filter(|n| !matches!(view.nodes[*n].kind, NodeKind::Input | NodeKind::Output))
        .collect();
    let keep = what.boxes.max(1);
    if boxes.len() > keep {
        let runs: Vec<Vec<usize>> = match what.kept {
            Kept::Ends => {
                let first = (keep - 1).div_ceil(2);
                vec![boxes[first..boxes.len() - (keep - 1 - first)].to_vec()]
            }
            Kept::Heaviest => {
                let kept = heaviest(&view, &boxes, keep);
                boxes.split(|n| kept.contains(n)).filter(|r| r.len() > 1).map(<[usize]>::to_vec).collect()
            }
        };
        let runs = runs.into_iter().enumerate().map(|(i, run)| {
            let repeats =
                run.iter().fold(0u64, |sum, n| sum.saturating_add(u64::from(view.nodes[*n].repeat)));
            let node = ViewNode {
                kind: NodeKind::Module,
                title: format!("… {repeats} more"),
                category: Category::Other,
                ..blank(Key::new(if i == 0 { MORE.to_owned() } else { format!("{MORE}~{}", i + 1) }))
            };
            (run, node)
        });
        let runs = runs.collect();
        gather(&mut view, runs);
    }
    // Arrows out of a box that stands for many may come back to it from what was kept: they are no flow.
    (trunk::PASS.run)(graph, options, &mut view);
    (skips::PASS.run)(graph, options, &mut view);
    view
}

/// Makes a box of every outermost frame.
fn close(view: &mut View) {
    let mut inside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    // Frames come before what they hold.
    let mut outermost: Vec<Option<usize>> = Vec::with_capacity(view.nodes.len());
    for (n, node) in view.nodes.iter().enumerate() {
        let frame = node.parent.map(|p| outermost.get(p).copied().flatten().unwrap_or(p));
        if let Some(frame) = frame {
            inside.entry(frame).or_insert_with(|| vec![frame]).push(n);
        }
        outermost.push(frame);
    }
    let closed = inside.into_iter().map(|(frame, several)| {
        let own = &view.nodes[frame];
        let layers = several.iter().filter(|n| view.nodes[**n].kind == NodeKind::Layer).count();
        let title = if own.title.is_empty() { format!("{layers} layers") } else { own.title.clone() };
        let (modules, operators) = (Vec::new(), Vec::new());
        (several, ViewNode { kind: NodeKind::Module, title, modules, operators, ..own.clone() })
    });
    let closed = closed.collect();
    gather(view, closed);
}

/// Some boxes with most parameters, and of those with as many the earlier ones.
fn heaviest(view: &View, boxes: &[usize], keep: usize) -> BTreeSet<usize> {
    let weight = |n: usize| -> u64 {
        let rows = view.nodes[n].operators.iter().filter_map(|o| view.summary.nodes.get(o.index()));
        rows.fold(0, |sum, row| sum.saturating_add(row.parameters))
    };
    let mut ranked: Vec<(std::cmp::Reverse<u64>, usize, usize)> =
        boxes.iter().enumerate().map(|(at, n)| (std::cmp::Reverse(weight(*n)), at, *n)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(keep).map(|(_, _, n)| n).collect()
}

/// Puts one node each in the place of several, which come first in order. What they stand for, it stands for.
fn gather(view: &mut View, groups: Vec<(Vec<usize>, ViewNode)>) {
    let mut into: Vec<usize> = (0..view.nodes.len()).collect();
    let mut joined = vec![false; view.nodes.len()];
    for (several, mut node) in groups {
        let Some(&first) = several.first() else { continue };
        for n in several {
            let from = &mut view.nodes[n];
            node.operators.append(&mut from.operators);
            node.modules.append(&mut from.modules);
            node.output = from.output.or(node.output);
            (into[n], joined[n]) = (first, true);
        }
        view.nodes[first] = node;
    }
    let mut seen = BTreeSet::new();
    view.edges.retain_mut(|e| {
        let is_joined = joined[e.source] || joined[e.target];
        if joined[e.target] {
            e.port = None;
        }
        (e.source, e.target) = (into[e.source], into[e.target]);
        (e.trunk, e.skip) = (false, false);
        e.source != e.target && (!is_joined || seen.insert((e.source, e.target)))
    });
    let gone: Vec<bool> = into.iter().enumerate().map(|(n, i)| n != *i).collect();
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

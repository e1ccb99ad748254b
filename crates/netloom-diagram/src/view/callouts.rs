//! Detail figures: what closed boxes hold, one figure for all boxes of a kind.

use std::collections::BTreeMap;

use netloom_graph::{Graph, ModuleId};
use netloom_scene::Key;

use super::build::blank;
use super::{Callout, NodeKind, View, ViewNode, ViewOptions, skips, trunk};

/// The most detail figures beside one figure.
pub const MAX_CALLOUTS: usize = 3;
/// The most boxes of a detail figure; what is larger is a figure of its own.
const MAX_BOXES: usize = 32;
/// From how many arriving tensors on they share one word.
const MAX_STREAMS: usize = 3;

/// The detail figures for the closed boxes of a view, at most `most`, in the order of their first box. `deeper` is
/// the view of the same graph with one level more open.
///
/// Boxes are of one kind when they have one class and hold the same layers joined in the same way; the numbers of
/// channels may differ. Where there are more kinds than `most`, those that explain most boxes are kept.
pub fn callouts(
    graph: &Graph,
    options: &ViewOptions,
    view: &View,
    deeper: &View,
    most: usize,
) -> Vec<Callout> {
    let mut frames: BTreeMap<ModuleId, usize> = BTreeMap::new();
    for (i, node) in deeper.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Container) {
        for module in &node.modules {
            frames.entry(*module).or_insert(i);
        }
    }
    let mut held: Vec<Vec<usize>> = vec![Vec::new(); deeper.nodes.len()];
    for (i, node) in deeper.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            held[parent].push(i);
        }
    }
    let mut kinds: Vec<(Signature, Callout)> = Vec::new();
    for (at, node) in view.nodes.iter().enumerate() {
        if node.kind != NodeKind::Module {
            continue;
        }
        let Some(&frame) = node.modules.iter().find_map(|m| frames.get(m)) else { continue };
        let Some(inside) = inside(deeper, &held, frame, deeper.nodes[frame].repeat != node.repeat) else {
            continue;
        };
        let title = title(graph, node);
        let signature = Signature::new(deeper, &inside, &title);
        match kinds.iter_mut().find(|(s, _)| *s == signature) {
            Some((_, callout)) => callout.of.push(at),
            None => {
                let view = part(graph, options, deeper, &inside);
                let place = if node.title == title { String::new() } else { node.title.clone() };
                kinds.push((signature, Callout { title, place, of: vec![at], view }));
            }
        }
    }
    let mut callouts: Vec<Callout> = kinds.into_iter().map(|(_, c)| c).collect();
    while callouts.len() > most {
        let explains =
            |c: &Callout| c.of.iter().fold(0u32, |sum, n| sum.saturating_add(view.nodes[*n].repeat));
        let least = (0..callouts.len()).rev().min_by_key(|i| explains(&callouts[*i]));
        match least {
            Some(least) => callouts.remove(least),
            None => break,
        };
    }
    for (i, callout) in callouts.iter_mut().enumerate() {
        for node in &mut callout.view.nodes {
            node.key = Key::new(format!("{}|{}", Callout::letter(i), node.key));
        }
    }
    callouts
}

/// What a closed box is called for its kind: the class of what it holds, else its own name.
fn title(graph: &Graph, node: &ViewNode) -> String {
    let class = node.modules.first().and_then(|m| graph.module(*m).class.clone());
    class
        .filter(|c| !matches!(c.as_str(), "" | "Sequential" | "ModuleList"))
        .unwrap_or_else(|| node.title.clone())
}

/// The nodes that stand in a frame, the frame itself too if asked for; `None` when they are too many or too few to
/// be worth a figure.
fn inside(view: &View, held: &[Vec<usize>], frame: usize, with_frame: bool) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut stack = held[frame].clone();
    while let Some(i) = stack.pop() {
        found.push(i);
        if found.len() > MAX_BOXES {
            return None;
        }
        stack.extend(&held[i]);
    }
    let boxes = found.iter().filter(|i| matches!(view.nodes[**i].kind, NodeKind::Layer | NodeKind::Module));
    if boxes.count() < 2 {
        return None;
    }
    found.extend(with_frame.then_some(frame));
    found.sort_unstable();
    Some(found)
}

/// What makes boxes one kind: layers without their widths, and how they are joined.
#[derive(PartialEq)]
struct Signature {
    title: String,
    boxes: Vec<(NodeKind, String, Vec<String>, Option<usize>)>,
    wires: Vec<(usize, usize, Option<&'static str>)>,
}

impl Signature {
    fn new(view: &View, inside: &[usize], title: &str) -> Self {
        let place = |n: usize| inside.binary_search(&n).ok();
        let boxes = inside
            .iter()
            .map(|i| &view.nodes[*i])
            .map(|n| {
                let text = match n.kind {
                    NodeKind::Module | NodeKind::Container => String::new(),
                    _ => without_width(&n.title).to_owned(),
                };
                let bands = n.bands.iter().map(|b| without_width(&b.title).to_owned()).collect();
                (n.kind, text, bands, n.parent.and_then(place))
            })
            .collect();
        let mut wires: Vec<_> = view
            .edges
            .iter()
            .filter_map(|e| Some((place(e.source)?, place(e.target)?, e.port)))
            .collect();
        wires.sort_unstable();
        Self { title: title.to_owned(), boxes, wires }
    }
}

/// `conv 3×3` of `conv 3×3, 64, /2`, `linear` of `linear 512`.
fn without_width(title: &str) -> &str {
    let head = title.split(", ").next().unwrap_or(title);
    head.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace())
}

/// The view of some nodes alone; what arrives and leaves is one word per tensor.
fn part(graph: &Graph, options: &ViewOptions, view: &View, inside: &[usize]) -> View {
    let place = |n: usize| inside.binary_search(&n).ok();
    let mut nodes: Vec<ViewNode> = inside
        .iter()
        .map(|i| {
            let mut node = view.nodes[*i].clone();
            node.parent = node.parent.and_then(place);
            node
        })
        .collect();
    let mut edges = Vec::new();
    let arriving: Vec<usize> = {
        let mut tensors: Vec<usize> = view
            .edges
            .iter()
            .filter(|e| place(e.target).is_some() && place(e.source).is_none())
            .map(|e| e.tensor.index())
            .collect();
        tensors.sort_unstable();
        tensors.dedup();
        tensors
    };
    let shared = arriving.len() > MAX_STREAMS;
    // The word of each stream across the border, by tensor; those that leave after those that arrive.
    let mut words: BTreeMap<(bool, usize), usize> = BTreeMap::new();
    for edge in &view.edges {
        let mut edge = edge.clone();
        match (place(edge.source), place(edge.target)) {
            (Some(source), Some(target)) => (edge.source, edge.target) = (source, target),
            (None, Some(target)) => {
                let stream = if shared { 0 } else { edge.tensor.index() };
                edge.source = *words.entry((false, stream)).or_insert_with(|| {
                    nodes.push(word(NodeKind::Input, "in", nodes.len(), edge.tensor));
                    nodes.len() - 1
                });
                edge.target = target;
            }
            (Some(source), None) => {
                let next = nodes.len();
                let known = words.insert((true, edge.tensor.index()), next);
                if known.is_some() {
                    continue;
                }
                nodes.push(word(NodeKind::Output, "out", next, edge.tensor));
                (edge.source, edge.target) = (source, next);
                edge.reader = None;
            }
            (None, None) => continue,
        }
        edge.trunk = false;
        let again = |e: &super::ViewEdge| {
            e.source == edge.source && e.target == edge.target && nodes[e.source].kind == NodeKind::Input
        };
        if !edges.iter().any(again) {
            edges.push(edge);
        }
    }
    for (kind, name) in [(NodeKind::Input, "in"), (NodeKind::Output, "out")] {
        let of_kind: Vec<usize> =
            (inside.len()..nodes.len()).filter(|i| nodes[*i].kind == kind).collect();
        if of_kind.len() > 1 {
            for (n, i) in of_kind.into_iter().enumerate() {
                nodes[i].title = format!("{name} {}", n + 1);
            }
        } else if let (NodeKind::Input, true, Some(i)) = (kind, shared, of_kind.first()) {
            nodes[*i].title = format!("{} inputs", arriving.len());
        }
    }
    let mut part = View {
        nodes,
        edges,
        summary: view.summary.clone(),
        trunk: Vec::new(),
        callouts: Vec::new(),
    };
    (trunk::PASS.run)(graph, options, &mut part);
    (skips::PASS.run)(graph, options, &mut part);
    part
}

/// A word where a stream crosses the border.
fn word(kind: NodeKind, title: &str, at: usize, tensor: netloom_graph::TensorId) -> ViewNode {
    ViewNode {
        kind,
        title: title.to_owned(),
        output: Some(tensor),
        ..blank(Key::new(format!("{title}:{at}")))
    }
}

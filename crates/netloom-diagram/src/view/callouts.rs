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
/// The most arrows of a detail figure.
const MAX_ARROWS: usize = 64;
/// From how many arriving tensors on they share one word.
const MAX_STREAMS: usize = 3;

/// What detail figures show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Details {
    /// The most figures.
    pub most: usize,
    /// Whether norms and activations that follow a layer are shown.
    pub bands: bool,
}

/// The detail figures for the closed boxes of a view, in the order of their first box. `deeper` is
/// a view of the same graph with more levels open.
///
/// Boxes are of one kind when they have one class and hold the same layers joined in the same way; the numbers of
/// channels may differ. Where there are more kinds than may be shown, those that explain most of the model are kept.
pub fn callouts(
    graph: &Graph,
    options: &ViewOptions,
    view: &View,
    deeper: &View,
    how: Details,
) -> Vec<Callout> {
    let mut frames: BTreeMap<ModuleId, usize> = BTreeMap::new();
    for (i, node) in deeper.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Container) {
        // A part that holds nothing but this one has no frame of its own; frames stand before what they hold, so the
        // outermost frame of a part comes first.
        for module in &node.modules {
            let mut at = Some(*module);
            while let Some(id) = at.filter(|id| !frames.contains_key(id)) {
                frames.insert(id, i);
                at = graph.module(id).parent;
            }
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
        let Some(inside) = inside(deeper, &held, frame) else { continue };
        // A closed module that holds a run and nothing else: the run is told by its count.
        let repeat = if deeper.nodes[frame].repeat == node.repeat { 1 } else { deeper.nodes[frame].repeat };
        let signature = Signature::new(
            deeper,
            &inside,
            class(graph, if repeat > 1 { &deeper.nodes[frame] } else { node }),
        );
        match kinds.iter_mut().find(|(s, _)| *s == signature) {
            Some((_, callout)) => {
                callout.of.push(at);
                callout.repeats.push(repeat);
            }
            None => {
                let title = signature.class.clone().unwrap_or_default();
                let mut view = part(graph, options, deeper, &inside);
                if !how.bands {
                    view.nodes.iter_mut().for_each(|n| n.bands.clear());
                }
                kinds.push((
                    signature,
                    Callout { title, place: node.title.clone(), of: vec![at], repeats: vec![repeat], view },
                ));
            }
        }
    }
    let mut callouts: Vec<Callout> = kinds.into_iter().map(|(_, c)| c).collect();
    for callout in callouts.iter_mut().filter(|c| c.title.is_empty()) {
        callout.title = common(callout.of.iter().map(|n| view.nodes[*n].title.as_str()));
    }
    for callout in &mut callouts {
        callout.title = callout.title.trim_start_matches('_').to_owned();
        if callout.title.starts_with(&callout.place) {
            callout.place.clear();
        }
    }
    while callouts.len() > how.most {
        let least = (0..callouts.len()).rev().min_by_key(|i| callouts[*i].explains(view));
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

impl View {
    /// The same view with detail figures. Boxes that one explains need not say their class.
    #[must_use]
    pub fn with_callouts(mut self, callouts: Vec<Callout>) -> Self {
        for node in callouts.iter().flat_map(|c| &c.of) {
            let subtitle = &mut self.nodes[*node].subtitle;
            // How many blocks it holds is its own; the class is said with the detail.
            let counts = subtitle.starts_with(|c: char| c.is_ascii_digit());
            if let Some((_, rest)) = subtitle.rsplit_once(" · ").filter(|_| !counts) {
                *subtitle = rest.to_owned();
            }
        }
        Self { callouts, ..self }
    }
}

/// The class of what a closed box holds, if the file tells.
fn class(graph: &Graph, node: &ViewNode) -> Option<String> {
    let class = node.modules.first().and_then(|m| graph.module(*m).class.clone());
    class.filter(|c| !matches!(c.as_str(), "" | "Sequential" | "ModuleList"))
}

/// What some names begin with, without a number at its end: `inception` of `inception3a` and `inception4b`. Names of
/// bare numbers in one list are told by the first: `features.2, …`.
fn common<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let Some(first) = names.first() else { return String::new() };
    if names.len() == 1 {
        return (*first).to_owned();
    }
    let alike = |name: &str| {
        first
            .char_indices()
            .zip(name.chars())
            .find(|((_, a), b)| a != b)
            .map_or(first.len(), |((at, _), _)| at)
    };
    let shared = &first[..names.iter().map(|n| alike(n)).fold(first.len(), usize::min)];
    let stem = shared.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.is_empty() || stem.ends_with(['.', '/']) {
        return format!("{first}, …");
    }
    stem.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned()
}

/// The nodes that stand in a frame; `None` when they are too many or too few to be worth a figure.
fn inside(view: &View, held: &[Vec<usize>], frame: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut stack = held[frame].clone();
    while let Some(i) = stack.pop() {
        // Frames within a detail figure say little, but for how often what they hold comes.
        let node = &view.nodes[i];
        if node.kind != NodeKind::Container || node.repeat > 1 {
            found.push(i);
        }
        if found.len() > MAX_BOXES {
            return None;
        }
        stack.extend(&held[i]);
    }
    let boxes = found.iter().filter(|i| matches!(view.nodes[**i].kind, NodeKind::Layer | NodeKind::Module));
    if boxes.count() < 2 {
        return None;
    }
    found.sort_unstable();
    let within = |n: usize| found.binary_search(&n).is_ok();
    if view.edges.iter().filter(|e| within(e.source) && within(e.target)).count() > MAX_ARROWS {
        return None;
    }
    Some(found)
}

/// What makes boxes one kind: layers without their widths, and how they are joined.
#[derive(PartialEq)]
struct Signature {
    class: Option<String>,
    boxes: Vec<(NodeKind, String, Vec<String>, Option<usize>)>,
    wires: Vec<(usize, usize, Option<&'static str>)>,
}

impl Signature {
    fn new(view: &View, inside: &[usize], class: Option<String>) -> Self {
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
        let mut wires: Vec<_> =
            view.edges.iter().filter_map(|e| Some((place(e.source)?, place(e.target)?, e.port))).collect();
        wires.sort_unstable();
        Self { class, boxes, wires }
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
    // The innermost frame that is drawn.
    let parent = |n: usize| {
        let mut at = view.nodes[n].parent;
        while let Some(p) = at.filter(|p| place(*p).is_none()) {
            at = view.nodes[p].parent;
        }
        at.and_then(place)
    };
    let mut nodes: Vec<ViewNode> =
        inside.iter().map(|i| ViewNode { parent: parent(*i), ..view.nodes[*i].clone() }).collect();
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
        let of_kind: Vec<usize> = (inside.len()..nodes.len()).filter(|i| nodes[*i].kind == kind).collect();
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
        was: None,
        legend: view.legend.clone(),
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

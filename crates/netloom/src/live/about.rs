//! What a page tells of a box or an arrow: exact counts, shapes, settings, where it stands in the source.

use std::collections::BTreeMap;

use netloom_diagram::number;
use netloom_diagram::view::{NodeKind, View};
use netloom_graph::{Attribute, Graph, ModuleId, NodeId, TensorId};
use serde::Serialize;

use super::frame::Unit;

/// The most operators, paths and settings that are listed of one box.
const MAX_ROWS: usize = 12;
/// The longest value of a setting that is written out, in characters.
const MAX_VALUE: usize = 80;

/// What is known of a box.
#[derive(Serialize)]
pub(super) struct Facts {
    /// What it is: `layer`, `module`, `open`, `input`, `output`, `merge`, `stub`.
    kind: &'static str,
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subtitle: String,
    /// What follows in the same box.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bands: Vec<String>,
    /// How often it comes in a row.
    repeat: u32,
    /// Modules that are opened or closed with it, by index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modules: Vec<usize>,
    /// Operators it stands for, by index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operators: Vec<usize>,
    /// Names and values, as they are printed.
    rows: Vec<(&'static str, String)>,
    /// Settings as the file has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    settings: Vec<(String, String)>,
    /// Its part of the parameters and of the multiply-adds of the model, in thousandths.
    shares: [Option<u64>; 2],
}

/// What an arrow carries.
#[derive(Serialize)]
pub(super) struct Wire {
    name: String,
    shape: String,
    skip: bool,
}

/// Adds what is known to the units of a view.
pub(super) fn tell(graph: &Graph, view: &View, units: &mut [Unit]) {
    let about = About::new(graph, view);
    for unit in units {
        let wire = unit.ends().and_then(|[from, to]| about.wire(from, to));
        let facts = match (unit.ends(), unit.key().contains('#')) {
            (None, false) => about.nodes.get(unit.key()).map(|n| about.facts(*n)),
            _ => None,
        };
        unit.tell(facts, wire);
    }
}

/// Where facts are taken from.
struct About<'a> {
    graph: &'a Graph,
    view: &'a View,
    /// Boxes by key.
    nodes: BTreeMap<&'a str, usize>,
    /// What arrives at and leaves each box and frame.
    ends: Vec<[Vec<TensorId>; 2]>,
    /// Operators of each box and frame, what stands inside included.
    operators: Vec<Vec<NodeId>>,
    wires: BTreeMap<(&'a str, &'a str), (TensorId, bool)>,
}

impl<'a> About<'a> {
    fn new(graph: &'a Graph, view: &'a View) -> Self {
        let nodes = view.nodes.iter().enumerate().map(|(i, n)| (n.key.as_str(), i)).collect();
        let mut ends = vec![[Vec::new(), Vec::new()]; view.nodes.len()];
        let mut wires: BTreeMap<(&str, &str), (TensorId, bool)> = BTreeMap::new();
        for edge in &view.edges {
            let (source, target) = (&view.nodes[edge.source], &view.nodes[edge.target]);
            let wire = wires.entry((source.key.as_str(), target.key.as_str()));
            wire.or_insert((edge.arrives, false)).1 |= edge.skip;
            for (at, end, other, tensor) in
                [(0, edge.target, edge.source, edge.arrives), (1, edge.source, edge.target, edge.tensor)]
            {
                let mut next = Some(end);
                while let Some(n) = next.filter(|n| *n != other && !view.is_ancestor(*n, other)) {
                    ends[n][at].push(tensor);
                    next = view.nodes[n].parent;
                }
            }
        }
        let mut operators: Vec<Vec<NodeId>> = view.nodes.iter().map(|n| n.operators.clone()).collect();
        // Frames stand before what they hold.
        for i in (0..view.nodes.len()).rev() {
            operators[i].sort_unstable();
            operators[i].dedup();
            if let Some(parent) = view.nodes[i].parent.filter(|p| *p < i) {
                let inside = operators[i].clone();
                operators[parent].extend(inside);
            }
        }
        Self { graph, view, nodes, ends, operators, wires }
    }

    fn wire(&self, from: &str, to: &str) -> Option<Wire> {
        let (tensor, skip) = *self.wires.get(&(from, to))?;
        Some(Wire { name: self.graph.tensor(tensor).name.clone(), shape: self.shape(tensor), skip })
    }

    /// `64×56×56 float32`, batch included.
    fn shape(&self, tensor: TensorId) -> String {
        let ty = &self.graph.tensor(tensor).ty;
        let shape = match ty.shape() {
            shape if shape.dims().is_none() => "?".to_owned(),
            shape => number::shape(shape, true),
        };
        match ty.dtype() {
            Some(dtype) => format!("{shape} {}", dtype.name()),
            None => shape,
        }
    }

    fn facts(&self, at: usize) -> Facts {
        let (view, node, operators) = (self.view, &self.view.nodes[at], &self.operators[at]);
        let kind = match node.kind {
            NodeKind::Layer => "layer",
            NodeKind::Module => "module",
            NodeKind::Container => "open",
            NodeKind::Input => "input",
            NodeKind::Output => "output",
            NodeKind::Merge => "merge",
            NodeKind::Stub => "stub",
        };
        let mut rows: Vec<(&'static str, String)> = Vec::new();
        let mut homes = node.modules.clone();
        if homes.is_empty() {
            homes = operators.iter().map(|n| self.graph.node(*n).module).collect();
            homes.sort_unstable();
            homes.dedup();
        }
        let paths = homes.iter().map(|m| self.graph.module(*m).path.as_str());
        let paths: Vec<&str> = paths.filter(|p| !p.is_empty()).collect();
        let class = node.modules.first().and_then(|m| self.graph.module(*m).class.clone());
        let count = |of: &dyn Fn(usize) -> Option<u64>| {
            operators.iter().filter_map(|n| of(n.index())).fold(0u64, u64::saturating_add)
        };
        let summary = &view.summary;
        let parameters = count(&|n| summary.nodes.get(n).map(|s| s.parameters));
        let macs = count(&|n| summary.nodes.get(n).and_then(|s| s.macs));
        let [arrive, leave] = &self.ends[at];
        let mut leave = leave.clone();
        if leave.is_empty() {
            leave.extend(node.output);
        }
        let some_of = |n: u64| if n > 0 { number::grouped(n) } else { String::new() };
        for (name, value) in [
            ("Module", some(&paths)),
            ("Class", class.unwrap_or_default()),
            ("In", self.shapes(arrive.clone())),
            ("Out", self.shapes(leave)),
            ("Parameters", some_of(parameters)),
            ("MACs", some_of(macs)),
        ] {
            if !value.is_empty() {
                rows.push((name, value));
            }
        }
        let share = |part: u64, whole: Option<u64>| {
            let whole = whole.filter(|w| *w > 0 && part > 0)?;
            u64::try_from(u128::from(part) * 1000 / u128::from(whole)).ok()
        };
        let opens = matches!(node.kind, NodeKind::Module | NodeKind::Container);
        Facts {
            kind,
            title: if node.header.is_empty() { node.title.clone() } else { node.header.clone() },
            subtitle: node.subtitle.clone(),
            bands: node.bands.iter().map(|b| b.title.clone()).collect(),
            repeat: node.repeat,
            modules: if opens { self.modules(&node.modules, operators) } else { Vec::new() },
            operators: operators.iter().map(|n| n.index()).collect(),
            rows,
            settings: if node.kind == NodeKind::Layer { self.settings(operators) } else { Vec::new() },
            shares: [share(parameters, Some(summary.parameters)), share(macs, summary.macs)],
        }
    }

    /// Modules that open and close with a box: its own, and what each holds by itself alone, down to where there is more
    /// to see.
    fn modules(&self, own: &[ModuleId], operators: &[NodeId]) -> Vec<usize> {
        let mut all: Vec<usize> = Vec::new();
        for module in own {
            let mut next = Some(*module);
            while let Some(id) = next {
                all.push(id.index());
                next = self.only_child(id, operators);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The part of a module that holds all of these operators that the module holds.
    fn only_child(&self, module: ModuleId, operators: &[NodeId]) -> Option<ModuleId> {
        let mut only = None;
        for operator in operators {
            let mut at = self.graph.node(*operator).module;
            if at == module {
                return None;
            }
            while let Some(parent) = self.graph.module(at).parent {
                if parent == module {
                    if only.is_some_and(|o| o != at) {
                        return None;
                    }
                    only = Some(at);
                }
                at = parent;
            }
        }
        only
    }

    fn shapes(&self, mut tensors: Vec<TensorId>) -> String {
        tensors.sort_unstable();
        tensors.dedup();
        let mut shapes: Vec<String> = tensors.into_iter().map(|t| self.shape(t)).collect();
        shapes.dedup();
        some(&shapes.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Settings of the first operator that has some, as the graph has them.
    fn settings(&self, operators: &[NodeId]) -> Vec<(String, String)> {
        let first = operators.iter().map(|n| self.graph.node(*n)).find(|n| !n.attributes.is_empty());
        let Some(node) = first else { return Vec::new() };
        node.attributes.iter().take(MAX_ROWS).map(|(name, value)| (name.to_owned(), written(value))).collect()
    }
}

/// The first of several words, and how many more there are.
fn some(words: &[&str]) -> String {
    let mut text = words.iter().take(MAX_ROWS).copied().collect::<Vec<_>>().join(", ");
    if words.len() > MAX_ROWS {
        text += &format!(" and {} more", words.len() - MAX_ROWS);
    }
    text
}

/// A setting as it is printed.
fn written(value: &Attribute) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let text = match value {
        Attribute::Int(n) => n.to_string(),
        Attribute::Float(x) => number::float(*x),
        Attribute::String(s) | Attribute::Other(s) => s.clone(),
        Attribute::Ints(n) => list(n.iter().take(MAX_ROWS).map(ToString::to_string).collect()),
        Attribute::Floats(x) => list(x.iter().take(MAX_ROWS).map(|x| number::float(*x)).collect()),
        Attribute::Strings(s) => list(s.iter().take(MAX_ROWS).cloned().collect()),
        Attribute::Tensor(t) => format!("tensor {}", number::shape(&t.shape, true)),
        Attribute::Region(_) | Attribute::Regions(_) => "body".to_owned(),
        Attribute::Type(_) => "type".to_owned(),
    };
    if text.chars().count() <= MAX_VALUE {
        return text;
    }
    text.chars().take(MAX_VALUE).chain(['…']).collect()
}

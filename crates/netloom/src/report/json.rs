//! `summary --json`: a promise to scripts, versioned by its first field.

use std::collections::BTreeMap;

use netloom_graph::lift::lift;
use netloom_graph::repeats::{Repeat, repeats};
use netloom_graph::skips::residual_adds;
use netloom_graph::summary::{Summary, summary};
use netloom_graph::{Dim, Graph, ModuleId, Shape, TensorId, ValueType};
use serde::Serialize;

use super::stem;
use crate::description;

/// The version of the layout of this JSON.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    netloom: u32,
    source: Origin<'a>,
    /// One paragraph for people.
    description: String,
    totals: Totals,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
    layers: BTreeMap<String, u64>,
    repeats: Vec<Repeated<'a>>,
    /// How many additions bring back what by-passed some layers.
    skips: usize,
    tree: Tree<'a>,
    diagnostics: Vec<Remark<'a>>,
}

#[derive(Serialize)]
struct Origin<'a> {
    name: &'a str,
    format: &'a str,
    producer: &'a str,
}

#[derive(Serialize)]
struct Totals {
    parameters: u64,
    trainable_parameters: Option<u64>,
    buffers: u64,
    macs: Option<u64>,
    nodes: usize,
    modules: usize,
}

#[derive(Serialize)]
struct Port<'a> {
    name: &'a str,
    dtype: Option<&'static str>,
    shape: Option<Vec<Size>>,
}

/// A dimension: a number, a symbol or expression, or `null`.
#[derive(Serialize)]
#[serde(untagged)]
enum Size {
    Known(i64),
    Symbol(String),
    Unknown,
}

#[derive(Serialize)]
struct Tree<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    class: Option<&'a str>,
    parameters: u64,
    macs: Option<u64>,
    outputs: Vec<Option<Vec<Size>>>,
    repeat: u32,
    children: Vec<Tree<'a>>,
}

/// Consecutive parts of one class in a container.
#[derive(Serialize)]
struct Repeated<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    class: Option<&'a str>,
    count: usize,
    identical: bool,
    first: &'a str,
    last: &'a str,
    /// Lengths of the stretches of equal parts.
    runs: Vec<usize>,
}

#[derive(Serialize)]
struct Remark<'a> {
    severity: String,
    path: &'a str,
    message: &'a str,
}

/// The summary of a model as JSON with an end of line; `name` is what the source is called.
///
/// Unknown dimensions are `null`, symbolic ones strings. A total that cannot be known is `null`.
pub fn json(graph: &Graph, name: &str) -> String {
    let counted = summary(graph);
    let report = Report {
        netloom: VERSION,
        source: Origin { name, format: &graph.format, producer: &graph.producer },
        description: description(graph, stem(name)),
        totals: Totals {
            parameters: counted.parameters,
            trainable_parameters: counted.trainable_parameters,
            buffers: counted.buffers,
            macs: counted.macs,
            nodes: graph.nodes().len(),
            modules: graph.modules().len(),
        },
        inputs: graph.inputs.iter().map(|t| port(graph, *t)).collect(),
        outputs: graph.outputs.iter().map(|t| port(graph, *t)).collect(),
        layers: counted.layers.clone(),
        repeats: repeats(graph).iter().map(|r| repeated(graph, r)).collect(),
        skips: residual_adds(&lift(graph).graph).len(),
        tree: tree(graph, &counted),
        diagnostics: graph
            .diagnostics
            .iter()
            .map(|d| Remark { severity: d.severity.to_string(), path: &d.path, message: &d.message })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("strings and numbers always serialise");
    text.push('\n');
    text
}

fn repeated<'a>(graph: &'a Graph, repeat: &Repeat) -> Repeated<'a> {
    let name = |m: Option<&ModuleId>| m.map_or("", |m| graph.module(*m).name.as_str());
    Repeated {
        path: &graph.module(repeat.container).path,
        class: repeat.members.first().and_then(|m| graph.module(*m).class.as_deref()),
        count: repeat.members.len(),
        identical: repeat.is_identical(),
        first: name(repeat.members.first()),
        last: name(repeat.members.last()),
        runs: repeat.runs.clone(),
    }
}

fn port<'a>(graph: &'a Graph, id: TensorId) -> Port<'a> {
    let tensor = graph.tensor(id);
    Port { name: &tensor.name, dtype: dtype(&tensor.ty), shape: sizes(tensor.ty.shape()) }
}

fn dtype(ty: &ValueType) -> Option<&'static str> {
    match ty {
        ValueType::Unknown => None,
        ValueType::Tensor { dtype, .. } | ValueType::SparseTensor { dtype, .. } => dtype.map(|d| d.name()),
        ValueType::Sequence(_) => Some("sequence"),
        ValueType::Optional(_) => Some("optional"),
        ValueType::Map { .. } => Some("map"),
    }
}

fn sizes(shape: &Shape) -> Option<Vec<Size>> {
    let dims = shape.dims()?;
    Some(
        dims.iter()
            .map(|d| match d {
                Dim::Known(n) => Size::Known(*n),
                Dim::Expr(_) => Size::Symbol(d.to_string()),
                Dim::Unknown => Size::Unknown,
            })
            .collect(),
    )
}

/// The module tree, built from the leaves up; importers bound its depth.
fn tree<'a>(graph: &'a Graph, counted: &Summary) -> Tree<'a> {
    let mut built: BTreeMap<ModuleId, Tree<'a>> = BTreeMap::new();
    let ids: Vec<ModuleId> = graph.modules().map(|(id, _)| id).collect();
    for &id in ids.iter().rev() {
        let module = graph.module(id);
        let children = module.children.iter().filter_map(|c| built.remove(c)).collect();
        let row = counted.modules.get(id.index());
        let outputs: &[TensorId] =
            if id == graph.root() { &graph.outputs } else { row.map_or(&[], |r| &r.outputs) };
        let tree = Tree {
            path: &module.path,
            class: module.class.as_deref(),
            parameters: row.map_or(0, |r| r.parameters),
            macs: row.and_then(|r| r.macs),
            outputs: outputs.iter().map(|t| sizes(graph.tensor(*t).ty.shape())).collect(),
            repeat: 1,
            children,
        };
        built.insert(id, tree);
    }
    built.remove(&graph.root()).expect("a graph has a root")
}

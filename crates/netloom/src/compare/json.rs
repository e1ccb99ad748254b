//! `diff --json`: a promise to scripts, versioned by its first field.

use std::collections::BTreeMap;

use netloom_graph::diff::{Block, Totals};
use netloom_graph::{Graph, ModuleId, NodeId};
use serde::Serialize;

use super::{Comparison, label};

/// The version of the layout of this JSON.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    netloom_diff: u32,
    equal: bool,
    before: Model<'a>,
    after: Model<'a>,
    counts: Counts,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
    repeats: Vec<Repeat<'a>>,
    added_blocks: Vec<Module<'a>>,
    removed_blocks: Vec<Module<'a>>,
    added: Vec<Operator>,
    removed: Vec<Operator>,
    changed: Vec<Pair<'a>>,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    parameters: u64,
    macs: Option<u64>,
    operators: usize,
    movement: &'a BTreeMap<String, usize>,
    quantized: Quantized<'a>,
}

#[derive(Serialize)]
struct Quantized<'a> {
    activations: usize,
    dynamic: usize,
    weights: usize,
    operators: usize,
    dtypes: &'a BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct Counts {
    matched: usize,
    added: usize,
    removed: usize,
    changed: usize,
}

#[derive(Serialize)]
struct Port<'a> {
    index: usize,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

#[derive(Serialize)]
struct Repeat<'a> {
    before_path: &'a str,
    after_path: &'a str,
    block: &'a str,
    before: usize,
    after: usize,
}

#[derive(Serialize)]
struct Module<'a> {
    path: &'a str,
    class: Option<&'a str>,
    operators: usize,
}

#[derive(Serialize)]
struct Operator {
    path: String,
    kind: String,
    label: String,
}

#[derive(Serialize)]
struct Pair<'a> {
    before: Operator,
    after: Operator,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    what: &'static str,
    name: String,
    before: &'a str,
    after: &'a str,
    implied: bool,
}

#[derive(Serialize)]
struct Group<'a> {
    what: &'static str,
    name: String,
    before: &'a str,
    after: &'a str,
    implied: bool,
    operators: usize,
    kinds: &'a BTreeMap<String, usize>,
}

pub(super) fn json(found: &Comparison) -> String {
    let diff = &found.diff;
    let (before, after) = (&found.before.graph, &found.after.graph);
    let ports = |is_output: bool| {
        let ports = diff.ports.iter().filter(|p| p.is_output == is_output);
        ports
            .map(|p| Port { index: p.index, before: p.before.as_deref(), after: p.after.as_deref() })
            .collect()
    };
    let report = Report {
        netloom_diff: VERSION,
        equal: diff.is_empty(),
        before: model(&found.names[0], &diff.before),
        after: model(&found.names[1], &diff.after),
        counts: Counts {
            matched: diff.pairs.len(),
            added: diff.added.len(),
            removed: diff.removed.len(),
            changed: diff.changed(),
        },
        inputs: ports(false),
        outputs: ports(true),
        repeats: diff
            .repeats
            .iter()
            .map(|r| Repeat {
                before_path: path(before, r.before_in),
                after_path: path(after, r.after_in),
                block: &r.block,
                before: r.before.len(),
                after: r.after.len(),
            })
            .collect(),
        added_blocks: blocks(after, &diff.added_blocks),
        removed_blocks: blocks(before, &diff.removed_blocks),
        added: diff.added.iter().map(|id| operator(after, *id)).collect(),
        removed: diff.removed.iter().map(|id| operator(before, *id)).collect(),
        changed: diff
            .pairs
            .iter()
            .filter(|p| !p.changes.is_empty())
            .map(|p| Pair {
                before: operator(before, p.before),
                after: operator(after, p.after),
                changes: p
                    .changes
                    .iter()
                    .map(|c| Change {
                        what: c.what.sort(),
                        name: c.what.name(),
                        before: &c.before,
                        after: &c.after,
                        implied: c.implied,
                    })
                    .collect(),
            })
            .collect(),
        groups: diff
            .groups
            .iter()
            .map(|g| Group {
                what: g.what.sort(),
                name: g.what.name(),
                before: &g.before,
                after: &g.after,
                implied: g.implied,
                operators: g.pairs.len(),
                kinds: &g.kinds,
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("plain data is always written");
    text.push('\n');
    text
}

fn model<'a>(name: &'a str, totals: &'a Totals) -> Model<'a> {
    let q = &totals.quantized;
    Model {
        name,
        parameters: totals.parameters,
        macs: totals.macs,
        operators: totals.operators,
        movement: &totals.movement,
        quantized: Quantized {
            activations: q.activations,
            dynamic: q.dynamic,
            weights: q.weights,
            operators: q.operators,
            dtypes: &q.dtypes,
        },
    }
}

fn path(graph: &Graph, module: ModuleId) -> &str {
    &graph.module(module).path
}

fn blocks<'a>(graph: &'a Graph, blocks: &[Block]) -> Vec<Module<'a>> {
    let row = |b: &Block| Module {
        path: path(graph, b.module),
        class: graph.module(b.module).class.as_deref(),
        operators: b.operators,
    };
    blocks.iter().map(row).collect()
}

fn operator(graph: &Graph, id: NodeId) -> Operator {
    Operator { path: graph.node_path(id), kind: graph.node(id).kind(), label: label(graph, id) }
}

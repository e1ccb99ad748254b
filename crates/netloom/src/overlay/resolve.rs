//! Finds what of a model the names of a file are about.

use std::collections::{BTreeMap, BTreeSet};

use netloom_diagram::overlay::{Combine, Values};
use netloom_graph::lift::Lifted;
use netloom_graph::{Graph, ModuleId, NodeId, Producer};
use netloom_scene::theme::closest;

use super::{Numbers, Table};
use crate::{Error, ErrorKind};

/// The most names that are looked through for one that was meant.
const MAX_NAMES: usize = 20_000;
/// How many names without a match are told.
const FEW: usize = 3;
/// The most names with one ending that are looked at.
const MAX_ENDS: usize = 64;

/// The numbers of a graph that is drawn, and what is to be said about them.
pub(crate) struct Named {
    pub(crate) values: Values,
    pub(crate) notes: Vec<String>,
}

/// What a name stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Target {
    Module(ModuleId),
    /// Operators of the source.
    Operators(Vec<NodeId>),
}

/// The numbers of the graph that is drawn in the place of a source.
///
/// # Errors
/// When none of the names of a file stands for anything.
pub(crate) fn resolve(
    numbers: &Numbers,
    source: &Graph,
    lifted: Option<&Lifted>,
    combine: Combine,
) -> Result<Named, Error> {
    let table = match numbers {
        Numbers::Measured(measure) => {
            return Ok(Named { values: Values::Measured(*measure), notes: Vec::new() });
        }
        Numbers::File(table) => table,
    };
    let shown = lifted.map_or(source, |l| &l.graph);
    let names = Names::new(source, shown);
    let mut modules: BTreeMap<ModuleId, Vec<f64>> = BTreeMap::new();
    let mut operators: BTreeMap<NodeId, Vec<f64>> = BTreeMap::new();
    let mut unknown: Vec<&str> = Vec::new();
    for (name, value) in &table.rows {
        match names.find(name) {
            Some(Target::Module(module)) => modules.entry(module).or_default().push(*value),
            Some(Target::Operators(nodes)) => {
                for node in nodes {
                    operators.entry(node).or_default().push(*value);
                }
            }
            None => unknown.push(name),
        }
    }
    if unknown.len() == table.rows.len() {
        let message = format!("{}: none of the {} names is in the model", table.title, table.rows.len());
        let hint = unknown.first().map(|n| names.hint(n));
        return Err(Error::new(ErrorKind::Input, message).with_hint(hint));
    }
    let mut notes = Vec::new();
    if !unknown.is_empty() {
        notes.push(untold(table, &unknown, &names));
    }
    let source_value = |n: &NodeId| operators.get(n).and_then(|v| combine.of(v));
    let values = match lifted {
        Some(lifted) => {
            let each = lifted.stands_for.iter().map(|nodes| {
                let found: Vec<f64> = nodes.iter().filter_map(source_value).collect();
                combine.of(&found)
            });
            let drawn: BTreeSet<&NodeId> = lifted.stands_for.iter().flatten().collect();
            let lost = operators.keys().filter(|n| !drawn.contains(n)).count();
            if lost > 0 {
                notes.push(format!(
                    "overlay: {lost} numbers belong to operators that are drawn as part of no layer; --plumbing shows them"
                ));
            }
            each.collect()
        }
        None => source.nodes().map(|(id, _)| source_value(&id)).collect(),
    };
    let modules = modules.into_iter().filter_map(|(m, values)| Some((m, combine.of(&values)?))).collect();
    Ok(Named { values: Values::Given { operators: values, modules }, notes })
}

fn untold(table: &Table, unknown: &[&str], names: &Names<'_>) -> String {
    let told: Vec<String> = unknown.iter().take(FEW).map(|n| format!("`{n}` ({})", names.hint(n))).collect();
    let more = match unknown.len().saturating_sub(FEW) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(
        "overlay: {} of {} names are not in the model: {}{more}",
        unknown.len(),
        table.rows.len(),
        told.join(", ")
    )
}

/// Everything that can be named, by name and by ending.
struct Names<'a> {
    exact: BTreeMap<&'a str, Target>,
    /// Names backwards, in order, so that those of one ending stand together.
    backwards: Vec<(String, &'a str)>,
    paths: BTreeMap<String, NodeId>,
}

impl<'a> Names<'a> {
    fn new(source: &'a Graph, shown: &'a Graph) -> Self {
        let mut exact: BTreeMap<&str, Target> = BTreeMap::new();
        // What comes first keeps its name: modules, then operators, then tensors.
        for (id, module) in shown.modules().filter(|(_, m)| !m.path.is_empty()) {
            exact.entry(&module.path).or_insert(Target::Module(id));
        }
        for (id, node) in source.nodes().filter(|(_, n)| !n.name.is_empty()) {
            exact.entry(&node.name).or_insert_with(|| Target::Operators(vec![id]));
        }
        for (_, tensor) in source.tensors().filter(|(_, t)| !t.name.is_empty()) {
            let nodes = match tensor.producer {
                Producer::Node(node, _) => vec![node],
                _ => tensor.consumers.iter().map(|c| c.0).collect(),
            };
            if !nodes.is_empty() {
                exact.entry(&tensor.name).or_insert(Target::Operators(nodes));
            }
        }
        let mut backwards: Vec<(String, &str)> =
            exact.keys().map(|name| (name.chars().rev().collect(), *name)).collect();
        backwards.sort_unstable();
        let paths = source.nodes().map(|(id, _)| (source.node_path(id), id)).collect();
        Self { exact, backwards, paths }
    }

    /// What a name stands for: the whole name, else the only thing whose name ends in it.
    fn find(&self, name: &str) -> Option<Target> {
        if let Some(target) = self.exact.get(name) {
            return Some(target.clone());
        }
        if let Some(node) = self.paths.get(name) {
            return Some(Target::Operators(vec![*node]));
        }
        let end: String = name.chars().rev().collect();
        if end.is_empty() {
            return None;
        }
        let from = self.backwards.partition_point(|(b, _)| *b < end);
        let alike = self.backwards[from..].iter().take_while(|(b, _)| b.starts_with(&end)).take(MAX_ENDS);
        // Whole parts of a path only: `1.conv` ends in `conv`, `preconv` does not.
        let whole = |b: &str| b[end.len()..].starts_with(['.', '/', ':']);
        let targets: BTreeSet<&Target> =
            alike.filter(|(b, _)| whole(b)).filter_map(|(_, name)| self.exact.get(name)).collect();
        let only = targets.first().filter(|_| targets.len() == 1);
        only.map(|t| (*t).clone())
    }

    fn hint(&self, name: &str) -> String {
        match closest(name, self.exact.keys().copied().take(MAX_NAMES)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "nothing is called like it, or several things are".to_owned(),
        }
    }
}

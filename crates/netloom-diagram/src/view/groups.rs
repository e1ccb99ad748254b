//! Units of several layers that are drawn as one box.

use std::collections::BTreeMap;

use netloom_graph::units::{self, Level, Unit};
use netloom_graph::{Category, Graph, ModuleId, NodeId};
use netloom_scene::Key;

use super::build::{blank, safe};
use super::flow::Flow;
use super::patterns;
use super::{Band, Detail, NodeKind, ViewNode, ViewOptions};
use crate::number;

/// A module that holds at most this many boxes beside a unit is opened for its sake.
const FEW: usize = 2;

/// The units of a graph, the module that each stands in, and which nodes they hold.
pub(super) struct Groups {
    units: Vec<Unit>,
    homes: Vec<ModuleId>,
    of: BTreeMap<NodeId, usize>,
    ports: BTreeMap<(NodeId, usize), &'static str>,
}

impl Groups {
    /// Finds the units to draw; none where every layer and operator is to be seen.
    pub(super) fn new(graph: &Graph, options: &ViewOptions, flow: &mut Flow) -> Self {
        let mut groups =
            Self { units: Vec::new(), homes: Vec::new(), of: BTreeMap::new(), ports: BTreeMap::new() };
        for unit in patterns::units(graph, &options.patterns) {
            groups.add(graph, unit);
        }
        if options.plumbing || options.detail == Detail::Implement {
            return groups;
        }
        let level = match (options.detail, options.compact) {
            (Detail::Sketch, _) => Level::Sketch,
            (_, true) => Level::Compact,
            _ => Level::Paper,
        };
        for unit in units::find(graph, level) {
            // Movement is hidden except where it has a name, such as a channel shuffle.
            if let (Category::Shape, Some(last)) = (unit.category, unit.nodes.last()) {
                flow.show(*last);
            }
            let shown = unit.nodes.iter().filter(|n| flow.is_shown(**n)).count();
            let is_free = unit.nodes.iter().all(|n| groups.of(*n).is_none());
            if shown == 0 || !is_free || unit.nodes.iter().any(|n| graph.node(*n).region.is_some()) {
                continue;
            }
            groups.add(graph, unit);
        }
        groups
    }

    fn add(&mut self, graph: &Graph, unit: Unit) {
        let at = self.units.len();
        self.homes.push(graph.common_module(&unit.nodes));
        self.of.extend(unit.nodes.iter().map(|n| (*n, at)));
        self.ports.extend(unit.ports.iter().map(|(n, position, name)| ((*n, *position), *name)));
        self.units.push(unit);
    }

    /// Opens closed modules that units reach into and that hold little else: the unit says more than the module.
    pub(super) fn open(&self, graph: &Graph, open: &mut [bool], holds: impl Fn(ModuleId) -> usize) {
        for (at, unit) in self.units.iter().enumerate() {
            let home = self.homes[at];
            for n in &unit.nodes {
                let mut module = graph.node(*n).module;
                while module != home {
                    if (1..=FEW).contains(&holds(module)) {
                        open[module.index()] = true;
                    }
                    let Some(parent) = graph.module(module).parent else { break };
                    module = parent;
                }
            }
        }
    }

    /// Gives up the units that reach into a closed module which holds more than them.
    pub(super) fn close(&mut self, graph: &Graph, open: &[bool], holds_more: impl Fn(ModuleId) -> bool) {
        for (at, unit) in self.units.iter().enumerate() {
            let home = self.homes[at];
            let is_cut = unit.nodes.iter().any(|n| {
                let mut module = graph.node(*n).module;
                while module != home {
                    if !open[module.index()] && holds_more(module) {
                        return true;
                    }
                    match graph.module(module).parent {
                        Some(parent) => module = parent,
                        None => return true,
                    }
                }
                false
            });
            if is_cut {
                for n in &unit.nodes {
                    self.of.remove(n);
                }
                for (n, position, _) in &unit.ports {
                    self.ports.remove(&(*n, *position));
                }
            }
        }
    }

    /// The unit that a node belongs to.
    pub(super) fn of(&self, node: NodeId) -> Option<usize> {
        self.of.get(&node).copied()
    }

    /// The module that a unit stands in: the innermost that holds all of it.
    pub(super) fn home(&self, group: usize) -> ModuleId {
        self.homes[group]
    }

    /// The module of each unit.
    pub(super) fn homes(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.homes.iter().copied()
    }

    /// What an operand of a unit is called.
    pub(super) fn port(&self, node: NodeId, position: usize) -> Option<&'static str> {
        self.ports.get(&(node, position)).copied()
    }

    /// The box of a unit.
    pub(super) fn node(&self, graph: &Graph, group: usize) -> ViewNode {
        let unit = &self.units[group];
        let first = unit.nodes.first().map_or_else(String::new, |n| graph.node_path(*n));
        // A unit that reaches out of the module it begins in goes by where it stands.
        let (home, own) =
            (&graph.module(self.homes[group]).path, first.rsplit('/').next().unwrap_or_default());
        let first = if home.is_empty() { own.to_owned() } else { format!("{home}/{own}") };
        ViewNode {
            kind: NodeKind::Layer,
            header: unit.header.clone(),
            title: number::group_digits(&unit.title),
            subtitle: number::group_digits(&unit.subtitle),
            details: unit.details.clone(),
            bands: unit
                .bands
                .iter()
                .map(|(t, c)| Band { title: number::group_digits(t), category: *c })
                .collect(),
            category: unit.category,
            output: unit.nodes.last().and_then(|n| graph.node(*n).output(0)),
            ..blank(Key::new(safe(&format!("{first}:{}", unit.rule))))
        }
    }
}

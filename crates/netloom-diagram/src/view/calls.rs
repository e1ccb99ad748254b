//! Modules that are used several times: which operators belong to which call.

use std::collections::BTreeMap;

use netloom_graph::{Graph, ModuleId, NodeId, Producer};

use super::flow::Flow;

/// The calls of modules without parts. A module of several calls has several groups of operators that no data joins
/// and that are made of the same operators.
pub(super) struct Calls {
    /// Which call each operator belongs to.
    call: Vec<u32>,
    /// Whether all of a module's calls are single operators, and there are several.
    single: Vec<bool>,
}

impl Calls {
    pub(super) fn new(graph: &Graph, flow: &Flow) -> Self {
        let mut calls = Self { call: vec![0; graph.nodes().len()], single: vec![false; graph.modules().len()] };
        for (id, module) in graph.modules() {
            if module.children.is_empty() && module.parent.is_some() {
                calls.split(graph, flow, id);
            }
        }
        calls
    }

    /// Parts a module's operators into groups joined by data.
    fn split(&mut self, graph: &Graph, flow: &Flow, module: ModuleId) {
        let nodes: Vec<NodeId> =
            graph.module(module).nodes.iter().copied().filter(|n| flow.is_shown(*n)).collect();
        if nodes.len() < 2 {
            return;
        }
        let mut group: BTreeMap<NodeId, NodeId> = nodes.iter().map(|n| (*n, *n)).collect();
        let find = |group: &BTreeMap<NodeId, NodeId>, mut n: NodeId| {
            while group[&n] != n {
                n = group[&n];
            }
            n
        };
        for &n in &nodes {
            for tensor in graph.node(n).inputs.iter().flatten() {
                if let Producer::Node(from, _) = graph.tensor(flow.origin(graph, *tensor)).producer
                    && group.contains_key(&from)
                {
                    let (a, b) = (find(&group, from), find(&group, n));
                    group.insert(a.max(b), a.min(b));
                }
            }
        }
        let mut operators: BTreeMap<NodeId, Vec<&str>> = BTreeMap::new();
        for &n in &nodes {
            operators.entry(find(&group, n)).or_default().push(&graph.node(n).op);
        }
        let mut kinds: Vec<&Vec<&str>> = operators.values().collect();
        kinds.dedup();
        if operators.len() < 2 || kinds.len() != 1 {
            return;
        }
        self.single[module.index()] = kinds[0].len() == 1;
        let heads: Vec<NodeId> = operators.keys().copied().collect();
        for &n in &nodes {
            let head = find(&group, n);
            let at = heads.iter().position(|h| *h == head).unwrap_or_default();
            self.call[n.index()] = u32::try_from(at).unwrap_or(u32::MAX);
        }
    }

    /// Which call of its module an operator belongs to.
    pub(super) fn of(&self, node: NodeId) -> u32 {
        self.call[node.index()]
    }

    /// Whether a module is one operator called several times.
    pub(super) fn are_single(&self, module: ModuleId) -> bool {
        self.single[module.index()]
    }
}

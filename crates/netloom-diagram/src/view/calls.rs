//! Modules that are used several times: which operators belong to which call.

use std::collections::BTreeMap;

use netloom_graph::recurrence::{self, Recurrence};
use netloom_graph::{Graph, ModuleId, NodeId, Producer};

use super::flow::Flow;

/// Modules with more operators than this are taken as one call; telling calls apart costs time for every level.
const MAX_OPERATORS: usize = 20_000;

/// The calls of modules. A module of several calls has several groups of operators that no data inside the module
/// joins and that are made of the same operators.
pub(super) struct Calls {
    /// The call of each operator, for modules of several calls only.
    call: BTreeMap<(ModuleId, NodeId), u32>,
    /// Whether all of a module's calls are single operators, and there are several.
    single: Vec<bool>,
}

impl Calls {
    pub(super) fn new(graph: &Graph, flow: &Flow) -> Self {
        let n_modules = graph.modules().len();
        let mut inside: Vec<Vec<NodeId>> = vec![Vec::new(); n_modules];
        for (id, module) in graph.modules() {
            inside[id.index()].extend(module.nodes.iter().copied().filter(|n| flow.is_shown(*n)));
        }
        let parents: Vec<Option<ModuleId>> = graph.modules().map(|(_, m)| m.parent).collect();
        let mut calls = Self { call: BTreeMap::new(), single: vec![false; n_modules] };
        let steps = steps(&recurrence::find(graph));
        // Children have greater ids than their parents, so each list is whole when its turn comes.
        for i in (1..n_modules).rev() {
            let nodes = std::mem::take(&mut inside[i]);
            if nodes.len() > MAX_OPERATORS {
                break;
            }
            if !calls.split_steps(ModuleId::new(i), &nodes, &steps) {
                calls.split(graph, flow, ModuleId::new(i), &nodes);
            }
            if let Some(parent) = parents[i] {
                inside[parent.index()].extend(nodes);
            }
        }
        calls
    }

    /// Parts a module that several steps of a loop go through, and tells whether it is one.
    fn split_steps(
        &mut self,
        module: ModuleId,
        nodes: &[NodeId],
        steps: &BTreeMap<NodeId, (usize, u32)>,
    ) -> bool {
        let Some(&(first, _)) = nodes.first().and_then(|n| steps.get(n)) else { return false };
        let of = |n: &NodeId| steps.get(n).filter(|s| s.0 == first).map(|s| s.1);
        let Some(calls) = nodes.iter().map(of).collect::<Option<Vec<u32>>>() else { return false };
        let mut times: BTreeMap<u32, usize> = BTreeMap::new();
        for call in &calls {
            *times.entry(*call).or_default() += 1;
        }
        if times.len() < 2 {
            return false;
        }
        self.single[module.index()] = times.values().all(|n| *n == 1);
        self.call.extend(nodes.iter().zip(calls).map(|(n, call)| ((module, *n), call)));
        true
    }

    /// Parts a module's operators into groups joined by data.
    fn split(&mut self, graph: &Graph, flow: &Flow, module: ModuleId, nodes: &[NodeId]) {
        if nodes.len() < 2 {
            return;
        }
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        let place = |n: NodeId| nodes.binary_search(&n).ok();
        let mut group: Vec<usize> = (0..nodes.len()).collect();
        let find = |group: &mut Vec<usize>, mut n: usize| {
            while group[n] != n {
                group[n] = group[group[n]];
                n = group[n];
            }
            n
        };
        for (i, &n) in nodes.iter().enumerate() {
            for tensor in graph.node(n).inputs.iter().flatten() {
                if let Producer::Node(from, _) = graph.tensor(flow.origin(graph, *tensor)).producer
                    && let Some(j) = place(from)
                {
                    let (a, b) = (find(&mut group, i), find(&mut group, j));
                    group[a.max(b)] = a.min(b);
                }
            }
        }
        let mut operators: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (i, &n) in nodes.iter().enumerate() {
            operators.entry(find(&mut group, i)).or_default().push(&graph.node(n).op);
        }
        let mut kinds: Vec<&Vec<&str>> = operators.values().collect();
        kinds.dedup();
        if operators.len() < 2 || kinds.len() != 1 {
            self.split_chain(graph, module, &nodes);
            return;
        }
        self.single[module.index()] = kinds[0].len() == 1;
        let heads: Vec<usize> = operators.keys().copied().collect();
        for (i, &n) in nodes.iter().enumerate() {
            let head = find(&mut group, i);
            let at = heads.binary_search(&head).unwrap_or_default();
            self.call.insert((module, n), u32::try_from(at).unwrap_or(u32::MAX));
        }
    }

    /// Parts a module whose calls feed one another, as a recurrent cell's do: the same operators on the same stored
    /// weights come again and again in file order.
    fn split_chain(&mut self, graph: &Graph, module: ModuleId, nodes: &[NodeId]) {
        let stored = |n: NodeId| {
            let inputs = graph.node(n).inputs.iter().flatten().copied();
            inputs
                .filter(|t| graph.tensor(*t).is_stored() && graph.tensor(*t).value.is_none())
                .collect::<Vec<_>>()
        };
        let words: Vec<_> =
            nodes.iter().map(|n| (graph.node(*n).module, graph.node(*n).op.as_str(), stored(*n))).collect();
        if words.iter().all(|w| w.2.is_empty()) {
            return;
        }
        let n = words.len();
        let Some(period) = (1..=n / 2).find(|p| n.is_multiple_of(*p) && words[*p..] == words[..n - p]) else {
            return;
        };
        for (i, node) in nodes.iter().enumerate() {
            self.call.insert((module, *node), u32::try_from(i / period).unwrap_or(u32::MAX));
        }
    }

    /// Which call of a module an operator belongs to.
    pub(super) fn of(&self, module: ModuleId, node: NodeId) -> u32 {
        self.call.get(&(module, node)).copied().unwrap_or(0)
    }

    /// Whether a module is one operator called several times.
    pub(super) fn are_single(&self, module: ModuleId) -> bool {
        self.single[module.index()]
    }
}

/// The loop and the step of each operator that belongs to one.
fn steps(found: &[Recurrence]) -> BTreeMap<NodeId, (usize, u32)> {
    let mut steps = BTreeMap::new();
    for (at, recurrence) in found.iter().enumerate() {
        let places = recurrence.places().into_iter();
        steps.extend(places.map(|(n, _, step)| (n, (at, u32::try_from(step).unwrap_or(u32::MAX)))));
    }
    steps
}

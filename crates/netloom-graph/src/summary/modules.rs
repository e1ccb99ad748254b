//! One row per module: what is inside, and what comes out.

use std::collections::{BTreeMap, BTreeSet};

use super::ModuleSummary;
use super::learned::{self, Learned};
use crate::{Graph, ModuleId, Producer, TensorId};

/// Rows for all modules, indexed as the graph's modules.
pub(super) fn rows(graph: &Graph, learned: &Learned, costs: &[Option<u64>]) -> Vec<ModuleSummary> {
    let mut rows: Vec<ModuleSummary> = graph
        .modules()
        .map(|(id, _)| ModuleSummary { id, parameters: 0, macs: Some(0), outputs: Vec::new() })
        .collect();
    let depths = depths(graph);
    add_parameters(graph, learned, &mut rows);
    add_costs(graph, costs, &mut rows);
    add_outputs(graph, &depths, &mut rows);
    rows
}

/// Steps from the root; parents come before children in the arena.
fn depths(graph: &Graph) -> Vec<usize> {
    let mut depths = vec![0; graph.modules().len()];
    for (id, module) in graph.modules() {
        depths[id.index()] = module.parent.map_or(0, |p| depths[p.index()] + 1);
    }
    depths
}

fn ancestors(graph: &Graph, module: ModuleId) -> impl Iterator<Item = ModuleId> {
    std::iter::successors(Some(module), |m| graph.module(*m).parent)
}

fn add_parameters(graph: &Graph, learned: &Learned, rows: &mut [ModuleSummary]) {
    let mut users: Vec<(TensorId, ModuleId)> = Vec::new();
    for (id, node) in graph.nodes() {
        users.extend(learned.read_by(id).iter().map(|t| (*t, node.module)));
    }
    users.extend(unread(graph, learned, &users));
    users.sort_unstable();
    users.dedup();
    let mut counted: Vec<Option<TensorId>> = vec![None; rows.len()];
    for (tensor, module) in users {
        let elements = learned::elements(graph, tensor).unwrap_or(0);
        for at in ancestors(graph, module) {
            // Above here this tensor has been counted through another user.
            if counted[at.index()].replace(tensor) == Some(tensor) {
                break;
            }
            rows[at.index()].parameters = rows[at.index()].parameters.saturating_add(elements);
        }
    }
}

/// What no node reads belongs to the module whose path its name begins with.
fn unread(graph: &Graph, learned: &Learned, users: &[(TensorId, ModuleId)]) -> Vec<(TensorId, ModuleId)> {
    let read: BTreeSet<TensorId> = users.iter().map(|(t, _)| *t).collect();
    let loose: Vec<TensorId> = learned.tensors.iter().copied().filter(|t| !read.contains(t)).collect();
    if loose.is_empty() {
        return Vec::new();
    }
    let paths: BTreeMap<&str, ModuleId> = graph.modules().map(|(id, m)| (m.path.as_str(), id)).collect();
    let owner = |tensor: TensorId| {
        let name = graph.tensor(tensor).name.as_str();
        let mut before = std::iter::successors(Some(name), |n| n.rsplit_once('.').map(|(rest, _)| rest));
        before.find_map(|p| paths.get(p).copied()).unwrap_or(graph.root())
    };
    loose.into_iter().map(|t| (t, owner(t))).collect()
}

fn add_costs(graph: &Graph, costs: &[Option<u64>], rows: &mut [ModuleSummary]) {
    for (id, node) in graph.nodes() {
        // A body's nodes are part of the cost of the node that runs it, and only their own modules list them.
        if let Some(region) = node.region {
            let outside = graph.region(region).owner.map_or(graph.root(), |n| graph.node(n).module);
            let outside: Vec<ModuleId> = ancestors(graph, outside).collect();
            let inside = ancestors(graph, node.module).take_while(|m| !outside.contains(m));
            add_cost(rows, inside, costs[id.index()]);
        } else {
            add_cost(rows, ancestors(graph, node.module), costs[id.index()]);
        }
    }
}

fn add_cost(rows: &mut [ModuleSummary], modules: impl Iterator<Item = ModuleId>, cost: Option<u64>) {
    if cost == Some(0) {
        return;
    }
    for module in modules {
        let row = &mut rows[module.index()];
        row.macs = row.macs.zip(cost).and_then(|(a, b)| a.checked_add(b));
    }
}

fn add_outputs(graph: &Graph, depths: &[usize], rows: &mut [ModuleSummary]) {
    let mut is_result = vec![false; graph.tensors().len()];
    graph.outputs.iter().for_each(|t| is_result[t.index()] = true);
    for (id, tensor) in graph.tensors() {
        let Producer::Node(node, _) = tensor.producer else { continue };
        let home = graph.node(node).module;
        // Numbers of shape arithmetic leave modules all the time; they are nobody's output.
        if tensor.value.is_some() && !is_result[id.index()] {
            continue;
        }
        let shared = |user: ModuleId| common_depth(graph, depths, home, user);
        let users = tensor.consumers.iter().map(|(n, _)| graph.node(*n).module);
        let Some(outermost) = (if is_result[id.index()] { Some(0) } else { users.map(shared).min() }) else {
            continue;
        };
        for module in ancestors(graph, home).take_while(|m| depths[m.index()] > outermost) {
            rows[module.index()].outputs.push(id);
        }
    }
    if let Some(root) = rows.first_mut() {
        root.outputs.clone_from(&graph.outputs);
    }
}

/// The depth of the innermost module that contains both.
fn common_depth(graph: &Graph, depths: &[usize], a: ModuleId, b: ModuleId) -> usize {
    let (mut a, mut b) = (a, b);
    while a != b {
        let deeper = if depths[a.index()] >= depths[b.index()] { &mut a } else { &mut b };
        match graph.module(*deeper).parent {
            Some(parent) => *deeper = parent,
            None => return 0,
        }
    }
    depths[a.index()]
}

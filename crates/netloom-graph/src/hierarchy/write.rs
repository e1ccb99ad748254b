//! Writing a tree of parts into a graph as modules.

use std::collections::BTreeMap;

use super::arrange::{Part, STEP, Tree};
use super::facts::Facts;
use super::flow::Flow;
use crate::{Graph, ModuleId, ModuleKind, NodeId, Producer, RegionId};

/// Makes modules of the parts of one module and moves its nodes there.
///
/// What no part names goes with all its readers, if they stand together: constants, masks of one block.
pub(super) fn write(graph: &mut Graph, facts: &Facts, flow: &Flow<'_>, module: ModuleId, trees: &[Tree]) {
    let mut home: BTreeMap<NodeId, ModuleId> = BTreeMap::new();
    place(graph, flow, module, trees, &mut home);
    if home.values().all(|m| *m == module) {
        return;
    }
    let nodes = graph.module(module).nodes.clone();
    let held: Vec<bool> = {
        let mut held = vec![false; graph.tensors().len()];
        let results = graph.regions().flat_map(|(_, r)| &r.outputs);
        for tensor in graph.outputs.iter().chain(results) {
            held[tensor.index()] = true;
        }
        held
    };
    let is_here = |graph: &Graph, id: NodeId| {
        let node = graph.node(id);
        node.module == module && node.region.is_none()
    };
    // Nodes that only move results out of parts, such as keys for the next call.
    let mut is_exit = vec![false; graph.nodes().len()];
    for id in facts.order.iter().rev().filter(|id| is_here(graph, **id)) {
        if home.contains_key(id) {
            continue;
        }
        let outputs = || graph.node(*id).outputs.iter().flatten();
        let is_result = outputs().any(|t| held[t.index()]);
        let mut place = None;
        let mut leaves = !facts.weighs(*id);
        for (reader, _) in outputs().flat_map(|t| &graph.tensor(*t).consumers) {
            let there = home.get(reader).copied().unwrap_or(module);
            place = Some(place.map_or(there, |p| common(graph, p, there)));
            leaves &= is_exit[reader.index()];
        }
        is_exit[id.index()] = leaves;
        let mut place = place.filter(|_| !is_result).unwrap_or(module);
        // What picks the data of one step out of the whole sequence differs from step to step.
        let is_step = graph.module(place).class.as_deref() == Some(STEP);
        if is_step
            && !facts.weighs(*id)
            && graph.node(*id).inputs.iter().flatten().any(|t| facts.dynamic[t.index()])
        {
            place = graph.module(place).parent.unwrap_or(module);
        }
        home.insert(*id, place);
    }
    for id in facts.order.iter().filter(|id| is_exit[id.index()]) {
        let makers =
            graph.node(*id).inputs.iter().flatten().filter_map(|t| match graph.tensor(*t).producer {
                Producer::Node(from, _) => home.get(&from).copied(),
                _ => None,
            });
        if let Some(place) = makers.reduce(|a, b| common(graph, a, b)) {
            home.insert(*id, place);
        }
    }
    let mut kept = Vec::new();
    for id in nodes {
        let node = graph.node(id);
        let to = match node.region {
            None => home.get(&id).copied().unwrap_or(module),
            Some(region) => owner(graph, region).and_then(|o| home.get(&o).copied()).unwrap_or(module),
        };
        if to == module {
            kept.push(id);
        } else {
            graph.node_mut(id).module = to;
            graph.module_mut(to).nodes.push(id);
        }
    }
    graph.module_mut(module).nodes = kept;
}

/// The node outside all bodies that a body belongs to.
fn owner(graph: &Graph, region: RegionId) -> Option<NodeId> {
    let mut at = region;
    // The bound ends a walk around bodies that contain each other.
    for _ in 0..=graph.regions().len() {
        let owner = graph.region(at).owner?;
        match graph.node(owner).region {
            Some(outer) => at = outer,
            None => return Some(owner),
        }
    }
    None
}

/// Adds the modules of some parts, and those inside, in order of first use.
fn place(
    graph: &mut Graph,
    flow: &Flow<'_>,
    module: ModuleId,
    trees: &[Tree],
    home: &mut BTreeMap<NodeId, ModuleId>,
) {
    let mut work: Vec<(ModuleId, &[Tree])> = vec![(module, trees)];
    while let Some((module, trees)) = work.pop() {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for part in trees.iter().filter_map(part) {
            *count.entry(part.stem).or_insert(0) += 1;
        }
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        for tree in trees {
            match tree {
                Tree::Operator(i) => {
                    if let Some(id) = flow.ids[*i] {
                        home.insert(id, module);
                    }
                }
                Tree::Part(part) => {
                    let n = number.entry(part.stem).or_insert(0);
                    *n += 1;
                    let name = match count.get(part.stem) {
                        Some(1) => part.stem.to_owned(),
                        _ => format!("{}{n}", part.stem),
                    };
                    let made = graph.add_module(module, name, ModuleKind::Module);
                    graph.module_mut(made).class = Some(part.class.to_owned());
                    work.push((made, &part.trees));
                }
            }
        }
    }
}

fn part(tree: &Tree) -> Option<&Part> {
    match tree {
        Tree::Part(part) => Some(part),
        Tree::Operator(_) => None,
    }
}

/// The innermost module that holds both.
fn common(graph: &Graph, a: ModuleId, b: ModuleId) -> ModuleId {
    let depth = |m: ModuleId| std::iter::successors(Some(m), |m| graph.module(*m).parent).count();
    let (mut a, mut b) = (a, b);
    let (mut da, mut db) = (depth(a), depth(b));
    while a != b {
        if da >= db {
            let Some(parent) = graph.module(a).parent else { return a };
            (a, da) = (parent, da - 1);
        } else {
            let Some(parent) = graph.module(b).parent else { return b };
            (b, db) = (parent, db - 1);
        }
    }
    a
}

//! Operators in an order in which every module stands in one piece, as far as what they read allows.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Graph, ModuleId, NodeId, Producer, infer};

use super::call::is_constant;

/// How deep modules are written inside one another; what is deeper stands in the last of them.
const MAX_DEPTH: usize = 24;

/// How often the modules of one level are cut in pieces before all are.
const MAX_CUTS: usize = 64;

/// A module, or a piece of one, and what stands in it in order.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub module: ModuleId,
    /// Whether it is the first piece.
    pub is_first: bool,
    /// Whether it is the only piece.
    pub is_whole: bool,
    pub items: Vec<Item>,
}

/// What stands in a part.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Node(NodeId),
    Part(Part),
}

/// Everything outside bodies of control flow, as the root part.
pub(super) fn root(graph: &Graph) -> Part {
    let (order, _) = infer::topological(graph);
    let mut seen = vec![false; graph.nodes().len()];
    let mut nodes: Vec<NodeId> = Vec::new();
    // Nodes on a cycle exist in broken files only; they come last.
    for id in order.into_iter().chain(graph.nodes().map(|(id, _)| id)) {
        if graph.node(id).region.is_none()
            && !is_constant(graph.node(id))
            && !std::mem::replace(&mut seen[id.index()], true)
        {
            nodes.push(id);
        }
    }
    arrange(graph, graph.root(), &nodes, 0, true, true)
}

/// What stands next to each other at one level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unit {
    Module(ModuleId),
    Node(NodeId),
}

fn arrange(
    graph: &Graph,
    module: ModuleId,
    nodes: &[NodeId],
    depth: usize,
    is_first: bool,
    is_whole: bool,
) -> Part {
    let unit_of = |id: NodeId| -> Unit {
        let mut at = graph.node(id).module;
        if depth >= MAX_DEPTH || at == module {
            return Unit::Node(id);
        }
        while let Some(parent) = graph.module(at).parent {
            if parent == module {
                return Unit::Module(at);
            }
            at = parent;
        }
        Unit::Node(id)
    };
    let units: BTreeMap<NodeId, Unit> = nodes.iter().map(|n| (*n, unit_of(*n))).collect();
    let mut rest: Vec<NodeId> = nodes.to_vec();
    let mut pieces: Vec<(Unit, Vec<NodeId>)> = Vec::new();
    let mut cuts = 0;
    while !rest.is_empty() {
        let stuck = sorted(graph, &units, &rest, &mut pieces);
        rest = stuck;
        let Some(first) = rest.first() else { break };
        // Units wait for each other: as much of the first as can be is cut off.
        let unit = units[first];
        cuts += 1;
        if cuts > MAX_CUTS {
            runs(&units, &rest, &mut pieces);
            break;
        }
        let waiting: BTreeSet<NodeId> = rest.iter().copied().collect();
        let mut piece: Vec<NodeId> = Vec::new();
        let mut inside = BTreeSet::new();
        for id in rest.iter().filter(|n| units[*n] == unit) {
            let ready = producers(graph, *id).all(|p| !waiting.contains(&p) || inside.contains(&p));
            if ready || piece.is_empty() && id == first {
                inside.insert(*id);
                piece.push(*id);
            }
        }
        rest.retain(|n| !inside.contains(n));
        pieces.push((unit, piece));
    }
    let mut seen = BTreeSet::new();
    let mut count: BTreeMap<ModuleId, usize> = BTreeMap::new();
    for (unit, _) in &pieces {
        if let Unit::Module(m) = unit {
            *count.entry(*m).or_default() += 1;
        }
    }
    let mut items = Vec::new();
    for (unit, nodes) in pieces {
        match unit {
            Unit::Node(id) => items.push(Item::Node(id)),
            Unit::Module(m) => {
                let part = arrange(graph, m, &nodes, depth + 1, seen.insert(m), is_whole && count[&m] == 1);
                items.push(Item::Part(part));
            }
        }
    }
    Part { module, is_first, is_whole, items }
}

/// The nodes whose results a node reads, bodies of control flow included.
fn producers(graph: &Graph, id: NodeId) -> impl Iterator<Item = NodeId> {
    let mut out = Vec::new();
    let mut work = vec![id];
    while let Some(at) = work.pop() {
        for tensor in graph.node(at).inputs.iter().flatten() {
            if let Producer::Node(p, _) = graph.tensor(*tensor).producer {
                out.push(p);
            }
        }
        for region in graph.regions_of(at) {
            work.extend(&graph.region(region).nodes);
            for tensor in &graph.region(region).outputs {
                if let Producer::Node(p, _) = graph.tensor(*tensor).producer {
                    out.push(p);
                }
            }
        }
    }
    out.into_iter()
}

/// Takes units in order of their first node, each once all it reads is there; gives back the nodes of those that wait.
fn sorted(
    graph: &Graph,
    units: &BTreeMap<NodeId, Unit>,
    rest: &[NodeId],
    pieces: &mut Vec<(Unit, Vec<NodeId>)>,
) -> Vec<NodeId> {
    let here: BTreeSet<NodeId> = rest.iter().copied().collect();
    let mut members: BTreeMap<Unit, Vec<NodeId>> = BTreeMap::new();
    let mut rank: BTreeMap<Unit, usize> = BTreeMap::new();
    for (i, id) in rest.iter().enumerate() {
        members.entry(units[id]).or_default().push(*id);
        rank.entry(units[id]).or_insert(i);
    }
    let mut edges: BTreeSet<(Unit, Unit)> = BTreeSet::new();
    for id in rest {
        for producer in producers(graph, *id).filter(|p| here.contains(p)) {
            if units[&producer] != units[id] {
                edges.insert((units[&producer], units[id]));
            }
        }
    }
    let mut waits: BTreeMap<Unit, usize> = members.keys().map(|u| (*u, 0)).collect();
    for (_, to) in &edges {
        *waits.entry(*to).or_default() += 1;
    }
    let mut ready: BTreeSet<(usize, Unit)> =
        waits.iter().filter(|(_, n)| **n == 0).map(|(u, _)| (rank[u], *u)).collect();
    while let Some((_, unit)) = ready.pop_first() {
        for (_, to) in edges.range((unit, Unit::Module(graph.root()))..).take_while(|(from, _)| *from == unit)
        {
            let left = waits.entry(*to).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.insert((rank[to], *to));
            }
        }
        if let Some(nodes) = members.remove(&unit) {
            pieces.push((unit, nodes));
        }
    }
    rest.iter().copied().filter(|n| members.contains_key(&units[n])).collect()
}

/// Neighbours of one unit together.
fn runs(units: &BTreeMap<NodeId, Unit>, rest: &[NodeId], pieces: &mut Vec<(Unit, Vec<NodeId>)>) {
    for id in rest {
        match pieces.last_mut() {
            Some((unit @ Unit::Module(_), nodes)) if *unit == units[id] => nodes.push(*id),
            _ => pieces.push((units[id], vec![*id])),
        }
    }
}

//! Checks wire by wire that the copies of a loop's body agree, and tells states from sequences.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::Labels;
use super::scope::Scope;
use super::{Recurrence, Sequence, State};
use crate::{NodeId, TensorId};

/// Where an operator of a step reads from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// Nothing, or what is fixed before the model runs.
    Fixed,
    /// An output of a position in the same step.
    Same(usize, usize),
    /// An output of a position in the step before.
    Before(usize, usize),
    /// A tensor from outside.
    Outside(TensorId),
}

/// The recurrence that these operators are, if they are one.
pub(super) fn check(
    scope: &Scope<'_>,
    labels: &Labels,
    mut operators: Vec<Vec<Option<NodeId>>>,
) -> Option<Recurrence> {
    // The second step lacks nothing that the first one may lack.
    operators.sort_by_cached_key(|nodes| nodes.get(1)?.or(nodes[0]).map(|n| scope.rank[n.index()]));
    let steps = operators.first()?.len();
    adopt(scope, &mut operators);
    let place: BTreeMap<NodeId, (usize, usize)> = operators
        .iter()
        .enumerate()
        .flat_map(|(p, nodes)| nodes.iter().enumerate().filter_map(move |(s, n)| Some(((*n)?, (p, s)))))
        .collect();
    let moves = |n: NodeId| scope.node(n).outputs.iter().flatten().any(|t| !scope.is_fixed(*t));
    if operators.len() < 2 || labels.between(scope).any(|n| moves(n) && !place.contains_key(&n)) {
        return None;
    }
    let mut found = Recurrence {
        steps,
        operators: Vec::new(),
        states: Vec::new(),
        sequences: Vec::new(),
        splits: Vec::new(),
        joins: joins(scope, &operators, &place),
    };
    // The first step's operands may come in another order.
    let read = |step: usize, node: NodeId, nodes: &[Option<NodeId>], input: usize| {
        let model = nodes.get(1).copied().flatten().filter(|_| step == 0);
        scope.operand(node, model, input)
    };
    for (position, nodes) in operators.iter().enumerate() {
        if (1..steps.saturating_sub(1)).any(|s| nodes[s].is_none()) {
            return None;
        }
        let inputs = nodes.iter().flatten().map(|n| scope.node(*n).inputs.len()).max()?;
        for input in 0..inputs {
            let mut wires = Vec::new();
            for (step, node) in nodes.iter().enumerate() {
                let Some(node) = node else { continue };
                wires.push((step, wire(scope, &place, step, read(step, *node, nodes, input))?));
            }
            let usual = usual(&wires)?;
            let first = wires.first().filter(|w| w.0 == 0);
            let lacks_maker = |p: usize| operators[p][0].is_none();
            match (usual, first.map(|w| w.1)) {
                (Wire::Before(p, o), first) => {
                    let initial = match first {
                        Some(Wire::Same(..) | Wire::Before(..)) => return None,
                        Some(_) => nodes[0].and_then(|n| read(0, n, nodes, input)),
                        None => None,
                    };
                    found.states.push(State { from: (p, o), to: (position, input), initial });
                }
                (_, None) => {}
                (Wire::Same(p, _), Some(first)) if first != usual && !lacks_maker(p) => return None,
                (Wire::Fixed, Some(first)) if first != Wire::Fixed => return None,
                (Wire::Outside(_), Some(Wire::Same(..) | Wire::Before(..))) => return None,
                _ => {}
            }
            if let Some((sequence, split)) = sequence(scope, position, nodes, input, &wires) {
                found.sequences.push(sequence);
                found.splits.extend(split);
            }
        }
    }
    found.operators = operators;
    found.sequences.sort_unstable();
    found.sequences.dedup();
    found.splits.sort_unstable();
    found.splits.dedup();
    (!found.states.is_empty()).then_some(found)
}

/// Takes in what the first step computes from a first state that is fixed: it depends on nothing, so that growing did
/// not reach it.
fn adopt(scope: &Scope<'_>, operators: &mut [Vec<Option<NodeId>>]) {
    let mut position: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (p, nodes) in operators.iter().enumerate() {
        position.extend(nodes.get(1).copied().flatten().map(|n| (n, p)));
    }
    let mut work: Vec<usize> = (0..operators.len()).collect();
    while let Some(p) = work.pop() {
        let &[Some(first), Some(second), ..] = operators[p].as_slice() else { continue };
        for (a, b) in scope.node(first).inputs.iter().zip(&scope.node(second).inputs) {
            let (Some(a), Some(b)) = (a, b) else { continue };
            let (Some((maker, o)), Some((model, output))) = (scope.maker(*a), scope.maker(*b)) else {
                continue;
            };
            let Some(&from) = position.get(&model) else { continue };
            let serves_it_alone = scope.graph.tensor(*a).consumers.len() == 1;
            if operators[from][0].is_none()
                && scope.is_fixed(*a)
                && o == output
                && serves_it_alone
                && scope.begins_like(maker, model)
            {
                operators[from][0] = Some(maker);
                work.push(from);
            }
        }
    }
}

fn wire(
    scope: &Scope<'_>,
    place: &BTreeMap<NodeId, (usize, usize)>,
    step: usize,
    tensor: Option<TensorId>,
) -> Option<Wire> {
    let Some(tensor) = tensor else { return Some(Wire::Fixed) };
    let made = scope.maker(tensor);
    let Some((maker, output)) = made.filter(|m| !scope.is_fixed(tensor) || place.contains_key(&m.0)) else {
        return Some(if scope.is_fixed(tensor) { Wire::Fixed } else { Wire::Outside(tensor) });
    };
    match place.get(&maker) {
        Some((p, s)) if *s == step => Some(Wire::Same(*p, output)),
        Some((p, s)) if s + 1 == step => Some(Wire::Before(*p, output)),
        // A step that reads what an earlier one than the last made is no plain loop.
        Some(_) => None,
        None => Some(Wire::Outside(tensor)),
    }
}

/// What all steps but the first read.
fn usual(wires: &[(usize, Wire)]) -> Option<Wire> {
    let mut later = wires.iter().filter(|w| w.0 > 0).map(|w| w.1);
    let Some(usual) = later.next() else { return wires.first().map(|w| w.1) };
    later.all(|w| w == usual || matches!((w, usual), (Wire::Outside(_), Wire::Outside(_)))).then_some(usual)
}

/// The sequence of which every step reads its element at an input, if it does, and the node that splits it.
fn sequence(
    scope: &Scope<'_>,
    position: usize,
    nodes: &[Option<NodeId>],
    input: usize,
    wires: &[(usize, Wire)],
) -> Option<(Sequence, Option<NodeId>)> {
    let tensors: Vec<TensorId> =
        wires.iter().filter_map(|w| if let Wire::Outside(t) = w.1 { Some(t) } else { None }).collect();
    let (&first, &second) = (tensors.first()?, tensors.get(1)?);
    if tensors.len() != nodes.iter().flatten().count() {
        return None;
    }
    let in_a_row = |places: &[i64]| {
        let strides: BTreeSet<i64> = places.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        strides.len() == 1 && !strides.contains(&0)
    };
    if first == second {
        let present = nodes.iter().flatten();
        let places: Option<Vec<i64>> =
            present.map(|n| if scope.picks(*n) { scope.place_picked(*n) } else { None }).collect();
        let picks = input == 0 && tensors.iter().all(|t| *t == first) && in_a_row(&places?);
        return picks.then_some((Sequence { tensor: first, picked_at: Some(position) }, None));
    }
    let (maker, _) = scope.maker(first)?;
    let outputs: Option<Vec<i64>> = tensors
        .iter()
        .map(|t| scope.maker(*t).filter(|m| m.0 == maker).and_then(|m| i64::try_from(m.1).ok()))
        .collect();
    let is_split = scope.node(maker).layer.is_some_and(|l| l.name == "split");
    let tensor = scope.node(maker).input(0).filter(|_| is_split)?;
    in_a_row(&outputs?).then_some((Sequence { tensor, picked_at: None }, Some(maker)))
}

/// Nodes outside that join one output of a position of all steps in order.
fn joins(
    scope: &Scope<'_>,
    operators: &[Vec<Option<NodeId>>],
    place: &BTreeMap<NodeId, (usize, usize)>,
) -> Vec<NodeId> {
    let mut found = BTreeSet::new();
    for nodes in operators {
        let Some(second) = nodes.get(1).copied().flatten() else { continue };
        let outputs = scope.node(second).outputs.iter().flatten();
        for (reader, _) in outputs.flat_map(|t| &scope.graph.tensor(*t).consumers) {
            let node = scope.node(*reader);
            let is_join = node.layer.is_some_and(|l| l.name == "concat");
            if !is_join || place.contains_key(reader) || node.inputs.len() != nodes.len() {
                continue;
            }
            let from: Option<Vec<_>> = node
                .inputs
                .iter()
                .map(|t| {
                    let (maker, output) = scope.maker((*t)?)?;
                    place.get(&maker).map(|(p, s)| (*p, output, *s))
                })
                .collect();
            let Some(from) = from else { continue };
            let one = from.iter().all(|f| (f.0, f.1) == (from[0].0, from[0].1));
            let last = nodes.len() - 1;
            let forward = from.iter().enumerate().all(|(at, f)| f.2 == at);
            let reverse = from.iter().enumerate().all(|(at, f)| f.2 == last - at);
            if one && (forward || reverse) {
                found.insert(*reader);
            }
        }
    }
    found.into_iter().collect()
}

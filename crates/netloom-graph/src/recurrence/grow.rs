//! Grows the copies of a loop's body in lockstep from the layers they are told by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::clusters::Cluster;
use super::labels::Labels;
use super::scope::Scope;
use crate::{NodeId, TensorId};

/// Copies while they grow.
pub(super) struct Grower<'a> {
    scope: &'a Scope<'a>,
    labels: &'a Labels,
    taken: &'a [bool],
    /// For each position, the operator of each step.
    positions: Vec<Vec<Option<NodeId>>>,
    place: BTreeMap<NodeId, (usize, usize)>,
    against: VecDeque<usize>,
    along: VecDeque<usize>,
    /// Inputs, by position, of which only the rest of the loop can tell in which step they are made.
    open: BTreeSet<(usize, usize)>,
}

/// Where an input of a step comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The same step.
    Same(NodeId),
    /// The step before.
    Before(NodeId),
    /// What lies between two steps: the end of one or the beginning of the next.
    Either(NodeId),
    /// A node that depends on no step.
    Input(NodeId),
    /// What cannot belong to a step.
    Outside,
}

impl<'a> Grower<'a> {
    pub fn new(scope: &'a Scope<'a>, cluster: &Cluster, labels: &'a Labels, taken: &'a [bool]) -> Self {
        let mut grower = Self {
            scope,
            labels,
            taken,
            positions: Vec::new(),
            place: BTreeMap::new(),
            against: VecDeque::new(),
            along: VecDeque::new(),
            open: BTreeSet::new(),
        };
        for group in &cluster.groups {
            let members = group.iter().enumerate().filter_map(|(s, n)| Some((s, (*n)?)));
            grower.join(members.collect(), cluster.steps());
        }
        grower
    }

    /// The operator of each step, for each position.
    pub fn grow(mut self) -> Vec<Vec<Option<NodeId>>> {
        loop {
            if let Some(position) = self.against.pop_front() {
                let inputs = self.members(position).map(|(_, n)| self.scope.node(n).inputs.len()).max();
                for input in 0..inputs.unwrap_or(0) {
                    self.follow(position, input, false);
                }
            } else if let Some(position) = self.along.pop_front() {
                self.lead(position);
            } else if let Some((position, input)) = self.open.pop_first() {
                self.follow(position, input, true);
            } else {
                return self.positions;
            }
        }
    }

    fn members(&self, position: usize) -> impl Iterator<Item = (usize, NodeId)> + '_ {
        self.positions[position].iter().enumerate().filter_map(|(s, n)| Some((s, (*n)?)))
    }

    fn origin(&self, step: usize, tensor: TensorId) -> (Origin, usize) {
        let scope = self.scope;
        let Some((maker, output)) = scope.maker(tensor).filter(|_| !scope.is_fixed(tensor)) else {
            return (Origin::Outside, 0);
        };
        // Labels count steps from 1.
        let (after, before) = (self.labels.after(scope, maker), self.labels.before(scope, maker));
        let origin = match self.place.get(&maker) {
            Some((_, s)) if *s == step => Origin::Same(maker),
            Some((_, s)) if *s + 1 == step => Origin::Before(maker),
            Some(_) => Origin::Outside,
            None if self.taken[maker.index()] || !scope.is_eligible(maker) => Origin::Outside,
            None if after == step + 1 => Origin::Same(maker),
            None if after == step && step > 0 && before == step => Origin::Before(maker),
            None if after == step && step > 0 => Origin::Either(maker),
            None if self.labels.is_outside(scope, maker) => Origin::Input(maker),
            None => Origin::Outside,
        };
        (origin, output)
    }

    /// Goes against the data from one input of a position; `settle` decides what may belong to either of two steps.
    fn follow(&mut self, position: usize, input: usize, settle: bool) {
        let mut origins = Vec::new();
        let mut output = None;
        for (step, node) in self.members(position) {
            let model = self.positions[position].get(1).copied().flatten().filter(|_| step == 0);
            let tensor = match self.scope.operand(node, model, input) {
                Some(tensor) => tensor,
                None if step == 0 && model.is_some() => continue,
                None => return,
            };
            let (origin, from) = self.origin(step, tensor);
            if origin != Origin::Outside && *output.get_or_insert(from) != from {
                return;
            }
            origins.push((step, origin));
        }
        let later = || origins.iter().filter(|o| o.0 > 0).map(|o| o.1);
        let in_step = |o: Origin| match o {
            Origin::Same(n) | Origin::Input(n) | Origin::Either(n) => Some(n),
            _ => None,
        };
        let handed = |o: Origin| match o {
            Origin::Before(n) | Origin::Either(n) => Some(n),
            _ => None,
        };
        let either = later().any(|o| matches!(o, Origin::Either(_)));
        let same = if later().next().is_none() {
            return;
        } else if either && !settle {
            self.open.insert((position, input));
            return;
        } else if either && later().all(|o| in_step(o).is_some()) {
            later().any(|o| matches!(o, Origin::Same(_))) || self.begins_alike(&origins)
        } else if later().all(|o| matches!(o, Origin::Same(_)))
            || later().all(|o| matches!(o, Origin::Input(_)))
        {
            true
        } else if later().all(|o| handed(o).is_some()) {
            false
        } else {
            return;
        };
        let steps = self.positions[position].len();
        let members: Vec<(usize, NodeId)> = if same {
            origins.iter().filter_map(|(s, o)| Some((*s, in_step(*o)?))).collect()
        } else {
            origins.iter().filter_map(|(s, o)| Some((s.checked_sub(1)?, handed(*o)?))).collect()
        };
        if !same || members.len() > 1 {
            self.join(members, steps);
        }
    }

    /// Whether what the first step reads is computed as what the later ones read: then it belongs to the beginning
    /// of the steps.
    fn begins_alike(&self, origins: &[(usize, Origin)]) -> bool {
        let mut nodes = origins.iter().map(|(step, origin)| match origin {
            Origin::Input(n) if *step == 0 => Some(*n),
            Origin::Either(n) if *step > 0 => Some(*n),
            _ => None,
        });
        match (nodes.next().flatten(), nodes.next().flatten()) {
            (Some(first), Some(later)) => self.scope.begins_like(first, later),
            _ => false,
        }
    }

    /// Goes along the data from a position to what reads it in every step.
    fn lead(&mut self, position: usize) {
        let members: Vec<(usize, NodeId)> = self.members(position).collect();
        let steps = self.positions[position].len();
        // Readers by output, input and operator, in each step.
        let mut readers: BTreeMap<(usize, usize, &str), Vec<Vec<NodeId>>> = BTreeMap::new();
        for (at, (step, node)) in members.iter().enumerate() {
            for (output, tensor) in self.scope.node(*node).outputs.iter().enumerate() {
                let Some(tensor) = tensor else { continue };
                for (reader, input) in &self.scope.graph.tensor(*tensor).consumers {
                    if self.may_join(*reader, *step) {
                        let key = (output, *input, self.scope.node(*reader).op.as_str());
                        readers.entry(key).or_insert_with(|| vec![Vec::new(); members.len()])[at]
                            .push(*reader);
                    }
                }
            }
        }
        for (_, mut lists) in readers {
            let n = lists.first().map_or(0, Vec::len);
            if members.len() < 2 || n == 0 || lists.iter().any(|l| l.len() != n) {
                continue;
            }
            for list in &mut lists {
                list.sort_by_key(|n| self.scope.rank[n.index()]);
            }
            for k in 0..n {
                let aligned = members.iter().zip(&lists).map(|((step, _), list)| (*step, list[k]));
                self.join(aligned.collect(), steps);
            }
        }
    }

    /// Whether a reader of a step's result may belong to that step: all it reads belongs to it, to the step before, or
    /// to none.
    fn may_join(&self, reader: NodeId, step: usize) -> bool {
        let (scope, labels) = (self.scope, self.labels);
        let after = labels.after(scope, reader);
        if self.place.contains_key(&reader)
            || self.taken[reader.index()]
            || !scope.is_eligible(reader)
            || !(after == step + 1 || after == 0)
        {
            return false;
        }
        scope.node(reader).inputs.iter().flatten().all(|t| match scope.maker(*t) {
            None => true,
            Some(_) if scope.is_fixed(*t) => true,
            Some((maker, _)) => match self.place.get(&maker) {
                Some((_, s)) => *s == step || s + 1 == step,
                None => labels.is_outside(scope, maker) || step > 0 && labels.after(scope, maker) == step,
            },
        })
    }

    /// Puts operators of several steps at one position; those that are not alike stay outside.
    fn join(&mut self, members: Vec<(usize, NodeId)>, steps: usize) {
        let mut nodes: Vec<NodeId> = members.iter().map(|m| m.1).collect();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.len() != members.len() {
            return;
        }
        let known = members.iter().find_map(|(_, n)| self.place.get(n)).map(|p| p.0);
        // The first step is the one that may differ.
        let model = match known {
            Some(position) => self.members(position).last().map(|m| m.1),
            None => members.get(1).or(members.first()).map(|m| m.1),
        };
        let Some(model) = model else { return };
        let fits = |(step, node): &(usize, NodeId)| match self.place.get(node) {
            Some(place) => Some(*place) == known.map(|k| (k, *step)),
            None => {
                let alike = match step {
                    0 => self.scope.begins_like(*node, model),
                    _ => self.scope.are_alike(*node, model),
                };
                alike && known.is_none_or(|k| self.positions[k][*step].is_none())
            }
        };
        let (fitting, other): (Vec<_>, Vec<_>) = members.into_iter().partition(fits);
        if fitting.is_empty() || other.iter().any(|(s, _)| *s > 0 && *s + 1 < steps) {
            return;
        }
        let position = known.unwrap_or(self.positions.len());
        if known.is_none() {
            self.positions.push(vec![None; steps]);
        }
        let before = self.place.len();
        for (step, node) in fitting {
            self.positions[position][step] = Some(node);
            self.place.insert(node, (position, step));
        }
        if self.place.len() > before {
            self.against.push_back(position);
            self.along.push_back(position);
        }
    }
}

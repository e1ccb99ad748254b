//! Modules that are new or gone as a whole, and runs of blocks whose number changed.

use std::collections::BTreeMap;

use super::side::{Side, Unit};
use crate::repeats::{alike, stem};
use crate::{Graph, ModuleId};

/// A module that only one model has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The module.
    pub module: ModuleId,
    /// How many compared operators it holds.
    pub operators: usize,
}

/// A run of sibling blocks of one make whose number changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// The module that holds them in the first model.
    pub before_in: ModuleId,
    /// The module that holds them in the second model.
    pub after_in: ModuleId,
    /// What one of them is called: its class, or its name without a number.
    pub block: String,
    /// The blocks of the first model.
    pub before: Vec<ModuleId>,
    /// The blocks of the second model.
    pub after: Vec<ModuleId>,
}

/// The largest modules none of whose operators has a counterpart, those of operators of one kind left out.
pub(super) fn whole(side: &Side<'_>, paired: &[bool]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut work = vec![Unit::Part(0)];
    while let Some(unit) = work.pop() {
        let Unit::Part(at) = unit else { continue };
        let part = &side.parts[at];
        if part.ops.iter().all(|op| !paired[*op]) && part.bag.len() > 1 && at > 0 {
            found.push((part.ops[0], Block { module: part.module, operators: part.ops.len() }));
        } else {
            work.extend(&part.units);
        }
    }
    found.sort_by_key(|(first, _)| *first);
    found.into_iter().map(|(_, block)| block).collect()
}

/// Runs of blocks that stand for one another and have other lengths, because some of the longer one have no counterpart.
pub(super) fn repeats(a: &Side<'_>, b: &Side<'_>, pairs: &[(usize, usize)]) -> Vec<Repeat> {
    let to_b: BTreeMap<usize, usize> = pairs.iter().copied().collect();
    let to_a: BTreeMap<usize, usize> = pairs.iter().map(|(x, y)| (*y, *x)).collect();
    let (left, right) = (runs(a), runs(b));
    let (there, back) = (partners((a, &left), (b, &right), &to_b), partners((b, &right), (a, &left), &to_a));
    let mut found = Vec::new();
    for (x, run) in left.iter().enumerate() {
        let Some(y) = there[x].filter(|y| back[*y] == Some(x)) else { continue };
        let other = &right[y];
        let is_alone = |side: &Side<'_>, part: usize, to: &BTreeMap<usize, usize>| {
            let ops = &side.parts[part].ops;
            ops.iter().filter(|op| to.contains_key(op)).count() * 2 < ops.len()
        };
        let alone = if other.len() > run.len() {
            other.iter().filter(|p| is_alone(b, **p, &to_a)).count()
        } else {
            run.iter().filter(|p| is_alone(a, **p, &to_b)).count()
        };
        let more = other.len().abs_diff(run.len());
        if more == 0 || alone < more {
            continue;
        }
        let modules = |side: &Side<'_>, run: &[usize]| run.iter().map(|p| side.parts[*p].module).collect();
        let around = |side: &Side<'_>, run: &[usize]| {
            side.graph.module(side.parts[run[0]].module).parent.unwrap_or(side.graph.root())
        };
        let longer = if other.len() > run.len() { (b, other[0]) } else { (a, run[0]) };
        found.push(Repeat {
            before_in: around(a, run),
            after_in: around(b, other),
            block: called(longer.0.graph, longer.0.parts[longer.1].module),
            before: modules(a, run),
            after: modules(b, other),
        });
    }
    found
}

/// For each run, the one of the other model that holds most of its counterparts; among equals that with blocks of the
/// most similar size.
fn partners(
    (side, runs): (&Side<'_>, &[Vec<usize>]),
    (other, others): (&Side<'_>, &[Vec<usize>]),
    to: &BTreeMap<usize, usize>,
) -> Vec<Option<usize>> {
    let mut run_of: Vec<Option<usize>> = vec![None; other.parts.len()];
    for (r, run) in others.iter().enumerate() {
        run.iter().for_each(|p| run_of[*p] = Some(r));
    }
    let size = |side: &Side<'_>, run: &[usize]| {
        run.iter().map(|p| side.parts[*p].ops.len()).sum::<usize>() / run.len().max(1)
    };
    let partner = |run: &Vec<usize>| {
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        for op in run.iter().flat_map(|p| &side.parts[*p].ops).filter_map(|op| to.get(op)) {
            let mut module = Some(other.graph.node(other.ops[*op].id).module);
            while let Some(m) = module {
                if let Some(r) = other.part_of[m.index()].and_then(|p| run_of[p]) {
                    *votes.entry(r).or_insert(0) += 1;
                }
                module = other.graph.module(m).parent;
            }
        }
        let own = size(side, run);
        let order = |(r, n): &(usize, usize)| {
            (*n, std::cmp::Reverse(size(other, &others[*r]).abs_diff(own)), std::cmp::Reverse(*r))
        };
        votes.into_iter().max_by_key(order).map(|(r, _)| r)
    };
    runs.iter().map(partner).collect()
}

/// Runs of sibling blocks of one make, single blocks among them.
fn runs(side: &Side<'_>) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for part in &side.parts {
        let mut last: Option<usize> = None;
        for unit in &part.units {
            let block = match *unit {
                Unit::Part(at) if side.parts[at].ops.len() > 1 => at,
                _ => {
                    last = None;
                    continue;
                }
            };
            let joins =
                last.is_some_and(|l| alike(side.graph, side.parts[l].module, side.parts[block].module));
            match runs.last_mut().filter(|_| joins) {
                Some(run) => run.push(block),
                None => runs.push(vec![block]),
            }
            last = Some(block);
        }
    }
    runs
}

/// What a block is called.
pub(super) fn called(graph: &Graph, module: ModuleId) -> String {
    let m = graph.module(module);
    let name = || {
        let stem = stem(&m.name).trim_end_matches(['.', '_']);
        if stem.is_empty() { "block".to_owned() } else { stem.to_owned() }
    };
    m.class.as_deref().map_or_else(name, |c| c.trim_start_matches('_').to_owned())
}

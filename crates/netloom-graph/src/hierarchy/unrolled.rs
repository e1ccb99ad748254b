//! Loops written out: the same weights are read step by step.

use std::collections::BTreeMap;

use super::flow::Flow;

/// The fewest steps that make a loop.
const MIN_STEPS: usize = 3;

/// The steps of a loop that was written out: the same weights are read again and again, and nothing else weighs more.
///
/// Each operator belongs to the latest step that it hears of; what hears of none belongs to none.
pub(super) fn unrolled(flow: &Flow<'_>, nodes: &[usize]) -> Option<Vec<Vec<usize>>> {
    let mut readers: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut heavy = 0;
    for node in nodes {
        heavy += usize::from(!flow.matrices[*node].is_empty());
        for matrix in &flow.matrices[*node] {
            readers.entry(*matrix).or_default().push(*node);
        }
    }
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for readers in readers.values().filter(|r| r.len() >= MIN_STEPS) {
        *counts.entry(readers.len()).or_insert(0) += readers.len();
    }
    // What the first step reads may be known beforehand: then some weights are read once less.
    let with_less = |count: usize| counts.get(&count).unwrap_or(&0) + counts.get(&(count - 1)).unwrap_or(&0);
    let (covered, count) = counts.keys().map(|count| (with_less(*count), *count)).max()?;
    if covered * 2 < heavy {
        return None;
    }
    let mut step = vec![0usize; nodes.len()];
    for readers in readers.values().filter(|r| r.len() == count || r.len() + 1 == count) {
        for (i, node) in readers.iter().enumerate() {
            if let Ok(at) = nodes.binary_search(node) {
                step[at] = step[at].max(i + 1 + count - readers.len());
            }
        }
    }
    // Weights that are only shared, as by the heads of a detector, are not read in turn.
    let mut in_turn = 0;
    for (at, node) in nodes.iter().enumerate() {
        let before = flow.reads[*node].iter().filter_map(|r| nodes.binary_search(r).ok());
        let heard = before.map(|i| step[i]).max().unwrap_or(0);
        in_turn += usize::from(heard > 0 && step[at] == heard + 1);
        step[at] = step[at].max(heard);
    }
    if in_turn + 2 < count {
        return None;
    }
    let mut steps = vec![Vec::new(); count];
    for (node, step) in nodes.iter().zip(&step) {
        if let Some(step) = step.checked_sub(1) {
            steps[step].push(*node);
        }
    }
    // Steps of one operator are a row of layers.
    steps.iter().all(|s| s.len() > 1).then_some(steps)
}

//! The parts of one module: its main chain, and what else stands beside it.

use super::arrange::{Tree, arrange, recurrence};
use super::chain::Splitter;
use super::flow::Flow;
use super::link::{Form, Link};
use super::loosen::longest;
use super::unrolled::unrolled;

/// A side stream with fewer heavy operators than this is no part of its own.
const MIN_SIDE: usize = 6;

/// The most streams that are looked at one by one.
const MAX_STREAMS: usize = 64;

/// The parts of the module that a flow runs through; operators that are in none of them are left out.
pub(super) fn parts(flow: &Flow<'_>) -> Vec<Tree> {
    let all: Vec<usize> = (0..flow.len()).collect();
    let mut left = vec![true; flow.len()];
    let mut streams = Vec::new();
    for group in connected(flow, &all, &left) {
        let mut groups = vec![group];
        // What remains beside a chain may hold another one, such as the second tower of a network of two.
        while let Some(group) = groups.pop() {
            let heavy = group.iter().filter(|n| flow.class[**n].is_heavy()).count();
            if streams.len() >= MAX_STREAMS || !streams.is_empty() && heavy < MIN_SIDE {
                continue;
            }
            let chain = trunk(flow, &group);
            for node in &chain {
                left[*node] = false;
            }
            groups.extend(connected(flow, &group, &left));
            streams.push((chain, group));
        }
    }
    let main = (0..streams.len()).max_by_key(|s| {
        let last = streams[*s].0.last().copied().unwrap_or(0);
        (last, std::cmp::Reverse(*s))
    });
    let single = streams.len() == 1;
    let mut trees = Vec::new();
    for (i, (chain, group)) in streams.into_iter().enumerate() {
        let links = Splitter::new(flow).chain(None, &chain, 0);
        let mut found = arrange(flow, links, true);
        if !found.iter().any(|t| matches!(t, Tree::Part(_)))
            && let Some(unrolled) = unrolled(flow, &group)
        {
            let mut link = Link::plain(group);
            link.form = Form::Unrolled;
            link.steps = unrolled;
            found = recurrence(&link);
        }
        if single || !found.iter().any(|t| matches!(t, Tree::Part(_))) {
            trees.extend(found);
        } else if Some(i) == main && flow.is_cross.contains(&true) {
            trees.push(Tree::part("decoder", "decoder", found));
        } else if Some(i) == main {
            trees.extend(found);
        } else if flow.is_cross.contains(&true) {
            trees.push(Tree::part("encoder", "encoder", found));
        } else {
            trees.push(Tree::part("branch", "branch", found));
        }
    }
    trees
}

/// The operators on ways from where the longest way begins to where it ends.
fn trunk(flow: &Flow<'_>, group: &[usize]) -> Vec<usize> {
    let (length, from) = longest(flow, group);
    let Some(end) = (0..group.len()).max_by_key(|at| (length[*at], std::cmp::Reverse(*at))) else {
        return Vec::new();
    };
    let mut first = end;
    while let Some(before) = from[first].and_then(|n| group.binary_search(&n).ok()) {
        first = before;
    }
    let mut reached = vec![false; group.len()];
    reached[first] = true;
    for at in first..group.len() {
        let mut before = flow.reads[group[at]].iter().filter_map(|r| group.binary_search(r).ok());
        reached[at] |= before.any(|i| reached[i]);
    }
    let mut needed = vec![false; group.len()];
    needed[end] = true;
    for at in (0..=end).rev() {
        let mut after = flow.feeds[group[at]].iter().filter_map(|f| group.binary_search(f).ok());
        needed[at] |= after.any(|i| needed[i]);
    }
    (0..group.len()).filter(|at| reached[*at] && needed[*at]).map(|at| group[at]).collect()
}

/// Those of some operators that are left, grouped by what is connected, in order of their first.
fn connected(flow: &Flow<'_>, nodes: &[usize], left: &[bool]) -> Vec<Vec<usize>> {
    let mut seen = vec![true; flow.len()];
    for node in nodes {
        seen[*node] = !left[*node];
    }
    let mut groups = Vec::new();
    for first in nodes {
        if std::mem::replace(&mut seen[*first], true) {
            continue;
        }
        let mut group = Vec::new();
        let mut work = vec![*first];
        while let Some(node) = work.pop() {
            group.push(node);
            for &other in flow.reads[node].iter().chain(&flow.feeds[node]) {
                if !std::mem::replace(&mut seen[other], true) {
                    work.push(other);
                }
            }
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}

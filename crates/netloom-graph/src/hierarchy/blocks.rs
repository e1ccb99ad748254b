//! Blocks: links of a chain that belong together, because they repeat or because they are a region of several layers.

use std::collections::BTreeMap;

use super::flow::{Class, Flow};
use super::link::{Form, Link, attends, is_crossing, key};
use super::runs::{Run, runs};

/// A chain with its blocks: links by position, each block a range of them.
pub(super) struct Blocks {
    /// First link and the one after the last, in order and apart from one another.
    pub ranges: Vec<(usize, usize)>,
    /// Heavy operators that runs of several layers cover.
    pub covered: usize,
}

/// Finds the blocks of a chain.
pub(super) fn blocks(flow: &Flow<'_>, links: &[Link]) -> Blocks {
    let has_blocks = links.iter().any(|l| l.is_block(flow));
    let changes = changes(flow, links);
    let mut keys = BTreeMap::new();
    let (mut signs, mut at, mut breaks, mut is_new) = (Vec::new(), Vec::new(), Vec::new(), false);
    for (i, link) in links.iter().enumerate() {
        // A layer that changes resolution between blocks stands for itself, and so does pooling anywhere.
        is_new |= !link.is_block(flow) && changes[i] && (has_blocks || !flow.class[link.last()].is_heavy());
        let Some(key) = key(flow, link) else { continue };
        let next = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        signs.push(*keys.entry(key).or_insert(next));
        at.push(i);
        breaks.push(std::mem::take(&mut is_new));
    }
    let mut found = Blocks { ranges: Vec::new(), covered: 0 };
    let mut taken = vec![false; links.len()];
    for run in runs(&signs, &breaks) {
        let one: Vec<&Link> = at[run.start..run.start + run.period].iter().map(|i| &links[*i]).collect();
        if !one.iter().any(|l| l.is_block(flow)) && heavy(flow, &one) < 2 {
            continue;
        }
        // Residual blocks of convolutions are blocks each, whatever order they repeat in.
        let parts: Vec<&&Link> = one.iter().filter(|l| l.is_block(flow)).collect();
        if parts.len() > 1 && parts.iter().all(|l| l.label.iter().all(|c| c.is_conv())) {
            continue;
        }
        let first = run.start + phase(flow, links, &at, run);
        let mut starts: Vec<usize> = (first..run.end).step_by(run.period).collect();
        starts.retain(|from| from + run.period <= run.end);
        // The first copy may lack its beginning: what learned queries go through before they see data.
        let cut_short = &at[run.start..first];
        if cut_short.len() * 2 >= run.period && cut_short.iter().any(|i| links[*i].is_block(flow)) {
            starts.insert(0, run.start);
        }
        for (copy, from) in starts.iter().copied().enumerate() {
            let start = if copy == 0 { at[from] } else { at[from - 1] + 1 };
            let next = if from < first { first } else { from + run.period };
            let end = at[next - 1] + 1;
            let held: Vec<&Link> = links[start..end].iter().collect();
            found.covered += heavy(flow, &held);
            taken[start..end].fill(true);
            found.ranges.push((start, end));
        }
    }
    for (i, link) in links.iter().enumerate() {
        if taken[i] || !link.is_block(flow) {
            continue;
        }
        let mut end = i + 1;
        let is_free = |at: usize| links.get(at).filter(|_| !taken[at]);
        let is_plain = |at: usize, classes: &[Class]| {
            is_free(at).is_some_and(|l| l.is_plain() && classes.contains(&flow.class[l.last()]))
        };
        while link.inner.is_empty() && is_plain(end, &[Class::Activation]) {
            end += 1;
        }
        // Attention and what feeds forward after it are one block even where no other is like it.
        let mut crosses = is_crossing(flow, link);
        let mut at = i;
        while is_free(at).is_some_and(|l| l.form == Form::Residual && attends(flow, l)) {
            let mut next = at + 1;
            while is_plain(next, &[Class::Norm, Class::Plumbing]) {
                next += 1;
            }
            let Some(after) = is_free(next).filter(|l| l.form == Form::Residual && l.is_block(flow)) else {
                break;
            };
            if !attends(flow, after) {
                let norm_after = next > at + 1;
                end = next + 1;
                while norm_after && is_plain(end, &[Class::Norm]) && end == next + 1 {
                    end += 1;
                }
                break;
            }
            if crosses || !is_crossing(flow, after) {
                break;
            }
            crosses = true;
            at = next;
        }
        taken[i..end].fill(true);
        found.ranges.push((i, end));
    }
    found.ranges.sort_unstable();
    found
}

/// Heavy operators of some links.
pub(super) fn heavy(flow: &Flow<'_>, links: &[&Link]) -> usize {
    links.iter().flat_map(|l| &l.nodes).filter(|n| flow.class[**n].is_heavy()).count()
}

/// Which links make another number of positions than what comes before, by a layer and not by moving data.
pub(super) fn changes(flow: &Flow<'_>, links: &[Link]) -> Vec<bool> {
    let mut before = None;
    links
        .iter()
        .map(|link| {
            let area = flow.area(link.last()).filter(|a| *a > 1);
            let changes = area.is_some() && before.is_some() && area != before;
            before = area.or(before);
            changes && link.nodes.iter().any(|n| flow.scales(*n))
        })
        .collect()
}

/// Where in its first copy a run has its first block begin: with attention where there is any, else with what follows
/// the norm or activation after the last block, so that a block ends as modules of frameworks do.
fn phase(flow: &Flow<'_>, links: &[Link], at: &[usize], run: Run) -> usize {
    let slack = (run.end - run.start) % run.period;
    let one: Vec<&Link> = at[run.start..run.start + run.period].iter().map(|i| &links[*i]).collect();
    let is_trim = |l: &Link| l.is_plain() && flow.class[l.last()].is_trim();
    let has_blocks = one.iter().any(|l| l.is_block(flow));
    let rank = |offset: usize| {
        let link = one[offset % run.period];
        let class = flow.class[link.last()];
        if !has_blocks {
            return match class {
                Class::Norm => 2,
                Class::Activation => 3,
                _ => 1,
            };
        }
        let before = (1..=run.period).map(|back| one[(offset + run.period - back) % run.period]);
        let follows_block = before.into_iter().find(|l| !is_trim(l)).is_some_and(|l| l.is_block(flow));
        match (follows_block && !is_trim(link), attends(flow, link)) {
            (true, true) if !is_crossing(flow, link) => 0,
            (true, _) => 1,
            (false, _) => 4,
        }
    };
    (0..=slack).min_by_key(|o| (rank(*o), *o)).unwrap_or(0)
}

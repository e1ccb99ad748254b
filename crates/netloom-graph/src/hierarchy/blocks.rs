//! Blocks: links of a chain that belong together, because they repeat or because they are a region of several layers.

use std::collections::BTreeMap;

use super::chain::{Form, Link};
use super::flow::{Class, Flow};
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
        let first = run.start + phase(flow, links, &at, run);
        let count = (run.end - first) / run.period;
        for copy in 0..count {
            let from = first + copy * run.period;
            let start = if copy == 0 { at[from] } else { at[from - 1] + 1 };
            let end = at[from + run.period - 1] + 1;
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
        while links
            .get(end)
            .is_some_and(|l| !taken[end] && l.is_plain() && flow.class[l.last()] == Class::Activation)
        {
            end += 1;
        }
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

/// What a link is, for comparison; `None` for what does not count.
pub(super) fn key(flow: &Flow<'_>, link: &Link) -> Option<(Form, Vec<Class>)> {
    let class = flow.class[link.last()];
    match link.form {
        Form::Plain if class == Class::Plumbing => None,
        Form::Plain => Some((Form::Plain, vec![class])),
        Form::Gate if weighs_channels(flow, link) => None,
        // Mixing positions and mixing channels is the same but for the axis.
        Form::Residual if link.label.iter().all(|c| *c == Class::Linear) && transposes(flow, link) => {
            let mut label = link.label.clone();
            label.push(Class::Plumbing);
            Some((Form::Residual, label))
        }
        form => {
            let mut label = link.label.clone();
            if unexpanded(&label).is_some() {
                label.remove(0);
            }
            Some((form, label))
        }
    }
}

fn transposes(flow: &Flow<'_>, link: &Link) -> bool {
    let is_transpose = |n: &usize| flow.kind(*n) == "transpose";
    link.nodes.iter().filter(|n| is_transpose(n)).nth(1).is_some()
}

/// What a block with a depthwise convolution holds without the convolution that makes more channels for it.
fn unexpanded(label: &[Class]) -> Option<&[Class]> {
    match label {
        [Class::Pointwise, rest @ ..] if rest.contains(&Class::Depthwise) => Some(rest),
        _ => None,
    }
}

/// Whether a gate scales channels by something that sees no positions, as squeeze-and-excitation does.
fn weighs_channels(flow: &Flow<'_>, link: &Link) -> bool {
    let inner = link.nodes.split_last().map_or(&[][..], |(_, inner)| inner);
    inner.iter().all(|n| flow.area(*n).is_none_or(|a| a == 1) || !flow.class[*n].is_heavy())
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
        match (follows_block && !is_trim(link), link.label.contains(&Class::Attention)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 4,
        }
    };
    (0..=slack).min_by_key(|o| (rank(*o), *o)).unwrap_or(0)
}

/// Makes links of the plain layers that are what a residual block holds, only without the short cut: mobile networks
/// leave it out where sizes change.
pub(super) fn without_short_cut(flow: &Flow<'_>, links: Vec<Link>) -> Vec<Link> {
    let mut templates: Vec<Vec<Class>> = Vec::new();
    for link in &links {
        let is_template = link.form == Form::Residual
            && (link.label.contains(&Class::Depthwise) || link.label == [Class::Spatial, Class::Pointwise])
            && link.label.last() == Some(&Class::Pointwise)
            && link.label.iter().all(|c| c.is_conv());
        if is_template && !templates.contains(&link.label) {
            templates.push(link.label.clone());
        }
    }
    if templates.is_empty() {
        return links;
    }
    let counts = |l: &Link| l.is_plain() && flow.class[l.last()].is_heavy();
    let is_open = |l: &Link| l.is_plain() || l.form == Form::Gate && weighs_channels(flow, l);
    // From each link, the end of the template if it begins there.
    let ends = |start: usize, label: &[Class]| -> Option<usize> {
        let mut left = label.iter();
        let mut want = left.next()?;
        let mut at = start;
        loop {
            let link = links.get(at).filter(|l| is_open(l))?;
            if counts(link) {
                if flow.class[link.last()] != *want {
                    return None;
                }
                match left.next() {
                    Some(next) => want = next,
                    None => return Some(at + 1),
                }
            } else if at == start {
                return None;
            }
            at += 1;
        }
    };
    let mut made: Vec<Link> = Vec::new();
    let mut at = 0;
    while at < links.len() {
        let found = templates.iter().find_map(|t| ends(at, t).map(|end| (end, t)));
        // The first block of a mobile network has nothing to expand.
        let short = || templates.iter().find_map(|t| ends(at, unexpanded(t)?).map(|end| (end, t)));
        let Some((mut end, template)) = found.or_else(short) else {
            made.push(links[at].clone());
            at += 1;
            continue;
        };
        while links.get(end).is_some_and(|l| l.is_plain() && flow.class[l.last()] == Class::Norm) {
            end += 1;
        }
        let mut link = Link::plain(links[at..end].iter().flat_map(|l| l.nodes.iter().copied()).collect());
        link.form = Form::Residual;
        link.label.clone_from(template);
        made.push(link);
        at = end;
    }
    made
}

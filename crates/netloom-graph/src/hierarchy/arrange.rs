//! From a chain to a tree of parts: stages, blocks, and what blocks are made of.

use std::collections::BTreeSet;

use super::blocks::{blocks, changes, heavy};
use super::flow::{Class, Flow};
use super::link::{Form, Link, attends, is_crossing};
use super::stages;
use super::template::without_short_cut;
use super::unrolled::unrolled;

/// The class of one step of an unrolled loop.
pub(super) const STEP: &str = "step";

/// An operator, or a part of the model.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// One operator of the flow.
    Operator(usize),
    /// A part.
    Part(Part),
}

/// A part of the model, with a name for people.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What its name begins with.
    pub stem: &'static str,
    /// What kind of part it is.
    pub class: &'static str,
    pub trees: Vec<Tree>,
}

impl Tree {
    pub fn part(stem: &'static str, class: &'static str, trees: Vec<Self>) -> Self {
        Self::Part(Part { stem, class, trees })
    }
}

/// One thing in a row: a block, or a link that belongs to none.
pub(super) struct Item {
    pub trees: Vec<Tree>,
    /// Its last operator.
    pub last: usize,
    pub is_block: bool,
    /// Whether it is a block with a short cut that changes nothing.
    pub straight: bool,
    /// Whether it makes another number of positions than what comes before.
    pub changes: bool,
    pub heavy: usize,
}

impl Item {
    /// The class of the one part that it is.
    pub fn class(&self) -> Option<&'static str> {
        match self.trees.as_slice() {
            [Tree::Part(part)] => Some(part.class),
            _ => None,
        }
    }
}

/// The parts of a chain. Only the chain of a whole model has stages.
pub(super) fn arrange(flow: &Flow<'_>, links: Vec<Link>, is_whole: bool) -> Vec<Tree> {
    let dips = links.iter().any(|l| l.dips);
    let links = level(links);
    let links = whole_loop(flow, links);
    let links = without_short_cut(flow, links);
    let found = blocks(flow, &links);
    let convs = links.iter().flat_map(|l| &l.nodes).filter(|n| flow.class[**n].is_conv()).count();
    if is_whole && (dips || found.ranges.is_empty() && convs > 1) {
        return stages::by_resolution(flow, links);
    }
    let items = items(flow, &links, &found.ranges);
    if is_whole { stages::of_blocks(flow, items) } else { items.into_iter().flat_map(|i| i.trees).collect() }
}

/// Takes apart regions that go down in resolution and come back, and those beside a second stream: what is inside
/// stands in the row itself.
fn level(links: Vec<Link>) -> Vec<Link> {
    let mut row = Vec::new();
    let mut work: Vec<Link> = links.into_iter().rev().collect();
    while let Some(mut link) = work.pop() {
        if !link.dips && !link.opens {
            row.push(link);
            continue;
        }
        let inner = std::mem::take(&mut link.inner);
        let held: BTreeSet<usize> = inner.iter().flat_map(|l| l.nodes.iter().copied()).collect();
        link.nodes.retain(|n| !held.contains(n));
        if !link.nodes.is_empty() {
            work.push(Link::plain(link.nodes));
        }
        work.extend(inner.into_iter().rev());
    }
    row
}

/// Makes one link of a loop whose first steps pass single operators, and those before it.
fn whole_loop(flow: &Flow<'_>, links: Vec<Link>) -> Vec<Link> {
    let Some(at) = links.iter().position(|l| l.form == Form::Unrolled) else { return links };
    let mut nodes: Vec<usize> = links[..=at].iter().flat_map(|l| l.nodes.iter().copied()).collect();
    nodes.sort_unstable();
    // What joins the results of all steps is in none.
    let join = links[at].last();
    nodes.retain(|n| *n != join);
    let size = |steps: &[Vec<usize>]| steps.iter().map(Vec::len).sum::<usize>();
    let steps = unrolled(flow, &nodes).filter(|s| size(s) > size(&links[at].steps));
    let Some(steps) = steps else { return links };
    let first = steps.iter().flatten().min().copied().unwrap_or(0);
    let start = links.iter().position(|l| l.last() >= first).unwrap_or(at).min(at);
    let mut row = links;
    let mut link = Link::plain(row[start..=at].iter().flat_map(|l| l.nodes.iter().copied()).collect());
    link.form = Form::Unrolled;
    link.steps = steps;
    row.splice(start..=at, [link]);
    row
}

/// Links as blocks and what stands between.
pub(super) fn items(flow: &Flow<'_>, links: &[Link], ranges: &[(usize, usize)]) -> Vec<Item> {
    let changes = changes(flow, links);
    let mut items = Vec::new();
    let mut at = 0;
    let mut ranges = ranges.iter().peekable();
    while at < links.len() {
        let (end, is_block) = match ranges.peek() {
            Some((start, end)) if *start == at => (*end, true),
            _ => (at + 1, false),
        };
        let held = &links[at..end];
        let trees = if is_block {
            ranges.next();
            match held {
                [link] if link.form == Form::Unrolled => recurrence(link),
                _ => vec![block(flow, held)],
            }
        } else {
            held.iter().flat_map(operators).collect()
        };
        items.push(Item {
            trees,
            last: links[end - 1].last(),
            is_block,
            straight: held.iter().any(|l| l.form == Form::Residual && l.straight),
            changes: changes[at..end].contains(&true),
            heavy: heavy(flow, &held.iter().collect::<Vec<_>>()),
        });
        at = end;
    }
    items
}

fn operators(link: &Link) -> Vec<Tree> {
    link.nodes.iter().map(|n| Tree::Operator(*n)).collect()
}

/// A block out of its links.
fn block(flow: &Flow<'_>, links: &[Link]) -> Tree {
    if let [link] = links {
        match link.form {
            Form::Dense => {
                return Tree::part("dense_block", "dense block", arrange(flow, link.inner.clone(), false));
            }
            _ if !link.inner.is_empty() && !attends(flow, link) => {
                return Tree::part("group", "residual group", within(flow, link));
            }
            _ => {}
        }
    }
    let layered = links.iter().filter(|l| sublayer(flow, l).is_some()).count() > 1;
    let mut trees = Vec::new();
    for link in links {
        match sublayer(flow, link).filter(|_| layered) {
            Some((stem, class)) => trees.extend(dressed(flow, link, stem, class)),
            None if !link.inner.is_empty() => trees.extend(within(flow, link)),
            None => trees.extend(operators(link)),
        }
    }
    let (stem, class) = describe(flow, links);
    Tree::part(stem, class, trees)
}

/// The parts of a region's main branch, and what stands beside it.
fn within(flow: &Flow<'_>, link: &Link) -> Vec<Tree> {
    let held: BTreeSet<usize> = link.inner.iter().flat_map(|l| l.nodes.iter().copied()).collect();
    let mut trees = arrange(flow, link.inner.clone(), false);
    trees.extend(link.nodes.iter().filter(|n| !held.contains(n)).map(|n| Tree::Operator(*n)));
    trees
}

/// The steps of a loop as one part, after what belongs to none.
pub(super) fn recurrence(link: &Link) -> Vec<Tree> {
    let held: BTreeSet<usize> = link.steps.iter().flatten().copied().collect();
    let mut trees: Vec<Tree> =
        link.nodes.iter().filter(|n| !held.contains(n)).map(|n| Tree::Operator(*n)).collect();
    let step =
        |step: &Vec<usize>| Tree::part("step", STEP, step.iter().map(|n| Tree::Operator(*n)).collect());
    trees.push(Tree::part("loop", "unrolled recurrence", link.steps.iter().map(step).collect()));
    trees
}

/// What a residual link is within a block of several.
fn sublayer(flow: &Flow<'_>, link: &Link) -> Option<(&'static str, &'static str)> {
    if link.form != Form::Residual || link.label.len() < 2 {
        None
    } else if attends(flow, link) {
        Some(if is_crossing(flow, link) {
            ("cross_attention", "cross-attention")
        } else {
            ("attention", "self-attention")
        })
    } else if link.nodes.iter().any(|n| flow.kind(*n) == "top_k") {
        Some(("experts", "mixture of experts"))
    } else if link.label.iter().all(|c| *c == Class::Linear) {
        Some(("feed_forward", "feed-forward"))
    } else if link.label.iter().all(|c| c.is_conv() || *c == Class::Linear) {
        Some(("convolution", "convolution module"))
    } else {
        None
    }
}

/// A residual link as a part between its norm and its addition.
fn dressed(flow: &Flow<'_>, link: &Link, stem: &'static str, class: &'static str) -> Vec<Tree> {
    let (first, last) = (
        link.nodes.iter().position(|n| !matches!(flow.class[*n], Class::Norm | Class::Plumbing)),
        link.nodes.len().saturating_sub(1),
    );
    let first = first.unwrap_or(0).min(last);
    let mut trees: Vec<Tree> = link.nodes[..first].iter().map(|n| Tree::Operator(*n)).collect();
    trees.push(Tree::part(stem, class, link.nodes[first..last].iter().map(|n| Tree::Operator(*n)).collect()));
    trees.push(Tree::Operator(link.nodes[last]));
    trees
}

/// A name and a class for a block.
fn describe(flow: &Flow<'_>, links: &[Link]) -> (&'static str, &'static str) {
    use Class::{Concat, Depthwise, Pointwise, Recurrent, Spatial};
    let regions: Vec<&Link> = links.iter().filter(|l| !l.is_plain() && l.form != Form::Gate).collect();
    let label: Vec<Class> = links.iter().flat_map(|l| l.label.iter().copied()).collect();
    let has = |c: Class| label.contains(&c);
    let joins = |c: Class| links.iter().any(|l| flow.class[l.last()] == c);
    if links.iter().any(|l| attends(flow, l)) {
        let crosses = links.iter().any(|l| is_crossing(flow, l));
        let alone =
            regions.iter().all(|l| l.form == Form::Residual && l.inner.is_empty() && attends(flow, l));
        return match (crosses, alone) {
            (_, true) => ("attention", "attention block"),
            (true, false) => ("block", "transformer decoder block"),
            (false, false) => ("block", "transformer block"),
        };
    }
    if has(Recurrent) {
        return ("block", "recurrent block");
    }
    let gates = |l: &Link| l.nodes.iter().any(|n| flow.class[*n] == Class::Gate);
    if regions.iter().any(|l| l.form == Form::Appended && gates(l)) {
        return ("gate", "attention gate");
    }
    let has_residual = regions.iter().any(|l| l.form == Form::Residual);
    if !has_residual
        && (regions.iter().any(|l| l.form == Form::Appended && !l.label.contains(&Depthwise))
            || regions.is_empty() && joins(Concat))
    {
        return ("layer", "dense layer");
    }
    if regions.is_empty() {
        return if has(Depthwise) && has(Pointwise) {
            ("block", "separable convolution")
        } else {
            ("block", "block")
        };
    }
    if !has_residual && joins(Concat) {
        let shrinks = regions.iter().any(|l| {
            l.nodes.iter().flat_map(|n| &flow.reads[*n]).any(|n| flow.area(*n) > flow.area(l.last()))
        });
        let squeezes = links.first().is_some_and(|l| l.is_plain() && l.label == [Pointwise]);
        return match label.as_slice() {
            [_, Pointwise, Spatial] if squeezes => ("fire", "fire module"),
            label if label.contains(&Depthwise) => ("unit", "shuffle unit"),
            _ if shrinks => ("reduction", "reduction block"),
            _ => ("inception", "inception block"),
        };
    }
    match label.as_slice() {
        [Pointwise, Depthwise, Pointwise] | [Depthwise, Pointwise] => ("block", "inverted residual"),
        [Pointwise, Spatial, Pointwise] => ("block", "bottleneck block"),
        _ if has_residual => ("block", "residual block"),
        _ => ("block", "block"),
    }
}

//! Series and parallel: a part of the flow as a chain of operators that all data passes, and of regions between them.

use std::collections::BTreeSet;

use super::flow::{Class, Flow};
use super::link::{Form, Link};
use super::unrolled::unrolled;

/// How deep regions may stand in one another.
const MAX_DEPTH: usize = 24;

/// A region smaller than this is not looked into.
const MIN_NESTED: usize = 4;

/// How often each operator is looked at, on average; networks nest a few levels deep.
const MAX_VISITS: usize = 32;

/// The most operators of a short cut, such as a projection.
const MAX_SHORT: usize = 6;

/// Splits parts of one flow into chains.
pub(super) struct Splitter<'f, 'g> {
    pub flow: &'f Flow<'g>,
    place: Vec<usize>,
    pub dropped: BTreeSet<(usize, usize)>,
    /// How many operators may still be looked at within regions.
    budget: usize,
}

impl<'f, 'g> Splitter<'f, 'g> {
    pub fn new(flow: &'f Flow<'g>) -> Self {
        Self {
            flow,
            place: vec![usize::MAX; flow.len()],
            dropped: BTreeSet::new(),
            budget: flow.len().saturating_mul(MAX_VISITS),
        }
    }

    pub fn is_kept(&self, from: usize, to: usize) -> bool {
        self.dropped.is_empty() || !self.dropped.contains(&(from, to))
    }

    /// The chain that these operators form; they are in order, and all data enters before the first, from the entry if
    /// there is one, and leaves after the last.
    pub fn chain(&mut self, entry: Option<usize>, nodes: &[usize], depth: usize) -> Vec<Link> {
        let n = nodes.len();
        self.budget = self.budget.saturating_sub(n);
        for (at, node) in nodes.iter().enumerate() {
            self.place[*node] = at;
        }
        // No way leads around an operator if no step of any way jumps over it.
        let entered = entry.map_or(&[][..], |e| &self.flow.feeds[e]);
        let entered = entered.iter().filter(|f| self.place[**f] != usize::MAX);
        let entered = entered.filter(|f| entry.is_some_and(|e| self.is_kept(e, **f)));
        let mut reach = entered.map(|f| self.place[*f]).max().unwrap_or(0);
        // How far the steps from each operator lead; `None` where all that leads on was taken away.
        let mut far: Vec<Option<usize>> = vec![None; n];
        for (at, node) in nodes.iter().enumerate().rev() {
            let to = self.flow.feeds[*node].iter().map(|f| (*f, self.place[*f]));
            let inside = |(_, place): &(usize, usize)| *place != usize::MAX;
            far[at] = if to.clone().any(|f| inside(&f)) {
                let kept = to.filter(|f| inside(f) && self.is_kept(*node, f.0));
                kept.map(|(_, place)| place).filter(|p| far[*p].is_some()).max()
            } else {
                Some(n)
            };
        }
        for (at, node) in nodes.iter().enumerate() {
            let mut read = self.flow.reads[*node].iter().filter(|r| self.place[**r] != usize::MAX).peekable();
            let is_barred = entry.is_some_and(|e| !self.is_kept(e, *node));
            let enters = read.peek().is_none() && !is_barred;
            // Nor does it count what only what was taken away leads to.
            if !enters && !read.any(|r| self.is_kept(*r, *node) && far[self.place[*r]].is_some()) {
                far[at] = None;
            }
            if enters && far[at].is_some() {
                reach = reach.max(at);
            }
        }
        for node in nodes {
            self.place[*node] = usize::MAX;
        }
        let mut cuts = Vec::new();
        for (at, far) in far.iter().enumerate().filter_map(|(at, far)| far.map(|f| (at, f))) {
            if reach <= at {
                cuts.push(at);
            }
            reach = reach.max(far);
        }
        let mut links = Vec::new();
        let mut start = 0usize;
        for cut in cuts {
            let before = start.checked_sub(1).map(|b| nodes[b]).or(entry);
            links.push(self.link(before, &nodes[start..cut], Some(nodes[cut]), depth));
            start = cut + 1;
        }
        if start < n {
            let before = start.checked_sub(1).map(|b| nodes[b]).or(entry);
            links.push(self.link(before, &nodes[start..], None, depth));
        }
        links
    }

    /// One link: the operators between two cuts, and the second cut.
    fn link(&mut self, before: Option<usize>, inner: &[usize], join: Option<usize>, depth: usize) -> Link {
        let mut nodes = inner.to_vec();
        nodes.extend(join);
        let mut link = Link::plain(nodes);
        link.label = self.label(&link.nodes);
        if inner.is_empty() {
            return link;
        }
        link.form = Form::Parallel;
        if let Some(steps) = unrolled(self.flow, inner) {
            link.form = Form::Unrolled;
            link.steps = steps;
            return link;
        }
        let deeper = inner.len() >= MIN_NESTED && depth < MAX_DEPTH && self.budget > 0;
        let dense = if deeper { self.dense(before, &link.nodes, depth) } else { None };
        let beside = if deeper && dense.is_none() { self.beside(before, &link.nodes, depth) } else { None };
        link.opens = beside.is_some();
        if let Some(links) = dense.or(beside) {
            link.form = Form::Dense;
            link.label = links.iter().flat_map(|l| l.label.iter().copied()).collect();
            link.inner = links;
            return link;
        }
        let mut parts = self.parts(inner);
        // What only feeds a stream that was taken away is no branch.
        let joined = join.map_or(&[][..], |j| &self.flow.reads[j]);
        if joined.iter().any(|r| inner.binary_search(r).is_ok()) {
            parts.retain(|p| p.iter().any(|n| joined.binary_search(n).is_ok()));
        }
        let heavy = |part: &[usize]| part.iter().filter(|n| self.flow.class[**n].is_heavy()).count();
        let main = (0..parts.len())
            .max_by_key(|p| (heavy(&parts[*p]), parts[*p].len(), std::cmp::Reverse(*p)))
            .map(|p| parts.swap_remove(p))
            .unwrap_or_default();
        let straight = before.zip(join).is_some_and(|(a, b)| self.flow.reads[b].contains(&a));
        let is_short = |part: &Vec<usize>| {
            part.len() <= MAX_SHORT && heavy(part) <= 1 && part.iter().all(|n| self.flow.reads[*n].len() <= 1)
        };
        link.straight = straight;
        let has_short_cut =
            if straight { parts.is_empty() } else { parts.len() == 1 && parts.iter().all(is_short) };
        let class = join.map_or(Class::Plumbing, |j| self.flow.class[j]);
        link.form = match class {
            Class::Add if has_short_cut => Form::Residual,
            Class::Concat if straight && parts.is_empty() => Form::Appended,
            Class::Gate if straight || has_short_cut => Form::Gate,
            _ => Form::Parallel,
        };
        if link.form == Form::Parallel {
            link.label = self.label(inner);
            link.label.sort_unstable();
        } else {
            link.label = self.label(&main);
        }
        let skips = deeper && link.form == Form::Parallel && !has_short_cut;
        if skips && let Some(links) = self.skips(before, &link.nodes, depth) {
            link.dips = true;
            link.inner = links;
            return link;
        }
        if deeper && (has_short_cut || link.form == Form::Appended) {
            let links = self.chain(before, &main, depth + 1);
            link.dips = self.dips(&links, join);
            let blocks = links.iter().filter(|l| l.is_block(self.flow) && l.form != Form::Parallel);
            if link.dips || blocks.count() > 1 {
                link.inner = links;
            }
        }
        link
    }

    /// Whether a chain of several layers goes to a lower resolution than what it is joined at.
    fn dips(&self, links: &[Link], join: Option<usize>) -> bool {
        let Some(area) = join.and_then(|j| self.flow.area(j)) else { return false };
        let low = |l: &Link| self.flow.area(l.last()).is_some_and(|a| a < area && a > 1);
        let heavy = links.iter().flat_map(|l| &l.nodes).filter(|n| self.flow.class[**n].is_heavy());
        let rises = |l: &Link| {
            l.nodes.iter().any(|n| matches!(self.flow.class[*n], Class::Resize | Class::Transposed))
        };
        let joined = join.is_some_and(|j| matches!(self.flow.class[j], Class::Concat | Class::Add));
        let ends = links.last().and_then(|l| self.flow.area(l.last()));
        joined && ends == Some(area) && links.iter().any(low) && links.iter().any(rises) && heavy.count() > 1
    }

    /// Kinds of heavy operators in order; those that see no positions only weigh channels and are left out.
    fn label(&self, nodes: &[usize]) -> Vec<Class> {
        let is_wide = |n: &usize| self.flow.area(*n).is_some_and(|a| a > 1);
        let convolves = nodes.iter().any(|n| self.flow.class[*n].is_conv() && is_wide(n));
        let counts = |n: &&usize| self.flow.class[**n].is_heavy() && (!convolves || is_wide(n));
        nodes.iter().filter(counts).map(|n| self.flow.class[*n]).collect()
    }

    /// Operators grouped by what is connected, in order of their first.
    fn parts(&mut self, nodes: &[usize]) -> Vec<Vec<usize>> {
        for node in nodes {
            self.place[*node] = usize::MAX - 1;
        }
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for first in nodes {
            if self.place[*first] != usize::MAX - 1 {
                continue;
            }
            let number = parts.len();
            let mut part = Vec::new();
            let mut work = vec![*first];
            self.place[*first] = number;
            while let Some(node) = work.pop() {
                part.push(node);
                for &other in self.flow.reads[node].iter().chain(&self.flow.feeds[node]) {
                    if self.place[other] == usize::MAX - 1 {
                        self.place[other] = number;
                        work.push(other);
                    }
                }
            }
            part.sort_unstable();
            parts.push(part);
        }
        for node in nodes {
            self.place[*node] = usize::MAX;
        }
        parts
    }
}

//! Series and parallel: a part of the flow as a chain of operators that all data passes, and of regions between them.

use std::collections::{BTreeMap, BTreeSet};

use super::crossing::crossed;
use super::flow::{Class, Flow};

/// How deep regions may stand in one another.
const MAX_DEPTH: usize = 24;

/// A region smaller than this is not looked into.
const MIN_NESTED: usize = 4;

/// The most operators of a short cut, such as a projection.
const MAX_SHORT: usize = 6;

/// The fewest calls that make a recurrence.
const MIN_STEPS: usize = 3;

/// How the branches of a region are joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Form {
    /// One operator without branches.
    Plain,
    /// One branch is added to what it started from, or to a projection of that.
    Residual,
    /// One branch is concatenated to what it started from.
    Appended,
    /// Several branches.
    Parallel,
    /// A stream is scaled by something computed from it.
    Gate,
    /// Every part reads all earlier ones.
    Dense,
    /// The same weights are used step by step.
    Unrolled,
}

/// One link of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// What it holds, producers first; the last is the operator all of it passes.
    pub nodes: Vec<usize>,
    pub form: Form,
    /// Heavy operators of the main branch.
    pub label: Vec<Class>,
    /// The main branch as a chain, where it is one of blocks.
    pub inner: Vec<Link>,
    /// Operators of each step, where it is unrolled.
    pub steps: Vec<Vec<usize>>,
    /// Whether what it starts from is joined as it is.
    pub straight: bool,
    /// Whether the main branch goes down to a lower resolution and comes back.
    pub dips: bool,
}

impl Link {
    /// A link that is one operator and what only it reads.
    pub fn plain(nodes: Vec<usize>) -> Self {
        Self {
            nodes,
            form: Form::Plain,
            label: Vec::new(),
            inner: Vec::new(),
            steps: Vec::new(),
            straight: false,
            dips: false,
        }
    }

    pub fn last(&self) -> usize {
        self.nodes.last().copied().unwrap_or(0)
    }

    pub fn is_plain(&self) -> bool {
        self.form == Form::Plain
    }

    /// Whether it is a block by itself rather than a layer or a dressing of one.
    pub fn is_block(&self, flow: &Flow<'_>) -> bool {
        !matches!(self.form, Form::Plain | Form::Gate)
            && (flow.class[self.last()] == Class::Add && !self.label.is_empty()
                || self.nodes.iter().filter(|n| flow.class[**n].is_heavy()).nth(1).is_some())
    }
}

/// Splits parts of one flow into chains.
pub(super) struct Splitter<'f, 'g> {
    pub flow: &'f Flow<'g>,
    place: Vec<usize>,
    dropped: BTreeSet<(usize, usize)>,
}

impl<'f, 'g> Splitter<'f, 'g> {
    pub fn new(flow: &'f Flow<'g>) -> Self {
        Self { flow, place: vec![usize::MAX; flow.len()], dropped: BTreeSet::new() }
    }

    fn is_kept(&self, from: usize, to: usize) -> bool {
        self.dropped.is_empty() || !self.dropped.contains(&(from, to))
    }

    /// The chain that these operators form; they are in order, and all data enters before the first, from the entry if
    /// there is one, and leaves after the last.
    pub fn chain(&mut self, entry: Option<usize>, nodes: &[usize], depth: usize) -> Vec<Link> {
        let n = nodes.len();
        for (at, node) in nodes.iter().enumerate() {
            self.place[*node] = at;
        }
        // No way leads around an operator if no step of any way jumps over it.
        let entered = entry.map_or(&[][..], |e| &self.flow.feeds[e]);
        let entered = entered.iter().filter(|f| self.place[**f] != usize::MAX);
        let entered = entered.filter(|f| entry.is_some_and(|e| self.is_kept(e, **f)));
        let mut reach = entered.map(|f| self.place[*f]).max().unwrap_or(0);
        let mut far = Vec::with_capacity(n);
        for (at, node) in nodes.iter().enumerate() {
            let inside = |other: &usize| self.place[*other] != usize::MAX;
            if !self.flow.reads[*node].iter().any(|r| inside(r) && self.is_kept(*r, *node)) {
                reach = reach.max(at);
            }
            let to = self.flow.feeds[*node].iter().filter(|f| inside(f) && self.is_kept(*node, **f));
            far.push(to.map(|f| self.place[*f]).max().unwrap_or(n));
        }
        for node in nodes {
            self.place[*node] = usize::MAX;
        }
        let mut cuts = Vec::new();
        for (at, far) in far.iter().enumerate() {
            if reach <= at {
                cuts.push(at);
            }
            reach = reach.max(*far);
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
        let deeper = inner.len() >= MIN_NESTED && depth < MAX_DEPTH;
        if deeper && let Some(links) = self.dense(before, &link.nodes, depth) {
            link.form = Form::Dense;
            link.label = links.iter().flat_map(|l| l.label.iter().copied()).collect();
            link.inner = links;
            return link;
        }
        let mut parts = self.parts(inner);
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

    /// The chain that is left of a region when connections that cross one another are taken away.
    fn dense(&mut self, before: Option<usize>, nodes: &[usize], depth: usize) -> Option<Vec<Link>> {
        let trunk = self.trunk(nodes);
        let mut at = BTreeMap::new();
        let start = before.into_iter().chain(trunk.iter().copied());
        at.extend(start.enumerate().map(|(i, n)| (n, i)));
        let mut skips = Vec::new();
        for (&from, &i) in &at {
            let over = self.flow.feeds[from].iter().filter_map(|to| at.get(to).map(|j| (*to, *j)));
            skips.extend(
                over.filter(|(to, j)| *j > i + 1 && self.is_kept(from, *to)).map(|(to, j)| (i, j, from, to)),
            );
        }
        let spans: Vec<(usize, usize)> = skips.iter().map(|s| (s.0, s.1)).collect();
        let crossed = crossed(&spans, at.len());
        let ends: BTreeSet<usize> =
            spans.iter().zip(&crossed).filter(|(_, c)| **c).flat_map(|(s, _)| [s.0, s.1]).collect();
        if ends.is_empty() {
            return None;
        }
        let gone = skips.iter().filter(|s| ends.contains(&s.0) || ends.contains(&s.1));
        let gone: Vec<(usize, usize)> = gone.map(|s| (s.2, s.3)).collect();
        self.dropped.extend(&gone);
        let links = self.chain(before, nodes, depth + 1);
        let largest = links.iter().map(|l| l.nodes.len()).max().unwrap_or(0);
        if largest * 2 > nodes.len() {
            for edge in &gone {
                self.dropped.remove(edge);
            }
            return None;
        }
        Some(links)
    }

    /// The longest way through operators in order, heavy ones counting most.
    fn trunk(&mut self, nodes: &[usize]) -> Vec<usize> {
        let (length, from) = longest(self.flow, nodes);
        let mut best = None;
        for (at, node) in nodes.iter().enumerate() {
            if best.is_none_or(|(l, _)| length[at] >= l) {
                best = Some((length[at], *node));
            }
        }
        let mut trunk: Vec<usize> = Vec::new();
        let mut at = best.map(|(_, n)| n);
        while let Some(node) = at {
            trunk.push(node);
            at = nodes.binary_search(&node).ok().and_then(|i| from[i]);
        }
        trunk.reverse();
        trunk
    }
}

/// The length of the longest way to each of these operators, and where it comes from.
pub(super) fn longest(flow: &Flow<'_>, nodes: &[usize]) -> (Vec<u32>, Vec<Option<usize>>) {
    let mut length = vec![0u32; nodes.len()];
    let mut from = vec![None; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let mut best: Option<(u32, usize)> = None;
        for read in &flow.reads[*node] {
            if let Ok(i) = nodes.binary_search(read)
                && best.is_none_or(|(l, _)| length[i] > l)
            {
                best = Some((length[i], *read));
            }
        }
        let own = if flow.class[*node].is_heavy() { 8 } else { 1 };
        length[at] = best.map_or(0, |b| b.0).saturating_add(own);
        from[at] = best.map(|b| b.1);
    }
    (length, from)
}

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
    let (&count, &covered) = counts.iter().max_by_key(|(_, covered)| **covered)?;
    if covered * 2 < heavy {
        return None;
    }
    let mut step = vec![0usize; nodes.len()];
    for readers in readers.values().filter(|r| r.len() == count) {
        for (i, node) in readers.iter().enumerate() {
            if let Ok(at) = nodes.binary_search(node) {
                step[at] = step[at].max(i + 1);
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
    if in_turn + 1 < count {
        return None;
    }
    let mut steps = vec![Vec::new(); count];
    for (node, step) in nodes.iter().zip(&step) {
        if let Some(step) = step.checked_sub(1) {
            steps[step].push(*node);
        }
    }
    Some(steps)
}

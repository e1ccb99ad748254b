//! Regions that no operator cuts, because their blocks read all earlier ones or feed a second stream: what is left when
//! those connections are taken away is a chain.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Splitter;
use super::crossing::{Maxima, crossed};
use super::flow::Flow;
use super::link::Link;

/// The fewest additions to a stream that make it a second stream.
const MIN_ADDED: usize = 3;

impl Splitter<'_, '_> {
    /// The chain that is left of a region when connections that cross one another are taken away.
    pub fn dense(&mut self, before: Option<usize>, nodes: &[usize], depth: usize) -> Option<Vec<Link>> {
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
        self.without(before, nodes, gone, depth)
    }

    /// The chain that is left of a region beside whose trunk a second stream runs and is added to again and again.
    pub fn beside(&mut self, before: Option<usize>, nodes: &[usize], depth: usize) -> Option<Vec<Link>> {
        let trunk = self.trunk(nodes);
        let areas: BTreeSet<Option<u64>> = trunk.iter().map(|n| self.flow.area(*n)).collect();
        if areas.len() > 1 {
            return None;
        }
        let place: BTreeMap<usize, usize> = trunk.iter().enumerate().map(|(i, n)| (*n, i + 1)).collect();
        // The last operator of the trunk that each other one hears of.
        let mut hears: BTreeMap<usize, usize> = BTreeMap::new();
        let mut gone = Vec::new();
        for node in nodes.iter().filter(|n| !place.contains_key(n)) {
            let reads = &self.flow.reads[*node];
            let own = reads.iter().filter_map(|r| place.get(r).or_else(|| hears.get(r))).max();
            let own = own.copied().unwrap_or(0);
            gone.extend(reads.iter().filter(|r| hears.get(r).is_some_and(|h| *h < own)).map(|r| (*r, *node)));
            hears.insert(*node, own);
        }
        gone.retain(|(from, to)| self.is_kept(*from, *to));
        if gone.len() < MIN_ADDED {
            return None;
        }
        let stream: BTreeSet<usize> = gone.iter().map(|g| g.1).collect();
        for node in &trunk {
            gone.extend(self.flow.reads[*node].iter().filter(|r| stream.contains(r)).map(|r| (*r, *node)));
        }
        self.without(before, nodes, gone, depth)
    }

    /// The chain that is left of a region that goes down in resolution, when what leads from before to after that is
    /// taken away.
    pub fn skips(&mut self, before: Option<usize>, nodes: &[usize], depth: usize) -> Option<Vec<Link>> {
        let trunk: BTreeSet<usize> = self.trunk(nodes).into_iter().collect();
        let area = |n: usize| self.flow.area(n).filter(|a| *a > 1).and_then(|a| usize::try_from(a).ok());
        let depths =
            nodes.iter().map(|n| area(*n).filter(|_| trunk.contains(n)).map_or(0, |a| usize::MAX - a));
        let depths = Maxima::new(depths.collect());
        let mut gone = Vec::new();
        for (to, node) in nodes.iter().enumerate() {
            for from in &self.flow.reads[*node] {
                let start = nodes.binary_search(from).map_or(0, |i| i + 1);
                let is_outer = before == Some(*from);
                let (Some(a), Some(b)) = (area(*from), area(*node)) else { continue };
                let is_here = (start > 0 || is_outer) && self.is_kept(*from, *node);
                if is_here && depths.between(start, to) > usize::MAX - a.min(b) {
                    gone.push((*from, *node));
                }
            }
        }
        if gone.is_empty() { None } else { self.without(before, nodes, gone, depth) }
    }

    /// The chain that is left when some connections are taken away, if it is one of many links.
    fn without(
        &mut self,
        before: Option<usize>,
        nodes: &[usize],
        gone: Vec<(usize, usize)>,
        depth: usize,
    ) -> Option<Vec<Link>> {
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

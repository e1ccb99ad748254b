//! What stands in the rows: bars for tensors, circles for sums, and what leads to each.

use std::collections::BTreeSet;

use netloom_graph::{Category, Graph};
use netloom_scene::Key;

use crate::tensors::Extent;
use crate::ushape::{Course, Join, Level, Link, join};
use crate::view::{NodeKind, View};

/// The most boxes between a finer map and what it is joined with that one arrow up stands for.
const MAX_UP: usize = 3;

/// A bar or circle.
pub(super) struct Bar {
    /// Its identity.
    pub(super) key: Key,
    /// The box that it stands for, by index of the view's nodes.
    pub(super) node: usize,
    /// What it is.
    pub(super) shape: Shape,
    /// The tensor.
    pub(super) extent: Extent,
    /// How coarse it is.
    pub(super) level: Level,
    /// The boxes that lead to it from the bar before.
    pub(super) made_by: Vec<usize>,
    /// The share of its channels that is copied, 0 to 1.
    pub(super) copied: f64,
}

/// What a bar is drawn as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A bar.
    Bar,
    /// A circle with a plus.
    Sum,
    /// A circle with a multiplication cross.
    Product,
}

/// A by-pass between two bars.
pub(super) struct ByPass {
    /// Where it leaves, by index of bars.
    pub(super) from: usize,
    /// Where it joins, by index of bars.
    pub(super) to: usize,
    /// The boxes on its way.
    pub(super) via: Vec<usize>,
    /// How many ways it stands for.
    pub(super) times: usize,
    /// Whether it joins an encoder and a decoder.
    pub(super) is_copy: bool,
}

/// Bars along the path and the by-passes between them.
pub(super) struct Bars {
    pub(super) bars: Vec<Bar>,
    pub(super) by_passes: Vec<ByPass>,
}

impl Bars {
    pub(super) fn new(graph: &Graph, view: &View, course: &Course) -> Self {
        let mut maker = Maker { graph, view, course, bars: Vec::new(), pending: Vec::new(), of: Vec::new() };
        maker.run();
        let Maker { mut bars, of, .. } = maker;
        let mut by_passes: Vec<ByPass> = Vec::new();
        for link in &course.links {
            let (from, to) = (of[link.from].1, of[link.to].0);
            if from >= to {
                continue;
            }
            let is_copy = course.u_skip(graph, view, link).is_some();
            match by_passes.iter_mut().rev().take(8).find(|b| b.from == from && b.to == to) {
                Some(known) => known.times += link.times,
                None => {
                    by_passes.push(ByPass { from, to, via: link.via.clone(), times: link.times, is_copy })
                }
            }
        }
        for by_pass in &by_passes {
            let whole = bars[by_pass.to].extent.channels.as_size();
            let carried = by_pass.via.last().map_or(bars[by_pass.from].node, |v| *v);
            let part = course.extents[carried].channels.as_size();
            let bar = &mut bars[by_pass.to];
            if let (Join::Concat, Some(part), Some(whole)) = (join(graph, view, bar.node), part, whole)
                && by_pass.times == 1
                && part < whole
            {
                #[expect(clippy::cast_precision_loss, reason = "numbers of channels are far below 2^53")]
                let share = part as f64 / whole as f64;
                bar.copied = (bar.copied + share).min(0.95);
            }
        }
        Self { bars, by_passes }
    }
}

struct Maker<'a> {
    graph: &'a Graph,
    view: &'a View,
    course: &'a Course,
    bars: Vec<Bar>,
    /// Boxes whose tensor is not drawn, since the last bar.
    pending: Vec<usize>,
    /// The bars where by-passes to and from each place of the path join and leave.
    of: Vec<(usize, usize)>,
}

impl Maker<'_> {
    fn run(&mut self) {
        let course = self.course;
        let forks: BTreeSet<usize> = course.links.iter().map(|l| l.from).collect();
        let joins: BTreeSet<usize> = course.links.iter().map(|l| l.to).collect();
        let copies: BTreeSet<usize> =
            course.links.iter().filter_map(|l: &Link| course.u_skip(self.graph, self.view, l)).collect();
        let mut rises = 0;
        for at in 0..course.path.len() {
            let n = course.path[at];
            let node = &self.view.nodes[n];
            let last = self.bars.len().saturating_sub(1);
            let is_end = node.kind == NodeKind::Output;
            let is_first = self.bars.is_empty();
            let rise = if rises > 0 { 0 } else { self.rise(at, &forks, &joins, &copies) };
            if is_end && !is_first {
                self.of.push((last, last));
                continue;
            }
            if rise > 0 || rises > 0 && !copies.contains(&at) {
                rises = if rise > 0 { rise } else { rises - 1 };
                self.pending.push(n);
                self.of.push((last, last));
                continue;
            }
            rises = 0;
            if !is_first && node.kind == NodeKind::Merge {
                self.merge(at, n);
                continue;
            }
            // What follows a sum without changing its size is said with the sum.
            let after_sum =
                self.bars.last().is_some_and(|b| b.shape != Shape::Bar) && self.pending.is_empty();
            if !is_first && self.keeps(at) && !joins.contains(&at) && (!forks.contains(&at) || after_sum) {
                self.pending.push(n);
                self.of.push((last, last));
                continue;
            }
            self.bar(at, n, node.key.clone());
            self.of.push((self.bars.len() - 1, self.bars.len() - 1));
        }
        if let (false, Some(&n)) = (self.pending.is_empty(), self.pending.last()) {
            let at = course.path.iter().rposition(|p| *p == n).unwrap_or(0);
            self.bar(at, n, self.view.nodes[n].key.clone());
        }
    }

    /// How many boxes from here on lead to a finer map and a copy that joins it; 0 where they do not.
    fn rise(
        &self,
        at: usize,
        forks: &BTreeSet<usize>,
        joins: &BTreeSet<usize>,
        copies: &BTreeSet<usize>,
    ) -> usize {
        let course = self.course;
        if at == 0 || course.level(at) >= course.level(at - 1) || copies.contains(&at) {
            return 0;
        }
        for next in at + 1..=(at + MAX_UP).min(course.path.len() - 1) {
            if course.level(next) != course.level(at)
                || forks.contains(&(next - 1))
                || joins.contains(&(next - 1))
            {
                return 0;
            }
            if copies.contains(&next) {
                return next - at;
            }
        }
        0
    }

    /// A circle; behind one that a finer map enters, a bar for the sum.
    fn merge(&mut self, at: usize, n: usize) {
        let node = &self.view.nodes[n];
        let shape = if node.title == "×" { Shape::Product } else { Shape::Sum };
        let before = self.bars.last().map(|b| b.level);
        self.bar(at, n, node.key.clone());
        let circle = self.bars.len() - 1;
        self.bars[circle].shape = shape;
        if before != Some(self.course.level(at)) {
            self.bar(at, n, node.key.piece("made"));
            self.bars[circle + 1].made_by.clear();
        }
        self.of.push((circle, self.bars.len() - 1));
    }

    fn bar(&mut self, at: usize, n: usize, key: Key) {
        let mut made_by = std::mem::take(&mut self.pending);
        if made_by.last() != Some(&n) && !self.bars.is_empty() {
            made_by.push(n);
        }
        self.bars.push(Bar {
            key,
            node: n,
            shape: Shape::Bar,
            extent: self.course.extents[n].clone(),
            level: self.course.level(at),
            made_by,
            copied: 0.0,
        });
    }

    /// Whether a box hands on a tensor of the size that it was given.
    fn keeps(&self, at: usize) -> bool {
        let (n, before) = (self.course.path[at], self.course.path[at - 1]);
        let node = &self.view.nodes[n];
        let is_light = matches!(
            node.category,
            Category::Norm
                | Category::Activation
                | Category::Dropout
                | Category::Elementwise
                | Category::Shape
        );
        let same = self.course.extents[n] == self.course.extents[before]
            || self.view.nodes[before].kind == NodeKind::Input && node.category == Category::Shape;
        node.kind == NodeKind::Layer && node.repeat == 1 && is_light && same
    }
}

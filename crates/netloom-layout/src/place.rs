//! Horizontal places: cells joined to straight vertical blocks, then blocks pulled to their neighbours.
//!
//! Compaction is a longest path in the graph of blocks (Brandes and Köpf 2001), which avoids the error of the published
//! recursion (erratum 2020). Each pass takes the mean of the leftmost and the rightmost feasible places that respect
//! the wishes, which keeps equal branches symmetrical.

use crate::Spacing;
use crate::align::align;
use crate::clean::NONE;
use crate::ends::{at, spread, straighten};
use crate::order::Order;
use crate::proper::Cells;

/// Weight from which a line counts as part of the trunk.
pub(crate) const HEAVY: u32 = 5;
/// Passes per class of blocks: trunk, items, by-passes.
const PASSES: [usize; 3] = [4, 8, 3];

/// The middle of every cell, from an arbitrary origin.
pub(crate) fn place(cells: &mut Cells, order: &Order, spacing: &Spacing) -> Vec<f64> {
    spread(cells, order, spacing);
    let blocks = Blocks::build(cells, order, spacing);
    let x = blocks.solve(cells, order);
    let centers: Vec<f64> =
        (0..cells.row.len()).map(|c| x[blocks.of[c] as usize] + blocks.offset[c]).collect();
    straighten(cells, &centers, spacing);
    centers
}

struct Blocks {
    of: Vec<u32>,
    offset: Vec<f64>,
    count: usize,
    /// Blocks from left to right.
    sequence: Vec<u32>,
    /// For block `b`: blocks that must stand left of it, with the distance.
    left_first: Vec<u32>,
    left: Vec<(u32, f64)>,
    right_first: Vec<u32>,
    right: Vec<(u32, f64)>,
    /// For block `b`: what it is tied to: block, wished distance from it, weight.
    tie_first: Vec<u32>,
    ties: Vec<(u32, f64, f64)>,
}

impl Blocks {
    fn build(cells: &Cells, order: &Order, spacing: &Spacing) -> Self {
        let n = cells.row.len();
        let up = align(cells, order);
        let (mut of, mut offset) = (vec![NONE; n], vec![0f64; n]);
        let mut count = 0u32;
        for &cell in &order.line {
            let c = cell as usize;
            if up[c] == NONE {
                of[c] = count;
                count += 1;
            } else {
                let s = &cells.segments[up[c] as usize];
                let upper = s.upper as usize;
                of[c] = of[upper];
                offset[c] = offset[upper] + at(cells, s.upper_attach) - at(cells, s.lower_attach);
            }
        }
        let count = count as usize;
        let mut pairs: Vec<(u32, u32, f64)> = Vec::new();
        for r in 0..cells.rows {
            for i in order.row(r).skip(1) {
                let (a, b) = (order.line[i - 1] as usize, order.line[i] as usize);
                let both = a < cells.items && b < cells.items && cells.left[a] > 0.0 && cells.left[b] > 0.0;
                let gap = if both { spacing.node } else { spacing.lane };
                let distance = cells.right[a] + gap + cells.room[b] + offset[a] - offset[b];
                pairs.push((of[a], of[b], distance));
            }
        }
        let mut ties = Vec::new();
        for s in &cells.segments {
            let (a, b) = (s.upper as usize, s.lower as usize);
            if of[a] != of[b] {
                let distance = offset[a] + at(cells, s.upper_attach) - offset[b] - at(cells, s.lower_attach);
                ties.push((of[a], of[b], distance, f64::from(s.weight)));
            }
        }
        for b in &cells.besides {
            let (item, cell) = (cells.attaches[b.attach as usize].cell as usize, b.cell as usize);
            if of[item] != of[cell] {
                ties.push((of[item], of[cell], offset[item] - offset[cell], 1.0));
            }
        }
        for &(item, cell) in &cells.turns {
            let (item, cell) = (item as usize, cell as usize);
            if of[item] != of[cell] {
                ties.push((of[item], of[cell], offset[item] - offset[cell], 0.5));
            }
        }
        let (left_first, left) = group(count, pairs.iter().map(|p| (p.1, (p.0, p.2))));
        let (right_first, right) = group(count, pairs.iter().map(|p| (p.0, (p.1, p.2))));
        let both = ties.iter().flat_map(|t| [(t.1, (t.0, t.2, t.3)), (t.0, (t.1, -t.2, t.3))]);
        let (tie_first, ties) = group(count, both);
        let mut blocks = Self {
            of,
            offset,
            count,
            sequence: Vec::with_capacity(count),
            left_first,
            left,
            right_first,
            right,
            tie_first,
            ties,
        };
        blocks.sort();
        blocks
    }

    fn sort(&mut self) {
        let mut waiting: Vec<u32> = self.left_first.windows(2).map(|w| w[1] - w[0]).collect();
        self.sequence.extend((0..self.count as u32).filter(|&b| waiting[b as usize] == 0));
        let mut next = 0;
        while next < self.sequence.len() {
            let b = self.sequence[next] as usize;
            next += 1;
            for &(right, _) in &self.right[self.right_first[b] as usize..self.right_first[b + 1] as usize] {
                waiting[right as usize] -= 1;
                if waiting[right as usize] == 0 {
                    self.sequence.push(right);
                }
            }
        }
        debug_assert_eq!(self.sequence.len(), self.count, "blocks never cross");
    }

    /// Leftmost places: `wish` gives a block's least place.
    fn leftmost(&self, wish: &[f64], out: &mut [f64]) {
        for &b in &self.sequence {
            let b = b as usize;
            let mut x = wish[b];
            for &(l, d) in &self.left[self.left_first[b] as usize..self.left_first[b + 1] as usize] {
                x = x.max(out[l as usize] + d);
            }
            out[b] = x;
        }
    }

    /// Rightmost places: `wish` gives a block's greatest place.
    fn rightmost(&self, wish: &[f64], out: &mut [f64]) {
        for &b in self.sequence.iter().rev() {
            let b = b as usize;
            let mut x = wish[b];
            for &(r, d) in &self.right[self.right_first[b] as usize..self.right_first[b + 1] as usize] {
                x = x.min(out[r as usize] - d);
            }
            out[b] = x;
        }
    }

    fn solve(&self, cells: &Cells, order: &Order) -> Vec<f64> {
        let class = self.classes(cells, order);
        let n = self.count;
        let mut x = vec![0f64; n];
        let (mut low, mut high) = (vec![0f64; n], vec![0f64; n]);
        let (mut least, mut most) = (vec![0f64; n], vec![0f64; n]);
        let mut placed = vec![false; n];
        for (current, passes) in PASSES.into_iter().enumerate() {
            let members: Vec<u32> =
                self.sequence.iter().copied().filter(|&b| class[b as usize] == current as u8).collect();
            if members.is_empty() {
                continue;
            }
            // The room that finished blocks leave.
            for b in 0..n {
                let done = (class[b] as usize) < current;
                least[b] = if done { x[b] } else { f64::NEG_INFINITY };
                most[b] = if done { x[b] } else { f64::INFINITY };
            }
            self.leftmost(&least, &mut low);
            self.rightmost(&most, &mut high);
            let mut by_cell: Vec<u32> = Vec::with_capacity(members.len());
            let mut listed = vec![false; n];
            for &c in &order.line {
                let b = self.of[c as usize] as usize;
                if class[b] as usize == current && !std::mem::replace(&mut listed[b], true) {
                    by_cell.push(b as u32);
                }
            }
            let mut wish = x.clone();
            let (mut a, mut z) = (vec![0f64; n], vec![0f64; n]);
            for pass in 0..passes {
                let mut moved = false;
                for k in 0..by_cell.len() {
                    // Downward and upward in turn, so that a wish travels far in one pass.
                    let b = by_cell[if pass % 2 == 0 { k } else { by_cell.len() - 1 - k }] as usize;
                    let mut sum = 0.0;
                    let mut weight = 0.0;
                    for &(far, d, w) in &self.ties[self.tie_first[b] as usize..self.tie_first[b + 1] as usize]
                    {
                        if placed[far as usize] {
                            sum += (wish[far as usize] + d) * w;
                            weight += w;
                        }
                    }
                    if weight > 0.0 {
                        wish[b] = (sum / weight).max(low[b]).min(high[b]);
                    } else {
                        wish[b] = wish[b].max(low[b]).min(high[b]);
                    }
                    placed[b] = true;
                }
                for b in 0..n {
                    let own = class[b] as usize == current;
                    least[b] = if own {
                        wish[b]
                    } else if (class[b] as usize) < current {
                        x[b]
                    } else {
                        f64::NEG_INFINITY
                    };
                    most[b] = if own {
                        wish[b]
                    } else if (class[b] as usize) < current {
                        x[b]
                    } else {
                        f64::INFINITY
                    };
                }
                self.leftmost(&least, &mut a);
                self.rightmost(&most, &mut z);
                for &b in &members {
                    let b = b as usize;
                    let middle = ((a[b] + z[b]) / 2.0).max(low[b]).min(high[b]);
                    moved |= (middle - x[b]).abs() > 0.01;
                    x[b] = middle;
                    wish[b] = middle;
                }
                if !moved && pass > 0 {
                    break;
                }
            }
        }
        x
    }

    /// Trunk, items or by-passes: blocks of a class are placed when those before stand. The trunk is what is heavy, or
    /// has a row to itself save for by-passes.
    fn classes(&self, cells: &Cells, order: &Order) -> Vec<u8> {
        let mut class = vec![2u8; self.count];
        for (c, &block) in self.of.iter().enumerate().take(cells.items) {
            // A gate that has its row to itself stands in the trunk; others follow what they lead to.
            if cells.left[c] > 0.0 || order.row(cells.row[c] as usize).len() == 1 {
                class[block as usize] = 1;
            }
        }
        for r in 0..cells.rows {
            let mut found = (NONE, 0);
            for &c in &order.line[order.row(r)] {
                let b = self.of[c as usize];
                if class[b as usize] < 2 {
                    found = (b, found.1 + 1);
                }
            }
            if found.1 == 1 {
                class[found.0 as usize] = 0;
            }
        }
        for s in &cells.segments {
            let b = self.of[s.upper as usize];
            if s.weight >= HEAVY && b == self.of[s.lower as usize] {
                class[b as usize] = 0;
            }
        }
        class
    }
}

/// Groups pairs by key, keeping their order.
pub(crate) fn group<T: Copy + Default>(
    n: usize,
    pairs: impl Iterator<Item = (u32, T)> + Clone,
) -> (Vec<u32>, Vec<T>) {
    let mut first = vec![0u32; n + 1];
    for (k, _) in pairs.clone() {
        first[k as usize + 1] += 1;
    }
    for i in 0..n {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut out = vec![T::default(); first[n] as usize];
    for (k, value) in pairs {
        out[next[k as usize] as usize] = value;
        next[k as usize] += 1;
    }
    (first, out)
}

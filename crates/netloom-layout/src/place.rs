//! Horizontal places: cells joined to straight vertical blocks, then blocks pulled to their neighbours.
//!
//! Blocks are formed as in Brandes and Köpf, "Fast and simple horizontal coordinate assignment" (2001), but once and by
//! weight instead of four times by direction, so that the trunk is one block. Compaction is a longest path in the graph
//! of blocks, which avoids the error of the published recursion (erratum 2020). Each pass takes the mean of the
//! leftmost and the rightmost feasible places that respect the wishes, which keeps equal branches symmetrical.

use crate::clean::NONE;
use crate::order::Order;
use crate::proper::{Cells, Segment};
use crate::{Side, Spacing};

/// Weight from which a line counts as part of the trunk.
const HEAVY: u32 = 5;
/// Passes per class of blocks: trunk, items, by-passes.
const PASSES: [usize; 3] = [4, 8, 3];
/// Farthest that neighbouring lines at one side of a box stand apart, in lanes.
const PITCH: f64 = 2.0;

/// The middle of every cell, from an arbitrary origin.
pub(crate) fn place(cells: &mut Cells, order: &Order, spacing: &Spacing) -> Vec<f64> {
    spread(cells, order, spacing);
    let blocks = Blocks::build(cells, order, spacing);
    let x = blocks.solve(cells, order);
    let mut centers: Vec<f64> =
        (0..cells.row.len()).map(|c| x[blocks.of[c] as usize] + blocks.offset[c]).collect();
    straighten(cells, &mut centers, spacing);
    centers.shrink_to_fit();
    centers
}

/// Spreads the lines at each top and bottom side in the order of where they lead, the heaviest in the middle.
fn spread(cells: &mut Cells, order: &Order, spacing: &Spacing) {
    let n = cells.attaches.len();
    let (mut sum, mut count) = (vec![0f64; n], vec![0u32; n]);
    for s in &cells.segments {
        for (attach, far) in [(s.upper_attach, s.lower), (s.lower_attach, s.upper)] {
            if attach != NONE {
                sum[attach as usize] += f64::from(order.place[far as usize]);
                count[attach as usize] += 1;
            }
        }
    }
    // What leads to an outer lane stands rightmost.
    let lead = |a: usize| if count[a] == 0 { f64::MAX } else { sum[a] / f64::from(count[a]) };
    let mut groups: Vec<(u32, Side, u32)> = (cells.attaches.iter().enumerate())
        .filter(|(_, a)| a.fixed.is_none() && matches!(a.side, Side::Top | Side::Bottom))
        .map(|(i, a)| (a.cell, a.side, i as u32))
        .collect();
    groups.sort_unstable();
    for group in groups.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if group.len() == 1 {
            continue;
        }
        group.sort_by(|a, b| lead(a.2 as usize).total_cmp(&lead(b.2 as usize)).then(a.2.cmp(&b.2)));
        let weight = |g: &(u32, Side, u32)| cells.attaches[g.2 as usize].weight;
        let most = group.iter().map(weight).max().unwrap_or(0);
        let heaviest = group.iter().filter(|g| weight(g) == most).count();
        let main = if heaviest == 1 { group.iter().position(|g| weight(g) == most) } else { None };
        let half = cells.left[group[0].0 as usize];
        let last = group.len() as f64 - 1.0;
        let offsets: Vec<f64> = match main {
            Some(m) => {
                let pitch = (half / (m.max(group.len() - 1 - m) as f64 + 1.0)).min(PITCH * spacing.lane);
                (0..group.len()).map(|i| (i as f64 - m as f64) * pitch).collect()
            }
            None => {
                let pitch = (2.0 * half / (last + 2.0)).min(PITCH * spacing.lane);
                (0..group.len()).map(|i| (i as f64 - last / 2.0) * pitch).collect()
            }
        };
        for (g, offset) in group.iter().zip(offsets) {
            cells.attaches[g.2 as usize].offset = offset;
        }
    }
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

fn at(cells: &Cells, attach: u32) -> f64 {
    if attach == NONE { 0.0 } else { cells.attaches[attach as usize].offset }
}

fn priority(cells: &Cells, s: &Segment) -> u32 {
    let real = [s.upper, s.lower].iter().filter(|&&c| (c as usize) < cells.items).count();
    s.weight * 4 + [3, 0, 2][real]
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
                let distance = cells.right[a] + gap + cells.left[b] + offset[a] - offset[b];
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

    /// Trunk, items or by-passes: blocks of a class are placed when those before stand.
    fn classes(&self, cells: &Cells, order: &Order) -> Vec<u8> {
        let mut class = vec![2u8; self.count];
        let real = |c: u32| (c as usize) < cells.items && cells.left[c as usize] > 0.0;
        for r in 0..cells.rows {
            let row = &order.line[order.row(r)];
            let alone = row.iter().filter(|&&c| real(c)).count() == 1;
            for &c in row.iter().filter(|&&c| real(c)) {
                let b = self.of[c as usize] as usize;
                class[b] = class[b].min(if alone { 0 } else { 1 });
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
fn group<T: Copy + Default>(n: usize, pairs: impl Iterator<Item = (u32, T)> + Clone) -> (Vec<u32>, Vec<T>) {
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

/// The segment by which each cell continues the block of a cell above, if any: heavy ones first, none across another.
fn align(cells: &Cells, order: &Order) -> Vec<u32> {
    let n = cells.row.len();
    let (mut up, mut down) = (vec![NONE; n], vec![NONE; n]);
    let allowed = unforked(cells, order);
    let mut queue: Vec<(u32, u32, u32, u32)> = Vec::new();
    for (i, s) in cells.segments.iter().enumerate() {
        if allowed[i] {
            let (u, l) = (order.place[s.upper as usize], order.place[s.lower as usize]);
            queue.push((cells.row[s.upper as usize], u32::MAX - priority(cells, s), u.max(l), i as u32));
        }
    }
    queue.sort_unstable();
    for channel in queue.chunk_by(|a, b| a.0 == b.0) {
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for &(_, _, _, i) in channel {
            let s = &cells.segments[i as usize];
            let (u, l) = (s.upper as usize, s.lower as usize);
            if down[u] != NONE || up[l] != NONE {
                continue;
            }
            let (pu, pl) = (order.place[u], order.place[l]);
            let k = taken.partition_point(|t| t.0 < pu);
            let crosses = (k > 0 && taken[k - 1].1 > pl) || (k < taken.len() && taken[k].1 < pl);
            if !crosses {
                taken.insert(k, (pu, pl));
                down[u] = i;
                up[l] = i;
            }
        }
    }
    up
}

/// Segments that may be straight: of equally important ones at a fork or a join only the middle one, and none of an
/// even number, so that the branches stand symmetrical.
fn unforked(cells: &Cells, order: &Order) -> Vec<bool> {
    let mut allowed = vec![true; cells.segments.len()];
    for upward in [false, true] {
        let mut list: Vec<(u32, u32, u32, u32)> = (cells.segments.iter().enumerate())
            .map(|(i, s)| {
                let (own, far) = if upward { (s.lower, s.upper) } else { (s.upper, s.lower) };
                (own, priority(cells, s), order.place[far as usize], i as u32)
            })
            .collect();
        list.sort_unstable_by(|a, b| {
            let port = |i: u32| {
                let s = &cells.segments[i as usize];
                if upward { at(cells, s.upper_attach) } else { at(cells, s.lower_attach) }
            };
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(port(a.3).total_cmp(&port(b.3))).then(a.3.cmp(&b.3))
        });
        for group in list.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let middle = if group.len() % 2 == 1 { group.len() / 2 } else { usize::MAX };
            for (k, entry) in group.iter().enumerate() {
                allowed[entry.3 as usize] &= k == middle;
            }
        }
    }
    allowed
}

/// Moves free ends along wide sides to where their line comes from, if that makes it straight.
fn straighten(cells: &mut Cells, centers: &mut [f64], spacing: &Spacing) {
    let n = cells.attaches.len();
    let mut far = vec![(0f64, 0u32); n];
    for s in &cells.segments {
        for (attach, cell, other) in
            [(s.upper_attach, s.lower, s.lower_attach), (s.lower_attach, s.upper, s.upper_attach)]
        {
            if attach != NONE {
                let f = &mut far[attach as usize];
                *f = (centers[cell as usize] + at(cells, other), f.1 + 1);
            }
        }
    }
    let mut groups: Vec<(u32, Side, u32)> = (cells.attaches.iter().enumerate())
        .filter(|(_, a)| a.fixed.is_none() && matches!(a.side, Side::Top | Side::Bottom))
        .map(|(i, a)| (a.cell, a.side, i as u32))
        .collect();
    groups.sort_unstable();
    for group in groups.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if group.len() == 1 {
            continue;
        }
        let offset = |i: u32| cells.attaches[i as usize].offset;
        group.sort_by(|a, b| offset(a.2).total_cmp(&offset(b.2)).then(a.2.cmp(&b.2)));
        let (cell, half) = (group[0].0 as usize, cells.left[group[0].0 as usize]);
        let margin = (spacing.lane / 2.0).min(half);
        for k in 0..group.len() {
            let i = group[k].2 as usize;
            if far[i].1 != 1 {
                continue;
            }
            let wish = far[i].0 - centers[cell];
            let low = if k == 0 {
                -half + margin
            } else {
                cells.attaches[group[k - 1].2 as usize].offset + spacing.lane
            };
            let high = match group.get(k + 1) {
                None => half - margin,
                Some(next) => cells.attaches[next.2 as usize].offset - spacing.lane,
            };
            if (low..=high).contains(&wish) {
                cells.attaches[i].offset = wish;
            }
        }
    }
}

//! Orders the cells of each row so that few lines cross: barycenter sweeps (Sugiyama 1981), best result kept, with
//! neighbours exchanged while that helps; crossings are counted with a Fenwick tree (Barth, Jünger, Mutzel 2002).

use crate::clean::NONE;
use crate::proper::Cells;
use crate::settle::settle;

/// Sweeps at the most.
const SWEEPS: usize = 12;
/// Sweeps without gain before the search ends.
const PATIENCE: usize = 3;
/// Cells with more neighbours than this are not exchanged one by one.
const EXCHANGE_DEGREE: usize = 24;

/// The cells of every row from left to right.
#[derive(Default, Clone)]
pub(crate) struct Order {
    /// Row `r` is `line[first[r]..first[r + 1]]`.
    pub first: Vec<u32>,
    pub line: Vec<u32>,
    /// Place of every cell within its row.
    pub place: Vec<u32>,
}

impl Order {
    pub fn row(&self, r: usize) -> std::ops::Range<usize> {
        self.first[r] as usize..self.first[r + 1] as usize
    }

    pub fn renumber(&mut self, r: usize) {
        for (k, i) in self.row(r).enumerate() {
            self.place[self.line[i] as usize] = k as u32;
        }
    }
}

/// Neighbours of every cell on one side, with where on them and on the cell itself the line attaches (-0.5 to 0.5).
struct Sides {
    first: Vec<u32>,
    far: Vec<u32>,
    far_at: Vec<f32>,
    own_at: Vec<f32>,
}

impl Sides {
    fn at(&self, cell: usize) -> std::ops::Range<usize> {
        self.first[cell] as usize..self.first[cell + 1] as usize
    }
}

/// Finds an order, then moves cells that must touch an item's side next to it and settles which side that is.
pub(crate) fn order(cells: &mut Cells) -> Order {
    let (up, down) = sides(cells);
    let mut order = initial(cells, &down);
    let mut partner = vec![NONE; cells.row.len()];
    for b in &cells.besides {
        partner[b.cell as usize] = cells.attaches[b.attach as usize].cell;
    }
    for &(item, cell) in &cells.turns {
        if partner[cell as usize] == NONE {
            partner[cell as usize] = item;
        }
    }
    let mut count = Counter::default();
    let total = |order: &Order, count: &mut Counter| -> usize {
        let mut sum: usize = (1..cells.rows).map(|r| count.channel(order, r, &up)).sum();
        for b in &cells.besides {
            let item = cells.attaches[b.attach as usize].cell as usize;
            sum += (order.place[item].abs_diff(order.place[b.cell as usize]) as usize).saturating_sub(1);
        }
        sum
    };
    let mut best = order.clone();
    let mut least = total(&order, &mut count);
    let mut idle = 0;
    for sweep in 0..SWEEPS {
        if least == 0 || idle == PATIENCE {
            break;
        }
        let downward = sweep % 2 == 0;
        for k in 0..cells.rows {
            let r = if downward { k } else { cells.rows - 1 - k };
            let near = if downward { &up } else { &down };
            sort_row(cells, &mut order, r, near, &partner, sweep % 4 >= 2);
        }
        exchange(cells, &mut order, &up, &down, &partner);
        let now = total(&order, &mut count);
        if now < least {
            least = now;
            best = order.clone();
            idle = 0;
        } else {
            idle += 1;
        }
    }
    settle(cells, &mut best);
    best
}

fn sides(cells: &Cells) -> (Sides, Sides) {
    let at = |cell: u32, attach: u32| -> f32 {
        if attach == NONE {
            return 0.0;
        }
        let a = &cells.attaches[attach as usize];
        let width = 2.0 * cells.left[cell as usize];
        match a.fixed {
            Some(offset) if width > 0.0 => (offset / width * 0.9).clamp(-0.45, 0.45) as f32,
            _ => 0.0,
        }
    };
    let build = |upward: bool| {
        let n = cells.row.len();
        let mut first = vec![0u32; n + 1];
        for s in &cells.segments {
            first[if upward { s.lower } else { s.upper } as usize + 1] += 1;
        }
        for i in 0..n {
            first[i + 1] += first[i];
        }
        let mut next = first.clone();
        let m = cells.segments.len();
        let (mut far, mut far_at, mut own_at) = (vec![0u32; m], vec![0f32; m], vec![0f32; m]);
        for s in &cells.segments {
            let (upper, lower) =
                ((s.upper, at(s.upper, s.upper_attach)), (s.lower, at(s.lower, s.lower_attach)));
            let (own, other) = if upward { (lower, upper) } else { (upper, lower) };
            let slot = &mut next[own.0 as usize];
            let i = *slot as usize;
            *slot += 1;
            (far[i], far_at[i], own_at[i]) = (other.0, other.1, own.1);
        }
        Sides { first, far, far_at, own_at }
    };
    (build(true), build(false))
}

/// Cells as a depth-first walk from the top meets them, items before passing nets, so that parts stand side by side
/// and by-passes start right of what they pass.
fn initial(cells: &Cells, down: &Sides) -> Order {
    let n = cells.row.len();
    let mut first = vec![0u32; cells.rows + 1];
    for &r in &cells.row {
        first[r as usize + 1] += 1;
    }
    for r in 0..cells.rows {
        first[r + 1] += first[r];
    }
    let mut by_row: Vec<u32> = vec![0; n];
    let mut next = first.clone();
    for c in 0..n {
        let slot = &mut next[cells.row[c] as usize];
        by_row[*slot as usize] = c as u32;
        *slot += 1;
    }
    let mut order = order_of(first, n);
    let mut next = order.first.clone();
    let mut seen = vec![false; n];
    let mut stack = Vec::new();
    let mut below: Vec<(bool, u32)> = Vec::new();
    for r in 0..cells.rows {
        // By-passes come in right of the trunk.
        by_row[order.row(r)].sort_by_key(|&c| (hint(cells, c), cells.skip_gate(c)));
    }
    for &start in &by_row {
        stack.push(start);
        while let Some(c) = stack.pop() {
            if std::mem::replace(&mut seen[c as usize], true) {
                continue;
            }
            let slot = &mut next[cells.row[c as usize] as usize];
            order.line[*slot as usize] = c;
            *slot += 1;
            below.clear();
            for i in down.at(c as usize) {
                let far = down.far[i];
                if !seen[far as usize] {
                    below.push((far as usize >= cells.items, far));
                }
            }
            below.sort_unstable();
            stack.extend(below.iter().rev().map(|b| b.1));
            // A line that turns back stands next to its item.
            let turns = &cells.turns[cells.turns.partition_point(|t| t.0 < c)..];
            stack.extend(turns.iter().take_while(|t| t.0 == c).map(|t| t.1));
        }
    }
    for r in 0..cells.rows {
        let range = order.row(r);
        order.line[range].sort_by_key(|&c| hint(cells, c));
        order.renumber(r);
    }
    order
}

/// The side of its row where a cell must stand.
fn hint(cells: &Cells, cell: u32) -> i8 {
    cells.hint.get(cell as usize).copied().unwrap_or(0)
}

fn sort_row(cells: &Cells, order: &mut Order, r: usize, near: &Sides, partner: &[u32], reverse_ties: bool) {
    let range = order.row(r);
    if range.len() < 2 {
        return;
    }
    let mut keyed: Vec<(f32, u32, u32)> = Vec::with_capacity(range.len());
    for (k, i) in range.clone().enumerate() {
        let cell = order.line[i] as usize;
        keyed.push((center(order, near, cell).unwrap_or(f32::NAN), k as u32, cell as u32));
    }
    for k in 0..keyed.len() {
        if !keyed[k].0.is_nan() {
            continue;
        }
        // Without neighbours on this side a cell follows the item it must touch, or stays where it is.
        let cell = keyed[k].2 as usize;
        let beside = (partner[cell] != NONE).then(|| order.place[partner[cell] as usize] as usize);
        keyed[k].0 = match beside.map(|p| (p, keyed[p].0)) {
            Some((p, b)) if !b.is_nan() => b + if p < k { 0.01 } else { -0.01 },
            _ if k > 0 => keyed[k - 1].0,
            _ => -1.0,
        };
    }
    let tie = |k: u32| if reverse_ties { u32::MAX - k } else { k };
    keyed.sort_by(|a, b| {
        let sides = hint(cells, a.2).cmp(&hint(cells, b.2));
        sides.then(a.0.total_cmp(&b.0)).then(tie(a.1).cmp(&tie(b.1)))
    });
    for (i, key) in range.zip(keyed) {
        order.line[i] = key.2;
    }
    order.renumber(r);
}

fn center(order: &Order, near: &Sides, cell: usize) -> Option<f32> {
    let range = near.at(cell);
    let count = range.len() as f32;
    let sum: f32 = range.map(|i| order.place[near.far[i] as usize] as f32 + near.far_at[i]).sum();
    (count > 0.0).then(|| sum / count)
}

/// Exchanges neighbours in all rows while that removes crossings.
fn exchange(cells: &Cells, order: &mut Order, up: &Sides, down: &Sides, partner: &[u32]) {
    let mut scratch = (Vec::new(), Vec::new());
    for r in 0..cells.rows {
        let range = order.row(r);
        for _ in 0..3 {
            let mut changed = false;
            for i in range.start..range.end.saturating_sub(1) {
                let (a, b) = (order.line[i] as usize, order.line[i + 1] as usize);
                let degree = up.at(a).len().max(up.at(b).len()).max(down.at(a).len()).max(down.at(b).len());
                if degree > EXCHANGE_DEGREE || hint(cells, a as u32) != hint(cells, b as u32) {
                    continue;
                }
                let (mut now, mut then) = (0, 0);
                for near in [up, down] {
                    let (x, y) = inversions(order, near, a, b, &mut scratch);
                    now += x;
                    then += y;
                }
                // A cell that must touch an item farther off counts one for every cell in between.
                for (cell, toward) in [(a, false), (b, true)] {
                    if partner[cell] != NONE && ![a, b].contains(&(partner[cell] as usize)) {
                        let left = order.place[partner[cell] as usize] < order.place[cell];
                        if left == toward { now += 1 } else { then += 1 }
                    }
                }
                if then < now {
                    order.line.swap(i, i + 1);
                    order.place.swap(a, b);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }
}

/// Crossings between the lines of two neighbours as they stand and exchanged.
fn inversions(
    order: &Order,
    near: &Sides,
    a: usize,
    b: usize,
    scratch: &mut (Vec<f32>, Vec<f32>),
) -> (usize, usize) {
    scratch.0.clear();
    scratch.1.clear();
    scratch.0.extend(near.at(a).map(|i| order.place[near.far[i] as usize] as f32 + near.far_at[i]));
    scratch.1.extend(near.at(b).map(|i| order.place[near.far[i] as usize] as f32 + near.far_at[i]));
    let (mut now, mut then) = (0, 0);
    for &x in &scratch.0 {
        for &y in &scratch.1 {
            now += usize::from(x > y);
            then += usize::from(x < y);
        }
    }
    (now, then)
}

#[derive(Default)]
struct Counter {
    ends: Vec<(f32, f32)>,
    sorted: Vec<f32>,
    tree: Vec<u32>,
}

impl Counter {
    /// Crossings in the channel above row `r`.
    fn channel(&mut self, order: &Order, r: usize, up: &Sides) -> usize {
        self.ends.clear();
        for i in order.row(r) {
            let cell = order.line[i] as usize;
            for k in up.at(cell) {
                let upper = order.place[up.far[k] as usize] as f32 + up.far_at[k];
                self.ends.push((upper, order.place[cell] as f32 + up.own_at[k]));
            }
        }
        if self.ends.len() < 2 {
            return 0;
        }
        self.ends.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        if self.ends.len() <= 24 {
            let mut sum = 0;
            for (i, a) in self.ends.iter().enumerate() {
                sum += self.ends[i + 1..].iter().filter(|b| b.0 > a.0 && b.1 < a.1).count();
            }
            return sum;
        }
        self.sorted.clear();
        self.sorted.extend(self.ends.iter().map(|e| e.1));
        self.sorted.sort_unstable_by(f32::total_cmp);
        self.sorted.dedup();
        self.tree.clear();
        self.tree.resize(self.sorted.len() + 1, 0);
        let mut sum = 0usize;
        for (seen, &(_, lower)) in self.ends.iter().enumerate() {
            let rank = self.sorted.partition_point(|&s| s < lower) + 1;
            let mut not_right = 0usize;
            let mut i = rank;
            while i > 0 {
                not_right += self.tree[i] as usize;
                i &= i - 1;
            }
            sum += seen - not_right;
            let mut i = rank;
            while i < self.tree.len() {
                self.tree[i] += 1;
                i += i & i.wrapping_neg();
            }
        }
        sum
    }
}

fn order_of(first: Vec<u32>, n: usize) -> Order {
    Order { first, line: vec![0; n], place: vec![0; n] }
}

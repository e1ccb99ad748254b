//! Columns: where the parts of a series-parallel level stand about its axis, from the inside out.

use crate::outline::{Outline, Reach};
use crate::place::HEAVY;
use crate::problem::{Problem, Role};
use crate::proper::{Cells, Course};
use crate::series::{Kind, Tree};
use crate::{EdgeKind, Side};
use std::collections::VecDeque;

/// Rows looked at per cell before a level is left to the general engine.
const WORK_PER_CELL: usize = 64;
/// Rows that are always granted.
const WORK_AT_LEAST: usize = 100_000;
/// The first number of links in reading order; those of items are lower.
const LINKS: u32 = 1 << 31;
/// Widths closer than this are the same, px.
const CLOSE: f64 = 1e-6;

/// A series-parallel level whose cells are to stand in columns.
pub(crate) struct Columns<'a> {
    pub problem: &'a Problem,
    pub cells: &'a Cells,
    pub rows: &'a [u32],
    pub reversed: &'a [bool],
    pub beside: &'a [bool],
    pub tree: &'a Tree,
    pub owned: &'a (Vec<u32>, Vec<u32>),
    /// The rows where lines come in at the left and at the right of items, sorted.
    pub arrivals: &'a [Vec<u32>; 2],
}

impl Columns<'_> {
    /// The middle of every cell from the axis of the whole, unless the outlines are too much work.
    pub fn solve(&self) -> Option<Vec<f64>> {
        let parts = &self.tree.parts;
        let alive = self.alive();
        let mut outlines: Vec<Outline> = Vec::new();
        outlines.resize_with(parts.len(), Outline::default);
        // From the axis of the parent, or of the middle for an item.
        let mut at = vec![0f64; parts.len()];
        let mut work = WORK_AT_LEAST + WORK_PER_CELL * self.cells.row.len();
        for (i, part) in parts.iter().enumerate().filter(|(i, _)| alive[*i]) {
            let outline = match &part.kind {
                Kind::Item(v) => self.item(*v),
                Kind::Link(link) => self.link(*link),
                Kind::Nothing => Outline { index: u32::MAX, ..Outline::default() },
                Kind::Series(list) => self.series(list, &mut outlines, &mut at),
                Kind::Parallel(list) => self.parallel(list, part.above, part.below, &mut outlines, &mut at),
            };
            work = work.checked_sub(outline.reach.len())?;
            outlines[i] = outline;
        }
        let mut centers = vec![0f64; self.cells.row.len()];
        for (i, part) in parts.iter().enumerate().rev().filter(|(i, _)| alive[*i]) {
            match &part.kind {
                Kind::Item(v) => centers[*v as usize] = at[i],
                Kind::Link(link) => {
                    for &c in self.cells_of(*link) {
                        centers[c as usize] = at[i];
                    }
                }
                Kind::Nothing => {}
                Kind::Series(list) | Kind::Parallel(list) => {
                    list.iter().for_each(|&child| at[child as usize] += at[i]);
                }
            }
        }
        Some(centers)
    }

    fn alive(&self) -> Vec<bool> {
        let parts = &self.tree.parts;
        let mut alive = vec![false; parts.len()];
        alive[self.tree.root as usize] = true;
        for (i, part) in parts.iter().enumerate().rev() {
            if let (true, Kind::Series(list) | Kind::Parallel(list)) = (alive[i], &part.kind) {
                list.iter().for_each(|&child| alive[child as usize] = true);
            }
        }
        alive
    }

    fn cells_of(&self, link: u32) -> &[u32] {
        let (first, cells) = self.owned;
        &cells[first[link as usize] as usize..first[link as usize + 1] as usize]
    }

    fn reach(&self, item: u32, by: f64) -> Reach {
        let c = item as usize;
        Reach::at(by, self.cells.room[c], self.cells.right[c], self.cells.left[c] > 0.0)
    }

    fn item(&self, v: u32) -> Outline {
        // Gates are no columns.
        let items = u32::from(self.problem.items[v as usize].role == Role::Box);
        let size = self.problem.items[v as usize].size;
        let area = size.width * size.height;
        let mut outline = Outline { items, area, index: v, ..Outline::default() };
        outline.add(self.rows[v as usize] as usize, self.reach(v, 0.0));
        outline
    }

    fn link(&self, i: u32) -> Outline {
        let link = &self.problem.links[i as usize];
        let mut outline = Outline {
            first: Some(i),
            last: Some(i),
            weight: link.weight,
            // Boxes come in reading order, before what has none.
            index: LINKS + i.min(LINKS - 1),
            ..Outline::default()
        };
        for &c in self.cells_of(i) {
            let c = c as usize;
            outline.add(
                self.cells.row[c] as usize,
                Reach::at(0.0, self.cells.room[c], self.cells.right[c], false),
            );
        }
        outline
    }

    /// Where a line leaves the item above from its middle, if it leaves downward.
    fn leaves(&self, link: Option<u32>) -> f64 {
        self.end(link, Side::Bottom, |c| c.source)
    }

    /// Where a line enters the item below from its middle, if from above.
    fn enters(&self, link: Option<u32>) -> f64 {
        self.end(link, Side::Top, |c| c.target)
    }

    fn end(&self, link: Option<u32>, side: Side, attach: impl Fn(&Course) -> u32) -> f64 {
        let Some(link) = link.filter(|&l| !self.reversed[l as usize]) else { return 0.0 };
        let attach = &self.cells.attaches[attach(&self.cells.courses[link as usize]) as usize];
        if attach.side == side { attach.offset } else { 0.0 }
    }

    /// One below the other on one axis.
    fn series(&self, list: &VecDeque<u32>, outlines: &mut [Outline], at: &mut [f64]) -> Outline {
        let mut whole = Outline::default();
        let mut axis = 0.0;
        for (k, &child) in list.iter().enumerate() {
            let own = std::mem::take(&mut outlines[child as usize]);
            let mut by = axis;
            if let Kind::Item(_) = self.tree.parts[child as usize].kind {
                let before = k.checked_sub(1).and_then(|k| list.get(k));
                let top = self.enters(before.and_then(|&b| outlines[b as usize].last));
                let bottom = self.leaves(list.get(k + 1).and_then(|&a| outlines[a as usize].first));
                by -= top;
                axis = by + bottom;
            } else {
                axis += own.drift;
            }
            at[child as usize] = by;
            if k == 0 {
                whole.first = own.first;
            }
            whole.last = own.last;
            whole.index = if k == 0 { own.index } else { whole.index.min(own.index) };
            if own.weight > 0 && (k == 0 || k + 1 == list.len()) {
                whole.weight = if whole.weight == 0 { own.weight } else { whole.weight.min(own.weight) };
            }
            whole.items += own.items;
            whole.area += own.area;
            if whole.reach.is_empty() && by == 0.0 {
                whole.row = own.row;
                whole.reach = own.reach;
            } else {
                whole.merge(&own, by);
            }
            outlines[child as usize] = Outline { first: own.first, last: own.last, ..Outline::default() };
        }
        whole.drift = axis;
        whole
    }

    /// Side by side.
    fn parallel(
        &self,
        list: &VecDeque<u32>,
        above: Option<u32>,
        below: Option<u32>,
        outlines: &mut [Outline],
        at: &mut [f64],
    ) -> Outline {
        let mut parts: Vec<(u32, Outline)> =
            list.iter().map(|&child| (child, std::mem::take(&mut outlines[child as usize]))).collect();
        // In the order of given ends, then in reading order.
        let key = |o: &Outline| {
            let (below, above) = self.given(o);
            below.or(above).unwrap_or(0.0)
        };
        parts.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)).then(a.1.index.cmp(&b.1.index)));
        let main = self.main(&parts, above, below).map(|m| parts.remove(m));
        let mut whole = Outline { index: u32::MAX, ..Outline::default() };
        for (_, part) in parts.iter().chain(&main) {
            whole.items += part.items;
            whole.area += part.area;
            whole.weight = whole.weight.max(part.weight);
            whole.index = whole.index.min(part.index);
        }
        let (mut first, mut last, mut drift, mut middle) = (None, None, 0.0, (None, None));
        if let Some((child, part)) = main {
            (first, last, drift) = (part.first, part.last, part.drift);
            middle = self.given(&part);
            at[child as usize] = 0.0;
            (whole.row, whole.reach) = (part.row, part.reach);
            whole.weight = part.weight;
            (whole.first, whole.last, whole.drift) = (first, last, drift);
        }
        // Without one on the axis, what all start or end at is on it.
        if first.is_none() && last.is_none() {
            let attach = |link: Option<u32>, end: fn(&Course) -> u32| {
                link.map(|l| end(&self.cells.courses[l as usize]))
            };
            let one = |end: fn(&Course) -> u32, link: fn(&Outline) -> Option<u32>| {
                let any = link(&parts.first()?.1);
                let common = |p: &(u32, Outline)| attach(link(&p.1), end) == attach(any, end);
                any.filter(|_| parts.iter().all(common))
            };
            (whole.first, whole.last) = (one(|c| c.source, |o| o.first), one(|c| c.target, |o| o.last));
        }
        // The items at both ends keep lines off that pass them.
        if let Some(u) = above {
            whole.add(self.rows[u as usize] as usize, self.reach(u, -self.leaves(whole.first)));
        }
        if let Some(v) = below {
            whole.add(self.rows[v as usize] as usize, self.reach(v, drift - self.enters(whole.last)));
        }
        let spacing = &self.problem.spacing;
        let (lanes, columns): (Vec<_>, Vec<_>) = parts.into_iter().partition(|p| p.1.items == 0);
        // Columns left and right of the axis, the nearest first.
        let (mut left, mut right) = (Vec::new(), Vec::new());
        // How far right of the axis a column would run straight, or on which side it has to end.
        let lean = |part: &Outline| -> Option<f64> {
            let (below, above) = self.given(part);
            let from = |own: Option<f64>, main: Option<f64>| own.zip(main).map(|(own, main)| own - main);
            let to = part.last.map(|l| self.problem.links[l as usize].target.side);
            let aside = [(Side::Left, -1.0), (Side::Right, 1.0)].into_iter().find(|s| Some(s.0) == to);
            let straight = from(below, middle.0).or(from(above, middle.1).filter(|d| *d != 0.0));
            straight.or(aside.map(|s| s.1)).filter(|_| first.is_some() || last.is_some())
        };
        let free = columns.len() - columns.iter().filter(|c| lean(&c.1).is_some()).count();
        let half = if last.is_some() || first.is_some() { free / 2 } else { columns.len() / 2 };
        let mut middle_column = None;
        let mut seen = 0;
        let straight = first.is_some() || last.is_some();
        let odd = columns.len() % 2 == 1;
        for (k, column) in columns.into_iter().enumerate() {
            let given = lean(&column.1);
            if !straight && odd && k == half {
                middle_column = Some(column);
            } else if given.map_or(seen < half, |g| g < 0.0) {
                left.push(column);
            } else {
                right.push(column);
            }
            seen += usize::from(given.is_none());
        }
        left.reverse();
        let even = !straight;
        if let Some((child, part)) = middle_column {
            at[child as usize] = -part.drift / 2.0;
            whole.merge(&part, -part.drift / 2.0);
        }
        let mut places: Vec<f64> = Vec::new();
        let mut mirror = whole.mirrored();
        if even && !odd {
            // Two innermost columns about the axis.
            if let (Some(l), Some(r)) = (left.first(), right.first()) {
                let apart = l.1.clear(&r.1, spacing).max(spacing.lane);
                let own = whole.clear(&r.1, spacing).max(mirror.clear(&l.1.mirrored(), spacing));
                places.push((apart / 2.0).max(own));
            }
        }
        let wish = |column: &(u32, Outline), side: f64| lean(&column.1).map_or(0.0, |by| by * side);
        let pairs = left.len().max(right.len());
        for k in 0..pairs {
            let (l, r) = (left.get(k), right.get(k));
            let need = |whole: &Outline, mirror: &Outline| {
                let right = r.map_or(0.0, |r| whole.clear(&r.1, spacing).max(wish(r, 1.0)));
                let left = l.map_or(0.0, |l| mirror.clear(&l.1.mirrored(), spacing).max(wish(l, -1.0)));
                (left.max(spacing.lane), right.max(spacing.lane))
            };
            let (mut to_left, mut to_right) = need(&whole, &mirror);
            if let Some(&place) = places.get(k) {
                (to_left, to_right) = (to_left.max(place), to_right.max(place));
            }
            // Branches that mirror each other keep the same distance.
            if l.is_some() && r.is_some() {
                let both = to_left.max(to_right);
                (to_left, to_right) = (both, both);
            }
            if places.len() <= k {
                places.push(to_left.max(to_right));
            }
            if let Some((child, part)) = l {
                at[*child as usize] = -to_left;
                whole.merge(part, -to_left);
                mirror.merge(&part.mirrored(), to_left);
            }
            if let Some((child, part)) = r {
                at[*child as usize] = to_right;
                whole.merge(part, to_right);
                mirror.merge(&part.mirrored(), -to_right);
            }
        }
        for (child, part) in &lanes {
            // The side where it has to end, or the right; as far out as makes it straight.
            // Where something arrives at the right, a free one runs at the left.
            let aside = if self.arrives(part, true) && !self.arrives(part, false) { -CLOSE } else { 0.0 };
            let by = lean(part).unwrap_or(aside);
            let place = if by < 0.0 {
                -mirror.clear(&part.mirrored(), spacing).max(-by)
            } else {
                whole.clear(part, spacing).max(by)
            };
            at[*child as usize] = place;
            whole.merge(part, place);
            mirror.merge(&part.mirrored(), -place);
        }
        whole
    }

    /// Whether a line comes in at the side of an item in one of the rows of a part.
    fn arrives(&self, part: &Outline, right: bool) -> bool {
        let rows = &self.arrivals[usize::from(right)];
        let from = rows.partition_point(|&r| (r as usize) < part.row);
        rows.get(from).is_some_and(|&r| (r as usize) < part.row + part.reach.len())
    }

    /// The places of a part's given ends, at the top of the item below and the bottom of the one above.
    fn given(&self, part: &Outline) -> (Option<f64>, Option<f64>) {
        let link = |l: Option<u32>| l.map(|l| &self.problem.links[l as usize]);
        let below = link(part.last).filter(|l| l.target.side == Side::Top).and_then(|l| l.target.at);
        let above = link(part.first).filter(|l| l.source.side == Side::Bottom).and_then(|l| l.source.at);
        (below, above)
    }

    /// The part that keeps to the axis, if any.
    fn main(&self, parts: &[(u32, Outline)], above: Option<u32>, below: Option<u32>) -> Option<usize> {
        let all = || parts.iter().map(|p| &p.1).enumerate();
        let merge = below.is_some_and(|v| self.problem.items[v as usize].merge);
        // What ends at a side cannot keep to the axis.
        let link = |l: u32| &self.problem.links[l as usize];
        let enters = |l: u32| link(l).target.side == Side::Top && !self.beside[l as usize];
        let upright = |o: &Outline| {
            o.last.is_none_or(enters) && o.first.is_none_or(|l| link(l).source.side == Side::Bottom)
        };
        let all = || all().filter(|(_, o)| upright(o));
        let asides = parts.len() - all().count();
        if asides > 0 && parts.len() - asides < 2 {
            return all().next().map(|p| p.0);
        }
        let columns = all().filter(|(_, o)| o.items > 0).count();
        let most = all().map(|(_, o)| o.weight).max().unwrap_or(0);
        let heaviest = only(all().filter(|(_, o)| o.weight == most).map(|p| p.0));
        if let (Some(heaviest), true) = (heaviest, most >= HEAVY) {
            // Columns of an even number stand symmetrical though one is heavier, two only if they are equal.
            let size = parts[heaviest].1.items;
            let mut wide = all().filter(|(_, o)| o.items > 0).map(|(_, o)| o.width());
            let first = wide.next().unwrap_or(0.0);
            let twins = above.is_some() || wide.all(|w| (w - first).abs() < CLOSE);
            let crowd = above.is_some() && columns > 2;
            let equal = crowd || twins && all().filter(|(_, o)| o.items > 0).all(|(_, o)| o.items == size);
            let free = all().all(|(_, o)| self.given(o).0.is_none());
            let balanced = size > 0 && columns >= 2 && columns % 2 == 0 && equal && free && !merge;
            return (!balanced).then_some(heaviest);
        }
        match columns {
            0 => {
                let flow = |l: u32| self.problem.links[l as usize].kind == EdgeKind::Flow;
                let plain = |o: &Outline| o.reach.is_empty() && o.first.is_some_and(flow);
                let near: Vec<usize> = all().filter(|(_, o)| plain(o)).map(|p| p.0).collect();
                match near.len() % 2 {
                    1 => near.get(near.len() / 2).copied(),
                    _ => heaviest.filter(|_| near.is_empty()),
                }
            }
            1 => all().find(|(_, o)| o.items > 0).map(|p| p.0),
            // What comes from nowhere stands beside what is larger.
            _ if above.is_none() => {
                let area = all().map(|(_, o)| o.area).fold(0.0, f64::max);
                heaviest.or_else(|| only(all().filter(|(_, o)| o.area == area).map(|p| p.0)))
            }
            _ => None,
        }
    }
}

/// The only one of some, if there is one only.
fn only(mut found: impl Iterator<Item = usize>) -> Option<usize> {
    found.next().filter(|_| found.next().is_none())
}

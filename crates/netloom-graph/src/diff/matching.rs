//! Which operator of one model stands for which of the other.
//!
//! Modules are matched from the outside in: the things that a module holds are aligned with those that its counterpart
//! holds, equal ones first, then those that have most in common. Where trees differ, modules that found no counterpart
//! are opened and what they hold is aligned. What is then left over is matched along the wires.

use std::collections::BTreeMap;

use super::align::align;
use super::compare;
use super::side::{Op, Side, Unit};
use crate::Category;

/// The most cells of all tables together.
const MAX_CELLS: usize = 1 << 25;

/// The most cells of the table that aligns all operators, modules aside, to see whether that finds more.
const MAX_FLAT_CELLS: usize = 1 << 22;

/// What structure gains; equal names gain 1, so that they decide between equals only.
const STRUCTURE: u64 = 1 << 16;

/// What operators gain: for the same kind, or the same role; for equal settings, sizes and both with equal wiring.
const GAINS: [u64; 5] = [16, 6, 4, 6, 6];

/// Pairs of places of operators.
pub(super) fn pairs(a: &Side<'_>, b: &Side<'_>) -> Vec<(usize, usize)> {
    let mut nested = Matching::new(a, b);
    nested.nested();
    nested.along_wires();
    let nested = nested.places();
    // Trees of modules may be cut so differently that they hide more than they tell.
    let cost = |places: &[(usize, usize)]| {
        let changed = compare::pairs(a, b, places).iter().filter(|p| !p.changes.is_empty()).count();
        a.ops.len() + b.ops.len() - 2 * places.len() + changed
    };
    let most = cost(&nested);
    if most > 0 && a.ops.len().saturating_mul(b.ops.len()) <= MAX_FLAT_CELLS {
        let mut flat = Matching::new(a, b);
        flat.flat();
        flat.along_wires();
        let flat = flat.places();
        if cost(&flat) * 2 <= most {
            return flat;
        }
    }
    nested
}

struct Matching<'a> {
    a: &'a Side<'a>,
    b: &'a Side<'a>,
    to_b: Vec<Option<usize>>,
    to_a: Vec<Option<usize>>,
    cells: usize,
    /// Gains of modules without names, by their fingerprints.
    known: BTreeMap<(u64, u64, u64, u64), u64>,
}

impl<'a> Matching<'a> {
    fn new(a: &'a Side<'a>, b: &'a Side<'a>) -> Self {
        Self {
            a,
            b,
            to_b: vec![None; a.ops.len()],
            to_a: vec![None; b.ops.len()],
            cells: MAX_CELLS,
            known: BTreeMap::new(),
        }
    }

    fn pair(&mut self, x: usize, y: usize) {
        if self.to_b[x].is_none() && self.to_a[y].is_none() {
            self.to_b[x] = Some(y);
            self.to_a[y] = Some(x);
        }
    }

    fn places(&self) -> Vec<(usize, usize)> {
        self.to_b.iter().enumerate().filter_map(|(x, y)| Some((x, (*y)?))).collect()
    }

    fn flat(&mut self) {
        let units = |n: usize| (0..n).map(Unit::Op).collect::<Vec<_>>();
        let (left, right) = (units(self.a.ops.len()), units(self.b.ops.len()));
        for (i, j) in self.align(&left, &right) {
            self.pair(i, j);
        }
    }

    fn nested(&mut self) {
        let root = |side: &Side<'_>| side.parts.first().map(|p| p.units.clone()).unwrap_or_default();
        let mut work = vec![(root(self.a), root(self.b))];
        while let Some((left, right)) = work.pop() {
            let left: Vec<Unit> = left.into_iter().map(|u| self.a.unwrapped(u)).collect();
            let right: Vec<Unit> = right.into_iter().map(|u| self.b.unwrapped(u)).collect();
            let mut found = self.align(&left, &right);
            for &(i, j) in &found {
                match (left[i], right[j]) {
                    (Unit::Op(x), Unit::Op(y)) => self.pair(x, y),
                    (Unit::Part(x), Unit::Part(y)) => {
                        work.push((self.a.parts[x].units.clone(), self.b.parts[y].units.clone()));
                    }
                    _ => {}
                }
            }
            // Between pairs, what both sides have left is opened one level and aligned again.
            found.push((left.len(), right.len()));
            let (mut i0, mut j0) = (0, 0);
            for (i, j) in found {
                let (x, y) = (open(self.a, &left[i0..i]), open(self.b, &right[j0..j]));
                if let (Some((x, opened_x)), Some((y, opened_y))) = (x, y)
                    && (opened_x || opened_y)
                {
                    work.push((x, y));
                }
                (i0, j0) = (i + 1, j + 1);
            }
        }
    }

    fn align(&mut self, left: &[Unit], right: &[Unit]) -> Vec<(usize, usize)> {
        let (a, b) = (self.a, self.b);
        let mut cells = self.cells;
        let exact = |side: &Side<'_>, unit: Unit| match unit {
            Unit::Op(at) => (0, side.ops[at].exact),
            Unit::Part(at) => (side.parts[at].ops.len(), side.parts[at].exact),
        };
        // One index for both sequences: what stands left is below the bar.
        let bar = left.len();
        let all: Vec<Unit> = left.iter().chain(right).copied().collect();
        let of = |at: usize| if at < bar { exact(a, all[at]) } else { exact(b, all[at]) };
        let (left, right): (Vec<usize>, Vec<usize>) = ((0..bar).collect(), (bar..all.len()).collect());
        let pairs =
            align(&left, &right, &mut cells, &|x, y| of(x) == of(y), &mut |x, y| match (all[x], all[y]) {
                (Unit::Op(x), Unit::Op(y)) => ops(&a.ops[x], &b.ops[y]),
                (Unit::Part(x), Unit::Part(y)) => self.parts(x, y),
                _ => 0,
            });
        self.cells = cells;
        pairs
    }

    /// How well one module stands for the other.
    fn parts(&mut self, x: usize, y: usize) -> u64 {
        let (p, q) = (&self.a.parts[x], &self.b.parts[y]);
        let key = (p.shape, p.exact, q.shape, q.exact);
        let structure = *self.known.entry(key).or_insert_with(|| {
            let common = common(&p.bag, &q.bag);
            let (least, most) = (p.ops.len().min(q.ops.len()), p.ops.len().max(q.ops.len()));
            if common * 2 < least as u64 {
                return 0;
            }
            let [kind, ..] = GAINS;
            let equal = if p.exact == q.exact {
                GAINS[2..].iter().sum::<u64>() * most as u64
            } else if p.shape == q.shape {
                GAINS[2] * most as u64
            } else {
                0
            };
            // Equal modules gain what their operators gain; a class in common is worth a little.
            (common * kind + equal) * STRUCTURE
        });
        if structure == 0 {
            return 0;
        }
        let same_class = p.class != 0 && p.class == q.class;
        structure + u64::from(same_class) * 2 + u64::from(p.name == q.name)
    }

    /// Pairs of what is left over whose neighbours are pairs.
    fn along_wires(&mut self) {
        let (readers_a, readers_b) = (readers(self.a), readers(self.b));
        let mut work: Vec<(usize, usize)> =
            self.to_b.iter().enumerate().filter_map(|(x, y)| Some((x, (*y)?))).collect();
        work.reverse();
        while let Some((x, y)) = work.pop() {
            let mut found = Vec::new();
            for (m, n) in self.a.ops[x].makers.iter().zip(&self.b.ops[y].makers) {
                if let (Some(m), Some(n)) = (*m, *n) {
                    found.push((m, n));
                }
            }
            // Readers are told apart by kind; one of a kind on both sides is certain.
            let free = |list: &[usize], to: &[Option<usize>]| -> Vec<usize> {
                list.iter().copied().filter(|r| to[*r].is_none()).collect()
            };
            let (left, right) = (free(&readers_a[x], &self.to_b), free(&readers_b[y], &self.to_a));
            if left.len() * right.len() <= 64 {
                for &r in &left {
                    let like = |s: &&usize| self.b.ops[**s].kind == self.a.ops[r].kind;
                    if let Some(s) = right.iter().find(like) {
                        found.push((r, *s));
                    }
                }
            }
            for (r, s) in found {
                let is_free = self.to_b[r].is_none() && self.to_a[s].is_none();
                if is_free && self.a.ops[r].kind == self.b.ops[s].kind {
                    self.pair(r, s);
                    work.push((r, s));
                }
            }
        }
    }
}

fn readers(side: &Side<'_>) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); side.ops.len()];
    for (at, op) in side.ops.iter().enumerate() {
        for maker in op.makers.iter().flatten() {
            readers[*maker].push(at);
        }
    }
    readers
}

/// Units with modules opened one level, and whether there were any; `None` where there is nothing.
fn open(side: &Side<'_>, units: &[Unit]) -> Option<(Vec<Unit>, bool)> {
    if units.is_empty() {
        return None;
    }
    let mut opened = false;
    let mut found = Vec::new();
    for unit in units {
        match *unit {
            Unit::Part(part) => {
                opened = true;
                found.extend(&side.parts[part].units);
            }
            Unit::Op(_) => found.push(*unit),
        }
    }
    Some((found, opened))
}

fn common(a: &[(u64, u32)], b: &[(u64, u32)]) -> u64 {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += u64::from(a[i].1.min(b[j].1));
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    common
}

/// How well one operator stands for the other; 0 where it does not.
fn ops(x: &Op, y: &Op) -> u64 {
    let [same_kind, same_role, settings, sizes, exact] = GAINS;
    let base = match () {
        () if x.kind_print == y.kind_print => same_kind,
        () if x.category.is_some_and(plays_a_role) && x.category == y.category => same_role,
        () => return 0,
    };
    let structure = base
        + u64::from(x.settings_print == y.settings_print) * settings
        + u64::from(x.sizes_print == y.sizes_print) * sizes
        + u64::from(x.exact == y.exact) * exact;
    structure * STRUCTURE + u64::from(x.name == y.name)
}

/// Whether one operator of a category may stand where another stands.
fn plays_a_role(category: Category) -> bool {
    matches!(
        category,
        Category::Conv
            | Category::Linear
            | Category::Norm
            | Category::Activation
            | Category::Pool
            | Category::Attention
            | Category::Recurrent
            | Category::Upsample
    )
}

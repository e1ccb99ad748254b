//! Where a row may end: places that one tensor alone crosses.

use super::{Kind, Plan};
use crate::view::View;

/// Of more starts than this, only the first are looked at.
const MOST_STARTS: usize = 64;

/// Pieces in reading order, cut into the shortest parts that may be rows of their own.
pub(super) struct Parts {
    /// Each part's pieces, in order.
    pub(super) parts: Vec<Vec<usize>>,
    /// The piece whose tensor goes from a part to the rest, if any; one per part.
    pub(super) leaves: Vec<Option<usize>>,
}

impl Plan {
    /// Cuts the plan wherever one tensor alone crosses and no frame is cut in two.
    pub(super) fn parts(&self, view: &View) -> Parts {
        let order = self.reading_order(view);
        let n = order.len();
        let mut at = vec![0; n];
        for (i, piece) in order.iter().enumerate() {
            at[*piece] = i;
        }
        // How many tensors cross each place between two pieces, and how many things that may not be cut.
        let (mut crossing, mut barred) = (vec![0i64; n + 1], vec![0i64; n + 1]);
        let mut last: Vec<usize> = (0..n).map(|p| at[p]).collect();
        for link in &self.links {
            let (from, to) = (at[link.source], at[link.target]);
            if from < to && !view.edges[link.edge].back {
                last[link.source] = last[link.source].max(to);
            } else {
                barred[from.min(to) + 1] += 1;
                barred[from.max(to) + 1] -= 1;
            }
        }
        for (piece, last) in last.iter().enumerate() {
            crossing[at[piece] + 1] += 1;
            crossing[*last + 1] -= 1;
        }
        for frame in 0..self.frames.len() {
            let inside = (0..n).filter(|p| self.is_in(*p, frame)).map(|p| at[p]);
            let (first, end) = inside.fold((n, 0), |(a, b), p| (a.min(p), b.max(p)));
            if first < end {
                barred[first + 1] += 1;
                barred[end + 1] -= 1;
            }
        }
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); n];
        for link in self.links.iter().filter(|l| !view.edges[l.edge].back) {
            before[link.target].push(link.source);
        }
        // A branch with a start of its own stands beside as much of what it joins as it is long.
        let mut starts: Vec<usize> = (0..n).filter(|i| *i > 0 && before[order[*i]].is_empty()).collect();
        starts.truncate(MOST_STARTS);
        for start in starts {
            let joins = |j: &usize| before[order[*j]].iter().any(|p| at[*p] < start);
            let end = (start + 1..n).find(joins).unwrap_or(n - 1);
            barred[start.saturating_sub(end - start) + 1] += 1;
            barred[end + 1] -= 1;
        }
        let mut parts = Parts { parts: Vec::new(), leaves: Vec::new() };
        let (mut tensors, mut bars) = (0, 0);
        let mut part = Vec::new();
        for i in 0..n {
            part.push(order[i]);
            tensors += crossing[i + 1];
            bars += barred[i + 1];
            let next = order.get(i + 1).copied();
            let is_sign = next.is_some_and(|p| self.pieces[p].kind == Kind::Merge);
            let may = i + 1 == n || tensors <= 1 && bars == 0 && !is_sign;
            let leaves = (0..=i).rev().map(|j| order[j]).find(|p| may && last[*p] > i);
            // What goes on is read at once, or a branch of its own would stand between.
            let reads = next.is_none_or(|p| leaves.is_none_or(|l| before[p].contains(&l)));
            if may && reads {
                parts.parts.push(std::mem::take(&mut part));
                parts.leaves.push(leaves.filter(|_| i + 1 < n));
            }
        }
        parts
    }

    /// Whether a piece stands somewhere inside a frame.
    pub(super) fn is_in(&self, piece: usize, frame: usize) -> bool {
        let mut at = self.pieces[piece].frame;
        for _ in 0..=self.frames.len() {
            match at {
                Some(f) if f == frame => return true,
                Some(f) => at = self.frames[f].1,
                None => return false,
            }
        }
        false
    }

    /// Every piece behind those it reads, what is read late as late as can be, results right behind what they are.
    fn reading_order(&self, view: &View) -> Vec<usize> {
        let n = self.pieces.len();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); n];
        let mut leaving = vec![0usize; n];
        for link in self.links.iter().filter(|l| !view.edges[l.edge].back) {
            before[link.target].push(link.source);
            leaving[link.source] += 1;
        }
        // The last box of the model's main path first, then what else leads nowhere, then what a cycle hides.
        let mut ends: Vec<usize> = (0..n).filter(|p| leaving[*p] == 0).collect();
        let trunk_end = view.trunk.last().copied();
        ends.sort_by_key(|p| Some(self.pieces[*p].node) != trunk_end);
        let mut seen = vec![false; n];
        let mut order = Vec::with_capacity(n);
        let mut tails: Vec<Vec<usize>> = vec![Vec::new(); n];
        for end in ends.into_iter().chain(0..n) {
            if let ([source], false) = (before[end].as_slice(), seen[end])
                && seen[*source]
                && leaving[end] == 0
            {
                tails[*source].push(end);
                seen[end] = true;
                continue;
            }
            let mut stack = vec![(end, 0)];
            while let Some((piece, next)) = stack.pop() {
                if next == 0 && std::mem::replace(&mut seen[piece], true) {
                    continue;
                }
                if let Some(source) = before[piece].get(next) {
                    stack.push((piece, next + 1));
                    if !seen[*source] {
                        stack.push((*source, 0));
                    }
                } else {
                    order.push(piece);
                }
            }
        }
        order.into_iter().flat_map(|p| [p].into_iter().chain(std::mem::take(&mut tails[p]))).collect()
    }
}

//! Balanced ranks by network simplex: Gansner, Koutsofios, North, Vo, "A technique for drawing directed graphs" (1993).
//!
//! Cut values come from subtree sums: for a tree edge, the weight leaving the lower subtree minus the weight entering
//! it. The tight tree grows along the least slack from two heaps, and a pivot renumbers only the part below the lowest
//! common ancestor, so that the cost is near-linear in practice. Work is bounded; what remains is accepted as it is.

use crate::clean::NONE;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Work units per node and edge that pivots may spend before the ranks are accepted as they are.
const WORK_PER_ELEMENT: usize = 150;
/// Negative tree edges looked at before one is chosen to leave.
const SEARCH: usize = 30;

/// `head` must lie at least `span` ranks below `tail`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RankEdge {
    pub tail: u32,
    pub head: u32,
    pub weight: i64,
    pub span: i32,
}

/// Ranks that keep every span with least total weighted length; each connected part starts at rank zero. The edges must
/// have no cycle; a node on one keeps the rank it has reached.
pub(crate) fn ranks(n: usize, edges: &[RankEdge]) -> Vec<i32> {
    let mut simplex = Simplex::new(n, edges);
    simplex.longest_path();
    simplex.tight_tree();
    simplex.number_all();
    simplex.pivot();
    simplex.normalise();
    simplex.rank
}

struct Simplex<'a> {
    n: usize,
    edges: &'a [RankEdge],
    /// Edges at node `v`: `at[first[v]..first[v + 1]]`.
    first: Vec<u32>,
    at: Vec<u32>,
    rank: Vec<i32>,
    /// Tree: parent node and the edge to it, and children as doubly linked lists.
    parent: Vec<u32>,
    parent_edge: Vec<u32>,
    child: Vec<u32>,
    next: Vec<u32>,
    previous: Vec<u32>,
    roots: Vec<u32>,
    in_tree: Vec<bool>,
    /// Depth-first numbering: the subtree of `v` is `order[low[v]..=lim[v]]`.
    low: Vec<u32>,
    lim: Vec<u32>,
    order: Vec<u32>,
    /// Weight out minus weight in, summed over the subtree.
    sum: Vec<i64>,
    own: Vec<i64>,
}

impl<'a> Simplex<'a> {
    fn new(n: usize, edges: &'a [RankEdge]) -> Self {
        let mut first = vec![0u32; n + 1];
        let mut own = vec![0i64; n];
        for e in edges {
            first[e.tail as usize + 1] += 1;
            first[e.head as usize + 1] += 1;
            own[e.tail as usize] += e.weight;
            own[e.head as usize] -= e.weight;
        }
        for i in 0..n {
            first[i + 1] += first[i];
        }
        let mut fill = first.clone();
        let mut at = vec![0u32; first[n] as usize];
        for (i, e) in edges.iter().enumerate() {
            for v in [e.tail, e.head] {
                at[fill[v as usize] as usize] = i as u32;
                fill[v as usize] += 1;
            }
        }
        Self {
            n,
            edges,
            first,
            at,
            rank: vec![0; n],
            parent: vec![NONE; n],
            parent_edge: vec![NONE; n],
            child: vec![NONE; n],
            next: vec![NONE; n],
            previous: vec![NONE; n],
            roots: Vec::new(),
            in_tree: vec![false; n],
            low: vec![0; n],
            lim: vec![0; n],
            order: Vec::with_capacity(n),
            sum: vec![0; n],
            own,
        }
    }

    fn edges_at(&self, v: usize) -> std::ops::Range<usize> {
        self.first[v] as usize..self.first[v + 1] as usize
    }

    fn slack(&self, e: usize) -> i32 {
        let edge = &self.edges[e];
        self.rank[edge.head as usize] - self.rank[edge.tail as usize] - edge.span
    }

    fn longest_path(&mut self) {
        let mut waiting = vec![0u32; self.n];
        for e in self.edges {
            waiting[e.head as usize] += 1;
        }
        let mut queue: Vec<u32> = (0..self.n as u32).filter(|&v| waiting[v as usize] == 0).collect();
        let mut next = 0;
        while next < queue.len() {
            let v = queue[next] as usize;
            next += 1;
            for i in self.edges_at(v) {
                let e = &self.edges[self.at[i] as usize];
                if e.tail as usize != v {
                    continue;
                }
                let head = e.head as usize;
                self.rank[head] = self.rank[head].max(self.rank[v] + e.span);
                waiting[head] -= 1;
                if waiting[head] == 0 {
                    queue.push(head as u32);
                }
            }
        }
    }

    fn hang(&mut self, v: usize, parent: u32, edge: u32) {
        self.parent[v] = parent;
        self.parent_edge[v] = edge;
        self.previous[v] = NONE;
        self.next[v] = NONE;
        if parent != NONE {
            let head = self.child[parent as usize];
            self.next[v] = head;
            if head != NONE {
                self.previous[head as usize] = v as u32;
            }
            self.child[parent as usize] = v as u32;
        }
    }

    fn unhang(&mut self, v: usize) {
        let (p, before, after) = (self.parent[v], self.previous[v], self.next[v]);
        if before != NONE {
            self.next[before as usize] = after;
        } else if p != NONE {
            self.child[p as usize] = after;
        }
        if after != NONE {
            self.previous[after as usize] = before;
        }
    }

    /// Grows a spanning tree of tight edges in every connected part, shifting the grown tree as a whole by an offset
    /// that is kept apart until the part is complete.
    fn tight_tree(&mut self) {
        let mut joined_at = vec![0i32; self.n];
        let mut members: Vec<u32> = Vec::new();
        for root in 0..self.n {
            if self.in_tree[root] {
                continue;
            }
            self.roots.push(root as u32);
            members.clear();
            let mut offset = 0i32;
            let mut out: BinaryHeap<Reverse<(i32, u32)>> = BinaryHeap::new();
            let mut into: BinaryHeap<Reverse<(i32, u32)>> = BinaryHeap::new();
            let (mut v, mut parent, mut edge) = (root, NONE, NONE);
            loop {
                self.in_tree[v] = true;
                joined_at[v] = offset;
                self.hang(v, parent, edge);
                members.push(v as u32);
                for i in self.edges_at(v) {
                    let e = self.at[i];
                    let ends = &self.edges[e as usize];
                    let slack = self.slack(e as usize);
                    if ends.tail as usize == v && !self.in_tree[ends.head as usize] {
                        out.push(Reverse((slack + offset, e)));
                    } else if ends.head as usize == v && !self.in_tree[ends.tail as usize] {
                        into.push(Reverse((slack - offset, e)));
                    }
                }
                while out.peek().is_some_and(|r| self.in_tree[self.edges[r.0.1 as usize].head as usize]) {
                    out.pop();
                }
                while into.peek().is_some_and(|r| self.in_tree[self.edges[r.0.1 as usize].tail as usize]) {
                    into.pop();
                }
                let leaving = out.peek().map(|r| (r.0.0 - offset, r.0.1));
                let entering = into.peek().map(|r| (r.0.0 + offset, r.0.1));
                let take_out = match (leaving, entering) {
                    (None, None) => break,
                    (Some(a), Some(b)) => a.0 <= b.0,
                    (a, _) => a.is_some(),
                };
                let (slack, e) = if take_out { leaving } else { entering }.unwrap_or((0, 0));
                let ends = &self.edges[e as usize];
                if take_out {
                    offset += slack;
                    (v, parent, edge) = (ends.head as usize, ends.tail, e);
                } else {
                    offset -= slack;
                    (v, parent, edge) = (ends.tail as usize, ends.head, e);
                }
            }
            for &m in &members {
                self.rank[m as usize] += offset - joined_at[m as usize];
            }
        }
    }

    fn number_all(&mut self) {
        self.order = vec![0; self.n];
        let mut from = 0;
        for i in 0..self.roots.len() {
            from = self.number(self.roots[i] as usize, from);
        }
    }

    /// Numbers the subtree of `top` from `from` on and sums it up; gives the next free number. Nodes come in post order.
    fn number(&mut self, top: usize, mut from: u32) -> u32 {
        let mut v = top;
        self.low[v] = from;
        self.sum[v] = self.own[v];
        loop {
            // Down to the first leaf.
            while self.child[v] != NONE {
                v = self.child[v] as usize;
                self.low[v] = from;
                self.sum[v] = self.own[v];
            }
            loop {
                self.lim[v] = from;
                self.order[from as usize] = v as u32;
                from += 1;
                if v == top {
                    return from;
                }
                let p = self.parent[v] as usize;
                self.sum[p] += self.sum[v];
                if self.next[v] != NONE {
                    v = self.next[v] as usize;
                    self.low[v] = from;
                    self.sum[v] = self.own[v];
                    break;
                }
                v = p;
            }
        }
    }

    /// The cut value of the tree edge above `v`.
    fn cut(&self, v: usize) -> i64 {
        let e = self.parent_edge[v];
        if e == NONE {
            0
        } else if self.edges[e as usize].tail as usize == v {
            self.sum[v]
        } else {
            -self.sum[v]
        }
    }

    fn below(&self, v: usize, top: usize) -> bool {
        (self.low[top]..=self.lim[top]).contains(&self.lim[v])
    }

    fn pivot(&mut self) {
        let mut work = WORK_PER_ELEMENT * (self.n + self.edges.len());
        let mut cursor = 0;
        while let Some(v) = self.leaving(&mut cursor, &mut work) {
            let edge = self.parent_edge[v] as usize;
            // The entering edge runs across the cut the other way.
            let up = self.edges[edge].tail as usize == v;
            let (low, lim) = (self.low[v] as usize, self.lim[v] as usize);
            let inside = lim + 1 - low;
            let mut best = (i32::MAX, NONE);
            let smaller_inside = inside * 2 <= self.n;
            let ranges = if smaller_inside { [low..lim + 1, 0..0] } else { [0..low, lim + 1..self.n] };
            for m in ranges.clone().into_iter().flatten() {
                let m = self.order[m] as usize;
                for i in self.edges_at(m) {
                    let e = self.at[i] as usize;
                    let ends = &self.edges[e];
                    let (tail_in, head_in) =
                        (self.below(ends.tail as usize, v), self.below(ends.head as usize, v));
                    if tail_in != head_in && head_in == up {
                        best = best.min((self.slack(e), e as u32));
                    }
                }
                work = work.saturating_sub(1 + self.edges_at(m).len());
            }
            let (slack, enter) = best;
            if enter == NONE {
                // No way round: the part hangs on this edge alone, and weights forbid a negative cut then.
                break;
            }
            // Move one side by the slack so that the entering edge becomes tight.
            let shift = if up == smaller_inside { -slack } else { slack };
            for m in ranges.into_iter().flatten() {
                let m = self.order[m] as usize;
                self.rank[m] += shift;
            }
            self.exchange(v, enter as usize, &mut work);
            if work == 0 {
                break;
            }
        }
    }

    /// The most negative of the next few negative tree edges, by the node below it.
    fn leaving(&self, cursor: &mut usize, work: &mut usize) -> Option<usize> {
        let mut best: Option<(i64, usize)> = None;
        let mut found = 0;
        for _ in 0..self.n {
            let v = *cursor;
            *cursor = (*cursor + 1) % self.n;
            *work = work.saturating_sub(1);
            let cut = self.cut(v);
            if cut < 0 {
                found += 1;
                if best.is_none_or(|b| cut < b.0) {
                    best = Some((cut, v));
                }
                if found == SEARCH {
                    break;
                }
            }
        }
        best.map(|b| b.1)
    }

    /// Puts `enter` into the tree instead of the edge above `v`.
    fn exchange(&mut self, v: usize, enter: usize, work: &mut usize) {
        let ends = self.edges[enter];
        let (inner, outer) =
            if self.below(ends.tail as usize, v) { (ends.tail, ends.head) } else { (ends.head, ends.tail) };
        let mut top = self.parent[v] as usize;
        while !self.below(outer as usize, top) {
            top = self.parent[top] as usize;
        }
        let (mut at, mut parent, mut edge) = (inner as usize, outer, enter as u32);
        loop {
            let (old_parent, old_edge) = (self.parent[at], self.parent_edge[at]);
            self.unhang(at);
            self.hang(at, parent, edge);
            if at == v {
                break;
            }
            (parent, edge, at) = (at as u32, old_edge, old_parent as usize);
        }
        let low = self.low[top];
        *work = work.saturating_sub((self.lim[top] + 1 - low) as usize);
        self.number(top, low);
    }

    fn normalise(&mut self) {
        for &root in &self.roots {
            let part = &self.order[self.low[root as usize] as usize..=self.lim[root as usize] as usize];
            let least = part.iter().map(|&v| self.rank[v as usize]).min().unwrap_or(0);
            for &v in part {
                self.rank[v as usize] -= least;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: usize, edges: &[(u32, u32, i64)], want: &[i32]) {
        let edges: Vec<_> =
            edges.iter().map(|&(tail, head, weight)| RankEdge { tail, head, weight, span: 1 }).collect();
        assert_eq!(ranks(n, &edges), want);
    }

    #[test]
    fn least_total_length() {
        check(1, &[], &[0]);
        check(3, &[(0, 1, 1), (1, 2, 1), (0, 2, 1)], &[0, 1, 2]);
        // A constant sinks to its only reader.
        check(5, &[(0, 1, 1), (1, 2, 1), (2, 3, 1), (4, 3, 1)], &[0, 1, 2, 3, 2]);
        // Two parts, each from zero.
        check(4, &[(0, 1, 1), (3, 2, 1)], &[0, 1, 1, 0]);
        // A heavy edge stays short: the light ones of node 4 give way.
        check(6, &[(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 4, 1), (4, 3, 5), (4, 5, 1)], &[0, 1, 2, 3, 2, 3]);
    }

    #[test]
    fn no_worse_than_trying_everything() {
        let mut seed = 7u32;
        let mut random = move |n: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % n
        };
        for _ in 0..60 {
            let n = 5;
            let edges: Vec<RankEdge> = (0..7)
                .map(|_| (random(n), random(n), i64::from(random(4))))
                .filter(|e| e.0 != e.1)
                .map(|(a, b, weight)| RankEdge { tail: a.min(b), head: a.max(b), weight, span: 1 })
                .collect();
            let total = |rank: &[i32]| {
                let mut sum = 0;
                for e in &edges {
                    let length = rank[e.head as usize] - rank[e.tail as usize];
                    if length < e.span {
                        return None;
                    }
                    sum += i64::from(length) * e.weight;
                }
                Some(sum)
            };
            let ours = total(&ranks(n as usize, &edges)).expect("spans are kept");
            let best = (0..5i32.pow(n))
                .filter_map(|code| total(&(0..n).map(|i| code / 5i32.pow(i) % 5).collect::<Vec<_>>()))
                .min();
            assert_eq!(Some(ours), best, "{edges:?}");
        }
    }
}

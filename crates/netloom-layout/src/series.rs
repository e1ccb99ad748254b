//! Series-parallel recognition: reduces a level's graph to one part if it is made of chains, forks and joins only.
//!
//! Every item is an edge from its top to its bottom, so that a part of any kind runs from one vertex to another. Two
//! rules are used as long as they apply: what meets at a vertex that nothing else touches becomes a series, and what has
//! both ends in common becomes parallel (Valdes, Tarjan, Lawler, "The recognition of series parallel digraphs", 1982).

use std::collections::{BTreeMap, VecDeque};

/// What a part is made of. Children come before their parents in [`Tree::parts`].
pub(crate) enum Kind {
    Item(u32),
    Link(u32),
    /// Joins a first item to the common source, or a last one to the common sink.
    Nothing,
    /// From top to bottom.
    Series(VecDeque<u32>),
    Parallel(VecDeque<u32>),
}

pub(crate) struct Part {
    pub kind: Kind,
    /// The item at whose bottom the part starts and the one at whose top it ends, if its ends are such.
    pub above: Option<u32>,
    pub below: Option<u32>,
}

pub(crate) struct Tree {
    pub parts: Vec<Part>,
    pub root: u32,
}

/// A part while the graph is reduced: its ends are vertices `2 * item` for a top, one more for a bottom.
struct Edge {
    kind: Kind,
    from: u32,
    to: u32,
}

/// At a vertex: how many parts arrive and leave, and the exclusive or of their indices, which is the index of the only
/// one.
#[derive(Clone, Copy, Default)]
struct Vertex {
    into: u32,
    into_xor: u32,
    out: u32,
    out_xor: u32,
}

struct Reduction {
    edges: Vec<Edge>,
    vertices: Vec<Vertex>,
    between: BTreeMap<(u32, u32), u32>,
    work: Vec<u32>,
}

/// The tree of a level whose links `(link, upper item, lower item)` have no cycle, if it is series-parallel; `absent`
/// items do not belong to it.
///
/// # Cost
/// O(n log n) in items and links.
pub(crate) fn tree(items: usize, absent: &[bool], links: &[(u32, u32, u32)]) -> Option<Tree> {
    let (source, sink) = (2 * items as u32, 2 * items as u32 + 1);
    let mut r = Reduction {
        edges: Vec::with_capacity(3 * (items + links.len())),
        vertices: vec![Vertex::default(); 2 * items + 2],
        between: BTreeMap::new(),
        work: Vec::new(),
    };
    let (mut first, mut last) = (vec![true; items], vec![true; items]);
    for &(_, u, v) in links {
        last[u as usize] = false;
        first[v as usize] = false;
    }
    for i in (0..items).filter(|&i| !absent[i]) {
        let v = i as u32;
        r.add(Kind::Item(v), 2 * v, 2 * v + 1);
        if first[i] {
            r.add(Kind::Nothing, source, 2 * v);
        }
        if last[i] {
            r.add(Kind::Nothing, 2 * v + 1, sink);
        }
    }
    for &(link, u, v) in links {
        r.add(Kind::Link(link), 2 * u + 1, 2 * v);
    }
    r.work = (0..source).rev().collect();
    while let Some(w) = r.work.pop() {
        let at = r.vertices[w as usize];
        if at.into == 1 && at.out == 1 && w < source {
            r.join(at.into_xor, at.out_xor);
        }
    }
    let root = *r.between.get(&(source, sink))?;
    if r.between.len() > 1 {
        return None;
    }
    let above = |v: u32| (v < source && v % 2 == 1).then_some(v / 2);
    let below = |v: u32| (v < source && v.is_multiple_of(2)).then_some(v / 2);
    let parts = (r.edges.into_iter())
        .map(|e| Part { kind: e.kind, above: above(e.from), below: below(e.to) })
        .collect();
    Some(Tree { parts, root })
}

impl Reduction {
    /// Adds a part, in parallel to the one that has its ends.
    fn add(&mut self, kind: Kind, from: u32, to: u32) {
        let new = self.edges.len() as u32;
        self.edges.push(Edge { kind, from, to });
        let mut index = new;
        if let Some(old) = self.between.remove(&(from, to)) {
            self.detach(old);
            let [a, b] = [old, new].map(|i| match &mut self.edges[i as usize].kind {
                Kind::Parallel(list) => std::mem::take(list),
                _ => VecDeque::from([i]),
            });
            let (mut long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
            long.extend(short);
            index = self.edges.len() as u32;
            self.edges.push(Edge { kind: Kind::Parallel(long), from, to });
        }
        self.between.insert((from, to), index);
        let (a, b) = (from as usize, to as usize);
        self.vertices[a].out += 1;
        self.vertices[a].out_xor ^= index;
        self.vertices[b].into += 1;
        self.vertices[b].into_xor ^= index;
        self.work.extend([from, to]);
    }

    fn detach(&mut self, index: u32) {
        let Edge { from, to, .. } = self.edges[index as usize];
        let (a, b) = (from as usize, to as usize);
        self.vertices[a].out -= 1;
        self.vertices[a].out_xor ^= index;
        self.vertices[b].into -= 1;
        self.vertices[b].into_xor ^= index;
    }

    /// Makes a series of two parts that meet at a vertex of their own.
    fn join(&mut self, upper: u32, lower: u32) {
        let (from, middle) = (self.edges[upper as usize].from, self.edges[upper as usize].to);
        let to = self.edges[lower as usize].to;
        self.between.remove(&(from, middle));
        self.between.remove(&(middle, to));
        self.detach(upper);
        self.detach(lower);
        let [mut a, mut b] = [upper, lower].map(|i| match &mut self.edges[i as usize].kind {
            Kind::Series(list) => std::mem::take(list),
            _ => VecDeque::from([i]),
        });
        let list = if a.len() < b.len() {
            a.into_iter().rev().for_each(|i| b.push_front(i));
            b
        } else {
            a.append(&mut b);
            a
        };
        self.add(Kind::Series(list), from, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(items: usize, links: &[(u32, u32)], want: bool) {
        let links: Vec<_> = links.iter().enumerate().map(|(i, &(u, v))| (i as u32, u, v)).collect();
        assert_eq!(tree(items, &vec![false; items], &links).is_some(), want, "{links:?}");
    }

    #[test]
    fn chains_forks_and_joins() {
        check(1, &[], true);
        check(2, &[], true);
        check(3, &[(0, 1), (1, 2)], true);
        check(3, &[(0, 1), (1, 2), (0, 2), (0, 2)], true);
        // A fork and join of four, with a skip around it.
        check(6, &[(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (2, 5), (3, 5), (4, 5), (0, 5)], true);
        // Two sources and two sinks around one item.
        check(5, &[(0, 2), (1, 2), (2, 3), (2, 4)], true);
        // The smallest that is not: a bridge between two branches.
        check(4, &[(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)], false);
        // By-passes that overlap without being nested.
        check(4, &[(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)], false);
    }
}

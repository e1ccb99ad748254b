//! Folds runs of equal blocks along a chain into one block that says how often it comes.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::repeats::{same, stem};
use netloom_graph::{Graph, NodeId, Producer, TensorId};

use super::{Fold, NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "repeats", about: "folds equal blocks in a row into one with a count", run };

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.fold == Fold::None {
        return;
    }
    let mut folder = Folder::new(graph, view);
    // Frames stand before what they hold: in reverse order inner runs are folded before outer ones are compared.
    let parents: Vec<Option<usize>> = (0..view.nodes.len())
        .rev()
        .filter(|n| view.nodes[*n].kind == NodeKind::Container)
        .map(Some)
        .chain([None])
        .collect();
    for parent in parents {
        folder.fold(graph, view, parent);
    }
    folder.finish(view);
}

/// What is known of the view while runs are folded.
struct Folder {
    /// What each frame holds, by index; the last entry holds what stands in no frame.
    held: Vec<Vec<usize>>,
    /// Arrows at each box.
    at: Vec<Vec<usize>>,
    gone: Vec<bool>,
    cut: Vec<bool>,
    /// Boxes whose output is read from afar by way of a stub.
    read_afar: Vec<bool>,
    /// The sibling within the frame at hand that a box belongs to, and its place there.
    copy: Vec<Option<(usize, usize)>>,
}

/// A possible copy: its boxes in order, and the arrows within and across its border.
struct Copy {
    boxes: Vec<usize>,
    inner: Vec<usize>,
    arriving: Vec<usize>,
    leaving: Vec<usize>,
}

impl Folder {
    fn new(graph: &Graph, view: &View) -> Self {
        let n = view.nodes.len();
        let mut held = vec![Vec::new(); n + 1];
        for (i, node) in view.nodes.iter().enumerate() {
            held[node.parent.unwrap_or(n)].push(i);
        }
        let mut at = vec![Vec::new(); n];
        for (e, edge) in view.edges.iter().enumerate() {
            at[edge.source].push(e);
            at[edge.target].push(e);
        }
        let owner: BTreeMap<NodeId, usize> = view
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(i, node)| node.operators.iter().map(move |o| (*o, i)))
            .collect();
        let mut read_afar = vec![false; n];
        for stub in view.nodes.iter().filter(|n| n.kind == NodeKind::Stub) {
            if let Some(Producer::Node(from, _)) = stub.output.map(|t| graph.tensor(t).producer)
                && let Some(&i) = owner.get(&from)
            {
                read_afar[i] = true;
            }
        }
        let cut = vec![false; view.edges.len()];
        Self { held, at, gone: vec![false; n], cut, read_afar, copy: vec![None; n] }
    }

    /// Folds the runs among what one frame holds.
    fn fold(&mut self, graph: &Graph, view: &mut View, parent: Option<usize>) {
        let n = view.nodes.len();
        let siblings: Vec<usize> = self.held[parent.unwrap_or(n)]
            .iter()
            .copied()
            .filter(|i| !self.gone[*i])
            .filter(|i| matches!(view.nodes[*i].kind, NodeKind::Module | NodeKind::Container))
            .collect();
        if siblings.len() < 2 {
            return;
        }
        let copies: BTreeMap<usize, Copy> = siblings.iter().map(|s| (*s, self.copy(view, *s))).collect();
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        for (&a, from) in &copies {
            if let Some(b) = self.follower(view, a, from)
                && self.are_equal(graph, view, (a, from), (b, &copies[&b]))
            {
                next.insert(a, b);
            }
        }
        let later: BTreeSet<usize> = next.values().copied().collect();
        for &first in siblings.iter().filter(|s| !later.contains(s)) {
            let mut chain = vec![first];
            // A chain of equal blocks has no end only in damaged files, where some module feeds itself.
            while let Some(&b) = chain.last().and_then(|a| next.get(a))
                && chain.len() <= siblings.len()
            {
                chain.push(b);
            }
            // What follows must read the last copy where the copies read one another.
            if chain.len() > 1 && !self.ends_alike(view, &copies, &chain) {
                chain.pop();
            }
            if chain.len() > 1 {
                self.merge(view, &copies, &chain);
                self.unwrap(view, parent, first);
            }
        }
        for copy in copies.values() {
            for i in &copy.boxes {
                self.copy[*i] = None;
            }
        }
    }

    /// Collects what a sibling holds, and marks it as its own.
    fn copy(&mut self, view: &View, sibling: usize) -> Copy {
        let mut boxes = Vec::new();
        let mut stack = vec![sibling];
        while let Some(i) = stack.pop() {
            boxes.push(i);
            stack.extend(self.held[i].iter().filter(|c| !self.gone[**c]));
        }
        boxes.sort_unstable();
        for (place, i) in boxes.iter().enumerate() {
            self.copy[*i] = Some((sibling, place));
        }
        let inside = |i: usize| boxes.binary_search(&i).is_ok();
        let mut copy =
            Copy { boxes: Vec::new(), inner: Vec::new(), arriving: Vec::new(), leaving: Vec::new() };
        for &i in &boxes {
            for &e in self.at[i].iter().filter(|e| !self.cut[**e]) {
                let (source, target) = (view.edges[e].source, view.edges[e].target);
                match (inside(source), inside(target)) {
                    (true, true) if source == i => copy.inner.push(e),
                    (true, true) => {}
                    (true, false) => copy.leaving.push(e),
                    (false, _) => copy.arriving.push(e),
                }
            }
        }
        copy.boxes = boxes;
        copy
    }

    /// The sibling that alone reads the one stream that leaves a copy.
    fn follower(&self, view: &View, a: usize, copy: &Copy) -> Option<usize> {
        stream(view, &copy.leaving)?;
        if copy.boxes.iter().any(|i| self.read_afar[*i]) {
            return None;
        }
        let mut readers = copy.leaving.iter().map(|e| self.copy[view.edges[*e].target].map(|(s, _)| s));
        let b = readers.next()??;
        (b != a && readers.all(|r| r == Some(b))).then_some(b)
    }

    fn are_equal(
        &self,
        graph: &Graph,
        view: &View,
        (a, left): (usize, &Copy),
        (b, right): (usize, &Copy),
    ) -> bool {
        let place = |i: usize| self.copy[i].map(|(_, place)| place);
        let wires = |edges: &[usize]| -> Vec<_> {
            let mut wires: Vec<_> = edges
                .iter()
                .map(|e| &view.edges[*e])
                .map(|e| (place(e.source), place(e.target), e.reader.map(|r| r.1)))
                .collect();
            wires.sort_unstable();
            wires
        };
        // Equal modules with equal weights in truth are one module called again: that is another story than a repeat.
        let (Some(&x), Some(&y)) = (view.nodes[a].modules.last(), view.nodes[b].modules.last()) else {
            return false;
        };
        x != y
            && left.boxes.len() == right.boxes.len()
            && left.boxes.iter().zip(&right.boxes).enumerate().all(|(at, (i, j))| {
                let (x, y) = (&view.nodes[*i], &view.nodes[*j]);
                let named = matches!(x.kind, NodeKind::Module | NodeKind::Container);
                x.kind == y.kind
                    && (named || x.title == y.title)
                    && (x.subtitle == y.subtitle && x.details == y.details && x.bands == y.bands)
                    && x.category == y.category
                    && x.repeat == y.repeat
                    && (at == 0 || x.parent.and_then(place) == y.parent.and_then(place))
                    && (x.kind != NodeKind::Stub || x.output == y.output)
            })
            && wires(&left.inner) == wires(&right.inner)
            && self.read_alike(view, left, (a, right))
            && same(graph, x, y)
    }

    /// Whether two copies read at the same places: the second the first's stream where the first reads one stream,
    /// and both the same tensor everywhere else.
    fn read_alike(&self, view: &View, left: &Copy, (a, right): (usize, &Copy)) -> bool {
        let ports = |copy: &Copy| -> Vec<(usize, Option<usize>, usize)> {
            let port = |e: &usize| {
                let edge = &view.edges[*e];
                (self.copy[edge.target].map_or(0, |(_, place)| place), edge.reader.map(|r| r.1), *e)
            };
            let mut ports: Vec<_> = copy.arriving.iter().map(port).collect();
            ports.sort_unstable();
            ports
        };
        let (left, right) = (ports(left), ports(right));
        let mut streams = Vec::new();
        let alike = left.len() == right.len()
            && left.iter().zip(&right).all(|(l, r)| {
                if self.copy[view.edges[r.2].source].is_some_and(|(sibling, _)| sibling == a) {
                    streams.push(l.2);
                    (l.0, l.1) == (r.0, r.1)
                } else {
                    (l.0, l.1) == (r.0, r.1) && view.edges[l.2].tensor == view.edges[r.2].tensor
                }
            });
        alike && stream(view, &streams).is_some()
    }

    /// Whether the last copy of a chain gives away the same part of itself as the others.
    fn ends_alike(&self, view: &View, copies: &BTreeMap<usize, Copy>, chain: &[usize]) -> bool {
        let place = |i: usize| self.copy[i].map(|(_, place)| place);
        let source = |copy: &Copy| stream(view, &copy.leaving).map(|(source, _)| place(source));
        let last = &copies[&chain[chain.len() - 1]];
        let nothing_leaves = last.leaving.is_empty();
        let afar = last.boxes.iter().any(|i| self.read_afar[*i]);
        !afar && (nothing_leaves || source(last).is_some() && source(last) == source(&copies[&chain[0]]))
    }

    /// Lets the first copy stand for all.
    fn merge(&mut self, view: &mut View, copies: &BTreeMap<usize, Copy>, chain: &[usize]) {
        let first = &copies[&chain[0]];
        let last = chain[chain.len() - 1];
        for e in &copies[&last].leaving {
            if let Some((_, place)) = self.copy[view.edges[*e].source] {
                view.edges[*e].source = first.boxes[place];
                self.at[first.boxes[place]].push(*e);
            }
        }
        for sibling in &chain[1..] {
            let copy = &copies[sibling];
            for (&into, &from) in first.boxes.iter().zip(&copy.boxes) {
                let (operators, modules) =
                    (view.nodes[from].operators.clone(), view.nodes[from].modules.clone());
                view.nodes[into].operators.extend(operators);
                view.nodes[into].modules.extend(modules);
                self.gone[from] = true;
            }
            for &e in copy.inner.iter().chain(&copy.arriving) {
                self.cut[e] = true;
                // A stub beside a closed copy serves it alone.
                let source = view.edges[e].source;
                if view.nodes[source].kind == NodeKind::Stub {
                    self.gone[source] = true;
                }
            }
        }
        let title = range(&view.nodes[chain[0]].title, &view.nodes[last].title);
        let node = &mut view.nodes[chain[0]];
        node.title = title;
        node.repeat = u32::try_from(chain.len()).unwrap_or(u32::MAX);
    }

    /// Takes away a frame that holds nothing but one folded block, which takes its name.
    fn unwrap(&mut self, view: &mut View, parent: Option<usize>, only: usize) {
        let Some(parent) = parent else { return };
        let inside: Vec<usize> = self.held[parent].iter().copied().filter(|i| !self.gone[*i]).collect();
        let boxes = inside.iter().filter(|i| view.nodes[**i].kind != NodeKind::Stub);
        if boxes.count() != 1 {
            return;
        }
        let outer = view.nodes[parent].clone();
        let home = outer.parent.unwrap_or(view.nodes.len());
        for &i in &inside {
            view.nodes[i].parent = outer.parent;
            self.held[home].push(i);
        }
        self.gone[parent] = true;
        view.nodes[only].title = outer.title;
        view.nodes[only].modules.extend(outer.modules);
    }

    fn finish(self, view: &mut View) {
        let mut e = 0;
        view.edges.retain(|_| {
            e += 1;
            !self.cut[e - 1]
        });
        view.remove(&self.gone);
    }
}

/// The box and tensor that all of some arrows come from, if they come from one.
fn stream(view: &View, edges: &[usize]) -> Option<(usize, TensorId)> {
    let mut ends = edges.iter().map(|e| (view.edges[*e].source, view.edges[*e].tensor));
    let first = ends.next()?;
    ends.all(|e| e == first).then_some(first)
}

/// The names of a run: `layer.0` to `layer.11` are `layer.0–11`.
fn range(first: &str, last: &str) -> String {
    let name = stem(first);
    if name.len() == first.len() || name != stem(last) {
        return format!("{first} … {last}");
    }
    // A run that was itself named by a run keeps its own words.
    format!("{first}–{}", &last[name.len()..])
}

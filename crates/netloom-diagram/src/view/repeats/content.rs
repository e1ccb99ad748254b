//! What the frames of a view hold while blocks are folded, and which arrows cross the borders of their parts.

use std::collections::BTreeMap;

use netloom_graph::{Graph, NodeId, Producer, TensorId};

use crate::view::{NodeKind, View, ViewNode};

/// The boxes and arrows of a view, with those that are folded away.
pub(super) struct Content {
    /// What each frame holds, by index.
    held: Vec<Vec<usize>>,
    /// What stands in no frame.
    top: Vec<usize>,
    /// Arrows at each box.
    at: Vec<Vec<usize>>,
    gone: Vec<bool>,
    cut: Vec<bool>,
    /// Boxes whose output is read from afar by way of a stub.
    read_afar: Vec<bool>,
    /// The part of the frame at hand that a box belongs to, and its place there.
    part: Vec<Option<(usize, usize)>>,
    /// Whether frames were added, which then stand behind what they hold.
    grew: bool,
}

/// One part of a frame: its boxes in order, and the arrows within and across its border.
#[derive(Default)]
pub(super) struct Part {
    pub(super) boxes: Vec<usize>,
    pub(super) inner: Vec<usize>,
    pub(super) arriving: Vec<usize>,
    pub(super) leaving: Vec<usize>,
}

/// The parts of one frame and how data flows through them.
pub(super) struct Level {
    pub(super) parts: BTreeMap<usize, Part>,
    /// Parts that read one another in a row, each the only reader of the one before.
    pub(super) paths: Vec<Vec<usize>>,
}

impl Content {
    pub(super) fn new(graph: &Graph, view: &View) -> Self {
        let n = view.nodes.len();
        let (mut held, mut top) = (vec![Vec::new(); n], Vec::new());
        for (i, node) in view.nodes.iter().enumerate() {
            node.parent.map_or(&mut top, |p| &mut held[p]).push(i);
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
        Self { held, top, at, gone: vec![false; n], cut, read_afar, part: vec![None; n], grew: false }
    }

    /// What a frame, or the page, still holds.
    pub(super) fn inside(&self, frame: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let all = frame.map_or(&self.top, |f| &self.held[f]);
        all.iter().copied().filter(|i| !self.gone[*i])
    }

    /// The part that a box belongs to, and its place there.
    pub(super) fn part(&self, node: usize) -> Option<(usize, usize)> {
        self.part[node]
    }

    pub(super) fn place(&self, node: usize) -> Option<usize> {
        self.part[node].map(|(_, place)| place)
    }

    pub(super) fn is_read_afar(&self, part: &Part) -> bool {
        part.boxes.iter().any(|i| self.read_afar[*i])
    }

    /// The parts of a frame, and the paths along them.
    pub(super) fn level(&mut self, view: &View, frame: Option<usize>) -> Level {
        let kinds = [NodeKind::Layer, NodeKind::Merge, NodeKind::Module, NodeKind::Container];
        let siblings: Vec<usize> =
            self.inside(frame).filter(|i| kinds.contains(&view.nodes[*i].kind)).collect();
        let parts: BTreeMap<usize, Part> = siblings.iter().map(|s| (*s, self.collect(view, *s))).collect();
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        for (&a, part) in &parts {
            if let Some(b) = self.follower(view, a, part) {
                next.insert(a, b);
                *before.entry(b).or_insert(0) += 1;
            }
        }
        let continues = |b: usize| before.get(&b) == Some(&1);
        let mut paths = Vec::new();
        for &first in siblings.iter().filter(|s| !continues(**s)) {
            let mut path = vec![first];
            // Parts that follow each other without end exist in damaged files only; they have no first one.
            while let Some(&b) = path.last().and_then(|a| next.get(a)).filter(|b| continues(**b)) {
                path.push(b);
            }
            paths.push(path);
        }
        Level { parts, paths }
    }

    /// Collects what a part holds, and marks it as its own.
    fn collect(&mut self, view: &View, sibling: usize) -> Part {
        let mut part = Part::default();
        let mut stack = vec![sibling];
        while let Some(i) = stack.pop() {
            part.boxes.push(i);
            stack.extend(self.held[i].iter().filter(|c| !self.gone[**c]));
        }
        part.boxes.sort_unstable();
        for (place, i) in part.boxes.iter().enumerate() {
            self.part[*i] = Some((sibling, place));
        }
        let inside = |i: usize| self.part[i].is_some_and(|(s, _)| s == sibling);
        for &i in &part.boxes {
            for &e in self.at[i].iter().filter(|e| !self.cut[**e]) {
                match (inside(view.edges[e].source), inside(view.edges[e].target)) {
                    (true, true) if view.edges[e].source == i => part.inner.push(e),
                    (true, false) => part.leaving.push(e),
                    (false, true) => part.arriving.push(e),
                    _ => {}
                }
            }
        }
        part
    }

    /// The part that alone reads the one stream that leaves another.
    fn follower(&self, view: &View, a: usize, part: &Part) -> Option<usize> {
        stream(view, &part.leaving)?;
        if self.is_read_afar(part) {
            return None;
        }
        let mut readers = part.leaving.iter().map(|e| self.part[view.edges[*e].target].map(|(s, _)| s));
        let b = readers.next()??;
        (b != a && readers.all(|r| r == Some(b))).then_some(b)
    }

    /// Forgets the parts of a level.
    pub(super) fn release(&mut self, level: &Level) {
        for i in level.parts.values().flat_map(|p| &p.boxes) {
            self.part[*i] = None;
        }
    }

    /// Lets an arrow start elsewhere.
    pub(super) fn resource(&mut self, view: &mut View, edge: usize, source: usize) {
        view.edges[edge].source = source;
        self.at[source].push(edge);
    }

    pub(super) fn cut(&mut self, edge: usize) {
        self.cut[edge] = true;
    }

    pub(super) fn is_cut(&self, edge: usize) -> bool {
        self.cut[edge]
    }

    /// The arrows that still arrive at a box.
    pub(super) fn arriving<'a>(&'a self, view: &'a View, node: usize) -> impl Iterator<Item = usize> + 'a {
        let arrives = move |e: &usize| !self.cut[*e] && view.edges[*e].target == node;
        self.at[node].iter().copied().filter(arrives)
    }

    pub(super) fn drop_box(&mut self, node: usize) {
        self.gone[node] = true;
    }

    /// Moves a box into another frame.
    pub(super) fn move_box(&mut self, view: &mut View, node: usize, frame: Option<usize>) {
        let all = view.nodes[node].parent.map_or(&mut self.top, |p| &mut self.held[p]);
        all.retain(|i| *i != node);
        frame.map_or(&mut self.top, |f| &mut self.held[f]).push(node);
        view.nodes[node].parent = frame;
    }

    /// Adds a frame around some boxes of one frame.
    pub(super) fn enclose(&mut self, view: &mut View, frame: ViewNode, boxes: &[usize]) -> usize {
        let (at, home) = (view.nodes.len(), frame.parent);
        view.nodes.push(frame);
        self.held.push(Vec::new());
        self.at.push(Vec::new());
        self.gone.push(false);
        self.read_afar.push(false);
        self.part.push(None);
        self.grew = true;
        home.map_or(&mut self.top, |p| &mut self.held[p]).push(at);
        for b in boxes {
            self.move_box(view, *b, Some(at));
        }
        at
    }

    /// Takes away what is folded.
    pub(super) fn finish(self, view: &mut View) {
        let mut e = 0;
        view.edges.retain(|_| {
            e += 1;
            !self.cut[e - 1]
        });
        view.remove(&self.gone);
        if self.grew {
            view.frames_first();
        }
    }
}

/// The box and tensor that all of some arrows come from, if they come from one.
pub(super) fn stream(view: &View, edges: &[usize]) -> Option<(usize, TensorId)> {
    let mut ends = edges.iter().map(|e| (view.edges[*e].source, view.edges[*e].tensor));
    let first = ends.next()?;
    ends.all(|e| e == first).then_some(first)
}

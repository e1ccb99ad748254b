//! The path through a model on which its maps change size, with what by-passes it.

use std::collections::{BTreeMap, VecDeque};

use netloom_graph::{Category, Graph};

use super::levels::{self, Level, VECTOR};
use super::{Join, join};
use crate::tensors::{Extent, Extents};
use crate::view::{NodeKind, View};

/// The most boxes beside the path that a link names.
const MAX_VIA: usize = 32;

/// The path through a model on which its maps change size.
pub(crate) struct Course {
    /// The boxes of the path in order, by index of the view's nodes.
    pub(crate) path: Vec<usize>,
    /// What each box of the view makes, by index of its nodes.
    pub(crate) extents: Vec<Extent>,
    /// How coarse that is, by place on the path.
    levels: Vec<Level>,
    /// The next place with a coarser map, by place on the path.
    coarser: Vec<usize>,
    /// What by-passes the path, in the order in which it comes back.
    pub(crate) links: Vec<Link>,
    /// Inputs that reach the path beside its beginning: the node, and places where.
    pub(crate) inputs: BTreeMap<usize, Vec<usize>>,
    /// Outputs that leave the path before its end: the node, and the place where.
    pub(crate) outputs: Vec<(usize, usize)>,
}

/// A way past a part of the path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// Where it leaves, by place on the path.
    pub(crate) from: usize,
    /// Where it comes back, by place on the path.
    pub(crate) to: usize,
    /// The boxes on its way, by index of the view's nodes, the first few.
    pub(crate) via: Vec<usize>,
    /// How many ways leave and come back there.
    pub(crate) times: usize,
}

/// Where something beside the path comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// A place on the path.
    Path(usize),
    /// An input of the model, by index of the view's nodes.
    Input(usize),
}

/// How a path is judged: how often its maps change size, then how many layers it has.
type Score = (usize, usize);

impl Course {
    pub(crate) fn new(graph: &Graph, view: &View) -> Self {
        let all = Extents::new(graph);
        let extents: Vec<Extent> =
            view.nodes.iter().map(|n| n.output.map_or_else(Extent::other, |t| all.of(graph, t))).collect();
        let order = order(view);
        let arriving = arriving(view);
        let largest = largest(&extents);
        let mut level = vec![0; view.nodes.len()];
        let mut score: Vec<Score> = vec![(0, 0); view.nodes.len()];
        let mut before: Vec<Option<usize>> = vec![None; view.nodes.len()];
        for &n in &order {
            let extent = &extents[n];
            let mut best: Option<(Score, usize, Level)> = None;
            for &p in main_operands(view, &extents, &arriving[n], n) {
                let own = if levels::is_vector(extent) {
                    VECTOR
                } else if level[p] == VECTOR {
                    levels::anchored(extent, &largest)
                } else if view.nodes[n].kind == NodeKind::Output {
                    level[p]
                } else {
                    level[p].saturating_add(levels::change(graph, view, n, &extents[p], extent))
                };
                let is_change =
                    own != level[p] && own != VECTOR && level[p] != VECTOR && !is_pooled(&extents, p, n);
                let is_layer = matches!(view.nodes[n].kind, NodeKind::Layer | NodeKind::Module);
                let mut found = (score[p].0 + usize::from(is_change), score[p].1 + usize::from(is_layer));
                // What was pooled to one cell and spread again is a remark on the map, not the way of the map.
                if is_one(&extents[p]) && !is_one(extent) && levels::cells(extent).is_some() {
                    found.1 = 0;
                }
                if best.is_none_or(|(s, ..)| found > s) {
                    best = Some((found, p, own));
                }
            }
            match best {
                Some((s, p, own)) => (score[n], before[n], level[n]) = (s, Some(p), own),
                None => level[n] = levels::anchored(extent, &largest),
            }
        }
        let path = path(view, &order, &score, &before);
        let levels: Vec<Level> = path.iter().map(|n| level[*n]).collect();
        let mut course = Self {
            coarser: coarser(&levels),
            extents,
            levels,
            path,
            links: Vec::new(),
            inputs: BTreeMap::new(),
            outputs: Vec::new(),
        };
        course.beside(view, &order, &arriving);
        course
    }

    /// How coarse the map at a place of the path is.
    pub(crate) fn level(&self, place: usize) -> Level {
        self.levels[place]
    }

    /// The by-pass of an encoder and decoder, by the place where it joins.
    pub(crate) fn u_skip(&self, graph: &Graph, view: &View, link: &Link) -> Option<usize> {
        let (from, to) = (self.levels[link.from], self.levels[link.to]);
        let dips = from == to && to != VECTOR && self.coarser[link.from] < link.to;
        let node = &view.nodes[self.path[link.to]];
        let gates = node.kind == NodeKind::Merge && node.title != "+";
        let joins = !gates
            && (join(graph, view, self.path[link.to]) != Join::Inside || node.kind == NodeKind::Module);
        (dips && joins).then_some(link.to)
    }

    /// How often the path turns from ever coarser to finer maps.
    pub(super) fn bottoms(&self) -> usize {
        let (mut bottoms, mut down) = (0, false);
        let known: Vec<Level> = self.levels.iter().copied().filter(|l| *l != VECTOR).collect();
        for w in known.windows(2) {
            match w[1].cmp(&w[0]) {
                std::cmp::Ordering::Greater => down = true,
                std::cmp::Ordering::Less => bottoms += usize::from(std::mem::take(&mut down)),
                std::cmp::Ordering::Equal => {}
            }
        }
        bottoms
    }

    /// Finds what by-passes the path.
    fn beside(&mut self, view: &View, order: &[usize], arriving: &[Vec<usize>]) {
        let mut place = vec![None; view.nodes.len()];
        for (at, n) in self.path.iter().enumerate() {
            place[*n] = Some(at);
        }
        let mut origin: Vec<Option<Origin>> = vec![None; view.nodes.len()];
        let mut through: Vec<Option<usize>> = vec![None; view.nodes.len()];
        for &n in order.iter().filter(|n| place[**n].is_none()) {
            let sources =
                arriving[n].iter().filter_map(|p| Some((place[*p].map(Origin::Path).or(origin[*p])?, *p)));
            let found = sources.min();
            origin[n] = found.map(|f| f.0);
            through[n] = found.map(|f| f.1).filter(|p| place[*p].is_none());
            match (view.nodes[n].kind, origin[n]) {
                (NodeKind::Input, _) => origin[n] = Some(Origin::Input(n)),
                (NodeKind::Output, Some(Origin::Path(at))) => self.outputs.push((n, at)),
                _ => {}
            }
        }
        let mut links: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (to, &n) in self.path.iter().enumerate() {
            for &p in &arriving[n] {
                let (from, mut at) = match (place[p], origin[p]) {
                    (Some(from), _) if from + 1 == to => continue,
                    (Some(from), _) => (from, None),
                    (None, Some(Origin::Path(from))) => (from, Some(p)),
                    (None, Some(Origin::Input(input))) => {
                        self.inputs.entry(input).or_default().push(to);
                        continue;
                    }
                    (None, None) => continue,
                };
                if from >= to {
                    continue;
                }
                if let Some(known) = links.get(&(from, to)) {
                    self.links[*known].times += 1;
                    continue;
                }
                let mut via = Vec::new();
                while let Some(v) = at.filter(|_| via.len() < MAX_VIA) {
                    via.push(v);
                    at = through[v];
                }
                via.reverse();
                links.insert((from, to), self.links.len());
                self.links.push(Link { from, to, via, times: 1 });
            }
        }
    }
}

/// The next place with a coarser map than each; the end of the path where none follows.
fn coarser(levels: &[Level]) -> Vec<usize> {
    let mut next = vec![levels.len(); levels.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, level) in levels.iter().enumerate().filter(|(_, l)| **l != VECTOR) {
        while let Some(place) = open.pop_if(|p| levels[*p] < *level) {
            next[place] = at;
        }
        open.push(at);
    }
    next
}

/// The largest map of a model.
fn largest(extents: &[Extent]) -> Extent {
    let known = extents.iter().filter(|e| levels::cells(e).is_some());
    known.max_by_key(|e| (e.sides.len(), levels::cells(e))).cloned().unwrap_or_else(Extent::other)
}

/// Whether a step makes one cell of a map or spreads one over a map: no change of resolution that a figure shows.
fn is_pooled(extents: &[Extent], from: usize, to: usize) -> bool {
    is_one(&extents[from]) || is_one(&extents[to])
}

fn is_one(extent: &Extent) -> bool {
    levels::cells(extent) == Some(1)
}

/// The operands that carry the stream: gates and broadcast summands hold fewer numbers than what is made of them, and
/// attention makes as many tokens as it has queries.
fn main_operands<'a>(
    view: &View,
    extents: &'a [Extent],
    operands: &'a [usize],
    node: usize,
) -> impl Iterator<Item = &'a usize> {
    let own = &extents[node];
    let joins =
        view.nodes[node].kind == NodeKind::Merge || view.nodes[node].category == Category::Elementwise;
    let attends = view.nodes[node].category == Category::Attention;
    let carries = move |p: usize| {
        let is_less = |a: Option<u64>, b: Option<u64>| a.zip(b).is_some_and(|(a, b)| a < b);
        match () {
            () if joins => !is_less(levels::elements(&extents[p]), levels::elements(own)),
            () if attends => levels::cells(&extents[p]) == levels::cells(own),
            () => true,
        }
    };
    let some = operands.len() > 1 && operands.iter().any(|p| carries(*p));
    operands.iter().filter(move |p| !some || carries(**p))
}

/// Boxes with what they read before them, in file order among equals; frames and stubs are none.
fn order(view: &View) -> Vec<usize> {
    let mut missing = vec![0usize; view.nodes.len()];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for edge in view.edges.iter().filter(|e| !e.back) {
        missing[edge.target] += 1;
        out[edge.source].push(edge.target);
    }
    let mut ready: VecDeque<usize> = (0..view.nodes.len()).filter(|n| missing[*n] == 0).collect();
    let mut order = Vec::with_capacity(view.nodes.len());
    while let Some(n) = ready.pop_front() {
        if !matches!(view.nodes[n].kind, NodeKind::Container | NodeKind::Stub) {
            order.push(n);
        }
        for &t in &out[n] {
            missing[t] -= 1;
            if missing[t] == 0 {
                ready.push_back(t);
            }
        }
    }
    order
}

/// The boxes that each one reads, each once.
fn arriving(view: &View) -> Vec<Vec<usize>> {
    let mut arriving = vec![Vec::new(); view.nodes.len()];
    for edge in view.edges.iter().filter(|e| !e.back && e.source != e.target) {
        if view.nodes[edge.source].kind != NodeKind::Stub {
            arriving[edge.target].push(edge.source);
        }
    }
    for list in &mut arriving {
        list.sort_unstable();
        list.dedup();
    }
    arriving
}

/// The best path to an end, an output of the model where there is one.
fn path(view: &View, order: &[usize], score: &[Score], before: &[Option<usize>]) -> Vec<usize> {
    let is_output = |n: usize| view.nodes[n].kind == NodeKind::Output;
    let end = order.iter().copied().max_by_key(|n| (is_output(*n), score[*n], std::cmp::Reverse(*n)));
    let mut path: Vec<usize> = Vec::new();
    let mut at = end;
    while let Some(n) = at {
        path.push(n);
        at = before[n];
    }
    path.reverse();
    path
}

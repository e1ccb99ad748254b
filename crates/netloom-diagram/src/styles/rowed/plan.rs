//! Which boxes of a view are tensors, which are words beside them.

use std::collections::BTreeMap;

use netloom_graph::{Category, Dim, Graph, NodeId, Producer, TensorId};

use super::{Kind, Link, Piece, Plan, Then};
use crate::tensors::{Extent, Extents, Form};
use crate::view::{NodeKind, View, ViewNode};

impl Plan {
    /// What is drawn of a view.
    pub(in crate::styles) fn new(graph: &Graph, view: &View, extents: &Extents) -> Self {
        let frames = frames(view);
        let mut plan = Self { pieces: Vec::new(), links: Vec::new(), frames };
        let place: BTreeMap<usize, usize> = plan.frames.iter().enumerate().map(|(i, f)| (f.0, i)).collect();
        let frame_of = |node: usize| nearest(view, node, &place);
        let degrees = view.degrees();
        let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
        for (e, edge) in view.edges.iter().enumerate().filter(|(_, e)| !e.back) {
            arriving[edge.target].push(e);
        }
        let mut piece_of: Vec<Option<usize>> = vec![None; view.nodes.len()];
        for n in order(view, &arriving) {
            let node = &view.nodes[n];
            if node.kind == NodeKind::Container {
                continue;
            }
            let extent = node.output.map_or_else(Extent::other, |t| {
                states(graph, node, t).unwrap_or_else(|| extents.of(graph, t))
            });
            let frame = frame_of(n);
            if let ([e], 1) = (arriving[n].as_slice(), degrees[n].0) {
                let source = view.edges[*e].source;
                let into = piece_of[source].filter(|_| degrees[source].1 == 1);
                if let Some(into) = into
                    && plan.takes(into, node, &extent, frame)
                {
                    let piece = &mut plan.pieces[into];
                    match node.kind {
                        NodeKind::Output => piece.result = Some(node.title.clone()),
                        _ => {
                            let bands = node.bands.iter().map(|b| b.title.as_str());
                            let titles = [node.title.as_str()].into_iter().chain(bands);
                            let title = titles.collect::<Vec<_>>().join(" · ");
                            piece.then.push(Then { title, dropout: dropout(graph, node) });
                            piece.tensor = node.output.or(piece.tensor);
                        }
                    }
                    piece_of[n] = Some(into);
                    continue;
                }
            }
            piece_of[n] = Some(plan.pieces.len());
            plan.pieces.push(Piece {
                node: n,
                kind: kind(node),
                extent,
                tensor: node.output,
                layer: layer(graph, node),
                then: Vec::new(),
                result: None,
                frame,
            });
        }
        plan.link(graph, view, extents, &piece_of);
        plan
    }

    /// Whether what a box does is said with the tensor before it.
    fn takes(&self, into: usize, node: &ViewNode, extent: &Extent, frame: Option<usize>) -> bool {
        let piece = &self.pieces[into];
        let is_tensor = matches!(piece.kind, Kind::Tensor | Kind::Closed);
        let is_small = node.kind == NodeKind::Layer
            && node.repeat == 1
            && matches!(
                node.category,
                Category::Activation | Category::Dropout | Category::Norm | Category::Loss
            );
        let same = piece.extent == *extent || extent.form == Form::Other;
        let made = piece.layer.is_some() || piece.kind == Kind::Closed || !piece.then.is_empty();
        is_tensor
            && piece.frame == frame
            && piece.result.is_none()
            && (node.kind == NodeKind::Output && made
                || is_small && same && (made || node.category == Category::Dropout))
    }

    fn link(&mut self, graph: &Graph, view: &View, extents: &Extents, piece_of: &[Option<usize>]) {
        for (e, edge) in view.edges.iter().enumerate() {
            let (Some(source), Some(target)) = (piece_of[edge.source], piece_of[edge.target]) else {
                continue;
            };
            if source == target {
                continue;
            }
            let (made, read) = (extents.of(graph, edge.tensor), extents.of(graph, edge.arrives));
            let flattens = matches!(made.form, Form::Maps | Form::Signal | Form::Solid)
                && read.form == Form::Vector
                && !self.is_pixel(&made);
            self.links.push(Link { source, target, edge: e, flattens });
        }
    }

    fn is_pixel(&self, extent: &Extent) -> bool {
        extent.sides.iter().all(|d| d.as_size() == Some(1))
    }
}

/// Frames of blocks that come several times, with the frame around each; the rest is drawn open.
fn frames(view: &View) -> Vec<(usize, Option<usize>)> {
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut frames = Vec::new();
    for (n, node) in view.nodes.iter().enumerate() {
        if node.kind == NodeKind::Container && node.repeat > 1 {
            let outer = nearest(view, n, &place);
            place.insert(n, frames.len());
            frames.push((n, outer));
        }
    }
    frames
}

/// The innermost of some frames around a box.
fn nearest(view: &View, node: usize, frames: &BTreeMap<usize, usize>) -> Option<usize> {
    let mut at = view.nodes[node].parent;
    for _ in 0..view.nodes.len() {
        let parent = at?;
        if let Some(frame) = frames.get(&parent) {
            return Some(*frame);
        }
        at = view.nodes[parent].parent;
    }
    None
}

/// Boxes in an order in which each comes behind those it reads, as far as there are no cycles.
fn order(view: &View, arriving: &[Vec<usize>]) -> Vec<usize> {
    let n = view.nodes.len();
    let mut missing: Vec<usize> = arriving.iter().map(Vec::len).collect();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    for edges in arriving {
        for e in edges {
            out[view.edges[*e].source].push(view.edges[*e].target);
        }
    }
    let mut done = vec![false; n];
    let mut order = Vec::with_capacity(n);
    let mut ready: Vec<usize> = (0..n).rev().filter(|i| missing[*i] == 0).collect();
    let mut rest = 0;
    loop {
        let Some(i) = ready.pop() else {
            while rest < n && done[rest] {
                rest += 1;
            }
            if rest == n {
                return order;
            }
            ready.push(rest);
            continue;
        };
        if std::mem::replace(&mut done[i], true) {
            continue;
        }
        order.push(i);
        for &j in out[i].iter().rev() {
            missing[j] = missing[j].saturating_sub(1);
            if missing[j] == 0 && !done[j] {
                ready.push(j);
            }
        }
    }
}

fn kind(node: &ViewNode) -> Kind {
    match node.kind {
        NodeKind::Merge => Kind::Merge,
        NodeKind::Module => Kind::Closed,
        NodeKind::Input | NodeKind::Layer if node.output.is_some() && !node.is_stand_in() => Kind::Tensor,
        _ => Kind::Word,
    }
}

/// The operator that a box is about: the first with weights or a window, else the first of all.
fn layer(graph: &Graph, node: &ViewNode) -> Option<NodeId> {
    let is_main = |n: &&NodeId| {
        graph.node(**n).layer.is_some_and(|l| {
            matches!(
                l.category,
                Category::Conv | Category::Linear | Category::Pool | Category::Recurrent | Category::Upsample
            )
        })
    };
    node.operators.iter().find(is_main).or_else(|| node.operators.first()).copied()
}

/// What a recurrent layer makes: its directions stand side by side before they are joined.
fn states(graph: &Graph, node: &ViewNode, tensor: TensorId) -> Option<Extent> {
    let Producer::Node(made_by, _) = graph.tensor(tensor).producer else { return None };
    let is_cell = matches!(graph.node(made_by).op.as_str(), "LSTM" | "GRU" | "RNN");
    let dims =
        graph.tensor(tensor).ty.shape().dims().filter(|_| is_cell && node.category == Category::Recurrent)?;
    let product = |a: &Dim, b: &Dim| match (a.as_known(), b.as_known()) {
        (Some(a), Some(b)) => a.checked_mul(b).map_or(Dim::Unknown, Dim::Known),
        (Some(1), None) => b.clone(),
        _ => Dim::Unknown,
    };
    match dims {
        [steps, directions, _, units] => Some(Extent {
            form: Form::Sequence,
            channels: product(directions, units),
            sides: vec![steps.clone()],
        }),
        [directions, _, units] => {
            Some(Extent { form: Form::Vector, channels: product(directions, units), sides: Vec::new() })
        }
        _ => None,
    }
}

/// The share of units that a box drops.
fn dropout(graph: &Graph, node: &ViewNode) -> Option<f64> {
    let id = node.operators.iter().find(|n| graph.node(**n).op == "Dropout")?;
    let operator = graph.node(*id);
    let stored =
        operator.input(1).and_then(|t| graph.tensor(t).value.as_ref()?.as_floats()?.first().copied());
    let rate = stored.or_else(|| operator.attributes.float("ratio")).unwrap_or(0.5);
    (0.0..=1.0).contains(&rate).then_some(rate)
}

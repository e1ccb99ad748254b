//! The view of a figure of volumes: no frames but those that count, activations of sums and projections said by the sum
//! and the by-pass.

use netloom_graph::{Category, Graph};

use crate::styles::strip::{absorb_activations, absorb_projections};
use crate::tensors::Window;
use crate::view::{Band, NodeKind, View, ViewNode};

/// Takes away frames without a count and the only output, whose size the last volume has.
pub(super) fn flat(graph: &Graph, view: &View) -> View {
    let mut flat = view.clone();
    let mut gone = vec![false; flat.nodes.len()];
    absorb_identities(graph, &mut flat, &mut gone);
    absorb_bands(&mut flat, &mut gone);
    absorb_activations(&mut flat, &mut gone);
    absorb_projections(&mut flat, &mut gone);
    let outputs: Vec<usize> = (0..gone.len()).filter(|i| flat.nodes[*i].kind == NodeKind::Output).collect();
    if let [only] = outputs[..] {
        gone[only] = flat.edges.iter().any(|e| e.target == only);
    }
    flat.frames_first_parents(&mut gone);
    flat.remove(&gone);
    flat
}

impl View {
    /// Marks frames without a count as gone; what they hold stands in the next frame around.
    fn frames_first_parents(&mut self, gone: &mut [bool]) {
        for i in 0..self.nodes.len() {
            gone[i] |= self.nodes[i].kind == NodeKind::Container && self.nodes[i].repeat <= 1;
            // Frames stand before what they hold, so the frame around is settled already.
            if let Some(p) = self.nodes[i].parent.filter(|p| gone[*p]) {
                self.nodes[i].parent = self.nodes[p].parent;
            }
        }
    }
}

/// Pooling over single cells does nothing: exporters leave it where a model pools to the size that it has.
fn absorb_identities(graph: &Graph, view: &mut View, gone: &mut [bool]) {
    let degrees = view.degrees();
    let is_identity = |node: &ViewNode| {
        let [only] = node.operators[..] else { return false };
        node.category == Category::Pool
            && Window::of(graph, only).is_some_and(|w| w.kernel.iter().chain(&w.stride).all(|n| *n == 1))
    };
    for e in 0..view.edges.len() {
        let (a, b) = (view.edges[e].source, view.edges[e].target);
        let can =
            !gone[a] && !gone[b] && a != b && degrees[b].0 == 1 && view.nodes[a].kind == NodeKind::Layer;
        if can && is_identity(&view.nodes[b]) {
            let operators = view.nodes[b].operators.clone();
            view.nodes[a].operators.extend(operators);
            gone[b] = true;
            for edge in view.edges.iter_mut().filter(|x| x.source == b) {
                edge.source = a;
            }
        }
    }
}

/// Norms and activations behind a layer that makes maps larger are bands of it, as they are behind a convolution; so is
/// dropout, whose volume would be the same again.
fn absorb_bands(view: &mut View, gone: &mut [bool]) {
    let degrees = view.degrees();
    let mut head: Vec<usize> = (0..view.nodes.len()).collect();
    let mut open: Vec<usize> = degrees.iter().map(|d| d.1).collect();
    for e in 0..view.edges.len() {
        let (a, b) = (head[view.edges[e].source], view.edges[e].target);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let is_band = match to.category {
            Category::Norm | Category::Activation => from.category == Category::Upsample,
            Category::Dropout => {
                matches!(from.category, Category::Conv | Category::Linear | Category::Upsample)
            }
            _ => false,
        };
        let follows = from.kind == NodeKind::Layer
            && is_band
            && to.kind == NodeKind::Layer
            && from.parent == to.parent
            && open[a] == 1
            && degrees[b].0 == 1;
        if !follows || gone[a] || gone[b] || a == b {
            continue;
        }
        let band = Band { title: to.title.clone(), category: to.category };
        let (bands, operators, output) = (to.bands.clone(), to.operators.clone(), to.output);
        let into = &mut view.nodes[a];
        into.bands.push(band);
        into.bands.extend(bands);
        into.operators.extend(operators);
        into.output = output.or(into.output);
        gone[b] = true;
        (head[b], open[a]) = (a, degrees[b].1);
        for edge in view.edges.iter_mut().filter(|x| x.source == b) {
            edge.source = a;
        }
    }
}

/// Whether a sum has the activation that follows it in itself.
pub(super) fn is_activated(graph: &Graph, node: &ViewNode) -> bool {
    let category = |n: &netloom_graph::NodeId| graph.node(*n).layer.map(|l| l.category);
    node.kind == NodeKind::Merge && node.operators.iter().any(|n| category(n) == Some(Category::Activation))
}

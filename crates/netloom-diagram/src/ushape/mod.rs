//! Finds U-shapes: encoders and decoders whose equal resolutions are joined by nested by-passes.

use netloom_graph::{Category, Graph};

use crate::view::{NodeKind, View};

mod course;
mod levels;

pub(crate) use course::{Course, Link};
pub(crate) use levels::{Level, VECTOR};

/// An encoder and a decoder whose equal resolutions are joined by nested by-passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UShape {
    /// How many resolutions are joined, the turn at the bottom left out.
    pub levels: usize,
    /// The by-passes in the order in which they end.
    pub skips: Vec<USkip>,
}

/// A by-pass from the encoder to the decoder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct USkip {
    /// Where it leaves, by index of the view's nodes.
    pub source: usize,
    /// Where it joins, by index of the view's nodes.
    pub target: usize,
    /// How it joins.
    pub kind: Join,
}

/// How a by-pass joins what it meets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Join {
    /// Both stand side by side.
    Concat,
    /// Both are added, or combined element by element.
    Add,
    /// Inside a closed module or an operator of its own kind.
    Inside,
}

/// The least share of the path that a single by-pass encloses in a U.
const SINGLE: f64 = 1.0 / 3.0;

/// The U-shape of a model, if it has one: by-passes that join equal resolutions around coarser ones, at two resolutions
/// or more, or one that encloses a good part of the model. Names play no part.
///
/// # Cost
/// Near-linear in the boxes and arrows of the view.
///
/// # Source
/// Ronneberger, Fischer, Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation*, 2015, figure 1.
pub fn u_shape(graph: &Graph, view: &View) -> Option<UShape> {
    let course = Course::new(graph, view);
    let skips: Vec<(&Link, usize)> =
        course.links.iter().filter_map(|l| Some((l, course.u_skip(graph, view, l)?))).collect();
    let mut joined: Vec<Level> = skips.iter().map(|(l, _)| course.level(l.to)).collect();
    joined.sort_unstable();
    joined.dedup();
    let bottoms = course.bottoms();
    let fits = match (joined.len(), skips.as_slice()) {
        (0, _) => false,
        (1, [(link, _)]) => {
            #[expect(clippy::cast_precision_loss, reason = "paths are far shorter than 2^53")]
            let share = (link.to - link.from) as f64 / course.path.len().max(1) as f64;
            bottoms == 1 && share >= SINGLE
        }
        (1, _) => bottoms == 1,
        // Several turns are several U in a row, each nested; branches that swap maps all the time are none.
        (_, skips) => skips.len() >= 2 * bottoms,
    };
    fits.then(|| UShape {
        levels: joined.len(),
        skips: skips
            .iter()
            .map(|(l, _)| USkip {
                source: course.path[l.from],
                target: course.path[l.to],
                kind: join(graph, view, course.path[l.to]),
            })
            .collect(),
    })
}

/// How a box joins what arrives.
pub(crate) fn join(graph: &Graph, view: &View, node: usize) -> Join {
    let node = &view.nodes[node];
    match node.kind {
        NodeKind::Merge => Join::Add,
        NodeKind::Layer if node.category == Category::Elementwise => Join::Add,
        NodeKind::Layer if node.operators.iter().any(|n| is_concat(graph, *n)) => Join::Concat,
        _ => Join::Inside,
    }
}

fn is_concat(graph: &Graph, node: netloom_graph::NodeId) -> bool {
    graph.node(node).layer.is_some_and(|l| l.name == "concat")
}

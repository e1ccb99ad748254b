//! What each box of a view is drawn as: a volume, a bar, a sum, words.

use netloom_graph::{Category, Graph, TensorId};

use crate::tensors::{Extent, Extents, Form, Window};
use crate::view::{NodeKind, View};

/// The most channels of an image.
const COLORS: u64 = 4;

/// What a box is drawn as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    /// A box in space: maps, signals, sequences.
    Volume,
    /// A flat bar: units in a row.
    Bar,
    /// A circle with a sign: a sum or product.
    Sum,
    /// Words alone.
    Words,
    /// A frame around others.
    Frame,
}

/// One box of the view as a thing with a size.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Solid {
    pub(super) body: Body,
    /// What its tensor is.
    pub(super) extent: Extent,
    /// Whether it is a thin slab whatever its channels: pooling, a norm that stands alone.
    pub(super) thin: bool,
    /// Whether it is an image that comes in, which is never thicker than a slab.
    pub(super) sheet: bool,
    /// How its kernel moves, if it has one.
    pub(super) window: Option<Window>,
}

/// What every box of a view is drawn as.
pub(super) fn solids(graph: &Graph, view: &View) -> Vec<Solid> {
    let extents = Extents::new(graph);
    let mut carried: Vec<Option<TensorId>> = view.nodes.iter().map(|n| n.output).collect();
    for edge in &view.edges {
        carried[edge.source].get_or_insert(edge.tensor);
    }
    view.nodes
        .iter()
        .zip(&carried)
        .map(|(node, tensor)| {
            let extent = tensor.map_or_else(Extent::other, |t| unit(extents.of(graph, t)));
            let body = match node.kind {
                NodeKind::Container => Body::Frame,
                NodeKind::Merge => Body::Sum,
                NodeKind::Output | NodeKind::Stub => Body::Words,
                _ if node.is_stand_in() => Body::Words,
                NodeKind::Input if !is_drawn(&extent) => Body::Words,
                _ if matches!(extent.form, Form::Vector | Form::Scalar) => Body::Bar,
                _ => Body::Volume,
            };
            let window = node.operators.iter().find_map(|n| {
                let layer = graph.node(*n).layer?;
                matches!(layer.category, Category::Conv).then(|| Window::of(graph, *n))?
            });
            let learns = node
                .operators
                .iter()
                .any(|n| view.summary.nodes.get(n.index()).is_some_and(|row| row.parameters > 0));
            let thin = node.kind == NodeKind::Layer
                && match node.category {
                    Category::Conv
                    | Category::Linear
                    | Category::Attention
                    | Category::Recurrent
                    | Category::Embedding
                    | Category::Merge => false,
                    Category::Upsample => !learns,
                    _ => true,
                };
            let sheet =
                node.kind == NodeKind::Input && extent.channels.as_size().is_some_and(|n| n <= COLORS);
            Solid { body, extent, thin, sheet, window }
        })
        .collect()
}

/// Maps of one cell each are units in a row.
fn unit(extent: Extent) -> Extent {
    let is_cell = !extent.sides.is_empty() && extent.sides.iter().all(|d| d.as_size() == Some(1));
    if is_cell && extent.form != Form::Sequence {
        return Extent { form: Form::Vector, sides: Vec::new(), ..extent };
    }
    extent
}

/// Whether an input is something to look at rather than a number.
fn is_drawn(extent: &Extent) -> bool {
    !matches!(extent.form, Form::Scalar | Form::Other)
}

impl Solid {
    /// Whether the sides of its maps are known to be those of another.
    pub(super) fn same_stage(&self, other: &Self) -> bool {
        self.body == Body::Volume && other.body == Body::Volume && self.extent.same_sides(&other.extent)
    }

    /// The sides as they are printed: `224×224`, `length 128`; empty for units.
    pub(super) fn size(&self) -> String {
        let sides: Vec<String> = self.extent.sides.iter().map(crate::number::dim).collect();
        match self.extent.form {
            Form::Sequence | Form::Signal => format!("length {}", sides.join("×")),
            _ => sides.join("×"),
        }
    }

    /// The channels or units as they are printed; empty where nothing is known.
    pub(super) fn count(&self) -> String {
        if self.extent.form == Form::Other {
            String::new()
        } else {
            crate::number::dim(&self.extent.channels)
        }
    }
}

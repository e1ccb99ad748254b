//! Tensors in rows that are read like lines of text, with the operations between them: what styles of maps and units share.
//!
//! [`Plan`] says which boxes of a view are drawn as tensors and which as words beside them, [`place`](Plan::place) puts
//! them into as many rows as the page needs, and [`Placed::draw`] draws all but the tensors themselves and what joins
//! them, which each style does in its own way.

use netloom_graph::{NodeId, TensorId};
use netloom_scene::TextRun;
use netloom_scene::kurbo::{BezPath, Point, Rect, Size};
use netloom_scene::{Color, Group, Item, Key, Role};

use crate::tensors::Extent;

mod cuts;
mod draw;
mod place;
mod plan;
mod row;
mod words;

pub(super) use words::{Names, above, below};

/// How much wider than the page rows may be, since type may print a little smaller.
const STRETCH: f64 = 1.1;

/// What is drawn of a view.
pub(super) struct Plan {
    /// Tensors, joins and words.
    pub(super) pieces: Vec<Piece>,
    /// What leads from one to another.
    pub(super) links: Vec<Link>,
    /// Frames of blocks that come several times, by index of the view's nodes, and the frame around each.
    pub(super) frames: Vec<(usize, Option<usize>)>,
}

/// A tensor, a join or words.
pub(super) struct Piece {
    /// The box of the view, by index.
    pub(super) node: usize,
    /// What it is drawn as.
    pub(super) kind: Kind,
    /// How large the tensor is.
    pub(super) extent: Extent,
    /// The tensor, if known.
    pub(super) tensor: Option<TensorId>,
    /// The operator with weights or a window that makes it.
    pub(super) layer: Option<NodeId>,
    /// What is done to it without a change of size: activation, dropout.
    pub(super) then: Vec<Then>,
    /// What the model calls it, where it is one of its results.
    pub(super) result: Option<String>,
    /// The frame around it, by index of [`Plan::frames`].
    pub(super) frame: Option<usize>,
}

/// What is done to a tensor without a change of size.
pub(super) struct Then {
    /// In words.
    pub(super) title: String,
    /// The share of units that are dropped, where that is what is done.
    pub(super) dropout: Option<f64>,
}

/// What a piece is drawn as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The tensor that a layer makes, or an input.
    Tensor,
    /// The tensor that a closed module makes.
    Closed,
    /// A small circle with a sign.
    Merge,
    /// Words alone.
    Word,
}

/// What leads from one piece to another.
pub(super) struct Link {
    /// Where it starts.
    pub(super) source: usize,
    /// Where it ends.
    pub(super) target: usize,
    /// The arrow of the view, by index.
    pub(super) edge: usize,
    /// Whether maps are laid out as one vector on the way.
    pub(super) flattens: bool,
}

/// The size and the words of a piece.
#[derive(Clone, Default)]
pub(super) struct Measure {
    /// The drawing itself, px.
    pub(super) body: Size,
    /// How far from the drawing's left and right end arrows meet it at half its height, px.
    pub(super) inset: f64,
    /// Lines above it.
    pub(super) above: Vec<TextRun>,
    /// Lines below the way that leads to it.
    pub(super) below: Vec<TextRun>,
    /// The least space before it, px, where that is more than usual.
    pub(super) lead: f64,
    /// Whether the lines below stand under the drawing itself, and lines fan out from it to both sides.
    pub(super) under: bool,
}

/// Where everything is.
#[derive(Clone)]
pub(super) struct Placed {
    /// The drawing of each piece.
    pub(super) bodies: Vec<Rect>,
    /// The row of each piece.
    pub(super) rows: Vec<usize>,
    /// The course of each link; two points where it runs straight from one drawing to the next.
    pub(super) courses: Vec<Vec<Point>>,
    /// Whether nothing but the link lies between the two drawings.
    pub(super) direct: Vec<bool>,
    /// The course from one row to the next, and the link that it is the first part of.
    pub(super) turns: Vec<(Vec<Point>, Option<usize>)>,
    /// Frames of blocks that come several times.
    pub(super) frames: Vec<Rect>,
    /// Lines above and below each piece, with where each line's baseline starts.
    pub(super) texts: Vec<Vec<(TextRun, Point, bool)>>,
    /// The whole, px.
    pub(super) size: Size,
}

/// How badly pieces are placed: how much too wide in steps, how many rows, and whether they are too high.
pub(super) type Cost = (u32, usize, bool);

/// A step in which what is too wide is counted, px.
const STEP: f64 = 8.0;

impl Placed {
    /// How badly everything is placed for so much room.
    pub(super) fn cost(&self, room: Size) -> Cost {
        let over = (self.size.width - STRETCH * room.width).max(0.0) / STEP;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and cut off"
        )]
        let over = over.ceil().min(1e6) as u32;
        (over, self.rows.iter().max().map_or(0, |r| r + 1), self.size.height > room.height)
    }
}

/// What joins two tensors in the place of an arrow.
pub(super) struct Joint {
    /// Lines and areas with fill and stroke; the first is a line from one tensor to the other.
    pub(super) strokes: Vec<Stroked>,
}

/// A line or area.
pub(super) struct Stroked {
    /// Its course.
    pub(super) shape: BezPath,
    /// Inside, if any.
    pub(super) fill: Option<Color>,
    /// Colour and width, px, of its outline; width 0 for none.
    pub(super) stroke: (Color, f64),
    /// Whether the outline is dashed.
    pub(super) dashed: bool,
}

/// Gives everything in a group keys of its own, so that a figure may hold the same drawing twice.
pub(super) fn retag(group: &mut Group, tag: &str) {
    let new =
        |key: &Key| Key::new(format!("{key}{}{tag}", if key.as_str().contains('#') { "-" } else { "#" }));
    group.key = new(&group.key);
    if let Role::Edge { from, to } = &mut group.role {
        (*from, *to) = (new(from), new(to));
    }
    for item in &mut group.children {
        match item {
            Item::Group(group) => retag(group, tag),
            Item::Path(path) => path.key = new(&path.key),
            Item::Text(text) => text.key = new(&text.key),
            Item::Image(image) => image.key = new(&image.key),
        }
    }
}

//! What layout is told: everything it considers, and comparable, so that a cache needs one `==`.

use crate::{Insets, Size};

/// A graph to lay out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LayoutInput {
    /// Nodes in reading order; ties everywhere are broken by it.
    pub nodes: Vec<Node>,
    /// Edges in reading order.
    pub edges: Vec<Edge>,
    /// Where the flow goes.
    pub direction: Direction,
    /// Distances to keep.
    pub spacing: Spacing,
}

/// A box, or a container of boxes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Node {
    /// The container it stands in, by index; `None` at the top level. Containers may be nested in any order of index;
    /// a cycle of parents is cut at its lowest index.
    pub parent: Option<usize>,
    /// Outer size, px. For a container the least size; it grows around its content.
    pub size: Size,
    /// Space kept inside the border when the node turns out to be a container.
    pub padding: Insets,
    /// Named places on the border; an edge without a port may attach anywhere that suits the layout.
    pub ports: Vec<Port>,
    /// Whether the node is a small merge mark (a circle): the trunk enters it against the flow, other edges may enter
    /// from whichever side faces them.
    pub merge: bool,
    /// Whether the node is a small satellite of the one box it leads to: it stands beside that box where its sides are
    /// free, with a short arrow across the flow, instead of above it.
    pub beside: bool,
    /// Width kept free beside the node for a note that the caller draws there (right of the node in a downward
    /// flow), px.
    pub note: Size,
}

/// A fixed place on the border of a node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Port {
    /// Which side, as drawn for a downward flow; it turns with the direction.
    pub side: Side,
    /// Distance from the left or top end of that side, as a fraction from 0 to 1.
    pub at: f64,
}

/// A side of a node in a downward flow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// Where the flow enters.
    Top,
    /// Right of the flow.
    Right,
    /// Where the flow leaves.
    Bottom,
    /// Left of the flow.
    Left,
}

/// A connection from one leaf node to another. Ends at containers that have content are moved to their border.
#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// Where it starts.
    pub source: End,
    /// Where its arrow points.
    pub target: End,
    /// Edges of one bundle carry the same value from the same source: they leave as one line, share their way as long
    /// as they can, and cross a container's border at one place.
    pub bundle: Option<usize>,
    /// What it is, which chooses where it runs.
    pub kind: EdgeKind,
    /// How much a straight short course matters, from 1 upward; the trunk of a network is 8.
    pub weight: u32,
    /// Room for a label on its way; zero for none.
    pub label: Size,
}

/// One end of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// The node, by index.
    pub node: usize,
    /// The port of that node, by index, if it matters which.
    pub port: Option<usize>,
}

/// What an edge is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum EdgeKind {
    /// Ordinary flow.
    #[default]
    Flow,
    /// A by-pass: runs in a lane beside what it passes, and enters a merge from the side.
    Skip,
    /// Runs against the flow: a recurrence.
    Back,
}

/// Where the flow goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Direction {
    /// From top to bottom.
    #[default]
    Down,
    /// From bottom to top.
    Up,
    /// From left to right.
    Right,
    /// From right to left.
    Left,
}

/// Distances to keep, px.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spacing {
    /// Between a rank and the next, border to border, at the least.
    pub rank: f64,
    /// Between neighbours in a rank.
    pub node: f64,
    /// Between two lines that run side by side, and between a line and a box it passes.
    pub lane: f64,
}

impl Default for Spacing {
    fn default() -> Self {
        Self { rank: 24.0, node: 20.0, lane: 12.0 }
    }
}

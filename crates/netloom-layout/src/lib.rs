//! Sizes in, positions out: layered layout of nested graphs with ports and orthogonal routes.
//!
//! The crate knows rectangles, ports, edges and nesting, and nothing of text, colour or networks. [`layout`] is total:
//! any [`LayoutInput`], however odd, gives a [`Layout`]. It uses no recursion, and equal inputs give equal layouts.

pub mod geometry;
pub mod input;
pub mod output;

pub use geometry::{Insets, Point, Rect, Size};
pub use input::{Direction, Edge, EdgeKind, End, LayoutInput, Node, Port, Side, Spacing};
pub use output::{Layout, Route, Stats};

//! What layout gives back.

use crate::{Point, Rect, Size};

/// Positions of everything.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Layout {
    /// The smallest size that holds all nodes and routes; the content's top left corner is the origin.
    pub size: Size,
    /// One rectangle per node of the input.
    pub nodes: Vec<Rect>,
    /// One route per edge of the input.
    pub routes: Vec<Route>,
    /// How good the drawing is, in numbers.
    pub stats: Stats,
}

/// The course of an edge: straight horizontal and vertical lines through these points.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Route {
    /// From the source's border to the target's border; at least two points unless an end does not exist. Consecutive
    /// points differ in one coordinate only, and no three in a row are on a line.
    pub points: Vec<Point>,
    /// Where the label may stand, if room was asked for.
    pub label: Option<Rect>,
    /// Whether it runs against the flow because the graph has a cycle.
    pub reversed: bool,
}

/// Measures of quality.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Places where lines of different bundles cross; what edges of a bundle share counts once.
    pub crossings: usize,
    /// Corners of all routes.
    pub bends: usize,
}

//! Places by how far along the flow and across it they are, whichever way it runs.

use netloom_layout::{Direction, Point, Rect, Size};

use super::place::runs_across;

/// The directions of a drawing: `u` grows along the flow, `v` to the right of a downward or upward flow and to the bottom
/// of one from side to side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes(pub(super) Direction);

/// A rectangle along and across the flow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Span {
    pub(super) u0: f64,
    pub(super) u1: f64,
    pub(super) v0: f64,
    pub(super) v1: f64,
}

impl Span {
    /// The rectangle with two opposite corners.
    pub(super) fn between(a: (f64, f64), b: (f64, f64)) -> Self {
        Self { u0: a.0.min(b.0), u1: a.0.max(b.0), v0: a.1.min(b.1), v1: a.1.max(b.1) }
    }

    /// Whether two rectangles share more than their borders.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.u0 < other.u1 && other.u0 < self.u1 && self.v0 < other.v1 && other.v0 < self.v1
    }
}

impl Axes {
    pub(super) fn is_across(self) -> bool {
        runs_across(self.0)
    }

    /// A point of the page.
    pub(super) fn to_page(self, (u, v): (f64, f64)) -> Point {
        match self.0 {
            Direction::Down => Point::new(v, u),
            Direction::Up => Point::new(v, -u),
            Direction::Right => Point::new(u, v),
            Direction::Left => Point::new(-u, v),
        }
    }

    /// Along and across of a point of the page.
    pub(super) fn along(self, p: Point) -> (f64, f64) {
        match self.0 {
            Direction::Down => (p.y, p.x),
            Direction::Up => (-p.y, p.x),
            Direction::Right => (p.x, p.y),
            Direction::Left => (-p.x, p.y),
        }
    }

    /// A rectangle of the page along and across.
    pub(super) fn span_of(self, r: Rect) -> Span {
        let corner = |x, y| self.along(Point::new(x, y));
        Span::between(corner(r.x, r.y), corner(r.right(), r.bottom()))
    }

    /// A rectangle of the page.
    pub(super) fn rect(self, span: Span) -> Rect {
        let (a, b) = (self.to_page((span.u0, span.v0)), self.to_page((span.u1, span.v1)));
        Rect { x: a.x.min(b.x), y: a.y.min(b.y), width: (a.x - b.x).abs(), height: (a.y - b.y).abs() }
    }

    /// Length along the flow and across it.
    pub(super) fn size(self, size: Size) -> (f64, f64) {
        if self.is_across() { (size.width, size.height) } else { (size.height, size.width) }
    }

    /// Makes a box longer along the flow.
    pub(super) fn lengthen(self, size: &mut Size, by: f64) {
        *(if self.is_across() { &mut size.width } else { &mut size.height }) += by;
    }
}

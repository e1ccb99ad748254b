//! Points, sizes and rectangles: origin top left, y down, CSS px.

/// A place.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    /// Distance from the left, px.
    pub x: f64,
    /// Distance from the top, px.
    pub y: f64,
}

impl Point {
    /// The point at `x`, `y`.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

/// Width and height.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Size {
    /// Width, px.
    pub width: f64,
    /// Height, px.
    pub height: f64,
}

impl Size {
    /// A size of `width` by `height`.
    pub const fn new(width: f64, height: f64) -> Self {
        Self { width, height }
    }
}

/// Space kept free inside the border of a container.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Insets {
    /// Px above the content; holds the header.
    pub top: f64,
    /// Px right of the content.
    pub right: f64,
    /// Px below the content.
    pub bottom: f64,
    /// Px left of the content.
    pub left: f64,
}

/// A rectangle with sides along the axes.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Left edge, px.
    pub x: f64,
    /// Top edge, px.
    pub y: f64,
    /// Width, px.
    pub width: f64,
    /// Height, px.
    pub height: f64,
}

impl Rect {
    /// A rectangle from its left top corner and size.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width, height }
    }

    /// Right edge, px.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Bottom edge, px.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The middle.
    pub fn center(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

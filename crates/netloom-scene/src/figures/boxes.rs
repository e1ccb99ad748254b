//! Rectangles with square and with round corners.

use kurbo::{BezPath, Point, Rect};

use crate::{Key, Path};

/// How far from its end the handle of a quarter circle stands, in radii: the usual cubic, off by 0.03 % at most.
pub(super) const HANDLE: f64 = 0.447_715_250_169_2;

/// A rectangle with corners of a radius, px; a radius too large for it is made to fit.
pub fn rounded_rect(key: impl Into<Key>, rect: Rect, radius: f64) -> Path {
    Path::new(key, corners(rect, [radius; 4]))
}

/// A rectangle with square corners.
pub fn rect(key: impl Into<Key>, rect: Rect) -> Path {
    rounded_rect(key, rect, 0.0)
}

/// A rectangle whose short ends are half circles.
pub fn oblong(key: impl Into<Key>, rect: Rect) -> Path {
    rounded_rect(key, rect, rect.width().abs().min(rect.height().abs()) / 2.0)
}

/// A rectangle with a radius for each corner: left top, right top, right bottom, left bottom. Drawn clockwise from the
/// left top.
pub(super) fn corners(rect: Rect, radii: [f64; 4]) -> BezPath {
    let rect = rect.abs();
    let limit = rect.width().min(rect.height()) / 2.0;
    let [a, b, c, d] = radii.map(|r| if r.is_finite() { r.clamp(0.0, limit) } else { 0.0 });
    let mut path = BezPath::new();
    let mut corner = |from: Point, at: Point, to: Point| {
        if path.elements().is_empty() {
            path.move_to(from);
        } else {
            path.line_to(from);
        }
        if from != to {
            path.curve_to(at.lerp(from, HANDLE), at.lerp(to, HANDLE), to);
        }
    };
    let Rect { x0, y0, x1, y1 } = rect;
    corner(Point::new(x0, y0 + a), Point::new(x0, y0), Point::new(x0 + a, y0));
    corner(Point::new(x1 - b, y0), Point::new(x1, y0), Point::new(x1, y0 + b));
    corner(Point::new(x1, y1 - c), Point::new(x1, y1), Point::new(x1 - c, y1));
    corner(Point::new(x0 + d, y1), Point::new(x0, y1), Point::new(x0, y1 - d));
    path.close_path();
    path
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use kurbo::Shape as _;

    use super::*;

    #[test]
    fn corners_are_round_and_fit() {
        let r = Rect::new(1.0, 2.0, 41.0, 22.0);
        for (radius, expected) in
            [(0.0, 800.0), (5.0, 800.0 - (4.0 - PI) * 25.0), (99.0, 800.0 - (4.0 - PI) * 100.0)]
        {
            let path = rounded_rect("a", r, radius).shape;
            assert!((path.area() - expected).abs() < 0.1, "{radius}: {}", path.area());
            assert_eq!(path.bounding_box(), r, "{radius}");
        }
        assert_eq!(rounded_rect("a", r, f64::NAN).shape, rect("a", r).shape);
        assert_eq!(rect("a", Rect::new(41.0, 22.0, 1.0, 2.0)).shape, rect("a", r).shape);
        assert_eq!(rect("a", r).shape.elements().len(), 5);
    }
}

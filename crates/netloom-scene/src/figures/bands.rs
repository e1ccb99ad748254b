//! Bands of a box: parts of it in another colour, whose outer corners follow the box's.

use kurbo::{BezPath, Point, Rect};

use super::boxes::corners;
use crate::{Color, Key, Path};

/// Fills parts of a rounded box, each with its colour. A part that reaches into a corner of the box is rounded there.
/// The pieces are keyed `band-fill0`, `band-fill1`, ….
pub fn bands(key: &Key, outer: Rect, radius: f64, parts: &[(Rect, Color)]) -> Vec<Path> {
    /// Parts that end this near the box's side end on it.
    const NEAR: f64 = 1e-6;
    let near = |a: f64, b: f64| (a - b).abs() < NEAR;
    parts
        .iter()
        .enumerate()
        .map(|(i, (part, color))| {
            let (left, right) = (near(part.x0, outer.x0), near(part.x1, outer.x1));
            let (top, bottom) = (near(part.y0, outer.y0), near(part.y1, outer.y1));
            let at = |corner: bool| if corner { radius } else { 0.0 };
            let radii = [at(left && top), at(right && top), at(right && bottom), at(left && bottom)];
            Path::new(key.piece(&format!("band-fill{i}")), corners(*part, radii)).filled(*color)
        })
        .collect()
}

/// Slanting lines across a rectangle, `gap` px apart: a mark that also shows in grey. To be stroked.
pub fn hatch(key: impl Into<Key>, rect: Rect, gap: f64) -> Path {
    /// More lines than this would be a fill.
    const MAX_LINES: f64 = 1000.0;
    let rect = rect.abs();
    let (width, height) = (rect.width(), rect.height());
    let gap = gap.max((width + height) / MAX_LINES);
    let mut path = BezPath::new();
    // Each line runs from the top or right side to the left or bottom one; `d` is x + y along it, from the left top.
    let mut d = gap;
    while gap > 0.0 && d < width + height {
        let from = if d <= width { Point::new(d, 0.0) } else { Point::new(width, d - width) };
        let to = if d <= height { Point::new(0.0, d) } else { Point::new(d - height, height) };
        path.move_to(rect.origin() + from.to_vec2());
        path.line_to(rect.origin() + to.to_vec2());
        d += gap;
    }
    Path::new(key, path)
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;
    use crate::figures::rounded_rect;

    #[test]
    fn bands_fill_the_box_exactly() {
        let outer = Rect::new(0.0, 0.0, 60.0, 20.0);
        let color = Color::parse("77aadd").unwrap();
        let part = |a: f64, b: f64| (Rect::new(a, 0.0, b, 20.0), color);
        let paths = bands(&Key::new("a"), outer, 3.0, &[part(0.0, 20.0), part(20.0, 40.0), part(40.0, 60.0)]);
        let total: f64 = paths.iter().map(|p| p.shape.area()).sum();
        assert!((total - rounded_rect("b", outer, 3.0).shape.area()).abs() < 1e-9);
        assert_eq!(paths[1].shape.elements().len(), 5, "an inner band has square corners");
        assert_eq!(paths[2].key.as_str(), "a#band-fill2");
    }

    #[test]
    fn hatching_stays_inside() {
        let r = Rect::new(5.0, 5.0, 35.0, 15.0);
        let path = hatch("h", r, 4.0).shape;
        assert_eq!(path.elements().len(), 18);
        assert!(r.inflate(1e-9, 1e-9).contains_rect(path.bounding_box()));
        assert!(hatch("h", r, 1e-12).shape.elements().len() <= 2002);
        assert!(hatch("h", Rect::ZERO, 0.0).shape.is_empty());
        assert!(hatch("h", r, f64::NAN).shape.elements().len() <= 2002);
    }
}

//! Circles with a sign: where arrows are added or multiplied.

use kurbo::{BezPath, Circle, Rect, Shape as _, Vec2};

use crate::{Key, Path};

/// A circle in a rectangle and the plus in it, keyed `circle` and `sign`. The circle is to be filled and stroked, the
/// sign to be stroked.
pub fn plus(key: &Key, rect: Rect) -> (Path, Path) {
    let arm = radius(rect) * 0.58;
    sign(key, rect, Vec2::new(arm, 0.0), Vec2::new(0.0, arm))
}

/// A circle in a rectangle and the multiplication cross in it, keyed and to be painted as [`plus`].
pub fn times(key: &Key, rect: Rect) -> (Path, Path) {
    let arm = radius(rect) * 0.42;
    sign(key, rect, Vec2::new(arm, arm), Vec2::new(arm, -arm))
}

fn sign(key: &Key, rect: Rect, a: Vec2, b: Vec2) -> (Path, Path) {
    /// How far the outline may be off a circle, px.
    const TOLERANCE: f64 = 1e-3;
    let center = rect.center();
    let mut cross = BezPath::new();
    for arm in [a, b] {
        cross.move_to(center - arm);
        cross.line_to(center + arm);
    }
    let circle = Circle::new(center, radius(rect)).to_path(TOLERANCE);
    (Path::new(key.piece("circle"), circle), Path::new(key.piece("sign"), cross))
}

fn radius(rect: Rect) -> f64 {
    rect.width().abs().min(rect.height().abs()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_inside_their_circles() {
        let rect = Rect::new(10.0, 10.0, 30.0, 24.0);
        for (circle, sign) in [plus(&Key::new("a"), rect), times(&Key::new("a"), rect)] {
            let bounds = circle.shape.bounding_box();
            assert!((bounds.width() - 14.0).abs() < 0.01 && (bounds.center() - rect.center()).hypot() < 0.01);
            assert!(bounds.inset(-1.0).contains_rect(sign.shape.bounding_box()));
            assert_eq!(sign.shape.bounding_box().center(), rect.center());
        }
    }
}

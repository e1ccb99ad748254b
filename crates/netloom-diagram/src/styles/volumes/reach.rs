//! Arrows that reach from volume to volume: layout leads them to boxes that hold words too.

use netloom_layout::Point;
use netloom_scene::kurbo::Vec2;

use super::place::Shape;

/// How far from the ends of a volume's height arrows leave it at the least, as a part of the height.
const INSET: f64 = 0.3;
/// The longest last piece of a course that is moved as a whole, px.
const RUN: f64 = 24.0;
/// How near to a box a course may bend to reach the volume in it, px.
const NECK: f64 = 4.0;
/// Places nearer than this are one, px.
const SAME: f64 = 1e-6;

/// Moves both ends of a course to the volumes there, each a shape and where it stands.
pub(super) fn reach(points: &mut Vec<Point>, source: (&Shape, Vec2), target: (&Shape, Vec2)) {
    if points.len() < 2 {
        return;
    }
    meet(points, target, true);
    points.reverse();
    meet(points, source, false);
    points.reverse();
}

/// Moves the last point of a course; what arrives meets in the `middle`.
fn meet(points: &mut Vec<Point>, (shape, by): (&Shape, Vec2), middle: bool) {
    let [.., inner, at] = points[..] else { return };
    let hull = shape.hull + by;
    if (at.y - inner.y).abs() < SAME && !shape.placed.is_empty() {
        let inset = hull.height() * if middle { 0.5 } else { INSET };
        let y = at.y.clamp(hull.y0 + inset, (hull.y1 - inset).max(hull.y0 + inset));
        shift(points, y, at.y <= hull.y0 || at.y >= hull.y1);
    }
    let [.., inner, at] = points[..] else { return };
    let has_words = |above: bool| {
        let middle = shape.hull.center().y;
        shape.lines.iter().any(|l| (l.center.y < middle) == above)
    };
    let is_level = (at.y - inner.y).abs() < SAME && at.y > hull.y0 && at.y < hull.y1;
    let is_upright = (at.x - inner.x).abs() < SAME && at.x > hull.x0 && at.x < hull.x1;
    let end = if is_level && at.x < inner.x && hull.x1 < inner.x {
        Point::new(hull.x1, at.y)
    } else if is_level && at.x > inner.x && hull.x0 > inner.x {
        Point::new(hull.x0, at.y)
    } else if is_upright && inner.y < hull.y0 && !has_words(true) {
        Point::new(at.x, shape.top_at(at.x - by.x) + by.y)
    } else if is_upright && inner.y > hull.y1 && !has_words(false) {
        Point::new(at.x, hull.y1)
    } else {
        at
    };
    if let Some(last) = points.last_mut() {
        *last = end;
    }
}

/// Moves the last, level piece of a course to another height: with its bend where that is near, else with a new one if
/// it has to be moved.
fn shift(points: &mut Vec<Point>, y: f64, has_to: bool) {
    let [.., inner, at] = points[..] else { return };
    let n = points.len();
    let run = (at.x - inner.x).abs();
    let before = n.checked_sub(3).map(|i| points[i]).filter(|p| (p.x - inner.x).abs() < SAME);
    // The bend keeps its direction.
    let can = before.is_some_and(|p| (y - p.y) * (inner.y - p.y) > 0.0);
    if can && run <= RUN {
        points[n - 2].y = y;
        points[n - 1].y = y;
    } else if has_to && run > 2.0 * NECK {
        let x = at.x + NECK * (inner.x - at.x).signum();
        points.truncate(n - 1);
        points.extend([Point::new(x, at.y), Point::new(x, y), Point::new(at.x, y)]);
    }
}

#[cfg(test)]
mod tests {
    use netloom_scene::figures::Cuboid;
    use netloom_scene::kurbo::Rect;

    use super::*;
    use crate::styles::volumes::place::Placed;

    /// A volume from 100, 40 to 120, 60 in a box that reaches from 90, 20 to 130, 80.
    fn check(course: &[(f64, f64)], expected: &[(f64, f64)]) {
        let hull = Rect::new(100.0, 40.0, 120.0, 60.0);
        let cuboid = Cuboid { front: hull, away: Vec2::ZERO };
        let placed = vec![Placed { node: 0, row: 0, cuboid, known: true }];
        let target = Shape { placed, hull, bounds: hull.inset(20.0), ..Shape::default() };
        let mut points: Vec<Point> = course.iter().map(|(x, y)| Point::new(*x, *y)).collect();
        reach(&mut points, (&Shape::default(), Vec2::ZERO), (&target, Vec2::ZERO));
        let found: Vec<(f64, f64)> = points.iter().map(|p| (p.x, p.y)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn arrows_end_at_volumes() {
        // Straight on, with a bend that moves, and with one that is new.
        check(&[(0.0, 50.0), (90.0, 50.0)], &[(0.0, 50.0), (100.0, 50.0)]);
        check(
            &[(0.0, 0.0), (80.0, 0.0), (80.0, 30.0), (90.0, 30.0)],
            &[(0.0, 0.0), (80.0, 0.0), (80.0, 50.0), (100.0, 50.0)],
        );
        check(&[(0.0, 30.0), (90.0, 30.0)], &[(0.0, 30.0), (86.0, 30.0), (86.0, 50.0), (100.0, 50.0)]);
        // From above, as there are no words.
        check(&[(110.0, 0.0), (110.0, 20.0)], &[(110.0, 0.0), (110.0, 40.0)]);
        check(&[(0.0, 0.0)], &[(0.0, 0.0)]);
    }
}

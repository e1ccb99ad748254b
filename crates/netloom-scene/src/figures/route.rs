//! Arrows: a line along points with round bends, and its tip.

use kurbo::{BezPath, Point, Vec2};

use super::boxes::HANDLE;
use crate::{Key, Path};

/// A line along points, each bend rounded with `radius` px where there is room, and its end `shorten` px before the last
/// point so that the tip is sharp. To be stroked.
pub fn route(key: impl Into<Key>, points: &[Point], radius: f64, shorten: f64) -> Path {
    let mut points = distinct(points);
    cut_end(&mut points, shorten.max(0.0));
    let mut path = BezPath::new();
    let Some(&first) = points.first() else { return Path::new(key, path) };
    path.move_to(first);
    for i in 1..points.len().saturating_sub(1) {
        let (before, at, after) = (points[i - 1], points[i], points[i + 1]);
        // Half a segment each, so that two bends on one segment do not meet beyond its middle.
        let room = (before.distance(at) / 2.0).min(at.distance(after) / 2.0);
        let r = radius.max(0.0).min(room);
        let (enter, leave) = (toward(at, before, r), toward(at, after, r));
        path.line_to(enter);
        if r > 0.0 && (at - before).cross(after - at).abs() > 1e-9 {
            path.curve_to(at.lerp(enter, HANDLE), at.lerp(leave, HANDLE), leave);
        }
    }
    if points.len() > 1 {
        path.line_to(points[points.len() - 1]);
    }
    Path::new(key, path)
}

/// The solid tip of a line along points: a triangle ending at the last point, `length` px long and `width` px wide. To
/// be filled. Empty for fewer than two different points.
pub fn tip(key: impl Into<Key>, points: &[Point], length: f64, width: f64) -> Path {
    let points = distinct(points);
    let mut path = BezPath::new();
    if let [.., before, end] = points[..] {
        let along = (end - before).normalize();
        let across = Vec2::new(-along.y, along.x) * (width / 2.0);
        let base = end - along * length;
        path.move_to(base + across);
        path.line_to(end);
        path.line_to(base - across);
        path.close_path();
    }
    Path::new(key, path)
}

/// The points without those that are where the one before is, or nowhere.
fn distinct(points: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for &point in points.iter().filter(|p| p.is_finite()) {
        if kept.last().is_none_or(|last| last.distance(point) > 1e-9) {
            kept.push(point);
        }
    }
    kept
}

/// Takes a length off the end, but never the first point and never the whole last segment's direction.
fn cut_end(points: &mut [Point], shorten: f64) {
    if let [.., before, end] = points {
        let length = before.distance(*end);
        // A sliver stays so that the line still ends in the direction of its tip.
        *end = toward(*end, *before, shorten.min(length * 0.95));
    }
}

/// The point `distance` from `from` on the way to `to`.
fn toward(from: Point, to: Point, distance: f64) -> Point {
    let length = from.distance(to);
    if length > 0.0 { from.lerp(to, distance / length) } else { from }
}

#[cfg(test)]
mod tests {
    use kurbo::{ParamCurveArclen as _, Rect, Shape as _};

    use super::*;

    fn points(list: &[(f64, f64)]) -> Vec<Point> {
        list.iter().map(|&p| p.into()).collect()
    }

    #[test]
    fn bends_are_rounded_where_there_is_room() {
        let corner = points(&[(0.0, 0.0), (0.0, 20.0), (30.0, 20.0)]);
        let path = route("a", &corner, 6.0, 4.0).shape;
        assert_eq!(path.bounding_box(), Rect::new(0.0, 0.0, 26.0, 20.0));
        let length: f64 = path.segments().map(|s| s.arclen(1e-6)).sum();
        let expected = 14.0 + 20.0 + 6.0 * std::f64::consts::FRAC_PI_2;
        assert!((length - expected).abs() < 0.01, "{length} {expected}");
        let tight = route("a", &points(&[(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0)]), 6.0, 0.0).shape;
        assert_eq!(tight.bounding_box(), Rect::new(0.0, 0.0, 4.0, 4.0));
    }

    #[test]
    fn odd_points_do_no_harm() {
        for list in [&[][..], &[(1.0, 1.0)], &[(1.0, 1.0), (1.0, 1.0)], &[(f64::NAN, 0.0), (0.0, 0.0)]] {
            let path = route("a", &points(list), 6.0, 3.0).shape;
            assert!(path.is_finite() && path.segments().count() == 0, "{list:?}");
            assert!(tip("a", &points(list), 6.0, 5.0).shape.is_empty(), "{list:?}");
        }
    }

    #[test]
    fn tips_end_at_the_end() {
        let path = tip("a", &points(&[(0.0, 0.0), (0.0, 20.0)]), 6.0, 5.0).shape;
        assert_eq!(path.bounding_box(), Rect::new(-2.5, 14.0, 2.5, 20.0));
    }
}

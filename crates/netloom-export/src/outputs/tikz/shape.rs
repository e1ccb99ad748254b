//! Outlines as TikZ paths: rectangles as rectangles, the rest as lines and curves.

use kurbo::{BezPath, PathEl, Point, Rect, Shape as _};

/// An outline as it is written.
pub(super) enum Outline {
    /// A rectangle and the radius of its corners, px.
    Rect(Rect, f64),
    /// Anything else.
    Path(BezPath),
}

/// Deviations up to this are taken for rounding, px.
const TOLERANCE: f64 = 0.02;

/// The handle of a quarter circle as the scene draws it, from the corner, in radii.
const HANDLE: f64 = 0.447_715_250_169_2;

/// Recognises upright rectangles with square or equally round corners.
pub(super) fn outline(shape: &BezPath) -> Outline {
    let rect = shape.bounding_box();
    let elements = shape.elements();
    let radius = match elements {
        [PathEl::MoveTo(p), ..] if elements.len() >= 5 => (p.y - rect.y0).max(0.0),
        _ => return Outline::Path(shape.clone()),
    };
    if radius <= rect.width().min(rect.height()) / 2.0 + TOLERANCE && same(shape, &rounded(rect, radius)) {
        return Outline::Rect(rect, radius);
    }
    Outline::Path(shape.clone())
}

/// A rectangle as the scene draws it: clockwise from the left top.
fn rounded(rect: Rect, radius: f64) -> BezPath {
    let Rect { x0, y0, x1, y1 } = rect;
    let corners = [
        (Point::new(x0, y0 + radius), Point::new(x0, y0), Point::new(x0 + radius, y0)),
        (Point::new(x1 - radius, y0), Point::new(x1, y0), Point::new(x1, y0 + radius)),
        (Point::new(x1, y1 - radius), Point::new(x1, y1), Point::new(x1 - radius, y1)),
        (Point::new(x0 + radius, y1), Point::new(x0, y1), Point::new(x0, y1 - radius)),
    ];
    let mut path = BezPath::new();
    for (from, at, to) in corners {
        if path.elements().is_empty() {
            path.move_to(from);
        } else {
            path.line_to(from);
        }
        if radius > 0.0 {
            path.curve_to(at.lerp(from, HANDLE), at.lerp(to, HANDLE), to);
        }
    }
    path.close_path();
    path
}

/// Whether two outlines are one, lines of no length left out.
fn same(a: &BezPath, b: &BezPath) -> bool {
    let (mut a, mut b) = (points(a), points(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(p), Some(q)) if p.distance(q) <= TOLERANCE => {}
            _ => return false,
        }
    }
}

fn points(path: &BezPath) -> impl Iterator<Item = Point> + '_ {
    let mut last = None;
    path.elements().iter().flat_map(move |element| {
        let found = match *element {
            PathEl::MoveTo(p) => vec![p],
            PathEl::LineTo(p) if last.is_some_and(|l: Point| l.distance(p) <= TOLERANCE) => vec![],
            PathEl::LineTo(p) => vec![p],
            PathEl::QuadTo(a, p) => vec![a, p],
            PathEl::CurveTo(a, b, p) => vec![a, b, p],
            PathEl::ClosePath => vec![],
        };
        last = found.last().copied().or(last);
        found
    })
}

/// Writes an outline without its end.
pub(super) fn push_outline(out: &mut String, outline: &Outline) {
    let path = match outline {
        Outline::Rect(rect, _) => {
            *out += &point(Point::new(rect.x0, rect.y0));
            *out += " rectangle ";
            *out += &point(Point::new(rect.x1, rect.y1));
            return;
        }
        Outline::Path(path) => path,
    };
    let mut last = Point::ZERO;
    for (i, element) in path.elements().iter().enumerate() {
        match *element {
            PathEl::MoveTo(p) => {
                *out += &format!("{}{}", if i == 0 { "" } else { " " }, point(p));
                last = p;
            }
            PathEl::LineTo(p) => {
                *out += &format!(" -- {}", point(p));
                last = p;
            }
            PathEl::QuadTo(a, p) => {
                let (b, c) = (last.lerp(a, 2.0 / 3.0), p.lerp(a, 2.0 / 3.0));
                *out += &format!(" .. controls {} and {} .. {}", point(b), point(c), point(p));
                last = p;
            }
            PathEl::CurveTo(a, b, p) => {
                *out += &format!(" .. controls {} and {} .. {}", point(a), point(b), point(p));
                last = p;
            }
            PathEl::ClosePath => *out += " -- cycle",
        }
    }
}

/// A point: `(12.5,40)`.
pub(super) fn point(p: Point) -> String {
    format!("({},{})", number(p.x), number(p.y))
}

/// A number with at most three decimals.
pub(super) fn number(x: f64) -> String {
    let text = format!("{x:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use netloom_scene::figures::{oblong, rounded_rect};

    use super::*;

    fn check(shape: &BezPath, expected: &str) {
        let mut out = String::new();
        let outline = outline(shape);
        push_outline(&mut out, &outline);
        if let Outline::Rect(_, radius) = outline {
            out += &format!(" r{}", number(radius));
        }
        assert_eq!(out, expected);
    }

    #[test]
    fn rectangles_are_written_as_such() {
        let rect = Rect::new(1.0, 2.0, 41.0, 22.0);
        check(&rounded_rect("a", rect, 0.0).shape, "(1,2) rectangle (41,22) r0");
        check(&rounded_rect("a", rect, 3.0).shape, "(1,2) rectangle (41,22) r3");
        check(&oblong("a", rect).shape, "(1,2) rectangle (41,22) r10");
        let mut line = BezPath::new();
        line.move_to((0.0, 0.0));
        line.line_to((0.0, 10.125));
        line.quad_to((3.0, 10.0), (6.0, 13.0));
        check(&line, "(0,0) -- (0,10.125) .. controls (2,10.042) and (4,11) .. (6,13)");
        let mut slanted = BezPath::new();
        for (i, p) in [(0.0, 0.0), (4.0, 1.0), (4.0, 5.0), (0.0, 4.0)].into_iter().enumerate() {
            if i == 0 { slanted.move_to(p) } else { slanted.line_to(p) }
        }
        slanted.close_path();
        check(&slanted, "(0,0) -- (4,1) -- (4,5) -- (0,4) -- cycle");
    }
}

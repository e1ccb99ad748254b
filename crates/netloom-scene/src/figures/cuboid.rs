//! Boxes in space, drawn obliquely: front, top and right side, each in its shade.

use kurbo::{BezPath, Point, Rect, Vec2};

use crate::{Color, Key, Path};

/// How far the top is on the way to white and the side to black: both about 12 of the 100 steps of lightness away from
/// the front (CIELAB).
const LIGHT: (f64, f64) = (0.35, -0.18);

/// Stripes of a box from left to right, each this wide, px, and in this colour.
pub type Stripe = (f64, Color);

/// A box in space: its front stands in the page, and what is one px behind lies `away` from it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cuboid {
    /// The front, px.
    pub front: Rect,
    /// From the front to the back: to the right and up.
    pub away: Vec2,
}

impl Cuboid {
    /// The box around front and back.
    pub fn bounds(&self) -> Rect {
        self.front.union(self.front + self.away)
    }

    /// A point of the right side: `deep` of the way from front to back and `down` of the way from top to bottom.
    pub fn on_side(&self, deep: f64, down: f64) -> Point {
        Point::new(self.front.x1, self.front.y0 + down * self.front.height()) + self.away * deep
    }

    /// The outline: front, top and side in one.
    pub fn outline(&self) -> BezPath {
        let (f, a) = (self.front, self.away);
        let corner = |x: f64, y: f64| Point::new(x, y);
        polygon(&[
            corner(f.x0, f.y1),
            corner(f.x0, f.y0),
            corner(f.x0, f.y0) + a,
            corner(f.x1, f.y0) + a,
            corner(f.x1, f.y1) + a,
            corner(f.x1, f.y1),
        ])
    }

    /// The right side, from its front top corner.
    pub fn side(&self) -> BezPath {
        polygon(&[
            self.on_side(0.0, 0.0),
            self.on_side(1.0, 0.0),
            self.on_side(1.0, 1.0),
            self.on_side(0.0, 1.0),
        ])
    }

    /// The faces that are seen, back to front, to be painted over one another: those of each stripe keyed `top0`,
    /// `front0` and so on, then `side` in the colour of the body, then the lines between stripes and along the edges, keyed `edges`, which are to
    /// be stroked. Hidden edges are left out. A box without depth is its front alone.
    pub fn faces(&self, key: &Key, stripes: &[Stripe], body: Color) -> (Vec<Path>, Path) {
        let Self { front, away } = *self;
        let is_flat = away.hypot() < 1e-9;
        let mut fills = Vec::with_capacity(2 * stripes.len() + 1);
        let mut edges = polygon(&[
            Point::new(front.x0, front.y0),
            Point::new(front.x1, front.y0),
            Point::new(front.x1, front.y1),
            Point::new(front.x0, front.y1),
        ]);
        let mut x = front.x0;
        for (i, (width, color)) in stripes.iter().enumerate() {
            let end = if i + 1 == stripes.len() { front.x1 } else { (x + width).min(front.x1) };
            let (a, b) = (Point::new(x, front.y0), Point::new(end, front.y0));
            if !is_flat {
                let top = polygon(&[a, a + away, b + away, b]);
                fills.push(Path::new(key.piece(&format!("top{i}")), top).filled(color.tint(LIGHT.0)));
            }
            let (c, d) = (Point::new(end, front.y1), Point::new(x, front.y1));
            fills.push(Path::new(key.piece(&format!("front{i}")), polygon(&[a, b, c, d])).filled(*color));
            if i + 1 < stripes.len() {
                edges.move_to(c);
                edges.line_to(b);
                if !is_flat {
                    edges.line_to(b + away);
                }
            }
            x = end;
        }
        if !is_flat {
            fills.push(Path::new(key.piece("side"), self.side()).filled(body.tint(LIGHT.1)));
            let corner = Point::new(front.x0, front.y0);
            edges.move_to(corner);
            edges.line_to(corner + away);
            edges.line_to(self.on_side(1.0, 0.0));
            edges.line_to(self.on_side(1.0, 1.0));
            edges.line_to(self.on_side(0.0, 1.0));
            edges.move_to(self.on_side(0.0, 0.0));
            edges.line_to(self.on_side(1.0, 0.0));
        }
        (fills, Path::new(key.piece("edges"), edges))
    }
}

fn polygon(points: &[Point]) -> BezPath {
    let mut path = BezPath::new();
    for (i, point) in points.iter().enumerate() {
        if i == 0 {
            path.move_to(*point);
        } else {
            path.line_to(*point);
        }
    }
    path.close_path();
    path
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;
    use crate::Theme;

    fn check(away: Vec2, stripes: usize, faces: &[&str]) {
        let cuboid = Cuboid { front: Rect::new(10.0, 20.0, 30.0, 60.0), away };
        let color = Theme::light().swatch("conv").fill;
        let stripes: Vec<Stripe> = (0..stripes).map(|_| (5.0, color)).collect();
        let (fills, edges) = cuboid.faces(&Key::new("a"), &stripes, color);
        let found: Vec<&str> = fills.iter().filter_map(|p| p.key.as_str().strip_prefix("a#")).collect();
        assert_eq!(found, faces);
        // Together the faces are the outline, and no edge leaves it.
        let area: f64 = fills.iter().map(|p| p.shape.area().abs()).sum();
        assert!((area - cuboid.outline().area().abs()).abs() < 1e-6, "{area}");
        assert_eq!(edges.shape.bounding_box(), cuboid.bounds());
        let front = fills.iter().rfind(|p| p.key.as_str().contains("front")).and_then(|p| p.fill);
        let shade = |name: &str| fills.iter().find(|p| p.key.as_str().contains(name)).and_then(|p| p.fill);
        if let (Some(front), Some(top), Some(side)) = (front, shade("top"), shade("side")) {
            assert!(top.lightness() > front.lightness() && side.lightness() < front.lightness());
        }
    }

    #[test]
    fn faces_make_up_the_outline() {
        check(Vec2::new(8.0, -6.0), 1, &["top0", "front0", "side"]);
        check(Vec2::new(8.0, -6.0), 2, &["top0", "front0", "top1", "front1", "side"]);
        check(Vec2::ZERO, 2, &["front0", "front1"]);
    }

    #[test]
    fn places_on_the_side_are_projected() {
        let cuboid = Cuboid { front: Rect::new(0.0, 0.0, 10.0, 40.0), away: Vec2::new(8.0, -6.0) };
        assert_eq!(cuboid.on_side(0.5, 0.5), Point::new(14.0, 17.0));
        assert_eq!(cuboid.side().bounding_box(), Rect::new(10.0, -6.0, 18.0, 40.0));
    }
}

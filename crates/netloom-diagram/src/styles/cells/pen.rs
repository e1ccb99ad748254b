//! Draws with the symbols of the grammar: learned layers, pointwise operations, vectors that fork and join, steps.

use netloom_scene::figures::{label_at, label_from, oblong, rounded_rect, route, tip};
use netloom_scene::kurbo::{BezPath, Circle, Point, Rect, Shape as _, Size, Vec2};
use netloom_scene::text::shape;
use netloom_scene::{Group, Path, Role, Swatch, Theme};

use super::symbols::Symbol;

/// Size of a learned layer within a cell, px.
pub(super) const LEARNED: Size = Size::new(32.0, 20.0);
/// Radius of a pointwise operation, px.
pub(super) const POINT: f64 = 8.0;
/// Radius of what a step reads and shows, px.
pub(super) const ENDS: f64 = 15.0;
/// Length of half a sign in a circle, as a fraction of its radius.
const ARM: f64 = 0.55;
/// How far a vector that passes under another is cut on either side, px.
const BRIDGE: f64 = 4.0;
/// How much thicker the vector that runs through all steps is drawn.
const THICK: f64 = 1.8;
/// How close a corner is to the end of a vector before it is drawn sharper, px.
const CORNER: f64 = 6.0;

/// A pointwise operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    Plus,
    Times,
    OneMinus,
}

/// How a vector is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    /// With a tip at its end.
    Arrow,
    /// Without, as it joins another.
    Joins,
    /// The vector that runs through all steps, with a tip.
    Main,
    /// Dashed: an additional view of the memory.
    Peep,
}

struct Wire {
    ends: [String; 2],
    points: Vec<Point>,
    line: Line,
}

/// Draws one cell after another; everything is moved by `at`.
pub(super) struct Pen<'a> {
    pub(super) theme: &'a Theme,
    pub(super) at: Vec2,
    name: String,
    frames: Vec<Group>,
    shapes: Vec<Group>,
    words: Vec<Group>,
    wires: Vec<Wire>,
}

impl<'a> Pen<'a> {
    /// A pen whose drawing goes by a name of its own.
    pub(super) fn new(theme: &'a Theme, name: &str) -> Self {
        Self {
            theme,
            at: Vec2::ZERO,
            name: format!("figure#{name}"),
            frames: Vec::new(),
            shapes: Vec::new(),
            words: Vec::new(),
            wires: Vec::new(),
        }
    }

    fn key(&self, id: &str) -> String {
        format!("{}-{id}", self.name)
    }

    fn node(&self, id: &str, title: &str) -> Group {
        Group::new(self.key(id).as_str()).with_role(Role::Node).with_title(title)
    }

    /// A step: a rounded frame, with large letters in its middle where it is closed.
    pub(super) fn step(&mut self, id: &str, rect: Rect, letters: &str, swatch: &Swatch, title: &str) {
        let (rect, theme) = (rect + self.at, self.theme);
        let closed = !letters.is_empty();
        let mut group = if closed {
            self.node(id, title)
        } else {
            Group::new(self.key(id).as_str()).with_role(Role::Container).with_title(title)
        };
        let frame = rounded_rect(self.key(&format!("{id}.frame")).as_str(), rect, theme.container_radius);
        let fill = theme.background.mix(swatch.fill, theme.module_tint / 2.0);
        group.push(frame.filled(fill).stroked(swatch.stroke, theme.box_stroke));
        if closed {
            let run = shape(letters, &theme.caption_style());
            group.push(label_at(self.key(&format!("{id}.word")).as_str(), run, rect.center(), theme.ink));
        }
        self.frames.push(group);
    }

    /// A learned layer: a rectangle.
    pub(super) fn learned(&mut self, id: &str, center: (f64, f64), text: &str, title: &str) {
        self.block(id, center, LEARNED, text, "learned", title);
    }

    /// A box of a size with text: learned ones are rectangles, others have round ends.
    pub(super) fn block(
        &mut self,
        id: &str,
        center: (f64, f64),
        size: Size,
        text: &str,
        swatch: &str,
        title: &str,
    ) {
        let rect = Rect::from_center_size(Point::from(center) + self.at, size);
        let colors = self.theme.swatch(swatch);
        let mut group = self.node(id, title);
        let key = self.key(&format!("{id}.box"));
        let outline = match swatch {
            "learned" => rounded_rect(key.as_str(), rect, 1.5),
            _ => oblong(key.as_str(), rect),
        };
        group.push(outline.filled(colors.fill).stroked(colors.stroke, self.theme.box_stroke));
        let run = shape(text, &self.theme.label_style());
        group.push(label_at(self.key(&format!("{id}.text")).as_str(), run, rect.center(), colors.text));
        self.shapes.push(group);
    }

    /// A box with copies of it behind: how many, and how far each is moved.
    pub(super) fn stack(
        &mut self,
        id: &str,
        center: (f64, f64),
        size: Size,
        (text, swatch): (&str, &str),
        (depth, apart): (i32, f64),
    ) {
        let colors = self.theme.swatch(swatch);
        for i in (1..=depth).rev() {
            let by = Vec2::new(1.0, -1.0) * apart * f64::from(i);
            let rect = Rect::from_center_size(Point::from(center) + self.at + by, size);
            let key = self.key(&format!("{id}.behind{i}"));
            let outline = if swatch == "learned" {
                rounded_rect(key.as_str(), rect, 1.5)
            } else {
                oblong(key.as_str(), rect)
            };
            let mut group = Group::new(self.key(&format!("{id}.copy{i}")).as_str());
            group.push(outline.filled(colors.fill).stroked(colors.stroke, self.theme.box_stroke));
            self.shapes.push(group);
        }
        self.block(id, center, size, text, swatch, "");
    }

    /// A pointwise operation: a circle with its sign.
    pub(super) fn point(&mut self, id: &str, center: (f64, f64), sign: Sign, title: &str) {
        let center = Point::from(center) + self.at;
        let colors = self.theme.swatch("pointwise");
        let mut group = self.node(id, title);
        let circle = Circle::new(center, POINT).to_path(0.01);
        group.push(
            Path::new(self.key(&format!("{id}.circle")).as_str(), circle)
                .filled(colors.fill)
                .stroked(colors.stroke, self.theme.box_stroke),
        );
        if sign == Sign::OneMinus {
            let run = shape("1−", &self.theme.secondary_style());
            group.push(label_at(self.key(&format!("{id}.text")).as_str(), run, center, colors.text));
        } else {
            let sign = strokes(sign, center, POINT);
            group.push(
                Path::new(self.key(&format!("{id}.sign")).as_str(), sign)
                    .stroked(colors.text, self.theme.edge_stroke),
            );
        }
        self.shapes.push(group);
    }

    /// What a step reads or shows: a circle with a symbol, and its size beside.
    pub(super) fn end(&mut self, id: &str, center: (f64, f64), swatch: &str, symbol: &str, size: &str) {
        let center = Point::from(center) + self.at;
        let colors = self.theme.swatch(swatch);
        let mut group = self.node(id, "");
        let circle = Circle::new(center, ENDS).to_path(0.01);
        group.push(
            Path::new(self.key(&format!("{id}.circle")).as_str(), circle)
                .filled(colors.fill)
                .stroked(colors.stroke, self.theme.box_stroke),
        );
        let key = self.key(&format!("{id}.symbol"));
        Symbol::new(symbol, self.theme).draw_at(&key, center, colors.text, &mut group);
        self.shapes.push(group);
        if !size.is_empty() {
            // What is shown is told on its left, where no other step is near.
            let width = shape(size, &self.theme.secondary_style()).width;
            let aside = if swatch == "state" { -ENDS - 4.0 - width } else { ENDS + 4.0 };
            let at = (center.x - self.at.x + aside, center.y - self.at.y);
            self.words(&format!("{id}.size"), at, size);
        }
    }

    /// A symbol on the page: its left end, middle or right end at a point, for −1, 0 and 1.
    pub(super) fn symbol(&mut self, id: &str, at: (f64, f64), text: &str, side: i8) {
        let symbol = Symbol::new(text, self.theme);
        let mut start = Point::from(at) + self.at;
        start.x -= match side {
            -1 => 0.0,
            0 => symbol.width() / 2.0,
            _ => symbol.width(),
        };
        let mut group = Group::new(self.key(id).as_str()).with_role(Role::Note);
        symbol.draw_from(&self.key(&format!("{id}.symbol")), start, self.theme.ink, &mut group);
        self.words.push(group);
    }

    /// Words on the page, with their left end and middle at a point.
    pub(super) fn words(&mut self, id: &str, at: (f64, f64), text: &str) {
        let run = shape(text, &self.theme.secondary_style());
        let mut group = Group::new(self.key(id).as_str()).with_role(Role::Note);
        let key = self.key(&format!("{id}.text"));
        group.push(label_from(key.as_str(), run, Point::from(at) + self.at, self.theme.muted));
        self.words.push(group);
    }

    /// A vector from one thing to another along points; empty names are ends on the page.
    pub(super) fn wire(&mut self, ends: (&str, &str), points: &[(f64, f64)], line: Line) {
        let points = points.iter().map(|p| Point::from(*p) + self.at).collect();
        self.wires.push(Wire { ends: [self.key(ends.0), self.key(ends.1)], points, line });
    }

    /// Everything drawn so far: frames below, vectors, then what stands on them.
    pub(super) fn finish(self) -> Group {
        let mut group = Group::new(self.name.as_str());
        for frame in self.frames {
            group.push(frame);
        }
        for (i, wire) in self.wires.iter().enumerate() {
            let key = format!("{}-wire{i}", self.name);
            let [from, to] = [&wire.ends[0], &wire.ends[1]].map(|k| k.as_str().into());
            let mut drawn = Group::new(key.as_str()).with_role(Role::Edge { from, to });
            let theme = self.theme;
            let width = theme.edge_stroke * if wire.line == Line::Main { THICK } else { 1.0 };
            let length = theme.tip_length * if wire.line == Line::Main { 1.3 } else { 1.0 };
            let tipped = wire.line != Line::Joins;
            let pieces = bridged(i, &self.wires);
            let last = pieces.len().saturating_sub(1);
            for (n, piece) in pieces.iter().enumerate() {
                let shorten = if tipped && n == last { length * 0.8 } else { 0.0 };
                let key = format!("{key}.{n}");
                let mut path = route(key.as_str(), piece, CORNER, shorten).stroked(theme.edge, width);
                if let (Line::Peep, Some(stroke)) = (wire.line, &mut path.stroke) {
                    stroke.dash = Some(theme.skip_dash);
                }
                drawn.push(path);
            }
            if let (true, Some(piece)) = (tipped, pieces.last()) {
                let wide = theme.tip_width * length / theme.tip_length;
                let key = format!("{key}.tip");
                drawn.push(tip(key.as_str(), piece, length, wide).filled(theme.edge));
            }
            group.push(drawn);
        }
        self.shapes.into_iter().chain(self.words).for_each(|shape| group.push(shape));
        group
    }
}

/// The strokes of a sign in a circle.
pub(super) fn strokes(sign: Sign, center: Point, radius: f64) -> BezPath {
    let arm = radius * ARM;
    let arms = match sign {
        Sign::Times => [Vec2::new(arm * 0.8, arm * 0.8), Vec2::new(arm * 0.8, -arm * 0.8)],
        _ => [Vec2::new(arm, 0.0), Vec2::new(0.0, arm)],
    };
    let mut path = BezPath::new();
    for arm in arms {
        path.move_to(center - arm);
        path.line_to(center + arm);
    }
    path
}

/// The pieces of a vector where upright runs pass under level runs of others.
fn bridged(index: usize, wires: &[Wire]) -> Vec<Vec<Point>> {
    let own = &wires[index].points;
    let mut pieces = vec![vec![own[0]]];
    for pair in own.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let mut cuts: Vec<f64> = Vec::new();
        if a.x == b.x {
            for other in wires.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, w)| w) {
                for run in other.points.windows(2).filter(|r| r[0].y == r[1].y) {
                    let (x0, x1) = (run[0].x.min(run[1].x), run[0].x.max(run[1].x));
                    let (y0, y1) = (a.y.min(b.y) + BRIDGE, a.y.max(b.y) - BRIDGE);
                    if a.x > x0 + BRIDGE && a.x < x1 - BRIDGE && run[0].y > y0 && run[0].y < y1 {
                        cuts.push(run[0].y);
                    }
                }
            }
        }
        let down = if b.y > a.y { 1.0 } else { -1.0 };
        cuts.sort_by(|p, q| (p * down).total_cmp(&(q * down)));
        cuts.dedup();
        for y in cuts {
            if let Some(piece) = pieces.last_mut() {
                piece.push(Point::new(a.x, y - down * BRIDGE));
            }
            pieces.push(vec![Point::new(a.x, y + down * BRIDGE)]);
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(b);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(points: &[(f64, f64)]) -> Wire {
        Wire {
            ends: [String::new(), String::new()],
            points: points.iter().map(|p| Point::from(*p)).collect(),
            line: Line::Arrow,
        }
    }

    fn check(own: &[(f64, f64)], other: &[(f64, f64)], n_pieces: usize) {
        let wires = [wire(own), wire(other)];
        let pieces = bridged(0, &wires);
        assert_eq!(pieces.len(), n_pieces, "{pieces:?}");
        assert_eq!(pieces[0][0], wires[0].points[0]);
        assert_eq!(pieces.last().and_then(|p| p.last()), wires[0].points.last());
        assert_eq!(bridged(1, &wires).len(), 1, "level runs stay whole");
    }

    #[test]
    fn upright_runs_pass_under_level_ones() {
        check(&[(10.0, 0.0), (10.0, 40.0)], &[(0.0, 20.0), (30.0, 20.0)], 2);
        check(&[(10.0, 40.0), (10.0, 0.0), (50.0, 0.0)], &[(0.0, 20.0), (30.0, 20.0)], 2);
        // A vector that joins another or forks from it does not cross it.
        check(&[(10.0, 0.0), (10.0, 20.0)], &[(0.0, 20.0), (30.0, 20.0)], 1);
        check(&[(10.0, 0.0), (10.0, 40.0)], &[(10.0, 20.0), (30.0, 20.0)], 1);
        check(&[(40.0, 0.0), (40.0, 40.0)], &[(0.0, 20.0), (30.0, 20.0)], 1);
    }
}

//! Draws layers: circles, squares for channels, dots, crosses on what is dropped.

use netloom_graph::Category;
use netloom_scene::figures::{label_at, rect as square};
use netloom_scene::kurbo::{BezPath, Circle, Point, Rect, Shape as _, Vec2};
use netloom_scene::text::{measure, shape};
use netloom_scene::{Group, Path, Swatch, Theme};

use super::column::Column;
use super::joints::Wires;
use crate::styles::rowed::{Kind, Plan};
use crate::view::{NodeKind, View};

/// How much of its swatch's fill a unit takes on.
const TINT: f64 = 0.6;
/// Radius of a dot, px.
const DOT: f64 = 1.1;
/// How far off a circle its outline may be, px.
const TOLERANCE: f64 = 1e-2;
/// How far out a cross reaches, in radii.
const CROSS: f64 = 0.72;

/// What drawings have in common.
pub(super) struct Paint<'a> {
    pub(super) view: &'a View,
    pub(super) plan: &'a Plan,
    pub(super) theme: &'a Theme,
    pub(super) columns: &'a [Column],
    /// Whether each unit of each layer is dropped.
    pub(super) dropped: &'a [Vec<bool>],
    /// Whether lines at dropped units are left out rather than dashed.
    pub(super) hide: bool,
    pub(super) wires: &'a Wires,
}

impl Paint<'_> {
    /// Whether a unit of a layer is dropped.
    pub(super) fn is_dropped(&self, piece: usize, unit: u64) -> bool {
        let units = &self.dropped[piece];
        usize::try_from(unit).ok().and_then(|u| units.get(u)).copied().unwrap_or(false)
    }

    fn swatch(&self, piece: usize) -> Swatch {
        let theme = self.theme;
        let node = &self.view.nodes[self.plan.pieces[piece].node];
        let plain = Swatch { fill: theme.swatch("other").fill, stroke: theme.ink, text: theme.ink };
        match node.look.swatch {
            Some(swatch) => swatch,
            None if node.kind == NodeKind::Input => plain,
            None => {
                let swatch = theme.swatch(node.category.name());
                Swatch { fill: theme.background.mix(swatch.fill, TINT), text: theme.ink, ..swatch }
            }
        }
    }

    /// Draws a layer into its group, its outline first.
    pub(super) fn layer(&self, piece: usize, rect: Rect, into: &mut Group) {
        let (column, theme) = (&self.columns[piece], self.theme);
        let node = &self.view.nodes[self.plan.pieces[piece].node];
        let (key, swatch, radius) = (&node.key, self.swatch(piece), column.radius());
        into.push(Path::new(key.piece("box"), rect.to_path(TOLERANCE)));
        let closed = self.plan.pieces[piece].kind == Kind::Closed;
        let width = theme.band_stroke * if closed { 2.0 } else { 1.0 };
        for (unit, at) in column.places(rect) {
            let name = |what: &str| key.piece(&format!("{what}{unit}"));
            let outline = if column.square {
                square(name("unit"), around(at, radius))
            } else {
                Path::new(name("unit"), Circle::new(at, radius).to_path(TOLERANCE))
            };
            let dropped = self.is_dropped(piece, unit);
            let fill = if dropped { theme.background } else { swatch.fill };
            let mut outline = outline.filled(fill).stroked(swatch.stroke, width);
            if let (None, Some(stroke)) = (column.units, &mut outline.stroke) {
                stroke.dash = Some(theme.skip_dash);
            }
            into.push(outline);
            if column.numbered && column.units.is_some() {
                let run = shape(&(unit + 1).to_string(), &theme.secondary_style());
                if measure(&run.text, &run.style) < 2.0 * radius - 1.0 && !dropped {
                    into.push(label_at(name("label"), run, at, swatch.text));
                }
            }
            if dropped {
                into.push(cross(at, radius, name("cross")).stroked(theme.ink, theme.box_stroke));
            }
        }
        for (i, at) in column.dot_places(rect).into_iter().enumerate() {
            let dot = Circle::new(at, DOT).to_path(TOLERANCE);
            into.push(Path::new(key.piece(&format!("dot{i}")), dot).filled(theme.muted));
        }
        if let Some(at) = column.bias_place(rect).filter(|_| self.wires.has_bias(piece)) {
            let circle = Circle::new(at, radius).to_path(TOLERANCE);
            into.push(
                Path::new(key.piece("bias"), circle).filled(theme.background).stroked(theme.muted, width),
            );
            let run = shape("1", &theme.secondary_style());
            into.push(label_at(key.piece("bias-label"), run, at, theme.ink));
        }
        if node.category == Category::Recurrent && node.kind == NodeKind::Layer {
            let at = Point::new(rect.center().x, rect.center().y);
            into.push(Path::new(key.piece("loop"), ring(at, radius)).stroked(theme.edge, theme.box_stroke));
        }
    }
}

/// The square about a point.
fn around(at: Point, radius: f64) -> Rect {
    Rect::new(at.x - radius, at.y - radius, at.x + radius, at.y + radius)
}

/// A cross over a unit.
fn cross(at: Point, radius: f64, key: netloom_scene::Key) -> Path {
    let arm = radius * CROSS;
    let mut path = BezPath::new();
    for d in [Vec2::new(arm, arm), Vec2::new(arm, -arm)] {
        path.move_to(at - d);
        path.line_to(at + d);
    }
    Path::new(key, path)
}

/// Half a ring right of a layer that reads its own last state.
fn ring(at: Point, radius: f64) -> BezPath {
    let (x, r) = (at.x - radius - 1.0, 2.5 * radius);
    let mut path = BezPath::new();
    path.move_to((x, at.y + r));
    path.curve_to((x - r, at.y + r), (x - r, at.y - r), (x, at.y - r));
    path
}

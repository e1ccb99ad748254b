//! Draws tensors: stacks of squares, bars.

use netloom_graph::Category;
use netloom_scene::figures::rounded_rect;
use netloom_scene::kurbo::{BezPath, Circle, Point, Rect, Shape as _, Vec2};
use netloom_scene::{Group, Image, Path, Swatch, Theme};

use super::body::{Body, DOTS, TOKEN, lean, slots};
use crate::styles::rowed::{Kind, Plan};
use crate::view::{NodeKind, View};

/// How much of its swatch's fill the inside of a map takes on.
const TINT: f64 = 0.5;
/// Radius of a dot, px.
const DOT: f64 = 0.9;
/// How far off a circle its outline may be, px.
const TOLERANCE: f64 = 1e-2;

/// What drawings have in common.
pub(super) struct Paint<'a> {
    pub(super) view: &'a View,
    pub(super) plan: &'a Plan,
    pub(super) theme: &'a Theme,
    /// Whether tensors have colours.
    pub(super) fill: bool,
}

impl Paint<'_> {
    /// The colours of a tensor: those of what makes it; an input has the page's.
    pub(super) fn swatch(&self, piece: usize) -> Swatch {
        let theme = self.theme;
        let node = &self.view.nodes[self.plan.pieces[piece].node];
        let plain = Swatch { fill: theme.background, stroke: theme.ink, text: theme.ink };
        if !self.fill && node.look.swatch.is_none() {
            return plain;
        }
        let swatch = match (node.kind, node.category, node.look.swatch) {
            (_, _, Some(swatch)) => swatch,
            (NodeKind::Input, ..) => Swatch { fill: theme.swatch("other").fill, ..plain },
            (_, category, _) => theme.swatch(category.name()),
        };
        let tint = if node.look.swatch.is_some() { 1.0 } else { TINT };
        Swatch { fill: theme.background.mix(swatch.fill, tint), ..swatch }
    }

    /// Draws a tensor into its group, its outline first.
    pub(super) fn tensor(&self, piece: usize, body: &Body, rect: Rect, into: &mut Group) {
        let swatch = self.swatch(piece);
        let node = &self.view.nodes[self.plan.pieces[piece].node];
        let key = &node.key;
        let width =
            self.theme.band_stroke * if self.plan.pieces[piece].kind == Kind::Closed { 2.0 } else { 1.0 };
        let stroked = |path: Path, vague: bool| {
            let mut path = path.filled(swatch.fill).stroked(swatch.stroke, width);
            if let (true, Some(stroke)) = (vague, &mut path.stroke) {
                stroke.dash = Some(self.theme.skip_dash);
            }
            path
        };
        match body {
            Body::Maps { map, drawn, shift, vague } => {
                into.push(Path::new(key.piece("box"), staircase(rect, body.front(rect))));
                let last = slots(*drawn) - 1;
                for i in 0..=last {
                    let is_dot = drawn.1 && i + DOTS >= last && i < last;
                    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
                    let by = Vec2::new(i as f64 * shift, i as f64 * shift);
                    let own = Rect::from_origin_size(rect.origin() + by, *map);
                    if is_dot {
                        for (end, at) in
                            [("a", Point::new(own.x0, own.y1)), ("b", Point::new(own.x1, own.y0))]
                        {
                            let dot = Circle::new(at, DOT).to_path(TOLERANCE);
                            into.push(
                                Path::new(key.piece(&format!("dot{i}{end}")), dot).filled(swatch.stroke),
                            );
                        }
                    } else {
                        into.push(stroked(rounded_rect(key.piece(&format!("map{i}")), own, 0.0), *vague));
                    }
                }
                if let Some(picture) = &node.look.picture {
                    into.push(Image {
                        key: key.piece("picture"),
                        rect: body.front(rect),
                        width: picture.width,
                        height: picture.height,
                        pixels: picture.pixels.as_ref().clone(),
                    });
                }
            }
            Body::Tokens { drawn, vague, .. } => {
                into.push(Path::new(key.piece("box"), rect.to_path(TOLERANCE)));
                let last = slots(*drawn) - 1;
                for i in 0..=last {
                    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
                    let x = rect.x0 + i as f64 * (TOKEN.0 + TOKEN.1);
                    if drawn.1 && i + DOTS >= last && i < last {
                        let at = Point::new(x + TOKEN.0 / 2.0, rect.center().y);
                        let dot = Circle::new(at, DOT).to_path(TOLERANCE);
                        into.push(Path::new(key.piece(&format!("dot{i}")), dot).filled(swatch.stroke));
                    } else {
                        let bar = Rect::new(x, rect.y0, x + TOKEN.0, rect.y1);
                        into.push(stroked(rounded_rect(key.piece(&format!("map{i}")), bar, 0.0), *vague));
                    }
                }
            }
            Body::Bar { vague, .. } => {
                let path = Path::new(key.piece("box"), leaning(rect));
                into.push(stroked(path, *vague));
            }
        }
        if node.category == Category::Recurrent && node.kind == NodeKind::Layer {
            self.looped(piece, rect, into);
        }
    }

    /// A small arrow round, in the upper part of what reads its own last state.
    fn looped(&self, piece: usize, rect: Rect, into: &mut Group) {
        let theme = self.theme;
        let key = &self.view.nodes[self.plan.pieces[piece].node].key;
        let radius = (rect.width().min(rect.height()) * 0.3).clamp(4.0, 9.0);
        let center = rect.center();
        let disc = Circle::new(center, radius + 3.0).to_path(TOLERANCE);
        into.push(Path::new(key.piece("loop-ground"), disc).filled(theme.background));
        // Three quarters round, from the right over the top and the left to the foot.
        let k = radius * 0.552_284_75;
        let at = |x: f64, y: f64| center + Vec2::new(x, y);
        let mut path = BezPath::new();
        path.move_to(at(radius, 0.0));
        path.curve_to(at(radius, -k), at(k, -radius), at(0.0, -radius));
        path.curve_to(at(-k, -radius), at(-radius, -k), at(-radius, 0.0));
        path.curve_to(at(-radius, k), at(-k, radius), at(-1.0, radius));
        into.push(Path::new(key.piece("loop"), path).stroked(theme.edge, theme.box_stroke));
        let mut tip = BezPath::new();
        tip.move_to(at(-1.5, radius - 2.4));
        tip.line_to(at(3.2, radius - 0.2));
        tip.line_to(at(-1.0, radius + 2.4));
        tip.close_path();
        into.push(Path::new(key.piece("loop-tip"), tip).filled(theme.edge));
    }
}

/// The outline of squares that are shifted from the left top to the front one.
fn staircase(all: Rect, front: Rect) -> BezPath {
    let (w, h) = (front.width(), front.height());
    let mut path = BezPath::new();
    path.move_to((all.x0, all.y0));
    for point in [
        (all.x0 + w, all.y0),
        (all.x1, all.y1 - h),
        (all.x1, all.y1),
        (all.x1 - w, all.y1),
        (all.x0, all.y0 + h),
    ] {
        path.line_to(point);
    }
    path.close_path();
    path
}

/// A bar that leans to the right.
fn leaning(rect: Rect) -> BezPath {
    let lean = lean(rect.height()).min(rect.width());
    let mut path = BezPath::new();
    path.move_to((rect.x0 + lean, rect.y0));
    path.line_to((rect.x1, rect.y0));
    path.line_to((rect.x1 - lean, rect.y1));
    path.line_to((rect.x0, rect.y1));
    path.close_path();
    path
}

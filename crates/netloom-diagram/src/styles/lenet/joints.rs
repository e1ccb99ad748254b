//! What joins two tensors: a square on the map that shrinks to a point of the next, lines between the ends of bars.

use netloom_graph::Graph;
use netloom_scene::kurbo::{BezPath, Point, Rect};

use super::body::{Body, lean};
use super::paint::Paint;
use crate::styles::rowed::{Joint, Kind, Placed, Plan, Stroked};
use crate::tensors::{Extent, Form, Window};
use crate::view::NodeKind;

/// The least side of a kernel's square, px.
pub(super) const LEAST: f64 = 3.0;
/// Where on the map the square stands, as parts of its sides, for one step and for the next, so that they keep apart.
const PLACES: [(f64, f64); 2] = [(0.62, 0.34), (0.45, 0.68)];
/// Width of the lines between, px.
const THIN: f64 = 0.7;
/// How strongly the lines between stand out.
const FAINT: f64 = 0.6;

/// What joins the two ends of a link, if it is no arrow.
pub(super) fn joint(
    graph: &Graph,
    paint: &Paint<'_>,
    bodies: &[Body],
    link: usize,
    placed: &Placed,
) -> Option<Joint> {
    let (a, b) = (paint.plan.links[link].source, paint.plan.links[link].target);
    let (from, to) = (placed.bodies[a], placed.bodies[b]);
    let node = &paint.view.nodes[paint.plan.pieces[b].node];
    let is_tensor = matches!(paint.plan.pieces[a].kind, Kind::Tensor | Kind::Closed);
    if !is_tensor || node.kind != NodeKind::Layer || node.repeat > 1 || !node.header.is_empty() {
        return None;
    }
    if let (Body::Maps { vague: false, .. }, Some((square, spreads))) =
        (&bodies[a], kernel(graph, paint.plan, bodies, link))
    {
        // Squares alternate between two places, so that the one read and the point made keep apart.
        let place = PLACES[a % PLACES.len()];
        return Some(if spreads {
            let front = bodies[b].front(to);
            let point = at(bodies[a].front(from), place);
            shrinking(paint, b, (inside(front, place, square), point), true)
        } else {
            let front = bodies[a].front(from);
            let point = match &bodies[b] {
                Body::Maps { .. } => at(bodies[b].front(to), place),
                _ => Point::new(to.x0 + bodies[b].inset(), to.center().y),
            };
            shrinking(paint, b, (inside(front, place, square), point), false)
        });
    }
    let is_dense = matches!(node.category, netloom_graph::Category::Linear);
    match (&bodies[a], &bodies[b]) {
        (Body::Maps { .. } | Body::Bar { .. }, Body::Bar { .. }) if is_dense => {
            Some(full(paint, (&bodies[a], from), to))
        }
        _ => None,
    }
}

/// The kernel of the layer at the end of a link in px of the map it covers, with whether that is the map made.
fn kernel(graph: &Graph, plan: &Plan, bodies: &[Body], link: usize) -> Option<((f64, f64), bool)> {
    let (a, b) = (plan.links[link].source, plan.links[link].target);
    let window = plan.pieces[b].layer.and_then(|l| Window::of(graph, l))?;
    let covered = if window.transposed { b } else { a };
    let extent = &plan.pieces[covered].extent;
    let Body::Maps { map, .. } = &bodies[covered] else { return None };
    let part = |axis: usize, side: Option<u64>| share(&window, axis, side);
    let (rows, columns) = match extent.form {
        Form::Maps => (part(0, extent.height())?, part(1, extent.width())?),
        Form::Signal => (1.0, part(0, extent.width())?),
        _ => return None,
    };
    let side = |part: f64, side: f64| (part * side).max(LEAST).min(side);
    Some(((side(columns, map.width), side(rows, map.height)), window.transposed))
}

/// The part of a side that the kernel covers.
fn share(window: &Window, axis: usize, side: Option<u64>) -> Option<f64> {
    let side = side.filter(|s| *s > 0)?;
    #[expect(clippy::cast_precision_loss, reason = "sides of maps that are drawn are far below 2^53")]
    Some((window.span(axis) as f64 / side as f64).min(1.0))
}

/// Whether the square of some kernel would be smaller than what can be seen.
pub(super) fn has_small(graph: &Graph, plan: &Plan, bodies: &[Body]) -> bool {
    (0..plan.links.len()).any(|l| {
        let link = &plan.links[l];
        let Some(window) = plan.pieces[link.target].layer.and_then(|n| Window::of(graph, n)) else {
            return false;
        };
        let covered = if window.transposed { link.target } else { link.source };
        let extent: &Extent = &plan.pieces[covered].extent;
        let Body::Maps { map, vague: false, .. } = &bodies[covered] else { return false };
        extent.form == Form::Maps
            && share(&window, 1, extent.width()).is_some_and(|s| s * map.width < LEAST - 1e-9)
    })
}

fn at(rect: Rect, (x, y): (f64, f64)) -> Point {
    Point::new(rect.x0 + rect.width() * x, rect.y0 + rect.height() * y)
}

/// A square about a place on a map, moved so that it stays on it.
fn inside(map: Rect, place: (f64, f64), (width, height): (f64, f64)) -> Rect {
    let center = at(map, place);
    let x = (center.x - width / 2.0).clamp(map.x0, (map.x1 - width).max(map.x0));
    let y = (center.y - height / 2.0).clamp(map.y0, (map.y1 - height).max(map.y0));
    Rect::new(x, y, x + width, y + height)
}

/// Two lines from the near corners of a square to a point; the square is filled in the colour of what reads it.
fn shrinking(paint: &Paint<'_>, piece: usize, (square, point): (Rect, Point), spreads: bool) -> Joint {
    let theme = paint.theme;
    let swatch = paint.swatch(piece);
    let x = if spreads { square.x0 } else { square.x1 };
    let color = theme.background.mix(theme.ink, FAINT);
    let line = |y: f64| {
        let mut line = BezPath::new();
        line.move_to((x, y));
        line.line_to(point);
        Stroked { shape: line, fill: None, stroke: (color, THIN), dashed: false }
    };
    let mut outline = BezPath::new();
    outline.move_to((square.x0, square.y0));
    for corner in [(square.x1, square.y0), (square.x1, square.y1), (square.x0, square.y1)] {
        outline.line_to(corner);
    }
    outline.close_path();
    let fill = if paint.fill { swatch.stroke.with_alpha(0.35) } else { theme.background };
    Joint {
        strokes: vec![
            line(square.y0),
            line(square.y1),
            Stroked { shape: outline, fill: Some(fill), stroke: (theme.ink, THIN), dashed: false },
        ],
    }
}

/// Lines from both ends of what is read to both ends of a bar: everything with everything.
fn full(paint: &Paint<'_>, (body, from): (&Body, Rect), to: Rect) -> Joint {
    let theme = paint.theme;
    let lean_to = lean(to.height());
    let (top, foot) = match body {
        Body::Bar { .. } => {
            (Point::new(from.x1, from.y0), Point::new(from.x1 - lean(from.height()), from.y1))
        }
        _ => {
            let front = body.front(from);
            (Point::new(front.x1, front.y0), Point::new(front.x1, front.y1))
        }
    };
    let (top_to, foot_to) = (Point::new(to.x0 + lean_to, to.y0), Point::new(to.x0, to.y1));
    let mut lines = BezPath::new();
    lines.move_to(top);
    lines.line_to(top_to);
    let mut more = BezPath::new();
    for (a, b) in [(foot, foot_to), (top, foot_to), (foot, top_to)] {
        more.move_to(a);
        more.line_to(b);
    }
    let color = theme.background.mix(theme.ink, FAINT);
    Joint {
        strokes: vec![
            Stroked { shape: lines, fill: None, stroke: (color, THIN), dashed: false },
            Stroked { shape: more, fill: None, stroke: (color, THIN), dashed: false },
        ],
    }
}

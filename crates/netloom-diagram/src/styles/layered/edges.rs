//! Arrows.

use std::collections::BTreeMap;

use netloom_layout::Layout;
use netloom_scene::figures::{route, tip};
use netloom_scene::kurbo::Point;
use netloom_scene::{Group, Role};

use crate::styles::DrawOptions;
use crate::view::{NodeKind, View};

pub(in crate::styles) fn draw(view: &View, layout: &Layout, options: &DrawOptions, into: &mut Group) {
    let theme = &options.theme;
    let mut drawn: BTreeMap<(usize, usize), Vec<Vec<Point>>> = BTreeMap::new();
    for (i, edge) in view.edges.iter().enumerate() {
        let Some(course) = layout.routes.get(i).filter(|r| r.points.len() > 1) else { continue };
        let points: Vec<Point> = course.points.iter().map(|p| Point::new(p.x, p.y)).collect();
        // Arrows of one bundle leave as one line: what another has drawn is not drawn again, or it would look bolder.
        let bundle = drawn.entry((edge.source, edge.tensor.index())).or_default();
        let shared = bundle.iter().map(|other| shared_px(&points, other)).fold(0.0, f64::max);
        bundle.push(points.clone());
        let points = without_start(&points, shared - theme.route_radius);
        let (from, to) = (&view.nodes[edge.source], &view.nodes[edge.target]);
        let color = if from.kind == NodeKind::Stub { theme.muted } else { theme.edge };
        let key = netloom_scene::Key::new(format!("{}>{}~{i}", from.key.subject(), to.key.subject()));
        let mut group =
            Group::new(key.clone()).with_role(Role::Edge { from: from.key.clone(), to: to.key.clone() });
        let width = if edge.skip { theme.skip_stroke } else { theme.edge_stroke };
        let length = theme.tip_length;
        let mut line =
            route(key.piece("line"), &points, theme.route_radius, length * 0.8).stroked(color, width);
        if let (true, Some(stroke)) = (course.reversed && !edge.back, &mut line.stroke) {
            stroke.dash = Some(theme.back_dash);
        }
        if let (true, Some(stroke)) = (edge.projected, &mut line.stroke) {
            stroke.dash = Some(theme.skip_dash);
        }
        group.push(line);
        group.push(tip(key.piece("tip"), &points, length, theme.tip_width).filled(color));
        into.push(group);
    }
}

/// How long two courses run together from their start, px.
pub(in crate::styles) fn shared_px(a: &[Point], b: &[Point]) -> f64 {
    let mut length = 0.0;
    for (p, q) in a.windows(2).zip(b.windows(2)) {
        if p[0] != q[0] {
            break;
        }
        let (v, w) = (p[1] - p[0], q[1] - q[0]);
        if v.cross(w) != 0.0 || v.dot(w) <= 0.0 {
            break;
        }
        length += v.hypot().min(w.hypot());
        if p[1] != q[1] {
            break;
        }
    }
    length
}

/// A course without its first `cut` px.
pub(in crate::styles) fn without_start(points: &[Point], cut: f64) -> Vec<Point> {
    let mut cut = cut.max(0.0);
    let mut rest = points;
    while let [a, b, tail @ ..] = rest {
        let length = a.distance(*b);
        if cut < length || tail.is_empty() {
            let at = a.lerp(*b, if length > 0.0 { (cut / length).min(1.0) } else { 0.0 });
            return [at].into_iter().chain(rest[1..].iter().copied()).collect();
        }
        cut -= length;
        rest = &rest[1..];
    }
    points.to_vec()
}

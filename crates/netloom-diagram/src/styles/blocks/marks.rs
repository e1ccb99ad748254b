//! Counts beside frames, and the waves that stand for positions.

use netloom_scene::figures::label_at;
use netloom_scene::kurbo::{BezPath, Circle, Point, Rect, Shape as _};
use netloom_scene::{Group, Path, Role};

use super::Choices;
use super::grammar::{Figure, Mark};
use super::measure::{GAP, count, height, is_counted, words};
use super::place::Placed;
use crate::styles::DrawOptions;
use crate::styles::layered::{MERGE, is_across};

/// Width and height of the wave in its circle, as shares of the circle's diameter.
const WAVE: (f64, f64) = (0.64, 0.46);

/// How far the outline may be off a circle, px.
const TOLERANCE: f64 = 1e-3;

pub(super) fn draw(
    figure: &Figure,
    placed: &Placed,
    choices: Choices,
    options: &DrawOptions,
    into: &mut Group,
) {
    let (theme, layout) = (&options.theme, &placed.layout);
    let is_right =
        |i: usize| placed.has_columns && figure.towers.as_ref().is_some_and(|t| t.of.get(i) == Some(&1));
    for (i, node) in figure.view.nodes.iter().enumerate() {
        let r = layout.nodes[i];
        let rect = Rect::new(r.x, r.y, r.right(), r.bottom());
        if choices.counts_outside && is_counted(&figure.view, i) {
            let run = count(&figure.view, i, options);
            let height = theme.line_height(run.style.size_px);
            let at = if is_across(options) {
                Point::new(rect.x0 + run.width / 2.0, rect.y0 - 2.0 - height / 2.0)
            } else if is_right(i) {
                Point::new(rect.x1 + GAP + run.width / 2.0, rect.center().y)
            } else {
                Point::new(rect.x0 - GAP - run.width / 2.0, rect.center().y)
            };
            into.push(label_at(node.key.piece("count"), run, at, theme.ink));
        }
        if figure.mark(i) == Some(Mark::Wave) {
            let mut group = Group::new(node.key.piece("position")).with_role(Role::Note);
            let is_left = layout.routes.iter().zip(&figure.view.edges).any(|(route, edge)| {
                edge.source == i && route.points.first().is_some_and(|p| p.x > rect.center().x)
            });
            let circle = if is_left { rect.x1 - MERGE / 2.0 } else { rect.x0 + MERGE / 2.0 };
            wave(node, Point::new(circle, rect.center().y), options, &mut group);
            let words = words(node, options);
            let mut y = rect.center().y - height(&words, options) / 2.0;
            for (line, run) in words.into_iter().enumerate() {
                let height = theme.line_height(run.style.size_px);
                let at = if is_left {
                    circle - MERGE / 2.0 - GAP - run.width / 2.0
                } else {
                    circle + MERGE / 2.0 + GAP + run.width / 2.0
                };
                let at = Point::new(at, y + height / 2.0);
                group.push(label_at(node.key.piece(&format!("words{line}")), run, at, theme.muted));
                y += height;
            }
            into.push(group);
        }
    }
}

/// A circle with one period of a wave in it.
fn wave(node: &crate::view::ViewNode, at: Point, options: &DrawOptions, into: &mut Group) {
    let theme = &options.theme;
    let circle = Circle::new(at, MERGE / 2.0).to_path(TOLERANCE);
    into.push(
        Path::new(node.key.piece("wave-circle"), circle)
            .filled(theme.background)
            .stroked(theme.edge, theme.edge_stroke),
    );
    let (w, h) = (MERGE * WAVE.0 / 2.0, MERGE * WAVE.1);
    let mut line = BezPath::new();
    line.move_to((at.x - w, at.y));
    line.curve_to((at.x - w * 0.55, at.y - h), (at.x - w * 0.45, at.y - h), (at.x, at.y));
    line.curve_to((at.x + w * 0.45, at.y + h), (at.x + w * 0.55, at.y + h), (at.x + w, at.y));
    into.push(Path::new(node.key.piece("wave-line"), line).stroked(theme.edge, theme.edge_stroke));
}

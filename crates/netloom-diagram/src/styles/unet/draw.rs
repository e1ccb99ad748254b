//! Draws what was placed.

use netloom_scene::figures::{label_at, plus, rect, route, times, tip};
use netloom_scene::kurbo::{BezPath, Point, Rect, Vec2};
use netloom_scene::text::shape;
use netloom_scene::{Color, Dash, Group, Key, Path, Role, Swatch, Text, Theme};

use super::bars::{Bar, Bars, Shape};
use super::place::{BRACKET, Placed, lowered};
use super::words::{Deeds, flow, words};
use crate::styles::DrawOptions;
use crate::view::{NodeKind, View};

/// Space between an arrow and what it comes from or leads to, px.
const AIR: f64 = 2.0;
/// The shortest arrow that has a tip, px.
const TIPPED: f64 = 11.0;
/// How much bolder arrows are than in other styles, where they stand for operations.
const BOLD: f64 = 1.25;
/// Dashes of bars whose size is not known, px.
const UNKNOWN: Dash = Dash { on: 3.0, off: 2.0 };
/// Space between bars and the first bracket below them, and the length of its hooks, px.
const HOOK: (f64, f64) = (4.0, 3.0);

/// The key of a part of what a key names, which may be a part itself.
fn part(key: &Key, name: &str) -> Key {
    match key.as_str().split_once('#') {
        Some((_, piece)) => key.piece(&format!("{piece}-{name}")),
        None => key.piece(name),
    }
}

/// The colours of feature maps.
pub(super) fn feature(theme: &Theme) -> Swatch {
    theme.swatch("conv")
}

pub(super) fn draw(
    view: &View,
    bars: &Bars,
    placed: &Placed,
    options: &DrawOptions,
    deeds: &mut Deeds,
    into: &mut Group,
) {
    let theme = &options.theme;
    let last = bars.bars.iter().rposition(|b| b.shape == Shape::Bar).unwrap_or(0);
    for (i, bar) in bars.bars.iter().enumerate() {
        let r = placed.layout.items[i];
        let area = Rect::new(r.x, r.y, r.right(), r.bottom());
        draw_bar(view, bar, area, (i == 0, i == last), theme, into);
        draw_words(bar, area, placed, i, theme, into);
    }
    // Tips of the path lie above lines that leave it.
    for (i, (by_pass, way)) in bars.by_passes.iter().zip(&placed.layout.links).enumerate() {
        let Some(way) = way else { continue };
        let (from, to) = (&bars.bars[by_pass.from], &bars.bars[by_pass.to]);
        let color = theme.swatch("flow_copy").stroke;
        let dash = by_pass.is_copy.then_some(theme.skip_dash);
        let number = placed.layout.steps.len() + i;
        Arrow { from: &from.key, to: &to.key, color, dash, number }.draw(way, theme, into);
    }
    for (i, way) in placed.layout.steps.iter().enumerate() {
        let (from, to) = (&bars.bars[i], &bars.bars[i + 1]);
        let sort = flow(view, &to.made_by, change(from, to));
        let after_sum = from.shape != Shape::Bar;
        deeds.add(sort, words(view, &to.made_by, after_sum));
        let color = if to.made_by.is_empty() { theme.edge } else { theme.swatch(sort.swatch()).stroke };
        let arrow = Arrow { from: &from.key, to: &to.key, color, dash: None, number: i };
        arrow.draw(way, theme, into);
    }
    draw_brackets(view, placed, theme, into);
}

fn change(from: &Bar, to: &Bar) -> i32 {
    to.level.cmp(&from.level) as i32
}

fn draw_bar(
    view: &View,
    bar: &Bar,
    area: Rect,
    (first, last): (bool, bool),
    theme: &Theme,
    into: &mut Group,
) {
    let node = &view.nodes[bar.node];
    let mut details = vec![node.title.clone()];
    details.extend(bar.made_by.iter().filter(|n| **n != bar.node).map(|n| view.nodes[*n].title.clone()));
    details.extend(node.bands.iter().map(|b| b.title.clone()));
    details.extend(node.details.iter().cloned());
    let title = format!("{}: {}", node.key.subject(), details.join(", "));
    let mut group =
        Group::new(bar.key.clone()).with_role(Role::Node).with_class(node.category.name()).with_title(title);
    match bar.shape {
        Shape::Bar => {
            let plain = if first && node.kind == NodeKind::Input {
                theme.swatch("merge")
            } else if last && !first {
                theme.swatch("loss")
            } else {
                feature(theme)
            };
            let swatch = node.look.swatch.unwrap_or(plain);
            let mut outline = rect(part(&bar.key, "bar"), area)
                .filled(swatch.fill)
                .stroked(swatch.stroke, theme.box_stroke);
            let known = bar.extent.sides.iter().all(|s| s.as_size().is_some());
            if let (false, Some(stroke)) = (known, &mut outline.stroke) {
                stroke.dash = Some(UNKNOWN);
            }
            group.push(outline);
            if bar.copied > 0.0 {
                let half = Rect { x1: area.x0 + bar.copied * area.width(), ..area };
                group.push(
                    rect(part(&bar.key, "copied"), half)
                        .filled(theme.background)
                        .stroked(swatch.stroke, theme.box_stroke),
                );
            }
        }
        Shape::Sum | Shape::Product => {
            let (outline, sign) =
                if bar.shape == Shape::Sum { plus(&bar.key, area) } else { times(&bar.key, area) };
            group.push(outline.filled(theme.background).stroked(theme.edge, theme.box_stroke));
            group.push(sign.stroked(theme.edge, theme.box_stroke));
        }
    }
    into.push(group);
}

/// Channels above a bar, the size of the row left of its foot.
fn draw_words(bar: &Bar, area: Rect, placed: &Placed, i: usize, theme: &Theme, into: &mut Group) {
    let (heads, size) = (&placed.heads[i], &placed.sizes[i]);
    if heads.is_empty() && size.is_none() {
        return;
    }
    let mut group = Group::new(part(&bar.key, "words")).with_role(Role::Note);
    let line = theme.line_height(theme.note_size);
    let mut y = area.y0 - AIR - line / 2.0;
    for (k, run) in heads.iter().enumerate().rev() {
        let key = part(&bar.key, &format!("head{k}"));
        let color = if k + 1 == heads.len() { theme.ink } else { theme.muted };
        group.push(label_at(key, run.clone(), Point::new(area.center().x, y), color));
        y -= line;
    }
    if let Some(run) = size {
        // Beside a circle, the foot is that of the bar behind it.
        let next = placed.layout.items.get(i + 1).filter(|_| bar.shape != Shape::Bar);
        let foot = next.map_or(area.y1, |r| r.bottom().max(area.y1));
        let mut origin = Point::new(area.x0 - 4.0 - run.width, foot - run.style.size_px * 0.2);
        if placed.lowered[i] {
            origin.y = origin.y.max(area.center().y + lowered(run));
        }
        group.push(Text { key: part(&bar.key, "size"), origin, run: run.clone(), fill: theme.muted });
    }
    into.push(group);
}

struct Arrow<'a> {
    from: &'a Key,
    to: &'a Key,
    color: Color,
    dash: Option<Dash>,
    /// Its place among all arrows.
    number: usize,
}

impl Arrow<'_> {
    fn draw(&self, way: &[netloom_layout::Point], theme: &Theme, into: &mut Group) {
        let mut points: Vec<Point> = way.iter().map(|p| Point::new(p.x, p.y)).collect();
        let length: f64 = points.windows(2).map(|w| w[0].distance(w[1])).sum();
        let is_tipped = length >= TIPPED;
        if let (true, [first, second, ..]) = (is_tipped, points.as_mut_slice()) {
            *first = first.lerp(*second, (AIR / first.distance(*second)).min(0.4));
        }
        if let (true, [.., before, end]) = (is_tipped, points.as_mut_slice()) {
            *end = end.lerp(*before, (AIR / end.distance(*before)).min(0.4));
        }
        let own = Key::new(format!("{}>{}~{}", self.from.subject(), self.to.subject(), self.number));
        let role = Role::Edge { from: self.from.clone(), to: self.to.clone() };
        let mut group = Group::new(own.clone()).with_role(role);
        let tip_length = if is_tipped { BOLD * theme.tip_length } else { 0.0 };
        let mut line = route(part(&own, "line"), &points, theme.route_radius, tip_length * 0.8)
            .stroked(self.color, BOLD * theme.edge_stroke);
        if let Some(stroke) = &mut line.stroke {
            stroke.dash = self.dash;
        }
        group.push(line);
        if is_tipped {
            group
                .push(tip(part(&own, "tip"), &points, tip_length, BOLD * theme.tip_width).filled(self.color));
        }
        into.push(group);
    }
}

/// Brackets below blocks that come several times.
fn draw_brackets(view: &View, placed: &Placed, theme: &Theme, into: &mut Group) {
    for bracket in &placed.brackets {
        let items = &placed.layout.items[bracket.ends.0..=bracket.ends.1];
        let (x0, x1) = (items[0].x - AIR, items[items.len() - 1].right() + AIR);
        let foot = items.iter().map(netloom_layout::Rect::bottom).fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "frames nest a few levels deep")]
        let y = foot + HOOK.0 + bracket.depth as f64 * BRACKET;
        let node = &view.nodes[bracket.frame];
        let mut group = Group::new(node.key.clone()).with_role(Role::Note);
        let mut line = BezPath::new();
        line.move_to((x0, y));
        line.line_to((x0, y + HOOK.1));
        line.line_to((x1, y + HOOK.1));
        line.line_to((x1, y));
        group.push(Path::new(node.key.piece("bracket"), line).stroked(theme.muted, theme.box_stroke));
        let run = shape(&format!("×{}", node.repeat), &theme.header_style(true));
        let middle = y + HOOK.1 + 1.0 + run.cap_height();
        let own = Rect::new(
            -run.width / 2.0,
            middle - run.cap_height(),
            run.width / 2.0,
            middle + run.cap_height(),
        );
        let beside = (x0 - 2.0 - run.width / 2.0, y + HOOK.1);
        let below = items.windows(2).flat_map(|w| {
            let gap = f64::midpoint(w[0].right(), w[1].x);
            [gap, gap.min(w[1].center().x - run.width / 2.0 - 2.0 * AIR)]
        });
        // Below the bracket where no arrow passes, else left of it.
        let (x, middle) = below
            .map(|x| (x, middle))
            .find(|(x, _)| is_free(placed, own + Vec2::new(*x, 0.0)))
            .unwrap_or(beside);
        group.push(label_at(node.key.piece("times"), run, Point::new(x, middle), theme.ink));
        into.push(group);
    }
}

/// Whether no arrow passes a place.
fn is_free(placed: &Placed, place: Rect) -> bool {
    let ways = placed.layout.steps.iter().chain(placed.layout.links.iter().flatten());
    ways.flat_map(|way| way.windows(2)).all(|w| {
        let line = Rect::new(w[0].x, w[0].y, w[1].x, w[1].y).abs();
        line.x1 <= place.x0 || line.x0 >= place.x1 || line.y1 <= place.y0 || line.y0 >= place.y1
    })
}

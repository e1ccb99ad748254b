//! Boxes, frames and merge circles.

use std::collections::BTreeMap;

use netloom_layout::{Direction, Layout};
use netloom_scene::figures::{bands, label_at, pill, plus, rounded_rect, times};
use netloom_scene::kurbo::{Point, Rect};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Item, Key, Role, TextRun, Theme};

use super::measure::{BoxText, HEAD, Measured, PICTURE_GAP, PILL, PILL_GAP};
use crate::number;
use crate::styles::{DrawOptions, value};
use crate::view::{NodeKind, View, ViewNode};

/// Space between the border of a box and the names of its operands, px.
const PORT_INSET: f64 = 2.0;

/// Draws every box; `own` is asked first, and says whether it drew the box into the group itself.
pub(in crate::styles) fn draw(
    view: &View,
    measured: &Measured,
    layout: &Layout,
    options: &DrawOptions,
    own: &dyn Fn(usize, Rect, &mut Group) -> bool,
    into: &mut Group,
) {
    let theme = &options.theme;
    let crossings = Crossings::new(layout);
    // What a frame holds is drawn inside its group, so that it moves and fades with it. Frames stand before what they
    // hold, so in reverse order every group is whole when its turn comes.
    let mut held: Vec<Vec<Item>> = vec![Vec::new(); view.nodes.len()];
    let mut top: Vec<Item> = Vec::new();
    for (i, node) in view.nodes.iter().enumerate().rev() {
        let r = layout.nodes[i];
        let rect = Rect::new(r.x, r.y, r.right(), r.bottom());
        let mut group =
            Group::new(node.key.clone()).with_class(node.category.name()).with_title(tooltip(view, node));
        let text = &measured.boxes[i];
        match node.kind {
            _ if own(i, rect, &mut group) => {}
            NodeKind::Container => {
                group.role = Role::Container;
                frame(node, text, rect, &crossings, theme, &mut group);
            }
            NodeKind::Merge => {
                group.role = Role::Node;
                let (outline, sign) =
                    if node.title == "×" { times(&node.key, rect) } else { plus(&node.key, rect) };
                let fill = node.look.swatch.map_or(theme.background, |s| s.fill);
                let ink = node.look.swatch.map_or(theme.edge, |s| s.text);
                group.push(outline.filled(fill).stroked(theme.edge, theme.edge_stroke));
                group.push(sign.stroked(ink, theme.edge_stroke));
            }
            NodeKind::Input | NodeKind::Output | NodeKind::Stub => {
                group.role = Role::Note;
                let color = if node.kind == NodeKind::Stub { theme.muted } else { theme.ink };
                lines(node, text, rect, (color, theme.muted), theme, &mut group);
            }
            NodeKind::Layer | NodeKind::Module => {
                group.role = Role::Node;
                boxed(node, text, rect, options, &mut group);
            }
        }
        group.children.extend(std::mem::take(&mut held[i]).into_iter().rev());
        match node.parent {
            Some(parent) => held[parent].push(group.into()),
            None => top.push(group.into()),
        }
    }
    into.children.extend(top.into_iter().rev());
}

fn boxed(node: &ViewNode, text: &BoxText, rect: Rect, options: &DrawOptions, group: &mut Group) {
    let theme = &options.theme;
    let swatch = node.swatch(theme);
    let closed = node.kind == NodeKind::Module && node.look.swatch.is_none();
    let fill = if closed { theme.module_fill(&swatch) } else { swatch.fill };
    let (width, widths) = text.parts(rect.width());
    let head = text.header.as_ref().map_or(0.0, |r| theme.line_height(r.style.size_px) + HEAD);
    let foot = text.foot(theme);
    let main = Rect::new(rect.x0, rect.y0 + head, rect.x0 + width, rect.y1 - foot);
    group.push(rounded_rect(node.key.piece("box"), rect, theme.box_radius).filled(fill));
    let mut x = main.x1;
    let parts: Vec<(Rect, _)> = widths
        .iter()
        .zip(&node.bands)
        .map(|(width, band)| {
            let part = Rect::new(x, main.y0, x + width, main.y1);
            x += width;
            (part, node.band_swatch(band, theme))
        })
        .collect();
    let fills: Vec<_> = parts.iter().map(|(r, s)| (*r, s.fill)).collect();
    for path in bands(&node.key, rect, theme.box_radius, &fills) {
        group.push(path);
    }
    for (i, (part, _)) in parts.iter().enumerate() {
        let mut line = netloom_scene::kurbo::BezPath::new();
        line.move_to((part.x0, part.y0));
        line.line_to((part.x0, part.y1));
        group.push(
            netloom_scene::Path::new(node.key.piece(&format!("rule{i}")), line)
                .stroked(swatch.stroke, theme.band_stroke),
        );
    }
    if let Some(value) = &text.value {
        let line = Rect::new(rect.x0 + theme.padding_x, main.y1, rect.x1 - theme.padding_x, rect.y1);
        value.line(&node.key, line, swatch.text, theme, group);
        if !parts.is_empty() {
            let mut line = netloom_scene::kurbo::BezPath::new();
            line.move_to((rect.x0, main.y1));
            line.line_to((rect.x1, main.y1));
            let rule = netloom_scene::Path::new(node.key.piece("foot-rule"), line);
            group.push(rule.stroked(swatch.stroke, theme.band_stroke));
        }
    }
    if let Some(header) = &text.header {
        let mut line = netloom_scene::kurbo::BezPath::new();
        line.move_to((rect.x0, main.y0));
        line.line_to((rect.x1, main.y0));
        let rule = netloom_scene::Path::new(node.key.piece("head-rule"), line);
        group.push(rule.stroked(swatch.stroke, theme.band_stroke));
        let center = Point::new(rect.center().x, rect.y0 + head / 2.0);
        group.push(label_at(node.key.piece("header"), header.clone(), center, swatch.text));
    }
    let mut outline = rounded_rect(node.key.piece("outline"), rect, theme.box_radius)
        .stroked(swatch.stroke, theme.box_stroke);
    if let Some(stroke) = outline.stroke.as_mut().filter(|_| node.look.dashed) {
        stroke.dash = Some(theme.skip_dash);
    }
    group.push(outline);
    let words = names(node, text, main, options, swatch.text, group);
    lines(node, text, words, (swatch.text, swatch.text), theme, group);
    if let Some(times) = &text.times {
        let height = times.cap_height() + 2.0 * PILL.height;
        let corner = Point::new(main.x1 - theme.padding_x, main.center().y - height / 2.0);
        group.push(pill(&node.key, times.clone(), corner, PILL, theme.pill(&swatch)));
    }
    if let Some(letter) = &text.letter {
        let size = super::details::badge(letter);
        let corner = Point::new(main.x0 + theme.padding_x + size.width, main.center().y - size.height / 2.0);
        let key = Key::new(format!("{}@callout", node.key.subject()));
        let mut mark = pill(&key, letter.clone(), corner, PILL, theme.pill(&swatch));
        mark.key = node.key.piece("letter");
        group.push(mark);
    }
    for (i, (band, (part, swatch))) in text.bands.iter().zip(&parts).enumerate() {
        let rows =
            [(Some(&band.title), format!("band{i}")), (band.subtitle.as_ref(), format!("band{i}-size"))];
        let rows: Vec<(&TextRun, &str, _)> =
            rows.iter().filter_map(|(run, piece)| Some(((*run)?, piece.as_str(), swatch.text))).collect();
        stack(node, &rows, *part, theme, group);
    }
}

/// Names of operands along the side where the flow enters; the rest of the rectangle is returned.
fn names(
    node: &ViewNode,
    text: &BoxText,
    rect: Rect,
    options: &DrawOptions,
    color: netloom_scene::Color,
    group: &mut Group,
) -> Rect {
    let Some((first, _)) = text.ports.first() else { return rect };
    let height = options.theme.line_height(first.style.size_px);
    let widest = text.ports.iter().map(|(r, _)| r.width).fold(0.0, f64::max);
    for (i, (run, at)) in text.ports.iter().enumerate() {
        let (x, y) = (rect.x0 + at * rect.width(), rect.y0 + at * rect.height());
        let center = match options.direction {
            Direction::Down => Point::new(x, rect.y0 + PORT_INSET + height / 2.0),
            Direction::Up => Point::new(x, rect.y1 - PORT_INSET - height / 2.0),
            Direction::Right => Point::new(rect.x0 + PILL_GAP + run.width / 2.0, y),
            Direction::Left => Point::new(rect.x1 - PILL_GAP - run.width / 2.0, y),
        };
        group.push(label_at(node.key.piece(&format!("operand{i}")), run.clone(), center, color));
    }
    let (down, across) = (height + PORT_INSET, widest + PILL_GAP);
    match options.direction {
        Direction::Down => Rect { y0: rect.y0 + down, y1: rect.y1 - PORT_INSET, ..rect },
        Direction::Up => Rect { y0: rect.y0 + PORT_INSET, y1: rect.y1 - down, ..rect },
        Direction::Right => Rect { x0: rect.x0 + across, ..rect },
        Direction::Left => Rect { x1: rect.x1 - across, ..rect },
    }
}

/// Title and subtitle centred in a rectangle.
fn lines(
    node: &ViewNode,
    text: &BoxText,
    rect: Rect,
    colors: (netloom_scene::Color, netloom_scene::Color),
    theme: &Theme,
    group: &mut Group,
) {
    let notes: Vec<String> = (0..text.notes.len()).map(|i| format!("note{i}")).collect();
    let mut rect = rect;
    if let (Some(picture), Some(size)) = (&node.look.picture, text.picture) {
        let runs = text.title.iter().chain(&text.subtitle).chain(&text.notes);
        let below: f64 = runs.map(|r| theme.line_height(r.style.size_px)).sum();
        let top = rect.center().y - (size.height + PICTURE_GAP + below) / 2.0;
        let center = Point::new(rect.center().x, top + size.height / 2.0);
        group.push(value::picture(&node.key, picture, center));
        rect.y0 = top + size.height + PICTURE_GAP;
        rect.y1 = rect.y0 + below;
    }
    let rows: Vec<(&TextRun, &str, _)> = [
        text.title.as_ref().map(|r| (r, "title", colors.0)),
        text.subtitle.as_ref().map(|r| (r, "subtitle", colors.1)),
    ]
    .into_iter()
    .flatten()
    .chain(text.notes.iter().zip(&notes).map(|(run, piece)| (run, piece.as_str(), colors.1)))
    .collect();
    stack(node, &rows, rect, theme, group);
}

/// Lines of text under one another, centred in a rectangle.
fn stack(
    node: &ViewNode,
    rows: &[(&TextRun, &str, netloom_scene::Color)],
    rect: Rect,
    theme: &Theme,
    group: &mut Group,
) {
    let total: f64 = rows.iter().map(|(r, ..)| theme.line_height(r.style.size_px)).sum();
    let mut y = rect.center().y - total / 2.0;
    for (run, piece, color) in rows {
        let height = theme.line_height(run.style.size_px);
        let center = Point::new(rect.center().x, y + height / 2.0);
        group.push(label_at(node.key.piece(piece), (*run).clone(), center, *color));
        y += height;
    }
}

/// An open module: tint, border, and the name at the left top, out of the way of arrows that cross the header.
pub(in crate::styles) fn frame(
    node: &ViewNode,
    text: &BoxText,
    rect: Rect,
    crossings: &Crossings,
    theme: &Theme,
    group: &mut Group,
) {
    let swatch = node.swatch(theme);
    group.push(
        rounded_rect(node.key.piece("frame"), rect, theme.container_radius)
            .filled(theme.container_fill(&swatch))
            .stroked(theme.container_stroke_color(&swatch), theme.container_stroke),
    );
    let pad = theme.container_padding;
    foot(node, text, rect, crossings, theme, group);
    let height = theme.line_height(theme.header_size);
    let band = Rect::new(rect.x0 + pad, rect.y0 + 4.0, rect.x1 - pad, rect.y0 + 4.0 + height);
    let band = match &text.times {
        Some(times) => count(node, times, band, crossings, theme, group),
        None => band,
    };
    let (bold, plain) = (theme.header_style(true), theme.header_style(false));
    let mut title = shape(&node.title, &bold);
    let (x0, x1) = gap(band, title.width, crossings);
    let room = x1 - x0;
    if title.width > room {
        title = shape(&ellipsize(&node.title, &bold, room), &bold);
    }
    if title.width > room || title.text.chars().count() < 2 && node.title.chars().count() > 2 {
        return;
    }
    let y = band.center().y;
    let half = title.width / 2.0;
    let end = x0 + title.width;
    group.push(label_at(node.key.piece("title"), title, Point::new(x0 + half, y), theme.ink));
    if !node.subtitle.is_empty() && node.subtitle != node.title {
        let class = shape(&format!("· {}", node.subtitle), &plain);
        let gap = 3.0;
        if end + gap + class.width <= x1 {
            let center = Point::new(end + gap + class.width / 2.0, y);
            group.push(label_at(node.key.piece("class"), class, center, theme.muted));
        }
    }
}

/// What is remarked at the foot of a frame, beside the arrows that leave it.
fn foot(
    node: &ViewNode,
    text: &BoxText,
    rect: Rect,
    crossings: &Crossings,
    theme: &Theme,
    group: &mut Group,
) {
    let pad = theme.container_padding;
    let mut y = rect.y1 - pad / 2.0 - super::remarks::height(text, theme);
    for (i, run) in text.notes.iter().enumerate() {
        let height = theme.line_height(run.style.size_px);
        let band = Rect::new(rect.x0 + pad, y, rect.x1 - pad, y + height);
        let (x0, _) = gap(band, run.width, crossings);
        let center = Point::new(x0 + run.width / 2.0, y + height / 2.0);
        group.push(label_at(node.key.piece(&format!("note{i}")), run.clone(), center, theme.muted));
        y += height;
    }
}

/// The pill at the right end of a header, or left of the arrows there; what is left of the header is returned.
fn count(
    node: &ViewNode,
    times: &TextRun,
    band: Rect,
    crossings: &Crossings,
    theme: &Theme,
    group: &mut Group,
) -> Rect {
    let width = times.width + 2.0 * PILL.width;
    let free = gaps(band, crossings);
    let right = free.iter().rev().find(|g| g.1 - g.0 >= width).map_or(band.x1, |g| g.1);
    let colors = theme.pill(&node.swatch(theme));
    let height = times.cap_height() + 2.0 * PILL.height;
    let corner = Point::new(right, band.center().y - height / 2.0);
    group.push(pill(&node.key, times.clone(), corner, PILL, colors));
    Rect::new(band.x0, band.y0, (right - width - PILL_GAP).max(band.x0), band.y1)
}

/// Pieces of arrows by height, so that a header finds those that cross it.
pub(in crate::styles) struct Crossings(BTreeMap<i64, Vec<(Rect, usize)>>);

/// Height of one shelf of [`Crossings`], px.
const SHELF: f64 = 128.0;

impl Crossings {
    pub(in crate::styles) fn new(layout: &Layout) -> Self {
        let mut shelves: BTreeMap<i64, Vec<(Rect, usize)>> = BTreeMap::new();
        let pieces = layout.routes.iter().flat_map(|r| r.points.windows(2));
        for (i, pair) in pieces.enumerate() {
            let piece = Rect::new(pair[0].x, pair[0].y, pair[1].x, pair[1].y).abs();
            for shelf in shelf(piece.y0)..=shelf(piece.y1) {
                shelves.entry(shelf).or_default().push((piece, i));
            }
        }
        Self(shelves)
    }

    /// Left and right ends of the pieces that cross a band, kept `clear` px away.
    fn of(&self, band: Rect, clear: f64) -> Vec<(f64, f64)> {
        let wide = band.inflate(clear, 1.0);
        let mut found: Vec<(Rect, usize)> = self
            .0
            .range(shelf(wide.y0)..=shelf(wide.y1))
            .flat_map(|(_, pieces)| pieces)
            .filter(|(p, _)| p.y1 > wide.y0 && p.y0 < wide.y1 && p.x1 > wide.x0 && p.x0 < wide.x1)
            .copied()
            .collect();
        found.sort_by_key(|(_, i)| *i);
        found.dedup_by_key(|(_, i)| *i);
        found.into_iter().map(|(p, _)| (p.x0 - clear, p.x1 + clear)).collect()
    }
}

fn shelf(y: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "layouts are bounded far below 2^53 px")]
    let shelf = (y / SHELF).floor() as i64;
    shelf
}

/// The first stretch of a header that no arrow crosses and that is wide enough, else the widest.
fn gap(band: Rect, need: f64, crossings: &Crossings) -> (f64, f64) {
    let gaps = gaps(band, crossings);
    let wide = |g: &&(f64, f64)| g.1 - g.0 >= need;
    gaps.iter()
        .find(wide)
        .or_else(|| gaps.iter().max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))))
        .copied()
        .unwrap_or((band.x0, band.x0))
}

/// The stretches of a header that no arrow crosses, from left to right.
fn gaps(band: Rect, crossings: &Crossings) -> Vec<(f64, f64)> {
    const CLEAR: f64 = 5.0;
    let mut cuts = crossings.of(band, CLEAR);
    cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut gaps = Vec::new();
    let mut x = band.x0;
    for (left, right) in cuts {
        if left > x {
            gaps.push((x, left));
        }
        x = x.max(right);
    }
    if x < band.x1 {
        gaps.push((x, band.x1));
    }
    gaps
}

/// What a pointer resting on a box shows.
pub(in crate::styles) fn tooltip(view: &View, node: &ViewNode) -> String {
    let mut parts = vec![node.title.clone()];
    parts.extend(node.bands.iter().map(|b| b.title.clone()));
    let mut text = parts.join(", ");
    let path = node.key.subject();
    if !path.is_empty() && path != node.title {
        text = format!("{path}: {text}");
    }
    if node.repeat > 1 {
        text += &format!(", {} times", node.repeat);
    }
    for detail in &node.details {
        text += &format!(", {detail}");
    }
    let parameters: u64 = node
        .operators
        .iter()
        .filter_map(|n| view.summary.nodes.get(n.index()))
        .fold(0, |sum, row| sum.saturating_add(row.parameters));
    if parameters > 0 {
        text += &format!(", {} parameters", number::si(parameters));
    }
    text
}

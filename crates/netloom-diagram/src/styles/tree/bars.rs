//! A row per part, indented by how deep it is nested, with bars for what it amounts to.

use netloom_scene::figures::{label_from, label_to, rounded_rect};
use netloom_scene::kurbo::{BezPath, Point, Rect, Size};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Path, Role, Swatch, TextRun, Theme};

use super::keys::Keys;
use super::rows::{Part, Tree};
use crate::number;

/// Height of a row, px.
pub(super) const ROW: f64 = 17.0;
/// How far each level is indented, px.
const INDENT: f64 = 11.0;
/// The least and the greatest width of a bar for all, px.
const BARS: (f64, f64) = (28.0, 96.0);
/// Space between columns, px.
const GAP: f64 = 8.0;
/// The widest that names and classes may get, px.
const NAMES: (f64, f64) = (112.0, 250.0);
/// The width from which shares are given in percent too, px.
const PERCENT: f64 = 420.0;

/// One of the numbers: what it is called, its colours, and the number of a part.
struct Measure {
    title: &'static str,
    swatch: Swatch,
    of: fn(&Part) -> Option<u64>,
}

/// The measures with the colours of their bars.
pub(super) fn colors(theme: &Theme) -> [(Swatch, &'static str); 2] {
    [(theme.swatch("linear"), "parameters"), (theme.swatch("attention"), "multiply-adds")]
}

/// Draws the parts listed within a width, from the origin.
pub(super) fn draw(
    tree: &Tree,
    listed: &[usize],
    theme: &Theme,
    keys: &Keys<'_>,
    width: f64,
) -> (Group, Size) {
    let [parameters, macs] = colors(theme);
    let measures = [
        Measure { title: "parameters", swatch: parameters.0, of: |p| Some(p.parameters) },
        Measure { title: "MACs", swatch: macs.0, of: |p| p.macs },
    ];
    let measures: Vec<Measure> = measures
        .into_iter()
        .filter(|m| listed.iter().any(|i| (m.of)(&tree.parts[*i]).is_some_and(|n| n > 0)))
        .collect();
    let plain = theme.secondary_style();
    let number = |n: Option<u64>| {
        shape(&n.map_or("?".to_owned(), |n| if n == 0 { "–".to_owned() } else { number::si(n) }), &plain)
    };
    let least = measures.iter().map(|m| shape(m.title, &plain).width).fold(0.0, f64::max);
    let numbers = listed
        .iter()
        .flat_map(|i| measures.iter().map(|m| number((m.of)(&tree.parts[*i])).width))
        .fold(least, f64::max);
    let with_percent = width >= PERCENT;
    let percent = if with_percent { GAP + shape("100.0\u{a0}%", &plain).width } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "at most two measures")]
    let n = measures.len().max(1) as f64;
    let fixed = n * (numbers + percent + 2.0 * GAP);
    let natural = listed.iter().map(|i| natural(&tree.parts[*i], theme)).fold(NAMES.0, f64::max);
    let names = natural.min(NAMES.1).min((width - fixed - n * BARS.0).max(NAMES.0));
    let bar = ((width - fixed - names) / n).clamp(BARS.0, BARS.1);
    let whole = names + fixed + n * bar;

    let mut group = Group::new("figure#tree");
    let column = |m: usize| {
        #[expect(clippy::cast_precision_loss, reason = "at most two measures")]
        let m = m as f64;
        names + m * (bar + numbers + percent + 2.0 * GAP) + GAP
    };
    for (m, measure) in measures.iter().enumerate() {
        let end = Point::new(column(m) + bar + GAP + numbers, ROW / 2.0);
        let key = format!("figure#head{m}");
        group.push(label_to(
            key.as_str(),
            shape(measure.title, &theme.header_style(false)),
            end,
            theme.muted,
        ));
    }
    let mut y = ROW;
    let mut guides: Vec<(usize, f64)> = Vec::new();
    for (row, i) in listed.iter().enumerate() {
        let part = &tree.parts[*i];
        let middle = y + ROW / 2.0;
        let mut line = Group::new(keys.of(part, row, "row")).with_role(Role::Note).with_title(tip(part));
        if row % 2 == 0 {
            let key = keys.of(part, row, "stripe");
            line.push(
                rounded_rect(key, Rect::new(0.0, y, whole, y + ROW), 2.0)
                    .filled(theme.background.mix(theme.rule, 0.22)),
            );
        }
        guides.retain(|(depth, _)| *depth < part.depth);
        if let Some((_, from)) = guides.last().filter(|_| part.depth > 0) {
            line.push(guide(part, row, (*from, middle), keys).stroked(theme.rule, theme.box_stroke));
        }
        guides.push((part.depth, middle));
        name(part, row, (names, middle), theme, keys, &mut line);
        let all = |m: &Measure| (m.of)(&tree.parts[0]);
        for (m, measure) in measures.iter().enumerate() {
            let (n, all) = ((measure.of)(part), all(measure));
            let x = column(m);
            let share = share(n, all);
            let rect = Rect::new(x, y + 4.0, x + (bar * share).max(0.5), y + ROW - 4.0);
            let swatch = if m == 0 { keys.swatch(part).unwrap_or(measure.swatch) } else { measure.swatch };
            if n.is_some_and(|n| n > 0) {
                let bar = rounded_rect(keys.of(part, row, &format!("bar{m}")), rect, 1.0);
                line.push(bar.filled(swatch.fill).stroked(swatch.stroke, theme.band_stroke));
            }
            let end = Point::new(x + bar + GAP + numbers, middle);
            line.push(label_to(keys.of(part, row, &format!("number{m}")), number(n), end, theme.ink));
            if let (true, Some(n), Some(all)) = (with_percent, n.filter(|n| *n > 0), all.filter(|a| *a > 0)) {
                let run = shape(&number::percent(n, all), &plain);
                let end = Point::new(end.x + percent, middle);
                line.push(label_to(keys.of(part, row, &format!("share{m}")), run, end, theme.muted));
            }
        }
        group.push(line);
        y += ROW;
    }
    (group, Size::new(whole, y))
}

/// A part of the whole, from 0 to 1.
fn share(part: Option<u64>, whole: Option<u64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a bar is a few hundred px long")]
    match (part, whole) {
        (Some(n), Some(all)) if all > 0 => (n as f64 / all as f64).min(1.0),
        _ => 0.0,
    }
}

/// The line from the part that holds a part down and across to it.
fn guide(part: &Part, row: usize, (from, to): (f64, f64), keys: &Keys<'_>) -> Path {
    let x = indent(part) - INDENT + 3.0;
    let mut line = BezPath::new();
    line.move_to((x, from + 6.0));
    line.line_to((x, to));
    line.line_to((x + INDENT - 5.0, to));
    Path::new(keys.of(part, row, "guide"), line)
}

fn indent(part: &Part) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "trees are not deep")]
    let depth = part.depth as f64;
    4.0 + depth * INDENT
}

fn times(part: &Part, theme: &Theme) -> Option<TextRun> {
    (part.own > 1).then(|| shape(&format!("×{}", part.own), &theme.header_style(true)))
}

/// The width that name, class and count need, px.
fn natural(part: &Part, theme: &Theme) -> f64 {
    let style = if part.depth == 0 { theme.header_style(true) } else { theme.secondary_style() };
    let class = shape(&part.class, &theme.secondary_style()).width;
    let class = if shows_class(part) { class + 6.0 } else { 0.0 };
    let times = times(part, theme).map_or(0.0, |t| t.width + 6.0);
    indent(part) + shape(&part.name, &style).width + class + times + GAP
}

fn shows_class(part: &Part) -> bool {
    !part.class.is_empty() && part.class != part.name
}

/// Name, count and class, as far as there is room.
fn name(
    part: &Part,
    row: usize,
    (width, middle): (f64, f64),
    theme: &Theme,
    keys: &Keys<'_>,
    into: &mut Group,
) {
    let plain = theme.secondary_style();
    let style = if part.depth == 0 { theme.header_style(true) } else { plain };
    let mut x = indent(part);
    let times = times(part, theme);
    let kept = times.as_ref().map_or(0.0, |t| t.width + 6.0);
    let run = shape(&ellipsize(&part.name, &style, (width - x - kept - GAP).max(16.0)), &style);
    let end = x + run.width;
    into.push(label_from(keys.of(part, row, "name"), run, Point::new(x, middle), theme.ink));
    x = end + 6.0;
    if let Some(run) = times {
        let end = x + run.width + 6.0;
        into.push(label_from(keys.of(part, row, "times"), run, Point::new(x, middle), theme.ink));
        x = end;
    }
    if shows_class(part) {
        let run = shape(&part.class, &plain);
        if x + run.width <= width {
            into.push(label_from(keys.of(part, row, "class"), run, Point::new(x, middle), theme.muted));
        }
    }
}

/// What a pointer resting on a part shows.
pub(super) fn tip(part: &Part) -> String {
    let mut text = if part.path.is_empty() { part.name.clone() } else { part.path.clone() };
    if shows_class(part) {
        text += &format!(" ({})", part.class);
    }
    if part.times > 1 {
        text += &format!(", {} of them", part.times);
    }
    text += &format!(": {} parameters", number::grouped(part.parameters));
    if let Some(macs) = part.macs {
        text += &format!(", {} MACs", number::grouped(macs));
    }
    text
}

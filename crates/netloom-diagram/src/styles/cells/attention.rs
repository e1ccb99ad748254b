//! One head of attention, and several side by side (Vaswani et al., 2017, Figure 2).

use netloom_scene::kurbo::{Rect, Size, Vec2};
use netloom_scene::{Group, Swatch, Theme};

use super::find::Make;
use super::pen::{Line, Pen};
use crate::number;

/// Height of a box, px.
const BOX: f64 = 22.0;
/// Space between boxes, px.
const GAP: f64 = 20.0;
/// Space between the levels of several heads, px.
const LEVELS: f64 = 29.0;
/// Space between the frame and what is in it, px.
const PAD: f64 = 14.0;
/// Width of the frame of one head, px.
const HEAD: f64 = 132.0;
/// Width of the frame of several heads, px.
const MANY: f64 = 216.0;
/// How far the heads behind the first one are moved, px.
const BEHIND: f64 = 5.0;
/// Distance of the layers that make queries, keys and values, px.
const APART: f64 = 58.0;
/// Space between both frames, px.
const BETWEEN: f64 = 28.0;
/// Height of the names below and above a frame, px.
const NAMES: f64 = 30.0;

/// Draws it with its left top corner at the origin: several heads beside the one, or below it in a narrower room.
pub(super) fn draw(theme: &Theme, name: &str, make: &Make, swatch: &Swatch, room: f64) -> (Group, Size) {
    let mut pen = Pen::new(theme, name);
    let steps = steps(make);
    #[expect(clippy::cast_precision_loss, reason = "a head has a handful of steps")]
    let inside = steps.len() as f64 * (BOX + GAP) - GAP;
    let one = inside + 2.0 * PAD + 6.0;
    let many = 4.0 * BOX + 3.0 * LEVELS + 2.0 * PAD + BEHIND * 2.0 + 6.0;
    let beside = HEAD + BETWEEN + MANY <= room;
    let height = if make.heads.projected && beside { one.max(many) } else { one };
    head(&mut pen, &steps, height, make, swatch);
    let mut size = Size::new(HEAD, height + 2.0 * NAMES);
    if make.heads.projected && beside {
        pen.at = Vec2::new(HEAD + BETWEEN, 0.0);
        heads(&mut pen, height, make, swatch);
        size.width += BETWEEN + MANY;
    } else if make.heads.projected {
        pen.at = Vec2::new(0.0, size.height);
        heads(&mut pen, many, make, swatch);
        size = Size::new(MANY, size.height + many + 2.0 * NAMES);
    }
    (pen.finish(), size)
}

/// What happens between queries and keys below and the values above: text, grammar, what it does.
fn steps(make: &Make) -> Vec<(&'static str, &'static str, &'static str)> {
    let heads = &make.heads;
    let mut steps = Vec::new();
    if heads.rotary {
        steps.push(("rotary", "pointwise", "turns queries and keys by their position"));
    }
    steps.push(("MatMul", "other", "how well each query fits each key"));
    steps.push(("scale", "pointwise", "divides by the square root of the width of a head"));
    if heads.biased {
        steps.push(("+ bias", "pointwise", "adds a bias to the scores"));
    }
    if heads.masked {
        steps.push(("mask", "pointwise", "hides positions"));
    }
    steps.push(("softmax", "other", "weights that add up to one"));
    steps.push(("MatMul", "other", "gathers the values by their weights"));
    steps
}

fn head(pen: &mut Pen<'_>, steps: &[(&str, &str, &str)], height: f64, make: &Make, swatch: &Swatch) {
    let frame = Rect::new(0.0, NAMES, HEAD, NAMES + height);
    pen.step("head", frame, "", swatch, "attention of one head");
    let size = Size::new(72.0, BOX);
    let middle = PAD + size.width / 2.0;
    let (q, k, v) = (middle - 18.0, middle + 18.0, HEAD - PAD - 4.0);
    let n = steps.len();
    // Steps stand at equal distances over the whole height, from below.
    #[expect(clippy::cast_precision_loss, reason = "a head has a handful of steps")]
    let pitch = if n > 1 { (height - 2.0 * PAD - 6.0 - BOX) / (n - 1) as f64 } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "a head has a handful of steps")]
    let level = |i: usize| NAMES + height - PAD - 3.0 - BOX / 2.0 - pitch * i as f64;
    let foot = NAMES + height;
    for (i, (text, kind, title)) in steps.iter().enumerate() {
        let id = format!("step{i}");
        // The last gathers the values, so it reaches over to them.
        let last = i + 1 == n;
        let (center, wide) =
            if last { ((PAD + v + 12.0) / 2.0, Size::new(v + 12.0 - PAD, BOX)) } else { (middle, size) };
        pen.block(&id, (center, level(i)), wide, text, kind, title);
        let turned = i == 1 && make.heads.rotary;
        if i == 0 || turned {
            let from = if turned { level(0) - BOX / 2.0 } else { foot + 10.0 };
            for x in [q, k] {
                pen.wire(("", &id), &[(x, from), (x, level(i) + BOX / 2.0)], Line::Arrow);
            }
        } else {
            let from = level(i - 1) - BOX / 2.0;
            pen.wire(
                (&format!("step{}", i - 1), &id),
                &[(middle, from), (middle, level(i) + BOX / 2.0)],
                Line::Arrow,
            );
        }
        if last {
            pen.wire(("", &id), &[(v, foot + 10.0), (v, level(i) + BOX / 2.0)], Line::Arrow);
            pen.wire((&id, ""), &[(center, level(i) - BOX / 2.0), (center, NAMES - 12.0)], Line::Arrow);
        }
    }
    for (name, x) in [("Q", q), ("K", k), ("V", v)] {
        pen.symbol(&format!("head.{name}"), (x, foot + 20.0), name, 0);
    }
    if let Some(size) = make.heads.size {
        let words = format!("{} wide", number::grouped(u64::try_from(size).unwrap_or(0)));
        pen.words("head.size", ((PAD + v + 12.0) / 2.0 + 8.0, NAMES - 8.0), &words);
    }
}

fn heads(pen: &mut Pen<'_>, height: f64, make: &Make, swatch: &Swatch) {
    let frame = Rect::new(0.0, NAMES, MANY, NAMES + height);
    pen.step("heads", frame, "", swatch, "several heads side by side");
    let pitch = (height - 2.0 * PAD - BOX - BEHIND * 2.0 - 6.0) / 3.0;
    let level = |i: f64| NAMES + height - PAD - 3.0 - BOX / 2.0 - pitch * i;
    let foot = NAMES + height;
    let size = Size::new(44.0, BOX);
    let middle = PAD + APART + 26.0;
    let core = Size::new(132.0 + 8.0, BOX);
    let many = make.heads.count.is_some_and(|n| n > 1);
    let depth: i32 = if many { 2 } else { 0 };
    let behind = f64::from(depth) * BEHIND;
    let columns = [("Q", middle - APART), ("K", middle), ("V", middle + APART)];
    let packed = make.heads.packed;
    for (name, x) in columns {
        let id = if packed { "heads.all".to_owned() } else { format!("heads.{name}") };
        let way = [(x, level(0.0) - BOX / 2.0 - behind), (x, level(1.0) + BOX / 2.0)];
        pen.wire((&id, "heads.core"), &way, Line::Arrow);
        if !packed {
            pen.wire(("", &id), &[(x, foot + 10.0), (x, level(0.0) + BOX / 2.0)], Line::Arrow);
            pen.stack(&id, (x, level(0.0)), size, ("linear", "learned"), (depth, BEHIND));
            pen.symbol(&format!("{id}.name"), (x, foot + 20.0), name, 0);
        }
    }
    if packed {
        let way = [(middle, foot + 10.0), (middle, level(0.0) + BOX / 2.0)];
        pen.wire(("", "heads.all"), &way, Line::Arrow);
        let wide = Size::new(2.0 * APART + size.width, BOX);
        pen.stack("heads.all", (middle, level(0.0)), wide, ("linear", "learned"), (depth, BEHIND));
        pen.symbol("heads.all.name", (middle, foot + 20.0), "x", 0);
        for (name, x) in columns {
            let y = (level(0.0) - BOX / 2.0 - behind + level(1.0) + BOX / 2.0) / 2.0;
            pen.symbol(&format!("heads.{name}.name"), (x + 5.0, y), name, -1);
        }
    }
    pen.stack("heads.core", (middle, level(1.0)), core, ("attention of one head", "other"), (depth, BEHIND));
    let wire = |from: f64, to: f64| [(middle, from), (middle, to)];
    pen.wire(
        ("heads.core", "heads.concat"),
        &wire(level(1.0) - BOX / 2.0 - behind, level(2.0) + BOX / 2.0),
        Line::Arrow,
    );
    pen.block("heads.concat", (middle, level(2.0)), Size::new(72.0, BOX), "concat", "other", "side by side");
    pen.wire(
        ("heads.concat", "heads.out"),
        &wire(level(2.0) - BOX / 2.0, level(3.0) + BOX / 2.0),
        Line::Arrow,
    );
    pen.block("heads.out", (middle, level(3.0)), Size::new(72.0, BOX), "linear", "learned", "learned layer");
    pen.wire(("heads.out", ""), &wire(level(3.0) - BOX / 2.0, NAMES - 12.0), Line::Arrow);
    if let Some(n) = make.heads.count.filter(|_| many) {
        let at = (middle + core.width / 2.0 + behind + 4.0, level(1.0) - behind / 2.0);
        pen.words("heads.count", at, &format!("×{n}"));
    }
    if let Some(width) = make.heads.width {
        let words = format!("{} wide", number::grouped(u64::try_from(width).unwrap_or(0)));
        pen.words("heads.width", (middle + 8.0, NAMES - 8.0), &words);
    }
}

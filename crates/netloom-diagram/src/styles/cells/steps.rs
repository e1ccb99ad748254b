//! Steps of a recurrent cell side by side: one open, one with a loop, several in a row.

use netloom_scene::kurbo::{Rect, Size};
use netloom_scene::{Group, Swatch, Theme};

use super::find::{Cells, Kind, Make};
use super::gates::{self, Form, Reach};
use super::pen::{ENDS, Line, Pen};

/// Width of a closed step, px.
const CLOSED: f64 = 80.0;
/// Height of a closed step of the row that reads from the end, px.
const BACK: f64 = 44.0;
/// Width of dots in the place of steps, px.
const DOTS: f64 = 24.0;
/// Space between steps, px.
const GAP: f64 = 28.0;
/// Space between what a step reads or shows and the step, px.
const STEM: f64 = 16.0;
/// Space between the two rows of steps, px.
const ROWS: f64 = 28.0;
/// How far the lines reach beyond the first and last step, px.
const OUTSIDE: f64 = 20.0;
/// Space for the names of states beside a step that stands alone, px.
const NAMES: f64 = 34.0;
/// Width of the names of states, with the space beside them, px.
const WORDS: f64 = 26.0;
/// Distance of the lines that pass between the steps from these, px.
const ASIDE: (f64, f64) = (9.0, 19.0);
/// Width of the loop beside a step that stands for all, px.
const LOOP: f64 = 28.0;

/// Which steps are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// One, open.
    Cell,
    /// One, closed, with a loop.
    Rolled,
    /// So many, closed.
    Unrolled(usize),
    /// Three, the middle one open.
    Three,
}

/// How many closed steps stand in a row of a width, with dots before the last.
pub(super) fn most(width: f64) -> f64 {
    ((width - 2.0 * OUTSIDE - DOTS) / (CLOSED + GAP)).floor().max(1.0)
}

struct Column {
    x: f64,
    width: f64,
    open: bool,
    /// What its step is called, empty for dots in the place of many.
    index: String,
}

/// Where the rows stand.
struct Rows {
    top: f64,
    height: f64,
    /// The top of the row that reads from the end.
    back: Option<f64>,
    /// The middle of what is read.
    inputs: f64,
    /// Whether one open step stands for itself.
    alone: bool,
}

/// Draws the steps with their left top corner at the origin. `last` is how many steps there are, where known.
pub(super) fn draw(
    theme: &Theme,
    name: &str,
    cells: &Cells,
    shown: Shown,
    names: bool,
    swatch: &Swatch,
) -> (Group, Size) {
    let form = gates::form(&cells.make);
    let mut pen = Pen::new(theme, name);
    let (columns, width) = columns(&form, shown, cells);
    let height = form.size.height;
    let height = if columns.iter().any(|c| c.open) { height } else { height.min(84.0) };
    let top = 2.0 * ENDS + STEM;
    let alone = shown == Shown::Cell;
    let back = (cells.make.both && !alone).then_some(top + height + ROWS);
    let bottom = back.map_or(top + height, |y| y + BACK);
    let rows = Rows { top, height, back, inputs: bottom + STEM + ENDS, alone };
    let sizes = (cells.inputs.first().cloned().unwrap_or_default(), shows(cells));
    let told = columns.iter().position(|c| c.open).unwrap_or(0);
    for (i, column) in columns.iter().enumerate() {
        let sizes = if i == told { (sizes.0.as_str(), sizes.1.as_str()) } else { ("", "") };
        if column.index.is_empty() {
            dots(&mut pen, column, &rows, i);
        } else {
            step(&mut pen, cells, &form, column, &rows, (i, names), sizes, swatch);
        }
    }
    between(&mut pen, &columns, &rows, (&form, &cells.make), (shown, width));
    (pen.finish(), Size::new(width, rows.inputs + ENDS))
}

/// The size of what one step shows.
fn shows(cells: &Cells) -> String {
    match (cells.make.hidden, cells.make.both) {
        (Some(n), true) => format!("2 × {n}"),
        (Some(n), false) => n.to_string(),
        (None, _) => String::new(),
    }
}

fn columns(form: &Form, shown: Shown, cells: &Cells) -> (Vec<Column>, f64) {
    let steps = cells.steps;
    let column = |open: bool, index: &str| Column {
        x: 0.0,
        width: if open { form.size.width } else { CLOSED },
        open,
        index: index.to_owned(),
    };
    let mut columns = match shown {
        Shown::Cell => vec![column(true, "t")],
        Shown::Rolled => vec![column(false, "t")],
        Shown::Three => vec![column(false, "t−1"), column(true, "t"), column(false, "t+1")],
        Shown::Unrolled(n) => {
            let last = steps.map_or("t".to_owned(), |s| s.saturating_sub(1).to_string());
            let whole = steps.is_some_and(|s| s <= n as u64);
            let n = steps.map_or(n, |s| n.min(usize::try_from(s).unwrap_or(n)).max(1));
            let first = if whole { n } else { n.saturating_sub(1) };
            let mut all: Vec<Column> = (0..first).map(|i| column(false, &i.to_string())).collect();
            if !whole {
                if first > 0 {
                    all.push(Column { width: DOTS, ..column(false, "") });
                }
                all.push(column(false, &last));
            }
            all
        }
    };
    if cells.make.backwards {
        // The flow is from left to right, so time runs from right to left.
        let mut indices: Vec<String> = columns.iter_mut().map(|c| std::mem::take(&mut c.index)).collect();
        indices.reverse();
        for (column, index) in columns.iter_mut().zip(indices) {
            column.index = index;
        }
    }
    let (outside, behind) = match shown {
        Shown::Cell => (NAMES, NAMES),
        Shown::Rolled => (0.0, LOOP),
        _ => (OUTSIDE, OUTSIDE),
    };
    let mut x = outside;
    for column in &mut columns {
        column.x = x;
        x += column.width + GAP;
    }
    (columns, x - GAP + behind)
}

/// Dots in the place of steps.
fn dots(pen: &mut Pen<'_>, column: &Column, rows: &Rows, i: usize) {
    let middle = column.x + column.width / 2.0 - 5.0;
    let rows = [ENDS, rows.top + rows.height / 2.0, rows.inputs]
        .into_iter()
        .chain(rows.back.map(|y| y + BACK / 2.0));
    for (n, y) in rows.enumerate() {
        pen.words(&format!("dots{i}.{n}"), (middle, y), "…");
    }
}

#[expect(clippy::too_many_arguments, reason = "what a step is, where it stands and what it shows")]
fn step(
    pen: &mut Pen<'_>,
    cells: &Cells,
    form: &Form,
    column: &Column,
    rows: &Rows,
    (i, names): (usize, bool),
    sizes: (&str, &str),
    swatch: &Swatch,
) {
    let make = &cells.make;
    let (enters, leaves) = if column.open {
        (column.x + form.enters, column.x + form.leaves)
    } else {
        (column.x + column.width / 2.0, column.x + column.width / 2.0)
    };
    let frame = Rect::new(column.x, rows.top, column.x + column.width, rows.top + rows.height);
    let id = |what: &str| format!("{i}.{what}");
    let from = rows.inputs - ENDS;
    let word = word(make.kind);
    pen.step(&id("step"), frame, if column.open { "" } else { word }, swatch, &make.title);
    let down = if rows.back.is_some() { 0.0 } else { STEM };
    let foot = rows.top + rows.height;
    if column.open {
        let aside = if rows.alone { NAMES - WORDS } else { GAP };
        let reach = Reach { before: aside, behind: aside, up: STEM, down };
        let at = pen.at;
        pen.at = netloom_scene::kurbo::Vec2::new(column.x, rows.top);
        gates::draw(pen, make, names, &reach);
        pen.at = at;
    } else {
        pen.wire((&id("step"), &id("h")), &[(leaves, rows.top), (leaves, 2.0 * ENDS)], Line::Arrow);
        if rows.back.is_none() {
            pen.wire((&id("x"), &id("step")), &[(enters, from), (enters, foot)], Line::Arrow);
        }
    }
    if let Some(back) = rows.back {
        let box_ = Rect::new(column.x, back, column.x + column.width, back + BACK);
        pen.step(&id("back"), box_, &format!("{word} ←"), swatch, "reads the sequence from its end");
        pen.wire((&id("x"), &id("back")), &[(enters, from), (enters, back + BACK)], Line::Arrow);
        let aside = column.x - ASIDE.0;
        let (fork, lane) = (back + BACK + STEM / 2.0, foot + ASIDE.0);
        let way = [(enters, fork), (aside, fork), (aside, lane), (enters, lane), (enters, foot)];
        let line = if column.open { Line::Joins } else { Line::Arrow };
        pen.wire((&id("x"), &id("step")), &way, line);
        let (out, beside) = (column.x + column.width - 14.0, column.x + column.width + ASIDE.0);
        let above = rows.top - STEM / 2.0;
        let way =
            [(out, back), (out, foot + ASIDE.1), (beside, foot + ASIDE.1), (beside, above), (leaves, above)];
        pen.wire((&id("back"), &id("h")), &way, Line::Joins);
    }
    pen.end(&id("h"), (leaves, ENDS), "state", &format!("h_{}", column.index), sizes.1);
    pen.end(&id("x"), (enters, rows.inputs), "given", &format!("x_{}", column.index), sizes.0);
}

/// States that pass from step to step, beside the open step, which draws its own.
fn between(
    pen: &mut Pen<'_>,
    columns: &[Column],
    rows: &Rows,
    (form, make): (&Form, &Make),
    (shown, width): (Shown, f64),
) {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
    let n = form.lanes.len();
    let any_open = columns.iter().any(|c| c.open);
    #[expect(clippy::cast_precision_loss, reason = "a cell has one or two states")]
    let level = |i: usize| match any_open {
        true => rows.top + form.lanes[i].0,
        false => rows.top + rows.height * (i + 1) as f64 / (n + 1) as f64,
    };
    let line = |i: usize| if form.lanes[i].0 == gates::TOP { Line::Main } else { Line::Arrow };
    let id = |i: usize, what: &str| format!("{i}.{what}");
    for lane in 0..n {
        let y = level(lane);
        match shown {
            Shown::Cell => {
                let name = form.lanes[lane].1;
                let before = if make.backwards { "t+1" } else { "t−1" };
                let right = first.x + first.width + NAMES - WORDS + 4.0;
                pen.symbol(&format!("before{lane}"), (WORDS - 4.0, y), &format!("{name}_{before}"), 1);
                pen.symbol(&format!("behind{lane}"), (right, y), &format!("{name}_t"), -1);
            }
            Shown::Rolled => {}
            Shown::Three | Shown::Unrolled(_) => {
                for (i, pair) in columns.windows(2).enumerate().filter(|(_, p)| !p[0].open && !p[1].open) {
                    let ends = (id(i, "step"), id(i + 1, "step"));
                    let way = [(pair[0].x + pair[0].width, y), (pair[1].x, y)];
                    pen.wire((&ends.0, &ends.1), &way, line(lane));
                }
            }
        }
        if shown == Shown::Three {
            pen.wire(("", &id(0, "step")), &[(0.0, y), (first.x, y)], line(lane));
            let end = id(columns.len() - 1, "step");
            pen.wire((&end, ""), &[(last.x + last.width, y), (width, y)], line(lane));
        }
    }
    if shown == Shown::Rolled {
        let mut rounds = vec![("step", rows.top + rows.height / 2.0)];
        rounds.extend(rows.back.map(|y| ("back", y + BACK / 2.0)));
        let right = first.x + first.width;
        for (what, y) in rounds {
            let out = right + LOOP - 8.0;
            let way = [(right, y + 12.0), (out, y + 12.0), (out, y - 12.0), (right, y - 12.0)];
            pen.wire((&id(0, what), &id(0, what)), &way, Line::Arrow);
        }
    }
    let Some(back) = rows.back else { return };
    let y = back + BACK / 2.0;
    for (i, pair) in columns.windows(2).enumerate() {
        let ends = (id(i + 1, "back"), id(i, "back"));
        pen.wire((&ends.0, &ends.1), &[(pair[1].x, y), (pair[0].x + pair[0].width, y)], Line::Arrow);
    }
    if shown == Shown::Three {
        pen.wire(("", &id(columns.len() - 1, "back")), &[(width, y), (last.x + last.width, y)], Line::Arrow);
        pen.wire((&id(0, "back"), ""), &[(first.x, y), (0.0, y)], Line::Arrow);
    }
}

/// What closed steps are called.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Lstm => "LSTM",
        Kind::Gru => "GRU",
        Kind::Rnn | Kind::Attention => "RNN",
    }
}

//! Sizes at the left edge: once per stage of the trunk, where they change.

use netloom_graph::{Category, Dim, Graph, Shape};
use netloom_layout::{Direction, Layout};
use netloom_scene::kurbo::Point;
use netloom_scene::text::shape;
use netloom_scene::{Group, Role, Text, TextRun, Theme};

use crate::number;
use crate::styles::DrawOptions;
use crate::view::{NodeKind, View};

/// Space between the column of sizes and the figure, px.
const GAP: f64 = 14.0;
/// Space between a size and what is drawn above or below it, px.
const CLEAR: f64 = 3.0;

/// The column of sizes.
pub(super) struct Sizes {
    rows: Vec<Row>,
}

struct Row {
    key: netloom_scene::Key,
    /// Middle of the box it belongs to, px.
    y: f64,
    lines: Vec<TextRun>,
}

/// Finds where sizes change along the trunk, and shapes the notes.
pub(super) fn sizes(graph: &Graph, view: &View, options: &DrawOptions, layout: &Layout) -> Sizes {
    let theme = &options.theme;
    let mut rows: Vec<Row> = Vec::new();
    if !matches!(options.direction, Direction::Down | Direction::Up) {
        return Sizes { rows };
    }
    // Along the flow, so that a size that has no room is printed at the next box of its stage.
    let sign = if options.direction == Direction::Up { -1.0 } else { 1.0 };
    let mut stops: Vec<(f64, usize)> =
        view.trunk.iter().map(|n| (sign * layout.nodes[*n].center().y, *n)).collect();
    stops.sort_by(|a, b| a.0.total_cmp(&b.0));
    let height = |lines: &[TextRun]| lines.iter().map(|l| theme.line_height(l.style.size_px)).sum::<f64>();
    let mut last: Option<Vec<Dim>> = None;
    let mut bottom = f64::NEG_INFINITY;
    for (y, n) in stops {
        let node = &view.nodes[n];
        if matches!(node.kind, NodeKind::Merge | NodeKind::Stub | NodeKind::Output) {
            continue;
        }
        let Some(output) = node.output else { continue };
        let shape_ = graph.tensor(output).ty.shape();
        let Some((stage, text)) = stage(shape_, node.category, options.batch) else { continue };
        if last.as_ref() == Some(&stage) {
            continue;
        }
        let lines: Vec<TextRun> = text
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let mut style = if i == 0 { theme.size_style() } else { theme.secondary_style() };
                style.italic = t.chars().any(char::is_alphabetic);
                shape(t, &style)
            })
            .collect();
        let half = height(&lines) / 2.0;
        if y - half < bottom + 1.0 {
            continue;
        }
        bottom = y + half;
        last = Some(stage);
        rows.push(Row { key: node.key.piece("size"), y: sign * y, lines });
    }
    Sizes { rows }
}

/// What makes a stage (everything but the channels), and how its size is written, most important line first.
fn stage(shape: &Shape, category: Category, batch: bool) -> Option<(Vec<Dim>, Vec<String>)> {
    let dims = shape.dims()?;
    let lead = if batch {
        dims.first().map(|d| format!("{}×", number::dim(d))).unwrap_or_default()
    } else {
        String::new()
    };
    let join = |d: &[Dim]| d.iter().map(number::dim).collect::<Vec<_>>().join("×");
    let spatial = matches!(category, Category::Conv | Category::Pool);
    let (key, lines) = match dims {
        [] => return None,
        [_] => (vec![Dim::Known(1)], vec![join(dims)]),
        [_, _] => (vec![Dim::Known(2)], vec![format!("{lead}{}", join(&dims[1..]))]),
        [_, c, l] if spatial => (vec![Dim::Known(3), l.clone()], vec![number::dim(l), number::dim(c)]),
        [_, t, _] => (vec![Dim::Known(3), t.clone()], vec![format!("{lead}{}", join(&dims[1..]))]),
        // The sequence of all hidden states: time, direction, batch, width.
        [t, _, _, h] if category == Category::Recurrent => {
            (vec![Dim::Known(3), t.clone()], vec![join(&[t.clone(), h.clone()])])
        }
        // Images with their channels last: the sides are told by being equal.
        [_, h, w, c] if h == w && c != w && h.as_known().is_some() => (
            vec![Dim::Known(4), h.clone(), w.clone()],
            vec![format!("{lead}{}", join(&[h.clone(), w.clone()])), number::dim(c)],
        ),
        [_, c, rest @ ..] => {
            let mut key = vec![Dim::Known(4)];
            key.extend(rest.iter().cloned());
            (key, vec![format!("{lead}{}", join(rest)), number::dim(c)])
        }
    };
    if key.iter().any(Dim::is_unknown) { None } else { Some((key, lines)) }
}

impl Sizes {
    /// How far right the figure has to stand, px, so that no size touches what is drawn at its height.
    pub(super) fn room(&self, layout: &Layout, theme: &Theme) -> f64 {
        let lines = |r: &Row| r.lines.iter().map(|l| theme.line_height(l.style.size_px)).sum::<f64>();
        let spans: Vec<(f64, f64, f64)> = self
            .rows
            .iter()
            .map(|r| {
                let (half, width) =
                    (lines(r) / 2.0 + CLEAR, r.lines.iter().map(|l| l.width).fold(0.0, f64::max));
                (r.y - half, r.y + half, width + GAP)
            })
            .collect();
        // Rows stand in order of height and do not overlap, so those at a height are found by halving.
        let needed = |top: f64, bottom: f64, left: f64| {
            let first = spans.partition_point(|s| s.1 <= top);
            let at = spans[first..].iter().take_while(|s| s.0 < bottom);
            at.map(|s| s.2 - left).fold(0.0, f64::max)
        };
        let boxes = layout.nodes.iter().map(|n| needed(n.y, n.bottom(), n.x));
        let pieces = layout.routes.iter().flat_map(|r| r.points.windows(2));
        let lines = pieces.map(|p| needed(p[0].y.min(p[1].y), p[0].y.max(p[1].y), p[0].x.min(p[1].x)));
        boxes.chain(lines).fold(0.0, f64::max)
    }

    /// Where the last row ends, px.
    pub(super) fn height(&self) -> f64 {
        self.rows
            .iter()
            .map(|r| r.y + r.lines.iter().map(|l| l.ascent + l.descent).sum::<f64>() / 2.0)
            .fold(0.0, f64::max)
    }

    pub(super) fn draw(&self, theme: &Theme, into: &mut Group) {
        for row in &self.rows {
            let mut group = Group::new(row.key.clone()).with_role(Role::Note);
            let total: f64 = row.lines.iter().map(|l| theme.line_height(l.style.size_px)).sum();
            let mut y = row.y - total / 2.0;
            for (i, run) in row.lines.iter().enumerate() {
                let height = theme.line_height(run.style.size_px);
                let baseline = y + (height + run.ascent - run.descent) / 2.0;
                group.push(Text {
                    key: row.key.piece(&format!("size{i}")),
                    origin: Point::new(0.0, baseline),
                    run: run.clone(),
                    fill: theme.muted,
                });
                y += height;
            }
            into.push(group);
        }
    }
}

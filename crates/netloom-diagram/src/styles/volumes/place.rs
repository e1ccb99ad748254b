//! Where the volumes and words of one stage stand, about the middle of the flow.

use netloom_scene::figures::Cuboid;
use netloom_scene::kurbo::{Point, Rect, Vec2};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{TextRun, Theme};

use super::laws::{Laws, Lengths};
use super::solid::{Body, Solid};
use super::stages::Stage;
use crate::view::{NodeKind, View};

/// Space between two volumes of a stage, px.
const GAP: f64 = 1.4;
/// Space between volumes and words, px.
const CLEAR: f64 = 2.5;
/// Diameter of a sum, px.
const SUM: f64 = 12.0;
/// The widest name of a closed block, px.
const MAX_NAME: f64 = 72.0;
/// The widest words that stand alone, px.
const MAX_WORDS: f64 = 120.0;

/// How much is written at volumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// Channels of every stage.
    All,
    /// Channels only where they change.
    Changes,
}

/// One volume or bar where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// The box of the flat view.
    pub(super) node: usize,
    /// Which of the parallel rows, from the top.
    pub(super) row: usize,
    pub(super) cuboid: Cuboid,
    pub(super) known: bool,
}

/// A line of text and the middle of it.
pub(super) struct Line {
    pub(super) run: TextRun,
    pub(super) center: Point,
    /// Whether it says less than the others.
    pub(super) muted: bool,
}

impl Line {
    /// Around the line, with the space between lines, px.
    pub(super) fn bounds(&self, theme: &Theme) -> Rect {
        Rect::from_center_size(self.center, (self.run.width, theme.line_height(self.run.style.size_px)))
    }
}

/// A stage about the origin: the middle of the flow runs through it.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) placed: Vec<Placed>,
    /// Sizes above and channels below.
    pub(super) lines: Vec<Line>,
    /// Around the volumes, or around the circle or words.
    pub(super) hull: Rect,
    /// Around all, as high above the flow as below.
    pub(super) bounds: Rect,
}

impl Shape {
    /// How high the first volume reaches at a place: its top rises from front to back.
    pub(super) fn top_at(&self, x: f64) -> f64 {
        let Some(Cuboid { front, away }) = self.placed.first().map(|p| p.cuboid) else { return self.hull.y0 };
        let back = if away.x > 0.0 { ((x - front.x0) / away.x).clamp(0.0, 1.0) } else { 0.0 };
        front.y0 + away.y * back
    }
}

/// What all stages of a figure share.
pub(super) struct Rules<'a> {
    pub(super) view: &'a View,
    pub(super) solids: &'a [Solid],
    pub(super) laws: &'a Laws,
    pub(super) theme: &'a Theme,
    pub(super) said: Said,
    /// Whether kernels are written below.
    pub(super) kernels: bool,
    /// Into how many parallel rows each box is split.
    pub(super) rows: &'a [u64],
    /// Space from the middle of a row to that of the next, px.
    pub(super) pitch: f64,
}

impl Rules<'_> {
    /// The shape of a stage; `before` are the channels that the reader knows already.
    pub(super) fn shape(&self, stage: &Stage, before: Option<&str>) -> Shape {
        let first = stage.members[0];
        match self.solids[first].body {
            Body::Frame => Shape::default(),
            Body::Sum => {
                let hull = Rect::from_center_size(Point::ZERO, (SUM, SUM));
                Shape { hull, bounds: hull, ..Shape::default() }
            }
            Body::Words => self.words(first),
            Body::Volume | Body::Bar => self.volumes(stage, before),
        }
    }

    fn words(&self, node: usize) -> Shape {
        let (style, own) = (self.theme.secondary_style(), &self.view.nodes[node]);
        let run = shape(&ellipsize(&own.title, &style, MAX_WORDS), &style);
        let height = self.theme.line_height(style.size_px);
        let hull = Rect::from_center_size(Point::ZERO, (run.width + 2.0 * CLEAR, height));
        let line = Line { run, center: Point::ZERO, muted: own.kind == NodeKind::Stub };
        Shape { hull, bounds: hull, lines: vec![line], ..Shape::default() }
    }

    /// The lengths of a stage's members; the height of the first is that of the tallest.
    pub(super) fn lengths(&self, stage: &Stage) -> Vec<Lengths> {
        stage.members.iter().map(|n| self.laws.of(&self.solids[*n], self.rows[*n])).collect()
    }

    fn volumes(&self, stage: &Stage, before: Option<&str>) -> Shape {
        let lengths = self.lengths(stage);
        let rows = stage.members.iter().map(|n| self.rows[*n]).max().unwrap_or(1).max(1);
        let mut out = Shape::default();
        for row in 0..rows {
            #[expect(clippy::cast_precision_loss, reason = "there are at most a handful of rows")]
            let axis = (row as f64 - (rows - 1) as f64 / 2.0) * self.pitch;
            let mut x = 0.0;
            for (node, own) in stage.members.iter().zip(&lengths) {
                let Lengths { height, thickness, away, known } = *own;
                // In space all middles lie on one line: half the depth is in front of it.
                let center = Point::new(x + thickness / 2.0, axis) - away * 0.5;
                let front = Rect::from_center_size(center, (thickness, height));
                let cuboid = Cuboid { front, away };
                #[expect(clippy::cast_possible_truncation, reason = "there are at most a handful of rows")]
                out.placed.push(Placed { node: *node, row: row as usize, cuboid, known });
                x += thickness + GAP;
            }
        }
        let hulls = out.placed.iter().map(|p| p.cuboid.bounds());
        out.hull = hulls.reduce(|a, b| a.union(b)).unwrap_or_default();
        self.label(stage, before, rows, &mut out);
        let texts = out.lines.iter().map(|l| l.bounds(self.theme));
        let all = texts.fold(out.hull, |a, b| a.union(b));
        let half = (-all.y0).max(all.y1);
        out.bounds = Rect::new(all.x0, -half, all.x1, half);
        out
    }

    /// Sizes above, channels and kernels below.
    fn label(&self, stage: &Stage, before: Option<&str>, rows: u64, out: &mut Shape) {
        let theme = self.theme;
        let style = theme.secondary_style();
        let height = theme.line_height(style.size_px);
        let first = stage.members[0];
        let size = self.solids[first].size();
        let tall: Vec<&Placed> = out.placed.iter().filter(|p| p.node == first).collect();
        let Some((Some(top), Some(lowest))) = Some((tall.first(), tall.last())) else { return };
        let same = |p: &&Placed| self.solids[p.node].same_stage(&self.solids[first]) || p.node == first;
        let span = |away: Vec2| {
            let same = out.placed.iter().filter(same).map(|p| p.cuboid.front + away);
            same.reduce(|a, b| a.union(b)).unwrap_or_default()
        };
        if stage.is_new && !size.is_empty() {
            // Above the middle of the top, halfway from front to back.
            let center = (span(Vec2::ZERO).center().x + span(top.cuboid.away).center().x) / 2.0;
            let y = top.cuboid.bounds().y0 - CLEAR - height / 2.0;
            out.lines.push(Line { run: shape(&size, &style), center: Point::new(center, y), muted: true });
        }
        let x = span(Vec2::ZERO).center().x;
        let mut lines = Vec::new();
        if matches!(self.view.nodes[first].kind, NodeKind::Module | NodeKind::Input)
            || self.view.nodes[first].repeat > 1
        {
            lines.push((self.name(first), false));
        }
        let counts = counts(&stage.members, self.solids, self.rows);
        let is_known = self.said == Said::Changes && before == Some(counts.as_str());
        if !counts.is_empty() && self.view.nodes[first].kind != NodeKind::Input && !is_known {
            lines.push((counts, !lines.is_empty()));
        }
        if let Some(window) = self.solids[first].window.as_ref().filter(|_| self.kernels) {
            let kernel: Vec<String> = window.kernel.iter().map(ToString::to_string).collect();
            lines.push((kernel.join("×"), true));
            if let Some(stride) = window.stride.iter().max().filter(|s| **s > 1) {
                lines.push((format!("stride {stride}"), true));
            }
        }
        let bottoms: Vec<f64> = (0..rows)
            .filter_map(|row| {
                let of_row = out.placed.iter().filter(|p| u64::try_from(p.row) == Ok(row));
                of_row.map(|p| p.cuboid.front.y1).reduce(f64::max)
            })
            .collect();
        let last = bottoms.len().saturating_sub(1);
        for (row, bottom) in bottoms.into_iter().enumerate() {
            let mut y = bottom.max(if row == last { lowest.cuboid.front.y1 } else { bottom }) + CLEAR;
            if self.solids[first].body == Body::Bar && row == 0 && last > 0 {
                // Between the rows run the lines of dense layers.
                let top = out.placed.iter().filter(|p| p.row == 0).map(|p| p.cuboid.front.y0);
                let y = top.fold(f64::INFINITY, f64::min) - CLEAR - height / 2.0;
                let Some((text, muted)) = lines.first() else { continue };
                out.lines.push(Line { run: shape(text, &style), center: Point::new(x, y), muted: *muted });
                continue;
            }
            // Above the last row stands what differs from row to row: the channels.
            let shown = if row == last { lines.len() } else { lines.len().min(1) };
            for (text, muted) in &lines[..shown] {
                let run = shape(text, &style);
                out.lines.push(Line { run, center: Point::new(x, y + height / 2.0), muted: *muted });
                y += height;
            }
        }
    }

    /// What a closed block or input is called, and how often it comes.
    fn name(&self, node: usize) -> String {
        let own = &self.view.nodes[node];
        let style = self.theme.secondary_style();
        let mut name = ellipsize(&own.title, &style, MAX_NAME);
        if name != own.title
            && let Some((first, _)) = own.title.split_once(" … ")
        {
            // Of the first and the last of several blocks, the first says enough.
            name = ellipsize(first, &style, MAX_NAME);
        }
        if own.repeat > 1 { format!("{name} ×{}", own.repeat) } else { name }
    }
}

/// The channels of a stage: `2 × 64` where all volumes have as many, else each, equal neighbours once.
pub(super) fn counts(members: &[usize], solids: &[Solid], rows: &[u64]) -> String {
    let full: Vec<usize> = members.iter().copied().filter(|n| !solids[*n].thin).collect();
    let shown = if full.is_empty() { members } else { &full };
    let count = |n: &usize| match (solids[*n].extent.channels.as_size(), rows[*n]) {
        (Some(channels), parts) if parts > 1 => crate::number::grouped(channels / parts),
        _ => solids[*n].count(),
    };
    let mut all: Vec<String> = shown.iter().map(count).collect();
    let n = all.len();
    all.dedup();
    match &all[..] {
        [one] if n > 1 && !one.is_empty() && !full.is_empty() => format!("{n} × {one}"),
        _ => all.join(", "),
    }
}

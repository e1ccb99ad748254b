//! Rows below one another, as few as the width allows, and the ways from each to the next.

use std::collections::BTreeMap;

use netloom_scene::kurbo::{Point, Rect, Size, Vec2};
use netloom_scene::{TextRun, Theme};

use super::row::{ABOVE, Content, LEAD, Row};
use super::{Kind, Measure, Placed, Plan, STRETCH};
use crate::view::View;

/// Space between two rows, px; the way from one to the next runs in its middle.
const BETWEEN: f64 = 22.0;
/// Space beside the rows for the way from one to the next, px.
const TURN: f64 = 12.0;
/// How much wider parts may be alone than side by side, as is to be tried.
const SAVING: f64 = 1.5;
/// How often the width of rows is halved in search of the least that needs no more of them.
const HALVINGS: usize = 7;

impl Plan {
    /// Puts every piece into rows no wider than `width` px where that can be.
    pub(in crate::styles) fn place(
        &self,
        view: &View,
        measures: &[Measure],
        theme: &Theme,
        width: f64,
    ) -> Placed {
        let line = theme.line_height(theme.secondary_size);
        let parts = self.parts(view);
        let mut part_of = vec![0; self.pieces.len()];
        for (i, part) in parts.parts.iter().enumerate() {
            part.iter().for_each(|p| part_of[*p] = i);
        }
        let lay = |range: std::ops::Range<usize>, links: &[Vec<usize>]| {
            let pieces: Vec<usize> = parts.parts[range.clone()].iter().flatten().copied().collect();
            let enters = range.start.checked_sub(1).and_then(|i| parts.leaves[i]);
            let leaves = parts.leaves[range.end - 1];
            let inside: BTreeMap<usize, usize> = pieces.iter().enumerate().map(|(i, p)| (*p, i)).collect();
            let mut own: Vec<usize> = links[range].iter().flatten().copied().collect();
            own.sort_unstable();
            own.dedup();
            own.retain(|l| {
                inside.contains_key(&self.links[*l].source) || enters == Some(self.links[*l].source)
            });
            self.row_of(view, measures, line, &Content { pieces: &pieces, enters, leaves }, &inside, &own)
        };
        let mut links: Vec<Vec<usize>> = vec![Vec::new(); parts.parts.len()];
        for (l, link) in self.links.iter().enumerate() {
            links[part_of[link.target]].push(l);
        }
        let widths: Vec<f64> = (0..parts.parts.len()).map(|i| lay(i..i + 1, &links).bounds.width()).collect();
        let mut known: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        // Side by side, parts take less than alone, since their words stand in each other's gaps.
        let mut pack = |limit: f64| {
            let mut rows: Vec<std::ops::Range<usize>> = Vec::new();
            let (mut start, mut sum) = (0, 0.0);
            for (i, width) in widths.iter().enumerate() {
                let fits = sum + width <= limit
                    || sum <= SAVING * limit
                        && *known
                            .entry((start, i))
                            .or_insert_with(|| lay(start..i + 1, &links).bounds.width())
                            <= limit;
                if i > start && !fits {
                    rows.push(start..i);
                    (start, sum) = (i, 0.0);
                }
                sum += width;
            }
            if start < widths.len() {
                rows.push(start..widths.len());
            }
            rows
        };
        // One row needs no room for a way to the next.
        let single = pack(width * STRETCH);
        let limit = if single.len() <= 1 { width * STRETCH } else { (width - 2.0 * TURN) * STRETCH };
        let most = pack(limit).len();
        let (mut low, mut high) = (limit / 2.0, limit);
        for _ in 0..if most > 1 { HALVINGS } else { 0 } {
            let middle = f64::midpoint(low, high);
            if pack(middle).len() <= most { high = middle } else { low = middle }
        }
        let ranges = pack(high);
        let rows: Vec<(Vec<usize>, Row)> = ranges
            .into_iter()
            .map(|r| (parts.parts[r.clone()].iter().flatten().copied().collect(), lay(r, &links)))
            .collect();
        self.stack(rows, measures, line)
    }

    /// Moves rows to where they stand and sets their words.
    fn stack(&self, rows: Vec<(Vec<usize>, Row)>, measures: &[Measure], line: f64) -> Placed {
        let n = self.pieces.len();
        let many = rows.len() > 1;
        let mut placed = Placed {
            bodies: vec![Rect::ZERO; n],
            rows: vec![0; n],
            courses: vec![Vec::new(); self.links.len()],
            direct: vec![false; self.links.len()],
            turns: Vec::new(),
            frames: vec![Rect::ZERO; self.frames.len()],
            texts: vec![Vec::new(); n],
            size: Size::ZERO,
        };
        let side = if many { TURN } else { 0.0 };
        let widest = rows.iter().map(|(_, r)| r.bounds.width()).fold(0.0, f64::max);
        let full = widest + 2.0 * side;
        let mut top = 0.0;
        let mut way: Option<(Vec<Point>, f64)> = None;
        for (index, (pieces, row)) in rows.into_iter().enumerate() {
            let single = if many { 0.0 } else { (widest - row.bounds.width()) / 2.0 };
            let shift = Vec2::new(side + single - row.bounds.x0, top - row.bounds.y0);
            for (i, p) in pieces.iter().enumerate() {
                placed.bodies[*p] = row.bodies[i] + shift;
                placed.rows[*p] = index;
            }
            for (f, r) in &row.frames {
                placed.frames[*f] = *r + shift;
            }
            let mut out: Option<Vec<Point>> = None;
            let moved = |points: &[Point]| points.iter().map(|p| *p + shift).collect::<Vec<_>>();
            let mut first = None;
            for (l, points, direct) in &row.courses {
                if *l == usize::MAX {
                    out = Some(moved(points));
                    continue;
                }
                placed.courses[*l] = moved(points);
                placed.direct[*l] = *direct;
                if first.is_none() && !pieces.contains(&self.links[*l].source) {
                    first = Some(*l);
                }
            }
            if let (Some((mut points, turn)), Some(end)) = (way.take(), row.ends.0) {
                let end = end + shift;
                let y = top - BETWEEN / 2.0 - 2.0;
                points.push(Point::new(turn, points.last().map_or(end.y, |p| p.y)));
                points.push(Point::new(turn, y));
                points.push(Point::new(1.0, y));
                points.push(Point::new(1.0, end.y));
                points.push(end);
                placed.turns.push((points, first));
            }
            if let Some(end) = row.ends.1 {
                let turn = row.bounds.x1 + shift.x + TURN - 1.0;
                way = Some((out.unwrap_or_else(|| vec![end + shift]), turn));
            }
            let bottom = self.words(&mut placed, &pieces, &row, measures, (line, shift));
            top = bottom.max(row.bounds.y1 + shift.y) + BETWEEN;
        }
        placed.size = Size::new(full, (top - BETWEEN).max(0.0));
        placed
    }

    /// Sets the words of a row; returns where they end, px.
    fn words(
        &self,
        placed: &mut Placed,
        pieces: &[usize],
        row: &Row,
        measures: &[Measure],
        (line, shift): (f64, Vec2),
    ) -> f64 {
        let low = row.bodies.iter().map(|b| b.y1).fold(0.0, f64::max) + shift.y;
        let mut end = f64::MIN;
        for (i, &p) in pieces.iter().enumerate() {
            let m = &measures[p];
            let body = placed.bodies[p];
            let baseline = |run: &TextRun, y: f64| y + (line + run.ascent - run.descent) / 2.0;
            let mut y = body.y0 - ABOVE - lines(&m.above, line) - row.lifts.get(i).copied().unwrap_or(0.0);
            for run in &m.above {
                let x = body.center().x - run.width / 2.0;
                placed.texts[p].push((run.clone(), Point::new(x, baseline(run, y)), true));
                y += line;
            }
            if self.pieces[p].kind == Kind::Word {
                let mut y = body.center().y - lines(&m.below, line) / 2.0;
                for run in &m.below {
                    let x = body.center().x - run.width / 2.0;
                    placed.texts[p].push((run.clone(), Point::new(x, baseline(run, y)), false));
                    y += line;
                }
                continue;
            }
            let center = match i.checked_sub(1) {
                _ if m.under => body.center().x,
                Some(before) if row.chain => f64::midpoint(row.bodies[before].x1, row.bodies[i].x0) + shift.x,
                _ if row.chain => body.x0 - LEAD / 2.0,
                _ => body.x0 + m.said() * body.width(),
            };
            let mut y = if row.chain { low } else { body.y1 } + ABOVE;
            for run in &m.below {
                let x = center - run.width / 2.0;
                placed.texts[p].push((run.clone(), Point::new(x, baseline(run, y)), false));
                y += line;
            }
            end = end.max(y);
        }
        end
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few lines")]
fn lines(runs: &[TextRun], line: f64) -> f64 {
    runs.len() as f64 * line
}

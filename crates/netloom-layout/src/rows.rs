//! Rows: boxes one after the other along a path, each in the row of its level, so that a path down and up again is a U.

use std::collections::BTreeMap;

use crate::{Point, Rect, Size};

/// Boxes along a path.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RowsInput {
    /// The boxes in the order of the path.
    pub items: Vec<RowItem>,
    /// Connections that by-pass the path, from an earlier item to a later one, by index.
    pub links: Vec<(usize, usize)>,
    /// Distances to keep.
    pub spacing: RowSpacing,
}

/// A box of the path.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RowItem {
    /// The row it stands in; 0 is the topmost.
    pub row: usize,
    /// Its size, px.
    pub size: Size,
    /// Room for words right above it, px.
    pub head: Size,
    /// Room for words left of its foot, px.
    pub left: f64,
    /// Room below it, px.
    pub foot: f64,
    /// The least distance from the box before where both stand in one row, px.
    pub gap: f64,
    /// Where vertical arrows enter it, px right of its middle.
    pub axis: f64,
}

/// Distances to keep, px.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RowSpacing {
    /// Between a row and the next.
    pub row: f64,
    /// Between two lines side by side.
    pub lane: f64,
    /// Between words and what is beside them.
    pub text: f64,
}

impl Default for RowSpacing {
    fn default() -> Self {
        Self { row: 20.0, lane: 8.0, text: 4.0 }
    }
}

/// Where everything stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RowsLayout {
    /// The size that holds everything; the top left corner is the origin.
    pub size: Size,
    /// One rectangle per item.
    pub items: Vec<Rect>,
    /// The way from each item to the next: from border to border, along the axes.
    pub steps: Vec<Vec<Point>>,
    /// The way of each link; none where every way would run through a box.
    pub links: Vec<Option<Vec<Point>>>,
}

/// The most lanes above a row; further lines share the last.
const MAX_LANES: usize = 16;
/// The most links from row to row that a way is looked for; the work is this times the number of items.
const MAX_CROSS: usize = 200;
/// How far a line is kept off a box that it passes, px.
const CLEAR: f64 = 2.0;

/// The rightmost thing of a row so far: its column, and how far it reaches right of the column's axis: the box, and box
/// and words.
#[derive(Clone, Copy)]
struct Obstacle {
    column: usize,
    body: f64,
    head: f64,
}

/// Which way the path goes through a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    Down,
    Up,
}

/// Places boxes in rows.
///
/// The path never goes left. Where it changes the row, the next box stands right above or below the one before, as long
/// as it keeps its direction and the place is free; else further right. A link between two boxes of a row with nothing
/// between them is one straight line. Total: links that lead nowhere or back have no way.
///
/// # Cost
/// Near-linear in items and links; links from row to row cost a look at every item each, a constant number of them.
pub fn rows(input: &RowsInput) -> RowsLayout {
    let items = &input.items;
    if items.is_empty() {
        return RowsLayout { links: vec![None; input.links.len()], ..RowsLayout::default() };
    }
    let n_rows = items.iter().map(|i| i.row).max().unwrap_or(0) + 1;
    let mut between = vec![Vec::new(); n_rows];
    for (i, item) in items.iter().enumerate() {
        between[item.row].push(i);
    }
    let kinds: Vec<Kind> = input.links.iter().map(|l| kind(items, &between, *l)).collect();
    let mut is_met = vec![false; items.len()];
    for (link, _) in input.links.iter().zip(&kinds).filter(|(_, k)| **k == Kind::Lane) {
        is_met[link.1] = items[link.1].head.height <= 0.0;
    }
    let (column, centers) = columns(input, &is_met);
    let lanes = lanes(items, &input.links, &kinds, n_rows);
    let (tops, height) = heights(input, &lanes, n_rows);

    let bounds = |i: usize| {
        let item = &items[i];
        let reach = (item.size.width / 2.0).max(item.head.width / 2.0);
        let label =
            if item.left > 0.0 { item.size.width / 2.0 + item.left + input.spacing.text } else { 0.0 };
        (centers[i] - reach.max(label), centers[i] + reach)
    };
    let x0 = (0..items.len()).map(|i| bounds(i).0).fold(f64::INFINITY, f64::min);
    let mut x1 = (0..items.len()).map(|i| bounds(i).1).fold(0.0, f64::max) - x0;
    let rects: Vec<Rect> = items
        .iter()
        .zip(&centers)
        .map(|(item, center)| {
            let middle = tops[item.row].middle;
            let Size { width, height } = item.size;
            Rect::new(center - x0 - width / 2.0, middle - height / 2.0, width, height)
        })
        .collect();
    let ways = Ways { input, rects: &rects, rows: &tops, between: &between };
    let steps = (1..items.len()).map(|i| ways.step(i, column[i - 1] == column[i])).collect();
    let mut crossing = 0;
    let mut arrivals: BTreeMap<usize, usize> = BTreeMap::new();
    let links: Vec<Option<Vec<Point>>> = input
        .links
        .iter()
        .zip(&kinds)
        .zip(&lanes.of)
        .map(|((&(from, to), kind), lane)| match kind {
            Kind::None => None,
            Kind::Straight => Some(ways.straight(from, to)),
            Kind::Lane => Some(ways.over(from, to, *lane)),
            Kind::Cross => {
                crossing += 1;
                let place = arrivals.entry(to).or_default();
                let found =
                    (crossing <= MAX_CROSS).then(|| ways.cross(from, to, *lane, *place, &column)).flatten();
                *place += usize::from(found.is_some());
                found
            }
        })
        .collect();
    for point in links.iter().flatten().flatten() {
        x1 = x1.max(point.x);
    }
    let layout = RowsLayout { size: Size::new(x1, height), items: rects, steps, links };
    lifted(layout, items)
}

/// The same without the lanes at the top that no link took in the end.
fn lifted(mut layout: RowsLayout, items: &[RowItem]) -> RowsLayout {
    let heads = layout.items.iter().zip(items).map(|(rect, item)| rect.y - item.head.height);
    let ways = layout.links.iter().flatten().flatten().map(|p| p.y - CLEAR);
    let top = heads.chain(ways).fold(f64::INFINITY, f64::min).max(0.0);
    layout.items.iter_mut().for_each(|r| r.y -= top);
    let steps = layout.steps.iter_mut().flatten();
    steps.chain(layout.links.iter_mut().flatten().flatten()).for_each(|p| p.y -= top);
    layout.size.height -= top;
    layout
}

/// The column of every item, and the middle of every item from some origin; what is met by a link from above has no
/// room for a way up there.
fn columns(input: &RowsInput, is_met: &[bool]) -> (Vec<usize>, Vec<f64>) {
    let (items, text) = (&input.items, input.spacing.text);
    let n_rows = items.iter().map(|i| i.row).max().unwrap_or(0) + 1;
    let mut last: Vec<Option<Obstacle>> = vec![None; n_rows];
    let mut column = Vec::with_capacity(items.len());
    let mut axes: Vec<f64> = Vec::new();
    let mut course: Option<Course> = None;
    for (i, item) in items.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| &items[b]);
        let turn = before.and_then(|b| match item.row.cmp(&b.row) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Course::Down),
            std::cmp::Ordering::Less => Some(Course::Up),
        });
        let is_barred = turn == Some(Course::Up) && i.checked_sub(1).is_some_and(|b| is_met[b]);
        let stays = turn.is_some() && (course.is_none() || course == turn) && !is_barred;
        if !stays {
            axes.push(axes.last().copied().unwrap_or(0.0));
        }
        // A way round a corner has its direction too: what turns back at once would stand on it.
        course = turn;
        let own = axes.len() - 1;
        column.push(own);
        let (half, head) = (item.size.width / 2.0, item.head.width / 2.0);
        let label = if item.left > 0.0 { item.left + 2.0 * text } else { 0.0 };
        let mut least = axes[own];
        // What stands in the row already keeps its distance.
        if let Some(o) = last[item.row] {
            let axis = axes[o.column];
            least = least
                .max(axis + o.body + item.gap.max(label) + half + item.axis)
                .max(axis + o.head + text + head + item.axis)
                .max(axis + o.head + label + half + item.axis);
        }
        if let (false, Some(b), Some(_)) = (stays, before, turn) {
            let axis = axes[column[i - 1]];
            least = least.max(axis - b.axis + b.size.width / 2.0 + item.gap + half + item.axis);
        }
        // The arrow passes the rows between.
        if let (Some(b), Some(_)) = (before, turn) {
            for o in last[b.row.min(item.row) + 1..b.row.max(item.row)].iter().flatten() {
                least = least.max(axes[o.column] + o.head.max(o.body) + text);
            }
        }
        axes[own] = least;
        if let (Some(b), Some(_)) = (before, turn) {
            let line = Some(Obstacle { column: own, body: text, head: text });
            last[b.row.min(item.row) + 1..b.row.max(item.row)].fill(line);
            if !stays {
                last[b.row] = line;
            }
        }
        last[item.row] =
            Some(Obstacle { column: own, body: half - item.axis, head: half.max(head) - item.axis });
    }
    let centers = items.iter().zip(&column).map(|(item, c)| axes[*c] - item.axis).collect();
    (column, centers)
}

/// How a link runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It leads nowhere.
    None,
    /// From one box straight to another.
    Straight,
    /// In a lane above its row.
    Lane,
    /// From row to row.
    Cross,
}

fn kind(items: &[RowItem], between: &[Vec<usize>], (from, to): (usize, usize)) -> Kind {
    if from >= to || to >= items.len() {
        return Kind::None;
    }
    let row = items[from].row;
    if row != items[to].row {
        return Kind::Cross;
    }
    let next = between[row].partition_point(|i| *i <= from);
    if to > from + 1 && between[row].get(next) == Some(&to) { Kind::Straight } else { Kind::Lane }
}

/// Lanes above rows.
struct Lanes {
    /// The lane of each link, 0 nearest to the row.
    of: Vec<usize>,
    /// How many lanes each row has.
    count: Vec<usize>,
}

/// The nearest lane for the shortest span.
fn lanes(items: &[RowItem], links: &[(usize, usize)], kinds: &[Kind], n_rows: usize) -> Lanes {
    let mut of = vec![0; links.len()];
    let mut taken: Vec<Vec<BTreeMap<usize, usize>>> = vec![Vec::new(); n_rows];
    let mut order: Vec<usize> =
        (0..links.len()).filter(|l| matches!(kinds[*l], Kind::Lane | Kind::Cross)).collect();
    order.sort_by_key(|l| (links[*l].1 - links[*l].0, *l));
    for l in order {
        let (from, to) = links[l];
        let row = items[from].row;
        // A way to another row leaves its own at once where it stands at the end of it.
        if kinds[l] == Kind::Cross && items[from + 1].row != row {
            continue;
        }
        let free =
            |lane: &BTreeMap<usize, usize>| lane.range(..to).next_back().is_none_or(|(_, end)| *end <= from);
        let lanes = &mut taken[row];
        let at = lanes.iter().position(free).unwrap_or(lanes.len());
        if at == lanes.len() && at < MAX_LANES {
            lanes.push(BTreeMap::new());
        }
        let at = at.min(MAX_LANES - 1);
        lanes[at].insert(from, to);
        of[l] = at;
    }
    Lanes { of, count: taken.iter().map(Vec::len).collect() }
}

/// Heights of a row, px from the top.
#[derive(Clone, Copy, Default)]
struct Row {
    /// Where the words of its items begin.
    head: f64,
    /// The middle of its items.
    middle: f64,
}

fn heights(input: &RowsInput, lanes: &Lanes, n_rows: usize) -> (Vec<Row>, f64) {
    let spacing = &input.spacing;
    let mut rows = vec![Row::default(); n_rows];
    let mut above = vec![0.0f64; n_rows];
    let mut below = vec![0.0f64; n_rows];
    let mut used = vec![false; n_rows];
    for item in &input.items {
        let half = item.size.height / 2.0;
        above[item.row] = above[item.row].max(half + item.head.height);
        below[item.row] = below[item.row].max(half + item.foot);
        used[item.row] = true;
    }
    let (mut y, mut first) = (0.0, true);
    for row in (0..n_rows).filter(|r| used[*r]) {
        if !std::mem::replace(&mut first, false) {
            y += spacing.row;
        }
        #[expect(clippy::cast_precision_loss, reason = "rows have few lanes")]
        let lanes = lanes.count[row] as f64 * spacing.lane;
        y += lanes;
        rows[row] = Row { head: y, middle: y + above[row] };
        y = rows[row].middle + below[row];
    }
    (rows, y)
}

/// Finds ways between placed items.
struct Ways<'a> {
    input: &'a RowsInput,
    rects: &'a [Rect],
    rows: &'a [Row],
    /// The items of each row.
    between: &'a [Vec<usize>],
}

impl Ways<'_> {
    fn axis(&self, i: usize) -> f64 {
        self.rects[i].center().x + self.input.items[i].axis
    }

    /// The top of an item's words.
    fn head(&self, i: usize) -> f64 {
        self.rects[i].y - self.input.items[i].head.height
    }

    fn step(&self, to: usize, in_column: bool) -> Vec<Point> {
        let from = to - 1;
        let (a, b) = (self.rects[from], self.rects[to]);
        let (row, next) = (self.input.items[from].row, self.input.items[to].row);
        if row == next {
            return vec![Point::new(a.right(), a.center().y), Point::new(b.x, b.center().y)];
        }
        let x = self.axis(to);
        let arrive = if next > row { self.head(to) } else { b.bottom() };
        if in_column {
            let leave = if next > row { a.bottom() } else { self.head(from) };
            return vec![Point::new(x, leave), Point::new(x, arrive)];
        }
        let y = a.center().y;
        vec![Point::new(a.right(), y), Point::new(x, y), Point::new(x, arrive)]
    }

    fn straight(&self, from: usize, to: usize) -> Vec<Point> {
        let (a, b) = (self.rects[from], self.rects[to]);
        vec![Point::new(a.right(), a.center().y), Point::new(b.x, b.center().y)]
    }

    fn lane_y(&self, row: usize, lane: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "rows have few lanes")]
        let up = lane as f64 * self.input.spacing.lane;
        self.rows[row].head - self.input.spacing.lane / 2.0 - up
    }

    /// Where a line leaves upwards right of an item: in the middle of the space to what stands next.
    fn leave_x(&self, i: usize) -> f64 {
        let item = &self.input.items[i];
        let reach = |i: usize| self.rects[i].width.max(self.input.items[i].head.width) / 2.0;
        let right = self.rects[i].center().x + reach(i);
        let row = &self.between[item.row];
        match row.get(row.partition_point(|k| *k <= i)) {
            Some(&next) => f64::midpoint(right, self.rects[next].center().x - reach(next)).min(right + 3.0),
            None => right + 4.0,
        }
    }

    /// Up beside the first item, along a lane, and down onto the second, or into its side where words stand above it.
    fn over(&self, from: usize, to: usize, lane: usize) -> Vec<Point> {
        let a = self.rects[from];
        let y = self.lane_y(self.input.items[from].row, lane);
        let x = self.leave_x(from);
        let mut points =
            vec![Point::new(a.right(), a.center().y), Point::new(x, a.center().y), Point::new(x, y)];
        self.arrive(to, y, 0, &mut points);
        points
    }

    /// From a height above down onto an item, or into its left side.
    fn arrive(&self, to: usize, y: f64, place: usize, points: &mut Vec<Point>) {
        let b = self.rects[to];
        if self.input.items[to].head.height > 0.0 || place > 0 {
            let reach = b.width.max(self.input.items[to].head.width) / 2.0;
            let x = b.center().x - reach - self.shift(place + 1) / 2.0;
            let into = b.center().y - self.shift(place + 1).min(b.height / 2.0 - 1.0).max(0.0);
            points.extend([Point::new(x, y), Point::new(x, into), Point::new(b.x, into)]);
        } else {
            let x = b.center().x;
            points.extend([Point::new(x, y), Point::new(x, b.y)]);
        }
    }

    fn shift(&self, place: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "few lines arrive at one item")]
        let by = place as f64;
        self.input.spacing.lane * by
    }

    /// A way from row to row that meets nothing: at once to the right and then up or down, or along a lane first.
    fn cross(
        &self,
        from: usize,
        to: usize,
        lane: usize,
        place: usize,
        column: &[usize],
    ) -> Option<Vec<Point>> {
        let (a, b) = (self.rects[from], self.rects[to]);
        let items = &self.input.items;
        let down = items[to].row > items[from].row;
        let upright = column[to - 1] == column[to];
        let enter = |y: f64, points: &mut Vec<Point>| {
            if down {
                self.arrive(to, y, place, points);
            } else if upright || place > 0 {
                let x = b.x - items[to].left - self.shift(place + 1);
                let off = self.shift(place + 1).min(b.height / 2.0 - 1.0).max(0.0);
                // Words beside the foot push it above the middle.
                let into = b.center().y + if items[to].left > 0.0 { -off } else { off };
                points.extend([Point::new(x, y), Point::new(x, into), Point::new(b.x, into)]);
            } else {
                points.extend([Point::new(self.axis(to), y), Point::new(self.axis(to), b.bottom())]);
            }
        };
        let mut direct = vec![Point::new(a.right(), a.center().y)];
        enter(a.center().y, &mut direct);
        let x = self.leave_x(from);
        let y = self.lane_y(items[from].row, lane);
        let mut above =
            vec![Point::new(a.right(), a.center().y), Point::new(x, a.center().y), Point::new(x, y)];
        enter(y, &mut above);
        [direct, above].into_iter().find(|way| self.is_clear(way, from, to))
    }

    fn is_clear(&self, way: &[Point], from: usize, to: usize) -> bool {
        let boxes = self.rects.iter().zip(&self.input.items).enumerate();
        let forward = way.windows(2).all(|w| w[1].x >= w[0].x - 1e-9);
        forward
            && boxes.filter(|(i, _)| *i != from && *i != to).all(|(_, (rect, item))| {
                let half = rect.width.max(item.head.width) / 2.0 + CLEAR;
                let (x0, x1) = (rect.center().x - half - item.left, rect.center().x + half);
                let (y0, y1) = (rect.y - item.head.height - CLEAR, rect.bottom() + CLEAR);
                way.windows(2).all(|w| {
                    let (left, right) = (w[0].x.min(w[1].x), w[0].x.max(w[1].x));
                    let (top, bottom) = (w[0].y.min(w[1].y), w[0].y.max(w[1].y));
                    right <= x0 || left >= x1 || bottom <= y0 || top >= y1
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(rows: &[usize]) -> Vec<RowItem> {
        let item = |row: &usize| RowItem {
            row: *row,
            size: Size::new(10.0, 40.0),
            head: Size::new(8.0, 10.0),
            gap: 20.0,
            ..RowItem::default()
        };
        rows.iter().map(item).collect()
    }

    /// Places a path and checks that boxes keep apart, that ways run along the axes from box to box, and through none.
    #[track_caller]
    fn check(rows_of: &[usize], links: &[(usize, usize)], lefts: &[f64]) -> RowsLayout {
        let input = RowsInput { items: path(rows_of), links: links.to_vec(), spacing: RowSpacing::default() };
        let layout = rows(&input);
        let xs: Vec<f64> = layout.items.iter().map(|r| r.x).collect();
        assert_eq!(xs, lefts, "left edges");
        for (i, a) in layout.items.iter().enumerate() {
            assert!(a.x >= 0.0 && a.right() <= layout.size.width && a.bottom() <= layout.size.height);
            for b in &layout.items[i + 1..] {
                let apart = a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
                assert!(apart, "{a:?} {b:?}");
            }
        }
        for way in layout.steps.iter().chain(layout.links.iter().flatten()) {
            assert!(way.len() > 1 && way.windows(2).all(|w| w[0].x == w[1].x || w[0].y == w[1].y), "{way:?}");
            for (i, r) in layout.items.iter().enumerate() {
                let inside = |p: &Point| p.x > r.x && p.x < r.right() && p.y > r.y && p.y < r.bottom();
                let through = way.windows(2).any(|w| {
                    (0..=8).any(|k| {
                        let t = f64::from(k) / 8.0;
                        inside(&Point::new(w[0].x + t * (w[1].x - w[0].x), w[0].y + t * (w[1].y - w[0].y)))
                    })
                });
                assert!(!through, "{way:?} runs through item {i}");
            }
        }
        layout
    }

    #[test]
    fn a_path_down_and_up_is_a_u() {
        let layout = check(&[0, 0, 1, 1, 0, 0], &[(1, 4)], &[0.0, 30.0, 30.0, 60.0, 60.0, 90.0]);
        // The copy is one straight line at the height of both boxes.
        let copy = layout.links[0].as_ref().expect("a way");
        assert_eq!(copy, &[Point::new(40.0, 30.0), Point::new(60.0, 30.0)]);
        assert_eq!(layout.steps[1], [Point::new(35.0, 50.0), Point::new(35.0, 70.0)]);
    }

    #[test]
    fn a_turn_without_a_step_aside_goes_round_the_corner() {
        let layout = check(&[0, 1, 0], &[(0, 2)], &[0.0, 0.0, 30.0]);
        assert_eq!(layout.steps[1].len(), 3);
    }

    #[test]
    fn by_passes_of_a_row_have_lanes_above_it() {
        let layout = check(&[0, 0, 0, 0], &[(0, 1), (0, 3), (1, 3)], &[0.0, 30.0, 60.0, 90.0]);
        let tops: Vec<f64> = layout
            .links
            .iter()
            .flatten()
            .map(|way| way.iter().map(|p| p.y).fold(f64::INFINITY, f64::min))
            .collect();
        // Three lanes: what spans more runs further out, and what does not overlap shares.
        assert_eq!(tops, [10.0, 2.0, 10.0]);
    }

    #[test]
    fn ways_up_stand_clear_of_by_passes_that_arrive_from_above() {
        let mut items = path(&[1, 1, 1, 0]);
        for item in &mut items {
            item.head = Size::default();
        }
        let plain = rows(&RowsInput { items: items.clone(), ..RowsInput::default() });
        let met = rows(&RowsInput { items, links: vec![(0, 2)], spacing: RowSpacing::default() });
        assert_eq!((plain.steps[2].len(), met.steps[2].len()), (2, 3));
        let end = met.links[0].as_ref().and_then(|way| way.last()).expect("a way");
        assert!(met.steps[2][1].x > end.x + 10.0, "{:?}", met.steps[2]);
    }

    #[test]
    fn links_from_row_to_row_go_round_boxes_or_not_at_all() {
        let layout = check(&[0, 1, 1, 1], &[(0, 3), (2, 1), (1, 9)], &[0.0, 0.0, 30.0, 60.0]);
        assert_eq!(layout.links.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(rows(&RowsInput::default()), RowsLayout::default());
    }

    #[test]
    fn arrows_over_several_rows_pass_what_stands_between() {
        check(&[0, 1, 1, 2, 0, 0], &[], &[0.0, 0.0, 30.0, 30.0, 60.0, 90.0]);
        check(&[1, 2, 2, 1, 0, 2], &[], &[0.0, 0.0, 30.0, 30.0, 30.0, 60.0]);
    }
}

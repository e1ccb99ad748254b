//! A long figure in several lines: cut where one arrow alone leads on, which then turns back to the next line.

use netloom_layout::{Layout, Point, Rect, Size};

/// Space for arrows that turn, left and right of the lines, px, and how far off the lines they run.
const TURN: (f64, f64) = (16.0, 10.0);
/// Space between two lines, px.
const BETWEEN: f64 = 20.0;
/// How often the width of lines is halved in search for even ones.
const STEPS: usize = 24;

/// How wide the shortest line is at least, and the last one, as a part of the widest.
const EVEN: (f64, f64) = (0.45, 0.3);

/// What stands between two places where the figure can be cut.
struct Unit {
    x0: f64,
    x1: f64,
    /// The arrows of one line that lead to the next unit, each with its piece that is cut.
    next: Vec<(usize, usize)>,
}

/// The layout in `lines` lines of about one width, if that is at most `room`. `drawn` is what each node really takes up.
pub(super) fn wrap(layout: &Layout, drawn: &[Rect], room: f64, lines: usize) -> Option<Layout> {
    let units = units(layout, drawn);
    if units.len() < lines {
        return None;
    }
    let room = room - 2.0 * TURN.0;
    let (mut narrow, mut wide) = (0.0, room);
    split(&units, wide).filter(|s| s.len() <= lines)?;
    for _ in 0..STEPS {
        let middle = f64::midpoint(narrow, wide);
        match split(&units, middle) {
            Some(found) if found.len() <= lines => wide = middle,
            _ => narrow = middle,
        }
    }
    let starts = split(&units, wide)?;
    let width = |line: usize| {
        let last = starts.get(line + 1).copied().unwrap_or(units.len()).saturating_sub(1);
        units[last].x1 - units[starts[line]].x0
    };
    let last = starts.len().saturating_sub(1);
    let is_even =
        (0..starts.len()).all(|line| width(line) >= wide * if line == last { EVEN.1 } else { EVEN.0 });
    (starts.len() == lines && is_even).then(|| set(layout, drawn, &units, &starts))
}

/// The units from left to right.
fn units(layout: &Layout, drawn: &[Rect]) -> Vec<Unit> {
    let mut spans: Vec<(f64, f64)> = drawn.iter().map(|r| (r.x, r.right())).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut clusters: Vec<(f64, f64)> = Vec::new();
    for (x0, x1) in spans {
        match clusters.last_mut().filter(|c| x0 <= c.1) {
            Some(last) => last.1 = last.1.max(x1),
            None => clusters.push((x0, x1)),
        }
    }
    // Arrows by where they begin and end, to tell how many cross a place and, if it is one, which.
    let mut events: Vec<(f64, bool, usize)> = Vec::new();
    for (i, route) in layout.routes.iter().enumerate().filter(|(_, r)| r.points.len() > 1) {
        let xs = || route.points.iter().map(|p| p.x);
        events.push((xs().fold(f64::INFINITY, f64::min), true, i));
        events.push((xs().fold(f64::NEG_INFINITY, f64::max), false, i));
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut at, mut crossing) = (0, std::collections::BTreeSet::new());
    let mut units = Vec::new();
    let mut cut = std::collections::BTreeSet::new();
    let mut start = None;
    for (c, cluster) in clusters.iter().enumerate() {
        let x0 = *start.get_or_insert(cluster.0);
        let Some(next) = clusters.get(c + 1) else {
            units.push(Unit { x0, x1: cluster.1, next: Vec::new() });
            break;
        };
        let middle = f64::midpoint(cluster.1, next.0);
        while let Some((_, is_start, i)) = events.get(at).filter(|e| e.0 < middle) {
            if *is_start {
                crossing.insert(*i);
            } else {
                crossing.remove(i);
            }
            at += 1;
        }
        if let Some(next) =
            one_line(layout, &crossing, middle).filter(|n| !n.iter().any(|e| cut.contains(&e.0)))
        {
            cut.extend(next.iter().map(|e| e.0));
            units.push(Unit { x0, x1: cluster.1, next });
            start = None;
        }
    }
    units
}

/// The most arrows that run as one line.
const BUNDLE: usize = 8;

/// The arrows that cross a place, each with the piece that does, where they run there as one line in the direction of
/// the flow.
fn one_line(
    layout: &Layout,
    crossing: &std::collections::BTreeSet<usize>,
    x: f64,
) -> Option<Vec<(usize, usize)>> {
    if crossing.is_empty() || crossing.len() > BUNDLE {
        return None;
    }
    let mut y = None;
    let mut found = Vec::with_capacity(crossing.len());
    for &edge in crossing {
        let route = &layout.routes[edge];
        let mut pieces = route.points.windows(2).enumerate().filter(|(_, p)| (p[0].x < x) != (p[1].x < x));
        let (at, piece) = pieces.next().filter(|_| !route.reversed)?;
        let is_ahead = piece[0].x < piece[1].x && (piece[0].y - piece[1].y).abs() < 1e-6;
        if !is_ahead || pieces.next().is_some() || (piece[0].y - *y.get_or_insert(piece[0].y)).abs() > 1e-6 {
            return None;
        }
        found.push((edge, at));
    }
    Some(found)
}

/// The first unit of each line where no line is wider than `width`; `None` if one unit is.
fn split(units: &[Unit], width: f64) -> Option<Vec<usize>> {
    let mut starts = vec![0];
    let mut from = units.first()?.x0;
    for (i, unit) in units.iter().enumerate() {
        if unit.x1 - from > width {
            starts.push(i);
            from = unit.x0;
        }
        if unit.x1 - from > width {
            return None;
        }
    }
    Some(starts)
}

fn set(layout: &Layout, drawn: &[Rect], units: &[Unit], starts: &[usize]) -> Layout {
    let first_x: Vec<f64> = starts.iter().map(|s| units[*s].x0).collect();
    let last = |line: usize| starts.get(line + 1).copied().unwrap_or(units.len()).saturating_sub(1);
    let line_of = |x: f64| first_x.iter().rposition(|f| *f <= x + 1e-6).unwrap_or(0);
    let mut turns = std::collections::BTreeMap::new();
    for line in 0..starts.len().saturating_sub(1) {
        turns.extend(units[last(line)].next.iter().map(|(edge, piece)| (*edge, (line, *piece))));
    }
    // How high each line is, arrows included.
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); starts.len()];
    let mut take = |line: usize, y0: f64, y1: f64| {
        let span: &mut (f64, f64) = &mut spans[line];
        *span = (span.0.min(y0), span.1.max(y1));
    };
    for rect in drawn {
        take(line_of(rect.x), rect.y, rect.bottom());
    }
    for (i, route) in layout.routes.iter().enumerate() {
        let least = route.points.iter().map(|p| p.x).fold(f64::INFINITY, f64::min);
        for (at, p) in route.points.iter().enumerate() {
            let line =
                turns.get(&i).map_or_else(|| line_of(least), |(l, piece)| l + usize::from(at > *piece));
            take(line, p.y, p.y);
        }
    }
    let mut moves = Vec::with_capacity(starts.len());
    let mut y = 0.0;
    for (line, span) in spans.iter().enumerate() {
        moves.push((TURN.0 - first_x[line], y - span.0));
        y += (span.1 - span.0).max(0.0) + BETWEEN;
    }
    let by = |p: Point, line: usize| Point::new(p.x + moves[line].0, p.y + moves[line].1);
    let mut out = layout.clone();
    for (node, rect) in out.nodes.iter_mut().zip(drawn) {
        let at = by(Point::new(node.x, node.y), line_of(rect.x));
        (node.x, node.y) = (at.x, at.y);
    }
    for (i, route) in out.routes.iter_mut().enumerate() {
        let Some(least) = route.points.iter().map(|p| p.x).reduce(f64::min) else { continue };
        let Some(&(line, piece)) = turns.get(&i) else {
            let line = line_of(least);
            route.points.iter_mut().for_each(|p| *p = by(*p, line));
            continue;
        };
        let before: Vec<Point> = route.points[..=piece].iter().map(|p| by(*p, line)).collect();
        let after: Vec<Point> = route.points[piece + 1..].iter().map(|p| by(*p, line + 1)).collect();
        let (start, end) = (before[piece], after[0]);
        let right = units[last(line)].x1 + moves[line].0 + TURN.1;
        let left = TURN.0 - TURN.1;
        let middle = spans[line].1 + moves[line].1 + BETWEEN / 2.0;
        let turn = [
            Point::new(right, start.y),
            Point::new(right, middle),
            Point::new(left, middle),
            Point::new(left, end.y),
        ];
        route.points = before.into_iter().chain(turn).chain(after).collect();
    }
    let width = (0..starts.len()).map(|l| units[last(l)].x1 - first_x[l]).fold(0.0, f64::max);
    out.size = Size::new(width + 2.0 * TURN.0, (y - BETWEEN).max(0.0));
    out
}

#[cfg(test)]
mod tests {
    use netloom_layout::Route;

    use super::*;

    /// Boxes of 10 px with 10 px between them, an arrow from each to the next, and arrows beside these.
    fn chain(n: u32, beside: &[(u32, u32)]) -> (Layout, Vec<Rect>) {
        let nodes: Vec<Rect> = (0..n).map(|i| Rect::new(f64::from(20 * i), 0.0, 10.0, 10.0)).collect();
        let route = |a: u32, b: u32, y: f64| Route {
            points: vec![Point::new(f64::from(20 * a) + 10.0, y), Point::new(f64::from(20 * b), y)],
            ..Route::default()
        };
        let mut routes: Vec<Route> = (1..n).map(|i| route(i - 1, i, 5.0)).collect();
        routes.extend(beside.iter().map(|(a, b)| route(*a, *b, 15.0)));
        (Layout { nodes: nodes.clone(), routes, ..Layout::default() }, nodes)
    }

    /// The line that each box stands in, as its letter.
    fn check(n: u32, beside: &[(u32, u32)], room: f64, lines: usize, expected: Option<&str>) {
        let (layout, drawn) = chain(n, beside);
        let found = wrap(&layout, &drawn, room, lines).map(|l| {
            assert!(l.size.width <= room + 1e-6, "{:?}", l.size);
            let mut heights: Vec<f64> = l.nodes.iter().map(|r| r.y).collect();
            heights.dedup();
            let line = |r: &Rect| heights.iter().position(|y| *y == r.y).unwrap_or(9);
            l.nodes.iter().map(|r| char::from(b'a' + u8::try_from(line(r)).unwrap_or(25))).collect::<String>()
        });
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn lines_are_even_and_cut_at_single_arrows() {
        check(6, &[], 100.0, 2, Some("aaabbb"));
        check(6, &[], 62.0, 3, Some("aabbcc"));
        check(6, &[(2, 3)], 140.0, 2, Some("aaaabb"));
        check(6, &[(0, 5)], 140.0, 2, None);
        check(6, &[], 50.0, 2, None);
    }
}

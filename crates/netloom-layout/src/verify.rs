//! Checks a finished layout against what every layout promises.

use crate::clean::{clean, parents};
use crate::count::{Stretch, groups, stretches};
use crate::{Direction, End, Layout, LayoutInput, Point, Rect, Side};
use std::collections::BTreeMap;

/// Distances below this are rounding, px.
const CLOSE: f64 = 1e-3;

/// A broken promise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Defect {
    /// The layout has not one rectangle per node and one route per edge.
    Count,
    /// A number is not finite, or lies outside the drawing.
    Bounds {
        /// The node.
        node: usize,
    },
    /// A route is empty though both ends exist, or leaves the drawing.
    Route {
        /// The edge.
        edge: usize,
    },
    /// Two nodes in one container overlap.
    Overlap {
        /// One of them.
        a: usize,
        /// The other.
        b: usize,
    },
    /// A node reaches out of its container.
    Outside {
        /// The node.
        node: usize,
    },
    /// A route does not begin or end on the border of its node, or at its port.
    End {
        /// The edge.
        edge: usize,
    },
    /// A route has a slanted or an empty piece, or a needless point.
    Crooked {
        /// The edge.
        edge: usize,
    },
    /// A route runs through a node that it does not lead to.
    Through {
        /// The edge.
        edge: usize,
        /// The node.
        node: usize,
    },
    /// Lines of different bundles lie on each other.
    Shared {
        /// An edge.
        a: usize,
        /// An edge of another bundle.
        b: usize,
    },
}

/// All broken promises of a layout, none if it is sound.
///
/// # Cost
/// Near-linear in nodes and corners for drawings that are much longer than wide or the reverse.
pub fn verify(input: &LayoutInput, layout: &Layout) -> Vec<Defect> {
    let n = input.nodes.len();
    if layout.nodes.len() != n || layout.routes.len() != input.edges.len() {
        return vec![Defect::Count];
    }
    let mut defects = Vec::new();
    let parents = parents(input);
    let slack = CLOSE * (1.0 + (layout.size.width + layout.size.height) * 1e-6);
    let holds = |outer: &Rect, r: &Rect| {
        r.x >= outer.x - slack
            && r.y >= outer.y - slack
            && r.right() <= outer.right() + slack
            && r.bottom() <= outer.bottom() + slack
    };
    let page = Rect::new(0.0, 0.0, layout.size.width, layout.size.height);
    for (i, r) in layout.nodes.iter().enumerate() {
        let finite = [r.x, r.y, r.width, r.height].iter().all(|v| v.is_finite());
        if !finite || !holds(&page, r) {
            defects.push(Defect::Bounds { node: i });
        } else if parents[i].is_some_and(|p| !holds(&layout.nodes[p], r)) {
            defects.push(Defect::Outside { node: i });
        }
    }
    for (i, route) in layout.routes.iter().enumerate() {
        let e = &input.edges[i];
        if e.source.node >= n || e.target.node >= n {
            continue;
        }
        let inside = |p: &Point| holds(&page, &Rect::new(p.x, p.y, 0.0, 0.0));
        let finite = route.points.iter().all(|p| p.x.is_finite() && p.y.is_finite() && inside(p));
        if route.points.len() < 2 || !finite {
            defects.push(Defect::Route { edge: i });
        }
    }
    if !defects.is_empty() {
        return defects;
    }
    overlaps(layout, &parents, slack, &mut defects);
    ends(input, layout, slack, &mut defects);
    through(input, layout, &parents, slack, &mut defects);
    shared(input, layout, slack, &mut defects);
    defects.sort_unstable();
    defects.dedup();
    defects
}

/// A key that sorts like the number.
fn key(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Siblings that overlap, by a sweep: while none does, those at one height lie apart from left to right.
fn overlaps(layout: &Layout, parents: &[Option<usize>], slack: f64, defects: &mut Vec<Defect>) {
    let mut events: Vec<(Option<usize>, i64, bool, usize)> = Vec::new();
    for (i, r) in layout.nodes.iter().enumerate() {
        if r.width > 2.0 * slack && r.height > 2.0 * slack {
            events.push((parents[i], key(r.y + slack), true, i));
            events.push((parents[i], key(r.bottom() - slack), false, i));
        }
    }
    events.sort_unstable();
    let mut active: BTreeMap<(i64, usize), ()> = BTreeMap::new();
    for (_, _, starts, i) in events {
        let r = &layout.nodes[i];
        let own = (key(r.x), i);
        if !starts {
            active.remove(&own);
            continue;
        }
        let before = active.range(..own).next_back();
        let after = active.range(own..).next();
        for (&(_, other), ()) in before.into_iter().chain(after) {
            let o = &layout.nodes[other];
            if o.x < r.right() - slack && r.x < o.right() - slack {
                defects.push(Defect::Overlap { a: other.min(i), b: other.max(i) });
            }
        }
        active.insert(own, ());
    }
}

fn ends(input: &LayoutInput, layout: &Layout, slack: f64, defects: &mut Vec<Defect>) {
    let cleaned = clean(input);
    for (i, edge) in input.edges.iter().enumerate() {
        let points = &layout.routes[i].points;
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else { continue };
        for (end, p) in [(edge.source, first), (edge.target, last)] {
            if !touches(input, layout, end, p, slack, cleaned.is_container(end.node)) {
                defects.push(Defect::End { edge: i });
            }
        }
        let level = |a: &Point, b: &Point| (a.x == b.x) != (a.y == b.y);
        // A route of no length at all joins borders that touch.
        let still = points.len() == 2 && first == last;
        let slanted = !still && points.windows(2).any(|w| !level(&w[0], &w[1]));
        let needless = points.windows(3).any(|w| (w[0].x == w[2].x) || (w[0].y == w[2].y));
        if slanted || needless {
            defects.push(Defect::Crooked { edge: i });
        }
    }
}

fn touches(input: &LayoutInput, layout: &Layout, end: End, p: Point, slack: f64, container: bool) -> bool {
    let Some(r) = layout.nodes.get(end.node) else { return true };
    let near = |a: f64, b: f64| (a - b).abs() <= slack;
    let port = end.port.and_then(|port| input.nodes[end.node].ports.get(port)).filter(|_| !container);
    if let Some(port) = port {
        let at = if port.at.is_nan() { 0.5 } else { port.at.clamp(0.0, 1.0) };
        // Sides turn with the direction.
        let (along_x, far) = match (input.direction, port.side) {
            (Direction::Down, Side::Top) | (Direction::Up, Side::Bottom) => (true, false),
            (Direction::Down, Side::Bottom) | (Direction::Up, Side::Top) => (true, true),
            (Direction::Down | Direction::Up, Side::Left) => (false, false),
            (Direction::Down | Direction::Up, Side::Right) => (false, true),
            (Direction::Right, Side::Top) | (Direction::Left, Side::Bottom) => (false, false),
            (Direction::Right, Side::Bottom) | (Direction::Left, Side::Top) => (false, true),
            (Direction::Right | Direction::Left, Side::Left) => (true, false),
            (Direction::Right | Direction::Left, Side::Right) => (true, true),
        };
        // Across the flow, fractions count from the left, and for a side along the flow in its direction.
        let at = match (input.direction, port.side) {
            (Direction::Up, Side::Left | Side::Right) | (Direction::Left, Side::Left | Side::Right) => {
                1.0 - at
            }
            _ => at,
        };
        return if along_x {
            near(p.x, r.x + at * r.width) && near(p.y, if far { r.bottom() } else { r.y })
        } else {
            near(p.y, r.y + at * r.height) && near(p.x, if far { r.right() } else { r.x })
        };
    }
    let on_x = near(p.x, r.x) || near(p.x, r.right());
    let on_y = near(p.y, r.y) || near(p.y, r.bottom());
    let within_x = p.x >= r.x - slack && p.x <= r.right() + slack;
    let within_y = p.y >= r.y - slack && p.y <= r.bottom() + slack;
    (on_x && within_y) || (on_y && within_x)
}

/// Routes through leaves, and through containers that hold neither end.
fn through(
    input: &LayoutInput,
    layout: &Layout,
    parents: &[Option<usize>],
    slack: f64,
    defects: &mut Vec<Defect>,
) {
    let n = input.nodes.len();
    if n == 0 {
        return;
    }
    let tall = layout.size.height >= layout.size.width;
    let length = if tall { layout.size.height } else { layout.size.width }.max(1.0);
    let pitch = length / n as f64;
    let bucket = |v: f64| ((v / pitch) as usize).min(n - 1);
    let span = |r: &Rect| if tall { (r.y, r.bottom()) } else { (r.x, r.right()) };
    let mut first = vec![0u32; n + 1];
    let mut listed = Vec::new();
    for fill in [false, true] {
        if fill {
            for b in 0..n {
                first[b + 1] += first[b];
            }
            listed = vec![0u32; first[n] as usize];
        }
        let mut next = first.clone();
        for (i, r) in layout.nodes.iter().enumerate() {
            let (low, high) = span(r);
            for b in bucket(low)..=bucket(high) {
                if fill {
                    listed[next[b] as usize] = i as u32;
                    next[b] += 1;
                } else {
                    first[b + 1] += 1;
                }
            }
        }
    }
    let holds = |node: usize, inner: usize| {
        let mut at = Some(inner);
        while let Some(v) = at {
            if v == node {
                return true;
            }
            at = parents[v];
        }
        false
    };
    let mut container = vec![false; n];
    parents.iter().flatten().for_each(|&p| container[p] = true);
    for (i, route) in layout.routes.iter().enumerate() {
        let edge = &input.edges[i];
        if edge.source.node >= n || edge.target.node >= n {
            continue;
        }
        for pair in route.points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let r = Rect::new(a.x.min(b.x), a.y.min(b.y), (a.x - b.x).abs(), (a.y - b.y).abs());
            let (low, high) = span(&r);
            for bucket in bucket(low)..=bucket(high) {
                for &node in &listed[first[bucket] as usize..first[bucket + 1] as usize] {
                    let (node, o) = (node as usize, &layout.nodes[node as usize]);
                    let meets = r.x < o.right() - slack
                        && r.right() > o.x + slack
                        && r.y < o.bottom() - slack
                        && r.bottom() > o.y + slack;
                    if meets
                        && !(container[node]
                            && (holds(node, edge.source.node) || holds(node, edge.target.node)))
                    {
                        defects.push(Defect::Through { edge: i, node });
                    }
                }
            }
        }
    }
}

/// Lines of different bundles on each other, by a sweep over the pieces of either orientation.
fn shared(input: &LayoutInput, layout: &Layout, slack: f64, defects: &mut Vec<Defect>) {
    let groups = groups(input);
    let wishes = wishes(input, &groups);
    let (horizontal, vertical) = stretches(layout.routes.iter().map(|r| r.points.as_slice()), &groups);
    let apart = (2.0 * slack).max(0.05);
    for pieces in [horizontal, vertical] {
        let mut events: Vec<(i64, bool, usize)> = Vec::new();
        for (i, s) in pieces.iter().enumerate() {
            if s.high - s.low > 4.0 * slack {
                events.push((key(s.low + slack), true, i));
                events.push((key(s.high - slack), false, i));
            }
        }
        events.sort_unstable();
        let mut active: BTreeMap<(i64, usize), ()> = BTreeMap::new();
        for (_, starts, i) in events {
            let s: &Stretch = &pieces[i];
            if !starts {
                active.remove(&(key(s.at), i));
                continue;
            }
            for (&(_, other), ()) in active.range((key(s.at - apart), 0)..(key(s.at + apart), usize::MAX)) {
                let (a, b) = (s.group.min(pieces[other].group), s.group.max(pieces[other].group));
                if a != b && !meet_by_wish(&wishes, a, b) {
                    defects.push(Defect::Shared { a: a as usize, b: b as usize });
                }
            }
            active.insert((key(s.at), i), ());
        }
    }
}

/// The ports of each group: `(group, node, side, place)`, sorted.
fn wishes(input: &LayoutInput, groups: &[u32]) -> Vec<(u32, usize, Side, u64)> {
    let mut all = Vec::new();
    for (edge, &group) in input.edges.iter().zip(groups) {
        for end in [edge.source, edge.target] {
            let port = end.port.and_then(|p| input.nodes.get(end.node)?.ports.get(p));
            if let Some(port) = port {
                all.push((group, end.node, port.side, port.at.to_bits()));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether two groups are told to meet at one place: ports that coincide.
fn meet_by_wish(wishes: &[(u32, usize, Side, u64)], a: u32, b: u32) -> bool {
    let of = |group: u32| {
        let from = wishes.partition_point(|w| w.0 < group);
        wishes[from..].iter().take_while(move |w| w.0 == group)
    };
    of(a).any(|x| of(b).any(|y| (x.1, x.2, x.3) == (y.1, y.2, y.3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::shapes;
    use crate::{Size, layout};

    fn check(spoil: impl Fn(&mut Layout), want: &[Defect]) {
        let (_, input) = shapes().into_iter().find(|s| s.0 == "resnet").expect("the shape exists");
        let mut out = layout(&input);
        assert_eq!(verify(&input, &out), []);
        spoil(&mut out);
        let found = verify(&input, &out);
        assert!(!want.is_empty() && want.iter().all(|d| found.contains(d)), "want {want:?}, found {found:?}");
    }

    #[test]
    fn broken_layouts_are_found() {
        check(|l| l.nodes.truncate(3), &[Defect::Count]);
        check(|l| l.nodes[1].x = f64::NAN, &[Defect::Bounds { node: 1 }]);
        check(|l| l.size = Size::new(10.0, 10.0), &[Defect::Bounds { node: 1 }, Defect::Route { edge: 0 }]);
        check(|l| l.routes[2].points.clear(), &[Defect::Route { edge: 2 }]);
        check(|l| l.nodes[1].y = l.nodes[0].y, &[Defect::Overlap { a: 0, b: 1 }]);
        check(|l| l.nodes[4].y = 0.0, &[Defect::Outside { node: 4 }]);
        check(|l| l.routes[0].points[0].y += 3.0, &[Defect::End { edge: 0 }]);
        check(|l| l.routes[0].points[1].x += 3.0, &[Defect::Crooked { edge: 0 }]);
        let needless = |l: &mut Layout| {
            let p = &mut l.routes[0].points;
            let middle = Point::new(p[0].x, (p[0].y + p[1].y) / 2.0);
            p.insert(1, middle);
        };
        check(needless, &[Defect::Crooked { edge: 0 }]);
        // The skip of the first block, pushed into the boxes that it passes.
        let through = |l: &mut Layout| {
            let x = l.nodes[4].center().x + 20.0;
            let skip = &mut l.routes[6].points;
            let corners = skip.len();
            skip[corners - 2].x = x;
            skip[corners - 3].x = x;
        };
        check(through, &[Defect::Through { edge: 6, node: 4 }, Defect::Through { edge: 6, node: 5 }]);
        let shared = |l: &mut Layout| l.routes[1] = l.routes[0].clone();
        check(shared, &[Defect::Shared { a: 0, b: 1 }]);
    }
}

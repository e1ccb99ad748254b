//! Heights of rows and channels, and the course of every link along them.

use crate::clean::NONE;
use crate::order::Order;
use crate::problem::{Problem, Role, Solution};
use crate::proper::{Cells, Spot, lane_channel};
use crate::tracks::{Strand, tracks};
use crate::{Point, Side, Size};

/// Straight pieces shorter than this are no pieces, px.
const NOTHING: f64 = 1e-6;

/// What a run does in its channel.
#[derive(Clone, Copy)]
struct Track {
    /// Height from the top of the channel while measuring, then in the drawing.
    y: f64,
    lower: f64,
    meet: f64,
}

/// Turns places into a solution.
pub(crate) fn route(
    problem: &Problem,
    cells: &Cells,
    order: &Order,
    centers: &[f64],
    lanes: &[f64],
) -> Solution {
    let spot = |s: Spot| match s {
        Spot::Attach(a) => {
            let a = &cells.attaches[a as usize];
            centers[a.cell as usize] + a.offset
        }
        Spot::Cell(c) => centers[c as usize],
        Spot::Lane(l) => lanes[l as usize],
    };
    let gates = |row: usize, role: Role| {
        cells.rows > 0
            && order.line[order.row(row)]
                .iter()
                .any(|&c| (c as usize) < cells.items && problem.items[c as usize].role == role)
    };
    let entries = gates(0, Role::Entry);
    let exits = gates(cells.rows.saturating_sub(1), Role::Exit);
    let spacing = &problem.spacing;
    let mut course = vec![Track { y: 0.0, lower: 0.0, meet: 0.0 }; cells.runs.len()];
    let mut row_top = vec![0f64; cells.rows + 1];
    let mut row_height = vec![0f64; cells.rows];
    let (mut left, mut right) = (f64::INFINITY, f64::NEG_INFINITY);
    // The line from a door needs no width of its own.
    let mut through_door = vec![false; centers.len()];
    for i in (0..problem.links.len()).filter(|&i| cells.doors[i]) {
        let cell = cells.passing(cells.net_of[i], cells.courses[i].to / 2);
        through_door.get_mut(cell as usize).into_iter().for_each(|t| *t = true);
    }
    for (c, &center) in centers.iter().enumerate() {
        let r = cells.row[c] as usize;
        row_height[r] = row_height[r].max(cells.height[c]);
        let gate = c < cells.items && problem.items[c].role != Role::Box;
        if !gate && !through_door[c] {
            left = left.min(center - cells.room[c]);
            right = right.max(center + cells.right[c]);
        }
    }
    // Gates alone make no content; a line from side to side still needs its width.
    if left > right {
        left = centers.iter().copied().fold(left, f64::min);
        right = centers.iter().copied().fold(right, f64::max);
    }
    let mut y = problem.padding.top;
    let mut strands: Vec<Strand> = Vec::new();
    for channel in 0..=cells.rows {
        let (a, b) = (cells.run_first[channel] as usize, cells.run_first[channel + 1] as usize);
        let bent = cells.runs[a..b].iter().any(|run| {
            let first = spot(cells.contacts[run.from as usize].spot);
            (run.from..run.to).any(|k| (spot(cells.contacts[k as usize].spot) - first).abs() > NOTHING)
        });
        let mut count = 0;
        if bent {
            strands.clear();
            strands.extend(cells.runs[a..b].iter().map(|run| Strand {
                above: (run.from..run.middle).map(|k| spot(cells.contacts[k as usize].spot)).collect(),
                below: (run.middle..run.to).map(|k| spot(cells.contacts[k as usize].spot)).collect(),
                ..Strand::default()
            }));
            count = tracks(&mut strands, spacing.lane / 2.0);
        }
        let lane = spacing.lane;
        let n = f64::from(count);
        // The first track and the height of the channel.
        let (start, height) = match channel {
            0 => (0.0, n * lane),
            1 if entries => (lane * 0.25, if count == 0 { 0.0 } else { n * lane + lane * 0.25 }),
            c if c == cells.rows || (exits && c + 1 == cells.rows) => {
                (lane, if count == 0 { 0.0 } else { n * lane })
            }
            _ => {
                let height = spacing.rank.max((n + 1.0) * lane);
                ((height - (n - 1.0) * lane) * 0.42, height)
            }
        };
        if bent {
            for (run, s) in (a..b).zip(&strands) {
                if s.track != NONE {
                    let at = |track: u32| y + start + f64::from(track) * lane;
                    let (second, meet) = s.second.unwrap_or((s.track, 0.0));
                    course[run] = Track { y: at(s.track), lower: at(second), meet };
                    if s.second.is_some() {
                        right = right.max(meet);
                    }
                    for &x in s.above.iter().chain(&s.below) {
                        left = left.min(x);
                        right = right.max(x);
                    }
                }
            }
        }
        y += height;
        row_top[channel] = y;
        if channel < cells.rows {
            y += row_height[channel];
        }
    }
    if left > right {
        (left, right) = (0.0, 0.0);
    }
    let content = right - left;
    let p = &problem.padding;
    let size = Size::new(
        (content + p.left + p.right).max(problem.least.width),
        (y + p.bottom).max(problem.least.height),
    );
    let shift_x = p.left - left + ((size.width - p.left - p.right - content) / 2.0).max(0.0);
    let mut solution = Solution { size, ..Solution::default() };
    let low = low(cells);
    for (c, item) in problem.items.iter().enumerate() {
        let r = cells.row[c] as usize;
        let top = match item.role {
            Role::Box if low[c] => row_top[r] + row_height[r] - cells.height[c],
            Role::Box => row_top[r],
            Role::Entry => 0.0,
            Role::Exit => size.height,
            // Level with what it leads to, once that stands.
            Role::Door { .. } => 0.0,
        };
        if let Role::Door { right } = item.role {
            solution.corners.push(Point::new(if right { size.width } else { 0.0 }, top));
            continue;
        }
        solution.corners.push(Point::new(centers[c] - cells.left[c] + shift_x, top));
    }
    for i in (0..problem.links.len()).filter(|&i| cells.doors[i]) {
        let target = &cells.attaches[cells.courses[i].target as usize];
        let item = target.cell as usize;
        let y = solution.corners[item].y + problem.items[item].size.height / 2.0 + target.offset;
        solution.corners[problem.links[i].source.item as usize].y = y;
    }
    let attach = |a: u32| {
        let a = &cells.attaches[a as usize];
        let item = &problem.items[a.cell as usize];
        let corner = solution.corners[a.cell as usize];
        let (w, h) = (item.size.width, item.size.height);
        match a.side {
            Side::Top => Point::new(corner.x + w / 2.0 + a.offset, corner.y),
            Side::Bottom => Point::new(corner.x + w / 2.0 + a.offset, corner.y + h),
            Side::Left => Point::new(corner.x, corner.y + h / 2.0 + a.offset),
            Side::Right => Point::new(corner.x + w, corner.y + h / 2.0 + a.offset),
        }
    };
    let (ahead, behind) = straight(cells, centers);
    let mut walk = Walk::default();
    for (i, link) in problem.links.iter().enumerate() {
        let (way, net) = (cells.courses[i], cells.net_of[i]);
        solution.first.push(solution.points.len() as u32);
        walk.points.clear();
        let (start, end) = (attach(way.source), attach(way.target));
        walk.points.push(start);
        let turn = |walk: &mut Walk, channel: u32, to: f64, from_above: bool, to_above: bool| {
            let track = &course[cells.run(channel, net)];
            let from = walk.x();
            if (from - to).abs() > NOTHING {
                if track.y == track.lower {
                    walk.sideways(track.y, to);
                } else {
                    // Contacts above hang on the upper part, those below on the lower.
                    let first = if from_above { track.y } else { track.lower };
                    let second = if to_above { track.y } else { track.lower };
                    if first == second {
                        walk.sideways(first, to);
                    } else {
                        walk.sideways(first, track.meet + shift_x);
                        walk.sideways(second, to);
                    }
                }
            }
        };
        let cell_x = |row: u32| centers[cells.passing(net, row) as usize] + shift_x;
        if way.from % 2 == 1 {
            walk.points.push(Point::new(cell_x(way.from / 2), start.y));
        }
        let leaves_down = cells.attaches[way.source as usize].side == Side::Bottom;
        let arrives_up = cells.attaches[way.target as usize].side == Side::Bottom;
        let row_of = |level: u32| (level % 2 == 1).then_some(level / 2);
        let mut row = row_of(way.from);
        let last_x = row_of(way.to).map_or(end.x, cell_x);
        if way.second != NONE {
            let second = centers[way.second as usize] + shift_x;
            turn(&mut walk, way.from / 2 + 1, second, true, true);
        } else if way.lane != NONE {
            let lane = lanes[way.lane as usize] + shift_x;
            let down = way.to > way.from;
            let (first, last) = (lane_channel(way.from, way.to), lane_channel(way.to, way.from));
            turn(&mut walk, first, lane, row.map_or(leaves_down, |r| r < first), !down);
            turn(&mut walk, last, last_x, down, row_of(way.to).map_or(arrives_up, |r| r < last));
        } else {
            let mut level = way.from;
            while level != way.to {
                let down = way.to > level;
                let mut next = if down { level + 1 } else { level - 1 };
                if let Some(r) = row_of(next) {
                    let channel = level / 2;
                    let x = cell_x(r);
                    turn(&mut walk, channel, x, row.map_or(leaves_down, |r| r < channel), r < channel);
                    // Straight on to the row before the next corner.
                    let k = cells.passing_index(net, r);
                    let last = if down { (way.to - 1) / 2 } else { way.to / 2 };
                    let far = if down { ahead[k].min(last) } else { behind[k].max(last) };
                    row = Some(far);
                    next = 2 * far + 1;
                }
                level = next;
            }
            if way.to % 2 == 0 {
                let channel = way.to / 2;
                turn(&mut walk, channel, end.x, row.map_or(leaves_down, |r| r < channel), arrives_up);
            }
        }
        if way.to % 2 == 1 {
            let x = walk.x();
            walk.points.push(Point::new(x, end.y));
        }
        walk.points.push(end);
        solution.points.extend_from_slice(&walk.points);
        let label = (way.label != NONE).then(|| {
            let row = cells.row[way.label as usize] as usize;
            let x = centers[way.label as usize] + shift_x + crate::proper::LABEL_GAP;
            Point::new(x, row_top[row] + (row_height[row] - link.label.height) / 2.0)
        });
        solution.labels.push(label);
    }
    solution.first.push(solution.points.len() as u32);
    solution
}

/// Items that stand at the bottom of their row: those that nothing leads to, close to a reader in the next row. The
/// first row stays aligned at its top.
fn low(cells: &Cells) -> Vec<bool> {
    let (mut read, mut held) = (vec![false; cells.items], vec![false; cells.items]);
    for course in &cells.courses {
        let source = cells.attaches[course.source as usize].cell as usize;
        let below = 2 * cells.row[source] + 2;
        held[cells.attaches[course.target as usize].cell as usize] = true;
        held[source] |= course.from != below || course.to < below;
        read[source] |= course.to <= below + 1;
    }
    (0..cells.items).map(|c| read[c] && !held[c] && cells.row[c] > 0).collect()
}

/// For every cell of a passing net: the rows down to which and up to which the net runs straight from there.
fn straight(cells: &Cells, centers: &[f64]) -> (Vec<u32>, Vec<u32>) {
    let p = &cells.passing;
    let follows = |k: usize| {
        p[k].0 == p[k - 1].0
            && p[k].1 == p[k - 1].1 + 1
            && (centers[p[k].2 as usize] - centers[p[k - 1].2 as usize]).abs() <= NOTHING
    };
    let mut ahead: Vec<u32> = p.iter().map(|p| p.1).collect();
    let mut behind = ahead.clone();
    for k in 1..p.len() {
        if follows(k) {
            behind[k] = behind[k - 1];
        }
    }
    for k in (1..p.len()).rev() {
        if follows(k) {
            ahead[k - 1] = ahead[k];
        }
    }
    (ahead, behind)
}

#[derive(Default)]
struct Walk {
    points: Vec<Point>,
}

impl Walk {
    fn x(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.x)
    }

    fn sideways(&mut self, y: f64, to: f64) {
        let x = self.x();
        self.points.push(Point::new(x, y));
        self.points.push(Point::new(to, y));
    }
}

/// Appends a course to a route, dropping repeated points and points on a straight line.
pub(crate) fn append(route: &mut Vec<Point>, points: impl Iterator<Item = Point>) {
    let same = |a: f64, b: f64| (a - b).abs() <= NOTHING;
    for p in points {
        let p = match route.last() {
            Some(q) if same(p.x, q.x) && same(p.y, q.y) => continue,
            // Rounding must not tilt a line.
            Some(q) if same(p.x, q.x) => Point::new(q.x, p.y),
            Some(q) if same(p.y, q.y) => Point::new(p.x, q.y),
            _ => p,
        };
        if let [.., a, b] = route[..] {
            let vertical = a.x == b.x && b.x == p.x;
            let horizontal = a.y == b.y && b.y == p.y;
            if vertical || horizontal {
                route.pop();
            }
        }
        route.push(p);
    }
}

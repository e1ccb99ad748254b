//! Exact places for series-parallel levels: columns symmetrical about a straight line through forks and joins.
//!
//! From the inside out every part of the tree gets an outline, row by row, about its axis: a series keeps its parts on
//! one axis, a parallel part sets its main branch on the axis and the others beside it as near as outlines allow, by-passes
//! outermost; without a main branch the columns stand symmetrical about the axis. The order of rows follows from the places.

use crate::columns::Columns;
use crate::ends::{spread, straighten};
use crate::order::Order;
use crate::place::group;
use crate::problem::{Link, Problem};
use crate::proper::Cells;
use crate::series::tree;
use crate::settle::settle;
use crate::{Side, Spacing};

/// Places closer than this are the same, px.
const CLOSE: f64 = 1e-6;

/// The order and the places of all cells, if the level is series-parallel and nothing forbids exact places.
pub(crate) fn exact(
    problem: &Problem,
    cells: &mut Cells,
    rows: &[u32],
    reversed: &[bool],
    beside: &[bool],
) -> Option<(Order, Vec<f64>)> {
    // Lines that start upward or end from below have to turn.
    let turns = |l: &Link| l.source.side == Side::Top || l.target.side == Side::Bottom;
    if !cells.lanes.is_empty() || problem.links.iter().any(turns) {
        return None;
    }
    let mut links: Vec<(u32, u32, u32)> = Vec::with_capacity(problem.links.len());
    for (i, link) in problem.links.iter().enumerate().filter(|(i, _)| !cells.doors[*i]) {
        let (mut u, mut v) = (link.source.item, link.target.item);
        if reversed[i] {
            std::mem::swap(&mut u, &mut v);
        }
        if rows[u as usize] >= rows[v as usize] {
            return None;
        }
        links.push((i as u32, u, v));
    }
    let absent: Vec<bool> = problem.items.iter().map(|i| i.role.is_door()).collect();
    let tree = tree(problem.items.len(), &absent, &links)?;
    let arrivals = [Side::Left, Side::Right].map(|side| {
        let to = problem.links.iter().map(|l| l.target).filter(|t| t.side == side);
        let mut found: Vec<u32> = to.map(|t| rows[t.item as usize]).collect();
        found.sort_unstable();
        found
    });
    let owned = owned(problem, cells, &links);
    // Where lines attach depends on the order of rows, which depends on the places; the second time it stays.
    let mut last: Option<Order> = None;
    for _ in 0..2 {
        let columns = Columns {
            problem,
            cells,
            rows,
            reversed,
            beside,
            tree: &tree,
            owned: &owned,
            arrivals: &arrivals,
        };
        let mut centers = columns.solve()?;
        doors(problem, cells, rows, &mut centers);
        let mut order = sorted(cells, &centers, &problem.spacing)?;
        if let Some(last) = last {
            if last.line != order.line {
                return None;
            }
            straighten(cells, &centers, &problem.spacing);
            return Some((order, centers));
        }
        let before = order.line.clone();
        settle(cells, &mut order);
        if order.line != before {
            return None;
        }
        spread(cells, &order, &problem.spacing);
        last = Some(order);
    }
    None
}

/// The cells of every link: each cell belongs to the heaviest link of its net that passes it, then the longest.
fn owned(problem: &Problem, cells: &Cells, links: &[(u32, u32, u32)]) -> (Vec<u32>, Vec<u32>) {
    let span = |i: u32| {
        let c = &cells.courses[i as usize];
        (c.from.min(c.to) / 2, c.from.max(c.to).div_ceil(2))
    };
    let mut sequence: Vec<u32> = links.iter().map(|l| l.0).collect();
    sequence.sort_by_key(|&i| {
        let (a, b) = span(i);
        let weight = problem.links[i as usize].weight;
        (cells.net_of[i as usize], u32::MAX - weight, u32::MAX - (b - a), i)
    });
    let mut taken = vec![false; cells.row.len()];
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for i in sequence {
        let (a, b) = span(i);
        let net = cells.net_of[i as usize];
        let from = cells.passing_index(net, a);
        for p in cells.passing[from..].iter().take_while(|p| p.0 == net && p.1 < b) {
            if !std::mem::replace(&mut taken[p.2 as usize], true) {
                pairs.push((i, p.2));
            }
        }
    }
    group(cells.courses.len(), pairs.into_iter().collect::<Vec<_>>().into_iter())
}

/// Stands what comes in through a door at the end of its row.
fn doors(problem: &Problem, cells: &Cells, rows: &[u32], centers: &mut [f64]) {
    let list: Vec<usize> = (0..problem.links.len()).filter(|&i| cells.doors[i]).collect();
    if list.is_empty() {
        return;
    }
    let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); cells.rows];
    let through = |i: usize| cells.passing(cells.net_of[i], cells.courses[i].to / 2);
    let mut late = vec![false; centers.len()];
    for &i in &list {
        late[problem.links[i].source.item as usize] = true;
        late.get_mut(through(i) as usize).into_iter().for_each(|l| *l = true);
    }
    for (c, &x) in centers.iter().enumerate().filter(|(c, _)| !late[*c]) {
        let e = &mut ends[cells.row[c] as usize];
        *e = (e.0.min(x - cells.room[c]), e.1.max(x + cells.right[c]));
    }
    let lane = problem.spacing.lane;
    for i in list {
        let gate = problem.links[i].source.item as usize;
        let e = &mut ends[rows[gate] as usize];
        for c in [through(i) as usize, gate] {
            if problem.items[gate].hint > 0 {
                e.1 += lane;
                centers[c] = e.1;
            } else {
                e.0 -= lane;
                centers[c] = e.0;
            }
        }
    }
}

/// The rows in the order of the places, unless two cells come too close.
fn sorted(cells: &Cells, centers: &[f64], spacing: &Spacing) -> Option<Order> {
    let n = cells.row.len();
    let (first, mut line) = group(cells.rows, cells.row.iter().enumerate().map(|(c, &r)| (r, c as u32)));
    for r in first.windows(2) {
        let row = &mut line[r[0] as usize..r[1] as usize];
        row.sort_by(|&a, &b| centers[a as usize].total_cmp(&centers[b as usize]).then(a.cmp(&b)));
        for pair in row.windows(2) {
            let (a, b) = (pair[0] as usize, pair[1] as usize);
            let boxes = [a, b].iter().all(|&c| c < cells.items && cells.left[c] > 0.0);
            let gap = if boxes { spacing.node } else { spacing.lane };
            if centers[b] - cells.room[b] < centers[a] + cells.right[a] + gap - CLOSE {
                return None;
            }
        }
    }
    let mut order = Order { first, line, place: vec![0; n] };
    (0..cells.rows).for_each(|r| order.renumber(r));
    Some(order)
}

//! The phases of one flat problem in order.

use crate::acyclic::reversed;
use crate::count::measure;
use crate::exact::exact;
use crate::lanes::lanes;
use crate::order::order;
use crate::place::place;
use crate::problem::{Problem, Role, Solution};
use crate::proper::proper;
use crate::rank::{RankEdge, ranks};
use crate::route::{append, route};
use crate::sides::side_entries;
use crate::{EdgeKind, Point};

/// Lays out what is joined in one container.
pub(crate) fn solve(problem: &Problem) -> Solution {
    if problem.items.is_empty() {
        let p = &problem.padding;
        let size = crate::Size::new(
            problem.least.width.max(p.left + p.right),
            problem.least.height.max(p.top + p.bottom),
        );
        return Solution { size, first: vec![0], ..Solution::default() };
    }
    let pairs: Vec<(u32, u32)> = problem.links.iter().map(|l| (l.source.item, l.target.item)).collect();
    // Whatever comes in or goes out at a border does so along the flow.
    let inside = |item: u32| problem.items[item as usize].role == Role::Box;
    let against: Vec<bool> = (problem.links.iter())
        .map(|l| l.kind == EdgeKind::Back && inside(l.source.item) && inside(l.target.item))
        .collect();
    let reversed = reversed(problem.items.len(), &pairs, &against);
    let rows = rows(problem, &reversed);
    let sides = side_entries(problem, true);
    let fewer = side_entries(problem, false);
    let mut best: Option<((usize, usize), Solution)> = None;
    // By-passes that enter boxes from the side may get in each other's way, and not every level is series-parallel.
    let ways = [(false, &sides), (true, &sides), (true, &fewer)];
    let count = if fewer == sides { 2 } else { 3 };
    for (k, (general, sides)) in ways.into_iter().take(count).enumerate() {
        let Some(solution) = arranged(problem, &rows, sides, &reversed, general) else { continue };
        if best.is_none() && k + 1 == count {
            best = Some(((0, 0), solution));
            break;
        }
        let cost = quality(problem, &solution);
        if best.as_ref().is_none_or(|b| cost < b.0) {
            best = Some((cost, solution));
        }
        if cost.0 == 0 {
            break;
        }
    }
    let mut best = best.map(|b| b.1).unwrap_or_default();
    best.reversed = reversed;
    best
}

/// Places and routes for given rows and links that enter from the side.
fn arranged(
    problem: &Problem,
    rows: &[u32],
    sides: &[bool],
    reversed: &[bool],
    general: bool,
) -> Option<Solution> {
    let mut cells = proper(problem, rows, sides);
    if !general {
        let (order, centers) = exact(problem, &mut cells, rows, reversed, sides)?;
        return Some(route(problem, &cells, &order, &centers, &[]));
    }
    let order = order(&mut cells);
    let centers = place(&mut cells, &order, &problem.spacing);
    let lanes = lanes(&cells, &order, &centers, problem.spacing.lane);
    Some(route(problem, &cells, &order, &centers, &lanes))
}

/// Crossings and corners of a solution.
pub(crate) fn quality(problem: &Problem, solution: &Solution) -> (usize, usize) {
    let course = |i: usize| &solution.points[solution.first[i] as usize..solution.first[i + 1] as usize];
    let mut routes: Vec<Vec<Point>> = Vec::with_capacity(problem.links.len());
    for i in 0..problem.links.len() {
        let mut route = Vec::new();
        append(&mut route, course(i).iter().copied());
        routes.push(route);
    }
    let nets: Vec<u32> = problem.links.iter().map(|l| l.net).collect();
    measure(routes.iter().map(Vec::as_slice), &nets)
}

/// The row of every item: gates in the first and the last, boxes by rank.
fn rows(problem: &Problem, reversed: &[bool]) -> Vec<u32> {
    let n = problem.items.len();
    let entries = problem.items.iter().any(|i| i.role == Role::Entry);
    let exits = problem.items.iter().any(|i| i.role == Role::Exit);
    // All entries share one node above every box, all exits one below.
    let (above, below) = (n as u32, n as u32 + 1);
    let node = |i: u32| match problem.items[i as usize].role {
        Role::Box => i,
        Role::Entry => above,
        Role::Exit => below,
        Role::Door { .. } => i,
    };
    let mut edges: Vec<RankEdge> = Vec::with_capacity(problem.links.len());
    let (mut has_in, mut has_out) = (vec![false; n + 2], vec![false; n + 2]);
    for (link, &back) in problem.links.iter().zip(reversed) {
        let (mut tail, mut head) = (node(link.source.item), node(link.target.item));
        if back {
            std::mem::swap(&mut tail, &mut head);
        }
        if tail == head || problem.items[link.source.item as usize].role.is_door() {
            continue;
        }
        // A label needs a row in between.
        let span = if link.label.width > 0.0 { 2 } else { 1 };
        has_out[tail as usize] = true;
        has_in[head as usize] = true;
        edges.push(RankEdge { tail, head, weight: i64::from(link.weight), span });
    }
    for (i, item) in problem.items.iter().enumerate() {
        if item.role == Role::Box {
            if entries && !has_in[i] {
                edges.push(RankEdge { tail: above, head: i as u32, weight: 0, span: 1 });
            }
            if exits && !has_out[i] {
                edges.push(RankEdge { tail: i as u32, head: below, weight: 0, span: 1 });
            }
        }
    }
    let rank = ranks(n + 2, &edges);
    let shift = if entries { -rank[above as usize] } else { 0 };
    let last = (problem.items.iter().zip(&rank))
        .filter(|(item, _)| item.role == Role::Box)
        .map(|(_, r)| r + shift)
        .max()
        .unwrap_or(0)
        .max(0);
    let row = |(item, rank): (&crate::problem::Item, &i32)| match item.role {
        Role::Box => (rank + shift).max(i32::from(entries)) as u32,
        Role::Entry => 0,
        Role::Exit => last as u32 + 1,
        Role::Door { .. } => 0,
    };
    let mut rows: Vec<u32> = problem.items.iter().zip(&rank).map(row).collect();
    // A door is level with what it leads to.
    for link in problem.links.iter().filter(|l| problem.items[l.source.item as usize].role.is_door()) {
        rows[link.source.item as usize] = rows[link.target.item as usize];
    }
    rows
}

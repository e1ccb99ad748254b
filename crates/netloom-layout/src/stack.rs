//! Stacks: a chain of boxes beside something tall stands in one row with it, instead of pushing everything apart by a
//! row for each.

use crate::clean::NONE;
use crate::level::quality;
use crate::parts;
use crate::place::HEAVY;
use crate::problem::{Item, Link, Problem, Role, Solution};
use crate::{EdgeKind, Point, Side, Size};

/// Lays out one container's inside, chains as stacks if that makes it shorter.
///
/// # Cost
/// That of the parts, twice where there is such a chain.
pub(crate) fn solve(problem: &Problem) -> Solution {
    let chains = chains(problem);
    let plain = parts::solve(problem);
    if chains.is_empty() {
        return plain;
    }
    let stacked = stacked(problem, &chains);
    let crosses = |s: &Solution| quality(problem, s).0;
    let better = stacked.size.height < plain.size.height - 1.0 && crosses(&stacked) <= crosses(&plain);
    if better { stacked } else { plain }
}

/// Boxes that follow each other with nothing else between them, off the trunk, and are not taller than what else stands
/// in the level.
fn chains(problem: &Problem) -> Vec<Vec<u32>> {
    let n = problem.items.len();
    let (mut into, mut out) = (vec![(0u32, NONE); n], vec![(0u32, NONE); n]);
    let mut plain = vec![false; problem.links.len()];
    let mut fit: Vec<bool> = (problem.items.iter())
        .map(|i| {
            let free = i.left + i.right + i.note.width == 0.0;
            i.role == Role::Box && !i.merge && free
        })
        .collect();
    for (k, link) in problem.links.iter().enumerate() {
        let (s, t) = (link.source.item as usize, link.target.item as usize);
        out[s] = (out[s].0 + 1, k as u32);
        into[t] = (into[t].0 + 1, k as u32);
        plain[k] = s != t && link.weight < HEAVY && link.label.width == 0.0;
        let back = link.kind == EdgeKind::Back;
        fit[s] &= !back && link.source.side == Side::Bottom && link.source.at.is_none();
        fit[t] &= !back && link.target.side == Side::Top && link.target.at.is_none();
    }
    for v in 0..n {
        // Inputs stay in the first row.
        fit[v] &= into[v].0 == 1 && out[v].0 <= 1;
    }
    let next = |v: usize| {
        let link = problem.links.get(out[v].1 as usize)?;
        let t = link.target.item as usize;
        (fit[v] && fit[t] && plain[out[v].1 as usize]).then_some(t)
    };
    let mut follows = vec![false; n];
    (0..n).filter_map(next).for_each(|t| follows[t] = true);
    let mut chains = Vec::new();
    let mut tallest = problem.items.iter().map(|i| i.size.height).fold(0.0, f64::max);
    tallest += problem.spacing.rank;
    for v in (0..n).filter(|&v| fit[v] && !follows[v]) {
        let mut chain = vec![v as u32];
        let mut height = problem.items[v].size.height;
        let mut at = v;
        while let Some(t) = next(at) {
            height += problem.spacing.rank + problem.items[t].size.height;
            if height > tallest {
                break;
            }
            chain.push(t as u32);
            at = t;
        }
        if chain.len() > 1 {
            chains.push(chain);
        }
    }
    chains
}

fn stacked(problem: &Problem, chains: &[Vec<u32>]) -> Solution {
    let n = problem.items.len();
    // The item that stands for each, and how far below its top.
    let mut place = vec![NONE; n];
    let mut below = vec![0f64; n];
    let mut stack = vec![NONE; n];
    for (k, chain) in chains.iter().enumerate() {
        let mut y = 0.0;
        for &v in chain {
            stack[v as usize] = k as u32;
            below[v as usize] = y;
            y += problem.items[v as usize].size.height + problem.spacing.rank;
        }
    }
    let mut rest =
        Problem { items: Vec::with_capacity(n), links: Vec::with_capacity(problem.links.len()), ..*problem };
    for (v, item) in problem.items.iter().enumerate() {
        let chain = chains.get(stack[v] as usize);
        if chain.is_none_or(|c| c[0] as usize == v) {
            place[v] = rest.items.len() as u32;
            let size = chain.map(|c| {
                let width = c.iter().map(|&v| problem.items[v as usize].size.width).fold(0.0, f64::max);
                let last = c[c.len() - 1] as usize;
                Size::new(width, below[last] + problem.items[last].size.height)
            });
            rest.items.push(Item { size: size.unwrap_or(item.size), ..*item });
        }
    }
    for chain in chains {
        for &v in &chain[1..] {
            place[v as usize] = place[chain[0] as usize];
        }
    }
    let inner = |l: &Link| {
        let (s, t) = (l.source.item as usize, l.target.item as usize);
        stack[s] != NONE && stack[s] == stack[t]
    };
    let (mut nets, mut last) = (0u32, None);
    for link in problem.links.iter().filter(|l| !inner(l)) {
        nets += u32::from(last.is_some_and(|net| net != link.net));
        last = Some(link.net);
        let mut link = *link;
        link.net = nets;
        link.source.item = place[link.source.item as usize];
        link.target.item = place[link.target.item as usize];
        rest.links.push(link);
    }
    rest.nets = nets as usize + 1;
    let solved = parts::solve(&rest);
    let mut whole = Solution { size: solved.size, first: vec![0], ..Solution::default() };
    for (v, item) in problem.items.iter().enumerate() {
        let corner = solved.corners[place[v] as usize];
        let aside = (rest.items[place[v] as usize].size.width - item.size.width) / 2.0;
        whole.corners.push(Point::new(corner.x + aside, corner.y + below[v]));
    }
    let mut at = 0;
    for link in &problem.links {
        if inner(link) {
            let (s, t) = (link.source.item as usize, link.target.item as usize);
            let x = whole.corners[s].x + problem.items[s].size.width / 2.0;
            let y = whole.corners[s].y + problem.items[s].size.height;
            whole.points.extend([Point::new(x, y), Point::new(x, whole.corners[t].y)]);
            whole.reversed.push(false);
            whole.labels.push(None);
        } else {
            let course = &solved.points[solved.first[at] as usize..solved.first[at + 1] as usize];
            whole.points.extend_from_slice(course);
            whole.reversed.push(solved.reversed[at]);
            whole.labels.push(solved.labels[at]);
            at += 1;
        }
        whole.first.push(whole.points.len() as u32);
    }
    whole
}

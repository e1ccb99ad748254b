//! Satellites: small nodes that stand beside the one box they lead to instead of above it, so that they neither push
//! the trunk nor cost a row. They leave the problem before it is solved; their box keeps room for them, one on each side.

use crate::clean::NONE;
use crate::problem::{Link, Problem, Role, Solution};
use crate::stack;
use crate::{EdgeKind, Point, Side};

/// A satellite, the link that joins it, and the side of the box where it stands.
struct Satellite {
    item: u32,
    link: u32,
    host: u32,
    right: bool,
}

/// Lays out one container's inside, satellites beside their boxes.
///
/// # Cost
/// Linear in items and links on top of what the parts cost.
pub(crate) fn solve(problem: &Problem) -> Solution {
    let satellites = satellites(problem);
    if satellites.is_empty() {
        return stack::solve(problem);
    }
    let mut place = vec![0u32; problem.items.len()];
    satellites.iter().for_each(|s| place[s.item as usize] = NONE);
    let mut rest = Problem {
        items: Vec::with_capacity(problem.items.len()),
        links: Vec::with_capacity(problem.links.len()),
        ..*problem
    };
    for (i, item) in problem.items.iter().enumerate() {
        if place[i] != NONE {
            place[i] = rest.items.len() as u32;
            rest.items.push(*item);
        }
    }
    for s in &satellites {
        let room = problem.items[s.item as usize].size.width + problem.spacing.node;
        let host = &mut rest.items[place[s.host as usize] as usize];
        *(if s.right { &mut host.right } else { &mut host.left }) += room;
    }
    let (mut nets, mut last) = (0u32, None);
    for link in problem.links.iter().filter(|l| place[l.source.item as usize] != NONE) {
        nets += u32::from(last.is_some_and(|net| net != link.net));
        last = Some(link.net);
        let mut link: Link = *link;
        link.net = nets;
        link.source.item = place[link.source.item as usize];
        link.target.item = place[link.target.item as usize];
        rest.links.push(link);
    }
    rest.nets = nets as usize + 1;
    let inner = stack::solve(&rest);
    let mut whole = Solution { size: inner.size, first: vec![0], ..Solution::default() };
    whole.corners.extend(place.iter().map(|&p| inner.corners.get(p as usize).copied().unwrap_or_default()));
    let mut next = 0;
    let mut of_link = vec![NONE; problem.links.len()];
    for (k, s) in satellites.iter().enumerate() {
        of_link[s.link as usize] = k as u32;
        let (own, host) = (problem.items[s.item as usize].size, problem.items[s.host as usize].size);
        let corner = whole.corners[s.host as usize];
        let gap = problem.spacing.node;
        let x = if s.right { corner.x + host.width + gap } else { corner.x - gap - own.width };
        whole.corners[s.item as usize] = Point::new(x, corner.y + (host.height - own.height) / 2.0);
    }
    for of in of_link {
        if let Some(s) = satellites.get(of as usize) {
            let (own, host) = (problem.items[s.item as usize].size, problem.items[s.host as usize].size);
            let (from, to) = (whole.corners[s.item as usize], whole.corners[s.host as usize]);
            let y = to.y + host.height / 2.0;
            let (a, b) = if s.right { (from.x, to.x + host.width) } else { (from.x + own.width, to.x) };
            whole.points.extend([Point::new(a, y), Point::new(b, y)]);
            whole.reversed.push(false);
            whole.labels.push(None);
        } else {
            let course = &inner.points[inner.first[next] as usize..inner.first[next + 1] as usize];
            whole.points.extend_from_slice(course);
            whole.reversed.push(inner.reversed[next]);
            whole.labels.push(inner.labels[next]);
            next += 1;
        }
        whole.first.push(whole.points.len() as u32);
    }
    whole
}

/// The items that may stand beside what they lead to: nothing leads to them, they lead to one box only, which has other
/// inputs, free sides and is no lower than they are.
fn satellites(problem: &Problem) -> Vec<Satellite> {
    let n = problem.items.len();
    if !problem.items.iter().any(|i| i.beside) {
        return Vec::new();
    }
    let mut degree = vec![0u32; n];
    for link in &problem.links {
        degree[link.source.item as usize] += 1;
        degree[link.target.item as usize] += 1;
    }
    let wish = |item: u32| problem.items[item as usize].beside && degree[item as usize] == 1;
    // The net that comes from above, whether several do, and whether something needs a side.
    let mut above = vec![NONE; n];
    let mut several = vec![false; n];
    let mut busy = vec![false; n];
    for link in problem.links.iter().filter(|l| !wish(l.source.item)) {
        let t = link.target.item as usize;
        several[t] |= above[t] != NONE && above[t] != link.net;
        above[t] = link.net;
        busy[t] |= link.kind != EdgeKind::Flow;
        for pin in [link.source, link.target] {
            busy[pin.item as usize] |= matches!(pin.side, Side::Left | Side::Right);
        }
        // A loop may need any side.
        busy[t] |= link.source.item == link.target.item;
    }
    let mut found: Vec<Satellite> = Vec::new();
    let mut taken = vec![0u8; n];
    for (i, link) in problem.links.iter().enumerate() {
        let (s, t) = (link.source.item, link.target.item as usize);
        let (own, host) = (&problem.items[s as usize], &problem.items[t]);
        let plain = link.source.side == Side::Bottom
            && link.source.at.is_none()
            && link.target.side == Side::Top
            && link.target.at.is_none()
            && link.kind == EdgeKind::Flow
            && link.label.width == 0.0
            && own.note.width == 0.0;
        let free = host.role == Role::Box
            && !host.beside
            && above[t] != NONE
            && !busy[t]
            && !(host.merge && several[t])
            && own.size.height <= host.size.height;
        // A note stands at the right.
        let most = if host.note.width > 0.0 { 1 } else { 2 };
        if wish(s) && plain && free && taken[t] < most {
            let right = taken[t] == 1;
            taken[t] += 1;
            found.push(Satellite { item: s, link: i as u32, host: t as u32, right });
        }
    }
    found
}

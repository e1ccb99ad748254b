//! Parts of a level that no link joins: each is laid out on its own, and they stand side by side from a common top.
//!
//! In shared rows a tall box of one part would tear all others apart. What a gate leads to counts as one part, since the
//! border joins it. Boxes without links wrap into a block.

use crate::clean::NONE;
use crate::level;
use crate::place::group;
use crate::problem::{Item, Link, Problem, Role, Solution};
use crate::proper::LABEL_GAP;
use crate::{Insets, Point, Size, Spacing};

/// Space between two parts, in distances between nodes.
const APART: f64 = 1.5;
/// Boxes without links that stand in one row before they wrap.
const FEW: usize = 4;
/// Width over height of a block of boxes without links.
const BLOCK: f64 = 3.0;

/// Lays out one container's inside.
///
/// # Cost
/// Linear in items and links on top of what the parts cost.
pub(crate) fn solve(problem: &Problem) -> Solution {
    let parts = Parts::of(problem);
    if parts.count + parts.loose.len() < 2 {
        return level::solve(problem);
    }
    let p = &problem.padding;
    let mut corners = vec![Point::default(); problem.items.len()];
    let mut solved: Vec<(Solution, Point)> = Vec::with_capacity(parts.count);
    let (mut x, mut top, mut height) = (p.left, p.top, 0f64);
    for part in 0..parts.count {
        let solution = level::solve(&parts.problem(problem, part));
        let items = parts.items(part);
        let first = (items.iter().zip(&solution.corners))
            .filter(|(i, _)| problem.items[**i as usize].role == Role::Box)
            .map(|(_, corner)| corner.y)
            .fold(f64::INFINITY, f64::min);
        let at = if part == 0 {
            top = if first.is_finite() { first } else { top };
            x = solution.size.width - p.right;
            height = solution.size.height;
            Point::default()
        } else {
            // Lines above the first row must not reach into the header.
            let at = Point::new(x + APART * problem.spacing.node, (top - first).max(p.top));
            x = at.x + solution.size.width;
            height = height.max(at.y + solution.size.height + p.bottom);
            at
        };
        for (&i, corner) in items.iter().zip(&solution.corners) {
            corners[i as usize] = Point::new(corner.x + at.x, corner.y + at.y);
        }
        solved.push((solution, at));
    }
    if !parts.loose.is_empty() {
        let gap = if parts.count > 0 { APART * problem.spacing.node } else { 0.0 };
        let (places, size) = block(&problem.items, &parts.loose, &problem.spacing);
        for (&i, place) in parts.loose.iter().zip(places) {
            corners[i as usize] = Point::new(x + gap + place.x, top + place.y);
        }
        x += gap + size.width;
        height = height.max(top + size.height + p.bottom);
    }
    let width = x + p.right;
    let size = Size::new(width.max(problem.least.width), height.max(problem.least.height));
    let shift = (size.width - width) / 2.0;
    for (corner, item) in corners.iter_mut().zip(&problem.items) {
        corner.x += shift;
        if item.role == Role::Exit {
            corner.y = size.height;
        }
        if let Role::Door { right } = item.role {
            corner.x = if right { size.width } else { 0.0 };
        }
    }
    let mut whole = Solution { size, corners, first: vec![0], ..Solution::default() };
    let mut next = vec![0usize; parts.count];
    for link in &problem.links {
        let part = parts.of[link.source.item as usize] as usize;
        let (solution, at) = &solved[part];
        let k = next[part];
        next[part] += 1;
        let course = &solution.points[solution.first[k] as usize..solution.first[k + 1] as usize];
        let move_by = |q: &Point| Point::new(q.x + at.x + shift, q.y + at.y);
        let start = whole.points.len();
        whole.points.extend(course.iter().map(move_by));
        let source = link.source.item as usize;
        if let (true, Some(first)) = (problem.items[source].role.is_door(), whole.points.get_mut(start)) {
            first.x = whole.corners[source].x;
        }
        if let (Role::Exit, Some(last)) =
            (problem.items[link.target.item as usize].role, whole.points.last_mut())
        {
            last.y = size.height;
        }
        whole.first.push(whole.points.len() as u32);
        whole.reversed.push(solution.reversed[k]);
        whole.labels.push(solution.labels[k].as_ref().map(move_by));
    }
    whole
}

/// Boxes without links in rows, from the left top corner, and the size of them all.
fn block(items: &[Item], loose: &[u32], spacing: &Spacing) -> (Vec<Point>, Size) {
    let room = |i: u32| {
        let item = &items[i as usize];
        let note = if item.note.width > 0.0 { item.note.width + LABEL_GAP } else { 0.0 };
        Size::new(item.size.width + note, item.size.height.max(item.note.height))
    };
    let area = loose.iter().map(|&i| (room(i).width + spacing.node) * (room(i).height + spacing.rank));
    let most = if loose.len() <= FEW { f64::INFINITY } else { (BLOCK * area.sum::<f64>()).sqrt() };
    let (mut at, mut low, mut right) = (Point::default(), 0f64, 0f64);
    let mut places = Vec::with_capacity(loose.len());
    for &i in loose {
        let size = room(i);
        if at.x > 0.0 && at.x + size.width > most {
            at = Point::new(0.0, low + spacing.rank);
        }
        places.push(at);
        right = right.max(at.x + size.width);
        low = low.max(at.y + size.height);
        at.x += size.width + spacing.node;
    }
    (places, Size::new(right, low))
}

struct Parts {
    count: usize,
    /// The part of every item, the trunk's first; `NONE` for boxes without links.
    of: Vec<u32>,
    /// Place of every item within its part.
    place: Vec<u32>,
    item_first: Vec<u32>,
    item: Vec<u32>,
    link_first: Vec<u32>,
    link: Vec<u32>,
    loose: Vec<u32>,
}

impl Parts {
    fn of(problem: &Problem) -> Self {
        let n = problem.items.len();
        let mut root: Vec<u32> = (0..n as u32).collect();
        for link in &problem.links {
            unite(&mut root, link.source.item, link.target.item);
        }
        let gate = problem.items.iter().position(|i| i.role != Role::Box);
        for (i, item) in problem.items.iter().enumerate() {
            if let (Some(gate), true) = (gate, item.role != Role::Box) {
                unite(&mut root, gate as u32, i as u32);
            }
        }
        for i in 0..n {
            root[i] = find(&mut root, i as u32);
        }
        // The heaviest link and the area of every part, by its root.
        let (mut weight, mut area) = (vec![0u32; n], vec![0f64; n]);
        for link in &problem.links {
            let r = root[link.source.item as usize] as usize;
            weight[r] = weight[r].max(link.weight.max(1));
        }
        for (item, &r) in problem.items.iter().zip(&root) {
            area[r as usize] += item.size.width * item.size.height;
        }
        let key = |r: u32| (weight[r as usize], area[r as usize]);
        let heavier = |a: u32, b: u32| key(b).0.cmp(&key(a).0).then(key(b).1.total_cmp(&key(a).1)).is_lt();
        let trunk = match gate {
            Some(gate) => Some(root[gate]),
            None => (root.iter().copied().filter(|&r| weight[r as usize] > 0))
                .reduce(|best, r| if heavier(r, best) { r } else { best }),
        };
        let mut number = vec![NONE; n];
        let mut count = 0;
        let mut loose = Vec::new();
        for r in trunk.into_iter().chain(root.iter().copied()) {
            if number[r as usize] == NONE && (weight[r as usize] > 0 || trunk == Some(r)) {
                number[r as usize] = count;
                count += 1;
            }
        }
        let of: Vec<u32> = root.iter().map(|&r| number[r as usize]).collect();
        loose.extend((0..n as u32).filter(|&i| of[i as usize] == NONE));
        let count = count as usize;
        let (item_first, item) = group(count, by_part(of.iter().copied()));
        let sources = problem.links.iter().map(|l| of[l.source.item as usize]);
        let (link_first, link) = group(count, by_part(sources));
        let mut place = vec![0u32; n];
        for part in item_first.windows(2) {
            for (k, &i) in item[part[0] as usize..part[1] as usize].iter().enumerate() {
                place[i as usize] = k as u32;
            }
        }
        Self { count, of, place, item_first, item, link_first, link, loose }
    }

    fn items(&self, part: usize) -> &[u32] {
        &self.item[self.item_first[part] as usize..self.item_first[part + 1] as usize]
    }

    /// One part as a problem of its own; only the first keeps the padding.
    fn problem(&self, whole: &Problem, part: usize) -> Problem {
        let items = self.items(part).iter().map(|&i| whole.items[i as usize]).collect();
        let list = &self.link[self.link_first[part] as usize..self.link_first[part + 1] as usize];
        let mut links: Vec<Link> = Vec::with_capacity(list.len());
        let (mut nets, mut last) = (0u32, None);
        for &i in list {
            let mut link = whole.links[i as usize];
            if last.is_some_and(|net| net != link.net) {
                nets += 1;
            }
            last = Some(link.net);
            link.net = nets;
            link.source.item = self.place[link.source.item as usize];
            link.target.item = self.place[link.target.item as usize];
            links.push(link);
        }
        Problem {
            items,
            links,
            nets: nets as usize + 1,
            spacing: whole.spacing,
            padding: if part == 0 { whole.padding } else { Insets::default() },
            least: Size::default(),
        }
    }
}

/// Indices by part, those without one left out.
fn by_part(of: impl Iterator<Item = u32> + Clone) -> impl Iterator<Item = (u32, u32)> + Clone {
    of.enumerate().map(|(i, part)| (part, i as u32)).filter(|p| p.0 != NONE)
}

/// The root of an item; the way there is halved.
fn find(root: &mut [u32], mut i: u32) -> u32 {
    while root[i as usize] != i {
        root[i as usize] = root[root[i as usize] as usize];
        i = root[i as usize];
    }
    i
}

/// Joins two parts; the lower root stays.
fn unite(root: &mut [u32], a: u32, b: u32) {
    let (a, b) = (find(root, a), find(root, b));
    root[a.max(b) as usize] = a.min(b);
}

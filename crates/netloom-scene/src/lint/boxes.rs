//! Rules of nodes and containers: apart, or one inside the other.

use std::collections::BTreeMap;

use super::grid::Grid;
use super::scan::Scan;
use super::texts::overlap;
use super::{Report, Rule, TOLERANCE};

pub(super) fn check(scan: &Scan, report: &mut Report) {
    let mut grid = Grid::new(scan.bounds);
    let drawn = |i: usize| !scan.boxes[i].shape.is_empty();
    (0..scan.boxes.len()).filter(|i| drawn(*i)).for_each(|i| grid.insert(scan.boxes[i].rect, i));
    let containers: BTreeMap<&str, usize> = scan
        .boxes
        .iter()
        .enumerate()
        .filter(|(_, b)| b.container)
        .map(|(i, b)| (b.key.subject(), i))
        .collect();
    for i in (0..scan.boxes.len()).filter(|i| drawn(*i)) {
        let own = &scan.boxes[i];
        let parent = own.parent.or_else(|| by_path(own.key.subject(), &containers)).filter(|p| drawn(*p));
        if let Some(parent) = parent.map(|p| &scan.boxes[p])
            && !parent.rect.inflate(TOLERANCE, TOLERANCE).contains_rect(own.rect)
        {
            report.add(Rule::ChildInside, &[&own.key, &parent.key], String::new(), own.rect);
        }
        for j in grid.near(own.rect).into_iter().filter(|j| *j > i) {
            let other = &scan.boxes[j];
            let related = scan.is_within(i, j) || scan.is_within(j, i);
            let holds = |outer: usize, inner: usize| {
                let (outer, inner) = (&scan.boxes[outer], &scan.boxes[inner]);
                outer.container && outer.rect.inflate(TOLERANCE, TOLERANCE).contains_rect(inner.rect)
            };
            if !related && overlap(own.rect, other.rect) && !holds(i, j) && !holds(j, i) {
                report.add(
                    Rule::NodesApart,
                    &[&own.key, &other.key],
                    String::new(),
                    own.rect.intersect(other.rect),
                );
            }
        }
    }
}

/// The container whose key is the nearest path above a key: `a/b` or `a` for `a/b/c`, `a.0` or `a` for `a.0.1`.
fn by_path(path: &str, containers: &BTreeMap<&str, usize>) -> Option<usize> {
    let mut path = path;
    while let Some(end) = path.rfind(['/', '.']) {
        path = &path[..end];
        if let Some(&container) = containers.get(path).filter(|_| !path.is_empty()) {
            return Some(container);
        }
    }
    None
}

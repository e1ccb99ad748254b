//! Stages: stretches of the trunk where the resolution stays, and how strips of several models are aligned by them.

use netloom_graph::{Dim, Graph};
use netloom_layout::Layout;

use crate::number;
use crate::view::{NodeKind, View};

/// A stretch of the trunk of one resolution.
pub(super) struct Stage {
    /// What is the same along it: `56×56`.
    pub(super) size: String,
    /// Where it begins, px: right below the box before.
    pub(super) top: f64,
    /// From there to the middle of the first box that makes it, px.
    pub(super) middle: f64,
}

/// A size at the left of the strips.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Mark {
    /// The size: `56×56`.
    pub(super) size: String,
    /// Where its stage begins, px.
    pub(super) top: f64,
    /// The middle of its first box, px.
    pub(super) middle: f64,
}

/// The stages of a model, from its input on, and the stage of every box.
pub(super) fn stages(graph: &Graph, view: &View, layout: &Layout) -> (Vec<Stage>, Vec<Option<usize>>) {
    let mut found: Vec<Stage> = Vec::new();
    let mut before: Option<usize> = None;
    for &n in &view.trunk {
        let node = &view.nodes[n];
        if matches!(node.kind, NodeKind::Merge | NodeKind::Stub | NodeKind::Output) {
            before = Some(n);
            continue;
        }
        if let Some(size) = size(graph, view, n)
            && found.last().is_none_or(|s| s.size != size)
        {
            let y = layout.nodes[n].y;
            // By-passes that leave between two stages belong to the later one.
            let top = before.map_or(y, |b| (layout.nodes[b].bottom() + 1.0).min(y));
            found.push(Stage { size, top, middle: layout.nodes[n].center().y - top });
        }
        before = Some(n);
    }
    let of =
        (0..view.nodes.len()).map(|n| size(graph, view, n).and_then(|s| at(&found, &s, layout.nodes[n].y)));
    let of = of.collect();
    (found, of)
}

/// The stage of that size that begins last at or above a height.
fn at(stages: &[Stage], size: &str, y: f64) -> Option<usize> {
    let same = |i: &usize| stages[*i].size == size;
    let above = (0..stages.len()).rev().filter(same).find(|i| stages[*i].top <= y + 0.5);
    above.or_else(|| (0..stages.len()).find(same))
}

/// The resolution of what a box makes; `None` for what has no sides.
fn size(graph: &Graph, view: &View, node: usize) -> Option<String> {
    let output = view.nodes[node].output?;
    match graph.tensor(output).ty.shape().dims()? {
        // Images with their channels last: the sides are told by being equal.
        [_, h, w, c] if h == w && c != w && h.as_known().is_some() => {
            Some(format!("{}×{}", number::dim(h), number::dim(w)))
        }
        [_, _, sides @ ..] if sides.len() >= 2 && sides.iter().all(|d| !Dim::is_unknown(d)) => {
            Some(sides.iter().map(number::dim).collect::<Vec<_>>().join("×"))
        }
        _ => None,
    }
}

/// The least distance between the beginnings of two stages of different strips, px: a row with the space below.
const LEAST: f64 = 26.0;

/// The first side of a size; 0 where it is not a number.
fn side(size: &str) -> u64 {
    size.split('×').next().and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// How often a size has to be doubled to come near the largest.
pub(super) fn halvings(size: &str, largest: &str) -> usize {
    let (mut side, largest) = (side(size).max(1), side(largest));
    let mut n = 0;
    // Near is within the square root of two, about 7 to 5.
    while side.saturating_mul(7) < largest.saturating_mul(5) {
        side *= 2;
        n += 1;
    }
    n
}

/// The largest size of some stages; empty for none.
pub(super) fn largest<'a>(stages: impl Iterator<Item = &'a Stage>) -> &'a str {
    stages.map(|s| s.size.as_str()).max_by_key(|s| side(s)).unwrap_or_default()
}

/// Heights at which a layout is pulled apart, and by how much, px, from top to bottom.
pub(super) type Cuts = Vec<(f64, f64)>;

/// How to pull strips apart so that stages of one size begin at one height, and the sizes with those heights.
pub(super) fn align(strips: &[&[Stage]]) -> (Vec<Cuts>, Vec<Mark>) {
    let mut cuts: Vec<Cuts> = strips.iter().map(|_| Vec::new()).collect();
    let mut shift = vec![0.0; strips.len()];
    let mut next = vec![0; strips.len()];
    let mut rows: Vec<Mark> = Vec::new();
    // The next stage is that of the strip which has most left before it meets the others again.
    while let Some((_, stage)) =
        (0..strips.len()).filter_map(|i| strips[i].get(next[i]).map(|s| (i, s))).min_by_key(|(i, s)| {
            let later = strips.iter().enumerate().filter(|(j, _)| j != i);
            let held = later.filter(|(j, o)| o[next[*j]..].iter().skip(1).any(|x| x.size == s.size)).count();
            (held, std::cmp::Reverse(side(&s.size)))
        })
    {
        let size = stage.size.clone();
        let here: Vec<usize> =
            (0..strips.len()).filter(|i| strips[*i].get(next[*i]).is_some_and(|s| s.size == size)).collect();
        let top = here.iter().map(|i| strips[*i][next[*i]].top + shift[*i]).fold(0.0, f64::max);
        // Each stage begins below the one before, whichever strip that is in.
        let top = match rows.last() {
            Some(Mark { top: last, .. }) if strips.len() > 1 => top.max(last + LEAST),
            _ => top,
        };
        let middle = here.iter().map(|i| strips[*i][next[*i]].middle).fold(0.0, f64::max);
        for i in here {
            let own = strips[i][next[i]].top;
            let delta = top - own - shift[i];
            if delta > 0.0 {
                cuts[i].push((own, delta));
                shift[i] += delta;
            }
            next[i] += 1;
        }
        rows.push(Mark { size, top, middle: top + middle });
    }
    (cuts, rows)
}

/// Pulls a layout apart.
pub(super) fn stretch(layout: &mut Layout, cuts: &Cuts) {
    let moved = |y: f64| y + cuts.iter().filter(|c| y > c.0).map(|c| c.1).sum::<f64>();
    for rect in &mut layout.nodes {
        rect.y = moved(rect.y);
    }
    for route in &mut layout.routes {
        for point in &mut route.points {
            point.y = moved(point.y);
        }
    }
    layout.size.height = moved(layout.size.height);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(strips: &[&[(&str, f64)]], rows: &[(&str, f64)]) {
        let strips: Vec<Vec<Stage>> = strips
            .iter()
            .map(|s| s.iter().map(|(n, y)| Stage { size: (*n).to_owned(), top: *y, middle: 9.0 }).collect())
            .collect();
        let slices: Vec<&[Stage]> = strips.iter().map(Vec::as_slice).collect();
        let want: Vec<(String, f64)> = rows.iter().map(|(n, y)| ((*n).to_owned(), *y)).collect();
        let found: Vec<(String, f64)> = align(&slices).1.into_iter().map(|m| (m.size, m.top)).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn stages_of_one_size_begin_at_one_height() {
        check(&[&[("8", 0.0), ("4", 50.0)]], &[("8", 0.0), ("4", 50.0)]);
        check(&[&[("8", 0.0), ("4", 50.0)], &[("8", 0.0), ("4", 90.0)]], &[("8", 0.0), ("4", 90.0)]);
        // A stage that one strip lacks does not hold the others up.
        check(
            &[&[("8", 0.0), ("2", 50.0)], &[("8", 0.0), ("4", 20.0), ("2", 30.0)]],
            &[("8", 0.0), ("4", 26.0), ("2", 52.0)],
        );
    }
}

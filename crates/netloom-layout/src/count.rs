//! Counts crossings and bends on finished routes.

use crate::{LayoutInput, Point, Route, Stats};

/// A straight piece of a line: `at` across, from `low` to `high` along.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Stretch {
    pub group: u32,
    pub at: f64,
    pub low: f64,
    pub high: f64,
}

/// Counts over all routes of a drawing; lines that edges of a bundle share count once.
///
/// # Cost
/// O(c log c) for c corners: a sweep from top to bottom over a Fenwick tree of the vertical pieces it meets.
pub(crate) fn stats(input: &LayoutInput, routes: &[Route]) -> Stats {
    let (crossings, bends) = measure(routes.iter().map(|r| r.points.as_slice()), &groups(input));
    Stats { crossings, bends }
}

/// Crossings and corners of lines of some groups.
pub(crate) fn measure<'a>(
    routes: impl Iterator<Item = &'a [Point]> + Clone,
    groups: &[u32],
) -> (usize, usize) {
    let (horizontal, vertical) = stretches(routes.clone(), groups);
    let all = crossings(&horizontal, &vertical);
    // Both lists come sorted by group, so what a group crosses of itself is counted from slices.
    let mut own = 0;
    let mut rest = &vertical[..];
    for h in horizontal.chunk_by(|a, b| a.group == b.group) {
        let from = rest.partition_point(|v| v.group < h[0].group);
        rest = &rest[from..];
        let to = rest.partition_point(|v| v.group == h[0].group);
        if to > 0 {
            own += crossings(h, &rest[..to]);
        }
        rest = &rest[to..];
    }
    let bends = routes.map(|points| points.len().saturating_sub(2)).sum();
    (all - own, bends)
}

/// The group of each edge: equal for edges of one bundle from one source and port, else its own.
pub(crate) fn groups(input: &LayoutInput) -> Vec<u32> {
    let mut keyed: Vec<_> = (input.edges.iter().enumerate())
        .filter_map(|(i, e)| {
            let ports = input.nodes.get(e.source.node).map_or(0, |n| n.ports.len());
            e.bundle.map(|b| (e.source.node, e.source.port.filter(|&p| p < ports), b, i))
        })
        .collect();
    keyed.sort_unstable();
    let mut group: Vec<u32> = (0..input.edges.len() as u32).collect();
    for same in keyed.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        for k in same {
            group[k.3] = same[0].3 as u32;
        }
    }
    group
}

/// Horizontal and vertical pieces, sorted by group, pieces of one group that overlap joined.
pub(crate) fn stretches<'a>(
    routes: impl Iterator<Item = &'a [Point]>,
    groups: &[u32],
) -> (Vec<Stretch>, Vec<Stretch>) {
    let (mut horizontal, mut vertical) = (Vec::new(), Vec::new());
    for (points, &group) in routes.zip(groups) {
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.y == b.y && a.x != b.x {
                horizontal.push(Stretch { group, at: a.y, low: a.x.min(b.x), high: a.x.max(b.x) });
            } else if a.x == b.x && a.y != b.y {
                vertical.push(Stretch { group, at: a.x, low: a.y.min(b.y), high: a.y.max(b.y) });
            }
        }
    }
    (joined(horizontal), joined(vertical))
}

fn joined(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_unstable_by(|a, b| {
        a.group
            .cmp(&b.group)
            .then(a.at.total_cmp(&b.at))
            .then(a.low.total_cmp(&b.low))
            .then(a.high.total_cmp(&b.high))
    });
    all.dedup_by(|next, kept| {
        let same = next.group == kept.group && next.at == kept.at && next.low <= kept.high;
        if same {
            kept.high = kept.high.max(next.high);
        }
        same
    });
    all
}

/// Pairs of a horizontal and a vertical piece that cross properly.
fn crossings(horizontal: &[Stretch], vertical: &[Stretch]) -> usize {
    if horizontal.len() * vertical.len() <= 64 {
        let cross = |h: &Stretch, v: &Stretch| v.low < h.at && h.at < v.high && h.low < v.at && v.at < h.high;
        return horizontal.iter().map(|h| vertical.iter().filter(|v| cross(h, v)).count()).sum();
    }
    let mut places: Vec<f64> = vertical.iter().map(|v| v.at).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    // At one height pieces that end go first and those that start go last: touching is not crossing.
    let mut events: Vec<(f64, u8, u32)> = Vec::with_capacity(horizontal.len() + 2 * vertical.len());
    for (i, v) in vertical.iter().enumerate() {
        events.push((v.low, 2, i as u32));
        events.push((v.high, 0, i as u32));
    }
    events.extend(horizontal.iter().enumerate().map(|(i, h)| (h.at, 1, i as u32)));
    events.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut tree = vec![0i32; places.len() + 1];
    let mut sum = 0usize;
    for (_, kind, i) in events {
        if kind == 1 {
            let h = &horizontal[i as usize];
            let upto = |mut k: usize| {
                let mut sum = 0;
                while k > 0 {
                    sum += tree[k];
                    k &= k - 1;
                }
                sum
            };
            let (from, to) =
                (places.partition_point(|&x| x <= h.low), places.partition_point(|&x| x < h.high));
            sum += usize::try_from(upto(to.max(from)) - upto(from)).unwrap_or(0);
        } else {
            let mut k = places.partition_point(|&x| x < vertical[i as usize].at) + 1;
            while k < tree.len() {
                tree[k] += if kind == 2 { 1 } else { -1 };
                k += k & k.wrapping_neg();
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Random;

    #[test]
    fn sweep_equals_all_pairs() {
        let mut random = Random(3);
        for _ in 0..50 {
            let mut some = |n: usize| -> Vec<Stretch> {
                (0..n)
                    .map(|i| {
                        let low = random.below(20) as f64;
                        let high = low + 1.0 + random.below(9) as f64;
                        Stretch { group: i as u32, at: random.below(20) as f64, low, high }
                    })
                    .collect()
            };
            let (h, v) = (some(30), some(30));
            let want: usize = h.iter().map(|h| crossings(std::slice::from_ref(h), &v[..1])).sum::<usize>()
                + v[1..]
                    .iter()
                    .map(|v| h.iter().map(|h| crossings(&[*h], &[*v])).sum::<usize>())
                    .sum::<usize>();
            assert_eq!(crossings(&h, &v), want);
        }
    }
}

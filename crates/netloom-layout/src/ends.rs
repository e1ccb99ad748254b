//! Where lines attach to the top and the bottom of boxes.

use crate::clean::NONE;
use crate::order::Order;
use crate::proper::Cells;
use crate::{Side, Spacing};

/// Farthest that neighbouring lines at one side of a box stand apart, in lanes.
const PITCH: f64 = 2.0;

/// Spreads the lines at each top and bottom side in the order of where they lead, the heaviest in the middle.
pub(crate) fn spread(cells: &mut Cells, order: &Order, spacing: &Spacing) {
    let n = cells.attaches.len();
    let (mut sum, mut count) = (vec![0f64; n], vec![0u32; n]);
    let mut firm = vec![false; n];
    for s in &cells.segments {
        let upper = (s.upper_attach, s.lower, s.lower_attach);
        let lower = (s.lower_attach, s.upper, s.upper_attach);
        for (attach, far, far_attach) in [upper, lower] {
            if attach != NONE {
                // Lines to one box stand in the order of its ports.
                let port = at(cells, far_attach) / (4.0 * cells.left[far as usize]).max(1.0);
                sum[attach as usize] += f64::from(order.place[far as usize]) + port;
                count[attach as usize] += 1;
                firm[attach as usize] |= !cells.light[far as usize];
            }
        }
    }
    // What leads to an outer lane stands rightmost.
    let lead = |a: usize| if count[a] == 0 { f64::MAX } else { sum[a] / f64::from(count[a]) };
    let mut groups: Vec<(u32, Side, u32)> = (cells.attaches.iter().enumerate())
        .filter(|(_, a)| matches!(a.side, Side::Top | Side::Bottom))
        .map(|(i, a)| (a.cell, a.side, i as u32))
        .collect();
    groups.sort_unstable();
    for group in groups.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
        group.sort_by(|a, b| lead(a.2 as usize).total_cmp(&lead(b.2 as usize)).then(a.2.cmp(&b.2)));
        let half = cells.left[group[0].0 as usize];
        let fixed = |g: &(u32, Side, u32)| cells.attaches[g.2 as usize].fixed;
        if group.iter().any(|g| fixed(g).is_some()) {
            among(cells, group, half);
            continue;
        }
        let weight = |g: &(u32, Side, u32)| (cells.attaches[g.2 as usize].weight, firm[g.2 as usize]);
        let most = group.iter().map(weight).max().unwrap_or_default();
        let heaviest = group.iter().filter(|g| weight(g) == most).count();
        let main = if heaviest == 1 { group.iter().position(|g| weight(g) == most) } else { None };
        let last = group.len() as f64 - 1.0;
        let offsets: Vec<f64> = match main {
            Some(m) => {
                let pitch = (half / (m.max(group.len() - 1 - m) as f64 + 1.0)).min(PITCH * spacing.lane);
                (0..group.len()).map(|i| (i as f64 - m as f64) * pitch).collect()
            }
            None => {
                let pitch = (2.0 * half / (last + 2.0)).min(PITCH * spacing.lane);
                (0..group.len()).map(|i| (i as f64 - last / 2.0) * pitch).collect()
            }
        };
        for (g, offset) in group.iter().zip(offsets) {
            cells.attaches[g.2 as usize].offset = offset;
        }
    }
}

/// Places free ends among given ones: the middle if that is clear, else the middle of the widest gap.
fn among(cells: &mut Cells, group: &[(u32, Side, u32)], half: f64) {
    let mut taken: Vec<f64> = vec![-half, half];
    taken.extend(group.iter().filter_map(|g| cells.attaches[g.2 as usize].fixed));
    taken.sort_by(f64::total_cmp);
    for g in group {
        let attach = &mut cells.attaches[g.2 as usize];
        if attach.fixed.is_some() {
            continue;
        }
        let clear = taken.iter().map(|t| t.abs()).fold(f64::INFINITY, f64::min);
        let mut best = (clear, 0.0);
        if clear < 6.0 {
            for pair in taken.windows(2) {
                let room = (pair[1] - pair[0]) / 2.0;
                if room > best.0 {
                    best = (room, (pair[0] + pair[1]) / 2.0);
                }
            }
        }
        attach.offset = best.1;
        let k = taken.partition_point(|&t| t < best.1);
        taken.insert(k, best.1);
    }
}

/// Where a line leaves the middle of its cell.
pub(crate) fn at(cells: &Cells, attach: u32) -> f64 {
    if attach == NONE { 0.0 } else { cells.attaches[attach as usize].offset }
}

/// Moves free ends along wide sides to where their line comes from, if that makes it straight; the others make room.
pub(crate) fn straighten(cells: &mut Cells, centers: &[f64], spacing: &Spacing) {
    let n = cells.attaches.len();
    let mut far = vec![(0f64, 0u32); n];
    for s in &cells.segments {
        let upper = (s.upper_attach, s.lower, s.lower_attach);
        let lower = (s.lower_attach, s.upper, s.upper_attach);
        for (attach, cell, other) in [upper, lower] {
            if attach != NONE {
                let f = &mut far[attach as usize];
                *f = (centers[cell as usize] + at(cells, other), f.1 + 1);
            }
        }
    }
    let mut groups: Vec<(u32, Side, u32)> = (cells.attaches.iter().enumerate())
        .filter(|(_, a)| matches!(a.side, Side::Top | Side::Bottom))
        .map(|(i, a)| (a.cell, a.side, i as u32))
        .collect();
    groups.sort_unstable();
    for group in groups.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if group.len() == 1 {
            continue;
        }
        let offset = |i: u32| cells.attaches[i as usize].offset;
        group.sort_by(|a, b| offset(a.2).total_cmp(&offset(b.2)).then(a.2.cmp(&b.2)));
        let (cell, half) = (group[0].0 as usize, cells.left[group[0].0 as usize]);
        let edge = half - (spacing.lane / 2.0).min(half);
        let settled = |i: u32| {
            let straight =
                far[i as usize].1 == 1 && (far[i as usize].0 - centers[cell] - offset(i)).abs() < 0.01;
            straight || cells.attaches[i as usize].fixed.is_some()
        };
        // Ends that stand already are stakes; the others may take their wished place between two stakes.
        let mut stakes: Vec<Option<f64>> = group.iter().map(|g| settled(g.2).then(|| offset(g.2))).collect();
        for k in 0..group.len() {
            let (wish, lines) = far[group[k].2 as usize];
            if stakes[k].is_some() || lines != 1 {
                continue;
            }
            let wish = wish - centers[cell];
            let left = (0..k).rev().find_map(|j| stakes[j].map(|s| s + (k - j) as f64 * spacing.lane));
            let right =
                (k + 1..group.len()).find_map(|j| stakes[j].map(|s| s - (j - k) as f64 * spacing.lane));
            let after = (group.len() - 1 - k) as f64;
            let low = left.unwrap_or(-edge + k as f64 * spacing.lane);
            let high = right.unwrap_or(edge - after * spacing.lane);
            if (low..=high).contains(&wish) {
                stakes[k] = Some(wish);
            }
        }
        if stakes.iter().all(Option::is_none) {
            continue;
        }
        fill(&mut stakes, half, spacing.lane * PITCH);
        for (g, stake) in group.iter().zip(stakes) {
            let attach = &mut cells.attaches[g.2 as usize];
            if let (Some(offset), None) = (stake, attach.fixed) {
                attach.offset = offset;
            }
        }
    }
}

/// Gives the ends between stakes their places: evenly between two, or outward from one.
fn fill(stakes: &mut [Option<f64>], half: f64, pitch: f64) {
    let n = stakes.len();
    let mut k = 0;
    while k < n {
        if stakes[k].is_some() {
            k += 1;
            continue;
        }
        let to = (k..n).find(|&j| stakes[j].is_some()).unwrap_or(n);
        let count = (to - k) as f64;
        let left = k.checked_sub(1).and_then(|j| stakes[j]);
        let right = stakes.get(to).copied().flatten();
        for (j, stake) in stakes[k..to].iter_mut().enumerate() {
            let step = (j + 1) as f64;
            *stake = match (left, right) {
                (Some(l), Some(r)) => Some(l + (r - l) * step / (count + 1.0)),
                (Some(l), None) => Some(l + ((half - l) / (count + 1.0)).min(pitch) * step),
                (None, Some(r)) => Some(r - ((r + half) / (count + 1.0)).min(pitch) * (count + 1.0 - step)),
                (None, None) => None,
            };
        }
        k = to;
    }
}

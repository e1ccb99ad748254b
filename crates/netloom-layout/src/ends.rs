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
        for (attach, far) in [(s.upper_attach, s.lower), (s.lower_attach, s.upper)] {
            if attach != NONE {
                sum[attach as usize] += f64::from(order.place[far as usize]);
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

/// Moves free ends along wide sides to where their line comes from, if that makes it straight.
pub(crate) fn straighten(cells: &mut Cells, centers: &mut [f64], spacing: &Spacing) {
    let n = cells.attaches.len();
    let mut far = vec![(0f64, 0u32); n];
    for s in &cells.segments {
        for (attach, cell, other) in
            [(s.upper_attach, s.lower, s.lower_attach), (s.lower_attach, s.upper, s.upper_attach)]
        {
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
        let margin = (spacing.lane / 2.0).min(half);
        for k in 0..group.len() {
            let i = group[k].2 as usize;
            if far[i].1 != 1 || cells.attaches[i].fixed.is_some() {
                continue;
            }
            let wish = far[i].0 - centers[cell];
            let low = if k == 0 {
                -half + margin
            } else {
                cells.attaches[group[k - 1].2 as usize].offset + spacing.lane
            };
            let high = match group.get(k + 1) {
                None => half - margin,
                Some(next) => cells.attaches[next.2 as usize].offset - spacing.lane,
            };
            if (low..=high).contains(&wish) {
                cells.attaches[i].offset = wish;
            }
        }
    }
}

//! Which lines run straight: cells joined to vertical blocks by weight.
//!
//! After Brandes and Köpf, "Fast and simple horizontal coordinate assignment" (2001), but once and by weight instead of
//! four times by direction, so that the trunk is one block.

use crate::clean::NONE;
use crate::ends::at;
use crate::order::Order;
use crate::proper::{Cells, Segment};

/// The segment by which each cell continues the block of a cell above, if any: heavy ones first, none across another.
pub(crate) fn align(cells: &Cells, order: &Order) -> Vec<u32> {
    let n = cells.row.len();
    let (mut up, mut down) = (vec![NONE; n], vec![NONE; n]);
    let allowed = unforked(cells, order);
    let mut queue: Vec<(u32, u32, u32, u32)> = Vec::new();
    for (i, s) in cells.segments.iter().enumerate() {
        if allowed[i] {
            let (u, l) = (order.place[s.upper as usize], order.place[s.lower as usize]);
            queue.push((cells.row[s.upper as usize], u32::MAX - priority(cells, s), u.max(l), i as u32));
        }
    }
    queue.sort_unstable();
    for channel in queue.chunk_by(|a, b| a.0 == b.0) {
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for &(_, _, _, i) in channel {
            let s = &cells.segments[i as usize];
            let (u, l) = (s.upper as usize, s.lower as usize);
            if down[u] != NONE || up[l] != NONE {
                continue;
            }
            let (pu, pl) = (order.place[u], order.place[l]);
            let k = taken.partition_point(|t| t.0 < pu);
            let crosses = (k > 0 && taken[k - 1].1 > pl) || (k < taken.len() && taken[k].1 < pl);
            if !crosses {
                taken.insert(k, (pu, pl));
                down[u] = i;
                up[l] = i;
            }
        }
    }
    up
}

/// Segments that may be straight: of equally important ones at a fork or a join only the middle one, and none of an
/// even number, so that the branches stand symmetrical.
fn unforked(cells: &Cells, order: &Order) -> Vec<bool> {
    let mut allowed = vec![true; cells.segments.len()];
    for upward in [false, true] {
        let mut list: Vec<((u32, u32), u32, u32, u32)> = (cells.segments.iter().enumerate())
            .map(|(i, s)| {
                let (own, far) = if upward { (s.lower, s.upper) } else { (s.upper, s.lower) };
                // Lines to places that are given do not stand in for each other.
                let attach = if upward { s.lower_attach } else { s.upper_attach };
                let given = attach != NONE && cells.attaches[attach as usize].fixed.is_some();
                let own = (own, if given { attach } else { NONE });
                (own, priority(cells, s), order.place[far as usize], i as u32)
            })
            .collect();
        list.sort_unstable_by(|a, b| {
            let port = |i: u32| {
                let s = &cells.segments[i as usize];
                if upward { at(cells, s.upper_attach) } else { at(cells, s.lower_attach) }
            };
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(port(a.3).total_cmp(&port(b.3))).then(a.3.cmp(&b.3))
        });
        for group in list.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let middle = if group.len() % 2 == 1 { group.len() / 2 } else { usize::MAX };
            for (k, entry) in group.iter().enumerate() {
                allowed[entry.3 as usize] &= k == middle;
            }
        }
    }
    allowed
}

fn priority(cells: &Cells, s: &Segment) -> u32 {
    let real = [s.upper, s.lower].iter().filter(|&&c| !cells.light[c as usize]).count();
    s.weight * 4 + [3, 0, 2][real]
}

//! Sides of lines that enter items sideways, once the order is known.

use crate::Side;
use crate::order::Order;
use crate::proper::Cells;

/// Decides the side of every line that enters an item sideways, and stands it next to the item if another item is
/// between.
pub(crate) fn settle(cells: &mut Cells, order: &mut Order) {
    let mut by_row: Vec<(u32, u32, bool, u32, usize)> = Vec::new();
    for (i, b) in cells.besides.iter().enumerate() {
        let item = cells.attaches[b.attach as usize].cell;
        let distance = order.place[item as usize].abs_diff(order.place[b.cell as usize]);
        by_row.push((cells.row[item as usize], item, !b.fixed, distance, i));
    }
    by_row.sort_unstable();
    for row in by_row.chunk_by(|a, b| a.0 == b.0) {
        let r = row[0].0 as usize;
        let range = order.row(r);
        let mut real = vec![0u32; range.len() + 1];
        for (k, i) in range.clone().enumerate() {
            real[k + 1] = real[k] + u32::from((order.line[i] as usize) < cells.items);
        }
        // (item, whether right of it, how far out, cell)
        let mut moved: Vec<(u32, bool, u32, u32)> = Vec::new();
        for group in row.chunk_by(|a, b| a.1 == b.1) {
            let item = group[0].1;
            let home = order.place[item as usize] as usize;
            let mut taken = [None::<u32>; 2];
            for (far, &(_, _, _, _, i)) in group.iter().enumerate() {
                let beside = cells.besides[i];
                let place = order.place[beside.cell as usize] as usize;
                let mut right = place > home;
                let attach = &mut cells.attaches[beside.attach as usize];
                if beside.fixed {
                    right = attach.side == Side::Right;
                } else {
                    // One net per side of a merge.
                    if taken[usize::from(right)].is_some_and(|net| net != attach.net) {
                        right = !right;
                    }
                    attach.side = if right { Side::Right } else { Side::Left };
                }
                let crowd = taken[usize::from(right)].is_some();
                taken[usize::from(right)] = Some(attach.net);
                let (a, b) = (home.min(place), home.max(place));
                let between = real[b] - real[a + 1];
                if right != (place > home) || between > 0 || (beside.fixed && crowd) {
                    let out = if beside.fixed { (attach.offset + 1e7) as u32 } else { far as u32 };
                    moved.push((item, right, out, beside.cell));
                }
            }
        }
        if moved.is_empty() {
            continue;
        }
        // A loop between two ports of one side moves its cell once.
        moved.sort_unstable_by_key(|m| (m.3, m.2));
        moved.dedup_by_key(|m| m.3);
        moved.sort_unstable();
        let mut leaves = vec![false; range.len()];
        for m in &moved {
            leaves[order.place[m.3 as usize] as usize] = true;
        }
        let mut line = Vec::with_capacity(range.len());
        for (k, i) in range.clone().enumerate() {
            let cell = order.line[i];
            if leaves[k] {
                continue;
            }
            let of = |right: bool| {
                let from = moved.partition_point(|m| (m.0, m.1) < (cell, right));
                let to = moved.partition_point(|m| (m.0, m.1) <= (cell, right));
                &moved[from..to]
            };
            line.extend(of(false).iter().rev().map(|m| m.3));
            line.push(cell);
            line.extend(of(true).iter().map(|m| m.3));
        }
        for (i, cell) in range.zip(line) {
            order.line[i] = cell;
        }
        order.renumber(r);
    }
}

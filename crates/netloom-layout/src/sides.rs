//! Lines that meet an item at its left or right side: which do, and which need a line of their own for it.

use crate::clean::NONE;
use crate::problem::{Problem, Role};
use crate::proper::Cells;
use crate::{EdgeKind, Side};

/// The links that enter an item from the side, nets of two at most: into a merge all but the most important, into a
/// box by-passes that the flow enters from above. Those that come through doors take their sides first.
/// Without `boxes` only merges are entered so.
pub(crate) fn side_entries(problem: &Problem, boxes: bool) -> Vec<bool> {
    let mut beside = vec![false; problem.links.len()];
    let mut into: Vec<(u32, u32)> = Vec::new();
    let mut doors = vec![0usize; problem.items.len()];
    let mut leads = vec![0u32; problem.nets];
    problem.links.iter().for_each(|l| leads[l.net as usize] += 1);
    for (i, link) in problem.links.iter().enumerate() {
        let item = &problem.items[link.target.item as usize];
        let free = link.target.at.is_none() && link.target.side == Side::Top;
        if item.role == Role::Box && (item.merge || boxes) && free && link.source.item != link.target.item {
            into.push((link.target.item, i as u32));
        }
        doors[link.target.item as usize] += usize::from(matches!(link.target.side, Side::Left | Side::Right));
    }
    into.sort_unstable();
    for group in into.chunk_by(|a, b| a.0 == b.0) {
        if group.len() == 1 {
            continue;
        }
        let item = group[0].0 as usize;
        let most = 2usize.saturating_sub(doors[item]);
        let mut nets: Vec<(bool, u32, u32)> = Vec::new();
        for &(_, i) in group {
            let link = &problem.links[i as usize];
            nets.push((link.kind == EdgeKind::Flow, link.weight, link.net));
        }
        let best = nets.iter().map(|n| (n.0, n.1)).max().unwrap_or_default();
        let ties: Vec<u32> = nets.iter().filter(|n| (n.0, n.1) == best).map(|n| n.2).collect();
        let top = ties[(ties.len() - 1) / 2];
        let mut others: Vec<u32> = nets.iter().map(|n| n.2).filter(|&net| net != top).collect();
        others.dedup();
        if others.len() > most || !problem.items[item].merge {
            // A crowd enters from above; only by-passes keep to the side.
            let passes = |net: u32| problem.items[item].merge || leads[net as usize] > 1;
            let skips: Vec<u32> = nets.iter().filter(|n| !n.0 && passes(n.2)).map(|n| n.2).collect();
            others.retain(|net| skips.contains(net));
            others.truncate(most);
        }
        for &(_, i) in group {
            beside[i as usize] = others.contains(&problem.links[i as usize].net);
        }
    }
    beside
}

/// The net of every link, and their number. A net passes a row in one cell, so a link that must touch another side in
/// a row where its net touches one already runs as a net of its own from the same place.
pub(crate) fn separate(
    problem: &Problem,
    cells: &mut Cells,
    rows: &[u32],
    beside: &[bool],
) -> (Vec<u32>, usize) {
    let mut net_of: Vec<u32> = problem.links.iter().map(|l| l.net).collect();
    let mut nets = problem.nets as u32;
    let mut touched: Vec<(u32, u32, u32, Side, Option<u64>, u32)> = Vec::new();
    for (i, link) in problem.links.iter().enumerate() {
        if cells.courses[i].to % 2 == 1 {
            let at = link.target.at.map(f64::to_bits);
            let row = rows[link.target.item as usize];
            let side = if beside[i] { Side::Right } else { link.target.side };
            touched.push((link.net, row, link.target.item, side, at, i as u32));
        }
    }
    for (i, link) in problem.links.iter().enumerate() {
        let (row, source) = (rows[link.source.item as usize], link.source);
        if cells.courses[i].from % 2 == 1 && !problem.items[source.item as usize].role.is_door() {
            // The source's own side comes first.
            touched.push((link.net, row, source.item, source.side, source.at.map(f64::to_bits), NONE));
        }
    }
    touched.sort_unstable_by_key(|t| (t.0, t.1, t.5 != NONE, t.2, t.3, t.4, t.5));
    for row in touched.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let place = |t: &(u32, u32, u32, Side, Option<u64>, u32)| (t.2, t.3, t.4);
        for (k, group) in row.chunk_by(|a, b| place(a) == place(b)).enumerate() {
            if k > 0 {
                for t in group.iter().filter(|t| t.5 != NONE) {
                    net_of[t.5 as usize] = nets;
                }
                nets += 1;
            }
        }
    }
    (net_of, nets as usize)
}

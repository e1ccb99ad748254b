//! Outer lanes: far-reaching nets as one vertical line each, right of all that they pass, the shortest nearest.

use crate::order::Order;
use crate::proper::Cells;
use crate::skyline::Skyline;

/// The place of every outer lane.
///
/// # Cost
/// O((rows + lanes) log rows), however far the lanes reach.
pub(crate) fn lanes(cells: &Cells, order: &Order, centers: &[f64], gap: f64) -> Vec<f64> {
    let mut x = vec![0f64; cells.lanes.len()];
    if x.is_empty() {
        return x;
    }
    let mut skyline = Skyline::new(cells.rows, f64::NEG_INFINITY);
    for r in 0..cells.rows {
        let row = &order.line[order.row(r)];
        let edge = row.iter().map(|&c| centers[c as usize] + cells.right[c as usize]);
        skyline.raise(r, r + 1, edge.fold(f64::NEG_INFINITY, f64::max));
    }
    let mut sequence: Vec<u32> = (0..cells.lanes.len() as u32).collect();
    sequence.sort_by_key(|&i| (cells.lanes[i as usize].to - cells.lanes[i as usize].from, i));
    for i in sequence {
        let lane = &cells.lanes[i as usize];
        // A lane between channel `from` and channel `to` passes the rows `from..to`; its ends need room as well.
        let (from, to) = ((lane.from as usize).saturating_sub(1), (lane.to as usize + 1).min(cells.rows));
        let (from, to) = if from < to { (from, to) } else { (0, cells.rows) };
        let at = skyline.highest(from, to) + gap;
        skyline.raise(from, to, at);
        x[i as usize] = at;
    }
    x
}

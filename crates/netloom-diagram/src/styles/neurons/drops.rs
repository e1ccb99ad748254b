//! Which units are dropped: the true share of each layer, chosen by a seed.

use super::column::Column;
use crate::styles::rowed::Plan;

/// Layers with more units than this have those chosen among so many.
const MOST: u64 = 1 << 16;

/// For each piece whether each of its units is dropped; empty where none is.
pub(super) fn dropped(plan: &Plan, columns: &[Column], seed: f64) -> Vec<Vec<bool>> {
    plan.pieces
        .iter()
        .zip(columns)
        .enumerate()
        .map(|(i, (piece, column))| {
            let rate = piece.then.iter().find_map(|t| t.dropout);
            match (rate, column.units) {
                (Some(rate), Some(units)) => choose(units.min(MOST), rate, seed.to_bits() ^ i as u64),
                _ => Vec::new(),
            }
        })
        .collect()
}

/// Of so many units a share, rounded to whole units: those whose random numbers are least.
fn choose(units: u64, rate: f64, seed: u64) -> Vec<bool> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most MOST"
    )]
    let many = (units as f64 * rate).round() as usize;
    let mut order: Vec<(u64, usize)> = (0..units)
        .map(|i| (mix(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(mix(i + 1))), i as usize))
        .collect();
    order.sort_unstable();
    let mut dropped = vec![false; order.len()];
    for (_, i) in order.iter().take(many) {
        dropped[*i] = true;
    }
    dropped
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(units: u64, rate: f64, expected: usize) {
        let found = choose(units, rate, 7);
        assert_eq!(found.iter().filter(|d| **d).count(), expected, "{units} at {rate}");
        assert_eq!(found, choose(units, rate, 7));
    }

    #[test]
    fn the_share_is_true() {
        for (units, rate, expected) in
            [(5, 0.4, 2), (10, 0.5, 5), (100, 0.25, 25), (3, 0.0, 0), (3, 1.0, 3), (0, 0.5, 0)]
        {
            check(units, rate, expected);
        }
        assert_ne!(choose(64, 0.5, 7), choose(64, 0.5, 8));
    }
}

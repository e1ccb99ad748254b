//! Parallel rows of volumes, for groups of channels.

use super::SETTINGS;
use super::solid::Solid;
use crate::styles::DrawOptions;
use crate::view::{NodeKind, View};

/// The most rows that groups of convolutions make unasked.
const FEW_ROWS: u64 = 4;

/// Into how many rows each box is split: all between the input and the last one, where the channels allow it.
pub(super) fn rows(flat: &View, solids: &[Solid], options: &DrawOptions) -> Vec<u64> {
    let mut rows = vec![1; solids.len()];
    let groups: Vec<u64> =
        solids.iter().filter_map(|s| Some(s.window.as_ref()?.groups)).filter(|g| *g > 1).collect();
    let asked = options.settings.word(SETTINGS, "rows");
    let parts = match asked.parse::<u64>() {
        Ok(n) => n,
        // Groups of one size that are few are rows; many are a way to save weights.
        Err(_) => match groups.first() {
            Some(n) if *n <= FEW_ROWS && groups.iter().all(|g| g == n) => *n,
            _ => 1,
        },
    };
    if parts < 2 {
        return rows;
    }
    // The last layer that weighs gives one result, and what follows reads all of it.
    let last = (0..solids.len())
        .rposition(|i| !solids[i].thin && flat.nodes[i].kind == NodeKind::Layer)
        .unwrap_or(solids.len());
    for (i, solid) in solids.iter().enumerate() {
        let channels = solid.extent.channels.as_size();
        let is_split =
            flat.nodes[i].kind == NodeKind::Layer && i < last && channels.is_some_and(|n| n % parts == 0);
        if is_split {
            rows[i] = parts;
        }
    }
    rows
}

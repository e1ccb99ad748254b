//! Equal changes of many operators, stated once.

use std::collections::BTreeMap;

use super::side::Side;
use super::{Change, Pair, What};

/// One change that a number of operators share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// What changed.
    pub what: What,
    /// As it was, printed.
    pub before: String,
    /// As it is, printed.
    pub after: String,
    /// The kinds of the operators, with their numbers: `conv`, 12.
    pub kinds: BTreeMap<String, usize>,
    /// The operators, by index of pairs.
    pub pairs: Vec<usize>,
    /// Whether it follows from other changes wherever it stands.
    pub implied: bool,
}

pub(super) fn groups(pairs: &[Pair], after: &Side<'_>) -> Vec<Group> {
    let mut groups: BTreeMap<(&What, &str, &str), Group> = BTreeMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        let kind = after.place[pair.after.index()].map_or("", |p| after.ops[p].kind.as_str());
        for Change { what, before, after, implied } in &pair.changes {
            let group = groups.entry((what, before, after)).or_insert_with(|| Group {
                what: what.clone(),
                before: before.clone(),
                after: after.clone(),
                kinds: BTreeMap::new(),
                pairs: Vec::new(),
                implied: true,
            });
            *group.kinds.entry(kind.to_owned()).or_insert(0) += 1;
            group.pairs.push(at);
            group.implied &= implied;
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    // Ties stand in the order of what they are, which the map has kept.
    groups.sort_by_key(|g| (g.implied, std::cmp::Reverse(g.pairs.len())));
    groups
}

//! Layers that come round and round together: readers of the same learned tensors, interleaved in order of execution.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::{NodeId, TensorId};

/// Groups of readers of the same learned tensors that seem to belong to one loop.
pub(super) struct Cluster {
    /// For each group, its reader in each step; a group may lack the first or the last one.
    pub groups: Vec<Vec<Option<NodeId>>>,
    /// Rank of the first and of the last reader in each step.
    spans: Vec<(usize, usize)>,
}

impl Cluster {
    pub fn steps(&self) -> usize {
        self.spans.len()
    }

    /// Every reader, by group and step.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.groups.iter().flatten().flatten().copied()
    }

    /// Rank of the first reader of all.
    pub fn start(&self) -> usize {
        self.spans.first().map_or(0, |s| s.0)
    }

    /// Rank of the last reader of all.
    pub fn end(&self) -> usize {
        self.spans.last().map_or(0, |s| s.1)
    }

    /// How many nodes lie between the first and the last reader.
    pub fn length(&self) -> usize {
        self.end() - self.start() + 1
    }

    /// Whether readers fall into consecutive steps from the first on: after what the step is known to begin with, and
    /// before the next step begins.
    fn takes(&self, ranks: &[usize]) -> bool {
        let next = self.spans.iter().skip(1).map(|s| s.0).chain([usize::MAX]);
        ranks.iter().zip(&self.spans).zip(next).all(|((rank, span), next)| span.0 < *rank && *rank < next)
    }

    /// Whether readers fall into consecutive steps from the second on: after what is known of the step before, and
    /// before the next step begins.
    fn takes_later(&self, ranks: &[usize]) -> bool {
        let next = self.spans.iter().skip(2).map(|s| s.0).chain([usize::MAX]);
        ranks.iter().zip(&self.spans).zip(next).all(|((rank, before), next)| before.1 < *rank && *rank < next)
    }

    /// Adds a group that lacks the first step.
    fn push_later(&mut self, group: &[NodeId], ranks: &[usize]) {
        self.groups.push([None].into_iter().chain(group.iter().copied().map(Some)).collect());
        for (span, rank) in self.spans.iter_mut().skip(1).zip(ranks) {
            *span = (span.0.min(*rank), span.1.max(*rank));
        }
    }
}

/// Groups of readers, those with most readers first.
pub(super) fn clusters(scope: &Scope<'_>) -> Vec<Cluster> {
    let mut readers: BTreeMap<(TensorId, &str), Vec<NodeId>> = BTreeMap::new();
    for &id in &scope.order {
        if let Some(matrix) = scope.matrix(id).filter(|_| scope.is_eligible(id)) {
            readers.entry((matrix, scope.node(id).op.as_str())).or_default().push(id);
        }
    }
    let mut groups: Vec<Vec<NodeId>> = readers.into_values().filter(|g| g.len() > 1).collect();
    groups.sort_by_key(|g| g.first().map(|n| scope.rank[n.index()]));

    let mut found: Vec<Cluster> = Vec::new();
    // The latest cluster of each number of steps: loops that stand one after the other do not mix.
    let mut latest: BTreeMap<usize, usize> = BTreeMap::new();
    for group in &groups {
        let ranks: Vec<usize> = group.iter().map(|n| scope.rank[n.index()]).collect();
        let readers = group.iter().copied().map(Some).collect();
        match latest.get(&group.len()).map(|at| &mut found[*at]) {
            Some(open) if ranks.iter().zip(&open.spans).all(|(r, s)| s.1 < *r) && open.takes(&ranks) => {
                open.groups.push(readers);
                for (span, rank) in open.spans.iter_mut().zip(ranks) {
                    span.1 = rank;
                }
            }
            _ => {
                latest.insert(group.len(), found.len());
                let spans = ranks.into_iter().map(|r| (r, r)).collect();
                found.push(Cluster { groups: vec![readers], spans });
            }
        }
    }
    // The first step may do without a layer that would be applied to zeros, the last one without what only a further
    // step would read.
    for group in &groups {
        let ranks: Vec<usize> = group.iter().map(|n| scope.rank[n.index()]).collect();
        let Some(cluster) = latest.get(&(group.len() + 1)).map(|at| &mut found[*at]) else { continue };
        if cluster.takes_later(&ranks) {
            cluster.push_later(group, &ranks);
        } else if cluster.takes(&ranks) {
            cluster.groups.push(group.iter().copied().map(Some).chain([None]).collect());
        }
    }
    found.sort_by_key(|c| (std::cmp::Reverse(c.nodes().count()), c.start()));
    found
}

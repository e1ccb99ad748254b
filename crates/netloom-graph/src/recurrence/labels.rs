//! Which step a node depends on and which step depends on it.

use super::clusters::Cluster;
use super::scope::Scope;
use crate::NodeId;

/// Labels of the nodes between the first and the last layer that a loop is told by. Steps count from 1.
pub(super) struct Labels {
    start: usize,
    /// For each node from `start` on, the last step with a layer that it depends on, or is; 0 for none.
    after: Vec<usize>,
    /// The first step with a layer that depends on it, or is it; `usize::MAX` for none.
    before: Vec<usize>,
}

impl Labels {
    /// `None` if the layers of a cluster are not applied step after step.
    pub fn new(scope: &Scope<'_>, cluster: &Cluster) -> Option<Self> {
        let (start, end) = (cluster.start(), cluster.end());
        let mut step = vec![0; end - start + 1];
        for group in &cluster.groups {
            for (s, node) in group.iter().enumerate() {
                if let Some(at) = node.and_then(|n| scope.rank[n.index()].checked_sub(start)) {
                    *step.get_mut(at)? = s + 1;
                }
            }
        }
        let mut labels = Self { start, after: step.clone(), before: vec![usize::MAX; step.len()] };
        for (at, &own) in step.iter().enumerate() {
            let node = scope.node(scope.order[start + at]);
            let mut after = own;
            for tensor in node.inputs.iter().flatten() {
                if let Some((from, _)) = scope.maker(*tensor) {
                    after = after.max(labels.after(scope, from));
                }
            }
            // A layer that depends on a later step than its own belongs to another loop.
            if own > 0 && after != own {
                return None;
            }
            labels.after[at] = after;
        }
        for at in (0..step.len()).rev() {
            let id = scope.order[start + at];
            let own = if step[at] > 0 { step[at] } else { usize::MAX };
            let outputs = scope.node(id).outputs.iter().flatten();
            let readers = outputs.flat_map(|t| &scope.graph.tensor(*t).consumers);
            let before = readers.map(|(n, _)| labels.before(scope, *n)).min().unwrap_or(usize::MAX).min(own);
            labels.before[at] = before;
        }
        Some(labels)
    }

    /// The last step that a node depends on, or is part of; 0 if there is none or it comes before the loop.
    pub fn after(&self, scope: &Scope<'_>, node: NodeId) -> usize {
        let at = scope.rank[node.index()].checked_sub(self.start);
        at.and_then(|at| self.after.get(at)).copied().unwrap_or(0)
    }

    /// The first step that depends on a node; `usize::MAX` if there is none or the node comes before the loop.
    pub fn before(&self, scope: &Scope<'_>, node: NodeId) -> usize {
        let at = scope.rank[node.index()].checked_sub(self.start);
        at.and_then(|at| self.before.get(at)).copied().unwrap_or(usize::MAX)
    }

    /// Whether a node comes before the loop, or in it without depending on it.
    pub fn is_outside(&self, scope: &Scope<'_>, node: NodeId) -> bool {
        let at = scope.rank[node.index()].checked_sub(self.start);
        at.is_none_or(|at| self.after.get(at) == Some(&0))
    }

    /// Nodes that depend on one step and feed another or the same.
    pub fn between<'a>(&'a self, scope: &'a Scope<'_>) -> impl Iterator<Item = NodeId> + 'a {
        let both = self.after.iter().zip(&self.before).enumerate();
        let both = both.filter(|(_, (after, before))| **after > 0 && **before != usize::MAX);
        both.map(|(at, _)| scope.order[self.start + at])
    }
}

//! What is odd about a file, gathered while it is read.

use std::collections::BTreeMap;

use netloom_graph::{Diagnostic, Graph, NodeId, Producer};

/// The most remarks of one kind; a sentence says how many more there were.
const MAX_REMARKS: usize = 20;

/// Diagnostics, at most so many of one kind.
#[derive(Default)]
pub struct Remarks {
    all: Vec<Diagnostic>,
    /// How often each message was left out.
    counts: BTreeMap<String, usize>,
    unknown: BTreeMap<String, usize>,
}

impl Remarks {
    /// Something missing or doubtful.
    pub fn warn(&mut self, path: &str, message: &str) {
        self.push(Diagnostic::warning(path, message));
    }

    /// Something worth knowing.
    pub fn note(&mut self, path: &str, message: &str) {
        self.push(Diagnostic::note(path, message));
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let count = self.counts.entry(diagnostic.message.clone()).or_insert(0);
        *count += 1;
        // Messages with numbers in them are all different: the total is bounded as well.
        if *count <= MAX_REMARKS && self.all.len() < 10 * MAX_REMARKS {
            self.all.push(diagnostic);
        }
    }

    /// An operator that no layer kind stands for.
    pub fn unknown(&mut self, kind: &str) {
        *self.unknown.entry(kind.to_owned()).or_insert(0) += 1;
    }

    /// Says which nodes feed themselves.
    pub fn cycles(&mut self, graph: &Graph) {
        let count = graph.nodes().len();
        let mut degree = vec![0usize; count];
        let next = |id: NodeId| {
            let outputs = &graph.node(id).outputs;
            outputs.iter().flatten().flat_map(|t| graph.tensor(*t).consumers.iter().map(|(n, _)| *n))
        };
        for (id, _) in graph.nodes() {
            next(id).for_each(|n| degree[n.index()] += 1);
        }
        let mut ready: Vec<NodeId> =
            graph.nodes().map(|(id, _)| id).filter(|id| degree[id.index()] == 0).collect();
        while let Some(id) = ready.pop() {
            for n in next(id) {
                degree[n.index()] -= 1;
                if degree[n.index()] == 0 {
                    ready.push(n);
                }
            }
        }
        // What is left stands on a cycle or behind one; going backwards from ends takes the latter away.
        let mut left: Vec<bool> = degree.iter().map(|d| *d > 0).collect();
        let mut out: Vec<usize> = graph
            .nodes()
            .map(|(id, _)| if left[id.index()] { next(id).filter(|n| left[n.index()]).count() } else { 0 })
            .collect();
        let mut ends: Vec<NodeId> =
            graph.nodes().map(|(id, _)| id).filter(|id| left[id.index()] && out[id.index()] == 0).collect();
        while let Some(id) = ends.pop() {
            left[id.index()] = false;
            for tensor in graph.node(id).inputs.iter().flatten() {
                if let Producer::Node(maker, _) = graph.tensor(*tensor).producer
                    && left[maker.index()]
                {
                    out[maker.index()] = out[maker.index()].saturating_sub(1);
                    if out[maker.index()] == 0 {
                        ends.push(maker);
                    }
                }
            }
        }
        let members: Vec<String> =
            graph.nodes().filter(|(id, _)| left[id.index()]).map(|(id, _)| graph.node_path(id)).collect();
        if let Some(first) = members.first() {
            let named: Vec<String> = members.iter().take(4).map(|m| format!("'{m}'")).collect();
            let more =
                if members.len() > 4 { format!(" and {} more", members.len() - 4) } else { String::new() };
            let message = format!("nodes feed each other in a cycle: {}{more}", named.join(", "));
            self.all.push(Diagnostic::warning(first.clone(), message));
        }
    }

    pub fn finish(mut self) -> Vec<Diagnostic> {
        let shown = self.all.len();
        let total: usize = self.counts.values().sum();
        for (kind, count) in self.unknown.iter().take(MAX_REMARKS) {
            let times = if *count == 1 { String::new() } else { format!(" ({count} nodes)") };
            self.all.push(Diagnostic::note(
                "",
                format!("the operator {kind} is not known{times}: shapes behind it are not inferred"),
            ));
        }
        if total > shown {
            self.all.push(Diagnostic::note(
                "",
                format!("{} more remarks like these are left out", total - shown),
            ));
        }
        self.all
    }
}

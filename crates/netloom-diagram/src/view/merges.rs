//! Joins additions in a row into one sum of several streams.

use netloom_graph::Graph;

use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "merges", about: "joins additions in a row into one sum of several streams", run };

/// The most streams of one sum; more do not fit around a circle.
const MAX_STREAMS: usize = 4;

fn run(_graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.plumbing {
        return;
    }
    let mut degrees = view.degrees();
    let mut gone = vec![false; view.nodes.len()];
    // Sums by index of nodes: a sum that was joined to a later one is never a target again.
    let mut into: Vec<usize> = (0..view.nodes.len()).collect();
    for e in 0..view.edges.len() {
        let edge = &view.edges[e];
        let (a, b) = (edge.source, into[edge.target]);
        let (from, to) = (&view.nodes[a], &view.nodes[b]);
        let are_sums = [from, to].iter().all(|n| n.kind == NodeKind::Merge && n.title == "+");
        let streams = (degrees[a].0 + degrees[b].0).saturating_sub(1);
        if !are_sums
            || a == b
            || edge.back
            || from.parent != to.parent
            || degrees[a].1 != 1
            || gone[a]
            || streams > MAX_STREAMS
        {
            continue;
        }
        let operators = view.nodes[a].operators.clone();
        view.nodes[b].operators.extend(operators);
        view.nodes[b].operators.sort_unstable();
        degrees[b].0 = streams;
        gone[a] = true;
        for target in into.iter_mut().filter(|t| **t == a) {
            *target = b;
        }
    }
    for edge in &mut view.edges {
        edge.target = if gone[edge.source] { edge.target } else { into[edge.target] };
    }
    view.remove(&gone);
}

//! Marks the arrows that by-pass what lies between their ends.

use netloom_graph::Graph;

use super::trunk::{length_of, longest};
use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "skips", about: "marks the arrows that by-pass what lies between their ends", run };

fn run(_graph: &Graph, _options: &ViewOptions, view: &mut View) {
    find(view);
}

/// Marks the arrows that by-pass something, and takes the mark from all others.
pub(super) fn find(view: &mut View) {
    let (length, from) = longest(view);
    let joins = |n: usize| -> bool {
        matches!(view.nodes[n].kind, NodeKind::Merge | NodeKind::Layer | NodeKind::Module | NodeKind::Output)
    };
    // What begins here passes nothing by: a table that is looked up with fixed positions.
    let degrees = view.degrees();
    let begins = |n: usize| degrees[n].0 == 0 && view.nodes[n].kind != NodeKind::Input;
    let skips: Vec<bool> = view
        .edges
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let by_pass = from[e.target] != Some(i)
                && length[e.target] > length[e.source] + length_of(&view.nodes[e.source]);
            by_pass
                && !e.back
                && !begins(e.source)
                && joins(e.target)
                && view.nodes[e.source].kind != NodeKind::Stub
        })
        .collect();
    for (edge, skip) in view.edges.iter_mut().zip(skips) {
        edge.skip = skip;
    }
    free_columns(view);
}

/// Where three or more columns of boxes run side by side, none of them is the trunk: they stand around its line.
fn free_columns(view: &mut View) {
    let mut columns = vec![0usize; view.nodes.len()];
    let mut forks = vec![0usize; view.nodes.len()];
    for edge in view.edges.iter().filter(|e| !e.skip && view.nodes[e.source].kind != NodeKind::Stub) {
        columns[edge.target] += 1;
        forks[edge.source] += 1;
    }
    let mut freed = vec![false; view.nodes.len()];
    for (at, &join) in view.trunk.iter().enumerate() {
        if columns[join] < 3 {
            continue;
        }
        freed[join] = true;
        for &n in view.trunk[..at].iter().rev() {
            if forks[n] >= 3 {
                break;
            }
            freed[n] = true;
        }
    }
    for edge in &mut view.edges {
        edge.trunk &= !freed[edge.target];
    }
}

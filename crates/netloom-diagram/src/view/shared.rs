//! Says of frames and closed modules that they use the same weights: the two branches of a Siamese net.

use std::collections::BTreeMap;

use netloom_graph::{Graph, TensorId};

use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass = Pass {
    name: "shared",
    about: "says of modules that are applied several times that they share weights",
    run,
};

/// The remark.
const SHARED: &str = "shared weights";

fn run(graph: &Graph, _options: &ViewOptions, view: &mut View) {
    let weights = learned(graph, view);
    let mut users: BTreeMap<&[TensorId], Vec<usize>> = BTreeMap::new();
    for (i, weights) in weights.iter().enumerate().filter(|(_, w)| !w.is_empty()) {
        users.entry(weights).or_default().push(i);
    }
    for alike in users.values().filter(|u| u.len() > 1) {
        // A frame and the only frame inside it have the same weights and are one use.
        let outermost = |i: &&usize| !alike.iter().any(|other| view.is_ancestor(*other, **i));
        let uses: Vec<usize> = alike.iter().filter(outermost).copied().collect();
        if uses.len() < 2 {
            continue;
        }
        let title = view.nodes[uses[0]].title.clone();
        for i in uses {
            let node = &mut view.nodes[i];
            // The second use of a part is numbered in the file, which says that it is another one.
            let is_numbered = node
                .title
                .strip_prefix(&title)
                .is_some_and(|rest| rest.starts_with('_') && rest[1..].bytes().all(|b| b.is_ascii_digit()));
            if is_numbered {
                node.title.clone_from(&title);
            }
            if !node.notes.iter().any(|n| n == SHARED) {
                node.notes.push(SHARED.to_owned());
            }
        }
    }
}

/// What each frame and closed module learns, in order of the file; nothing for anything else.
fn learned(graph: &Graph, view: &View) -> Vec<Vec<TensorId>> {
    let mut found: Vec<Vec<TensorId>> = vec![Vec::new(); view.nodes.len()];
    for (i, node) in view.nodes.iter().enumerate().filter(|(_, n)| n.kind != NodeKind::Container) {
        let inputs = node.operators.iter().flat_map(|n| graph.node(*n).inputs.iter().flatten());
        let own: Vec<TensorId> = inputs.copied().filter(|t| graph.tensor(*t).weight.is_some()).collect();
        let mut at = Some(i);
        // Frames stand before what they hold, so the way out ends.
        while let Some(place) = at {
            found[place].extend(&own);
            at = view.nodes[place].parent.filter(|p| *p < place);
        }
    }
    for (node, weights) in view.nodes.iter().zip(&mut found) {
        if !matches!(node.kind, NodeKind::Container | NodeKind::Module) || node.repeat > 1 {
            weights.clear();
        }
        weights.sort_unstable();
        weights.dedup();
    }
    found
}

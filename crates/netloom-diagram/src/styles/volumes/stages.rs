//! Volumes in a row whose maps have the same sides stand together as one stage.

use netloom_graph::{Category, Dim};

use super::solid::{Body, Solid};
use crate::tensors::Form;
use crate::view::{NodeKind, View};

/// Volumes that stand together.
pub(super) struct Stage {
    /// The boxes of the flat view, in the order of the flow.
    pub(super) members: Vec<usize>,
    /// Whether the sides are not those of the stage before, so that they are printed.
    pub(super) is_new: bool,
}

/// The stages of a view, and the view of which each is one box.
pub(super) struct Stages {
    pub(super) stages: Vec<Stage>,
    pub(super) view: View,
    /// Whether each stage follows the one before it and nothing else, so that no arrows are needed.
    pub(super) is_chain: bool,
}

/// Joins boxes to stages; `apart` boxes begin one in any case.
pub(super) fn stages(flat: &View, solids: &[Solid], apart: &[bool]) -> Stages {
    let mut next: Vec<Option<usize>> = vec![None; flat.nodes.len()];
    let mut follows = vec![false; flat.nodes.len()];
    let degrees = flat.degrees();
    for edge in &flat.edges {
        let (a, b) = (edge.source, edge.target);
        let alone = degrees[a].1 == 1 && degrees[b].0 == 1 && !edge.skip && !edge.back;
        if alone && !apart[b] && flat.nodes[a].parent == flat.nodes[b].parent && joins(flat, solids, a, b) {
            next[a] = Some(b);
            follows[b] = true;
        }
    }
    let mut of = vec![usize::MAX; flat.nodes.len()];
    let mut stages: Vec<Stage> = Vec::new();
    for i in (0..flat.nodes.len()).filter(|i| !follows[*i]) {
        let mut stage = Stage { members: Vec::new(), is_new: true };
        let mut at = Some(i);
        while let Some(n) = at.filter(|n| of[*n] == usize::MAX) {
            of[n] = stages.len();
            stage.members.push(n);
            at = next[n];
        }
        stages.push(stage);
    }
    // What lies on a ring of such boxes has no first one.
    for (i, slot) in of.iter_mut().enumerate().filter(|(_, slot)| **slot == usize::MAX) {
        *slot = stages.len();
        stages.push(Stage { members: vec![i], is_new: true });
    }
    mark_new(flat, solids, &of, &mut stages);
    let view = joined(flat, &of, &stages);
    let degrees = view.degrees();
    let plain = |i: usize| {
        !matches!(
            view.nodes[i].kind,
            NodeKind::Container | NodeKind::Module | NodeKind::Stub | NodeKind::Merge
        ) && degrees[i].0 <= 1
            && degrees[i].1 <= 1
    };
    let starts = degrees.iter().filter(|d| d.0 == 0).count();
    let is_chain = (0..view.nodes.len()).all(plain)
        && starts == 1
        && !view.edges.iter().any(|e| e.back || e.skip || e.source == e.target);
    Stages { stages, view, is_chain }
}

/// Whether a box stands right behind another: maps of the same sides, or a slab that makes them smaller.
fn joins(flat: &View, solids: &[Solid], a: usize, b: usize) -> bool {
    let (from, to) = (&flat.nodes[a], &flat.nodes[b]);
    let is_layer = |kind| kind == NodeKind::Layer;
    let volume = |s: &Solid| s.body == Body::Volume && s.extent.form != Form::Other;
    if !is_layer(from.kind) || !is_layer(to.kind) || !volume(&solids[a]) || !volume(&solids[b]) {
        return false;
    }
    // Behind a picture nothing may hide it, and behind a slab that made maps smaller the next stage begins.
    if from.look.picture.is_some() || from.category == Category::Pool || to.repeat > 1 || from.repeat > 1 {
        return false;
    }
    let is_pool = to.category == Category::Pool && solids[a].extent.form == solids[b].extent.form;
    let is_known = solids[a].extent.sides.iter().all(|d| !Dim::is_unknown(d));
    is_pool || is_known && solids[a].same_stage(&solids[b])
}

/// Sizes are printed where they change: not where some stage that leads here had them.
fn mark_new(flat: &View, solids: &[Solid], of: &[usize], stages: &mut [Stage]) {
    let first: Vec<usize> = stages.iter().map(|s| s.members[0]).collect();
    // What leads to a sum or words has no sides of its own, so these hand on those of what leads to them.
    let mut sides: Vec<Option<usize>> = vec![None; stages.len()];
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); stages.len()];
    for edge in flat.edges.iter().filter(|e| !e.back && of[e.source] != of[e.target]) {
        before[of[edge.target]].push(edge.source);
    }
    let mut inputs: Vec<Option<usize>> = vec![None; stages.len()];
    let mut silent = vec![false; stages.len()];
    let degrees = flat.degrees();
    for edge in &flat.edges {
        if flat.nodes[edge.source].kind == NodeKind::Input && degrees[edge.source].1 == 1 {
            inputs[of[edge.source]] = Some(edge.target);
        }
    }
    // Of several beginnings of one size, the first says it.
    let mut told: Vec<String> = Vec::new();
    for s in 0..stages.len() {
        let own = &solids[first[s]];
        let known = |n: &usize| match solids[*n].body {
            Body::Volume => Some(first[of[*n]]),
            _ => sides[of[*n]],
        };
        let lead: Vec<usize> = before[s].iter().filter(|n| !silent[of[**n]]).filter_map(known).collect();
        let known_below = inputs[s].is_some_and(|n| solids[n].same_stage(own));
        if own.body == Body::Volume && known_below {
            // What an input and the only stage behind it share is printed at that stage.
            stages[s].is_new = false;
            silent[s] = true;
        } else if own.body == Body::Volume {
            let is_known = lead.is_empty() && told.contains(&own.size());
            if lead.is_empty() {
                told.push(own.size());
            }
            stages[s].is_new = !is_known && !lead.iter().any(|n| solids[*n].extent.sides == own.extent.sides);
        } else {
            sides[s] = lead.first().copied();
        }
    }
}

/// The view with one box per stage; a stage of several has a key of its own.
fn joined(flat: &View, of: &[usize], stages: &[Stage]) -> View {
    let mut view = flat.clone();
    view.nodes = stages
        .iter()
        .map(|s| {
            let mut node = flat.nodes[s.members[0]].clone();
            if s.members.len() > 1 {
                node.key = node.key.piece("stage");
            }
            node.parent = node.parent.map(|p| of[p]);
            node
        })
        .collect();
    view.edges.retain(|e| of[e.source] != of[e.target] || e.source == e.target);
    for edge in &mut view.edges {
        (edge.source, edge.target) = (of[edge.source], of[edge.target]);
    }
    view.trunk = flat.trunk.iter().map(|n| of[*n]).collect();
    view.trunk.dedup();
    view
}

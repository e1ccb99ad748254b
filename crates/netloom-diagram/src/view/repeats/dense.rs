//! Blocks that each read what all blocks before them made become one that joins what it makes with what it is given.

use netloom_graph::repeats::{alike, differences};
use netloom_graph::{NodeId, TensorId};

use super::Facts;
use super::content::{Content, Level, stream};
use super::merge::{Places, absorb, range};
use super::words::{Given, channels, words};
use crate::view::{NodeKind, View};

/// Folds the dense runs of one level; says whether there were any.
///
/// # Source
/// Huang, Liu, van der Maaten, Weinberger, *Densely Connected Convolutional Networks*, 2017, section 3.
pub(super) fn fold(facts: &Facts<'_>, content: &mut Content, view: &mut View, level: &Level) -> bool {
    let is_block = |p: &usize| matches!(view.nodes[*p].kind, NodeKind::Module | NodeKind::Container);
    let blocks: Vec<usize> = level.parts.keys().copied().filter(is_block).collect();
    let mut changed = false;
    let mut start = 0;
    while start + 1 < blocks.len() {
        let alike = |p: &&usize| {
            let module = |n: usize| view.nodes[n].modules.last().copied();
            let (a, b) = (module(blocks[start]), module(**p));
            a.zip(b).is_some_and(|(a, b)| alike(facts.graph, a, b))
        };
        let run = 1 + blocks[start + 1..].iter().take_while(alike).count();
        let run: Vec<usize> = blocks[start..start + run].to_vec();
        start += run.len();
        if run.len() < 2 {
            continue;
        }
        if let Some(plan) = plan(facts, content, view, level, &run) {
            apply(content, view, level, &run, plan);
            changed = true;
        }
    }
    changed
}

struct Plan {
    /// What all blocks are given.
    given: (usize, TensorId),
    /// What joins all that they make.
    join: usize,
    /// The box in the last block that joins what came before.
    entry: Option<usize>,
    places: Vec<Places>,
    note: String,
}

fn plan(facts: &Facts<'_>, content: &Content, view: &View, level: &Level, run: &[usize]) -> Option<Plan> {
    let (&last, others) = run.split_last()?;
    let owner = |node: usize| content.part(node).map(|(part, _)| part);
    let order = |node: usize| owner(node).and_then(|p| run.iter().position(|r| *r == p));
    let (mut given, mut join) = (None, None);
    for (i, part) in run.iter().enumerate() {
        let part = &level.parts[part];
        stream(view, &part.leaving)?;
        if content.is_read_afar(part) {
            return None;
        }
        let mut reads = vec![false; run.len()];
        for edge in part.arriving.iter().map(|e| &view.edges[*e]) {
            match order(edge.source) {
                Some(earlier) if earlier < i => reads[earlier] = true,
                None if *given.get_or_insert((edge.source, edge.tensor)) == (edge.source, edge.tensor) => {}
                _ => return None,
            }
        }
        let outside: Vec<usize> =
            part.leaving.iter().map(|e| view.edges[*e].target).filter(|t| order(*t).is_none()).collect();
        let &[target] = outside.as_slice() else { return None };
        if *join.get_or_insert(target) != target || !reads[..i].iter().all(|r| *r) {
            return None;
        }
    }
    let (given, join) = (given?, join?);
    let last_module = *view.nodes[last].modules.last()?;
    let made: TensorId = stream(view, &level.parts[&last].leaving)?.1;
    let growth = channels(facts, made)?;
    let mut places = Vec::new();
    for part in others {
        let found = differences(facts.graph, last_module, *view.nodes[*part].modules.last()?)?;
        let own = stream(view, &level.parts[part].leaving)?.1;
        if channels(facts, own) != Some(growth) || !only_widths(facts, found.clone(), given.1) {
            return None;
        }
        places.push(super::similar::stands_for(view, &level.parts[&last], &level.parts[part], &found.pairs));
    }
    let first = channels(facts, given.1)?;
    let steps = i64::try_from(others.len()).ok()?;
    let widest = growth.checked_mul(steps)?.checked_add(first)?;
    let entry = level.parts[&last].boxes.iter().copied().find(|b| is_concat(facts, view, *b));
    Some(Plan { given, join, entry, places, note: format!("inputs {first} … {widest} channels") })
}

/// Whether blocks differ in nothing but how much they are given.
fn only_widths(facts: &Facts<'_>, mut found: netloom_graph::repeats::Differences, given: TensorId) -> bool {
    let joins = |n: &NodeId| facts.graph.node(*n).layer.is_some_and(|l| l.name == "concat");
    let joining: Vec<NodeId> =
        found.only_left.iter().chain(&found.only_right).copied().filter(joins).collect();
    found.changes.retain(|c| !joins(&c.left));
    let told = words(facts, &found, Given { typical: given, other: given });
    let parts = joining.len();
    told.is_some_and(|told| told.len() <= parts.min(1) && told.iter().all(|t| t.contains("concat")))
}

fn is_concat(facts: &Facts<'_>, view: &View, node: usize) -> bool {
    let node = &view.nodes[node];
    let is_join = |n: &NodeId| facts.graph.node(*n).layer.is_some_and(|l| l.name == "concat");
    matches!(node.kind, NodeKind::Layer | NodeKind::Merge)
        && matches!(node.operators.as_slice(), [one] if is_join(one))
}

fn apply(content: &mut Content, view: &mut View, level: &Level, run: &[usize], plan: Plan) {
    let Some((&last, others)) = run.split_last() else { return };
    let title = range(&view.nodes[run[0]].title, &view.nodes[last].title);
    for (part, places) in others.iter().zip(&plan.places) {
        for &e in &level.parts[part].leaving {
            content.cut(e);
        }
        absorb(content, view, level, (*part, last), places);
    }
    let part = &level.parts[&last];
    let given: Vec<usize> = part.arriving.iter().copied().filter(|e| !content.is_cut(*e)).collect();
    if let Some(entry) = plan.entry {
        // What the block joins at its start, the join at its end hands on to the next.
        for &e in &part.inner {
            if view.edges[e].source != entry {
                continue;
            }
            content.resource(view, e, plan.given.0);
            view.edges[e].tensor = plan.given.1;
        }
        for e in given {
            content.cut(e);
        }
        let operators = std::mem::take(&mut view.nodes[entry].operators);
        view.nodes[plan.join].operators.extend(operators);
        content.drop_box(entry);
    }
    let joins_only = content.arriving(view, plan.join).all(|e| {
        let edge = &view.edges[e];
        content.part(edge.source).is_some_and(|(p, _)| p == last) || edge.source == plan.given.0
    });
    if view.nodes[last].kind == NodeKind::Container && joins_only && plan.entry.is_some() {
        content.move_box(view, plan.join, Some(last));
    }
    let node = &mut view.nodes[last];
    node.title = title;
    node.repeat = u32::try_from(run.len()).unwrap_or(u32::MAX);
    node.notes.push(plan.note);
}

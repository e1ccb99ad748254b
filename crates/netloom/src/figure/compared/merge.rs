//! One view of two models: the boxes of the second, marked, and those of the first that have no counterpart.

use std::collections::BTreeMap;

use netloom_diagram::view::{Band, NodeKind, View, ViewEdge, ViewNode};
use netloom_graph::diff::{Change, What};
use netloom_graph::{NodeId, TensorId};
use netloom_scene::{Key, Theme};

use super::words::merged;
use super::{Offset, State};
use crate::Comparison;

/// The most remarks on what changed about one box.
const MAX_NOTES: usize = 2;

/// A change that more operators share than this is stated once for all.
pub(super) const COMMON: usize = 6;

/// What is needed to merge views of two models.
pub(super) struct Merge<'a> {
    found: &'a Comparison,
    theme: &'a Theme,
    offset: Offset,
    /// The pair of each matched operator of the second model and of the first.
    after: BTreeMap<NodeId, usize>,
    before: BTreeMap<NodeId, usize>,
    added: BTreeMap<NodeId, ()>,
    removed: BTreeMap<NodeId, ()>,
}

impl<'a> Merge<'a> {
    pub fn new(found: &'a Comparison, theme: &'a Theme) -> Self {
        let pairs = || found.diff.pairs.iter().enumerate();
        Self {
            found,
            theme,
            offset: Offset {
                nodes: found.after.graph.nodes().len(),
                tensors: found.after.graph.tensors().len(),
            },
            after: pairs().map(|(i, p)| (p.after, i)).collect(),
            before: pairs().map(|(i, p)| (p.before, i)).collect(),
            added: found.diff.added.iter().map(|n| (*n, ())).collect(),
            removed: found.diff.removed.iter().map(|n| (*n, ())).collect(),
        }
    }

    /// The union of a view of the first model and one of the second, made with the same options.
    pub fn views(&self, before: &View, mut after: View) -> View {
        let old_box = boxes(before);
        let new_box = boxes(&after);
        let inside = contents(&after);
        // What is new of a block that is folded is said by its count.
        let mut folded = vec![false; after.nodes.len()];
        for i in 0..after.nodes.len() {
            let around = after.nodes[i].parent.filter(|p| *p < i);
            folded[i] = around.is_some_and(|p| folded[p] || after.nodes[p].repeat > 1);
        }
        for (i, held) in inside.iter().enumerate() {
            self.mark((before, &old_box), &mut after.nodes[i], held, folded[i]);
        }
        self.insert(before, &mut after, &new_box);
        after.frames_first();
        after
    }

    /// Marks a box or frame of the second model by what became of the operators in it.
    fn mark(
        &self,
        (before, old_box): (&View, &BTreeMap<NodeId, usize>),
        node: &mut ViewNode,
        held: &[NodeId],
        is_folded: bool,
    ) {
        let pairs: Vec<usize> = held.iter().filter_map(|n| self.after.get(n).copied()).collect();
        let n_added = held.iter().filter(|n| self.added.contains_key(n)).count();
        if pairs.is_empty() && n_added == 0 {
            if matches!(node.kind, NodeKind::Layer | NodeKind::Module | NodeKind::Container) {
                node.look.swatch = Some(State::Same.swatch(self.theme));
            }
            return;
        }
        if pairs.is_empty() {
            self.set(node, State::Added);
            return;
        }
        let is_frame = node.kind == NodeKind::Container;
        let there =
            counterpart(before, old_box, pairs.iter().map(|p| self.found.diff.pairs[*p].before), is_frame);
        let mut is_changed = n_added > 0 && !is_frame && !is_folded;
        is_changed |=
            !is_frame && pairs.iter().any(|p| self.found.diff.pairs[*p].changes.iter().any(|c| !c.implied));
        if let Some(old) = there {
            if (old.repeat > 1 || node.repeat > 1) && old.repeat != node.repeat {
                node.look.pill = Some(format!("×{} → ×{}", old.repeat, node.repeat));
                is_changed = true;
            }
            // Both stand for the same operators, so that what each is called can be held side by side.
            let there: BTreeMap<NodeId, ()> = old.operators.iter().map(|n| (*n, ())).collect();
            let is_whole = pairs.iter().all(|p| there.contains_key(&self.found.diff.pairs[*p].before))
                && old
                    .operators
                    .iter()
                    .filter_map(|n| self.before.get(n))
                    .all(|p| held.binary_search(&self.found.diff.pairs[*p].after).is_ok());
            if is_whole && !is_frame && node.kind != NodeKind::Merge {
                let lost = old.operators.iter().any(|n| self.removed.contains_key(n));
                is_changed |= lost;
                if is_changed {
                    say(node, old);
                }
            }
        }
        if is_changed && node.kind == NodeKind::Layer {
            self.remark(node, &pairs);
        }
        if node.kind == NodeKind::Module && is_changed {
            let gone =
                there.map_or(0, |old| old.operators.iter().filter(|n| self.removed.contains_key(n)).count());
            let counts = [(n_added, "+"), (gone, "−")].into_iter().filter(|(n, _)| *n > 0);
            let words: Vec<String> = counts.map(|(n, sign)| format!("{sign}{n}")).collect();
            if !words.is_empty() {
                node.notes.push(format!("{} operators", words.join(" ")));
            }
        }
        self.set(node, if is_changed { State::Changed } else { State::Same });
    }

    fn set(&self, node: &mut ViewNode, state: State) {
        if matches!(node.kind, NodeKind::Input | NodeKind::Output | NodeKind::Stub) {
            return;
        }
        node.look.swatch = Some(state.swatch(self.theme));
        node.look.dashed = state == State::Removed;
        if node.kind != NodeKind::Merge && !node.title.is_empty() {
            node.title = format!("{}{}", state.mark(), node.title);
        }
    }

    /// Says what changed about a layer that its title does not say.
    fn remark(&self, node: &mut ViewNode, pairs: &[usize]) {
        let said = format!(
            "{} {} {}",
            node.title,
            node.subtitle,
            node.bands.iter().map(|b| b.title.as_str()).collect::<Vec<_>>().join(" ")
        );
        let mut notes: Vec<String> = Vec::new();
        for Change { what, before, after, implied } in
            pairs.iter().flat_map(|p| &self.found.diff.pairs[*p].changes)
        {
            let note = match what {
                // What many layers share is said once, in the legend.
                _ if self.is_common(what, before, after) => continue,
                What::Attribute(name) if !said.contains(&format!("{before} → {after}")) => {
                    format!("{name} {before} → {after}")
                }
                What::WeightDtype(name) => format!("{name} {before} → {after}"),
                What::Weight(name) if !implied && (before == "none" || after == "none") => {
                    if before == "none" { format!("+ {name}") } else { format!("− {name}") }
                }
                _ => continue,
            };
            if !notes.contains(&note) && note.chars().count() < 32 {
                notes.push(note);
            }
        }
        notes.truncate(MAX_NOTES);
        node.notes.extend(notes);
    }

    fn is_common(&self, what: &What, before: &str, after: &str) -> bool {
        let groups = self.found.diff.groups.iter();
        let mut same = groups.filter(|g| g.what == *what && g.before == before && g.after == after);
        same.any(|g| g.pairs.len() > COMMON)
    }

    /// Puts boxes of the first model without counterpart beside those of the second.
    fn insert(&self, before: &View, after: &mut View, new_box: &BTreeMap<NodeId, usize>) {
        let inside = contents(before);
        let is_gone: Vec<bool> = before
            .nodes
            .iter()
            .zip(&inside)
            .map(|(node, held)| {
                let known =
                    held.iter().filter(|n| self.removed.contains_key(n) || self.before.contains_key(n));
                let (mut some, mut all) = (false, true);
                for n in known {
                    some = true;
                    all &= self.removed.contains_key(n);
                }
                some && all && !matches!(node.kind, NodeKind::Input | NodeKind::Output | NodeKind::Stub)
            })
            .collect();
        // Where each box of the first model stands in the union.
        let mut place: Vec<Option<usize>> = vec![None; before.nodes.len()];
        for (i, node) in before.nodes.iter().enumerate() {
            place[i] = if is_gone[i] {
                let at = after.nodes.len();
                let parent = node
                    .parent
                    .and_then(|p| place[p])
                    .filter(|p| after.nodes[*p].kind == NodeKind::Container);
                let mut copy = node.clone();
                copy.key = Key::new(format!("before/{}", node.key));
                copy.parent = parent;
                copy.modules = Vec::new();
                copy.operators = node.operators.iter().map(|n| self.offset.node(*n)).collect();
                copy.output = node.output.map(|t| self.offset.tensor(t));
                self.set(&mut copy, State::Removed);
                after.nodes.push(copy);
                Some(at)
            } else {
                self.place(node, &inside[i], after, new_box)
            };
        }
        for edge in &before.edges {
            if !is_gone[edge.source] && !is_gone[edge.target] {
                continue;
            }
            let (Some(source), Some(target)) = (place[edge.source], place[edge.target]) else { continue };
            let is_frame = |i: usize| after.nodes[i].kind == NodeKind::Container;
            if source == target || is_frame(source) || is_frame(target) {
                continue;
            }
            after.edges.push(ViewEdge {
                source,
                target,
                tensor: self.offset.tensor(edge.tensor),
                arrives: self.offset.tensor(edge.arrives),
                reader: edge.reader.map(|(n, at)| (self.offset.node(n), at)),
                trunk: false,
                back: false,
                ..edge.clone()
            });
        }
    }

    /// The box or frame of the second model that stands where one of the first stands.
    fn place(
        &self,
        node: &ViewNode,
        held: &[NodeId],
        after: &View,
        new_box: &BTreeMap<NodeId, usize>,
    ) -> Option<usize> {
        let port = |list: &[TensorId], t: TensorId| list.iter().position(|x| *x == t);
        match node.kind {
            NodeKind::Input => {
                let at = port(&self.found.before.graph.inputs, node.output?)?;
                let there = *self.found.after.graph.inputs.get(at)?;
                after.nodes.iter().position(|n| n.kind == NodeKind::Input && n.output == Some(there))
            }
            NodeKind::Output => {
                let prefix: String = node.key.subject().splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
                after.nodes.iter().position(|n| {
                    n.kind == NodeKind::Output && n.key.subject().starts_with(&format!("{prefix}:"))
                })
            }
            kind => {
                let there =
                    held.iter().filter_map(|n| self.before.get(n)).map(|p| self.found.diff.pairs[*p].after);
                best(after, new_box, there, kind == NodeKind::Container)
            }
        }
    }
}

/// Which box stands for each operator; the first where several do.
fn boxes(view: &View) -> BTreeMap<NodeId, usize> {
    let mut found = BTreeMap::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if node.kind != NodeKind::Container {
            for n in &node.operators {
                found.entry(*n).or_insert(i);
            }
        }
    }
    found
}

/// The operators that each box or frame stands for, those of the boxes in a frame included.
fn contents(view: &View) -> Vec<Vec<NodeId>> {
    let mut held: Vec<Vec<NodeId>> = view.nodes.iter().map(|n| n.operators.clone()).collect();
    // Frames stand before what they hold.
    for i in (0..view.nodes.len()).rev() {
        if let Some(parent) = view.nodes[i].parent.filter(|p| *p < i) {
            let own = held[i].clone();
            held[parent].extend(own);
        }
    }
    for list in &mut held {
        list.sort_unstable();
        list.dedup();
    }
    held
}

/// The box that stands for most of some operators, or the innermost frame around most of them.
fn best(
    view: &View,
    boxes: &BTreeMap<NodeId, usize>,
    operators: impl Iterator<Item = NodeId>,
    is_frame: bool,
) -> Option<usize> {
    let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
    for n in operators {
        let Some(&own) = boxes.get(&n) else { continue };
        if !is_frame {
            *votes.entry(own).or_insert(0) += 1;
            continue;
        }
        let mut at = view.nodes[own].parent;
        while let Some(frame) = at {
            *votes.entry(frame).or_insert(0) += 1;
            at = view.nodes[frame].parent.filter(|p| *p < frame);
        }
    }
    // Frames stand before what they hold, so the last of equals is the innermost.
    votes.into_iter().max_by_key(|(i, n)| (*n, *i)).map(|(i, _)| i)
}

fn counterpart<'v>(
    view: &'v View,
    boxes: &BTreeMap<NodeId, usize>,
    operators: impl Iterator<Item = NodeId>,
    is_frame: bool,
) -> Option<&'v ViewNode> {
    best(view, boxes, operators, is_frame).map(|i| &view.nodes[i])
}

/// Lets a box say what it was beside what it is.
fn say(node: &mut ViewNode, old: &ViewNode) {
    node.title = merged(&old.title, &node.title);
    node.subtitle = merged(&old.subtitle, &node.subtitle);
    let mut bands: Vec<Band> = Vec::new();
    let mut rest = old.bands.iter().peekable();
    for band in &node.bands {
        // What stood before a band of the same role is gone.
        let has_like = rest.clone().any(|b| b.category == band.category);
        while has_like && rest.peek().is_some_and(|b| b.category != band.category) {
            if let Some(gone) = rest.next() {
                bands.push(Band { title: format!("− {}", gone.title), ..gone.clone() });
            }
        }
        match rest.next_if(|b| b.category == band.category) {
            Some(was) => bands.push(Band { title: merged(&was.title, &band.title), ..band.clone() }),
            None => bands.push(Band { title: format!("+ {}", band.title), ..band.clone() }),
        }
    }
    bands.extend(rest.map(|gone| Band { title: format!("− {}", gone.title), ..gone.clone() }));
    node.bands = bands;
}

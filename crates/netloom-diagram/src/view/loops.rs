//! Draws a loop that the file holds written out as one step, with arrows back for what one step hands to the next.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::recurrence::{Recurrence, find};
use netloom_graph::{Category, Graph, NodeId, Producer, TensorId};
use netloom_scene::Key;

use super::build::blank;
use super::{Fold, NodeKind, Pass, View, ViewEdge, ViewNode, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "loops", about: "draws one step of a loop that the file holds written out", run };

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.fold == Fold::None || options.plumbing {
        return;
    }
    let found = find(graph);
    if found.is_empty() {
        return;
    }
    let mut folder = Folder::new(view);
    for recurrence in &found {
        if let Some(plan) = Plan::new(view, &folder, recurrence) {
            folder.fold(graph, view, recurrence, &plan);
        } else {
            folder.remark(view, recurrence);
        }
    }
    folder.finish(view);
}

/// What is known of the view while loops are folded.
struct Folder {
    /// The box of each operator.
    owner: BTreeMap<NodeId, usize>,
    /// What each frame holds.
    held: Vec<Vec<usize>>,
    /// Arrows at each box.
    at: Vec<Vec<usize>>,
    gone: Vec<bool>,
    cut: Vec<bool>,
    /// Frames made for steps, by the index they will have before nodes are put in order.
    made: usize,
}

/// How one loop is drawn.
struct Plan {
    /// The step that is drawn: one that lacks nothing.
    drawn: usize,
    /// The step of each box.
    step: BTreeMap<usize, usize>,
    /// The box that is drawn for each box.
    model: BTreeMap<usize, usize>,
    /// Boxes that only pick or join the elements of a sequence.
    passed: BTreeSet<usize>,
    /// What is drawn of the step directly within the frame around all steps.
    units: Vec<usize>,
    /// The frame around all steps.
    parent: Option<usize>,
}

impl Plan {
    /// `None` where a box holds more than a part of one step, or where boxes of the steps do not match.
    fn new(view: &View, folder: &Folder, recurrence: &Recurrence) -> Option<Self> {
        let mut positions: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut step: BTreeMap<usize, usize> = BTreeMap::new();
        for (node, position, s) in recurrence.places() {
            let Some(&i) = folder.owner.get(&node) else { continue };
            if *step.entry(i).or_insert(s) != s {
                return None;
            }
            positions.entry(i).or_default().insert(position);
        }
        let places: BTreeSet<NodeId> = recurrence.places().into_iter().map(|p| p.0).collect();
        let is_whole = |i: &usize| view.nodes[*i].operators.iter().all(|n| places.contains(n));
        if !step.keys().all(is_whole) || step.keys().any(|i| folder.gone[*i]) {
            return None;
        }
        let shown =
            |s: usize| positions.iter().filter(|(i, _)| step[*i] == s).map(|(_, p)| p.len()).sum::<usize>();
        let drawn = (0..recurrence.steps).max_by_key(|s| (shown(*s), std::cmp::Reverse(*s)))?;
        let mut at: BTreeMap<usize, usize> = BTreeMap::new();
        for (i, places) in positions.iter().filter(|(i, _)| step[*i] == drawn) {
            at.extend(places.iter().map(|p| (*p, *i)));
        }
        let mut model = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (&i, places) in &positions {
            let boxes: BTreeSet<Option<usize>> = places.iter().map(|p| at.get(p).copied()).collect();
            let (Some(&Some(m)), 1) = (boxes.first(), boxes.len()) else { return None };
            if !used.insert((m, step[&i])) {
                return None;
            }
            model.insert(i, m);
        }
        let mut passed = BTreeSet::new();
        for sequence in &recurrence.sequences {
            let Some(picked_at) = sequence.picked_at else { continue };
            let one = BTreeSet::from([picked_at]);
            passed.extend(positions.iter().filter(|(_, p)| **p == one).map(|(i, _)| *i));
        }
        passed.extend(folder.passers(view, recurrence, &step));
        let mut plan = Self { drawn, step, model, passed, units: Vec::new(), parent: None };
        plan.frame(view, folder)?;
        Some(plan)
    }

    /// Finds the frame around all steps and what it holds of the step that is drawn; every frame further in must
    /// belong to one step.
    fn frame(&mut self, view: &View, folder: &Folder) -> Option<()> {
        let chain = |i: usize| {
            let mut chain = vec![i];
            while let Some(parent) = chain.last().and_then(|i| view.nodes[*i].parent)
                && chain.len() <= view.nodes.len()
            {
                chain.push(parent);
            }
            chain.reverse();
            chain
        };
        let mut common: Option<Vec<usize>> = None;
        for &i in self.step.keys().filter(|i| !self.passed.contains(i)) {
            let mut chain = chain(i);
            chain.pop();
            common = Some(match common {
                None => chain,
                Some(c) => c.into_iter().zip(chain).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
            });
        }
        let common = common?;
        self.parent = common.last().copied();
        let mut units = BTreeSet::new();
        let mut step_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (&i, &s) in self.step.iter().filter(|(i, _)| !self.passed.contains(i)) {
            let chain = chain(i);
            for &frame in &chain[common.len()..] {
                if *step_of.entry(frame).or_insert(s) != s {
                    return None;
                }
            }
            if s == self.drawn {
                units.insert(chain[common.len()]);
            }
        }
        // A frame inside a step that holds anything else is no part of the step.
        let strange = |frame: &usize| {
            folder.held[*frame]
                .iter()
                .any(|i| !folder.gone[*i] && !step_of.contains_key(i) && !self.passed.contains(i))
        };
        if step_of.keys().any(strange) {
            return None;
        }
        self.units = units.into_iter().collect();
        Some(())
    }

    /// The box that stands for a box of any step.
    fn stands_for(&self, i: usize) -> usize {
        self.model.get(&i).copied().unwrap_or(i)
    }
}

impl Folder {
    fn new(view: &View) -> Self {
        let n = view.nodes.len();
        let mut held = vec![Vec::new(); n];
        let mut owner = BTreeMap::new();
        for (i, node) in view.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                held[parent].push(i);
            }
            owner.extend(node.operators.iter().map(|o| (*o, i)));
        }
        let mut at = vec![Vec::new(); n];
        for (e, edge) in view.edges.iter().enumerate() {
            at[edge.source].push(e);
            at[edge.target].push(e);
        }
        Self { owner, held, at, gone: vec![false; n], cut: vec![false; view.edges.len()], made: 0 }
    }

    /// Boxes outside that hand out or join the elements of all steps and do nothing else.
    fn passers(&self, view: &View, recurrence: &Recurrence, step: &BTreeMap<usize, usize>) -> Vec<usize> {
        let alone = |n: &NodeId| {
            self.owner.get(n).copied().filter(|i| view.nodes[*i].operators == [*n] && !self.gone[*i])
        };
        let joins = recurrence.joins.iter().filter_map(alone);
        let splits = recurrence.splits.iter().filter_map(alone).filter(|i| {
            let mut leaving = self.at[*i].iter().map(|e| &view.edges[*e]).filter(|e| e.source == *i);
            leaving.all(|e| step.contains_key(&e.target))
        });
        joins.chain(splits).collect()
    }

    /// Draws one step in the place of all.
    fn fold(&mut self, graph: &Graph, view: &mut View, recurrence: &Recurrence, plan: &Plan) {
        let places: BTreeMap<NodeId, (usize, usize)> =
            recurrence.places().into_iter().map(|(n, p, s)| (n, (p, s))).collect();
        // The same place in the step that is drawn.
        let in_model = |n: NodeId| {
            let (position, _) = places.get(&n)?;
            recurrence.operators[*position][plan.drawn]
        };
        let tensor_in_model = |t: TensorId| match graph.tensor(t).producer {
            Producer::Node(n, output) => in_model(n).and_then(|m| graph.node(m).output(output)).unwrap_or(t),
            _ => t,
        };
        let boxes: BTreeSet<usize> = plan.step.keys().chain(&plan.passed).copied().collect();
        let touched: BTreeSet<usize> = boxes.iter().flat_map(|i| self.at[*i].iter().copied()).collect();
        let mut edges: Vec<ViewEdge> = Vec::new();
        for &e in touched.iter().filter(|e| !self.cut[**e]) {
            let edge = &view.edges[e];
            if !plan.passed.contains(&edge.source) {
                edges.extend(bridged(view, &self.at, plan, edge));
            }
        }
        for e in touched {
            self.cut[e] = true;
        }
        let mut seen = BTreeSet::new();
        let chain = is_chain(recurrence);
        for mut edge in edges {
            let (from, to) = (plan.step.get(&edge.source), plan.step.get(&edge.target));
            match (from, to) {
                (Some(a), Some(b)) if a == b && *a != plan.drawn => continue,
                (Some(a), Some(b)) if a != b && chain => continue,
                (Some(a), Some(b)) => edge.back = a != b,
                _ => {}
            }
            edge.source = plan.stands_for(edge.source);
            edge.target = plan.stands_for(edge.target);
            edge.tensor = tensor_in_model(edge.tensor);
            edge.reader = edge.reader.map(|(n, input)| (in_model(n).unwrap_or(n), input));
            let from = to.is_none().then_some(edge.tensor);
            if seen.insert((edge.source, edge.target, edge.reader, edge.back, from)) {
                self.at[edge.source].push(view.edges.len());
                self.at[edge.target].push(view.edges.len());
                self.cut.push(false);
                view.edges.push(edge);
            }
        }
        let frame = self.frame(view, plan, recurrence.steps);
        if chain {
            view.nodes[frame].notes.push("shared weights".to_owned());
        }
        for &i in &boxes {
            let into = if plan.passed.contains(&i) { frame } else { plan.stands_for(i) };
            if into == i {
                continue;
            }
            let (operators, modules) = (view.nodes[i].operators.clone(), view.nodes[i].modules.clone());
            for n in &operators {
                self.owner.insert(*n, into);
                // What every step learns is one thing; its box counts it once.
                if let Some(row) = view.summary.nodes.get_mut(n.index()) {
                    row.parameters = 0;
                }
            }
            view.nodes[into].operators.extend(operators);
            for module in modules {
                if !view.nodes[into].modules.contains(&module) {
                    view.nodes[into].modules.push(module);
                }
            }
            self.gone[i] = true;
        }
        // Frames of the other steps hold nothing any more.
        for i in boxes {
            let mut at = view.nodes[i].parent;
            while let Some(frame) = at
                && view.nodes[frame].kind == NodeKind::Container
                && self.held[frame].iter().all(|h| self.gone[*h])
            {
                self.gone[frame] = true;
                at = view.nodes[frame].parent;
            }
        }
    }

    /// The frame of the step, or its box where it is a single one: a new frame, unless the step fills one.
    fn frame(&mut self, view: &mut View, plan: &Plan, steps: usize) -> usize {
        let repeat = u32::try_from(steps).unwrap_or(u32::MAX);
        if let &[only] = plan.units.as_slice() {
            view.nodes[only].repeat = view.nodes[only].repeat.max(1).saturating_mul(repeat);
            return only;
        }
        let belongs = |i: &usize| {
            self.gone[*i]
                || plan.units.contains(i)
                || plan.passed.contains(i)
                || self.is_of_other_step(plan, *i)
        };
        if let Some(parent) = plan.parent.filter(|p| self.held[*p].iter().all(belongs)) {
            let node = &mut view.nodes[parent];
            node.repeat = node.repeat.max(1).saturating_mul(repeat);
            "steps".clone_into(&mut node.subtitle);
            return parent;
        }
        let around = plan.parent.map(|p| view.nodes[p].title.clone()).unwrap_or_default();
        let first = plan.units.first().map_or_else(String::new, |u| view.nodes[*u].key.to_string());
        let at = view.nodes.len();
        view.nodes.push(ViewNode {
            parent: plan.parent,
            kind: NodeKind::Container,
            title: if around.is_empty() { "step".to_owned() } else { format!("{around} step") },
            category: Category::Recurrent,
            repeat,
            ..blank(Key::new(format!("{first}:step")))
        });
        for &unit in &plan.units {
            view.nodes[unit].parent = Some(at);
        }
        let drawn = plan.units.clone();
        if let Some(parent) = plan.parent {
            self.held[parent].retain(|i| !drawn.contains(i));
            self.held[parent].push(at);
        }
        self.held.push(drawn);
        self.at.push(Vec::new());
        self.gone.push(false);
        self.made += 1;
        at
    }

    /// Whether a box or frame belongs to a step that is not drawn.
    fn is_of_other_step(&self, plan: &Plan, i: usize) -> bool {
        let mut stack = vec![i];
        let mut found = false;
        while let Some(i) = stack.pop() {
            match plan.step.get(&i) {
                Some(s) if *s != plan.drawn => found = true,
                Some(_) => return false,
                None if self.held[i].is_empty() => return false,
                None => stack.extend(&self.held[i]),
            }
        }
        found
    }

    /// Says in a closed box that it holds a whole loop.
    fn remark(&self, view: &mut View, recurrence: &Recurrence) {
        let boxes: BTreeSet<usize> =
            recurrence.places().iter().filter_map(|(n, ..)| self.owner.get(n).copied()).collect();
        if let (Some(&only), 1) = (boxes.first(), boxes.len())
            && view.nodes[only].kind == NodeKind::Module
        {
            view.nodes[only].notes.push(format!("loop of {} steps", recurrence.steps));
        }
    }

    /// Takes away what is folded and puts new frames before what they hold.
    fn finish(self, view: &mut View) {
        let mut e = 0;
        view.edges.retain(|_| {
            e += 1;
            !self.cut[e - 1]
        });
        let old = view.nodes.len() - self.made;
        let mut first_held: Vec<(usize, usize, usize)> = (0..old).map(|i| (i, 1, i)).collect();
        for frame in old..view.nodes.len() {
            let first = self.held[frame].iter().filter(|i| **i < old).min().copied().unwrap_or(old);
            first_held.push((first, 0, frame));
        }
        first_held.sort_unstable();
        let mut place = vec![0; view.nodes.len()];
        for (new, (_, _, i)) in first_held.iter().enumerate() {
            place[*i] = new;
        }
        let mut nodes: Vec<(usize, ViewNode)> =
            std::mem::take(&mut view.nodes).into_iter().enumerate().map(|(i, n)| (place[i], n)).collect();
        nodes.sort_by_key(|n| n.0);
        view.nodes = nodes.into_iter().map(|n| n.1).collect();
        for node in &mut view.nodes {
            node.parent = node.parent.map(|p| place[p]);
        }
        for edge in &mut view.edges {
            edge.source = place[edge.source];
            edge.target = place[edge.target];
        }
        for n in &mut view.trunk {
            *n = place[*n];
        }
        let mut gone = vec![false; place.len()];
        for (i, new) in place.iter().enumerate() {
            gone[*new] = self.gone[i];
        }
        view.remove(&gone);
    }
}

/// Whether the steps are nothing but one block after the other: one stream goes in, and each step reads what the one
/// before made of it. A count says that; arrows back would only say it again.
fn is_chain(recurrence: &Recurrence) -> bool {
    let streams: BTreeSet<_> = recurrence.states.iter().map(|s| (s.from, s.initial)).collect();
    let takes_elements = !recurrence.sequences.is_empty() || !recurrence.splits.is_empty();
    streams.len() == 1
        && streams.iter().all(|s| s.1.is_some())
        && !takes_elements
        && recurrence.joins.is_empty()
}

/// An arrow with boxes that only pick or join elements left out: one arrow for each reader behind them.
fn bridged(view: &View, at: &[Vec<usize>], plan: &Plan, edge: &ViewEdge) -> Vec<ViewEdge> {
    let mut found = Vec::new();
    let mut work = vec![edge.clone()];
    let mut steps = 0;
    while let Some(edge) = work.pop() {
        steps += 1;
        if !plan.passed.contains(&edge.target) {
            found.push(edge);
            continue;
        }
        // A picked element may be joined at once; nothing goes round.
        if steps > plan.passed.len() * view.edges.len() {
            break;
        }
        for next in at[edge.target].iter().map(|e| &view.edges[*e]).filter(|e| e.source == edge.target) {
            // What a join makes is what all steps made; what is picked is told by what it is picked from.
            let is_join = plan.step.contains_key(&edge.source) && !plan.step.contains_key(&edge.target);
            let tensor = if is_join { next.tensor } else { edge.tensor };
            work.push(ViewEdge { source: edge.source, tensor, ..next.clone() });
        }
    }
    found
}

//! The first view: one box per shown operator or closed module, frames around open modules, arrows between.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::summary::{Summary, summary};
use netloom_graph::{Category, Graph, ModuleId, NodeId, Producer, layers};
use netloom_scene::Key;

use super::calls::Calls;
use super::ends;
use super::flow::{self, Flow, flow};
use super::groups::Groups;
use super::{Depth, Detail, Look, NodeKind, PASSES, View, ViewEdge, ViewNode, ViewOptions};
use crate::number;

/// Chooses what to show of a graph.
pub fn view(graph: &Graph, options: &ViewOptions) -> View {
    let mut view = Builder::new(graph, options).build();
    for pass in PASSES {
        (pass.run)(graph, options, &mut view);
    }
    view
}

/// What stands for an operator: itself, or a closed module around it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unit {
    Operator(NodeId),
    /// Several layers that are one unit, by index.
    Group(usize),
    /// A closed module, and which of its calls when it is used several times.
    Module(ModuleId, u32),
}

pub(super) struct Builder<'a> {
    pub(super) graph: &'a Graph,
    options: &'a ViewOptions,
    pub(super) summary: Summary,
    pub(super) flow: Flow,
    /// Shown operators inside each module, everything below included.
    n_shown: Vec<usize>,
    /// Direct children of each module that show something, modules and operators.
    n_units: Vec<usize>,
    /// Modules that are one box however they are opened: a layer with the norm and activation behind it.
    one_box: Vec<bool>,
    open: Vec<bool>,
    calls: Calls,
    groups: Groups,
}

impl<'a> Builder<'a> {
    fn new(graph: &'a Graph, options: &'a ViewOptions) -> Self {
        let summary = summary(graph);
        let mut flow = flow(graph, &summary, options.plumbing);
        let n_modules = graph.modules().len();
        let mut n_shown = vec![0; n_modules];
        let mut n_units = vec![0; n_modules];
        let groups = Groups::new(graph, options, &mut flow);
        // What a module holds beside the groups that reach out of it.
        let mut n_own = vec![0; n_modules];
        for (id, node) in graph.nodes() {
            if flow.is_shown(id) && node.region.is_none() {
                n_shown[node.module.index()] += 1;
                if groups.of(id).is_none() {
                    n_units[node.module.index()] += 1;
                    n_own[node.module.index()] += 1;
                }
            }
        }
        for module in groups.homes() {
            n_units[module.index()] += 1;
            n_own[module.index()] += 1;
        }
        // Children have greater ids than their parents.
        let parents: Vec<Option<ModuleId>> = graph.modules().map(|(_, m)| m.parent).collect();
        for i in (1..n_modules).rev() {
            if let (Some(parent), true) = (parents[i], n_shown[i] > 0) {
                n_shown[parent.index()] += n_shown[i];
                n_own[parent.index()] += n_own[i];
                n_units[parent.index()] += usize::from(n_own[i] > 0);
            }
        }
        let calls = Calls::new(graph, &flow);
        let one_box = one_box(graph, options, &flow);
        let mut builder = Self {
            graph,
            options,
            summary,
            flow,
            n_shown,
            n_units,
            one_box,
            open: Vec::new(),
            calls,
            groups,
        };
        builder.open = builder.open_modules();
        builder.groups.open(graph, &mut builder.open, |m| n_own[m.index()]);
        builder.groups.close(graph, &builder.open, |m| n_own[m.index()] > 0);
        builder
    }

    /// A module that only wraps one thing, or one operator that is called several times, is not worth a frame or a
    /// level.
    fn is_wrapper(&self, module: ModuleId) -> bool {
        let i = module.index();
        self.n_units[i] <= 1 || self.one_box[i] || self.calls.are_single(module)
    }

    fn open_modules(&self) -> Vec<bool> {
        let graph = self.graph;
        let mut level = vec![0u32; graph.modules().len()];
        let mut open = vec![false; graph.modules().len()];
        for (id, module) in graph.modules() {
            let i = id.index();
            if let Some(parent) = module.parent {
                level[i] = level[parent.index()] + u32::from(!self.is_wrapper(parent));
            }
            open[i] = match self.options.depth {
                Depth::Full => !self.is_known_layer(id),
                Depth::Levels(n) => level[i] < n && !self.is_known_layer(id),
            } || self.is_wrapper(id);
        }
        if self.options.detail == Detail::Sketch {
            // A block of layers is one box of a sketch. Children have greater ids than their parents.
            let mut has_blocks = vec![false; graph.modules().len()];
            for (id, module) in graph.modules().collect::<Vec<_>>().into_iter().rev() {
                let i = id.index();
                // Where most of a model stands in one list of layers, that is no block.
                let is_model = self.n_shown[i] * 2 > self.n_shown[0];
                open[i] &= has_blocks[i] || module.parent.is_none() || self.is_wrapper(id) || is_model;
                if let Some(parent) = module.parent {
                    has_blocks[parent.index()] |=
                        has_blocks[i] || self.n_units[i] > 1 && !self.is_known_layer(id);
                }
            }
        }
        for path in &self.options.open {
            let inside = |p: &str| p.is_empty() || p == path || path.starts_with(&format!("{p}."));
            for (id, module) in graph.modules() {
                open[id.index()] |= inside(&module.path);
            }
        }
        for (id, module) in graph.modules() {
            open[id.index()] &= !self.options.closed.contains(&module.path);
        }
        open
    }

    /// A module without parts whose class is a layer everyone knows is one box however many operators it has, unless
    /// it ends in a softmax, as dense layers of Keras may, or is recurrent and has several levels: a box for each.
    pub(super) fn is_known_layer(&self, id: ModuleId) -> bool {
        let module = self.graph.module(id);
        let n = |category: Category| {
            let layer = |n: &&NodeId| layers::effective(self.graph, self.graph.node(**n));
            module.nodes.iter().filter(|n| layer(n).is_some_and(|l| l.category == category)).count()
        };
        module.children.iter().all(|c| self.n_shown[c.index()] == 0)
            && self.layer_of(id).is_some_and(|l| l.category != Category::Recurrent || n(l.category) <= 1)
            && (module.nodes.len() == 1 || n(Category::Loss) == 0)
    }

    pub(super) fn layer_of(&self, id: ModuleId) -> Option<&'static layers::Layer> {
        let class = self.graph.module(id).class.as_deref()?;
        layers::find_by_name("torch", class).or_else(|| layers::find_by_name("keras", class))
    }

    /// What stands for an operator in this view.
    fn unit(&self, node: NodeId) -> Unit {
        let mut node = node;
        // Bodies of control-flow operators are shown as the operator.
        for _ in 0..=self.graph.regions().len() {
            match self.graph.node(node).region.and_then(|r| self.graph.region(r).owner) {
                Some(owner) if owner != node => node = owner,
                _ => break,
            }
        }
        let (mut unit, mut module) = match self.groups.of(node) {
            Some(group) => (Unit::Group(group), Some(self.groups.home(group))),
            None => (Unit::Operator(node), Some(self.graph.node(node).module)),
        };
        while let Some(id) = module {
            if !self.open[id.index()] {
                unit = Unit::Module(id, self.calls.of(id, node));
            }
            module = self.graph.module(id).parent;
        }
        // A closed module goes by the name of the outermost part that holds nothing else.
        if let Unit::Module(id, call) = unit {
            let mut outer = id;
            while let Some(parent) = self.graph.module(outer).parent {
                if !self.is_wrapper(parent) || self.graph.module(parent).parent.is_none() {
                    break;
                }
                outer = parent;
            }
            unit = Unit::Module(outer, call);
        }
        unit
    }

    fn build(self) -> View {
        let graph = self.graph;
        // Units in order of their first operator, with the operators they stand for.
        let mut units: BTreeMap<Unit, Vec<NodeId>> = BTreeMap::new();
        let unit_of: Vec<Unit> = graph.nodes().map(|(id, _)| self.unit(id)).collect();
        for (id, node) in graph.nodes() {
            if node.region.is_none() && self.flow.is_shown(id) {
                units.entry(unit_of[id.index()]).or_default().push(id);
            }
        }
        for (id, _) in graph.nodes() {
            if let Some(list) = self.flow.serves(id).and_then(|l| units.get_mut(&unit_of[l.index()])) {
                list.push(id);
            }
        }
        let mut ordered: Vec<(Unit, Vec<NodeId>)> = units.into_iter().collect();
        ordered.sort_by_key(|(_, operators)| operators.first().copied());

        let mut nodes: Vec<ViewNode> = Vec::new();
        let mut inputs: BTreeMap<usize, usize> = BTreeMap::new();
        for (i, tensor) in graph.inputs.iter().enumerate() {
            inputs.insert(tensor.index(), nodes.len());
            let tensor_ref = graph.tensor(*tensor);
            nodes.push(ViewNode {
                kind: NodeKind::Input,
                title: ends::input(graph, *tensor),
                subtitle: number::shape(tensor_ref.ty.shape(), self.options.batch),
                output: Some(*tensor),
                ..blank(Key::new(format!("input:{i}:{}", safe(&tensor_ref.name))))
            });
        }

        let mut containers: BTreeMap<(ModuleId, u32), usize> = BTreeMap::new();
        let mut place: BTreeMap<Unit, usize> = BTreeMap::new();
        let mut used: BTreeSet<Key> = BTreeSet::new();
        // Files without names have one key for many boxes: each goes on counting where the last one stopped.
        let mut copies: BTreeMap<Key, u32> = BTreeMap::new();
        for (unit, operators) in ordered {
            let module = match unit {
                Unit::Operator(id) => Some(graph.node(id).module),
                Unit::Group(group) => Some(self.groups.home(group)),
                Unit::Module(id, _) => graph.module(id).parent,
            };
            let first = operators.first().copied().unwrap_or(NodeId::new(0));
            let parent = module.and_then(|m| self.container(m, first, &mut containers, &mut nodes));
            let base = parent.map(|p| nodes[p].modules.last().map_or("", |m| graph.module(*m).path.as_str()));
            let mut node = match unit {
                Unit::Operator(id) => self.operator(id),
                Unit::Group(group) => self.groups.node(graph, group),
                Unit::Module(id, _) => self.module(id, base.unwrap_or("")),
            };
            node.operators = operators;
            node.parent = parent;
            let key = node.key.clone();
            let copy = copies.entry(key.clone()).or_insert(1u32);
            while !used.insert(node.key.clone()) {
                *copy += 1;
                node.key = Key::new(format!("{key}~{copy}"));
            }
            place.insert(unit, nodes.len());
            nodes.push(node);
        }

        let mut edges: Vec<ViewEdge> = Vec::new();
        let mut seen = BTreeSet::new();
        for (id, node) in graph.nodes() {
            if !self.flow.is_shown(id) {
                continue;
            }
            let Some(&target) = place.get(&unit_of[id.index()]) else { continue };
            for (position, tensor) in node.inputs.iter().enumerate() {
                let Some(arrives) = *tensor else { continue };
                if !self.options.plumbing && !flow::is_data(node, position) {
                    continue;
                }
                let origin = self.flow.origin(graph, arrives);
                let source = match graph.tensor(origin).producer {
                    Producer::Input(_) => inputs.get(&origin.index()).copied(),
                    Producer::Node(from, _) if self.flow.is_shown(from) => {
                        place.get(&unit_of[from.index()]).copied()
                    }
                    _ => None,
                };
                let Some(source) = source else { continue };
                // Two operands of one operator may be the same tensor: `x · x` has two arrows in truth, one in a
                // picture.
                let is_unit = matches!(unit_of[id.index()], Unit::Group(_));
                let port = self.groups.port(id, position).filter(|_| is_unit);
                if source != target && seen.insert((source, target, origin, port)) {
                    edges.push(ViewEdge {
                        source,
                        target,
                        tensor: origin,
                        arrives,
                        reader: Some((id, position)),
                        skip: false,
                        projected: false,
                        back: false,
                        port,
                        trunk: false,
                    });
                }
            }
        }
        for (i, &tensor) in graph.outputs.iter().enumerate() {
            let origin = self.flow.origin(graph, tensor);
            let source = match graph.tensor(origin).producer {
                Producer::Input(_) => inputs.get(&origin.index()).copied(),
                Producer::Node(from, _) => place.get(&unit_of[from.index()]).copied(),
                _ => None,
            };
            let name = &graph.tensor(tensor).name;
            let target = nodes.len();
            nodes.push(ViewNode {
                kind: NodeKind::Output,
                title: ends::output(graph, &self.flow, tensor),
                subtitle: number::shape(graph.tensor(tensor).ty.shape(), self.options.batch),
                ..blank(Key::new(format!("output:{i}:{}", safe(name))))
            });
            if let Some(source) = source {
                edges.push(ViewEdge {
                    source,
                    target,
                    tensor: origin,
                    arrives: tensor,
                    reader: None,
                    skip: false,
                    projected: false,
                    back: false,
                    port: None,
                    trunk: false,
                });
            }
        }
        for edge in &edges {
            nodes[edge.source].output.get_or_insert(edge.tensor);
        }

        let mut view = View {
            nodes,
            edges,
            summary: self.summary,
            trunk: Vec::new(),
            callouts: Vec::new(),
            was: None,
            legend: None,
        };
        // An input that nothing shown reads is left out: shape operands and unused masks.
        let degrees = view.degrees();
        let gone: Vec<bool> = view
            .nodes
            .iter()
            .zip(&degrees)
            .map(|(n, (_, out))| n.kind == NodeKind::Input && *out == 0 && view.nodes.len() > 1)
            .collect();
        view.remove(&gone);
        view
    }

    /// The frame for an open module, made with those around it when first needed; wrappers have none.
    fn container(
        &self,
        module: ModuleId,
        node: NodeId,
        containers: &mut BTreeMap<(ModuleId, u32), usize>,
        nodes: &mut Vec<ViewNode>,
    ) -> Option<usize> {
        let mut chain = Vec::new();
        let mut at = Some(module);
        while let Some(id) = at {
            let parent = self.graph.module(id).parent;
            if parent.is_some() && !self.is_wrapper(id) {
                chain.push(id);
            }
            at = parent;
        }
        let mut outer = None;
        for id in chain.into_iter().rev() {
            let call = self.calls.of(id, node);
            let index = *containers.entry((id, call)).or_insert_with(|| {
                let module = self.graph.module(id);
                let base = outer.map_or("", |o: usize| {
                    nodes[o].modules.last().map_or("", |m: &ModuleId| self.graph.module(*m).path.as_str())
                });
                nodes.push(ViewNode {
                    parent: outer,
                    kind: NodeKind::Container,
                    title: relative(&module.path, base),
                    subtitle: self.class(id),
                    category: self.heaviest(id),
                    modules: vec![id],
                    ..blank(Key::new(match call {
                        0 => safe(&module.path),
                        n => format!("{}~{}", safe(&module.path), n + 1),
                    }))
                });
                nodes.len() - 1
            });
            outer = Some(index);
        }
        outer
    }
}

/// The most operators of a layer with what follows it in one box.
const MAX_FUSED: usize = 4;

/// Which modules hold a layer and nothing but the norm and activation behind it, which [`super::fuse`] makes one box.
fn one_box(graph: &Graph, options: &ViewOptions, flow: &Flow) -> Vec<bool> {
    let n = graph.modules().len();
    let mut one = vec![false; n];
    if options.plumbing {
        return one;
    }
    // Children have greater ids than their parents, so each list is whole when its turn comes.
    let mut inside: Vec<Vec<NodeId>> = vec![Vec::new(); n];
    let modules: Vec<_> = graph.modules().collect();
    for (id, module) in modules.into_iter().rev() {
        let i = id.index();
        let mut held = std::mem::take(&mut inside[i]);
        held.extend(module.nodes.iter().copied().filter(|n| flow.is_shown(*n)));
        held.truncate(MAX_FUSED + 1);
        held.sort_unstable();
        let kinds: Vec<Category> = held.iter().map(|n| flow::category(graph, graph.node(*n))).collect();
        let follows = |c: &Category| matches!(c, Category::Norm | Category::Activation);
        one[i] = module.parent.is_some()
            && (2..=MAX_FUSED).contains(&held.len())
            && matches!(kinds[0], Category::Conv | Category::Linear)
            && kinds[1..].iter().all(follows)
            && held.windows(2).all(|w| reads(graph, flow, w[1], w[0]));
        if let Some(parent) = module.parent {
            inside[parent.index()].extend(held);
        }
    }
    one
}

/// Whether an operator reads what another makes.
fn reads(graph: &Graph, flow: &Flow, reader: NodeId, from: NodeId) -> bool {
    let inputs = graph.node(reader).inputs.iter().flatten();
    let origins = inputs.map(|t| graph.tensor(flow.origin(graph, *t)).producer);
    origins.into_iter().any(|p| matches!(p, Producer::Node(n, _) if n == from))
}

pub(super) fn blank(key: Key) -> ViewNode {
    ViewNode {
        key,
        parent: None,
        kind: NodeKind::Layer,
        header: String::new(),
        title: String::new(),
        subtitle: String::new(),
        details: Vec::new(),
        bands: Vec::new(),
        category: Category::Other,
        repeat: 1,
        notes: Vec::new(),
        modules: Vec::new(),
        operators: Vec::new(),
        output: None,
        look: Look::default(),
    }
}

/// A path without the part that the frame around already says; a bare number keeps one name before it.
pub(super) fn relative(path: &str, base: &str) -> String {
    let rest = path.strip_prefix(base).map_or(path, |rest| rest.strip_prefix('.').unwrap_or(rest));
    if !rest.bytes().all(|b| b.is_ascii_digit()) {
        return rest.to_owned();
    }
    let dots: Vec<usize> = path.match_indices('.').map(|(at, _)| at).collect();
    let from = dots.len().checked_sub(2).map_or(0, |d| dots[d] + 1);
    path[from..].to_owned()
}

/// `#` parts a key's subject from its piece, so it may not stand in a name.
pub(super) fn safe(name: &str) -> String {
    name.replace('#', "%23")
}

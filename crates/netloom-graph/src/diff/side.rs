//! One of the two models: its operators with what is compared of them, and the tree of its modules.

use std::collections::BTreeMap;

use super::order::{self, Flow};
use super::prepare::Prepared;
use super::settings::{self, settings};
use crate::summary::Summary;
use crate::{Category, Graph, ModuleId, NodeId, Producer, TensorId, layers};

/// A fingerprint that is the same on every platform (FNV-1a, 64 bits).
pub(super) struct Print(u64);

impl Default for Print {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Print {
    pub fn bytes(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }

    pub fn number(&mut self, n: u64) {
        self.bytes(&n.to_le_bytes());
    }

    pub fn finish(&self) -> u64 {
        // The last bytes alone would leave the upper bits close together.
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}

/// An operator with what is compared of it.
pub(super) struct Op {
    pub id: NodeId,
    pub kind: String,
    /// Fingerprint of its kind.
    pub kind_print: u64,
    pub category: Option<Category>,
    pub settings: BTreeMap<String, String>,
    /// Sizes and element type of what it makes.
    pub output: (Vec<Option<i64>>, String),
    /// Stored tensors that it reads, by role: sizes and the type they are stored in.
    pub weights: Vec<(String, Vec<Option<i64>>, String)>,
    /// The types to which what it reads as data is rounded first.
    pub rounded: Vec<String>,
    /// Fingerprint of settings; of sizes; of both, kind and wiring.
    pub settings_print: u64,
    pub sizes_print: u64,
    pub exact: u64,
    /// The operators that make what it reads as data, by place in the order; `None` for what no operator makes.
    pub makers: Vec<Option<usize>>,
    /// The last part of its name, which decides between equals.
    pub name: u64,
}

/// A module that holds compared operators.
pub(super) struct Part {
    pub module: ModuleId,
    /// What it holds, in the order of the data.
    pub units: Vec<Unit>,
    /// Places of all its operators, in order.
    pub ops: Vec<usize>,
    /// How often each kind comes in it, by fingerprint.
    pub bag: Vec<(u64, u32)>,
    /// Fingerprints of the kinds in order, and of everything.
    pub shape: u64,
    pub exact: u64,
    /// Fingerprints of its class and of its own name.
    pub class: u64,
    pub name: u64,
}

/// What a module holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Unit {
    /// An operator, by place.
    Op(usize),
    /// A module, by index of parts.
    Part(usize),
}

pub(super) struct Side<'a> {
    pub graph: &'a Graph,
    pub ops: Vec<Op>,
    /// The place of each node among the compared operators.
    pub place: Vec<Option<usize>>,
    pub parts: Vec<Part>,
    /// The part of each module, where it holds compared operators.
    pub part_of: Vec<Option<usize>>,
    pub movement: BTreeMap<String, usize>,
    pub summary: Summary,
}

impl<'a> Side<'a> {
    pub fn new(prepared: &'a Prepared) -> Self {
        let graph = &prepared.graph;
        let Flow { order, movers, is_compared, summary } = order::flow(graph);
        let mut place = vec![None; graph.nodes().len()];
        for (at, id) in order.iter().enumerate() {
            place[id.index()] = Some(at);
        }
        let ops =
            order.iter().enumerate().map(|(at, id)| op(prepared, *id, at, &place, &is_compared)).collect();
        let mut movement = BTreeMap::new();
        for id in movers {
            *movement.entry(order::kind(graph, graph.node(id))).or_insert(0) += 1;
        }
        let mut side = Self {
            graph,
            ops,
            place,
            parts: Vec::new(),
            part_of: vec![None; graph.modules().len()],
            movement,
            summary,
        };
        side.grow();
        side
    }

    /// Size and content, for a fixed order of two models.
    pub fn rank(&self) -> (usize, u64) {
        (self.ops.len(), self.parts.first().map_or(0, |p| p.exact))
    }

    /// The parts, each before what it holds.
    fn grow(&mut self) {
        let graph = self.graph;
        let add = |module: ModuleId, parts: &mut Vec<Part>, part_of: &mut Vec<Option<usize>>| {
            let at = parts.len();
            let m = graph.module(module);
            let text = |t: &str| {
                let mut print = Print::default();
                print.text(t);
                print.finish()
            };
            parts.push(Part {
                module,
                units: Vec::new(),
                ops: Vec::new(),
                bag: Vec::new(),
                shape: 0,
                exact: 0,
                class: m.class.as_deref().map_or(0, text),
                name: text(&m.name),
            });
            part_of[module.index()] = Some(at);
            at
        };
        let root = add(graph.root(), &mut self.parts, &mut self.part_of);
        let homes = self.homes();
        for (at, home) in homes.into_iter().enumerate() {
            let mut unit = Unit::Op(at);
            let mut module = Some(home);
            let mut is_new = true;
            while let Some(m) = module {
                let part = match self.part_of[m.index()] {
                    Some(part) => part,
                    None => add(m, &mut self.parts, &mut self.part_of),
                };
                if is_new {
                    is_new = self.parts[part].ops.is_empty() && part != root;
                    self.parts[part].units.push(unit);
                    unit = Unit::Part(part);
                }
                self.parts[part].ops.push(at);
                module = graph.module(m).parent;
            }
        }
        for part in &mut self.parts {
            let mut bag: BTreeMap<u64, u32> = BTreeMap::new();
            let (mut shape, mut exact) = (Print::default(), Print::default());
            for op in part.ops.iter().map(|at| &self.ops[*at]) {
                *bag.entry(op.kind_print).or_insert(0) += 1;
                shape.number(op.kind_print);
                exact.number(op.exact);
            }
            part.bag = bag.into_iter().collect();
            (part.shape, part.exact) = (shape.finish(), exact.finish());
        }
    }

    /// The module that each operator counts to: one that holds several operators of one kind and nothing else is one
    /// layer called in several places, which the module around holds at each.
    fn homes(&self) -> Vec<ModuleId> {
        let mut kinds: BTreeMap<ModuleId, Vec<u64>> = BTreeMap::new();
        for op in &self.ops {
            kinds.entry(self.graph.node(op.id).module).or_default().push(op.kind_print);
        }
        let is_layer = |m: ModuleId| {
            let kinds = kinds.get(&m).map(Vec::as_slice).unwrap_or_default();
            self.graph.module(m).children.is_empty()
                && kinds.len() > 1
                && kinds.windows(2).all(|w| w[0] == w[1])
        };
        let home = |op: &Op| {
            let module = self.graph.node(op.id).module;
            self.graph.module(module).parent.filter(|_| is_layer(module)).unwrap_or(module)
        };
        self.ops.iter().map(home).collect()
    }

    /// A module that holds one thing is that thing.
    pub fn unwrapped(&self, mut unit: Unit) -> Unit {
        while let Unit::Part(part) = unit {
            match self.parts[part].units.as_slice() {
                [only] => unit = *only,
                _ => break,
            }
        }
        unit
    }
}

/// The tensor behind operators that only move it.
pub(super) fn origin(graph: &Graph, is_compared: &[bool], tensor: TensorId) -> TensorId {
    let mut at = tensor;
    // Cycles of movers exist in damaged files only; the bound ends the walk there.
    for _ in 0..=graph.nodes().len() {
        let Producer::Node(id, _) = graph.tensor(at).producer else { break };
        if is_compared[id.index()] {
            break;
        }
        let node = graph.node(id);
        let Some(before) = order::moved(graph, node).and_then(|p| node.input(p)) else { break };
        at = before;
    }
    at
}

fn sizes(graph: &Graph, tensor: TensorId) -> Vec<Option<i64>> {
    let dims = graph.tensor(tensor).ty.shape().dims().unwrap_or_default();
    dims.iter().map(crate::Dim::as_known).collect()
}

fn op(prepared: &Prepared, id: NodeId, at: usize, place: &[Option<usize>], is_compared: &[bool]) -> Op {
    let graph = &prepared.graph;
    let node = graph.node(id);
    let kind = order::kind(graph, node);
    let category = layers::effective(graph, node).map(|l| l.category);
    let settings = settings(graph, node);
    let output = node.output(0).map_or_else(Default::default, |t| {
        let dtype = graph.tensor(t).ty.dtype().map_or_else(String::new, |d| d.to_string());
        (sizes(graph, t), dtype)
    });
    let (mut weights, mut makers, mut rounded) = (Vec::new(), Vec::new(), Vec::new());
    for (position, tensor) in node.inputs.iter().enumerate() {
        let Some(tensor) = *tensor else { continue };
        let read = graph.tensor(graph.origin(tensor));
        if let Some(stored) = settings::stored(graph, tensor) {
            if settings::operand(node, position, read).is_none() && crate::movement::is_data(node, position) {
                weights.push(weight(prepared, (stored, tensor), category, weights.len()));
            }
            continue;
        }
        if !crate::movement::is_data(node, position) || read.value.is_some() {
            continue;
        }
        let from = origin(graph, is_compared, tensor);
        let types = [graph.origin(tensor), from].into_iter().find_map(|t| prepared.rounded.get(&t));
        rounded.extend(types.map(ToString::to_string));
        makers.push(match graph.tensor(from).producer {
            Producer::Node(maker, _) => place[maker.index()],
            _ => None,
        });
    }
    rounded.sort();
    rounded.dedup();
    if order::is_commutative(node) {
        makers.sort_unstable();
    }
    let print = |fill: &dyn Fn(&mut Print)| {
        let mut print = Print::default();
        fill(&mut print);
        print.finish()
    };
    let kind_print = print(&|p| p.text(&kind));
    let settings_print = print(&|p| {
        for (name, value) in &settings {
            p.text(name);
            p.text(value);
        }
    });
    let size = |p: &mut Print, sizes: &[Option<i64>]| {
        p.number(sizes.len() as u64);
        sizes.iter().for_each(|n| p.number(n.map_or(u64::MAX, i64::unsigned_abs)));
    };
    let sizes_print = print(&|p| {
        size(p, &output.0);
        p.text(&output.1);
        for (_, sizes, dtype) in &weights {
            size(p, sizes);
            p.text(dtype);
        }
    });
    let exact = print(&|p| {
        [kind_print, settings_print, sizes_print].iter().for_each(|n| p.number(*n));
        // How far back it reads, not from where.
        makers.iter().for_each(|m| p.number(m.map_or(u64::MAX, |m| at.abs_diff(m) as u64)));
    });
    let name = print(&|p| p.text(&graph.node_path(id)));
    Op {
        id,
        kind,
        kind_print,
        category,
        settings,
        output,
        weights,
        rounded,
        settings_print,
        sizes_print,
        exact,
        makers,
        name,
    }
}

/// The role of a stored tensor, its sizes and the type it is stored in.
fn weight(
    prepared: &Prepared,
    (stored, read): (TensorId, TensorId),
    category: Option<Category>,
    before: usize,
) -> (String, Vec<Option<i64>>, String) {
    let graph = &prepared.graph;
    let mut dims = sizes(graph, read);
    if dims.is_empty() {
        dims = sizes(graph, stored);
    }
    let is_matrix = dims.len() >= 2;
    if !matches!(category, Some(Category::Linear | Category::Conv)) {
        let ones = dims.iter().take_while(|d| **d == Some(1)).count();
        dims.drain(..ones);
    }
    if category == Some(Category::Linear) && is_matrix {
        // A matrix may be stored either way round.
        dims.sort_unstable();
    }
    let role = match category {
        Some(Category::Conv | Category::Linear) => {
            if is_matrix {
                "weight".to_owned()
            } else {
                "bias".to_owned()
            }
        }
        _ => format!("weight {}", before + 1),
    };
    let own = graph.tensor(stored).ty.dtype();
    let dtype = prepared.stored_as.get(&stored).copied().or(own);
    (role, dims, dtype.map_or_else(String::new, |d| d.to_string()))
}

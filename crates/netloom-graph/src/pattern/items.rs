//! A graph as patterns see it: operators, and the blocks that earlier patterns made of them.

use std::collections::BTreeMap;

use super::{Atom, MAX_PATTERNS, Match};
use crate::layers;
use crate::{Graph, ModuleId, NodeId, Producer, TensorId};

/// Kinds that hand on what they read without computing anything.
const PASSING: &[&str] =
    &["cast", "cast_like", "dropout", "flatten", "identity", "reshape", "squeeze", "transpose", "unsqueeze"];

/// Operators and blocks.
pub(super) struct Items<'a> {
    pub graph: &'a Graph,
    /// The block that each operator belongs to.
    block: Vec<Option<usize>>,
    pub blocks: Vec<Match>,
    /// Which tensors are results of the model or of a body.
    results: Vec<bool>,
}

/// One operator or one block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Item {
    Node(NodeId),
    Block(usize),
}

impl<'a> Items<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        let mut results = vec![false; graph.tensors().len()];
        let of_regions = graph.regions().flat_map(|(_, r)| &r.outputs);
        for tensor in graph.outputs.iter().chain(of_regions) {
            results[tensor.index()] = true;
        }
        Self { graph, block: vec![None; graph.nodes().len()], blocks: Vec::new(), results }
    }

    /// The item that an operator belongs to; bodies of control-flow operators are no part of blocks.
    pub fn of(&self, node: NodeId) -> Option<Item> {
        if self.graph.node(node).region.is_some() {
            return None;
        }
        Some(self.block[node.index()].map_or(Item::Node(node), Item::Block))
    }

    pub fn nodes(&self, item: Item) -> &[NodeId] {
        match item {
            Item::Node(_) => &[],
            Item::Block(block) => &self.blocks[block].nodes,
        }
    }

    /// Makes a block of operators; what was a block inside it is one no more.
    pub fn add(&mut self, found: Match) {
        for node in &found.nodes {
            self.block[node.index()] = Some(self.blocks.len());
        }
        self.blocks.push(found);
    }

    /// Blocks that are no part of others.
    pub fn whole(self) -> Vec<Match> {
        let mut count = vec![0; self.blocks.len()];
        for block in self.block.iter().flatten() {
            count[*block] += 1;
        }
        let mut whole: Vec<Match> = self
            .blocks
            .into_iter()
            .zip(count)
            .filter(|(b, count)| b.nodes.len() == *count && b.pattern < MAX_PATTERNS)
            .map(|(b, _)| b)
            .collect();
        whole.sort_by_key(|b| b.nodes.last().copied());
        whole
    }

    /// Whether an item is what a pattern names.
    pub fn is(&self, item: Item, atom: &Atom) -> bool {
        match item {
            Item::Block(block) => {
                let pattern = self.blocks[block].pattern;
                let of_class = pattern >= MAX_PATTERNS && atom.class == Some(pattern - MAX_PATTERNS);
                (of_class || atom.pattern == Some(pattern)) && atom.kernel.is_none()
            }
            Item::Node(id) => {
                let node = self.graph.node(id);
                let effective = layers::effective(self.graph, node);
                let kind = |l: &layers::Layer| atom.kinds.binary_search(&l.name).is_ok();
                let named = effective.is_some_and(kind)
                    || node.layer.is_some_and(kind)
                    || node.layer.is_none() && super::names::plain(&node.op) == atom.name;
                named && atom.kernel.as_ref().is_none_or(|k| self.kernel(id).as_ref() == Some(k))
            }
        }
    }

    fn kernel(&self, id: NodeId) -> Option<Vec<i64>> {
        let node = self.graph.node(id);
        if let Some(kernel) = node.attributes.ints("kernel_shape") {
            return Some(kernel.to_vec());
        }
        let dims = self.graph.tensor(node.input(1)?).ty.shape().dims()?;
        dims.get(2..)?.iter().map(|d| d.as_known()).collect()
    }

    /// The tensors that an item reads from outside itself, each once.
    pub fn inputs(&self, item: Item) -> Vec<TensorId> {
        let node;
        let nodes = match item {
            Item::Node(id) => {
                node = [id];
                &node[..]
            }
            Item::Block(block) => &self.blocks[block].nodes,
        };
        let mut found = Vec::new();
        for tensor in nodes.iter().flat_map(|n| self.graph.node(*n).inputs.iter().flatten()) {
            let inside = self.maker(*tensor).is_some_and(|n| self.of(n) == Some(item));
            if !inside && !found.contains(tensor) {
                found.push(*tensor);
            }
        }
        found
    }

    pub fn maker(&self, tensor: TensorId) -> Option<NodeId> {
        match self.graph.tensor(tensor).producer {
            Producer::Node(id, _) => Some(id),
            _ => None,
        }
    }

    /// Whether an operator only hands its first input on in another arrangement.
    pub fn passes(&self, id: NodeId) -> bool {
        self.graph.node(id).layer.is_some_and(|l| PASSING.contains(&l.name))
    }

    /// Whether only the last of some operators gives anything away.
    pub fn is_closed(&self, nodes: &[NodeId], last: &[NodeId]) -> bool {
        let inside = |n: &NodeId| nodes.binary_search(n).is_ok();
        nodes.iter().filter(|n| !last.contains(n)).all(|n| {
            self.graph.node(*n).outputs.iter().flatten().all(|t| {
                !self.results[t.index()] && self.graph.tensor(*t).consumers.iter().all(|(r, _)| inside(r))
            })
        })
    }

    /// Makes a block of every module of the classes that patterns name; returns what the operators were part of.
    pub fn open_classes(&mut self, pattern: usize, is_class: impl Fn(&str) -> bool) -> Vec<Option<usize>> {
        let before = self.block.clone();
        let mut nodes: BTreeMap<ModuleId, Vec<NodeId>> = BTreeMap::new();
        for (id, node) in self.graph.nodes().filter(|(_, n)| n.region.is_none()) {
            // What is known before the model runs may serve other modules too.
            if node.outputs.iter().flatten().all(|t| self.graph.tensor(*t).value.is_some()) {
                continue;
            }
            let mut module = Some(node.module);
            while let Some(m) = module {
                if self.graph.module(m).class.as_deref().is_some_and(&is_class) {
                    nodes.entry(m).or_default().push(id);
                    break;
                }
                module = self.graph.module(m).parent;
            }
        }
        for nodes in nodes.into_values() {
            self.add(Match { pattern, nodes });
        }
        before
    }

    /// Undoes the blocks of classes that no pattern has used.
    pub fn close_classes(&mut self, pattern: usize, before: &[Option<usize>]) {
        for (block, before) in self.block.iter_mut().zip(before) {
            if block.is_some_and(|b| self.blocks[b].pattern == pattern) {
                *block = *before;
            }
        }
    }
}

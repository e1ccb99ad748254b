//! The stream of data through one module: which operators carry it, what each is, and who feeds whom.

use std::collections::BTreeMap;

use super::facts::{Facts, kind, matrices};
use super::side;
use crate::layers;
use crate::{Category, Dim, Graph, ModuleId, Node, NodeId, Producer, TensorId};

/// What an operator is to someone who looks for blocks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    /// A convolution of kernel size one.
    Pointwise,
    /// A convolution over positions.
    Spatial,
    /// A convolution of every channel alone.
    Depthwise,
    /// A convolution that increases resolution.
    Transposed,
    /// A product with a learned matrix.
    Linear,
    /// A look-up in a learned table.
    Embedding,
    /// Attention.
    Attention,
    /// A recurrent layer.
    Recurrent,
    /// A product of two streams of data.
    Product,
    /// Normalisation.
    Norm,
    /// A pointwise nonlinearity.
    Activation,
    /// Pooling.
    Pool,
    /// Upsampling without weights.
    Resize,
    /// Addition of streams.
    Add,
    /// Concatenation of streams.
    Concat,
    /// A product element by element of streams.
    Gate,
    /// What only moves or scales data.
    Plumbing,
}

impl Class {
    /// Whether it holds matrices that are learned, or mixes positions.
    pub fn is_heavy(self) -> bool {
        self <= Self::Product
    }

    /// Whether it is a convolution.
    pub fn is_conv(self) -> bool {
        self <= Self::Transposed
    }

    /// Whether it dresses the layer before it.
    pub fn is_trim(self) -> bool {
        matches!(self, Self::Norm | Self::Activation)
    }
}

/// The operators of one module that carry data which a learned layer has seen; numbered so that producers come first.
pub(super) struct Flow<'a> {
    pub graph: &'a Graph,
    /// The nodes; `None` for data from outside that several of them read.
    pub ids: Vec<Option<NodeId>>,
    pub class: Vec<Class>,
    pub feeds: Vec<Vec<usize>>,
    pub reads: Vec<Vec<usize>>,
    /// Learned matrices that each reads.
    pub matrices: Vec<Vec<TensorId>>,
    /// Whether it is an attention that reads its keys from another stream than its queries.
    pub is_cross: Vec<bool>,
}

impl<'a> Flow<'a> {
    /// The flow through the operators directly in one module.
    pub fn new(graph: &'a Graph, facts: &Facts, module: ModuleId) -> Self {
        let nodes: Vec<NodeId> = facts
            .order
            .iter()
            .copied()
            .filter(|id| {
                let node = graph.node(*id);
                facts.live[id.index()] && node.module == module && node.region.is_none()
            })
            .collect();
        let mut place = vec![usize::MAX; graph.nodes().len()];
        let sources = sources(graph, facts, &nodes);
        for (i, id) in nodes.iter().enumerate() {
            place[id.index()] = sources.len() + i;
        }
        let ids: Vec<Option<NodeId>> =
            sources.iter().map(|_| None).chain(nodes.iter().copied().map(Some)).collect();
        let n = ids.len();
        let mut flow = Self {
            graph,
            class: vec![Class::Plumbing; sources.len()],
            feeds: vec![Vec::new(); n],
            reads: vec![Vec::new(); n],
            matrices: ids
                .iter()
                .map(|id| id.map_or_else(Vec::new, |id| matrices(graph, &facts.learned, id).collect()))
                .collect(),
            is_cross: vec![false; n],
            ids,
        };
        for (i, id) in nodes.iter().enumerate() {
            let i = sources.len() + i;
            let node = graph.node(*id);
            let is_attention = node.domain == "loom" && kind(graph, node) == "attention";
            let memory = is_attention && side::attends_elsewhere(graph, node);
            flow.is_cross[i] = memory;
            for (position, tensor) in node.inputs.iter().enumerate() {
                let Some(tensor) = *tensor else { continue };
                let from = match graph.tensor(tensor).producer {
                    Producer::Node(from, _) if place[from.index()] != usize::MAX => place[from.index()],
                    _ => match sources.binary_search(&tensor) {
                        Ok(source) => source,
                        Err(_) => continue,
                    },
                };
                let is_side = is_attention && (position > 2 || memory && position > 0);
                if !is_side {
                    flow.reads[i].push(from);
                }
            }
            flow.reads[i].sort_unstable();
            flow.reads[i].dedup();
            for from in &flow.reads[i] {
                flow.feeds[*from].push(i);
            }
            let class = flow.classify(i, node);
            flow.class.push(class);
        }
        side::mute(&mut flow);
        flow
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    fn classify(&self, i: usize, node: &Node) -> Class {
        let Some(layer) = layers::effective(self.graph, node) else { return Class::Plumbing };
        let merges = self.reads[i].len() > 1;
        match layer.name {
            "add" | "sum" | "sub" if merges => return Class::Add,
            "concat" if merges => return Class::Concat,
            "mul" | "div" if merges => return Class::Gate,
            "matmul" | "einsum" if merges && self.matrices[i].is_empty() => return Class::Product,
            "conv_transpose" => return Class::Transposed,
            "relu" | "sigmoid" | "tanh" | "clip" => return Class::Activation,
            "space_to_depth" => return Class::Pool,
            "depth_to_space" => return Class::Resize,
            _ => {}
        }
        match layer.category {
            Category::Conv => self.convolution(node),
            Category::Linear if !self.matrices[i].is_empty() => Class::Linear,
            Category::Linear if merges => Class::Product,
            Category::Attention => Class::Attention,
            Category::Recurrent => Class::Recurrent,
            Category::Norm => Class::Norm,
            Category::Activation => Class::Activation,
            Category::Pool => Class::Pool,
            Category::Upsample => Class::Resize,
            Category::Embedding => Class::Embedding,
            _ => Class::Plumbing,
        }
    }

    fn convolution(&self, node: &Node) -> Class {
        let dims = |t: Option<TensorId>| t.and_then(|t| self.graph.tensor(t).ty.shape().dims());
        let Some([_, per_group, kernel @ ..]) = dims(node.input(1)) else { return Class::Spatial };
        let group = node.attributes.int("group").unwrap_or(1);
        if group > 1 && per_group.as_known() == Some(1) {
            Class::Depthwise
        } else if kernel.iter().all(|k| k.as_known() == Some(1)) {
            Class::Pointwise
        } else {
            Class::Spatial
        }
    }

    /// The canonical kind of an operator; empty where nobody knows it.
    pub fn kind(&self, i: usize) -> &'static str {
        self.ids[i].map_or("", |id| kind(self.graph, self.graph.node(id)))
    }

    /// What an operator makes, without the batch.
    pub fn shape(&self, i: usize) -> Option<&'a [Dim]> {
        let tensor = self.graph.node(self.ids[i]?).output(0)?;
        self.graph.tensor(tensor).ty.shape().dims()?.get(1..)
    }

    /// How many positions along each axis an operator makes; `None` where its result has no positions.
    pub fn resolution(&self, i: usize) -> Option<&'a [Dim]> {
        match self.shape(i)? {
            [_, positions @ ..] if positions.len() > 1 => Some(positions),
            [positions, _] => Some(std::slice::from_ref(positions)),
            _ => None,
        }
    }

    /// Whether it may change resolution; what only moves data may seem to.
    pub fn scales(&self, i: usize) -> bool {
        self.class[i].is_conv() || matches!(self.class[i], Class::Pool | Class::Resize | Class::Concat)
    }

    /// How many positions an operator makes, where that is known.
    pub fn area(&self, i: usize) -> Option<u64> {
        self.resolution(i)?.iter().try_fold(1u64, |n, d| n.checked_mul(d.as_size()?))
    }
}

/// Tensors from outside that several nodes read, one of them as its only stream, in order: a first block may have its
/// short cut from there.
fn sources(graph: &Graph, facts: &Facts, nodes: &[NodeId]) -> Vec<TensorId> {
    let mut is_here = vec![false; graph.nodes().len()];
    for id in nodes {
        is_here[id.index()] = true;
    }
    let is_outer = |t: &TensorId| match graph.tensor(*t).producer {
        Producer::Node(from, _) => !is_here[from.index()],
        _ => true,
    };
    // How many read it, and whether one of them reads nothing from inside.
    let mut readers: BTreeMap<TensorId, (usize, bool)> = BTreeMap::new();
    for id in nodes {
        let mut read: Vec<TensorId> = graph.node(*id).inputs.iter().flatten().copied().collect();
        read.retain(|t| facts.dynamic[t.index()]);
        read.sort_unstable();
        read.dedup();
        let first = read.iter().all(is_outer);
        for tensor in read.into_iter().filter(is_outer) {
            let entry = readers.entry(tensor).or_insert((0, false));
            *entry = (entry.0 + 1, entry.1 || first);
        }
    }
    readers.into_iter().filter(|(_, (count, first))| *count > 1 && *first).map(|(t, _)| t).collect()
}

//! Which stored tensors a model learns, told by where they are used.
//!
//! A file says that a tensor is stored, not that training changes it. What decides is the use: kernels of convolutions,
//! matrices of products, scales and shifts of norms, tables of look-ups, tensors added to or multiplied with the data.

use std::collections::BTreeSet;

use crate::layers::rules;
use crate::{DType, Graph, Node, NodeId, Producer, Role, TensorId};

/// Names, as the last part of a path, that frameworks give to stored tensors they do not learn.
const BUFFER_NAMES: &[&str] = &[
    "attention_mask",
    "cos_cache",
    "cos_cached",
    "inv_freq",
    "mask",
    "masked_bias",
    "num_batches_tracked",
    "position_ids",
    "running_mean",
    "running_var",
    "sin_cache",
    "sin_cached",
    "token_type_ids",
];

/// Names, as the last part of a path, that make even a single number a parameter.
const LEARNED_NAMES: &[&str] = &["beta", "bias", "gamma", "kernel", "weight"];

/// The most stored tensors that one joined tensor is followed back to.
const MAX_SOURCES: usize = 64;

/// What a model learns.
pub(crate) struct Learned {
    /// The learned tensors, in order.
    pub tensors: Vec<TensorId>,
    read_by: Vec<Vec<TensorId>>,
    sources: Vec<Vec<TensorId>>,
}

impl Learned {
    /// The learned tensors that a node uses, each once; a node that only rearranges uses none.
    pub(crate) fn read_by(&self, node: NodeId) -> &[TensorId] {
        &self.read_by[node.index()]
    }

    /// The stored tensors that a tensor consists of, as far as they can be learned; none for data.
    pub(crate) fn behind(&self, graph: &Graph, tensor: TensorId) -> impl Iterator<Item = TensorId> {
        let sources = self.sources[tensor.index()].iter().copied();
        sources.filter(|s| !has_last_name(graph, *s, BUFFER_NAMES))
    }
}

/// What the file says a stored tensor is for.
fn role(graph: &Graph, id: TensorId) -> Option<Role> {
    graph.tensor(id).weight.as_ref()?.role
}

/// How many learned elements training changes, where the file says so of each.
pub(super) fn trainable(graph: &Graph, tensors: &[TensorId]) -> Option<u64> {
    let mut sum = 0_u64;
    for id in tensors {
        match role(graph, *id) {
            Some(Role::Parameter { trainable: Some(true) }) => {
                sum = sum.saturating_add(elements(graph, *id).unwrap_or(0));
            }
            Some(Role::Parameter { trainable: Some(false) }) => {}
            _ => return None,
        }
    }
    (!tensors.is_empty()).then_some(sum)
}

/// The number of elements of a stored tensor, as stored if that differs from its type.
pub(super) fn elements(graph: &Graph, id: TensorId) -> Option<u64> {
    let tensor = graph.tensor(id);
    let stored = tensor.weight.as_ref().and_then(|w| w.shape.elements());
    stored.or_else(|| tensor.ty.shape().elements())
}

/// Finds what a model learns.
pub(crate) fn find(graph: &Graph) -> Learned {
    let sources = sources(graph);
    let mut learned = BTreeSet::new();
    let mut read_by = vec![Vec::new(); graph.nodes().len()];
    for (id, node) in graph.nodes() {
        for (input, tensor) in node.inputs.iter().enumerate() {
            let Some(tensor) = *tensor else { continue };
            let from = &sources[tensor.index()];
            if from.is_empty() {
                continue;
            }
            let used = is_learned_use(graph, node, input, tensor, &sources);
            for source in from {
                let said = role(graph, *source).map(|r| r != Role::Buffer);
                if said.unwrap_or_else(|| used && !has_last_name(graph, *source, BUFFER_NAMES)) {
                    learned.insert(*source);
                    if !read_by[id.index()].contains(source) {
                        read_by[id.index()].push(*source);
                    }
                }
            }
        }
    }
    // What a file calls a parameter is one, even if nothing reads it.
    let unread = graph
        .tensors()
        .filter(|(id, t)| t.is_stored() && matches!(role(graph, *id), Some(Role::Parameter { .. })));
    learned.extend(unread.map(|(id, _)| id));
    Learned { tensors: learned.into_iter().collect(), read_by, sources }
}

/// The stored tensors that each tensor consists of, through nodes that only rearrange; a weight given as an input of
/// the model counts as stored.
fn sources(graph: &Graph) -> Vec<Vec<TensorId>> {
    let mut sources = vec![Vec::new(); graph.tensors().len()];
    for (id, tensor) in graph.tensors() {
        let given = matches!(tensor.producer, Producer::Input(_)) && is_weight_input(graph, id);
        if tensor.is_stored() || given {
            sources[id.index()].push(id);
        }
    }
    let (order, _) = crate::infer::topological(graph);
    for id in order {
        let node = graph.node(id);
        // A token joined to the data makes data, not a larger weight.
        let stored = |t: &TensorId| !sources[t.index()].is_empty();
        if node.layer.is_some_and(|l| l.name == "concat") && !node.inputs.iter().flatten().all(stored) {
            continue;
        }
        let mut from: Vec<TensorId> = Vec::new();
        for (input, tensor) in node.inputs.iter().enumerate() {
            let Some(tensor) =
                tensor.filter(|t| rules::passes(node, input) && carries_numbers(graph, node, *t))
            else {
                continue;
            };
            for source in &sources[tensor.index()] {
                if from.len() < MAX_SOURCES && !from.contains(source) {
                    from.push(*source);
                }
            }
        }
        if from.is_empty() {
            continue;
        }
        for output in node.outputs.iter().flatten() {
            if matches!(graph.tensor(*output).producer, Producer::Node(n, _) if n == id) {
                sources[output.index()].clone_from(&from);
            }
        }
    }
    sources
}

/// Whole numbers become parameters only through dequantisation: a cast table of positions is none.
fn carries_numbers(graph: &Graph, node: &Node, tensor: TensorId) -> bool {
    let kind = node.layer.map_or("", |l| l.name);
    let dtype = graph.tensor(tensor).ty.dtype();
    !matches!(kind, "cast" | "cast_like") || dtype.is_none_or(DType::is_float)
}

/// Whether an input of the model is only ever used as a weight: exports that keep weights outside the file.
fn is_weight_input(graph: &Graph, id: TensorId) -> bool {
    let consumers = &graph.tensor(id).consumers;
    !consumers.is_empty()
        && consumers.iter().all(|(node, input)| {
            let node = graph.node(*node);
            node.layer.is_some_and(|l| *input > 0 && !is_weak(l.name) && l.learned.contains(input))
        })
}

/// Kinds whose inputs may be data as well as weights.
fn is_weak(kind: &str) -> bool {
    matches!(kind, "add" | "sub" | "mul" | "sum" | "matmul" | "gather" | "fused_matmul" | "skip_norm")
}

fn is_learned_use(
    graph: &Graph,
    node: &Node,
    input: usize,
    tensor: TensorId,
    sources: &[Vec<TensorId>],
) -> bool {
    let Some(layer) = node.layer else { return false };
    let ty = &graph.tensor(tensor).ty;
    let float = ty.dtype().is_none_or(DType::is_float);
    let several = ty.shape().elements().is_none_or(|n| n > 1);
    let named = || sources[tensor.index()].iter().any(|s| has_last_name(graph, *s, LEARNED_NAMES));
    let beside_data = || {
        node.inputs
            .iter()
            .enumerate()
            .any(|(i, t)| i != input && t.is_some_and(|t| sources[t.index()].is_empty()))
    };
    match layer.name {
        // A token that is joined to the data.
        "concat" => float && several && beside_data() && ty.shape().rank().is_some_and(|r| r >= 2),
        "gather" => input == 0 && float && ty.shape().rank().is_none_or(|r| r >= 2),
        "mul" if is_rotation(graph, node, tensor) => false,
        "add" | "sub" | "sum" | "mul" => float && (several || named()) && !is_mask(graph, node, tensor),
        "matmul" => float && several,
        // Group norms are exported as instance norms with a scale of ones and a shift of zeros that nobody learns.
        "instance_norm" => layer.learned.contains(&input) && (named() || !is_neutral(graph, tensor)),
        _ => layer.learned.contains(&input),
    }
}

/// Whether a table of positions by features multiplies data whose product is added to or taken from another such
/// product: cosines and sines that turn features are no parameters, though exporters store them.
fn is_rotation(graph: &Graph, node: &Node, tensor: TensorId) -> bool {
    let shape = |t: TensorId| graph.tensor(t).ty.shape();
    let is_table =
        shape(tensor).dims().is_some_and(|d| d.iter().filter(|n| n.as_known() != Some(1)).count() >= 2);
    let maker = |t: TensorId| match graph.tensor(t).producer {
        Producer::Node(id, _) => Some(graph.node(id)),
        _ => None,
    };
    let is = |n: &Node, name: &str| n.layer.is_some_and(|l| l.name == name);
    let turns = |n: &Node| {
        let other = |t: &TensorId| graph.tensor(*t).is_stored() && *t != tensor && shape(*t) == shape(tensor);
        is(n, "mul") && n.inputs.iter().flatten().any(other)
    };
    let Some(product) = node.output(0) else { return false };
    let readers = &graph.tensor(product).consumers;
    is_table
        && graph.tensor(tensor).is_stored()
        && !readers.is_empty()
        && readers.iter().all(|(reader, _)| {
            let reader = graph.node(*reader);
            let mut beside = reader.inputs.iter().flatten().filter(|t| **t != product);
            (is(reader, "add") || is(reader, "sub")) && beside.any(|t| maker(*t).is_some_and(turns))
        })
}

/// Whether a tensor is added to scores right before their softmax: then it hides positions.
fn is_mask(graph: &Graph, node: &Node, tensor: TensorId) -> bool {
    let table = matches!(graph.tensor(tensor).ty.shape().dims(), Some([.., a, b])
        if a.as_known() != Some(1) && b.as_known() != Some(1));
    let softmax = |t: &TensorId| {
        graph
            .tensor(*t)
            .consumers
            .iter()
            .any(|(n, _)| graph.node(*n).layer.is_some_and(|l| l.name == "softmax"))
    };
    node.op == "Add" && table && node.outputs.iter().flatten().any(softmax)
}

/// Whether all numbers of a stored tensor are known and all are 1, or all 0.
fn is_neutral(graph: &Graph, tensor: TensorId) -> bool {
    let value = graph.tensor(tensor).value.as_ref().and_then(|v| v.as_floats());
    #[expect(clippy::float_cmp, reason = "ones and zeros are written exactly")]
    value.is_some_and(|v| v.first().is_some_and(|f| (*f == 0.0 || *f == 1.0) && v.iter().all(|x| x == f)))
}

fn has_last_name(graph: &Graph, id: TensorId, names: &[&str]) -> bool {
    let last = graph.tensor(id).name.rsplit(['.', '/']).next().unwrap_or("");
    names.contains(&last)
}

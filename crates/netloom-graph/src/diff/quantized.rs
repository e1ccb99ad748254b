//! Quantised models as the plain models they were made from, with remarks on what was quantised.
//!
//! A pair of `QuantizeLinear` and `DequantizeLinear` rounds a tensor and is gone here; a stored tensor behind a
//! `DequantizeLinear` is a stored tensor of real numbers; products of whole numbers are products.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DType, Graph, Node, NodeId, Producer, TensorId, ValueType};

/// How much of a model is quantised.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Quantized {
    /// `QuantizeLinear` operators on activations, each with its `DequantizeLinear`.
    pub activations: usize,
    /// Stored tensors that are dequantised before use, or read by products of whole numbers.
    pub weights: usize,
    /// `DynamicQuantizeLinear` operators, which take the range from the data.
    pub dynamic: usize,
    /// Operators on quantised numbers, such as `QLinearConv` and `MatMulInteger`.
    pub operators: usize,
    /// The types that numbers are stored in or rounded to, with the number of tensors.
    pub dtypes: BTreeMap<String, usize>,
}

impl Quantized {
    /// Whether nothing is quantised.
    pub fn is_empty(&self) -> bool {
        self.activations + self.weights + self.dynamic + self.operators == 0
    }
}

/// The plain model behind a quantised one.
pub(super) struct Plain {
    pub graph: Graph,
    pub stands_for: Vec<Vec<NodeId>>,
    pub quantized: Quantized,
    pub rounded: BTreeMap<TensorId, DType>,
    pub stored_as: BTreeMap<TensorId, DType>,
}

/// Makes a model plain; one that has nothing quantised stays as it is.
pub(super) fn plain(graph: &Graph) -> Plain {
    let as_it_is = || Plain {
        graph: graph.clone(),
        stands_for: graph.nodes().map(|(id, _)| vec![id]).collect(),
        quantized: Quantized::default(),
        rounded: BTreeMap::new(),
        stored_as: BTreeMap::new(),
    };
    let is_quantized = |n: &Node| {
        matches!(kind(n), "quantize" | "dequantize" | "dynamic_quantize") || plain_op(&n.op).is_some()
    };
    if !graph.nodes().any(|(_, n)| is_quantized(n)) || crate::infer::topological(graph).1.is_some() {
        return as_it_is();
    }
    let mut work = Work::new(graph);
    for (id, _) in graph.nodes() {
        work.node(id);
    }
    work.finish()
}

fn kind(node: &Node) -> &'static str {
    node.layer.map_or("", |l| l.name)
}

/// The plain operator behind one on whole numbers, with the places of its inputs there.
fn plain_op(op: &str) -> Option<(&'static str, &'static [usize])> {
    match op {
        "QLinearConv" => Some(("Conv", &[0, 3, 8])),
        "QLinearMatMul" => Some(("MatMul", &[0, 3])),
        "MatMulInteger" => Some(("MatMul", &[0, 1])),
        "ConvInteger" => Some(("Conv", &[0, 1])),
        _ => None,
    }
}

struct Work<'a> {
    source: &'a Graph,
    graph: Graph,
    /// What takes the place of a tensor.
    instead: Vec<TensorId>,
    gone: BTreeSet<NodeId>,
    new: BTreeMap<NodeId, Node>,
    /// Which nodes went into a new one beside itself.
    with: BTreeMap<NodeId, Vec<NodeId>>,
    quantized: Quantized,
    rounded: BTreeMap<TensorId, DType>,
    stored_as: BTreeMap<TensorId, DType>,
}

impl<'a> Work<'a> {
    fn new(source: &'a Graph) -> Self {
        Self {
            source,
            graph: source.clone(),
            instead: source.tensors().map(|(id, _)| id).collect(),
            gone: BTreeSet::new(),
            new: BTreeMap::new(),
            with: BTreeMap::new(),
            quantized: Quantized::default(),
            rounded: BTreeMap::new(),
            stored_as: BTreeMap::new(),
        }
    }

    fn node(&mut self, id: NodeId) {
        let node = self.source.node(id);
        let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return };
        match kind(node) {
            "quantize" => {
                let dtype = self.source.tensor(output).ty.dtype();
                self.round(input, dtype);
                self.quantized.activations += 1;
                self.instead[output.index()] = input;
                self.gone.insert(id);
            }
            "dynamic_quantize" => {
                self.round(input, Some(DType::UInt8));
                self.quantized.dynamic += 1;
                self.instead[output.index()] = input;
                self.gone.insert(id);
            }
            "dequantize" => {
                self.become_real(self.source.origin(input));
                self.instead[output.index()] = input;
                self.gone.insert(id);
            }
            _ => self.integer(id, node),
        }
    }

    fn round(&mut self, tensor: TensorId, dtype: Option<DType>) {
        let Some(dtype) = dtype else { return };
        if self.rounded.insert(self.source.origin(tensor), dtype).is_none() {
            *self.quantized.dtypes.entry(dtype.to_string()).or_insert(0) += 1;
        }
    }

    /// Makes a stored tensor, or one looked up in a stored table, real numbers.
    fn become_real(&mut self, tensor: TensorId) {
        let made = self.source.tensor(tensor);
        if let Producer::Node(from, _) = made.producer {
            let node = self.source.node(from);
            if kind(node) == "gather" {
                self.real(tensor);
                if let Some(table) = node.input(0) {
                    self.become_real(self.source.origin(table));
                }
            }
        } else if made.is_stored() {
            if let Some(dtype) = made.ty.dtype().filter(|d| !d.is_float())
                && self.stored_as.insert(tensor, dtype).is_none()
            {
                self.quantized.weights += 1;
                *self.quantized.dtypes.entry(dtype.to_string()).or_insert(0) += 1;
            }
            self.real(tensor);
        }
    }

    fn real(&mut self, tensor: TensorId) {
        let shape = self.source.tensor(tensor).ty.shape().clone();
        let tensor = self.graph.tensor_mut(tensor);
        tensor.ty = ValueType::tensor(DType::Float32, shape);
        // Whole numbers that are known are no settings once they are weights.
        tensor.value = None;
    }

    /// A product of whole numbers, with the scaling behind it.
    fn integer(&mut self, id: NodeId, node: &Node) {
        let Some((op, places)) = plain_op(&node.op) else { return };
        let mut output = node.output(0);
        if node.op.ends_with("Integer") {
            let only = |t: Option<TensorId>, op: &str| -> Option<NodeId> {
                let [(reader, _)] = self.source.tensor(t?).consumers.as_slice() else { return None };
                (self.source.node(*reader).op == op).then_some(*reader)
            };
            let cast = only(output, "Cast");
            let scaled = cast.and_then(|c| only(self.source.node(c).output(0), "Mul"));
            let (Some(cast), Some(scaled)) = (cast, scaled) else { return };
            output = self.source.node(scaled).output(0);
            let mut with = vec![cast, scaled];
            // The scale is a product of two scales, made for this operator alone.
            for t in self.source.node(scaled).inputs.iter().flatten() {
                if let Producer::Node(n, _) = self.source.tensor(*t).producer
                    && n != cast
                    && self.source.tensor(*t).consumers.len() == 1
                    && self.source.node(n).op == "Mul"
                {
                    with.push(n);
                }
            }
            self.gone.extend(&with);
            self.with.insert(id, with);
        }
        for place in places.iter().skip(1) {
            if let Some(t) = node.input(*place) {
                self.become_real(self.source.origin(t));
            }
        }
        let inputs: Vec<_> = places.iter().map(|p| node.input(*p)).filter(Option::is_some).collect();
        let mut plain = Node::new(op, node.module).with_inputs(inputs).with_outputs([output]);
        plain.name.clone_from(&node.name);
        plain.region = node.region;
        plain.attributes = node.attributes.clone();
        if let Some(t) = output {
            self.real_output(t);
        }
        self.quantized.operators += 1;
        self.new.insert(id, plain);
    }

    fn real_output(&mut self, tensor: TensorId) {
        if self.source.tensor(tensor).ty.dtype().is_some_and(|d| !d.is_float()) {
            self.real(tensor);
        }
    }

    fn finish(mut self) -> Plain {
        let (order, _) = crate::infer::topological(self.source);
        for id in order {
            for output in self.source.node(id).outputs.iter().flatten() {
                // Producers come first, so what it is replaced by is final.
                let at = output.index();
                self.instead[at] = self.instead[self.instead[at].index()];
            }
        }
        let (mut nodes, mut stands_for) = (Vec::new(), Vec::new());
        let mut moved = vec![None; self.source.nodes().len()];
        for (id, node) in self.source.nodes() {
            if self.gone.contains(&id) {
                continue;
            }
            let mut node = self.new.remove(&id).unwrap_or_else(|| node.clone());
            for input in node.inputs.iter_mut().flatten() {
                *input = self.instead[input.index()];
            }
            moved[id.index()] = Some(NodeId::new(nodes.len()));
            nodes.push(node);
            let mut from = vec![id];
            from.extend(self.with.remove(&id).unwrap_or_default());
            stands_for.push(from);
        }
        self.graph.replace_nodes(nodes, &moved);
        let outputs: Vec<TensorId> = self.graph.outputs.iter().map(|t| self.instead[t.index()]).collect();
        for (old, new) in self.source.outputs.iter().zip(&outputs) {
            self.graph.tensor_mut(*new).name.clone_from(&self.source.tensor(*old).name);
        }
        self.graph.outputs = outputs;
        let rounded = self.rounded.into_iter().map(|(t, d)| (self.instead[t.index()], d)).collect();
        Plain { graph: self.graph, stands_for, quantized: self.quantized, rounded, stored_as: self.stored_as }
    }
}

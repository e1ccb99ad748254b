//! What a shape rule sees: one node, the types and values of its inputs, its settings, and places for its outputs.

use std::fmt;

use crate::{Attributes, DType, Dim, Graph, Node, NodeId, Shape, TensorId, Value, ValueType};

/// Why a shape rule gave up on a node: its inputs contradict the operator's definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InferError {
    message: String,
}

impl InferError {
    /// An error with a message of the form *expected …, found …*.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for InferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InferError {}

/// One node under inference.
pub struct Infer<'a> {
    graph: &'a mut Graph,
    node: NodeId,
}

static UNKNOWN: ValueType = ValueType::Unknown;
static UNRANKED: Shape = Shape::Unranked;

impl<'a> Infer<'a> {
    /// Starts inference of one node.
    pub fn new(graph: &'a mut Graph, node: NodeId) -> Self {
        Self { graph, node }
    }

    /// The node itself.
    pub fn node(&self) -> &Node {
        self.graph.node(self.node)
    }

    /// The whole graph, for rules of control-flow nodes.
    pub fn graph(&mut self) -> &mut Graph {
        self.graph
    }

    /// The node's settings.
    pub fn attributes(&self) -> &Attributes {
        &self.node().attributes
    }

    /// The version of the node's operator set.
    pub fn opset(&self) -> i64 {
        self.node().opset
    }

    /// How many inputs the node lists, present or left out.
    pub fn n_inputs(&self) -> usize {
        self.node().inputs.len()
    }

    /// How many outputs the node lists, present or left out.
    pub fn n_outputs(&self) -> usize {
        self.node().outputs.len()
    }

    /// Whether an input is there.
    pub fn has_input(&self, index: usize) -> bool {
        self.node().input(index).is_some()
    }

    fn input(&self, index: usize) -> Option<TensorId> {
        self.node().input(index)
    }

    /// The type of an input; unknown when it is left out.
    pub fn input_type(&self, index: usize) -> &ValueType {
        self.input(index).map_or(&UNKNOWN, |t| &self.graph.tensor(t).ty)
    }

    /// The shape of an input; unranked when it is left out.
    pub fn shape(&self, index: usize) -> &Shape {
        self.input(index).map_or(&UNRANKED, |t| self.graph.tensor(t).ty.shape())
    }

    /// The dimensions of an input, if their number is known.
    pub fn dims(&self, index: usize) -> Option<&[Dim]> {
        self.shape(index).dims()
    }

    /// The element type of an input, if known.
    pub fn dtype(&self, index: usize) -> Option<DType> {
        self.input_type(index).dtype()
    }

    /// The elements of an input, if they are known without running the model.
    pub fn value(&self, index: usize) -> Option<&Value> {
        self.input(index).and_then(|t| self.graph.tensor(t).value.as_ref())
    }

    /// The integer elements of an input, if known (possibly symbolic).
    pub fn ints(&self, index: usize) -> Option<&[Dim]> {
        self.value(index)?.as_ints()
    }

    /// The integer elements of an input, if all of them are known numbers.
    pub fn known_ints(&self, index: usize) -> Option<Vec<i64>> {
        self.ints(index)?.iter().map(Dim::as_known).collect()
    }

    /// The floating-point elements of an input, if known.
    pub fn floats(&self, index: usize) -> Option<&[f64]> {
        self.value(index)?.as_floats()
    }

    /// An integer setting.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attributes().int(name)
    }

    /// Sets the whole type of an output. What the file declared fills gaps.
    pub fn set_type(&mut self, output: usize, ty: ValueType) {
        if let Some(t) = self.node().output(output) {
            let tensor = self.graph.tensor_mut(t);
            tensor.ty = ty.or(&tensor.ty);
        }
    }

    /// Sets element type and shape of a tensor output.
    pub fn set(&mut self, output: usize, dtype: Option<DType>, shape: impl Into<Shape>) {
        self.set_type(output, ValueType::Tensor { dtype, shape: shape.into() });
    }

    /// Sets the elements of an output that are known without running the model.
    pub fn set_value(&mut self, output: usize, value: Value) {
        if let Some(t) = self.node().output(output) {
            self.graph.tensor_mut(t).value = Some(value);
        }
    }
}

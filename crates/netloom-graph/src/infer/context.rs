//! What a shape rule sees: one node, the types and values of its inputs, its settings, and places for its outputs.

use std::fmt;

use super::Session;
use crate::{
    Attribute, Attributes, DType, Diagnostic, Dim, Graph, Node, NodeId, Producer, RegionId, Shape, TensorId,
    Value, ValueType,
};

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
    session: Session,
}

static UNKNOWN: ValueType = ValueType::Unknown;
static UNRANKED: Shape = Shape::Unranked;

impl<'a> Infer<'a> {
    /// Starts inference of one node.
    pub fn new(graph: &'a mut Graph, node: NodeId) -> Self {
        Self::start(graph, node, Session::default())
    }

    pub(super) fn start(graph: &'a mut Graph, node: NodeId, session: Session) -> Self {
        Self { graph, node, session }
    }

    pub(super) fn finish(self) -> Session {
        self.session
    }

    /// Infers the nodes of a body of this node, after its rule has set the types of the body's formal inputs.
    ///
    /// May be called again with other input types: what an earlier call inferred is forgotten first.
    pub fn infer_region(&mut self, region: RegionId) {
        super::infer_region(self.graph, &mut self.session, region);
    }

    /// Adds a remark about this node; at most [`super::MAX_REMARKS`] are kept.
    pub fn warn(&mut self, message: impl Into<String>) {
        let path = self.graph.node_path(self.node);
        self.session.remark(self.graph, Diagnostic::warning(path, message));
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

    /// A numeric setting; an integer counts.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.attributes().float(name)
    }

    /// Whether an integer setting is there and not zero.
    pub fn flag(&self, name: &str) -> bool {
        self.int(name).is_some_and(|n| n != 0)
    }

    /// A list of integers that older versions of the operator take as a setting and newer ones as an input.
    ///
    /// `None` when neither is there or the input is not known; [`Infer::has_input`] tells the cases apart. A scalar
    /// input counts as a list of one.
    pub fn setting_dims(&self, name: &str, input: usize) -> Option<Vec<Dim>> {
        match self.attributes().get(name) {
            Some(Attribute::Ints(v)) => Some(v.iter().map(|n| Dim::Known(*n)).collect()),
            Some(Attribute::Int(n)) => Some(vec![Dim::Known(*n)]),
            _ => self.ints(input).map(<[Dim]>::to_vec),
        }
    }

    /// Like [`Infer::setting_dims`], when all of them are known numbers.
    pub fn setting_ints(&self, name: &str, input: usize) -> Option<Vec<i64>> {
        self.setting_dims(name, input)?.iter().map(Dim::as_known).collect()
    }

    /// A number that older versions of the operator take as a setting and newer ones as an input.
    pub fn setting_float(&self, name: &str, input: usize) -> Option<f64> {
        self.float(name).or_else(|| self.floats(input)?.first().copied())
    }

    /// The element type that an integer setting names by its ONNX code.
    pub fn dtype_setting(&self, name: &str) -> Option<DType> {
        self.int(name).and_then(DType::from_onnx)
    }

    /// The number of dimensions of an input, if known.
    pub fn rank(&self, index: usize) -> Option<usize> {
        self.shape(index).rank()
    }

    /// One dimension of an input; unknown when the rank is, or has no such dimension.
    pub fn dim(&self, input: usize, axis: usize) -> Dim {
        self.dims(input).and_then(|d| d.get(axis)).cloned().unwrap_or(Dim::Unknown)
    }

    /// The axis that a setting names, counted from the end when negative.
    ///
    /// # Errors
    /// When the tensor has no such axis.
    pub fn axis(&self, name: &str, default: i64, rank: usize) -> Result<usize, InferError> {
        normal_axis(self.int(name).unwrap_or(default), rank)
    }

    /// The dimensions of an input.
    ///
    /// # Errors
    /// When its rank is known and smaller than `least`. An unknown rank is `Ok(None)`.
    pub fn dims_of_rank(&self, input: usize, least: usize) -> Result<Option<Vec<Dim>>, InferError> {
        match self.dims(input) {
            Some(dims) if dims.len() < least => Err(InferError::new(format!(
                "expected input {input} to have at least {least} dimensions, found {}",
                self.shape(input)
            ))),
            dims => Ok(dims.map(<[Dim]>::to_vec)),
        }
    }

    /// The type of an output so far: what the file declares, or what was set.
    pub fn output_type(&self, output: usize) -> &ValueType {
        self.node().output(output).map_or(&UNKNOWN, |t| &self.graph.tensor(t).ty)
    }

    /// The output, if this node is what makes it.
    fn own_output(&self, output: usize) -> Option<TensorId> {
        let tensor = self.node().output(output)?;
        (self.graph.tensor(tensor).producer == Producer::Node(self.node, output)).then_some(tensor)
    }

    /// Sets the whole type of an output. What the file declared fills gaps; where it contradicts, it loses and a
    /// remark says so.
    pub fn set_type(&mut self, output: usize, ty: ValueType) {
        let Some(id) = self.own_output(output) else { return };
        let ty = without_negative(ty);
        let tensor = self.graph.tensor_mut(id);
        let merged = ty.or(&tensor.ty);
        let declared = std::mem::replace(&mut tensor.ty, merged);
        if let Some(message) = contradiction(&tensor.name, &ty, &declared) {
            self.warn(message);
        }
    }

    /// Sets element type and shape of a tensor output.
    pub fn set(&mut self, output: usize, dtype: Option<DType>, shape: impl Into<Shape>) {
        self.set_type(output, ValueType::Tensor { dtype, shape: shape.into() });
    }

    /// Gives an output the type of an input.
    pub fn set_like(&mut self, output: usize, input: usize) {
        let ty = self.input_type(input).clone();
        self.set_type(output, ty);
    }

    /// Sets the elements of an output that are known without running the model. What is larger than
    /// [`crate::value::MAX_ELEMENTS`] or does not match its own dimensions is dropped.
    pub fn set_value(&mut self, output: usize, value: Value) {
        let elements = value.dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        if elements != Some(value.len()) || value.len() > crate::value::MAX_ELEMENTS {
            return;
        }
        if let Some(t) = self.own_output(output) {
            self.graph.tensor_mut(t).value = Some(value);
        }
    }
}

/// The place of an axis that counts from the end when negative.
///
/// # Errors
/// When a tensor of that rank has no such axis.
pub fn normal_axis(axis: i64, rank: usize) -> Result<usize, InferError> {
    let signed = i64::try_from(rank).unwrap_or(i64::MAX);
    let at = if axis < 0 { axis.checked_add(signed).unwrap_or(-1) } else { axis };
    match usize::try_from(at) {
        Ok(at) if at < rank => Ok(at),
        _ => Err(InferError::new(format!("expected an axis from -{rank} to {rank} - 1, found {axis}"))),
    }
}

/// The type with negative dimensions taken as unknown: branches that are never taken may ask for them.
fn without_negative(mut ty: ValueType) -> ValueType {
    if let ValueType::Tensor { shape: Shape::Ranked(dims), .. } = &mut ty {
        for dim in dims.iter_mut().filter(|d| d.as_known().is_some_and(|n| n < 0)) {
            *dim = Dim::Unknown;
        }
    }
    ty
}

fn contradiction(name: &str, inferred: &ValueType, declared: &ValueType) -> Option<String> {
    if let (Some(a), Some(b)) = (inferred.dtype(), declared.dtype())
        && a != b
    {
        return Some(format!("expected elements of `{name}` to be {a}, found {b} declared in the file"));
    }
    let (a, b) = (inferred.shape().dims()?, declared.shape().dims()?);
    let differ = |(a, b): (&Dim, &Dim)| matches!((a, b), (Dim::Known(a), Dim::Known(b)) if a != b);
    (a.len() != b.len() || a.iter().zip(b).any(differ)).then(|| {
        format!(
            "expected the shape {} of `{name}`, found {} declared in the file",
            inferred.shape(),
            declared.shape()
        )
    })
}

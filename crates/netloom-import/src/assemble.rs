//! Layers with their weights, for formats that write settings only: shapes are worked out while the graph grows.
//!
//! Data have their channels behind the batch, as in Caffe, Darknet and MXNet.

use netloom_graph::infer::Infer;
use netloom_graph::{Attribute, DType, Dim, ModuleId, Node, Role, TensorId, ValueType};

use crate::Error;
use crate::draft::{Draft, Stored};

/// Where a layer stands and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The module that its nodes stand in.
    pub module: ModuleId,
    /// Its name, also the path of its weights.
    pub name: &'a str,
}

/// A window that slides: one number per side.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Window {
    /// Sides of the window.
    pub kernel: Vec<i64>,
    /// Steps.
    pub strides: Vec<i64>,
    /// Padding before and, behind those, after each side.
    pub pads: Vec<i64>,
    /// Distance of elements that the window reads.
    pub dilations: Vec<i64>,
    /// Whether a last window that hangs over the end counts.
    pub ceil: bool,
}

impl Window {
    /// The same number for all sides, padding included.
    pub fn square(kernel: [i64; 2], stride: [i64; 2], pad: [i64; 2]) -> Self {
        Self {
            kernel: kernel.to_vec(),
            strides: stride.to_vec(),
            pads: [pad, pad].concat(),
            dilations: Vec::new(),
            ceil: false,
        }
    }

    /// As settings of an operator.
    pub fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut out = vec![("kernel_shape", Attribute::Ints(self.kernel.clone()))];
        let lists =
            [("strides", &self.strides, 1), ("pads", &self.pads, 0), ("dilations", &self.dilations, 1)];
        for (name, list, default) in lists {
            if list.iter().any(|n| *n != default) {
                out.push((name, Attribute::Ints(list.clone())));
            }
        }
        if self.ceil {
            out.push(("ceil_mode", Attribute::Int(1)));
        }
        out
    }
}

/// What a convolution is made of besides its window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Filters {
    /// Output channels.
    pub outputs: i64,
    /// Groups.
    pub groups: i64,
    /// Whether each output channel has a number added.
    pub bias: bool,
    /// Whether it is a transposed convolution.
    pub transposed: bool,
}

impl Draft {
    /// Adds a node of the standard set and works out what it makes.
    ///
    /// # Errors
    /// When there are too many parts. What contradicts the operator is a warning.
    pub fn op(
        &mut self,
        place: Place<'_>,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
    ) -> Result<Vec<TensorId>, Error> {
        let node = Node::new(op, place.module);
        self.worked_out(place, node, inputs, attributes, outputs)
    }

    /// Adds a node and works out what it makes.
    ///
    /// # Errors
    /// As [`Draft::op`].
    pub fn worked_out(
        &mut self,
        place: Place<'_>,
        mut node: Node,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
    ) -> Result<Vec<TensorId>, Error> {
        let mut made = Vec::new();
        for i in 0..outputs.max(1) {
            let name = if i == 0 { place.name.to_owned() } else { format!("{}.{i}", place.name) };
            made.push(self.tensor(&name, ValueType::Unknown)?);
        }
        place.name.clone_into(&mut node.name);
        for (key, value) in attributes {
            node.attributes.set(key, value);
        }
        let rule = node.layer.map(|l| l.infer);
        let node = node.with_inputs(inputs.iter().copied()).with_outputs(made.iter().copied().map(Some));
        let id = self.add(node)?;
        if let Some(rule) = rule {
            // Whoever reads the graph runs inference over all of it, and gets its remarks then.
            let before = self.graph.diagnostics.len();
            let _ = rule(&mut Infer::new(&mut self.graph, id));
            self.graph.diagnostics.truncate(before);
        }
        Ok(made)
    }

    /// The size of a dimension of a tensor, counted from the end when negative.
    pub fn dim(&self, tensor: TensorId, axis: i64) -> Dim {
        let Some(dims) = self.ty(tensor).shape().dims() else { return Dim::Unknown };
        let axis = if axis < 0 { axis + i64::try_from(dims.len()).unwrap_or(0) } else { axis };
        usize::try_from(axis).ok().and_then(|a| dims.get(a)).cloned().unwrap_or(Dim::Unknown)
    }

    /// A learned tensor of a layer.
    fn learned(&mut self, place: Place<'_>, name: &str, dims: Vec<Dim>) -> Result<TensorId, Error> {
        let role = Role::Parameter { trainable: None };
        self.weight(
            &format!("{}.{name}", place.name),
            Stored::new(Some(DType::Float32), dims).with_role(role),
        )
    }

    /// A convolution with its weights.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn conv(
        &mut self,
        place: Place<'_>,
        input: TensorId,
        window: &Window,
        filters: Filters,
    ) -> Result<TensorId, Error> {
        let groups = Dim::Known(filters.groups.max(1));
        let (inputs, outputs) = (self.dim(input, 1), Dim::Known(filters.outputs));
        let mut dims = match filters.transposed {
            false => vec![outputs.clone(), inputs.floor_div(&groups)],
            true => vec![inputs, outputs.floor_div(&groups)],
        };
        dims.extend(window.kernel.iter().copied().map(Dim::Known));
        let mut read = vec![Some(input), Some(self.learned(place, "weight", dims)?)];
        if filters.bias {
            read.push(Some(self.learned(place, "bias", vec![outputs])?));
        }
        let mut attributes = window.attributes();
        if filters.groups != 1 {
            attributes.push(("group", Attribute::Int(filters.groups)));
        }
        let op = if filters.transposed { "ConvTranspose" } else { "Conv" };
        Ok(self.op(place, op, &read, attributes, 1)?[0])
    }

    /// A dense layer over everything behind the batch, flattened first where there is more than one dimension.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn dense(
        &mut self,
        place: Place<'_>,
        input: TensorId,
        features: i64,
        bias: bool,
    ) -> Result<TensorId, Error> {
        let flat = match self.ty(input).shape().rank() {
            Some(2) => input,
            _ => {
                let name = format!("{}.flatten", place.name);
                self.op(Place { name: &name, ..place }, "Flatten", &[Some(input)], vec![], 1)?[0]
            }
        };
        let features = Dim::Known(features);
        let inputs = self.dim(flat, 1);
        let mut read = vec![Some(flat), Some(self.learned(place, "weight", vec![features.clone(), inputs])?)];
        if bias {
            read.push(Some(self.learned(place, "bias", vec![features])?));
        }
        Ok(self.op(place, "Gemm", &read, vec![("transB", Attribute::Int(1))], 1)?[0])
    }

    /// A batch normalisation with its statistics, and scale and shift where they are learned.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn batch_norm(&mut self, place: Place<'_>, input: TensorId, affine: bool) -> Result<TensorId, Error> {
        let channels = vec![self.dim(input, 1)];
        let mut read = vec![Some(input)];
        for name in ["weight", "bias"] {
            read.push(if affine { Some(self.learned(place, name, channels.clone())?) } else { None });
        }
        for name in ["running_mean", "running_var"] {
            let stored = Stored::new(Some(DType::Float32), channels.clone()).with_role(Role::Buffer);
            read.push(Some(self.weight(&format!("{}.{name}", place.name), stored)?));
        }
        Ok(self.op(place, "BatchNormalization", &read, vec![], 1)?[0])
    }

    /// A scale and, if asked for, a shift per channel.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn scale(&mut self, place: Place<'_>, input: TensorId, shift: bool) -> Result<TensorId, Error> {
        let rank = self.ty(input).shape().rank().unwrap_or(4);
        let mut dims = vec![self.dim(input, 1)];
        dims.resize(rank.saturating_sub(1).max(1), Dim::Known(1));
        let weight = self.learned(place, "weight", dims.clone())?;
        let scaled = self.op(place, "Mul", &[Some(input), Some(weight)], vec![], 1)?[0];
        if !shift {
            return Ok(scaled);
        }
        let bias = self.learned(place, "bias", dims)?;
        let name = format!("{}.shift", place.name);
        Ok(self.op(Place { name: &name, ..place }, "Add", &[Some(scaled), Some(bias)], vec![], 1)?[0])
    }
}

//! Nodes: one operator each.

use crate::layers::{self, Layer};
use crate::{Attributes, ModuleId, RegionId, TensorId};

/// One operator of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// The operator's name in the file, such as `Conv`.
    pub op: String,
    /// The operator set it comes from; empty for the standard ONNX set. The notation uses `loom`.
    pub domain: String,
    /// The version of that operator set; 0 when it has none.
    pub opset: i64,
    /// Name in the file; may be empty, need not be unique.
    pub name: String,
    /// The module it stands in.
    pub module: ModuleId,
    /// The body of a control-flow node it belongs to, if any.
    pub region: Option<RegionId>,
    /// Tensors read; `None` where an optional input is left out.
    pub inputs: Vec<Option<TensorId>>,
    /// Tensors made; `None` where an optional output is left out.
    pub outputs: Vec<Option<TensorId>>,
    /// Settings.
    pub attributes: Attributes,
    /// The canonical kind, found in [`layers::LAYERS`] by operator name; `None` for an operator nobody knows.
    pub layer: Option<&'static Layer>,
}

impl Node {
    /// A node of the standard ONNX set at the newest version, without inputs or outputs.
    pub fn new(op: impl Into<String>, module: ModuleId) -> Self {
        Self::in_domain("", op, layers::NEWEST_OPSET, module)
    }

    /// A node of any operator set.
    pub fn in_domain(domain: impl Into<String>, op: impl Into<String>, opset: i64, module: ModuleId) -> Self {
        let (domain, op) = (domain.into(), op.into());
        let layer = layers::find(&domain, &op);
        Self {
            op,
            domain,
            opset,
            name: String::new(),
            module,
            region: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            attributes: Attributes::new(),
            layer,
        }
    }

    /// The same node reading these tensors.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = Option<TensorId>>) -> Self {
        self.inputs = inputs.into_iter().collect();
        self
    }

    /// The same node making these tensors.
    #[must_use]
    pub fn with_outputs(mut self, outputs: impl IntoIterator<Item = Option<TensorId>>) -> Self {
        self.outputs = outputs.into_iter().collect();
        self
    }

    /// The canonical name of its kind, such as `conv`; for an unknown operator its own name, with its domain.
    pub fn kind(&self) -> String {
        match self.layer {
            Some(layer) => layer.name.to_owned(),
            None if self.domain.is_empty() => self.op.clone(),
            None => format!("{}.{}", self.domain, self.op),
        }
    }

    /// Whether it only gives a tensor a second name.
    pub fn is_alias(&self) -> bool {
        self.op == "Identity" && self.domain.is_empty()
    }

    /// The input at a position, if it is there.
    pub fn input(&self, index: usize) -> Option<TensorId> {
        self.inputs.get(index).copied().flatten()
    }

    /// The output at a position, if it is there.
    pub fn output(&self, index: usize) -> Option<TensorId> {
        self.outputs.get(index).copied().flatten()
    }
}

//! A graph under construction: what readers of model formats share.
//!
//! Formats name things in their own words and describe operators in their own way; the graph speaks ONNX. A reader
//! turns each of its operators into nodes of the standard ONNX set (with `channels_last` and `weight_layout` where data
//! or kernels are laid out otherwise, see [`netloom_graph::layers::channels`]), or of the domain `loom` for a layer that
//! ONNX has no single operator for, and keeps what it does not know as a node of its own domain.

use std::collections::BTreeMap;

use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{
    Attribute, DType, Diagnostic, Dim, Graph, ModuleId, ModuleKind, Node, NodeId, Producer, Role, Shape,
    Storage, Tensor, TensorId, Value, ValueType, Weight,
};

use crate::Error;
use crate::error::Grouped;

/// The deepest nesting of modules.
pub const MAX_DEPTH: usize = 64;

/// The longest path of a module or weight, in bytes.
pub const MAX_PATH: usize = 4096;

/// A graph under construction.
#[derive(Debug)]
pub struct Draft {
    /// The graph so far.
    pub graph: Graph,
    children: BTreeMap<(ModuleId, String), ModuleId>,
    weights: BTreeMap<String, TensorId>,
    parts: usize,
}

/// What a file says of a stored tensor.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    /// Element type, where known.
    pub dtype: Option<DType>,
    /// Dimensions as stored.
    pub shape: Shape,
    /// Where the bytes are.
    pub storage: Storage,
    /// What it is for, where the file says so.
    pub role: Option<Role>,
}

impl Stored {
    /// A tensor of which only type and dimensions are known.
    pub fn new(dtype: Option<DType>, dims: impl IntoIterator<Item = Dim>) -> Self {
        Self { dtype, shape: Shape::Ranked(dims.into_iter().collect()), storage: Storage::Absent, role: None }
    }

    /// The same with a role.
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The same with a place.
    #[must_use]
    pub fn at(self, storage: Storage) -> Self {
        Self { storage, ..self }
    }
}

impl Draft {
    /// An empty graph of a format, such as `keras`.
    pub fn new(format: &str, name: impl Into<String>) -> Self {
        let mut graph = Graph::new(name);
        format.clone_into(&mut graph.format);
        Self { graph, children: BTreeMap::new(), weights: BTreeMap::new(), parts: 0 }
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// Counts parts against [`MAX_ELEMENTS`].
    ///
    /// # Errors
    /// When there are too many.
    pub fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_ELEMENTS {
            return Err(Error::limit(format!(
                "the model has more than {} parts",
                Grouped(MAX_ELEMENTS as u64)
            )));
        }
        Ok(())
    }

    /// The module of that name inside another, made when it is not there yet. A class once known stays.
    ///
    /// # Errors
    /// When modules nest more than [`MAX_DEPTH`] deep, paths grow longer than [`MAX_PATH`], or there are too many.
    pub fn module(&mut self, parent: ModuleId, name: &str, class: Option<&str>) -> Result<ModuleId, Error> {
        let key = (parent, name.to_owned());
        let id = match self.children.get(&key) {
            Some(id) => *id,
            None => {
                self.count(1)?;
                let path = &self.graph.module(parent).path;
                if path.len() + name.len() >= MAX_PATH || path.split('.').count() >= MAX_DEPTH {
                    return Err(Error::limit(format!(
                        "modules nest more than {MAX_DEPTH} deep or their paths pass {MAX_PATH} bytes"
                    )));
                }
                let id = self.graph.add_module(parent, name, ModuleKind::Module);
                self.children.insert(key, id);
                id
            }
        };
        let module = self.graph.module_mut(id);
        if module.class.is_none() {
            module.class = class.map(str::to_owned);
        }
        Ok(id)
    }

    /// The module of a dotted path such as `layer1.0.conv1`, made when it is not there yet; the root for an empty one.
    ///
    /// # Errors
    /// As [`Draft::module`].
    pub fn module_at(&mut self, path: &str) -> Result<ModuleId, Error> {
        path.split('.')
            .filter(|p| !p.is_empty())
            .try_fold(self.graph.root(), |at, name| self.module(at, name, None))
    }

    /// A name that no module inside this one has: itself, or itself with a number.
    pub fn free_name(&self, parent: ModuleId, name: &str) -> String {
        let taken = |n: &str| self.children.contains_key(&(parent, n.to_owned()));
        if !taken(name) {
            return name.to_owned();
        }
        (1..).map(|i| format!("{name}_{i}")).find(|n| !taken(n)).unwrap_or_else(|| name.to_owned())
    }

    /// An input of the model.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn input(&mut self, name: &str, ty: ValueType) -> Result<TensorId, Error> {
        let id = self.tensor(name, ty)?;
        self.graph.mark_input(id);
        Ok(id)
    }

    /// A tensor that a node yet to be added makes.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn tensor(&mut self, name: &str, ty: ValueType) -> Result<TensorId, Error> {
        self.count(1)?;
        Ok(self.graph.add_tensor(Tensor::new(name, ty)))
    }

    /// A stored tensor by its path; the same one again when it is asked for again.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn weight(&mut self, path: &str, stored: Stored) -> Result<TensorId, Error> {
        if let Some(id) = self.weights.get(path) {
            return Ok(*id);
        }
        self.count(1)?;
        let Stored { dtype, shape, storage, role } = stored;
        let mut tensor = Tensor::new(path, ValueType::Tensor { dtype, shape: shape.clone() });
        tensor.producer = Producer::Stored;
        tensor.weight = Some(Weight { role, ..Weight::new(dtype, shape, storage) });
        let id = self.graph.add_tensor(tensor);
        self.weights.insert(path.to_owned(), id);
        Ok(id)
    }

    /// The stored tensor of that path, if it was made.
    pub fn weight_of(&self, path: &str) -> Option<TensorId> {
        self.weights.get(path).copied()
    }

    /// A small constant whose elements are known.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn constant(&mut self, name: &str, dtype: DType, value: Value) -> Result<TensorId, Error> {
        self.count(1)?;
        let dims = value.dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX)));
        let stored = Stored::new(Some(dtype), dims).with_role(Role::Buffer);
        let mut tensor =
            Tensor::new(name, ValueType::Tensor { dtype: Some(dtype), shape: stored.shape.clone() });
        tensor.producer = Producer::Stored;
        tensor.weight =
            Some(Weight { role: stored.role, ..Weight::new(Some(dtype), stored.shape, Storage::Absent) });
        tensor.value = Some(value);
        Ok(self.graph.add_tensor(tensor))
    }

    /// A constant list of integers, as shapes and axes are.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn ints(&mut self, name: &str, elements: Vec<Dim>) -> Result<TensorId, Error> {
        self.constant(name, DType::Int64, Value::ints(elements))
    }

    /// Adds a node that makes tensors of these names and types, as far as the file declares them.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn node(
        &mut self,
        mut node: Node,
        name: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: Vec<(&str, ValueType)>,
    ) -> Result<Vec<TensorId>, Error> {
        let mut made = Vec::with_capacity(outputs.len());
        for (name, ty) in outputs {
            made.push(self.tensor(name, ty)?);
        }
        name.clone_into(&mut node.name);
        for (key, value) in attributes {
            node.attributes.set(key, value);
        }
        self.add(node.with_inputs(inputs).with_outputs(made.iter().copied().map(Some)))?;
        Ok(made)
    }

    /// Adds a node that is complete.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn add(&mut self, node: Node) -> Result<NodeId, Error> {
        self.count(1 + node.inputs.len())?;
        Ok(self.graph.add_node(node))
    }

    /// The type of a tensor as far as known.
    pub fn ty(&self, tensor: TensorId) -> &ValueType {
        &self.graph.tensor(tensor).ty
    }

    /// Remarks that something is missing or doubtful.
    pub fn warn(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.graph.diagnostics.push(Diagnostic::warning(path, message));
    }

    /// Remarks something worth knowing.
    pub fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.graph.diagnostics.push(Diagnostic::note(path, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_weights_are_made_once() {
        let mut draft = Draft::new("test", "net");
        let inner = draft.module_at("a.b.c").unwrap();
        assert_eq!(draft.module_at("a.b.c").unwrap(), inner);
        assert_eq!(draft.graph.module(inner).path, "a.b.c");
        let b = draft.module_at("a.b").unwrap();
        assert_eq!(draft.free_name(b, "c"), "c_1");
        let stored = Stored::new(Some(DType::Float32), [3, 4].map(Dim::Known));
        let weight = draft.weight("a.b.weight", stored.clone()).unwrap();
        assert_eq!(draft.weight("a.b.weight", stored).unwrap(), weight);
        let deep = vec!["x"; MAX_DEPTH + 1].join(".");
        assert!(draft.module_at(&deep).is_err());
    }
}

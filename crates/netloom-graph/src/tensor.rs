//! Tensors: the values that flow between nodes.

use crate::{DType, NodeId, RegionId, Shape, Value, ValueType};

/// A value with one producer and any number of consumers.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// Name in the file; need not be unique.
    pub name: String,
    /// Its type, as far as known: first what the file declares, then what inference adds.
    pub ty: ValueType,
    /// What made it.
    pub producer: Producer,
    /// Who reads it: node and input position, in file order.
    pub consumers: Vec<(NodeId, usize)>,
    /// Its elements, where they are known without running the model.
    pub value: Option<Value>,
    /// What is stored in the file for it, if it is stored.
    pub weight: Option<Weight>,
}

impl Tensor {
    /// A tensor without producer or consumers.
    pub fn new(name: impl Into<String>, ty: ValueType) -> Self {
        Self {
            name: name.into(),
            ty,
            producer: Producer::Missing,
            consumers: Vec::new(),
            value: None,
            weight: None,
        }
    }

    /// Whether its elements are stored in the file: a weight, a buffer or a constant.
    pub fn is_stored(&self) -> bool {
        matches!(self.producer, Producer::Stored)
    }
}

/// What made a tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Producer {
    /// An output of a node.
    Node(NodeId, usize),
    /// An input of the model.
    Input(usize),
    /// A formal input of a body of a control-flow node.
    RegionInput(RegionId, usize),
    /// The file stores its elements.
    Stored,
    /// Nothing: the file names it but nothing makes it.
    Missing,
}

/// Facts about elements stored in the file. Never the elements themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weight {
    /// Element type.
    pub dtype: Option<DType>,
    /// Dimensions as stored.
    pub shape: Shape,
    /// Where the bytes are.
    pub storage: Storage,
    /// Whether it is stored sparsely.
    pub sparse: bool,
    /// What the file says it is for; `None` where only its use can tell.
    pub role: Option<Role>,
}

impl Weight {
    /// A dense weight without a word about its role.
    pub fn new(dtype: Option<DType>, shape: Shape, storage: Storage) -> Self {
        Self { dtype, shape, storage, sparse: false, role: None }
    }
}

/// What a stored tensor is for, in files that say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Counted as a parameter by its framework.
    Parameter {
        /// Whether training changes it, where the file says.
        trainable: Option<bool>,
    },
    /// State, a table or a constant: not counted as a parameter.
    Buffer,
}

/// Where stored bytes are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In the model file: offset and length in bytes.
    Inline {
        /// First byte.
        offset: u64,
        /// Number of bytes.
        len: u64,
    },
    /// In a file beside the model.
    External {
        /// Path as the model gives it.
        location: String,
        /// First byte.
        offset: u64,
        /// Number of bytes, if given.
        len: Option<u64>,
    },
    /// The file says the tensor exists but holds no bytes for it.
    Absent,
}

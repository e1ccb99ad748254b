//! The messages of an ONNX file as plain structs: what the schema calls `ModelProto` and everything inside it.
//!
//! # Source
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>

use netloom_graph::ValueType;

use super::names::{Name, Names};
use super::tensor::{SparseProto, TensorProto};

/// A whole file.
#[derive(Debug, Default)]
pub struct ModelProto {
    /// Version of the schema; 0 when missing.
    pub ir_version: i64,
    /// What wrote it.
    pub producer: String,
    /// The version of what wrote it.
    pub producer_version: String,
    /// Operator sets and their versions.
    pub opsets: Vec<(Name, i64)>,
    /// The network, if there is one.
    pub graph: Option<GraphProto>,
    /// Functions of the file.
    pub functions: Vec<FunctionProto>,
    /// Whether there are graphs for training beside the network.
    pub has_training: bool,
}

/// A network, or a body of a control-flow node.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct GraphProto {
    /// Name.
    pub name: Name,
    /// Operators in file order.
    pub nodes: Vec<NodeProto>,
    /// Stored tensors.
    pub tensors: Vec<TensorProto>,
    /// Sparsely stored tensors.
    pub sparse: Vec<SparseProto>,
    /// Inputs; older files list stored tensors here as well.
    pub inputs: Vec<ValueInfo>,
    /// Outputs.
    pub outputs: Vec<ValueInfo>,
    /// Types of values in between.
    pub values: Vec<ValueInfo>,
    /// How many values have quantisation annotations.
    pub annotations: usize,
}

/// The name and type of a value.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ValueInfo {
    /// Name.
    pub name: Name,
    /// Type, as far as given.
    pub ty: ValueType,
    /// Whether a dimension is below zero; it counts as unknown.
    pub is_negative: bool,
}

/// One operator.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeProto {
    /// Values read; empty where one is left out.
    pub inputs: Vec<Name>,
    /// Values made; empty where one is left out.
    pub outputs: Vec<Name>,
    /// Name.
    pub name: Name,
    /// Operator.
    pub op: Name,
    /// Operator set; empty for the standard one.
    pub domain: Name,
    /// Tells functions of one name apart.
    pub overload: Name,
    /// Settings.
    pub attributes: Vec<AttributeProto>,
    /// Where it came from, as PyTorch's exporter says.
    pub origin: Option<Box<Origin>>,
}

/// Metadata of PyTorch's exporter about a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// `pkg.torch.onnx.name_scopes`: module paths from the root inwards, then the operation, as a Python list.
    pub scopes: Name,
    /// `pkg.torch.onnx.class_hierarchy`: the classes of the same, as a Python list.
    pub classes: Name,
    /// `namespace`: both, joined as `path: class/path: class`.
    pub namespace: Name,
    /// `pkg.onnxscript.rewriter.rule_name`: rewrites that made this node.
    pub rewrites: Name,
}

/// One setting of an operator.
#[derive(Clone, PartialEq, Debug)]
pub struct AttributeProto {
    /// Name.
    pub name: Name,
    /// In a function: the setting of the call that gives the value.
    pub reference: Name,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of a setting.
#[derive(Clone, PartialEq, Debug)]
pub enum AttributeValue {
    /// No value is there.
    Missing,
    /// An integer.
    Int(i64),
    /// A number.
    Float(f32),
    /// Text.
    String(String),
    /// Integers.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f64>),
    /// Texts.
    Strings(Vec<String>),
    /// A stored tensor.
    Tensor(Box<TensorProto>),
    /// A sparsely stored tensor.
    Sparse(Box<SparseProto>),
    /// A body.
    Graph(Box<GraphProto>),
    /// Bodies.
    Graphs(Vec<GraphProto>),
    /// A type.
    Type(Box<ValueType>),
    /// Something else, in words.
    Other(&'static str),
}

/// A function of the file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FunctionProto {
    /// Name.
    pub name: Name,
    /// Operator set it belongs to.
    pub domain: Name,
    /// Tells functions of one name apart.
    pub overload: Name,
    /// Formal inputs.
    pub inputs: Vec<Name>,
    /// Results.
    pub outputs: Vec<Name>,
    /// Settings with default values.
    pub defaults: Vec<AttributeProto>,
    /// Operators.
    pub nodes: Vec<NodeProto>,
    /// Operator sets and their versions.
    pub opsets: Vec<(Name, i64)>,
    /// Types of values inside.
    pub values: Vec<ValueInfo>,
}

impl FunctionProto {
    /// About how much one call of it adds to the graph: names, settings and nodes, those in bodies included.
    pub fn weight(&self, names: &Names) -> usize {
        let own = self.inputs.len() + self.outputs.len() + self.values.len();
        1 + own + nodes_weight(&self.nodes, names) + attributes_weight(&self.defaults, names)
    }
}

fn nodes_weight(nodes: &[NodeProto], names: &Names) -> usize {
    let of_name = |n: &Name| 1 + names.text(*n).len() / 64;
    let of_node = |node: &NodeProto| {
        let all = node.inputs.iter().chain(&node.outputs).chain([&node.name, &node.op, &node.domain]);
        all.map(of_name).sum::<usize>() + attributes_weight(&node.attributes, names)
    };
    nodes.iter().map(of_node).fold(0, usize::saturating_add)
}

fn attributes_weight(attributes: &[AttributeProto], names: &Names) -> usize {
    let of_graph = |g: &GraphProto| {
        let values = g.inputs.len() + g.outputs.len() + g.values.len();
        let stored: usize = g.tensors.iter().map(TensorProto::weight).sum();
        1 + values + stored + g.sparse.len() + nodes_weight(&g.nodes, names)
    };
    let of_value = |value: &AttributeValue| match value {
        AttributeValue::String(s) => s.len() / 64,
        AttributeValue::Ints(v) => v.len() / 8,
        AttributeValue::Floats(v) => v.len() / 8,
        AttributeValue::Strings(v) => v.iter().map(|s| 1 + s.len() / 64).sum(),
        AttributeValue::Tensor(t) => t.weight(),
        AttributeValue::Graph(g) => of_graph(g),
        AttributeValue::Graphs(v) => v.iter().map(of_graph).sum(),
        _ => 0,
    };
    attributes.iter().map(|a| 1 + of_value(&a.value)).fold(0, usize::saturating_add)
}

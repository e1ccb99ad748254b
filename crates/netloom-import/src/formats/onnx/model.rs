//! Reads the messages of an ONNX file into the structs of the schema, field by field.

use netloom_graph::ValueType;

use super::names::{Name, Names};
use super::schema::{
    AttributeProto, AttributeValue, FunctionProto, GraphProto, ModelProto, NodeProto, Origin, ValueInfo,
};
use super::tensor::{SparseProto, TensorProto, read_pair};
use super::types::read_type;
use crate::Error;
use crate::wire::{Field, Message, Reader, Span};

/// The most nodes a file may hold, bodies and functions included.
pub const MAX_NODES: usize = 1 << 19;

/// The most settings of one node; operators know a few dozen.
pub const MAX_ATTRIBUTES: usize = 256;

/// The most elements of a list in an attribute that are kept; longer ones are tables of trees and the like, and only
/// their presence is kept.
pub const MAX_LIST: usize = 1 << 16;

/// The longest text of an attribute that is kept, in bytes; longer ones are whole programs or blobs.
const MAX_BLOB: u64 = 1 << 16;

/// Reads every message of a file.
pub struct Parser<'a> {
    /// The bytes.
    pub reader: Reader<'a>,
    /// The names seen.
    pub names: Names,
    nodes: usize,
}

impl<'a> Parser<'a> {
    /// A parser over a reader.
    pub fn new(reader: Reader<'a>) -> Self {
        Self { reader, names: Names::new(), nodes: 0 }
    }

    /// Reads the whole source.
    pub fn model(&mut self) -> Result<ModelProto, Error> {
        let mut model = ModelProto::default();
        let mut m = self.reader.root();
        while let Some(field) = self.reader.next(&mut m)? {
            match field.number {
                1 => model.ir_version = field.int()?,
                2 => model.producer = self.string(field)?,
                3 => model.producer_version = self.string(field)?,
                7 => {
                    let inner = self.reader.inside(m, field)?;
                    self.graph(inner, model.graph.get_or_insert_default())?;
                }
                8 => {
                    let opset = self.opset(m, field)?;
                    model.opsets.push(opset);
                }
                20 => model.has_training = true,
                25 => {
                    let inner = self.reader.inside(m, field)?;
                    let function = self.function(inner)?;
                    model.functions.push(function);
                }
                _ => {}
            }
        }
        Ok(model)
    }

    fn opset(&mut self, m: Message, field: Field) -> Result<(Name, i64), Error> {
        let mut inner = self.reader.inside(m, field)?;
        let (mut domain, mut version) = (Name::EMPTY, 0);
        while let Some(field) = self.reader.next(&mut inner)? {
            match field.number {
                1 => domain = self.domain(field)?,
                2 => version = field.int()?,
                _ => {}
            }
        }
        Ok((domain, version))
    }

    /// The standard set has two names; one is enough.
    fn domain(&mut self, field: Field) -> Result<Name, Error> {
        let name = self.name(field)?;
        Ok(if self.names.text(name) == "ai.onnx" { Name::EMPTY } else { name })
    }

    fn name(&mut self, field: Field) -> Result<Name, Error> {
        Ok(self.names.add(self.reader.text(field)?))
    }

    fn string(&mut self, field: Field) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.reader.text(field)?).into_owned())
    }

    /// Reads a network; fields add to those that are there, as protobuf merges messages.
    fn graph(&mut self, mut m: Message, graph: &mut GraphProto) -> Result<(), Error> {
        while let Some(field) = self.reader.next(&mut m)? {
            match field.number {
                1 => {
                    let node = self.node(m, field)?;
                    graph.nodes.push(node);
                }
                2 => graph.name = self.name(field)?,
                5 => {
                    let inner = self.reader.inside(m, field)?;
                    let mut tensor = TensorProto::default();
                    tensor.read(&mut self.reader, &mut self.names, inner)?;
                    tensor.finish();
                    graph.tensors.push(tensor);
                }
                11 => graph.inputs.push(self.value(m, field)?),
                12 => graph.outputs.push(self.value(m, field)?),
                13 => graph.values.push(self.value(m, field)?),
                15 => {
                    let inner = self.reader.inside(m, field)?;
                    let mut tensor = SparseProto::default();
                    tensor.read(&mut self.reader, &mut self.names, inner)?;
                    graph.sparse.push(tensor);
                }
                14 => graph.annotations += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn value(&mut self, m: Message, field: Field) -> Result<ValueInfo, Error> {
        let mut inner = self.reader.inside(m, field)?;
        let mut info = ValueInfo::default();
        while let Some(field) = self.reader.next(&mut inner)? {
            match field.number {
                1 => info.name = self.name(field)?,
                2 => {
                    let ty = self.reader.inside(inner, field)?;
                    read_type(&mut self.reader, ty, &mut info.ty, &mut info.is_negative)?;
                }
                _ => {}
            }
        }
        Ok(info)
    }

    fn node(&mut self, m: Message, field: Field) -> Result<NodeProto, Error> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::limit(format!("expected at most {MAX_NODES} nodes, found more")));
        }
        let mut m = self.reader.inside(m, field)?;
        let mut node = NodeProto::default();
        while let Some(field) = self.reader.next(&mut m)? {
            match field.number {
                1 => node.inputs.push(self.name(field)?),
                2 => node.outputs.push(self.name(field)?),
                3 => node.name = self.name(field)?,
                4 => node.op = self.name(field)?,
                5 => {
                    let attribute = self.attribute(m, field)?;
                    push_attribute(&mut node.attributes, attribute, field)?;
                }
                7 => node.domain = self.domain(field)?,
                8 => node.overload = self.name(field)?,
                9 => self.origin(m, field, &mut node.origin)?,
                _ => {}
            }
        }
        node.inputs.shrink_to_fit();
        node.outputs.shrink_to_fit();
        Ok(node)
    }

    /// Keeps the few metadata that say where a node came from; the others are long and skipped.
    fn origin(&mut self, m: Message, field: Field, into: &mut Option<Box<Origin>>) -> Result<(), Error> {
        let inner = self.reader.inside(m, field)?;
        let (Some(key), Some(value)) = read_pair(&mut self.reader, inner)? else { return Ok(()) };
        if key.span()?.len() > 64 {
            return Ok(());
        }
        let key = self.reader.text(key)?;
        let place: fn(&mut Origin) -> &mut Name = match key.as_slice() {
            b"pkg.torch.onnx.name_scopes" => |o| &mut o.scopes,
            b"pkg.torch.onnx.class_hierarchy" => |o| &mut o.classes,
            b"namespace" => |o| &mut o.namespace,
            b"pkg.onnxscript.rewriter.rule_name" => |o| &mut o.rewrites,
            _ => return Ok(()),
        };
        *place(into.get_or_insert_default()) = self.name(value)?;
        Ok(())
    }

    fn function(&mut self, mut m: Message) -> Result<FunctionProto, Error> {
        let mut function = FunctionProto::default();
        while let Some(field) = self.reader.next(&mut m)? {
            match field.number {
                1 => function.name = self.name(field)?,
                4 => function.inputs.push(self.name(field)?),
                5 => function.outputs.push(self.name(field)?),
                7 => {
                    let node = self.node(m, field)?;
                    function.nodes.push(node);
                }
                9 => {
                    let opset = self.opset(m, field)?;
                    function.opsets.push(opset);
                }
                10 => function.domain = self.domain(field)?,
                11 => {
                    let default = self.attribute(m, field)?;
                    push_attribute(&mut function.defaults, default, field)?;
                }
                12 => function.values.push(self.value(m, field)?),
                13 => function.overload = self.name(field)?,
                _ => {}
            }
        }
        Ok(function)
    }

    fn attribute(&mut self, m: Message, field: Field) -> Result<AttributeProto, Error> {
        let mut m = self.reader.inside(m, field)?;
        let mut parts = Parts::default();
        while let Some(field) = self.reader.next(&mut m)? {
            match field.number {
                1 => parts.name = self.name(field)?,
                21 => parts.reference = self.name(field)?,
                20 => parts.kind = field.int()?,
                2 => parts.float = Some(field.float()?),
                3 => parts.int = Some(field.int()?),
                4 => parts.string = Some(self.blob(field.span()?)?),
                5 => {
                    let inner = self.reader.inside(m, field)?;
                    let tensor = parts.tensor.get_or_insert_default();
                    tensor.read(&mut self.reader, &mut self.names, inner)?;
                }
                6 => {
                    let inner = self.reader.inside(m, field)?;
                    self.graph(inner, parts.graph.get_or_insert_default())?;
                }
                7 => parts.cut |= !self.reader.floats(m, field, MAX_LIST, &mut parts.floats)?,
                8 => parts.cut |= !self.reader.ints(m, field, MAX_LIST, &mut parts.ints)?,
                9 if parts.strings.len() < MAX_LIST => parts.strings.push(self.blob(field.span()?)?),
                9 => parts.cut = true,
                10 => parts.other = Some("tensors"),
                11 => {
                    let inner = self.reader.inside(m, field)?;
                    let mut graph = GraphProto::default();
                    self.graph(inner, &mut graph)?;
                    parts.graphs.push(graph);
                }
                14 => {
                    let inner = self.reader.inside(m, field)?;
                    let ty = parts.ty.get_or_insert_default();
                    read_type(&mut self.reader, inner, ty, &mut false)?;
                }
                15 => parts.other = Some("types"),
                22 => {
                    let inner = self.reader.inside(m, field)?;
                    let tensor = parts.sparse.get_or_insert_default();
                    tensor.read(&mut self.reader, &mut self.names, inner)?;
                }
                23 => parts.other = Some("sparse tensors"),
                _ => {}
            }
        }
        Ok(parts.settle())
    }

    fn blob(&mut self, span: Span) -> Result<String, Error> {
        if span.len() > MAX_BLOB {
            return Ok(format!("({} bytes)", span.len()));
        }
        Ok(String::from_utf8_lossy(&self.reader.bytes(span)?).into_owned())
    }
}

fn push_attribute(
    into: &mut Vec<AttributeProto>,
    attribute: AttributeProto,
    field: Field,
) -> Result<(), Error> {
    if into.len() >= MAX_ATTRIBUTES {
        let at = crate::error::Grouped(field.offset);
        return Err(Error::limit(format!(
            "expected at most {MAX_ATTRIBUTES} settings of one node at byte {at}, found more"
        )));
    }
    into.push(attribute);
    Ok(())
}

/// Every field that an attribute may have; its kind says which one counts.
#[derive(Default)]
struct Parts {
    name: Name,
    reference: Name,
    kind: i64,
    int: Option<i64>,
    float: Option<f32>,
    string: Option<String>,
    tensor: Option<Box<TensorProto>>,
    graph: Option<Box<GraphProto>>,
    sparse: Option<Box<SparseProto>>,
    ty: Option<Box<ValueType>>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    strings: Vec<String>,
    graphs: Vec<GraphProto>,
    other: Option<&'static str>,
    cut: bool,
}

impl Parts {
    fn settle(mut self) -> AttributeProto {
        if let Some(tensor) = &mut self.tensor {
            tensor.finish();
        }
        let (name, reference) = (self.name, self.reference);
        // The first files named no kind: it is that of the field that is there.
        let kind = if self.kind == 0 { self.guess() } else { self.kind };
        AttributeProto { name, reference, value: self.value(kind) }
    }

    fn value(self, kind: i64) -> AttributeValue {
        use AttributeValue as V;
        match kind {
            // Zero and the empty text are the same as nothing in protobuf's third version.
            1 => V::Float(self.float.unwrap_or_default()),
            2 => V::Int(self.int.unwrap_or_default()),
            3 => V::String(self.string.unwrap_or_default()),
            4 => self.tensor.map_or(V::Missing, V::Tensor),
            5 => self.graph.map_or(V::Missing, V::Graph),
            6..=8 if self.cut => V::Other("a long list"),
            6 => V::Floats(self.floats),
            7 => V::Ints(self.ints),
            8 => V::Strings(self.strings),
            9 => V::Other("tensors"),
            10 => V::Graphs(self.graphs),
            11 => self.sparse.map_or(V::Missing, V::Sparse),
            12 => V::Other("sparse tensors"),
            13 => self.ty.map_or(V::Missing, V::Type),
            14 => V::Other("types"),
            _ => self.other.map_or(V::Missing, V::Other),
        }
    }

    fn guess(&self) -> i64 {
        let present = [
            (self.float.is_some(), 1),
            (self.int.is_some(), 2),
            (self.string.is_some(), 3),
            (self.tensor.is_some(), 4),
            (self.graph.is_some(), 5),
            (!self.floats.is_empty(), 6),
            (!self.ints.is_empty(), 7),
            (!self.strings.is_empty(), 8),
            (!self.graphs.is_empty(), 10),
            (self.sparse.is_some(), 11),
            (self.ty.is_some(), 13),
        ];
        present.iter().find(|(there, _)| *there).map_or(0, |(_, kind)| *kind)
    }
}

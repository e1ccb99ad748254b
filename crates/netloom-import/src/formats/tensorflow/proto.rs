//! The messages of TensorFlow: graphs, nodes, settings, constants and functions.
//!
//! # Source
//! `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto` and `function.proto` in
//! <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/framework>

use std::collections::BTreeMap;

use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{DType, Dim, Elements, Shape, Storage, Value, value};

use crate::Error;
use crate::wire::{Field, Message, Payload, Reader};

/// The most entries of a list of a setting that are kept.
const MAX_LIST: usize = 4096;

/// A graph.
#[derive(Default, Debug)]
pub(super) struct GraphDef {
    /// Its nodes.
    pub nodes: Vec<NodeDef>,
    /// Functions that nodes call, by name.
    pub functions: BTreeMap<String, Function>,
}

/// A node.
#[derive(Default, Clone, Debug)]
pub(super) struct NodeDef {
    /// Its name.
    pub name: String,
    /// Its operator.
    pub op: String,
    /// What it reads: a name, a name with a number, or a name after `^` that it only waits for.
    pub inputs: Vec<String>,
    /// Its settings.
    pub settings: BTreeMap<String, Setting>,
}

/// A setting.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    /// Text or bytes.
    Text(String),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A flag.
    Bool(bool),
    /// An element type, by code.
    Type(i64),
    /// A shape.
    Shape(Shape),
    /// A constant.
    Tensor(Box<Constant>),
    /// A function, by name.
    Function(String),
    /// A list.
    List(List),
}

/// A list as a setting; only one part is filled.
#[derive(Default, Clone, Debug)]
pub(super) struct List {
    /// Texts.
    pub texts: Vec<String>,
    /// Integers.
    pub ints: Vec<i64>,
    /// Numbers.
    pub floats: Vec<f64>,
    /// Shapes.
    pub shapes: Vec<Shape>,
}

/// A stored constant.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// Element type.
    pub dtype: Option<DType>,
    /// Dimensions.
    pub shape: Shape,
    /// Where its bytes are.
    pub storage: Storage,
    /// Its elements, if they are few.
    pub value: Option<Value>,
}

/// A function.
#[derive(Default, Debug)]
pub(super) struct Function {
    /// Names of its arguments.
    pub arguments: Vec<String>,
    /// Names of its results.
    pub results: Vec<String>,
    /// Its nodes.
    pub nodes: Vec<NodeDef>,
    /// What each result is.
    pub returns: BTreeMap<String, String>,
    /// Shapes of arguments, where the file says them.
    pub shapes: BTreeMap<usize, Shape>,
}

/// An element type by its code; reference types count as what they refer to.
pub(super) fn dtype(code: i64) -> Option<DType> {
    Some(match if code > 100 { code - 100 } else { code } {
        1 => DType::Float32,
        2 => DType::Float64,
        3 | 13 => DType::Int32,
        4 | 12 => DType::UInt8,
        5 | 15 => DType::Int16,
        6 | 11 => DType::Int8,
        7 => DType::String,
        8 => DType::Complex64,
        9 => DType::Int64,
        10 => DType::Bool,
        14 => DType::BFloat16,
        16 | 17 => DType::UInt16,
        18 => DType::Complex128,
        19 => DType::Float16,
        22 => DType::UInt32,
        23 => DType::UInt64,
        24 => DType::Float8E5M2,
        25 => DType::Float8E4M3FN,
        29 => DType::Int4,
        30 => DType::UInt4,
        _ => return None,
    })
}

/// Reads messages and counts what they hold.
pub(super) struct Parser<'a> {
    /// The source.
    pub reader: Reader<'a>,
    parts: usize,
}

impl<'a> Parser<'a> {
    /// A parser over a reader.
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self { reader, parts: 0 }
    }

    fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_ELEMENTS {
            return Err(Error::limit(format!("the model has more than {MAX_ELEMENTS} parts")));
        }
        Ok(())
    }

    /// Visits the fields of a message.
    pub(super) fn each(
        &mut self,
        mut message: Message,
        mut visit: impl FnMut(&mut Self, Message, Field) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let whole = message;
        while let Some(field) = self.reader.next(&mut message)? {
            visit(self, whole, field)?;
        }
        Ok(())
    }

    /// The text of a field; what is not UTF-8 is replaced.
    pub(super) fn text(&mut self, field: Field) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.reader.text(field)?).into_owned())
    }

    /// The entries of a map: visits the key and the value's field.
    pub(super) fn entry(
        &mut self,
        message: Message,
        field: Field,
    ) -> Result<(String, Option<(Message, Field)>), Error> {
        let entry = self.reader.inside(message, field)?;
        let (mut key, mut value) = (String::new(), None);
        self.each(entry, |p, m, f| {
            match (f.number, f.payload) {
                (1, Payload::Varint(n)) => key = n.to_string(),
                (1, _) => key = p.text(f)?,
                (2, _) => value = Some((m, f)),
                _ => {}
            }
            Ok(())
        })?;
        Ok((key, value))
    }

    /// A graph.
    pub(super) fn graph(&mut self, message: Message) -> Result<GraphDef, Error> {
        let mut graph = GraphDef::default();
        self.each(message, |p, m, f| {
            match f.number {
                1 => {
                    let node = p.reader.inside(m, f)?;
                    graph.nodes.push(p.node(node)?);
                }
                2 => {
                    let library = p.reader.inside(m, f)?;
                    p.each(library, |p, m, f| {
                        if f.number == 1 {
                            let function = p.reader.inside(m, f)?;
                            let (name, function) = p.function(function)?;
                            graph.functions.insert(name, function);
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(graph)
    }

    fn node(&mut self, message: Message) -> Result<NodeDef, Error> {
        let mut node = NodeDef::default();
        self.each(message, |p, m, f| {
            match f.number {
                1 => node.name = p.text(f)?,
                2 => node.op = p.text(f)?,
                3 => {
                    p.count(1)?;
                    node.inputs.push(p.text(f)?);
                }
                5 => {
                    if let (key, Some((m, f))) = p.entry(m, f)? {
                        let value = p.reader.inside(m, f)?;
                        if let Some(setting) = p.setting(value)? {
                            node.settings.insert(key, setting);
                        }
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        self.count(1)?;
        Ok(node)
    }

    fn setting(&mut self, message: Message) -> Result<Option<Setting>, Error> {
        let mut setting = None;
        self.each(message, |p, m, f| {
            setting = Some(match f.number {
                1 => {
                    let list = p.reader.inside(m, f)?;
                    Setting::List(p.list(list)?)
                }
                // Bytes of a setting may be long; none that matters is.
                2 if f.span()?.len() > crate::wire::MAX_TEXT => return Ok(()),
                2 => Setting::Text(p.text(f)?),
                3 => Setting::Int(f.int()?),
                4 => Setting::Float(f.float()?.into()),
                5 => Setting::Bool(f.int()? != 0),
                6 => Setting::Type(f.int()?),
                7 => {
                    let shape = p.reader.inside(m, f)?;
                    Setting::Shape(p.shape(shape)?)
                }
                8 => {
                    let tensor = p.reader.inside(m, f)?;
                    Setting::Tensor(Box::new(p.tensor(tensor)?))
                }
                10 => {
                    let function = p.reader.inside(m, f)?;
                    let mut name = String::new();
                    p.each(function, |p, _, f| {
                        if f.number == 1 {
                            name = p.text(f)?;
                        }
                        Ok(())
                    })?;
                    Setting::Function(name)
                }
                _ => return Ok(()),
            });
            Ok(())
        })?;
        Ok(setting)
    }

    fn list(&mut self, message: Message) -> Result<List, Error> {
        let mut list = List::default();
        self.each(message, |p, m, f| {
            match f.number {
                2 if list.texts.len() < MAX_LIST => list.texts.push(p.text(f)?),
                3 => {
                    p.reader.ints(m, f, MAX_LIST, &mut list.ints)?;
                }
                4 => {
                    p.reader.floats(m, f, MAX_LIST, &mut list.floats)?;
                }
                7 if list.shapes.len() < MAX_LIST => {
                    let shape = p.reader.inside(m, f)?;
                    list.shapes.push(p.shape(shape)?);
                }
                _ => {}
            }
            Ok(())
        })?;
        self.count(list.shapes.len())?;
        Ok(list)
    }

    /// A shape; -1 stands for a dimension that is not known.
    pub(super) fn shape(&mut self, message: Message) -> Result<Shape, Error> {
        let (mut dims, mut unknown) = (Vec::new(), false);
        self.each(message, |p, m, f| {
            match f.number {
                2 if dims.len() < 64 => {
                    let dim = p.reader.inside(m, f)?;
                    let mut size = 0;
                    p.each(dim, |_, _, f| {
                        if f.number == 1 {
                            size = f.int()?;
                        }
                        Ok(())
                    })?;
                    dims.push(if size < 0 { Dim::Unknown } else { Dim::Known(size) });
                }
                3 => unknown = f.int()? != 0,
                _ => {}
            }
            Ok(())
        })?;
        Ok(if unknown { Shape::Unranked } else { Shape::Ranked(dims) })
    }

    fn tensor(&mut self, message: Message) -> Result<Constant, Error> {
        let (mut code, mut shape, mut content) = (0, Shape::scalar(), None);
        let (mut ints, mut floats) = (Vec::new(), Vec::new());
        self.each(message, |p, m, f| {
            match f.number {
                1 => code = f.int()?,
                2 => {
                    let inner = p.reader.inside(m, f)?;
                    shape = p.shape(inner)?;
                }
                4 => content = Some(f.span()?),
                5 => {
                    p.reader.floats(m, f, value::MAX_ELEMENTS, &mut floats)?;
                }
                6 => {
                    p.reader.doubles(m, f, value::MAX_ELEMENTS, &mut floats)?;
                }
                7 | 10 | 11 | 16 | 17 => {
                    p.reader.ints(m, f, value::MAX_ELEMENTS, &mut ints)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let dtype = dtype(code);
        let storage = match content {
            Some(span) => Storage::Inline { offset: span.start, len: span.len() },
            None => Storage::Absent,
        };
        let count = shape.elements().and_then(|n| usize::try_from(n).ok());
        let mut value = None;
        if let (Some(dtype), Some(count)) = (dtype, count.filter(|n| *n <= value::MAX_ELEMENTS)) {
            if let Some(span) = content
                && span.len() <= 8 * value::MAX_ELEMENTS as u64
            {
                let bytes = self.reader.bytes(span)?;
                unpack(&bytes, dtype, &mut ints, &mut floats);
            }
            value = elements(dtype, count, ints, floats, &shape);
        }
        Ok(Constant { dtype, shape, storage, value })
    }

    fn function(&mut self, message: Message) -> Result<(String, Function), Error> {
        let (mut function, mut name) = (Function::default(), String::new());
        self.each(message, |p, m, f| {
            match f.number {
                1 => {
                    let signature = p.reader.inside(m, f)?;
                    p.each(signature, |p, m, f| {
                        match f.number {
                            1 => name = p.text(f)?,
                            2 | 3 => {
                                let argument = p.reader.inside(m, f)?;
                                let own = p.first_text(argument)?;
                                let list = if f.number == 2 {
                                    &mut function.arguments
                                } else {
                                    &mut function.results
                                };
                                list.push(own);
                                p.count(1)?;
                            }
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                3 => {
                    let node = p.reader.inside(m, f)?;
                    function.nodes.push(p.node(node)?);
                }
                4 => {
                    if let (key, Some((_, f))) = p.entry(m, f)? {
                        let value = p.text(f)?;
                        function.returns.insert(key, value);
                    }
                }
                7 => p.argument_shape(m, f, &mut function)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok((name, function))
    }

    /// The first text of a message, which is its name.
    fn first_text(&mut self, message: Message) -> Result<String, Error> {
        let mut name = String::new();
        self.each(message, |p, _, f| {
            if f.number == 1 {
                name = p.text(f)?;
            }
            Ok(())
        })?;
        Ok(name)
    }

    fn argument_shape(&mut self, m: Message, f: Field, function: &mut Function) -> Result<(), Error> {
        let (place, value) = self.entry(m, f)?;
        let (Ok(place), Some((m, f))) = (place.parse(), value) else { return Ok(()) };
        let settings = self.reader.inside(m, f)?;
        self.each(settings, |p, m, f| {
            if f.number == 1
                && let (key, Some((m, f))) = p.entry(m, f)?
                && key == "_output_shapes"
            {
                let value = p.reader.inside(m, f)?;
                if let Some(Setting::List(list)) = p.setting(value)?
                    && let Some(shape) = list.shapes.into_iter().next()
                {
                    function.shapes.insert(place, shape);
                }
            }
            Ok(())
        })
    }
}

/// Numbers from their bytes.
fn unpack(bytes: &[u8], dtype: DType, ints: &mut Vec<i64>, floats: &mut Vec<f64>) {
    fn each<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
        bytes.chunks_exact(N).filter_map(|c| c.try_into().ok())
    }
    match dtype {
        DType::Float32 => floats.extend(each(bytes).map(|b| f64::from(f32::from_le_bytes(b)))),
        DType::Float64 => floats.extend(each(bytes).map(f64::from_le_bytes)),
        DType::Int32 => ints.extend(each(bytes).map(|b| i64::from(i32::from_le_bytes(b)))),
        DType::Int64 => ints.extend(each(bytes).map(i64::from_le_bytes)),
        DType::Int8 => ints.extend(bytes.iter().map(|b| i64::from(b.cast_signed()))),
        DType::UInt8 | DType::Bool => ints.extend(bytes.iter().map(|b| i64::from(*b))),
        _ => {}
    }
}

/// A value; the last number written stands for all that follow.
fn elements(
    dtype: DType,
    count: usize,
    mut ints: Vec<i64>,
    mut floats: Vec<f64>,
    shape: &Shape,
) -> Option<Value> {
    let dims = shape.dims()?.iter().map(|d| d.as_size().and_then(|n| usize::try_from(n).ok()));
    let dims: Vec<usize> = dims.collect::<Option<_>>()?;
    let elements = if dtype.is_float() {
        // Zeros need not be written.
        let last = floats.last().copied().unwrap_or(0.0);
        floats.resize(count, last);
        Elements::Floats(floats)
    } else {
        if dtype == DType::String {
            return None;
        }
        let last = ints.last().copied().unwrap_or(0);
        ints.resize(count, last);
        Elements::Ints(ints.into_iter().map(Dim::Known).collect())
    };
    Some(Value { dims, elements })
}

impl NodeDef {
    /// The function of that setting.
    pub(super) fn function(&self, key: &str) -> Option<&str> {
        match self.settings.get(key)? {
            Setting::Function(name) => Some(name),
            _ => None,
        }
    }

    /// The element type of that setting.
    pub(super) fn dtype(&self, key: &str) -> Option<DType> {
        match self.settings.get(key)? {
            Setting::Type(code) => dtype(*code),
            _ => None,
        }
    }

    /// The shapes that the file declares for what it makes.
    pub(super) fn shapes(&self) -> &[Shape] {
        match self.settings.get("_output_shapes") {
            Some(Setting::List(list)) => &list.shapes,
            _ => &[],
        }
    }
}

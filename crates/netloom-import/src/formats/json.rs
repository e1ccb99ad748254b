//! The graph as JSON, as [`crate::writers::json`] writes it.

use netloom_graph::attribute::TensorLiteral;
use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{
    Attribute, DType, Diagnostic, Dim, Elements, Graph, ModuleId, ModuleKind, Node, NodeId, Producer,
    RegionId, Role, Severity, Shape, Storage, Tensor, TensorId, Value, ValueType, Weight,
};

use crate::sniff::has_extension;
use crate::source::take;
use crate::writers::json::{VERSION, mirror};
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The most bytes of a file.
pub const MAX_BYTES: u64 = 1 << 30;

/// The JSON of the graph as a format.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "the graph as JSON, written by netloom"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 256).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        let rest = text.trim_start().strip_prefix('{').map(str::trim_start);
        if rest.is_some_and(|r| r.starts_with("\"netloom_graph\"")) {
            Confidence::Content
        } else if has_extension(source, &["json"]) && rest.is_none() {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES {
            return Err(Error::limit(format!(
                "expected at most {MAX_BYTES} bytes of JSON, found {}",
                source.len()
            )));
        }
        let bytes = take(source, 0, usize::try_from(source.len()).unwrap_or(usize::MAX))?;
        let file: mirror::File = serde_json::from_slice(&bytes).map_err(|e| not_json(&bytes, &e))?;
        if file.netloom_graph != VERSION {
            let found = file.netloom_graph;
            return Err(odd(format!("expected version {VERSION} of `netloom_graph`, found {found}")));
        }
        build(&file)
    }
}

fn odd(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::NotThisFormat, message)
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> Error {
    if error.is_eof() {
        return Error::damaged(bytes.len() as u64, "expected more JSON, found the end");
    }
    let before = bytes.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len);
    let offset = before.sum::<usize>().saturating_add(error.column().saturating_sub(1)).min(bytes.len());
    let message = error.to_string();
    Error::damaged(offset as u64, message.split(" at line ").next().unwrap_or(&message))
}

fn build(file: &mirror::File) -> Result<Graph, Error> {
    for (what, n) in [
        ("modules", file.modules.len()),
        ("tensors", file.tensors.len()),
        ("nodes", file.nodes.len()),
        ("regions", file.regions.len()),
    ] {
        if n > MAX_ELEMENTS {
            return Err(Error::limit(format!("expected at most {MAX_ELEMENTS} {what}, found {n}")));
        }
    }
    let mut graph = Graph::new(file.name.clone());
    graph.format.clone_from(&file.format);
    graph.producer.clone_from(&file.producer);
    modules(&mut graph, &file.modules)?;
    for t in &file.tensors {
        let tensor = tensor(t)?;
        graph.add_tensor(tensor);
    }
    for (i, region) in file.regions.iter().enumerate() {
        let parent = region.parent.map(|p| index(p, i, "region").map(RegionId::new)).transpose()?;
        let module = ModuleId::new(index(region.module, file.modules.len(), "module")?);
        let id = graph.add_region(region.name.clone(), parent, module);
        for t in &region.inputs {
            let t = TensorId::new(index(*t, file.tensors.len(), "tensor")?);
            graph.mark_region_input(id, t);
        }
        for t in &region.outputs {
            graph.mark_region_output(id, TensorId::new(index(*t, file.tensors.len(), "tensor")?));
        }
    }
    for t in &file.inputs {
        graph.mark_input(TensorId::new(index(*t, file.tensors.len(), "tensor")?));
    }
    for n in &file.nodes {
        let id = graph.add_node(node(n, file)?);
        own_regions(&mut graph, id);
    }
    for t in &file.outputs {
        graph.mark_output(TensorId::new(index(*t, file.tensors.len(), "tensor")?));
    }
    for d in &file.diagnostics {
        let severity = [Severity::Note, Severity::Warning, Severity::Error]
            .into_iter()
            .find(|s| s.to_string() == d.severity)
            .ok_or_else(|| odd(format!("expected a severity, found \"{}\"", d.severity)))?;
        graph.diagnostics.push(Diagnostic { severity, path: d.path.clone(), message: d.message.clone() });
    }
    Ok(graph)
}

fn index(i: usize, n: usize, what: &str) -> Result<usize, Error> {
    if i < n { Ok(i) } else { Err(odd(format!("expected one of {n} {what}s, found index {i}"))) }
}

fn modules(graph: &mut Graph, modules: &[mirror::Module]) -> Result<(), Error> {
    for (i, m) in modules.iter().enumerate() {
        let id = match (i, m.parent) {
            (0, None) => graph.root(),
            (0, Some(_)) | (_, None) => {
                return Err(odd("expected the first module, and no other one, to have no parent"));
            }
            (_, Some(parent)) => {
                let parent = ModuleId::new(index(parent, i, "module")?);
                let kind = match m.kind.as_deref() {
                    None | Some("module") => ModuleKind::Module,
                    Some("function") => ModuleKind::Function,
                    Some("region") => ModuleKind::Region,
                    Some(other) => return Err(odd(format!("expected a kind of module, found \"{other}\""))),
                };
                if graph.module(parent).path.len() + m.name.len() > MAX_PATH {
                    return Err(Error::limit(format!("expected paths of at most {MAX_PATH} bytes")));
                }
                graph.add_module(parent, m.name.clone(), kind)
            }
        };
        graph.module_mut(id).class.clone_from(&m.class);
    }
    if modules.is_empty() {
        return Err(odd("expected at least the root module, found none"));
    }
    Ok(())
}

/// The longest path of a module: paths grow with nesting, and each is kept.
const MAX_PATH: usize = 4096;

fn tensor(t: &mirror::Tensor) -> Result<Tensor, Error> {
    let ty = match &t.ty {
        Some(ty) => value_type(ty)?,
        None if t.dtype.is_none() && t.shape.is_none() => ValueType::Unknown,
        None => ValueType::Tensor { dtype: dtype(t.dtype.as_deref())?, shape: shape(t.shape.as_deref()) },
    };
    let mut tensor = Tensor::new(t.name.clone(), ty);
    if let Some(stored) = &t.stored {
        tensor.producer = Producer::Stored;
        let (d, s) = match &stored.dense {
            Some(dense) => (dtype(dense.dtype.as_deref())?, shape(dense.shape.as_deref())),
            None => (tensor.ty.dtype(), tensor.ty.shape().clone()),
        };
        let storage = match (&stored.location, stored.offset, stored.len) {
            (Some(location), offset, len) => {
                Storage::External { location: location.clone(), offset: offset.unwrap_or(0), len }
            }
            (None, Some(offset), Some(len)) => Storage::Inline { offset, len },
            _ => Storage::Absent,
        };
        let role = match (stored.parameter, stored.trainable) {
            (Some(false), _) => Some(Role::Buffer),
            (Some(true), trainable) => Some(Role::Parameter { trainable }),
            (None, _) => None,
        };
        tensor.weight = Some(Weight { dtype: d, shape: s, storage, sparse: stored.sparse, role });
    }
    tensor.value = t.value.as_ref().map(value).transpose()?;
    Ok(tensor)
}

fn node(n: &mirror::Node, file: &mirror::File) -> Result<Node, Error> {
    let module = ModuleId::new(index(n.module, file.modules.len(), "module")?);
    let ids = |list: &[Option<usize>]| -> Result<Vec<Option<TensorId>>, Error> {
        let id = |t: &Option<usize>| {
            t.map(|t| index(t, file.tensors.len(), "tensor").map(TensorId::new)).transpose()
        };
        list.iter().map(id).collect()
    };
    let mut node = Node::in_domain(n.domain.clone(), n.op.clone(), n.opset, module)
        .with_inputs(ids(&n.inputs)?)
        .with_outputs(ids(&n.outputs)?);
    node.name.clone_from(&n.name);
    node.region = n.region.map(|r| index(r, file.regions.len(), "region").map(RegionId::new)).transpose()?;
    for (name, value) in &n.attributes.0 {
        node.attributes.set(name.clone(), attribute(value, file.regions.len())?);
    }
    Ok(node)
}

fn own_regions(graph: &mut Graph, node: NodeId) {
    let regions: Vec<RegionId> = graph.regions_of(node).collect();
    for region in regions {
        graph.own_region(region, node);
    }
}

fn attribute(attribute: &mirror::Attribute, regions: usize) -> Result<Attribute, Error> {
    use mirror::{Attribute as Plain, Tagged};
    let region = |r: usize| index(r, regions, "region").map(RegionId::new);
    Ok(match attribute {
        Plain::Int(n) => Attribute::Int(*n),
        Plain::Float(x) => Attribute::Float(*x),
        Plain::String(s) => Attribute::String(s.clone()),
        Plain::Ints(v) => Attribute::Ints(v.clone()),
        Plain::Floats(v) => Attribute::Floats(v.clone()),
        Plain::Strings(v) => Attribute::Strings(v.clone()),
        Plain::Tagged(Tagged::Float(x)) => Attribute::Float(number(x)?),
        Plain::Tagged(Tagged::Floats(v)) => {
            Attribute::Floats(v.iter().map(number).collect::<Result<_, _>>()?)
        }
        Plain::Tagged(Tagged::Strings(v)) => Attribute::Strings(v.clone()),
        Plain::Tagged(Tagged::Tensor(t)) => Attribute::Tensor(Box::new(TensorLiteral {
            dtype: dtype(t.dtype.as_deref())?,
            shape: shape(t.shape.as_deref()),
            value: t.value.as_ref().map(value).transpose()?,
            sparse: t.sparse,
        })),
        Plain::Tagged(Tagged::Region(r)) => Attribute::Region(region(*r)?),
        Plain::Tagged(Tagged::Regions(r)) => {
            Attribute::Regions(r.iter().copied().map(region).collect::<Result<_, _>>()?)
        }
        Plain::Tagged(Tagged::Type(t)) => Attribute::Type(Box::new(value_type(t)?)),
        Plain::Tagged(Tagged::Other(text)) => Attribute::Other(text.clone()),
    })
}

fn value_type(ty: &mirror::Type) -> Result<ValueType, Error> {
    Ok(match ty {
        mirror::Type::Unknown => ValueType::Unknown,
        mirror::Type::Dense(d) => {
            ValueType::Tensor { dtype: dtype(d.dtype.as_deref())?, shape: shape(d.shape.as_deref()) }
        }
        mirror::Type::Sparse(d) => {
            ValueType::SparseTensor { dtype: dtype(d.dtype.as_deref())?, shape: shape(d.shape.as_deref()) }
        }
        mirror::Type::Sequence(inner) => ValueType::Sequence(Box::new(value_type(inner)?)),
        mirror::Type::Optional(inner) => ValueType::Optional(Box::new(value_type(inner)?)),
        mirror::Type::Map(key, value) => {
            let key = dtype(Some(key))?.ok_or_else(|| odd("expected the type of a key, found none"))?;
            ValueType::Map { key, value: Box::new(value_type(value)?) }
        }
    })
}

fn dtype(name: Option<&str>) -> Result<Option<DType>, Error> {
    let find =
        |n: &str| DType::from_name(n).ok_or_else(|| odd(format!("expected an element type, found \"{n}\"")));
    name.map(find).transpose()
}

fn shape(extents: Option<&[mirror::Extent]>) -> Shape {
    extents.map_or(Shape::Unranked, |e| Shape::Ranked(e.iter().map(dim).collect()))
}

fn dim(extent: &mirror::Extent) -> Dim {
    match extent {
        mirror::Extent::Known(n) => Dim::Known(*n),
        mirror::Extent::Expr(text) => Dim::parse(text),
        mirror::Extent::Unknown(()) => Dim::Unknown,
    }
}

fn value(value: &mirror::Value) -> Result<Value, Error> {
    let elements = match &value.elements {
        mirror::Elements::Ints(e) => Elements::Ints(e.iter().map(dim).collect()),
        mirror::Elements::Floats(e) => Elements::Floats(e.iter().map(number).collect::<Result<_, _>>()?),
        mirror::Elements::Strings(e) => Elements::Strings(e.clone()),
    };
    let out = Value { dims: value.dims.clone(), elements };
    let expected = out.dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    if expected != Some(out.len()) {
        return Err(odd(format!("expected as many elements as `dims` says, found {}", out.len())));
    }
    Ok(out)
}

fn number(number: &mirror::Number) -> Result<f64, Error> {
    match number {
        mirror::Number::Finite(x) => Ok(*x),
        mirror::Number::Other(text) => match text.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(odd(format!("expected a number, found \"{text}\""))),
        },
    }
}

//! Checks of shape rules, written as text: operator, settings, input types, output types.

use crate::attribute::TensorLiteral;
use crate::{Attribute, DType, Dim, Elements, Graph, Node, Shape, Tensor, TensorId, Value, ValueType};

/// A graph of one node after inference.
pub(crate) struct Checked {
    pub graph: Graph,
    pub outputs: Vec<TensorId>,
}

/// Infers one node.
///
/// `op` is a name with an optional operator set, `Conv@11`, and an optional domain before a dot. `settings` are
/// `name=value` pairs: `axis=1`, `pads=[1,1]`, `alpha=0.5`, `mode=linear`, `value=i64[2]{1,2}`. `inputs` are types such as
/// `f32[1,3,h,224]`, `i64[2]{1,-1}` with elements, `f32?` without a rank, `_` left out.
pub(crate) fn infer(op: &str, settings: &str, inputs: &str, n_outputs: usize) -> Checked {
    let (op, opset) =
        op.split_once('@').map_or((op, crate::layers::NEWEST_OPSET), |(o, v)| (o, v.parse().unwrap()));
    let (domain, op) = op.rsplit_once('.').unwrap_or(("", op));
    let mut graph = Graph::new("check");
    let mut node = Node::in_domain(domain, op, opset, graph.root());
    for setting in settings.split_whitespace() {
        let (name, value) = setting.split_once('=').unwrap();
        node.attributes.set(name, attribute(value));
    }
    for (i, text) in inputs.split_whitespace().enumerate() {
        let input = (text != "_").then(|| {
            let (ty, value) = read_type(text);
            let mut tensor = Tensor::new(format!("x{i}"), ty);
            tensor.value = value;
            let id = graph.add_tensor(tensor);
            graph.mark_input(id);
            id
        });
        node.inputs.push(input);
    }
    let outputs: Vec<TensorId> =
        (0..n_outputs).map(|i| graph.add_tensor(Tensor::new(format!("y{i}"), ValueType::Unknown))).collect();
    node.outputs = outputs.iter().copied().map(Some).collect();
    assert!(node.layer.is_some(), "{op} is a known operator");
    graph.add_node(node);
    crate::infer::infer(&mut graph);
    Checked { graph, outputs }
}

/// Checks the types, and the elements where written, of a node's outputs.
#[track_caller]
pub(crate) fn check(op: &str, settings: &str, inputs: &str, outputs: &str) {
    let expected: Vec<&str> = outputs.split_whitespace().collect();
    let checked = infer(op, settings, inputs, expected.len());
    assert_eq!(checked.graph.diagnostics, [], "{op} {settings} {inputs}");
    for (output, text) in checked.outputs.iter().zip(&expected) {
        let tensor = checked.graph.tensor(*output);
        let (ty, value) = read_type(text);
        assert_eq!(
            show(&tensor.ty, tensor.value.as_ref()),
            show(&ty, value.as_ref().or(tensor.value.as_ref())),
            "{op} {settings} {inputs}"
        );
    }
}

/// Checks the remark that a node earns.
#[track_caller]
pub(crate) fn check_remark(op: &str, settings: &str, inputs: &str, remark: &str) {
    let checked = infer(op, settings, inputs, 1);
    let messages: Vec<&str> = checked.graph.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(messages, [remark], "{op} {settings} {inputs}");
}

/// Checks the label of a node, details after bars, and its multiply-adds.
#[track_caller]
pub(crate) fn check_label(op: &str, settings: &str, inputs: &str, label: &str, macs: Option<u64>) {
    let checked = infer(op, settings, inputs, 1);
    let (_, node) = checked.graph.nodes().next().unwrap();
    let layer = node.layer.unwrap();
    let found = (layer.label)(&checked.graph, node);
    let text: Vec<String> = std::iter::once(found.title).chain(found.details).collect();
    assert_eq!(text.join(" | "), label, "{op} {settings} {inputs}");
    assert_eq!((layer.macs)(&checked.graph, node), macs, "{op} {settings} {inputs}");
}

fn show(ty: &ValueType, value: Option<&Value>) -> String {
    let dtype = ty.dtype().map_or("?", DType::name);
    format!("{dtype} {} {value:?}", ty.shape())
}

fn dtype(short: &str) -> Option<DType> {
    if short == "?" {
        return None;
    }
    let name = match short.split_at(1) {
        ("f", bits) if bits.parse::<u32>().is_ok() => format!("float{bits}"),
        ("i", bits) if bits.parse::<u32>().is_ok() => format!("int{bits}"),
        ("u", bits) if bits.parse::<u32>().is_ok() => format!("uint{bits}"),
        _ => short.to_owned(),
    };
    Some(DType::from_name(&name).unwrap())
}

fn list<T>(text: &str, read: impl Fn(&str) -> T) -> Vec<T> {
    let mut depth = 0;
    let parts = text.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.filter(|s| !s.is_empty()).map(read).collect()
}

fn read_type(text: &str) -> (ValueType, Option<Value>) {
    if text == "?" {
        return (ValueType::Unknown, None);
    }
    let Some((short, rest)) = text.split_once('[') else {
        let dtype = dtype(text.trim_end_matches('?'));
        return (ValueType::Tensor { dtype, shape: Shape::Unranked }, None);
    };
    let (dims, elements) = rest.split_once(']').unwrap();
    let dims = list(dims, Dim::parse);
    let dtype = dtype(short);
    let value = elements.strip_prefix('{').map(|e| {
        let e = e.strip_suffix('}').unwrap();
        let elements = match dtype {
            Some(d) if d.is_float() && e.split(',').all(|x| x.parse::<f64>().is_ok()) => {
                Elements::Floats(list(e, |x| x.parse().unwrap()))
            }
            _ => Elements::Ints(list(e, Dim::parse)),
        };
        Value {
            dims: dims.iter().map(|d| usize::try_from(d.as_known().unwrap()).unwrap()).collect(),
            elements,
        }
    });
    (ValueType::Tensor { dtype, shape: Shape::Ranked(dims) }, value)
}

fn attribute(text: &str) -> Attribute {
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap();
        if inner.split(',').all(|x| x.is_empty() || x.parse::<i64>().is_ok()) {
            return Attribute::Ints(list(inner, |x| x.parse().unwrap()));
        }
        if inner.split(',').all(|x| x.parse::<f64>().is_ok()) {
            return Attribute::Floats(list(inner, |x| x.parse().unwrap()));
        }
        return Attribute::Strings(list(inner, str::to_owned));
    }
    if text.ends_with('}') {
        let (ty, value) = read_type(text);
        let literal = TensorLiteral { dtype: ty.dtype(), shape: ty.shape().clone(), value, sparse: false };
        return Attribute::Tensor(Box::new(literal));
    }
    if let Ok(n) = text.parse() {
        return Attribute::Int(n);
    }
    text.parse().map_or_else(|_| Attribute::String(text.to_owned()), Attribute::Float)
}

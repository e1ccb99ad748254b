//! One operator as the call of a layer: as a person would write it where that says everything, else with every setting.

use netloom_graph::{
    Attribute, DType, Dim, Elements, Graph, Node, Producer, Shape, Tensor, TensorId, Value, ValueType,
    layers as kinds,
};

use super::facts::facts;
use super::settings::{Setting, candidate};
use super::tokens::{self, Token, Tokens, bracketed, float, is_word, listed, numbers, quoted, text};
use crate::formats::loom::call::{Arg, Call};
use crate::formats::loom::layers;
use crate::formats::loom::make::Maker;

/// The most elements of a constant that are written out.
const MAX_WRITTEN: usize = 32;

/// A call, before values have names.
#[derive(Clone, Debug)]
pub(super) struct NodeCall {
    /// What the layer is called.
    pub head: String,
    /// Values that flow in from the left, in order.
    pub flows: Vec<TensorId>,
    /// What stands in the parentheses.
    pub arguments: Vec<Tokens>,
}

/// What calls need to know of the whole.
pub(super) struct Whole<'a> {
    pub graph: &'a Graph,
    /// Stored tensors that several operators read, which have a name of their own.
    pub shared: Vec<bool>,
    /// Stored tensors that are learned.
    pub learned: Vec<bool>,
    /// Symbols that inputs declare.
    pub symbols: Vec<String>,
}

impl Whole<'_> {
    /// Whether a tensor is written by name: it is made somewhere, or stored for several readers.
    pub fn is_value(&self, tensor: TensorId) -> bool {
        match self.graph.tensor(tensor).producer {
            Producer::Stored | Producer::Missing => self.shared[tensor.index()],
            // A value that an operator holds is as good as a stored one.
            Producer::Node(id, _) => self.shared[tensor.index()] || !is_constant(self.graph.node(id)),
            _ => true,
        }
    }

    fn shape(&self, shape: &Shape) -> Tokens {
        let dims = shape.dims().unwrap_or(&[]);
        bracketed(dims.iter().map(|d| tokens::dim(d, &self.symbols, "size")).collect())
    }

    /// A stored tensor on the spot.
    pub fn stored(&self, id: TensorId) -> Tokens {
        let tensor = self.graph.tensor(id);
        let dtype = tensor.ty.dtype();
        let held = match tensor.producer {
            Producer::Node(node, _) => match self.graph.node(node).attributes.get("value") {
                Some(Attribute::Tensor(literal)) => literal.value.as_ref(),
                _ => None,
            },
            _ => None,
        };
        if !self.learned[id.index()]
            && let Some(value) = tensor.value.as_ref().or(held)
            && let Some(tokens) = self.constant(value, dtype)
        {
            return tokens;
        }
        let stored = tensor.weight.as_ref().map(|w| &w.shape).filter(|s| s.rank().is_some());
        let shape = stored.unwrap_or(tensor.ty.shape());
        let mut arguments = vec![self.shape(shape)];
        if let Some(dtype) = dtype.filter(|d| *d != DType::Float32) {
            arguments.push(vec![text(quoted(dtype.name()))]);
        }
        let mut out = vec![text(if self.learned[id.index()] { "parameter(" } else { "buffer(" })];
        out.extend(listed(arguments));
        out.push(text(")"));
        out
    }

    fn constant(&self, value: &Value, dtype: Option<DType>) -> Option<Tokens> {
        let (items, natural): (Vec<Tokens>, DType) = match &value.elements {
            Elements::Ints(e) => {
                (e.iter().map(|d| tokens::dim(d, &self.symbols, "value")).collect(), DType::Int64)
            }
            Elements::Floats(e) => (e.iter().map(|x| vec![text(float(*x))]).collect(), DType::Float32),
            Elements::Strings(e) => (e.iter().map(|s| vec![text(quoted(s))]).collect(), DType::String),
        };
        if items.iter().flatten().any(|t| matches!(t, Token::Text(s) if s == "?")) {
            return None;
        }
        let uniform = items.len() > 4 && items.windows(2).all(|w| w[0] == w[1]);
        if items.len() > MAX_WRITTEN && !uniform {
            return None;
        }
        let mut out = vec![text("constant(")];
        let dims: Vec<i64> = value.dims.iter().map(|n| i64::try_from(*n).unwrap_or(0)).collect();
        let mut needs_shape = false;
        match (items.as_slice(), value.dims.as_slice()) {
            ([one], []) => out.extend(one.clone()),
            (all, [_]) if !uniform && !all.is_empty() => out.extend(bracketed(items)),
            ([first, ..], _) if uniform => {
                needs_shape = true;
                out.extend(first.clone());
            }
            _ => {
                needs_shape = true;
                out.extend(bracketed(items));
            }
        }
        let dtype = dtype.filter(|d| *d != natural);
        if let Some(dtype) = dtype {
            out.push(text(format!(", {}", quoted(dtype.name()))));
        }
        if needs_shape {
            out.push(text(if dtype.is_some() { ", " } else { ", shape=" }));
            out.extend(numbers(&dims, "size"));
        }
        out.push(text(")"));
        Some(out)
    }

    /// The call of a node; `body` gives the tokens of a body of a control-flow operator.
    pub fn call(&self, node: &Node, body: &mut dyn FnMut(netloom_graph::RegionId) -> Tokens) -> NodeCall {
        self.short(node).unwrap_or_else(|| self.full(node, body))
    }

    /// The call that a person would write, if it makes the same operator.
    fn short(&self, node: &Node) -> Option<NodeCall> {
        let candidate = candidate(self.graph, node)?;
        let row = layers::find(candidate.row)?;
        let is_value = |t: &TensorId| self.is_value(*t);
        let settings = candidate
            .settings
            .iter()
            .filter_map(|(_, s)| if let Setting::Value(t) = s { Some(t) } else { None });
        if !candidate.reads.iter().chain(settings).all(is_value) {
            return None;
        }
        if !self.makes_the_same(node, row, &candidate.reads, &candidate.settings) {
            return None;
        }
        let mut flows = candidate.reads.clone();
        let mut arguments: Vec<Tokens> = Vec::new();
        // Joins of one value and others are written with the others in parentheses.
        let many = matches!(candidate.row, "attention");
        if many && flows.len() > 1 {
            arguments.extend(flows.drain(..).map(|t| vec![Token::Value(t)]));
        }
        let mut position = 0;
        let mut named = false;
        for name in row.settings {
            let Some((_, setting)) = candidate.settings.iter().find(|(n, _)| n == name) else {
                named = true;
                position += 1;
                continue;
            };
            let by_name = named || position > 1 || matches!(setting, Setting::Flag(_) | Setting::Value(_));
            named |= by_name;
            let mut tokens = if by_name { vec![text(format!("{name}="))] } else { Vec::new() };
            tokens.extend(self.setting(setting, name));
            arguments.push(tokens);
            position += 1;
        }
        let by_row = node.attributes.int("transB").unwrap_or(0) != 0;
        for (name, tensor) in &candidate.weights {
            // Others read the matrix too, so it has to keep its orientation.
            if self.shared[tensor.index()] && candidate.row == "linear" && *name == "weight" && !by_row {
                arguments.push(vec![text("transposed=true")]);
            }
            if self.shared[tensor.index()] {
                arguments.push(vec![text(format!("{name}=")), Token::Value(*tensor)]);
            }
        }
        Some(NodeCall { head: candidate.row.to_owned(), flows, arguments })
    }

    fn setting(&self, setting: &Setting, name: &'static str) -> Tokens {
        match setting {
            Setting::Int(n) => vec![Token::Number(*n, name)],
            Setting::Ints(list) => numbers(list, name),
            Setting::Float(x) => vec![text(float(*x).trim_end_matches(".0"))],
            Setting::Text(s) => vec![text(quoted(s))],
            Setting::Flag(f) => vec![text(f.to_string())],
            Setting::Dims(dims) => {
                bracketed(dims.iter().map(|d| tokens::dim(d, &self.symbols, name)).collect())
            }
            Setting::Value(t) => vec![Token::Value(*t)],
        }
    }

    /// Whether a layer of the notation, built on the same inputs, is the node.
    fn makes_the_same(
        &self,
        node: &Node,
        row: &layers::Row,
        reads: &[TensorId],
        settings: &[(&'static str, Setting)],
    ) -> bool {
        let mut maker = Maker::new("");
        let input = |maker: &mut Maker, t: TensorId| {
            let tensor = self.graph.tensor(t);
            let id = maker.graph.add_tensor(Tensor::new(String::new(), tensor.ty.clone()));
            maker.graph.mark_input(id);
            id
        };
        // Equal inputs stay equal: a layer may ask.
        let mut made: Vec<(TensorId, TensorId)> = Vec::new();
        let mut inputs = Vec::new();
        for read in reads {
            let id = match made.iter().find(|(t, _)| t == read) {
                Some((_, id)) => *id,
                None => {
                    let id = input(&mut maker, *read);
                    made.push((*read, id));
                    id
                }
            };
            inputs.push(id);
        }
        let mut call = Call::plain(row.name, row.name, inputs, 0..0);
        call.wanted = node.outputs.len().max(1);
        for (name, setting) in settings {
            let arg = match setting {
                Setting::Int(n) => Arg::Dim(Dim::Known(*n)),
                Setting::Ints(list) => Arg::List(list.iter().map(|n| Arg::Dim(Dim::Known(*n))).collect()),
                Setting::Float(x) => Arg::Float(*x),
                Setting::Text(s) => Arg::Text(s.clone()),
                Setting::Flag(f) => Arg::Bool(*f),
                Setting::Dims(dims) => Arg::List(dims.iter().map(|d| Arg::Dim(d.clone())).collect()),
                Setting::Value(t) => Arg::Flow(vec![input(&mut maker, *t)]),
            };
            call.set(name, arg);
        }
        let Ok(results) = (row.build)(&mut maker, &call) else { return false };
        let mut graph = maker.graph;
        for result in results {
            graph.mark_output(result);
        }
        let mut nodes = graph.nodes();
        let (Some((_, first)), None) = (nodes.next(), nodes.next()) else { return false };
        let (mut ours, mut theirs) = (facts(&graph, first), facts(self.graph, node));
        // Who made the inputs is not known here.
        for facts in [&mut ours, &mut theirs] {
            facts.remove("self");
            facts.remove("cross");
            if facts.get("results").is_some_and(String::is_empty) {
                facts.remove("results");
            }
        }
        if !theirs.contains_key("results") {
            ours.remove("results");
        }
        ours == theirs
    }

    /// The call that says everything.
    fn full(&self, node: &Node, body: &mut dyn FnMut(netloom_graph::RegionId) -> Tokens) -> NodeCall {
        let head = head(node);
        let mut inputs = node.inputs.clone();
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        let first = inputs.first().copied().flatten().filter(|t| self.is_value(*t));
        // What flows in from the left comes first.
        let mut flows: Vec<TensorId> = Vec::new();
        if let Some(first) = first {
            flows.push(first);
            let all: Option<Vec<TensorId>> = inputs.iter().map(|t| t.filter(|t| self.is_value(*t))).collect();
            if let (Some(all), true) = (all, is_join(node)) {
                flows = all;
            }
        }
        let dtype = inputs.iter().flatten().next().and_then(|t| self.graph.tensor(*t).ty.dtype());
        let mut arguments: Vec<Tokens> = Vec::new();
        for input in inputs.iter().skip(flows.len()) {
            arguments.push(match input {
                None => vec![text("none")],
                Some(t) if self.is_value(*t) => vec![Token::Value(*t)],
                Some(t) => self.number(*t, dtype).unwrap_or_else(|| self.stored(*t)),
            });
        }
        if inputs.is_empty() {
            arguments.push(vec![text("none")]);
        }
        for (name, attribute) in node.attributes.iter() {
            let value = match attribute {
                Attribute::Region(region) => Some(body(*region)),
                other => attribute_tokens(other),
            };
            if let Some(value) = value.filter(|_| is_word(name)) {
                let mut tokens = vec![text(format!("{name}="))];
                tokens.extend(value);
                arguments.push(tokens);
            }
        }
        if self.needs_shape(node) {
            let shape = |t: &Option<TensorId>| t.map(|t| self.graph.tensor(t).ty.shape().clone());
            let shapes: Vec<Option<Shape>> = node.outputs.iter().map(shape).collect();
            let name = if node.layer.is_none() && node.domain == "loom" { "shape=" } else { "gives=" };
            match shapes.as_slice() {
                [Some(one)] | [Some(one), None, ..] if one.rank().is_some() => {
                    let mut tokens = vec![text(name)];
                    tokens.extend(self.shape(one));
                    arguments.push(tokens);
                }
                several if several.len() > 1 && several.iter().flatten().any(|s| s.rank().is_some()) => {
                    let each = several.iter().map(|s| match s {
                        Some(shape) if shape.rank().is_some() => self.shape(shape),
                        _ => vec![text("none")],
                    });
                    let mut tokens = vec![text("gives=")];
                    tokens.extend(bracketed(each.collect()));
                    arguments.push(tokens);
                }
                _ => {}
            }
        }
        NodeCall { head, flows, arguments }
    }

    /// A stored number that has the element type of the first input.
    fn number(&self, tensor: TensorId, dtype: Option<DType>) -> Option<Tokens> {
        let tensor = self.graph.tensor(tensor);
        if tensor.ty.dtype() != dtype || !dtype?.is_float() {
            return None;
        }
        match tensor.value.as_ref().filter(|v| v.dims.is_empty())?.as_floats()? {
            [x] if x.is_finite() => Some(vec![text(float(*x).trim_end_matches(".0"))]),
            _ => None,
        }
    }

    /// Whether the shapes of results do not follow from what the text says of an operator.
    fn needs_shape(&self, node: &Node) -> bool {
        if node.layer.is_none() || node.domain == "loom" {
            return true;
        }
        if self.graph.regions().len() > 0
            && node.attributes.iter().any(|(_, a)| matches!(a, Attribute::Region(_)))
        {
            return false;
        }
        let mut maker = Maker::new("");
        let inputs = node.inputs.iter().map(|input| {
            input.map(|t| {
                let from = self.graph.tensor(t);
                let mut tensor = Tensor::new(String::new(), from.ty.clone());
                // Elements that are computed are not known where only the text is.
                let known = !self.is_value(t) && !self.learned[t.index()];
                let few = from.value.as_ref().filter(|v| v.len() <= MAX_WRITTEN);
                tensor.value = few.filter(|_| known).cloned();
                tensor.producer = from.producer;
                maker.graph.add_tensor(tensor)
            })
        });
        let inputs = inputs.collect();
        let attributes = node.attributes.iter().map(|(n, a)| (n, a.clone())).collect();
        let opset =
            if node.domain.is_empty() || node.domain == "ai.onnx" { kinds::NEWEST_OPSET } else { node.opset };
        let made = maker.node_in(
            (&node.domain, opset),
            &node.op,
            "",
            inputs,
            attributes,
            node.outputs.len(),
            &(0..0),
        );
        let Ok(made) = made else { return true };
        node.outputs.iter().zip(made).any(|(ours, theirs)| {
            let Some(ours) = ours else { return false };
            let (ours, theirs) = (&self.graph.tensor(*ours).ty, &maker.graph.tensor(theirs).ty);
            ours.shape() != theirs.shape() && ours.shape().rank().is_some()
        })
    }

    /// The declaration of an input.
    pub fn input(&self, tensor: TensorId) -> Tokens {
        let mut out = vec![Token::Value(tensor)];
        match &self.graph.tensor(tensor).ty {
            ValueType::Tensor { dtype, shape } => {
                let ranked = shape.rank().is_some();
                match dtype {
                    Some(DType::Float32) if ranked => out.push(text(" ")),
                    Some(dtype) => out.push(text(format!(": {}", dtype.name()))),
                    None => out.push(text(": any")),
                }
                if ranked {
                    let dims = shape.dims().unwrap_or(&[]);
                    let dims = dims.iter().map(|d| match d.as_symbol() {
                        Some(s) if is_word(s) => vec![text(s)],
                        _ => tokens::dim(d, &self.symbols, "size"),
                    });
                    out.extend(bracketed(dims.collect()));
                }
            }
            _ => out.push(text(": any")),
        }
        out
    }
}

/// Whether a node only holds a value.
pub(super) fn is_constant(node: &Node) -> bool {
    node.domain.is_empty() && node.op == "Constant" && node.outputs.len() == 1
}

/// What an operator is called where every setting is given.
fn head(node: &Node) -> String {
    let standard = node.domain.is_empty() || node.domain == "ai.onnx";
    if let Some(layer) = node.layer {
        if let Some(row) = is_join(node).then_some(layer.name).and_then(layers::find) {
            return row.name.to_owned();
        }
        let domain = if standard { "onnx" } else { node.domain.as_str() };
        // The name is that of the operator if it is found again under it.
        let is_free = layers::find_or_alias(layer.name).is_none();
        let found =
            kinds::find_by_name("loom", layer.name).or_else(|| kinds::all().find(|k| k.name == layer.name));
        let first = found.and_then(|k| {
            let of = |d: &str| k.names.iter().find(|(f, _)| *f == d).map(|(f, n)| (*f, *n));
            of("onnx").or_else(|| of("loom"))
        });
        if is_free && is_word(layer.name) && first == Some((domain, node.op.as_str())) {
            return layer.name.to_owned();
        }
        return quoted(&format!("{domain}::{}", node.op));
    }
    if node.domain == "loom" && !node.op.contains("::") {
        return quoted(&node.op);
    }
    let set: String = if standard {
        "onnx".to_owned()
    } else {
        node.domain.replace(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)), "_")
    };
    quoted(&format!("{set}::{}", node.op))
}

/// Whether a node joins values that are all alike, so that its inputs may stand side by side.
fn is_join(node: &Node) -> bool {
    let kind = node.layer.map_or("", |l| l.name);
    node.domain.is_empty()
        && node.attributes.is_empty()
        && matches!(
            node.op.as_str(),
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Mean" | "MatMul" | "Sum"
        )
        && (layers::find(kind).is_some() || kind == "sum")
        && node.op != "Sum"
}

fn attribute_tokens(attribute: &Attribute) -> Option<Tokens> {
    Some(match attribute {
        Attribute::Int(n) => vec![Token::Number(*n, "number")],
        Attribute::Float(x) => vec![text(float(*x))],
        Attribute::String(s) => vec![text(quoted(s))],
        Attribute::Ints(list) if list.len() <= MAX_WRITTEN => numbers(list, "number"),
        Attribute::Floats(list) if list.len() <= MAX_WRITTEN => {
            bracketed(list.iter().map(|x| vec![text(float(*x))]).collect())
        }
        Attribute::Strings(list) if list.len() <= MAX_WRITTEN => {
            bracketed(list.iter().map(|s| vec![text(quoted(s))]).collect())
        }
        _ => return None,
    })
}

//! The settings of an operator in one form, however an exporter writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::movement::is_data;
use crate::{Attribute, Category, Elements, Graph, Node, Producer, Tensor, TensorId, Value, layers};

/// The most elements of a value that are printed.
const MAX_PRINTED: usize = 8;

/// Settings by name, defaults left out; values as they are printed.
pub(super) fn settings(graph: &Graph, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let rank = node.input(0).and_then(|t| graph.tensor(t).ty.shape().rank());
    for (name, value) in node.attributes.iter() {
        if is_default(node, name, value) || is_said_by_inputs(name) {
            continue;
        }
        if let Some(text) = printed(name, value, rank) {
            found.insert(name.to_owned(), text);
        }
    }
    for (position, tensor) in node.inputs.iter().enumerate() {
        let Some(tensor) = tensor.map(|t| graph.tensor(graph.origin(t))) else { continue };
        let Some(value) = operand(node, position, tensor) else { continue };
        // What only says where to move data to is no setting of a layer.
        if moves(node) && position > 0 {
            continue;
        }
        let name = input_name(node, position);
        if let Some(text) = value_text(value).filter(|t| !is_default_value(&name, t)) {
            found.insert(name, text);
        }
    }
    if let Some(kernel) = kernel(graph, node) {
        found.insert("kernel".to_owned(), kernel);
    } else if let Some(Attribute::Ints(sizes)) = node.attributes.get("kernel_shape") {
        found.insert("kernel".to_owned(), times(sizes.iter().copied()));
    }
    found
}

/// The elements of a tensor where they are a setting; several stored numbers with fractions are weights, however few.
pub(super) fn setting(tensor: &Tensor) -> Option<&Value> {
    let value = tensor.value.as_ref()?;
    let is_weight = tensor.is_stored() && value.as_floats().is_some() && value.len() > 1;
    (!is_weight).then_some(value)
}

/// The same at a place of an operator: what is no data there is a setting whatever it is.
pub(super) fn operand<'a>(node: &Node, position: usize, tensor: &'a Tensor) -> Option<&'a Value> {
    if is_data(node, position) { setting(tensor) } else { tensor.value.as_ref() }
}

/// A weight of an operator: stored, or a rearranged stored tensor.
pub(super) fn stored(graph: &Graph, tensor: TensorId) -> Option<TensorId> {
    const MAX_STEPS: usize = 8;
    let mut at = graph.origin(tensor);
    for _ in 0..MAX_STEPS {
        match graph.tensor(at).producer {
            Producer::Stored => return Some(at),
            Producer::Node(id, _) if layers::rules::passes(graph.node(id), 0) => {
                at = graph.origin(graph.node(id).input(0)?);
            }
            _ => return None,
        }
    }
    None
}

fn moves(node: &Node) -> bool {
    node.layer.is_some_and(|l| matches!(l.name, "reshape" | "expand" | "transpose" | "squeeze" | "unsqueeze"))
}

fn kernel(graph: &Graph, node: &Node) -> Option<String> {
    let layer = node.layer.filter(|l| l.category == Category::Conv)?;
    let weight = stored(graph, node.input(*layer.learned.first()?)?)?;
    let dims = graph.tensor(weight).ty.shape().dims()?.get(2..)?;
    let sizes: Option<Vec<i64>> = dims.iter().map(crate::Dim::as_known).collect();
    Some(times(sizes?.into_iter()))
}

fn times(sizes: impl Iterator<Item = i64>) -> String {
    sizes.map(|n| n.to_string()).collect::<Vec<_>>().join("×")
}

/// What an input that holds a setting is called; the same as the attribute of older operator sets.
fn input_name(node: &Node, position: usize) -> String {
    let known: &[&str] = match node.op.as_str() {
        "Clip" => &["", "min", "max"],
        "Pad" => &["", "pads", "value", "axes"],
        "Slice" => &["", "starts", "ends", "axes", "steps"],
        "Split" => &["", "split"],
        "Dropout" => &["", "ratio", "training_mode"],
        "TopK" => &["", "k"],
        "Resize" => &["", "roi", "scales", "sizes"],
        "Tile" => &["", "repeats"],
        op if op.starts_with("Reduce") => &["", "axes"],
        _ => &[],
    };
    match known.get(position) {
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ if !is_data(node, position) => format!("input {position}"),
        _ => "operand".to_owned(),
    }
}

/// Attributes that only repeat what inputs say, or that no result depends on.
fn is_said_by_inputs(name: &str) -> bool {
    matches!(
        name,
        "kernel_shape" | "stash_type" | "storage_order" | "seed" | "consumed_inputs" | "hidden_size" | "macs"
    )
}

/// Whether a setting is what an operator does without it.
fn is_default(node: &Node, name: &str, value: &Attribute) -> bool {
    let all = |n: i64| matches!(value, Attribute::Ints(v) if v.iter().all(|x| *x == n));
    let int = |n: i64| matches!(value, Attribute::Int(x) if *x == n);
    let float = |x: f64| match value {
        Attribute::Float(y) => (x - y).abs() <= 1e-6 * x.abs(),
        Attribute::Int(n) => int(*n) && x == f64::from(i32::try_from(*n).unwrap_or(i32::MAX)),
        _ => false,
    };
    let text = |s: &str| matches!(value, Attribute::String(x) if x == s);
    match (node.op.as_str(), name) {
        (_, "strides" | "dilations") => all(1),
        (_, "pads" | "output_padding") => all(0),
        (_, "group") => int(1),
        (_, "auto_pad") => text("NOTSET"),
        ("LeakyRelu", "alpha") => float(0.01),
        ("HardSigmoid", "alpha") => float(0.2),
        ("HardSigmoid", "beta") => float(0.5),
        ("Elu" | "Celu" | "Gemm" | "Selu", "alpha") | ("Gemm", "beta") => float(1.0),
        (_, "epsilon") => float(1e-5),
        (_, "momentum") => float(0.9),
        ("Flatten", "axis") => int(1),
        ("Softmax" | "LogSoftmax" | "LayerNormalization", "axis") => int(-1),
        ("Gather" | "Split", "axis") => int(0),
        (_, "transA" | "transB") => true,
        (_, "direction") => text("forward"),
        (_, "approximate") => text("none"),
        (_, "keep_aspect_ratio_policy") => text("stretch"),
        ("Resize" | "Upsample", "cubic_coeff_a") => float(-0.75),
        (
            _,
            "ceil_mode"
            | "count_include_pad"
            | "training_mode"
            | "is_causal"
            | "layout"
            | "noop_with_empty_axes"
            | "linear_before_reset"
            | "input_forget"
            | "batch_dims"
            | "allowzero"
            | "exclude_outside"
            | "antialias",
        ) => int(0),
        (_, "keepdims" | "sorted" | "largest") => int(1),
        ("Resize", "extrapolation_value") => float(0.0),
        _ => false,
    }
}

fn is_default_value(name: &str, text: &str) -> bool {
    matches!((name, text), ("ratio", "0.5") | ("training_mode", "0") | ("roi", _))
        || (matches!(name, "pads" | "value") && text.chars().all(|c| matches!(c, '0' | ' ' | ',' | '.')))
}

fn printed(name: &str, value: &Attribute, rank: Option<usize>) -> Option<String> {
    let rank = rank.and_then(|r| i64::try_from(r).ok());
    let axis = |n: i64| match rank {
        Some(rank) if n < 0 && matches!(name, "axis" | "axes") => n + rank,
        _ => n,
    };
    Some(match value {
        Attribute::Int(n) => axis(*n).to_string(),
        Attribute::Float(x) => float(*x),
        Attribute::String(s) => s.clone(),
        Attribute::Ints(v)
            if matches!(name, "strides" | "dilations") && v.windows(2).all(|w| w[0] == w[1]) =>
        {
            v.first()?.to_string()
        }
        Attribute::Ints(v) if name == "pads" && v.windows(2).all(|w| w[0] == w[1]) => v.first()?.to_string(),
        Attribute::Ints(v) => list(v.iter().map(|n| axis(*n).to_string())),
        Attribute::Floats(v) => list(v.iter().map(|x| float(*x))),
        Attribute::Strings(v) => list(v.iter().cloned()),
        Attribute::Tensor(t) => match &t.value {
            Some(value) => value_text(value)?,
            None => t.shape.to_string(),
        },
        Attribute::Type(ty) => ty.dtype().map_or_else(|| ty.shape().to_string(), |d| d.to_string()),
        Attribute::Other(text) => text.clone(),
        Attribute::Region(_) | Attribute::Regions(_) => return None,
    })
}

fn value_text(value: &Value) -> Option<String> {
    Some(match &value.elements {
        Elements::Ints(v) => list(v.iter().map(|d| d.as_known().map_or("?".to_owned(), |n| n.to_string()))),
        Elements::Floats(v) => list(v.iter().map(|x| float(*x))),
        Elements::Strings(v) => list(v.iter().cloned()),
    })
}

/// Elements in a row; those of a long list by their number and a fingerprint.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let numbers: Vec<i64> = items.iter().map_while(|i| i.parse().ok()).collect();
    if items.len() > 2
        && numbers.len() == items.len()
        && numbers.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]))
    {
        return format!("{} to {}", items[0], items[items.len() - 1]);
    }
    if items.len() <= MAX_PRINTED {
        return items.join(", ");
    }
    let mut print = super::side::Print::default();
    items.iter().for_each(|i| print.text(i));
    format!("{}, … ({} values, {:08x})", items[..2].join(", "), items.len(), print.finish() >> 32)
}

/// A number without the digits that single precision makes up.
fn float(x: f64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{x:.6e}");
    match text.parse::<f64>() {
        Ok(x) => x.to_string(),
        Err(_) => text,
    }
}

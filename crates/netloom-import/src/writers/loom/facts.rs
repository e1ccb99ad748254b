//! What matters of an operator, said the same way whatever form a file gives it.

use std::collections::BTreeMap;

use netloom_graph::{Attribute, Dim, Elements, Graph, Node, Producer, Tensor, TensorId, Value, layers};

/// Settings that change nothing that a text has to say: hints of exporters, sizes that follow, costs.
const IDLE: &[&str] = &[
    "allowzero",
    "cubic_coeff_a",
    "coordinate_transformation_mode",
    "extrapolation_value",
    "exclude_outside",
    "is_test",
    "kv_num_heads",
    "macs",
    "momentum",
    "nearest_mode",
    "noop_with_empty_axes",
    "num_outputs",
    "packed",
    "q_num_heads",
    "seed",
    "spatial",
    "stash_type",
    "storage_order",
    "training_mode",
    "transB",
    "antialias",
    "keep_aspect_ratio_policy",
];

/// Everything that two operators must have in common to be the same in two graphs, but for what they read.
pub(super) fn facts(graph: &Graph, node: &Node) -> BTreeMap<String, String> {
    let kind = layers::effective(graph, node).map_or_else(|| node.kind(), |l| l.name.to_owned());
    let rank = node.input(0).and_then(|t| graph.tensor(t).ty.shape().rank());
    let mut out = BTreeMap::new();
    for (name, attribute) in node.attributes.iter() {
        if !IDLE.contains(&name) {
            out.insert(name.to_owned(), shown(attribute));
        }
    }
    for (position, tensor) in node.inputs.iter().enumerate() {
        let Some(tensor) = tensor else { continue };
        let learned =
            node.layer.is_some_and(|l| l.learned.contains(&position) || l.state.contains(&position));
        if let (false, Some(value)) = (learned && !is_factor(graph, &kind, *tensor), value_of(graph, *tensor))
        {
            out.insert(place(&kind, position), value);
        }
    }
    if kind == "clip" || kind == "relu6" {
        for bound in ["min", "max"] {
            if let Some(n) = out.get(bound).and_then(|s| s.trim_matches(['[', ']']).parse::<f64>().ok()) {
                out.insert(bound.to_owned(), n.to_string());
            }
        }
    }
    if kind == "resize" {
        for name in ["c1", "c2", "c3", "scales", "sizes", "axes"] {
            out.remove(name);
        }
    }
    if kind == "dropout" {
        out.remove("c2");
    }
    axes(&kind, rank, &mut out);
    drop_defaults(&kind, &mut out);
    let shapes: Vec<String> = node
        .outputs
        .iter()
        .flatten()
        .filter(|t| !graph.tensor(**t).consumers.is_empty() || graph.outputs.contains(t))
        .map(|t| graph.tensor(*t).ty.shape().to_string())
        .collect();
    out.insert("results".to_owned(), shapes.join(" "));
    out.insert("weights".to_owned(), weights(graph, node, &kind).join(" "));
    let flows = node.inputs.iter().flatten().filter(|t| !is_held(graph, graph.tensor(**t))).count();
    out.insert("reads".to_owned(), flows.to_string());
    out.insert("kind".to_owned(), kind);
    out
}

/// Shapes of stored tensors without known elements, in any order of dimensions and tensors.
fn weights(graph: &Graph, node: &Node, kind: &str) -> Vec<String> {
    let mut shapes: Vec<String> = Vec::new();
    for (position, tensor) in node.inputs.iter().enumerate() {
        let Some(tensor) = tensor.filter(|t| graph.tensor(*t).is_stored()) else { continue };
        let learned =
            node.layer.is_some_and(|l| l.learned.contains(&position) || l.state.contains(&position));
        if graph.tensor(tensor).value.is_some() && (!learned || is_factor(graph, kind, tensor)) {
            continue;
        }
        let mut dims: Vec<String> =
            graph.tensor(tensor).ty.shape().dims().unwrap_or(&[]).iter().map(Dim::to_string).collect();
        dims.sort();
        shapes.push(dims.join("×"));
    }
    shapes.sort();
    shapes
}

/// Whether a tensor is one stored number that arithmetic reads.
fn is_factor(graph: &Graph, kind: &str, tensor: TensorId) -> bool {
    matches!(kind, "add" | "sub" | "mul" | "div" | "pow" | "max" | "min" | "sum" | "matmul")
        && graph.tensor(tensor).value.as_ref().is_some_and(|v| v.len() == 1)
}

fn value_of(graph: &Graph, tensor: TensorId) -> Option<String> {
    let tensor = graph.tensor(tensor);
    tensor.value.as_ref().filter(|_| is_held(graph, tensor)).map(value)
}

/// Whether the elements of a tensor are in the file.
fn is_held(graph: &Graph, tensor: &Tensor) -> bool {
    match tensor.producer {
        Producer::Stored => true,
        Producer::Node(id, _) => super::call::is_constant(graph.node(id)),
        _ => false,
    }
}

fn value(value: &Value) -> String {
    let items: Vec<String> = match &value.elements {
        Elements::Ints(e) => e.iter().map(Dim::to_string).collect(),
        Elements::Floats(e) => e.iter().map(|x| number(*x)).collect(),
        Elements::Strings(e) => e.clone(),
    };
    format!("[{}]", items.join(", "))
}

fn number(x: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "files round to 32 bits")]
    let single = x as f32;
    single.to_string()
}

/// What a constant input is called where it may also be a setting.
fn place(kind: &str, position: usize) -> String {
    let name = match (kind, position) {
        ("squeeze" | "unsqueeze", 1) => "axes",
        (k, 1) if k.starts_with("reduce_") => "axes",
        ("clip" | "relu6", 1) => "min",
        ("clip" | "relu6", 2) => "max",
        ("dropout", 1) => "ratio",
        ("slice", 1) => "starts",
        ("slice", 2) => "ends",
        ("slice", 3) => "axes",
        ("slice", 4) => "steps",
        ("split", 1) => "split",
        ("pad", 1) => "pads",
        ("pad", 2) => "value",
        _ => return format!("c{position}"),
    };
    name.to_owned()
}

fn shown(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Int(n) => n.to_string(),
        Attribute::Float(x) => number(*x),
        Attribute::String(s) => s.clone(),
        Attribute::Ints(v) => format!("[{}]", v.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
        Attribute::Floats(v) => {
            format!("[{}]", v.iter().map(|x| number(*x)).collect::<Vec<_>>().join(", "))
        }
        Attribute::Strings(v) => v.join(", "),
        Attribute::Tensor(t) => t.value.as_ref().map_or_else(String::new, value),
        Attribute::Region(_) | Attribute::Regions(_) => "a body".to_owned(),
        Attribute::Type(_) | Attribute::Other(_) => String::new(),
    }
}

/// Axes counted from the front.
fn axes(kind: &str, rank: Option<usize>, out: &mut BTreeMap<String, String>) {
    let Some(rank) = rank.and_then(|r| i64::try_from(r).ok()) else { return };
    let rank = if kind == "unsqueeze" { None } else { Some(rank) };
    let front = |n: i64| match rank {
        Some(rank) if n < 0 => n + rank,
        _ => n,
    };
    for name in ["axis", "axes"] {
        let Some(shown) = out.get(name) else { continue };
        let list: Option<Vec<i64>> =
            shown.trim_matches(['[', ']']).split(", ").map(|s| s.parse().ok().map(front)).collect();
        if let Some(list) = list {
            let all: Vec<String> = list.iter().map(i64::to_string).collect();
            out.insert(name.to_owned(), all.join(", "));
        }
    }
    let last = rank.unwrap_or(0) - 1;
    if matches!(kind, "softmax" | "log_softmax" | "layer_norm" | "rms_norm")
        && out.get("axis") == Some(&last.to_string())
    {
        out.remove("axis");
    }
}

fn drop_defaults(kind: &str, out: &mut BTreeMap<String, String>) {
    let all = |s: &str, x: &str| s.trim_matches(['[', ']']).split(", ").all(|n| n == x);
    let no_pads = out.get("pads").is_none_or(|p| all(p, "0"));
    out.retain(|name, value| match (kind, name.as_str()) {
        ("pad", "pads" | "mode" | "value") => value != "constant" && !(name == "value" && value == "[0]"),
        (_, "pads" | "output_padding") => !all(value, "0"),
        (_, "strides" | "dilations") => !all(value, "1"),
        (_, "auto_pad") => value != "NOTSET" && !(value == "VALID" && no_pads),
        (_, "group" | "keepdims" | "cross_or_one") => value != "1",
        (_, "transA" | "ceil_mode" | "hidden") => value != "0",
        (_, "count_include_pad") => !no_pads && value != "0",
        ("conv" | "conv_transpose", "kernel_shape" | "output_shape") => false,
        ("linear", "alpha" | "beta") => value != "1",
        ("leaky_relu", "alpha") => value != "0.01",
        ("elu", "alpha") => value != "1",
        ("embedding" | "gather", "axis") => value != "0",
        (_, "epsilon") => value != "0.00001",
        (_, "approximate") => value != "none",
        ("flatten", "axis") => value != "1",
        ("slice", "steps") => value != "[1]",
        ("slice", "ends") => !value.starts_with("[9223372036854775") && !value.starts_with("[214748364"),
        ("softmax" | "log_softmax", "axis") => value != "-1",
        _ => true,
    });
}

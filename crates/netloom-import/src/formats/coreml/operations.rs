//! Operations of programs in ONNX's words.
//!
//! # Source
//! <https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html>

use std::collections::BTreeMap;

use netloom_graph::{Attribute, ModuleId, Node, Storage, TensorId, Value, ValueType};

use crate::Error;
use crate::draft::Draft;

/// A stored value.
#[derive(Clone, Debug)]
pub struct Given {
    pub ty: ValueType,
    pub value: Option<Value>,
    pub storage: Storage,
}

/// Operations with the inputs that matter, in order, and ONNX's name.
const PLAIN: &[(&str, &[&str], &str)] = &[
    ("abs", &["x"], "Abs"),
    ("add", &["x", "y"], "Add"),
    ("cast", &["x"], "Cast"),
    ("ceil", &["x"], "Ceil"),
    ("clamped_relu", &["x"], "Relu"),
    ("clip", &["x", "alpha", "beta"], "Clip"),
    ("cos", &["x"], "Cos"),
    ("elu", &["x"], "Elu"),
    ("equal", &["x", "y"], "Equal"),
    ("erf", &["x"], "Erf"),
    ("exp", &["x"], "Exp"),
    ("expand_dims", &["x", "axes"], "Unsqueeze"),
    ("floor", &["x"], "Floor"),
    ("floor_div", &["x", "y"], "Div"),
    ("gelu", &["x"], "Gelu"),
    ("greater", &["x", "y"], "Greater"),
    ("greater_equal", &["x", "y"], "GreaterOrEqual"),
    ("identity", &["x"], "Identity"),
    ("inverse", &["x"], "Reciprocal"),
    ("leaky_relu", &["x"], "LeakyRelu"),
    ("less", &["x", "y"], "Less"),
    ("less_equal", &["x", "y"], "LessOrEqual"),
    ("log", &["x"], "Log"),
    ("logical_and", &["x", "y"], "And"),
    ("logical_not", &["x"], "Not"),
    ("logical_or", &["x", "y"], "Or"),
    ("maximum", &["x", "y"], "Max"),
    ("minimum", &["x", "y"], "Min"),
    ("mod", &["x", "y"], "Mod"),
    ("mul", &["x", "y"], "Mul"),
    ("pow", &["x", "y"], "Pow"),
    ("prelu", &["x", "alpha"], "PRelu"),
    ("real_div", &["x", "y"], "Div"),
    ("reduce_max", &["x", "axes"], "ReduceMax"),
    ("reduce_min", &["x", "axes"], "ReduceMin"),
    ("reduce_sum", &["x", "axes"], "ReduceSum"),
    ("relu", &["x"], "Relu"),
    ("reshape", &["x", "shape"], "Reshape"),
    ("select", &["cond", "a", "b"], "Where"),
    ("shape", &["x"], "Shape"),
    ("sigmoid", &["x"], "Sigmoid"),
    ("sigmoid_hard", &["x"], "HardSigmoid"),
    ("sign", &["x"], "Sign"),
    ("silu", &["x"], "Swish"),
    ("sin", &["x"], "Sin"),
    ("softplus", &["x"], "Softplus"),
    ("softsign", &["x"], "Softsign"),
    ("sqrt", &["x"], "Sqrt"),
    ("square", &["x", "x"], "Mul"),
    ("squeeze", &["x", "axes"], "Squeeze"),
    ("sub", &["x", "y"], "Sub"),
    ("tanh", &["x"], "Tanh"),
    ("thresholded_relu", &["x"], "ThresholdedRelu"),
    ("tile", &["x", "reps"], "Tile"),
];

/// The named inputs of an operation.
struct Inputs<'a> {
    draft: &'a Draft,
    given: &'a BTreeMap<String, Vec<TensorId>>,
}

impl Inputs<'_> {
    fn one(&self, name: &str) -> Option<TensorId> {
        self.given.get(name)?.first().copied()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.draft.graph.tensor(self.one(name)?).value.as_ref()
    }

    fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.value(name)?.known_ints()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.ints(name)?.first().copied()
    }

    fn flag(&self, name: &str) -> bool {
        self.int(name).is_some_and(|n| n != 0)
    }

    fn word(&self, name: &str) -> Option<&str> {
        match &self.value(name)?.elements {
            netloom_graph::Elements::Strings(words) => words.first().map(String::as_str),
            _ => None,
        }
    }
}

/// Adds the node of an operation.
pub fn build(
    draft: &mut Draft,
    kind: &str,
    name: &str,
    given: &BTreeMap<String, Vec<TensorId>>,
    outputs: &[(String, ValueType)],
) -> Result<Vec<TensorId>, Error> {
    let module = draft.graph.root();
    let inputs = Inputs { draft, given };
    let (node, read) = translate(kind, module, &inputs);
    let short = name.split("_cast_fp16").next().unwrap_or(name);
    let made = outputs.iter().map(|(n, ty)| (n.as_str(), ty.clone())).collect();
    draft.node(node, short, read, vec![], made)
}

fn translate(kind: &str, module: ModuleId, inputs: &Inputs<'_>) -> (Node, Vec<Option<TensorId>>) {
    let read = |names: &[&str]| {
        let mut out: Vec<Option<TensorId>> = names.iter().map(|n| inputs.one(n)).collect();
        while out.last() == Some(&None) {
            out.pop();
        }
        out
    };
    let mut node = Node::new("", module);
    let mut set = |op: &str, attributes: Vec<(&str, Attribute)>| {
        node = Node::new(op, module);
        for (name, value) in attributes {
            node.attributes.set(name, value);
        }
    };
    let int = |name: &'static str, n: i64| (name, Attribute::Int(n));
    let rank = inputs.one("x").and_then(|t| inputs.draft.ty(t).shape().rank());
    let read = match kind {
        "conv" | "conv_transpose" => {
            let mut attributes = window(inputs, "weight");
            if let Some(groups) = inputs.int("groups").filter(|g| *g != 1) {
                attributes.push(int("group", groups));
            }
            set(if kind == "conv" { "Conv" } else { "ConvTranspose" }, attributes);
            read(&["x", "weight", "bias"])
        }
        "linear" => {
            node = Node::in_domain("loom", "linear", 0, module);
            node.attributes.set("transB", Attribute::Int(1));
            read(&["x", "weight", "bias"])
        }
        "matmul" => {
            let (a, b) = (inputs.flag("transpose_x"), inputs.flag("transpose_y"));
            if a || b {
                node = Node::in_domain("com.microsoft", "FusedMatMul", 1, module);
                node.attributes.set("transA", Attribute::Int(i64::from(a)));
                node.attributes.set("transB", Attribute::Int(i64::from(b)));
            } else {
                set("MatMul", vec![]);
            }
            read(&["x", "y"])
        }
        "batch_norm" => {
            set("BatchNormalization", vec![]);
            vec!["x", "gamma", "beta", "mean", "variance"].into_iter().map(|n| inputs.one(n)).collect()
        }
        "layer_norm" => {
            let axis = inputs.ints("axes").and_then(|a| a.first().copied()).unwrap_or(-1);
            set("LayerNormalization", vec![int("axis", axis)]);
            read(&["x", "gamma", "beta"])
        }
        "instance_norm" => {
            set("InstanceNormalization", vec![]);
            read(&["x", "gamma", "beta"])
        }
        "max_pool" | "avg_pool" => {
            let mut attributes = window(inputs, "");
            attributes
                .push(("kernel_shape", Attribute::Ints(inputs.ints("kernel_sizes").unwrap_or_default())));
            if inputs.flag("ceil_mode") {
                attributes.push(int("ceil_mode", 1));
            }
            set(if kind == "max_pool" { "MaxPool" } else { "AveragePool" }, attributes);
            read(&["x"])
        }
        "reduce_mean" => {
            let keep = i64::from(inputs.flag("keep_dims"));
            let sides = rank.is_some_and(|r| {
                let r = i64::try_from(r).unwrap_or(0);
                let mut axes = inputs.ints("axes").unwrap_or_default();
                axes.iter_mut().for_each(|a| *a = if *a < 0 { *a + r } else { *a });
                axes.sort_unstable();
                r > 2 && axes == (2..r).collect::<Vec<_>>()
            });
            if sides {
                set("GlobalAveragePool", vec![int("keepdims", keep)]);
                read(&["x"])
            } else {
                set("ReduceMean", vec![int("keepdims", keep)]);
                read(&["x", "axes"])
            }
        }
        "softmax" => {
            set("Softmax", vec![int("axis", inputs.int("axis").unwrap_or(-1))]);
            read(&["x"])
        }
        "relu6" => {
            node = Node::in_domain("loom", "relu6", 0, module);
            read(&["x"])
        }
        "concat" => {
            set("Concat", vec![int("axis", inputs.int("axis").unwrap_or(0))]);
            inputs.given.get("values").map(|v| v.iter().copied().map(Some).collect()).unwrap_or_default()
        }
        "split" => {
            set("Split", vec![int("axis", inputs.int("axis").unwrap_or(0))]);
            read(&["x", "split_sizes"])
        }
        "transpose" => {
            set("Transpose", vec![("perm", Attribute::Ints(inputs.ints("perm").unwrap_or_default()))]);
            read(&["x"])
        }
        "gather" => {
            set("Gather", vec![int("axis", inputs.int("axis").unwrap_or(0))]);
            read(&["x", "indices"])
        }
        "upsample_nearest_neighbor" | "upsample_bilinear" | "resize_bilinear" | "resize_nearest_neighbor" => {
            let mode = if kind.contains("nearest") { "nearest" } else { "linear" };
            set("Resize", vec![("mode", Attribute::String(mode.to_owned()))]);
            read(&["x"])
        }
        "pixel_shuffle" => {
            set("DepthToSpace", vec![int("blocksize", inputs.int("upscale_factor").unwrap_or(1))]);
            read(&["x"])
        }
        "scaled_dot_product_attention" => {
            set("Attention", vec![]);
            read(&["query", "key", "value", "attn_mask"])
        }
        "lstm" | "gru" | "rnn" => {
            let hidden = inputs.one("weight_hh").and_then(|w| inputs.draft.dim(w, 1).as_known());
            let direction = inputs.word("direction").unwrap_or("forward").to_owned();
            let mut attributes = vec![("direction", Attribute::String(direction))];
            attributes.extend(hidden.map(|n| int("hidden_size", n)));
            set(&kind.to_uppercase(), attributes);
            read(&["x", "weight_ih", "weight_hh", "bias"])
        }
        "slice_by_index" | "slice_by_size" => {
            set("Slice", vec![]);
            read(&["x"])
        }
        "rsqrt" => {
            node = Node::in_domain("coreml", "rsqrt", 0, module);
            read(&["x"])
        }
        _ => match PLAIN.iter().find(|(name, _, _)| *name == kind) {
            Some((_, names, op)) => {
                let keep = i64::from(inputs.flag("keep_dims"));
                set(op, if op.starts_with("Reduce") { vec![int("keepdims", keep)] } else { vec![] });
                read(names)
            }
            None => {
                node = Node::in_domain("coreml", kind, 0, module);
                let graph = &inputs.draft.graph;
                inputs
                    .given
                    .values()
                    .flatten()
                    .filter(|t| !graph.tensor(**t).is_stored())
                    .map(|t| Some(*t))
                    .collect()
            }
        },
    };
    (node, read)
}

/// Steps, padding and distances of a window.
fn window(inputs: &Inputs<'_>, weight: &str) -> Vec<(&'static str, Attribute)> {
    let mut out = Vec::new();
    for name in ["strides", "dilations"] {
        if let Some(list) = inputs.ints(name).filter(|l| l.iter().any(|n| *n != 1)) {
            out.push((name, Attribute::Ints(list)));
        }
    }
    match inputs.word("pad_type") {
        Some("same") => out.push(("auto_pad", Attribute::String("SAME_UPPER".to_owned()))),
        Some("same_lower") => out.push(("auto_pad", Attribute::String("SAME_LOWER".to_owned()))),
        Some("custom") => {
            // Before and after by side; ONNX has all befores first.
            let pairs = inputs.ints("pad").unwrap_or_default();
            let pads: Vec<i64> =
                pairs.iter().step_by(2).chain(pairs.iter().skip(1).step_by(2)).copied().collect();
            if pads.iter().any(|n| *n != 0) {
                out.push(("pads", Attribute::Ints(pads)));
            }
        }
        _ => {}
    }
    let kernel =
        inputs.one(weight).and_then(|w| inputs.draft.ty(w).shape().dims()?.get(2..).map(<[_]>::to_vec));
    let kernel: Option<Vec<i64>> = kernel.and_then(|k| k.iter().map(netloom_graph::Dim::as_known).collect());
    out.extend(kernel.filter(|k| !k.is_empty()).map(|k| ("kernel_shape", Attribute::Ints(k))));
    out
}

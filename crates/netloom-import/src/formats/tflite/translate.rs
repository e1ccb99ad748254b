//! Operators of TensorFlow Lite as operators of TensorFlow.

use netloom_graph::{Attribute, DType, Dim, Value};

use super::model::Raw;
use super::program::{Op, Program, Val, ValueId};

/// Operators that differ in name only.
const SAME: &[(&str, &str)] = &[
    ("ABS", "Abs"),
    ("ADD", "AddV2"),
    ("ADD_N", "AddN"),
    ("ARG_MAX", "ArgMax"),
    ("ARG_MIN", "ArgMin"),
    ("ATAN2", "Atan2"),
    ("BATCH_MATMUL", "BatchMatMulV2"),
    ("BROADCAST_TO", "BroadcastTo"),
    ("CAST", "Cast"),
    ("CEIL", "Ceil"),
    ("COS", "Cos"),
    ("CUMSUM", "Cumsum"),
    ("DEPTH_TO_SPACE", "DepthToSpace"),
    ("DEQUANTIZE", "Dequantize"),
    ("DIV", "RealDiv"),
    ("ELU", "Elu"),
    ("EQUAL", "Equal"),
    ("EXP", "Exp"),
    ("EXPAND_DIMS", "ExpandDims"),
    ("FILL", "Fill"),
    ("FLOOR", "Floor"),
    ("FLOOR_DIV", "FloorDiv"),
    ("FLOOR_MOD", "FloorMod"),
    ("GATHER", "GatherV2"),
    ("GATHER_ND", "GatherNd"),
    ("GELU", "Gelu"),
    ("GREATER", "Greater"),
    ("GREATER_EQUAL", "GreaterEqual"),
    ("HARD_SWISH", "HardSwish"),
    ("L2_NORMALIZATION", "L2Normalize"),
    ("LEAKY_RELU", "LeakyRelu"),
    ("LESS", "Less"),
    ("LESS_EQUAL", "LessEqual"),
    ("LOG", "Log"),
    ("LOGICAL_AND", "LogicalAnd"),
    ("LOGICAL_NOT", "LogicalNot"),
    ("LOGICAL_OR", "LogicalOr"),
    ("LOGISTIC", "Sigmoid"),
    ("LOG_SOFTMAX", "LogSoftmax"),
    ("MAXIMUM", "Maximum"),
    ("MEAN", "Mean"),
    ("MINIMUM", "Minimum"),
    ("MUL", "Mul"),
    ("NEG", "Neg"),
    ("NOT_EQUAL", "NotEqual"),
    ("ONE_HOT", "OneHot"),
    ("PACK", "Pack"),
    ("PAD", "Pad"),
    ("PADV2", "PadV2"),
    ("POW", "Pow"),
    ("PRELU", "PRelu"),
    ("QUANTIZE", "Quantize"),
    ("RANGE", "Range"),
    ("REDUCE_ALL", "All"),
    ("REDUCE_ANY", "Any"),
    ("REDUCE_MAX", "Max"),
    ("REDUCE_MIN", "Min"),
    ("REDUCE_PROD", "Prod"),
    ("RELU", "Relu"),
    ("RELU6", "Relu6"),
    ("RELU_0_TO_1", "Relu0To1"),
    ("RELU_N1_TO_1", "ReluN1To1"),
    ("RESHAPE", "Reshape"),
    ("RESIZE_BILINEAR", "ResizeBilinear"),
    ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor"),
    ("REVERSE_V2", "ReverseV2"),
    ("ROUND", "Round"),
    ("RSQRT", "Rsqrt"),
    ("SELECT", "Select"),
    ("SELECT_V2", "SelectV2"),
    ("SHAPE", "Shape"),
    ("SIGN", "Sign"),
    ("SIN", "Sin"),
    ("SLICE", "Slice"),
    ("SOFTMAX", "Softmax"),
    ("SPACE_TO_DEPTH", "SpaceToDepth"),
    ("SPLIT", "Split"),
    ("SPLIT_V", "SplitV"),
    ("SQRT", "Sqrt"),
    ("SQUARE", "Square"),
    ("SQUARED_DIFFERENCE", "SquaredDifference"),
    ("SQUEEZE", "Squeeze"),
    ("STRIDED_SLICE", "StridedSlice"),
    ("SUB", "Sub"),
    ("SUM", "Sum"),
    ("TANH", "Tanh"),
    ("TILE", "Tile"),
    ("TOPK_V2", "TopKV2"),
    ("TRANSPOSE", "Transpose"),
    ("UNPACK", "Unpack"),
];

/// Activations that other operators have built in, by code.
const FUSED: &[Option<&str>] =
    &[None, Some("Relu"), Some("ReluN1To1"), Some("Relu6"), Some("Tanh"), Some("Sign")];

/// Translates the operators of a graph.
pub(super) fn all(program: &mut Program, raw: Vec<Raw>) -> Vec<Op> {
    let mut ops = Vec::with_capacity(raw.len());
    for raw in raw {
        one(program, raw, &mut ops);
    }
    ops
}

fn one(program: &mut Program, raw: Raw, ops: &mut Vec<Op>) {
    let fused = raw.settings.int("fused_activation_function").and_then(|n| usize::try_from(n).ok());
    let fused = fused.and_then(|n| FUSED.get(n).copied().flatten());
    let mut op = Op { kind: raw.name.clone(), domain: "tflite", ..Op::new("", "", raw.inputs, 0) };
    op.outputs = raw.outputs;
    op.settings = raw.settings;
    if raw.custom {
        // Operators of TensorFlow itself go under their own names.
        if let Some(name) = raw.name.strip_prefix("Flex") {
            name.clone_into(&mut op.kind);
            op.domain = "tensorflow";
        }
    } else {
        translate(program, &mut op, ops);
    }
    match (fused, op.output()) {
        (Some(activation), Some(output)) => {
            let before = program.values[output].clone();
            let before = program.value(Val { stored: None, ..before });
            op.outputs[0] = before;
            ops.push(op);
            ops.push(Op { domain: "tflite", ..Op::new(activation, "", vec![Some(before)], output) });
        }
        _ => ops.push(op),
    }
}

fn translate(program: &mut Program, op: &mut Op, ops: &mut Vec<Op>) {
    if let Ok(at) = SAME.binary_search_by_key(&op.kind.as_str(), |row| row.0) {
        SAME[at].1.clone_into(&mut op.kind);
    }
    let kind = op.kind.clone();
    match kind.as_str() {
        "CONV_2D" => window(op, "Conv2D", Some("OSI")),
        "DEPTHWISE_CONV_2D" => window(op, "DepthwiseConv2dNative", Some("1SO")),
        "CONV_3D" => window(op, "Conv3D", Some("SIO")),
        "TRANSPOSE_CONV" => window(op, "Conv2DBackpropInput", Some("OSI")),
        "CONV_3D_TRANSPOSE" => window(op, "Conv3DBackpropInputV2", Some("SOI")),
        "AVERAGE_POOL_2D" => window(op, "AvgPool", None),
        "MAX_POOL_2D" => window(op, "MaxPool", None),
        "FULLY_CONNECTED" => linear(program, op, ops),
        "CONCATENATION" => {
            "ConcatV2".clone_into(&mut op.kind);
            let axis = op.settings.int("axis").unwrap_or(0);
            let axis = Val::constant("axis", DType::Int32, Value::int(Dim::Known(axis)));
            op.inputs.push(Some(program.value(axis)));
        }
        "MIRROR_PAD" => {
            "MirrorPad".clone_into(&mut op.kind);
            let mode = if op.settings.int("mode") == Some(1) { "SYMMETRIC" } else { "REFLECT" };
            op.settings.set("mode", Attribute::String(mode.to_owned()));
        }
        "LOCAL_RESPONSE_NORMALIZATION" => {
            "LRN".clone_into(&mut op.kind);
            let radius = op.settings.int("radius").unwrap_or(5);
            op.settings.set("depth_radius", Attribute::Int(radius));
        }
        "EMBEDDING_LOOKUP" => {
            "GatherV2".clone_into(&mut op.kind);
            op.inputs.truncate(2);
            op.inputs.reverse();
        }
        "Quantize" | "Dequantize" => {
            let scaled = if kind == "Quantize" { op.output() } else { op.input(0) };
            if let Some(scale) = scaled.and_then(|v| program.scale(v)) {
                op.settings.set("scale", Attribute::Float(scale));
            }
        }
        "IF" => {
            bodies(op, "If", [("then_branch", "then_subgraph_index"), ("else_branch", "else_subgraph_index")])
        }
        "WHILE" => bodies(op, "While", [("cond", "cond_subgraph_index"), ("body", "body_subgraph_index")]),
        "UNIDIRECTIONAL_SEQUENCE_LSTM" => {
            recurrent(op, "LSTM", &[1, 2, 3, 4], &[5, 6, 7, 8], &[12, 13, 14, 15])
        }
        "UNIDIRECTIONAL_SEQUENCE_RNN" | "RNN" => recurrent(op, "RNN", &[1], &[2], &[3]),
        _ => {}
    }
}

/// Settings of operators that slide a window, as TensorFlow writes them.
fn window(op: &mut Op, kind: &str, layout: Option<&str>) {
    kind.clone_into(&mut op.kind);
    let get = |key: &str| op.settings.int(key);
    let list = |depth: &str, height: &str, width: &str| {
        let (height, width) = (get(height)?, get(width)?);
        Some(match get(depth) {
            Some(depth) => vec![1, depth, height, width, 1],
            None => vec![1, height, width, 1],
        })
    };
    let mut new = Vec::new();
    for (name, list) in [
        ("strides", list("stride_d", "stride_h", "stride_w")),
        ("dilations", list("dilation_dfactor", "dilation_hfactor", "dilation_wfactor")),
        ("ksize", list("", "filter_height", "filter_width")),
    ] {
        // Zero stands where an old file says nothing.
        if let Some(list) = list.filter(|l| l.iter().all(|n| *n > 0)) {
            new.push((name, Attribute::Ints(list)));
        }
    }
    let padding = if get("padding") == Some(1) { "VALID" } else { "SAME" };
    new.push(("padding", Attribute::String(padding.to_owned())));
    if let Some(layout) = layout {
        new.push(("weight_layout", Attribute::String(layout.to_owned())));
    }
    for (name, value) in new {
        op.settings.set(name, value);
    }
}

/// A product over the last dimension; unless told to keep them, all dimensions in front become one.
fn linear(program: &mut Program, op: &mut Op, ops: &mut Vec<Op>) {
    let stored = op.input(1).is_some_and(|v| program.values[v].stored.is_some());
    let wide = |v: Option<ValueId>| v.and_then(|v| program.values[v].dims().map(<[Dim]>::to_vec));
    let (from, to, matrix) = (wide(op.input(0)), wide(op.output()), wide(op.input(1)));
    if op.settings.int("keep_num_dims") != Some(1)
        && let (Some(from), Some(to), Some([_, inner])) = (from, to, matrix.as_deref())
        && from.len() != to.len()
        && let (Some(x), [rows, _]) = (op.input(0), to.as_slice())
    {
        let flat = Val {
            ty: netloom_graph::ValueType::Tensor {
                dtype: program.values[x].ty.dtype(),
                shape: netloom_graph::Shape::Ranked(vec![rows.clone(), inner.clone()]),
            },
            stored: None,
            ..program.values[x].clone()
        };
        let flat = program.value(flat);
        ops.push(Op { domain: "tflite", ..Op::new("Reshape", "", vec![Some(x)], flat) });
        op.inputs[0] = Some(flat);
    }
    if stored {
        "Linear".clone_into(&mut op.kind);
        op.settings.set("transB", Attribute::Int(1));
        if op.input(2).is_none() {
            op.inputs.truncate(2);
        }
    } else if op.input(2).is_none() {
        "BatchMatMulV2".clone_into(&mut op.kind);
        op.inputs.truncate(2);
        op.settings.set("adj_y", Attribute::Int(1));
    }
}

fn bodies(op: &mut Op, kind: &str, names: [(&'static str, &str); 2]) {
    let place = |key: &str| op.settings.int(key).and_then(|n| usize::try_from(n).ok());
    let found = names.map(|(name, key)| place(key).map(|place| (name, place)));
    if let [Some(a), Some(b)] = found {
        kind.clone_into(&mut op.kind);
        op.bodies = vec![a, b];
    }
}

/// A layer that runs over a sequence: data first, then the matrices of its gates, then their biases.
fn recurrent(op: &mut Op, cell: &str, matrices: &[usize], states: &[usize], biases: &[usize]) {
    // Peepholes, projections and norms inside have no counterpart.
    let extra = [9, 10, 11, 16, 17].iter().any(|i| cell == "LSTM" && op.input(*i).is_some());
    if extra || op.outputs.len() != 1 {
        return;
    }
    let pick = |places: &[usize]| places.iter().filter_map(|i| op.input(*i)).map(Some).collect::<Vec<_>>();
    let (w, r, b) = (pick(matrices), pick(states), pick(biases));
    let counts = [w.len(), r.len(), b.len()].map(|n| i64::try_from(n).unwrap_or(0));
    let inputs = [vec![op.input(0)], w, r, b].concat();
    op.inputs = inputs;
    "Recurrent".clone_into(&mut op.kind);
    op.settings.set("cell", Attribute::String(cell.to_owned()));
    op.settings.set("counts", Attribute::Ints(counts.to_vec()));
    op.settings.set("sequence", Attribute::Int(1));
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_in_order() {
        assert!(super::SAME.is_sorted_by(|a, b| a.0 < b.0));
    }
}

//! What OpenVINO's operators are in ONNX.
//!
//! # Source
//! <https://docs.openvino.ai/2024/documentation/openvino-ir-format/operation-sets/available-opsets.html>

use netloom_graph::{Attribute, TensorId};

use super::build::list;
use super::xml::Layer;
use crate::draft::Draft;

/// An operator with its settings.
pub struct Operator {
    pub op: String,
    pub domain: &'static str,
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Which inputs it reads in which order; all as they are when `None`.
    pub inputs: Option<Vec<Option<usize>>>,
}

/// Operators of another name and no settings, or with settings of the same meaning.
const SAME: &[(&str, &str)] = &[
    ("Abs", "Abs"),
    ("Acos", "Acos"),
    ("Add", "Add"),
    ("Asin", "Asin"),
    ("Atan", "Atan"),
    ("Ceiling", "Ceil"),
    ("Clamp", "Clip"),
    ("Convert", "Cast"),
    ("Cos", "Cos"),
    ("Divide", "Div"),
    ("Elu", "Elu"),
    ("Equal", "Equal"),
    ("Erf", "Erf"),
    ("Exp", "Exp"),
    ("Floor", "Floor"),
    ("FloorMod", "Mod"),
    ("Gelu", "Gelu"),
    ("Greater", "Greater"),
    ("GreaterEqual", "GreaterOrEqual"),
    ("HSigmoid", "HardSigmoid"),
    ("HSwish", "HardSwish"),
    ("Less", "Less"),
    ("LessEqual", "LessOrEqual"),
    ("Log", "Log"),
    ("LogicalAnd", "And"),
    ("LogicalNot", "Not"),
    ("LogicalOr", "Or"),
    ("Maximum", "Max"),
    ("Minimum", "Min"),
    ("Mish", "Mish"),
    ("Multiply", "Mul"),
    ("Negative", "Neg"),
    ("NonZero", "NonZero"),
    ("NotEqual", "Equal"),
    ("Power", "Pow"),
    ("PRelu", "PRelu"),
    ("Range", "Range"),
    ("ReLU", "Relu"),
    ("Relu", "Relu"),
    ("Reshape", "Reshape"),
    ("ScatterNDUpdate", "ScatterND"),
    ("Select", "Where"),
    ("Selu", "Selu"),
    ("ShapeOf", "Shape"),
    ("Sigmoid", "Sigmoid"),
    ("Sign", "Sign"),
    ("Sin", "Sin"),
    ("SoftPlus", "Softplus"),
    ("SoftSign", "Softsign"),
    ("Sqrt", "Sqrt"),
    ("Squeeze", "Squeeze"),
    ("Subtract", "Sub"),
    ("Swish", "Swish"),
    ("Tan", "Tan"),
    ("Tanh", "Tanh"),
    ("Tile", "Tile"),
    ("Transpose", "Transpose"),
    ("Unsqueeze", "Unsqueeze"),
];

/// Whether a layer is a convolution, to which a bias may be added.
pub fn is_convolution(kind: &str) -> bool {
    matches!(
        kind,
        "Convolution" | "GroupConvolution" | "ConvolutionBackpropData" | "GroupConvolutionBackpropData"
    )
}

/// The operator that a layer is; `scaled` when a scale and shift per feature follow, which become part of it.
pub fn operator(layer: &Layer, scaled: bool, draft: &Draft, inputs: &[Option<TensorId>]) -> Operator {
    let known = |op: &str, attributes| Operator { op: op.to_owned(), domain: "", attributes, inputs: None };
    let int = |name: &'static str, n: i64| (name, Attribute::Int(n));
    let value = |i: usize| draft.graph.tensor((*inputs.get(i)?)?).value.as_ref()?.known_ints();
    match layer.kind.as_str() {
        kind if is_convolution(kind) => {
            let mut attributes = window(layer);
            let groups = kind.starts_with("Group");
            if groups {
                let weight = inputs.get(1).copied().flatten();
                let n = weight.and_then(|w| draft.ty(w).shape().dims()?.first()?.as_known()).unwrap_or(1);
                attributes.push(int("group", n));
            }
            let back = kind.ends_with("BackpropData");
            if groups {
                let layout = if back { "GIOS" } else { "GOIS" };
                attributes.push(("weight_layout", Attribute::String(layout.to_owned())));
            }
            let extra = layer.ints("output_padding");
            if back && extra.iter().any(|n| *n != 0) {
                attributes.push(list("output_padding", extra));
            }
            let op = if back { "ConvTranspose" } else { "Conv" };
            Operator { inputs: Some(vec![Some(0), Some(1)]), ..known(op, attributes) }
        }
        "MaxPool" | "AvgPool" => {
            let mut attributes = window(layer);
            attributes.push(list("kernel_shape", layer.ints("kernel")));
            if layer.word("rounding_type").is_some_and(|r| r.starts_with("ceil")) {
                attributes.push(int("ceil_mode", 1));
            }
            known(if layer.kind == "MaxPool" { "MaxPool" } else { "AveragePool" }, attributes)
        }
        "MatMul" => matmul(layer, draft, inputs),
        "ReduceMean" | "ReduceMax" | "ReduceSum" | "ReduceMin" | "ReduceProd" | "ReduceL2" | "ReduceL1" => {
            let keep = int("keepdims", i64::from(layer.flag("keep_dims")));
            let rank = inputs.first().copied().flatten().and_then(|t| draft.ty(t).shape().rank());
            let sides = value(1).is_some_and(|axes| {
                let mut axes: Vec<i64> =
                    axes.iter().map(|a| if *a < 0 { a + rank_of(rank) } else { *a }).collect();
                axes.sort_unstable();
                rank.is_some_and(|r| r > 2 && axes == (2..i64::try_from(r).unwrap_or(0)).collect::<Vec<_>>())
            });
            match layer.kind.as_str() {
                "ReduceMean" if sides => {
                    Operator { inputs: Some(vec![Some(0)]), ..known("GlobalAveragePool", vec![keep]) }
                }
                "ReduceMax" if sides => {
                    Operator { inputs: Some(vec![Some(0)]), ..known("GlobalMaxPool", vec![keep]) }
                }
                kind => known(kind, vec![keep]),
            }
        }
        "SoftMax" | "Softmax" => known("Softmax", vec![int("axis", layer.int("axis").unwrap_or(1))]),
        "LogSoftmax" => known("LogSoftmax", vec![int("axis", layer.int("axis").unwrap_or(1))]),
        "Concat" => known("Concat", vec![int("axis", layer.int("axis").unwrap_or(1))]),
        "Gather" => {
            let axis = value(2).and_then(|v| v.first().copied()).unwrap_or(0);
            Operator { inputs: Some(vec![Some(0), Some(1)]), ..known("Gather", vec![int("axis", axis)]) }
        }
        "Split" | "VariadicSplit" => {
            let axis = value(1).and_then(|v| v.first().copied()).unwrap_or(0);
            let sizes = if layer.kind == "Split" { None } else { Some(2) };
            Operator { inputs: Some(vec![Some(0), sizes]), ..known("Split", vec![int("axis", axis)]) }
        }
        "Transpose" => match value(1).or_else(|| order_by_sizes(layer, draft, inputs)) {
            Some(order) => {
                Operator { inputs: Some(vec![Some(0)]), ..known("Transpose", vec![list("perm", order)]) }
            }
            // Without the weights' file the order is not known.
            None => {
                Operator { op: "Transpose".to_owned(), domain: "openvino", attributes: vec![], inputs: None }
            }
        },
        // Over the last dimension it is a layer normalisation; scale and shift follow where they are learned.
        "MVN" => {
            let rank = inputs.first().copied().flatten().and_then(|t| draft.ty(t).shape().rank());
            let of_last = |axes: Vec<i64>| axes == [-1] || axes == [rank_of(rank) - 1];
            // Without the weights' file the axes are not known, but what follows may tell.
            let last = value(1).map_or(scaled, of_last);
            let (op, attributes) = match last {
                true => ("LayerNormalization", vec![int("axis", -1)]),
                false => ("MeanVarianceNormalization", vec![]),
            };
            Operator { inputs: Some(vec![Some(0)]), ..known(op, attributes) }
        }
        "GatherND" => known("GatherND", vec![int("batch_dims", layer.int("batch_dims").unwrap_or(0))]),
        "GatherElements" => known("GatherElements", vec![int("axis", layer.int("axis").unwrap_or(0))]),
        "CumSum" => known("CumSum", vec![]),
        "LRN" => Operator {
            inputs: Some(vec![Some(0)]),
            ..known("LRN", vec![int("size", layer.int("size").unwrap_or(5))])
        },
        "Interpolate" => {
            let mode =
                if layer.word("mode").is_some_and(|m| m.contains("nearest")) { "nearest" } else { "linear" };
            let mode = ("mode", Attribute::String(mode.to_owned()));
            Operator { inputs: Some(vec![Some(0)]), ..known("Resize", vec![mode]) }
        }
        "DepthToSpace" => known("DepthToSpace", vec![int("blocksize", layer.int("block_size").unwrap_or(1))]),
        "SpaceToDepth" => known("SpaceToDepth", vec![int("blocksize", layer.int("block_size").unwrap_or(1))]),
        "Pad" => known("Pad", vec![]),
        "Broadcast" => known("Expand", vec![]),
        "TopK" => known("TopK", vec![int("axis", layer.int("axis").unwrap_or(-1))]),
        "NormalizeL2" => {
            Operator { inputs: Some(vec![Some(0)]), ..known("LpNormalization", vec![int("axis", 1)]) }
        }
        "BatchNormInference" => Operator {
            // Scale and shift stand before the data in the oldest set.
            inputs: Some(vec![Some(0), Some(1), Some(2), Some(3), Some(4)]),
            ..known("BatchNormalization", vec![])
        },
        "ScaledDotProductAttention" => {
            let causal = i64::from(layer.flag("causal"));
            known("Attention", vec![int("is_causal", causal)])
        }
        kind => match SAME.iter().find(|(name, _)| *name == kind) {
            Some((_, op)) => known(op, vec![]),
            None => Operator { op: kind.to_owned(), domain: "openvino", attributes: vec![], inputs: None },
        },
    }
}

/// The order of a transposition whose dimensions all differ.
fn order_by_sizes(layer: &Layer, draft: &Draft, inputs: &[Option<TensorId>]) -> Option<Vec<i64>> {
    let from = draft.ty(inputs.first().copied().flatten()?).shape().dims()?;
    let to = layer.outputs.first()?.ty.shape().dims()?;
    let at = |d: &netloom_graph::Dim| {
        let mut places = from.iter().enumerate().filter(|(_, f)| *f == d && f.as_known().is_some());
        let (place, _) = places.next()?;
        places.next().is_none().then(|| i64::try_from(place).ok())?
    };
    to.iter().map(at).collect()
}

fn rank_of(rank: Option<usize>) -> i64 {
    rank.and_then(|r| i64::try_from(r).ok()).unwrap_or(0)
}

/// A product with a stored matrix is a linear layer, whichever way the matrix lies.
fn matmul(layer: &Layer, draft: &Draft, inputs: &[Option<TensorId>]) -> Operator {
    let matrix = inputs.get(1).copied().flatten();
    let stored =
        matrix.is_some_and(|m| draft.graph.tensor(m).is_stored() && draft.ty(m).shape().rank() == Some(2));
    let (a, b) = (layer.flag("transpose_a"), layer.flag("transpose_b"));
    if stored && !a {
        let attributes = if b { vec![("transB", Attribute::Int(1))] } else { vec![] };
        return Operator { op: "linear".to_owned(), domain: "loom", attributes, inputs: None };
    }
    let mut attributes = Vec::new();
    for (name, flag) in [("transA", a), ("transB", b)] {
        if flag {
            attributes.push((name, Attribute::Int(1)));
        }
    }
    // Microsoft's product is ONNX's with the last two dimensions of either side turned.
    let domain = if attributes.is_empty() { "" } else { "com.microsoft" };
    let op = if attributes.is_empty() { "MatMul" } else { "FusedMatMul" };
    Operator { op: op.to_owned(), domain, attributes, inputs: None }
}

fn window(layer: &Layer) -> Vec<(&'static str, Attribute)> {
    let mut out = Vec::new();
    for (name, default) in [("strides", 1), ("dilations", 1)] {
        let given = layer.ints(name);
        if given.iter().any(|n| *n != default) {
            out.push(list(if name == "strides" { "strides" } else { "dilations" }, given));
        }
    }
    match layer.word("auto_pad") {
        Some("same_upper") => out.push(("auto_pad", Attribute::String("SAME_UPPER".to_owned()))),
        Some("same_lower") => out.push(("auto_pad", Attribute::String("SAME_LOWER".to_owned()))),
        Some("valid") => {}
        _ => {
            let pads = [layer.ints("pads_begin"), layer.ints("pads_end")].concat();
            if pads.iter().any(|n| *n != 0) {
                out.push(list("pads", pads));
            }
        }
    }
    out
}

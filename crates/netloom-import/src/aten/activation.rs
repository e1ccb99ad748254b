//! Pointwise nonlinearities with a name, and softmax.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use super::arithmetic::promoted;
use super::cx::{Built, Cx, int};

macro_rules! family {
    ($($name:literal $op:literal,)*; $($row:expr,)*) => { &[
        $(Row($name, "self|input", |cx| plain(cx, $op)),)*
        $($row,)*
    ] };
}

/// The operators of this family.
pub(super) const FAMILY: &[Row] = family! {
    "relu" "Relu", "sigmoid" "Sigmoid", "tanh" "Tanh", "silu" "Swish", "mish" "Mish", "selu" "Selu",
    "hardswish" "HardSwish", "log_sigmoid" "loom.log_sigmoid",;
    Row("log_sigmoid_forward", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        cx.finish_first("loom.log_sigmoid", &[Some(x)], vec![])
    }),
    Row("relu6", "self", |cx| clip(cx, Some(0.0), Some(6.0))),
    Row("hardtanh", "self min_val max_val", |cx| {
        let low = cx.float("min_val").unwrap_or(-1.0);
        let high = cx.float("max_val").unwrap_or(1.0);
        clip(cx, Some(low), Some(high))
    }),
    Row("hardsigmoid", "self", |cx| {
        with(cx, "HardSigmoid", vec![("alpha", Attribute::Float(1.0 / 6.0)), ("beta", Attribute::Float(0.5))])
    }),
    Row("gelu", "self approximate", |cx| {
        let how = cx.text("approximate").unwrap_or("none").to_owned();
        with(cx, "Gelu", vec![("approximate", Attribute::String(how))])
    }),
    Row("elu", "self alpha scale input_scale", |cx| with_alpha(cx, "Elu", "alpha", 1.0)),
    Row("celu", "self alpha", |cx| with_alpha(cx, "Celu", "alpha", 1.0)),
    Row("leaky_relu", "self negative_slope", |cx| with_alpha(cx, "LeakyRelu", "negative_slope", 0.01)),
    Row("rrelu", "self lower upper training", |cx| with(cx, "LeakyRelu", vec![])),
    Row("rrelu_with_noise", "self noise lower upper training", |cx| with(cx, "LeakyRelu", vec![])),
    Row("threshold", "self threshold value", |cx| with_alpha(cx, "ThresholdedRelu", "threshold", 0.0)),
    Row("softplus", "self beta threshold", |cx| with(cx, "Softplus", vec![])),
    Row("hardshrink", "self lambd", |cx| with_alpha(cx, "Shrink", "lambd", 0.5)),
    Row("softshrink", "self lambd", |cx| with_alpha(cx, "Shrink", "lambd", 0.5)),
    Row("tanhshrink", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let tanh = cx.node("Tanh", &[Some(x)], vec![])?;
        cx.finish("Sub", &[Some(x), Some(tanh)], vec![])
    }),
    Row("softsign", "self", |cx| with(cx, "Softsign", vec![])),
    Row("prelu", "self weight", prelu),
    Row("_prelu_kernel", "self weight", prelu),
    Row("glu", "self dim", |cx| {
        let Some(x) = cx.tensor("self") else { return Ok(None) };
        let axis = cx.int("dim").unwrap_or(-1);
        let halves = cx.node_with("Split", &[Some(x)], vec![("axis", int(axis)), ("num_outputs", int(2))], 2)?;
        let gate = cx.node("Sigmoid", &[Some(halves[1])], vec![])?;
        cx.finish("Mul", &[Some(halves[0]), Some(gate)], vec![])
    }),
    Row("softmax", "self dim dtype", |cx| softmax(cx, "Softmax")),
    Row("_softmax", "self dim half_to_float", |cx| softmax(cx, "Softmax")),
    Row("_safe_softmax", "self dim dtype", |cx| softmax(cx, "Softmax")),
    Row("special_softmax", "self dim dtype", |cx| softmax(cx, "Softmax")),
    Row("log_softmax", "self dim dtype", |cx| softmax(cx, "LogSoftmax")),
    Row("_log_softmax", "self dim half_to_float", |cx| softmax(cx, "LogSoftmax")),
    Row("special_log_softmax", "self dim dtype", |cx| softmax(cx, "LogSoftmax")),
    Row("clamp", "self min max", clamp),
    Row("clip", "self min max", clamp),
    Row("clamp_min", "self min", clamp),
    Row("clamp_max", "self max", clamp),
};

pub(super) fn plain(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let x = promoted(cx, op, x)?;
    cx.finish(op, &[Some(x)], vec![])
}

fn with(cx: &mut Cx<'_>, op: &str, attributes: Vec<(&str, Attribute)>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    cx.finish(op, &[Some(x)], attributes)
}

fn with_alpha(cx: &mut Cx<'_>, op: &str, name: &str, otherwise: f64) -> Built {
    let alpha = cx.float(name).unwrap_or(otherwise);
    let setting = if op == "Shrink" { "lambd" } else { "alpha" };
    with(cx, op, vec![(setting, Attribute::Float(alpha))])
}

fn clip(cx: &mut Cx<'_>, low: Option<f64>, high: Option<f64>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let dtype = cx.dtype(x);
    let mut inputs = [Some(x), None, None];
    for (i, bound) in [low, high].into_iter().enumerate() {
        if let Some(bound) = bound {
            inputs[i + 1] = cx.number(bound, dtype)?;
        }
    }
    cx.finish("Clip", &inputs, vec![])
}

fn clamp(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let (low, high) = (cx.operand("min", x)?, cx.operand("max", x)?);
    // Bounds that are tensors are a minimum and a maximum.
    let is_tensor = |t: Option<TensorId>| t.is_some_and(|t| cx.rank(t) != Some(0));
    if !is_tensor(low) && !is_tensor(high) {
        return cx.finish("Clip", &[Some(x), low, high], vec![]);
    }
    match (low, high) {
        (Some(low), Some(high)) => {
            let above = cx.node("Max", &[Some(x), Some(low)], vec![])?;
            cx.finish("Min", &[Some(above), Some(high)], vec![])
        }
        (Some(low), None) => cx.finish("Max", &[Some(x), Some(low)], vec![]),
        (None, high) => cx.finish("Min", &[Some(x), high], vec![]),
    }
}

fn prelu(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(slope)) = (cx.tensor("self"), cx.tensor("weight")) else { return Ok(None) };
    cx.finish("PRelu", &[Some(x), Some(slope)], vec![])
}

fn softmax(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(-1);
    cx.finish(op, &[Some(x)], vec![("axis", int(axis))])
}

//! Pointwise nonlinearities: as layers, and as settings of other layers.

use netloom_graph::{Attribute, Dim, TensorId};
use serde_json::Value;

use super::super::build::{Builder, Part, place};
use super::super::model::Layer;
use super::{Built, Row, int};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        classes: &["Activation"],
        build: |builder, part| {
            let input = part.input()?;
            Ok(vec![activate(builder, part, input, part.config().get("activation"))?])
        },
    },
    Row { classes: &["ReLU"], build: relu },
    Row {
        classes: &["LeakyReLU"],
        build: |builder, part| {
            let slope = part.config().float("negative_slope").unwrap_or(0.3);
            single(builder, part, "LeakyRelu", vec![("alpha", Attribute::Float(slope))])
        },
    },
    Row {
        classes: &["ELU"],
        build: |builder, part| {
            let alpha = part.config().float("negative_slope").unwrap_or(1.0);
            single(builder, part, "Elu", vec![("alpha", Attribute::Float(alpha))])
        },
    },
    Row {
        classes: &["ThresholdedReLU"],
        build: |builder, part| {
            let theta = part.config().float("theta").unwrap_or(1.0);
            single(builder, part, "ThresholdedRelu", vec![("alpha", Attribute::Float(theta))])
        },
    },
    Row { classes: &["PReLU"], build: prelu },
    Row {
        classes: &["Softmax"],
        build: |builder, part| {
            let axis = part.config().ints("axis").and_then(|a| a.last().copied()).unwrap_or(-1);
            single(builder, part, "Softmax", vec![("axis", int(axis))])
        },
    },
];

fn single<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    op: &str,
    attributes: Vec<(&str, Attribute)>,
) -> Built {
    Ok(vec![builder.op(part, op, vec![Some(part.input()?)], attributes)?])
}

fn relu<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let slope = config.float("negative_slope").filter(|s| *s != 0.0);
    let threshold = config.float("threshold").filter(|t| *t != 0.0);
    match (config.float("max_value"), slope, threshold) {
        (None, None, None) => single(builder, part, "Relu", vec![]),
        (None, Some(slope), None) => {
            single(builder, part, "LeakyRelu", vec![("alpha", Attribute::Float(slope))])
        }
        (None, None, Some(theta)) => {
            single(builder, part, "ThresholdedRelu", vec![("alpha", Attribute::Float(theta))])
        }
        (Some(most), None, None) => {
            let (low, high) = (builder.number(part, "min", 0.0)?, builder.number(part, "max", most)?);
            Ok(vec![builder.op(part, "Clip", vec![Some(input), low, high], vec![])?])
        }
        _ => {
            let dims = builder.dims(input);
            builder.own(part, vec![Some(input)], dims)
        }
    }
}

fn prelu<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let shared = part.config().ints("shared_axes").unwrap_or_default();
    let dims = builder.dims(input).unwrap_or_default();
    let slopes = dims.iter().enumerate().skip(1).map(|(i, d)| {
        let is_shared = shared.iter().any(|a| place(*a, dims.len()) == Some(i));
        if is_shared { Dim::Known(1) } else { d.clone() }
    });
    let slopes = slopes.collect();
    let slopes = builder.weight(part, "alpha", slopes, true)?;
    Ok(vec![builder.op(part, "PRelu", vec![Some(input), slopes], vec![])?])
}

/// What a name of Keras is in ONNX.
const NAMES: &[(&str, &str)] = &[
    ("celu", "Celu"),
    ("elu", "Elu"),
    ("exponential", "Exp"),
    ("gelu", "Gelu"),
    ("hard_silu", "HardSwish"),
    ("hard_swish", "HardSwish"),
    ("leaky_relu", "LeakyRelu"),
    ("log_softmax", "LogSoftmax"),
    ("mish", "Mish"),
    ("relu", "Relu"),
    ("selu", "Selu"),
    ("sigmoid", "Sigmoid"),
    ("silu", "Swish"),
    ("softmax", "Softmax"),
    ("softplus", "Softplus"),
    ("softsign", "Softsign"),
    ("swish", "Swish"),
    ("tanh", "Tanh"),
];

/// The name of an activation: a text, or an object around one.
pub fn name(value: &Value) -> Option<&str> {
    let text = match value {
        Value::String(s) => s.as_str(),
        Value::Object(map) => match map.get("config") {
            Some(Value::String(s)) => s.as_str(),
            _ => map.get("class_name")?.as_str()?,
        },
        _ => return None,
    };
    Some(text.rsplit(['>', '.']).next().unwrap_or(text))
}

/// Adds the nodes of an activation; nothing for none.
///
/// # Errors
/// When the graph passes a limit.
pub fn activate<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    input: TensorId,
    activation: Option<&'a Value>,
) -> Result<TensorId, Error> {
    let Some(value) = activation else { return Ok(input) };
    // A layer may serve as activation.
    if let Value::Object(map) = value
        && map.get("config").is_some_and(Value::is_object)
        && let Some(layer) = Layer::read(value)
    {
        let module = builder.module(part.module, &layer)?;
        let inner = Part { inputs: vec![input], ..part.inner(&layer, module, "activation") };
        return Ok(super::build(builder, &inner)?.first().copied().unwrap_or(input));
    }
    let Some(name) = name(value) else { return Ok(input) };
    by_name(builder, part, input, name)
}

/// Adds the nodes of an activation by its name.
///
/// # Errors
/// When the graph passes a limit.
pub fn by_name<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    input: TensorId,
    name: &str,
) -> Result<TensorId, Error> {
    let x = vec![Some(input)];
    if let Some((_, op)) = NAMES.iter().find(|(n, _)| *n == name) {
        let attributes = match *op {
            "LeakyRelu" => vec![("alpha", Attribute::Float(0.2))],
            "Softmax" | "LogSoftmax" => vec![("axis", int(-1))],
            _ => vec![],
        };
        return builder.op(part, op, x, attributes);
    }
    match name {
        "linear" => Ok(input),
        "relu6" => {
            let (low, high) = (builder.number(part, "min", 0.0)?, builder.number(part, "max", 6.0)?);
            builder.op(part, "Clip", vec![Some(input), low, high], vec![])
        }
        "hard_sigmoid" => {
            // A sixth since Keras 3, a fifth before; either way a straight line cut at 0 and 1.
            builder.op(
                part,
                "HardSigmoid",
                x,
                vec![("alpha", Attribute::Float(1.0 / 6.0)), ("beta", Attribute::Float(0.5))],
            )
        }
        "hard_tanh" => {
            let (low, high) = (builder.number(part, "min", -1.0)?, builder.number(part, "max", 1.0)?);
            builder.op(part, "Clip", vec![Some(input), low, high], vec![])
        }
        "hard_shrink" | "soft_shrink" => builder.op(part, "Shrink", x, vec![]),
        "log_sigmoid" => builder.loom(part, "log_sigmoid", x, vec![]),
        _ => {
            let dims = builder.dims(input);
            let node = netloom_graph::Node::in_domain("keras", name, 0, part.module);
            let (made, _) = builder.add(node, x, vec![], 1)?;
            let dtype = builder.draft.ty(input).dtype();
            if let Some(mut dims) = dims {
                // A gated linear unit takes half of the features as gates.
                if let Some(features) = dims.last_mut().filter(|_| name == "glu") {
                    *features = features.floor_div(&Dim::Known(2));
                }
                let shape = netloom_graph::Shape::Ranked(dims);
                builder.draft.graph.tensor_mut(made).ty = netloom_graph::ValueType::Tensor { dtype, shape };
            }
            Ok(made)
        }
    }
}

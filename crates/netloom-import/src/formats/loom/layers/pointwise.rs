//! Pointwise functions and softmax.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

macro_rules! plain {
    ($name:literal, $op:literal) => {
        plain!($name, $op, [])
    };
    ($name:literal, $op:literal, [$($setting:literal),*]) => {
        Row {
            name: $name,
            settings: &[$($setting),*],
            build: |maker, call| with_numbers(maker, call, $op, &[$($setting),*]),
            ..Row::DEFAULT
        }
    };
}

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    plain!("abs", "Abs"),
    plain!("elu", "Elu", ["alpha"]),
    plain!("exp", "Exp"),
    Row {
        name: "gelu",
        settings: &["approximate"],
        build: |maker, call| {
            let way = call.choice("approximate", &["none", "tanh"])?;
            let attributes = way.map(|w| ("approximate", Attribute::String(w.to_owned())));
            call.node(maker, "Gelu", call.inputs.clone(), attributes.into_iter().collect())
        },
        ..Row::DEFAULT
    },
    plain!("hard_sigmoid", "HardSigmoid", ["alpha", "beta"]),
    plain!("hard_swish", "HardSwish"),
    plain!("identity", "Identity"),
    plain!("leaky_relu", "LeakyRelu", ["alpha"]),
    plain!("log", "Log"),
    Row {
        name: "log_softmax",
        settings: &["axis"],
        build: |maker, call| softmax(maker, call, "LogSoftmax"),
        ..Row::DEFAULT
    },
    plain!("mish", "Mish"),
    plain!("neg", "Neg"),
    Row { name: "prelu", build: prelu, ..Row::DEFAULT },
    plain!("relu", "Relu"),
    Row {
        name: "relu6",
        build: |maker, call| {
            let bounds = [("min", 0.0), ("max", 6.0)].map(|(name, x)| (name, Attribute::Float(x)));
            call.node(maker, "Clip", call.inputs.clone(), bounds.to_vec())
        },
        ..Row::DEFAULT
    },
    plain!("selu", "Selu"),
    plain!("sigmoid", "Sigmoid"),
    plain!("silu", "Swish"),
    Row {
        name: "softmax",
        settings: &["axis"],
        build: |maker, call| softmax(maker, call, "Softmax"),
        ..Row::DEFAULT
    },
    plain!("softplus", "Softplus"),
    plain!("softsign", "Softsign"),
    plain!("sqrt", "Sqrt"),
    plain!("tanh", "Tanh"),
];

fn with_numbers(maker: &mut Maker, call: &Call, op: &str, names: &[&'static str]) -> Made<Vec<TensorId>> {
    let mut attributes = Vec::new();
    for name in names {
        attributes.extend(call.float(name)?.map(|x| (*name, Attribute::Float(x))));
    }
    call.node(maker, op, call.inputs.clone(), attributes)
}

fn softmax(maker: &mut Maker, call: &Call, op: &str) -> Made<Vec<TensorId>> {
    let axis = call.int("axis", i64::MIN)?.unwrap_or(-1);
    call.node(maker, op, call.inputs.clone(), vec![("axis", Attribute::Int(axis))])
}

fn prelu(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let mut dims = vec![call.channels(maker)?];
    let rank = maker.dims(input).map_or(2, |d| d.len());
    dims.resize(rank.saturating_sub(1).max(1), Dim::Known(1));
    let slope = maker.weight(&call.name, "weight", maker.dtype(input), dims, &call.span)?;
    call.node(maker, "PRelu", [input, slope], vec![])
}

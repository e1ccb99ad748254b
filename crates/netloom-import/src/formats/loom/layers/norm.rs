//! Normalisation and dropout.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "batch_norm",
        settings: &["epsilon"],
        build: |maker, call| {
            let channels = call.channels(maker)?;
            let weights = ["weight", "bias", "running_mean", "running_var"];
            normalise(maker, call, "BatchNormalization", &channels, &weights, vec![])
        },
        ..Row::DEFAULT
    },
    Row { name: "dropout", settings: &["rate"], build: dropout, ..Row::DEFAULT },
    Row {
        name: "group_norm",
        settings: &["groups", "epsilon"],
        build: |maker, call| {
            let groups = call.need_int("groups", 1)?;
            let channels = call.channels(maker)?;
            let attributes = vec![("num_groups", Attribute::Int(groups))];
            normalise(maker, call, "GroupNormalization", &channels, &["weight", "bias"], attributes)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "instance_norm",
        settings: &["epsilon"],
        build: |maker, call| {
            let channels = call.channels(maker)?;
            normalise(maker, call, "InstanceNormalization", &channels, &["weight", "bias"], vec![])
        },
        ..Row::DEFAULT
    },
    Row {
        name: "layer_norm",
        settings: &["epsilon"],
        build: |maker, call| {
            let features = call.features(maker, call.input()?)?;
            let attributes = vec![("axis", Attribute::Int(-1))];
            normalise(maker, call, "LayerNormalization", &features, &["weight", "bias"], attributes)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "local_response_norm",
        settings: &["size", "alpha", "beta", "bias"],
        build: |maker, call| {
            let mut attributes = vec![("size", Attribute::Int(call.need_int("size", 1)?))];
            for name in ["alpha", "beta", "bias"] {
                attributes.extend(call.float(name)?.map(|x| (name, Attribute::Float(x))));
            }
            call.node(maker, "LRN", call.inputs.clone(), attributes)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "rms_norm",
        settings: &["epsilon"],
        build: |maker, call| {
            let features = call.features(maker, call.input()?)?;
            let attributes = vec![("axis", Attribute::Int(-1))];
            normalise(maker, call, "RMSNormalization", &features, &["weight"], attributes)
        },
        ..Row::DEFAULT
    },
];

fn normalise(
    maker: &mut Maker,
    call: &Call,
    op: &str,
    size: &Dim,
    weights: &[&str],
    mut attributes: Vec<(&'static str, Attribute)>,
) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let dtype = maker.dtype(input);
    let mut inputs = vec![input];
    for name in weights {
        inputs.push(maker.weight(&call.name, name, dtype, vec![size.clone()], &call.span)?);
    }
    attributes.extend(call.float("epsilon")?.map(|x| ("epsilon", Attribute::Float(x))));
    call.node(maker, op, inputs, attributes)
}

fn dropout(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let rate = call.float("rate")?.unwrap_or(0.5);
    if !(0.0..1.0).contains(&rate) {
        return Err(call.problem(format!("expected a rate from 0 to below 1, found {rate}")));
    }
    let dtype = maker.dtype(input);
    let ratio = maker.float(&call.name, "ratio", rate, dtype);
    // A notation describes the network as it is trained, or nobody would write dropout down.
    let training = maker.yes(&call.name, "training");
    call.node(maker, "Dropout", [input, ratio, training], vec![])
}

//! Attention, bare and with its projections.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use super::dense::linear;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "attention",
        settings: &["heads", "kv_heads", "causal", "mask"],
        inputs: (1, 3),
        build: |maker, call| {
            let [query, key, value] = streams(call)?;
            attend(maker, call, &call.name, query, key, value)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "multi_head_attention",
        settings: &["heads", "kv_heads", "causal", "mask", "bias"],
        inputs: (1, 3),
        build: projected,
        ..Row::DEFAULT
    },
];

/// Query, key and value: one stream for all, one and another, or three.
fn streams(call: &Call) -> Made<[TensorId; 3]> {
    let query = call.input()?;
    let key = call.inputs.get(1).copied().unwrap_or(query);
    let value = call.inputs.get(2).copied().unwrap_or(key);
    Ok([query, key, value])
}

fn attend(
    maker: &mut Maker,
    call: &Call,
    name: &str,
    query: TensorId,
    key: TensorId,
    value: TensorId,
) -> Made<Vec<TensorId>> {
    let heads = call.int("heads", 1)?.unwrap_or(1);
    let kv_heads = call.int("kv_heads", 1)?.unwrap_or(heads);
    let mut attributes =
        vec![("q_num_heads", Attribute::Int(heads)), ("kv_num_heads", Attribute::Int(kv_heads))];
    if call.flag("causal", false)? {
        attributes.push(("is_causal", Attribute::Int(1)));
    }
    let mut inputs = vec![Some(query), Some(key), Some(value)];
    inputs.extend(call.value("mask")?.map(Some));
    maker.node("Attention", name, inputs, attributes, 1, &call.span)
}

fn projected(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let [query, key, value] = streams(call)?;
    let features = call.features(maker, query)?;
    let heads = call.int("heads", 1)?.unwrap_or(1);
    let kv_heads = call.int("kv_heads", 1)?.unwrap_or(heads);
    if let Some(n) = features.as_known().filter(|n| n % heads != 0) {
        return Err(call.problem(format!("expected {n} features to divide into {heads} heads")));
    }
    let bias = call.flag("bias", true)?;
    let narrow = features.floor_div(&Dim::Known(heads)).times(&Dim::Known(kv_heads));
    maker.enter(&call.name, Some("MultiHeadAttention"), &call.span)?;
    let query = linear(maker, call, "query", query, &features, bias)?;
    let key = linear(maker, call, "key", key, &narrow, bias)?;
    let value = linear(maker, call, "value", value, &narrow, bias)?;
    let mixed = attend(maker, call, "attention", query, key, value)?;
    let mixed = mixed.first().copied().unwrap_or(query);
    let result = linear(maker, call, "output", mixed, &features, bias)?;
    maker.leave();
    Ok(vec![result])
}

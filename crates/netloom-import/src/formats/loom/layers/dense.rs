//! Dense products and tables.

use netloom_graph::{Attribute, DType, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { name: "embedding", settings: &["size", "features"], build: embedding, ..Row::DEFAULT },
    Row {
        name: "linear",
        settings: &["features", "bias"],
        build: |maker, call| {
            let (features, bias) = (call.need_int("features", 1)?, call.flag("bias", true)?);
            Ok(vec![linear(maker, call, &call.name, call.input()?, &Dim::Known(features), bias)?])
        },
        ..Row::DEFAULT
    },
    Row { name: "parameter", settings: &["shape"], inputs: (0, 0), build: parameter, ..Row::DEFAULT },
];

/// `x · W + b` over the last dimension: one node for a matrix, a product and a sum for anything larger.
pub(super) fn linear(
    maker: &mut Maker,
    call: &Call,
    name: &str,
    input: TensorId,
    features: &Dim,
    bias: bool,
) -> Made<TensorId> {
    let from = call.features(maker, input)?;
    let dtype = maker.dtype(input);
    let first = |made: Vec<TensorId>| {
        made.first().copied().ok_or_else(|| call.problem("expected a result, found none"))
    };
    if maker.dims(input).is_some_and(|d| d.len() == 2) {
        let weight = maker.weight(name, "weight", dtype, vec![features.clone(), from], &call.span)?;
        let mut inputs = vec![Some(input), Some(weight)];
        if bias {
            inputs.push(Some(maker.weight(name, "bias", dtype, vec![features.clone()], &call.span)?));
        }
        return first(maker.node(
            "Gemm",
            name,
            inputs,
            vec![("transB", Attribute::Int(1))],
            1,
            &call.span,
        )?);
    }
    let weight = maker.weight(name, "weight", dtype, vec![from, features.clone()], &call.span)?;
    if !bias {
        return first(maker.node("MatMul", name, vec![Some(input), Some(weight)], vec![], 1, &call.span)?);
    }
    let bias = maker.weight(name, "bias", dtype, vec![features.clone()], &call.span)?;
    maker.enter(name, Some("Linear"), &call.span)?;
    let product =
        first(maker.node("MatMul", "matmul", vec![Some(input), Some(weight)], vec![], 1, &call.span)?)?;
    let sum = first(maker.node("Add", "add", vec![Some(product), Some(bias)], vec![], 1, &call.span)?)?;
    maker.leave();
    Ok(sum)
}

fn embedding(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let dims = vec![Dim::Known(call.need_int("size", 1)?), Dim::Known(call.need_int("features", 1)?)];
    if let Some(dtype) = maker.graph.tensor(input).ty.dtype().filter(|d| !d.is_int()) {
        return Err(call
            .problem(format!("`embedding` expected whole numbers, found {dtype}"))
            .with_hint("declare the input as `input tokens: int64[batch, time]`"));
    }
    let table = maker.weight(&call.name, "weight", DType::Float32, dims, &call.span)?;
    call.node(maker, "Gather", [table, input], vec![("axis", Attribute::Int(0))])
}

fn parameter(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let dims = call.need_dims("shape")?;
    Ok(vec![maker.weight(&call.name, "", DType::Float32, dims, &call.span)?])
}

//! Normalisation.

use netloom_graph::{Attribute, Dim, TensorId};

use super::super::build::{Builder, Part, place};
use super::{Built, Row, int};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        classes: &[
            "BatchNormalization",
            "SyncBatchNormalization",
            "BatchNormalizationV2",
            "BatchNormalizationV1",
        ],
        build: batch,
    },
    Row { classes: &["GroupNormalization"], build: group },
    Row { classes: &["LayerNormalization"], build: layer },
    Row { classes: &["LayerScale"], build: scale },
    Row { classes: &["Normalization"], build: fixed },
    Row { classes: &["RMSNormalization"], build: rms },
    Row { classes: &["UnitNormalization"], build: unit },
];

/// The axes that a setting names, in order, all counted from the start.
fn axes(part: &Part<'_, '_>, rank: Option<usize>) -> Vec<usize> {
    let named = part.config().ints("axis").unwrap_or_else(|| vec![-1]);
    let Some(rank) = rank else { return Vec::new() };
    let mut axes: Vec<usize> = named.iter().filter_map(|a| place(*a, rank)).collect();
    axes.sort_unstable();
    axes.dedup();
    axes
}

fn sizes<'a>(builder: &Builder<'a>, input: TensorId, axes: &[usize]) -> Vec<Dim> {
    let dims = builder.dims(input).unwrap_or_default();
    let found: Vec<Dim> = axes.iter().map(|a| dims.get(*a).cloned().unwrap_or(Dim::Unknown)).collect();
    if found.is_empty() { vec![Dim::Unknown] } else { found }
}

/// A weight that a setting may leave out.
fn optional<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    setting: &str,
    name: &str,
    dims: &[Dim],
) -> Result<Option<TensorId>, Error> {
    if !part.config().flag(setting, true) {
        return Ok(None);
    }
    builder.weight(part, name, dims.to_vec(), true)
}

fn epsilon(part: &Part<'_, '_>) -> Vec<(&'static str, Attribute)> {
    part.config().float("epsilon").map(|e| ("epsilon", Attribute::Float(e))).into_iter().collect()
}

fn batch<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let rank = builder.rank(input);
    let axes = axes(part, rank);
    let dims = sizes(builder, input, &axes);
    let gamma = optional(builder, part, "scale", "gamma", &dims)?;
    let beta = optional(builder, part, "center", "beta", &dims)?;
    let mean = builder.weight(part, "moving_mean", dims.clone(), false)?;
    let variance = builder.weight(part, "moving_variance", dims, false)?;
    let mut attributes = epsilon(part);
    if axes.first().copied() == rank.and_then(|r| r.checked_sub(1)) {
        attributes.push(("channels_last", int(1)));
    }
    let inputs = vec![Some(input), gamma, beta, mean, variance];
    Ok(vec![builder.op(part, "BatchNormalization", inputs, attributes)?])
}

fn group<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let axes = axes(part, builder.rank(input));
    let dims = sizes(builder, input, &axes);
    let gamma = optional(builder, part, "scale", "gamma", &dims)?;
    let beta = optional(builder, part, "center", "beta", &dims)?;
    let said = part.config().int("groups").unwrap_or(32);
    let groups = if said == -1 { dims.first().and_then(Dim::as_known).unwrap_or(1) } else { said };
    let mut attributes = epsilon(part);
    attributes.extend([("num_groups", int(groups)), ("channels_last", int(1))]);
    Ok(vec![builder.op(part, "GroupNormalization", vec![Some(input), gamma, beta], attributes)?])
}

fn layer<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let axes = axes(part, builder.rank(input));
    let dims = sizes(builder, input, &axes);
    let gamma = optional(builder, part, "scale", "gamma", &dims)?;
    let beta = optional(builder, part, "center", "beta", &dims)?;
    let first = axes.first().map_or(-1, |a| *a as i64);
    let mut attributes = epsilon(part);
    attributes.push(("axis", int(first)));
    let op = if part.config().flag("rms_scaling", false) { "RMSNormalization" } else { "LayerNormalization" };
    let mut inputs = vec![Some(input), gamma];
    inputs.extend((op == "LayerNormalization").then_some(beta));
    Ok(vec![builder.op(part, op, inputs, attributes)?])
}

fn rms<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let axes = axes(part, builder.rank(input));
    let dims = sizes(builder, input, &axes);
    let scale = builder.weight(part, "scale", dims, true)?;
    let mut attributes = epsilon(part);
    attributes.push(("axis", int(axes.first().map_or(-1, |a| *a as i64))));
    Ok(vec![builder.op(part, "RMSNormalization", vec![Some(input), scale], attributes)?])
}

fn unit<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let axis = part.config().ints("axis").and_then(|a| a.first().copied()).unwrap_or(-1);
    let attributes = vec![("axis", int(axis)), ("p", int(2))];
    Ok(vec![builder.op(part, "LpNormalization", vec![Some(part.input()?)], attributes)?])
}

/// A learned factor for each channel, as ConvNeXt has at the end of its blocks.
fn scale<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let size = part.config().int("projection_dim").map_or_else(|| builder.dim(input, -1), Dim::Known);
    let gamma = builder.weight(part, "gamma", vec![size], true)?;
    Ok(vec![builder.op(part, "Mul", vec![Some(input), gamma], vec![])?])
}

/// Mean and variance that were measured once, before training.
fn fixed<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let given = |name: &str| {
        let value = config.get(name)?;
        match value.as_array() {
            Some(list) => list.iter().map(serde_json::Value::as_f64).collect(),
            None => value.as_f64().map(|x| vec![x]),
        }
    };
    let (mean, variance): (Option<Vec<f64>>, Option<Vec<f64>>) = (given("mean"), given("variance"));
    let (mean, variance) = match (mean, variance) {
        (Some(mean), Some(variance)) => (
            builder.numbers(part, "mean", mean.clone(), mean.len() == 1)?,
            builder.numbers(part, "variance", variance.clone(), variance.len() == 1)?,
        ),
        _ if config.get("mean").is_some() => (None, None),
        _ => {
            let axes = axes(part, builder.rank(input));
            let dims = if config.get("axis").is_none() { Vec::new() } else { sizes(builder, input, &axes) };
            let mean = builder.weight(part, "mean", dims.clone(), false)?;
            let variance = builder.weight(part, "variance", dims, false)?;
            builder.weight(part, "count", Vec::new(), false)?;
            (mean, variance)
        }
    };
    let (first, second) = if config.flag("invert", false) { ("Mul", "Add") } else { ("Sub", "Div") };
    let (a, b) = if first == "Mul" { (variance, mean) } else { (mean, variance) };
    let made = builder.op(part, first, vec![Some(input), a], vec![])?;
    Ok(vec![builder.op(part, second, vec![Some(made), b], vec![])?])
}

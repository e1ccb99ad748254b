//! Attention, bare and with its projections.

use netloom_graph::{Attribute, Dim, TensorId};

use super::super::build::{Builder, Given, Part};
use super::super::weights::Shelf;
use super::dense::heads;
use super::{Built, Row, int};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["AdditiveAttention"], build: additive },
    Row { classes: &["Attention"], build: bare },
    Row { classes: &["GroupQueryAttention", "GroupedQueryAttention"], build: projected },
    Row { classes: &["MultiHeadAttention"], build: projected },
];

/// Query, key and value of a call: by position or name; the key is the value where none is given.
fn streams(part: &Part<'_, '_>) -> Option<[TensorId; 3]> {
    let named = |name: &str| part.named.get(name).and_then(Given::tensor);
    let at = |i: usize, name: &str| part.inputs.get(i).copied().or_else(|| named(name));
    let query = at(0, "query")?;
    let value = at(1, "value")?;
    let key = at(2, "key").unwrap_or(value);
    Some([query, key, value])
}

/// Whether positions may only look back.
fn causal(part: &Part<'_, '_>) -> bool {
    let said = match part.named.get("use_causal_mask") {
        Some(Given::Value(v)) => v.as_bool().unwrap_or(false),
        _ => false,
    };
    said || part.config().flag("causal", false)
}

fn attend<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    streams: [TensorId; 3],
    heads: (i64, i64),
) -> Result<TensorId, Error> {
    let mut attributes: Vec<(&str, Attribute)> =
        vec![("q_num_heads", int(heads.0)), ("kv_num_heads", int(heads.1))];
    if causal(part) {
        attributes.push(("is_causal", int(1)));
    }
    let mut inputs = streams.map(Some).to_vec();
    if let Some(mask) = part.named.get("attention_mask").and_then(Given::tensor) {
        inputs.push(Some(mask));
    }
    builder.op(part, "Attention", inputs, attributes)
}

fn bare<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(streams) = streams(part) else { return super::custom::build(builder, part) };
    if part.config().flag("use_scale", false) {
        builder.weight(part, "scale", Vec::new(), true)?;
    }
    if part.config().text("score_mode") == Some("concat") {
        builder.weight(part, "concat_score_weight", Vec::new(), true)?;
    }
    Ok(vec![attend(builder, part, streams, (1, 1))?])
}

/// Scores by a small network of one layer instead of a product.
fn additive<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some([query, key, value]) = streams(part) else { return super::custom::build(builder, part) };
    let mut inputs = vec![Some(query), Some(key), Some(value)];
    if part.config().flag("use_scale", true) {
        let features = builder.dim(query, -1);
        inputs.push(builder.weight(part, "scale", vec![features], true)?);
    }
    let dims = builder.dims(query).map(|mut dims| {
        if let Some(last) = dims.last_mut() {
            *last = builder.dim(value, -1);
        }
        dims
    });
    builder.own(part, inputs, dims)
}

/// The projections that a layer of attention holds, by what Keras calls them.
struct Projections {
    heads: i64,
    kv_heads: i64,
    /// Features of a head of queries and keys, and of values.
    key_size: i64,
    value_size: i64,
    output: Vec<Dim>,
    bias: bool,
}

fn projections<'a>(builder: &Builder<'a>, part: &Part<'_, 'a>, query: TensorId) -> Option<Projections> {
    let config = part.config();
    let bias = config.flag("use_bias", true);
    let features = builder.dim(query, -1);
    if part.layer.class != "MultiHeadAttention" {
        let size = config.int("head_dim")?;
        return Some(Projections {
            heads: config.int("num_query_heads")?,
            kv_heads: config.int("num_key_value_heads")?,
            key_size: size,
            value_size: size,
            output: vec![features],
            bias,
        });
    }
    let heads = config.int("num_heads")?;
    let key_size = config.int("key_dim")?;
    let output = config.ints("output_shape").map(|o| o.into_iter().map(Dim::Known).collect());
    Some(Projections {
        heads,
        kv_heads: heads,
        key_size,
        value_size: config.int("value_dim").unwrap_or(key_size),
        output: output.unwrap_or_else(|| vec![features]),
        bias,
    })
}

fn projected<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some([query, key, value]) = streams(part) else { return super::custom::build(builder, part) };
    let Some(p) = projections(builder, part, query) else { return super::custom::build(builder, part) };
    if builder.rank(query).is_some_and(|r| r != 3) {
        return super::custom::build(builder, part);
    }
    let streams = [
        ("query", query, p.heads, p.key_size),
        ("key", key, p.kv_heads, p.key_size),
        ("value", value, p.kv_heads, p.value_size),
    ];
    let mut made = [query, key, value];
    for (place, (name, input, heads_here, size)) in made.iter_mut().zip(streams) {
        let inner = projection(builder, part, name, input)?;
        let to = [heads_here, size].map(Dim::Known);
        let bias = p.bias.then_some(&to[..]);
        *place = heads(builder, &inner, input, (&[builder.dim(input, -1)], &to), bias)?;
    }
    if part.config().flag("use_gate", false) {
        let inner = projection(builder, part, "gate", query)?;
        let to = [p.heads, p.value_size].map(Dim::Known);
        let bias = p.bias.then_some(&to[..]);
        heads(builder, &inner, query, (&[builder.dim(query, -1)], &to), bias)?;
    }
    let mixed = attend(builder, part, made, (p.heads, p.kv_heads))?;
    let inner = projection(builder, part, "attention_output", mixed)?;
    let from = [p.heads, p.value_size].map(Dim::Known);
    let bias = p.bias.then_some(&p.output[..]);
    Ok(vec![heads(builder, &inner, mixed, (&from, &p.output), bias)?])
}

/// One projection as a layer of its own, of the name that Keras gives it.
fn projection<'q, 'a>(
    builder: &mut Builder<'a>,
    part: &Part<'q, 'a>,
    name: &str,
    input: TensorId,
) -> Result<Part<'q, 'a>, Error> {
    let module = builder.draft.module(part.module, name, Some("EinsumDense"))?;
    let group = if name == "attention_output" { "output_dense".to_owned() } else { format!("{name}_dense") };
    // Keras 2 keeps it under a private name.
    let tries = [group.clone(), format!("_{group}")];
    let place =
        tries.iter().map(|g| part.place.held(g)).find(|p| p.known()).unwrap_or(part.place.held(&group));
    let slashed = format!("{}/{name}", part.slashed);
    Ok(Part {
        layer: part.layer,
        module,
        path: format!("{}.{name}", part.path),
        place,
        shelf: Shelf::new(place, &slashed),
        slashed,
        trainable: part.trainable,
        args: Vec::new(),
        named: Default::default(),
        inputs: vec![input],
        wanted: 1,
        declared: Vec::new(),
    })
}

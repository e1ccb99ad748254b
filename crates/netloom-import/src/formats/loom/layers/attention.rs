//! Attention, bare and with its projections.

use netloom_graph::{Attribute, Dim, Producer, TensorId, ValueType};

use super::Row;
use super::dense::linear;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "attention",
        settings: &[
            "heads",
            "kv_heads",
            "causal",
            "mask",
            "rotary",
            "position_bias",
            "scale",
            "window",
            "packed",
        ],
        inputs: (1, 3),
        build: |maker, call| {
            let [query, key, value] = streams(call)?;
            attend(maker, call, &call.name, query, key, value)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "multi_head_attention",
        settings: &["heads", "kv_heads", "causal", "mask", "bias", "rotary", "position_bias"],
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
    let packed = call.flag("packed", false)?;
    let mut width = call.features(maker, query)?;
    if packed {
        // Queries, keys and values side by side in one tensor.
        width = width.floor_div(&Dim::Known(3));
        let mut dims = maker.dims(query).unwrap_or_default();
        if let Some(last) = dims.last_mut() {
            last.clone_from(&width);
            maker.gives =
                vec![ValueType::Tensor { dtype: maker.graph.tensor(query).ty.dtype(), shape: dims.into() }];
        }
    }
    let ranked = maker.dims(query).is_some_and(|d| d.len() == 4);
    let size = if ranked { width.clone() } else { width.floor_div(&Dim::Known(heads)) };
    let mut attributes = vec![("heads", heads), ("kv_heads", kv_heads)];
    attributes.retain(|(n, _)| *n != "kv_heads" || kv_heads != heads);
    attributes.extend(size.as_known().map(|n| ("head_size", n)));
    attributes.extend(products(maker, [query, key, value], heads, &width).map(|n| ("macs", n)));
    attributes.extend(packed.then_some(("packed", 1)));
    attributes.extend(call.flag("rotary", false)?.then_some(("rotary", 1)));
    let streams = [query, key, value].map(|t| stream(maker, t));
    if streams[1] == streams[2] {
        attributes.push((if streams[0] == streams[1] { "self" } else { "cross" }, 1));
    }
    attributes.extend(call.flag("causal", false)?.then_some(("causal", 1)));
    let window = call.ints("window")?;
    attributes.extend(window.is_some().then_some(("window", 1)));
    let mut attributes: Vec<_> = attributes.into_iter().map(|(n, x)| (n, Attribute::Int(x))).collect();
    attributes.extend(window.map(|sizes| ("window_size", Attribute::Ints(sizes))));
    attributes.extend(call.float("scale")?.map(|x| ("scale", Attribute::Float(x))));
    attributes.push(("q_num_heads", Attribute::Int(heads)));
    attributes.push(("kv_num_heads", Attribute::Int(kv_heads)));
    let mut inputs = vec![Some(query), Some(key), Some(value)];
    inputs.extend(call.value("mask")?.map(Some));
    if let Some(bias) = call.value("position_bias")? {
        inputs.resize(BIAS, None);
        inputs.push(Some(bias));
    }
    maker.node_in(("loom", 0), "attention", name, inputs, attributes, 1, &call.span)
}

/// What an operand is made from, before it is projected and rearranged.
fn stream(maker: &Maker, mut tensor: TensorId) -> TensorId {
    // Projections are short chains.
    const MAX_STEPS: usize = 12;
    for _ in 0..MAX_STEPS {
        let Producer::Node(id, _) = maker.graph.tensor(tensor).producer else { break };
        let node = maker.graph.node(id);
        let passes = matches!(
            node.layer.map_or("", |l| l.name),
            "linear"
                | "reshape"
                | "transpose"
                | "split"
                | "slice"
                | "squeeze"
                | "unsqueeze"
                | "rotary"
                | "rms_norm"
        );
        match node.input(0).filter(|_| passes) {
            Some(input) => tensor = input,
            None => break,
        }
    }
    tensor
}

/// Which input is added to the scores; [`netloom_graph::layers`] says the same.
const BIAS: usize = 7;

/// What queries times keys and weights times values cost, where sizes are known.
fn products(maker: &Maker, [query, key, value]: [TensorId; 3], heads: i64, width: &Dim) -> Option<i64> {
    let dims = |t: TensorId| maker.dims(t)?.iter().map(Dim::as_known).collect::<Option<Vec<i64>>>();
    let (q, k, v) = (dims(query)?, dims(key)?, dims(value)?);
    let (rank, times) = (q.len(), i64::checked_mul);
    let (batch, keys, width) = (*q.first()?, *k.get(rank.checked_sub(2)?)?, width.as_known()?);
    // The width of a head comes in for keys and for values; with shared heads both are as wide as those of queries.
    let all = if rank == 4 { times(width, heads)? } else { width };
    let _ = v;
    times(times(times(times(batch, *q.get(rank - 2)?)?, keys)?, all)?, 2)
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
    let parts = maker.enter_parts(&call.name, "MultiHeadAttention", &call.span)?;
    let query = linear(maker, call, "query", query, &features, bias)?;
    let key = linear(maker, call, "key", key, &narrow, bias)?;
    let value = linear(maker, call, "value", value, &narrow, bias)?;
    let mixed = attend(maker, call, "attention", query, key, value)?;
    let mixed = mixed.first().copied().unwrap_or(query);
    let result = linear(maker, call, "output", mixed, &features, bias)?;
    maker.leave_parts(parts);
    Ok(vec![result])
}

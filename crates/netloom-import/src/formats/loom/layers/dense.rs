//! Dense products and tables.

use netloom_graph::value::{self, Elements};
use netloom_graph::{Attribute, DType, Dim, Role, Shape, TensorId, Value};

use super::Row;
use crate::formats::loom::call::{Arg, Call};
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "buffer",
        settings: &["shape", "dtype"],
        inputs: (0, 0),
        build: |maker, call| stored(maker, call, Role::Buffer),
        ..Row::DEFAULT
    },
    Row {
        name: "constant",
        settings: &["value", "dtype", "shape"],
        inputs: (0, 0),
        build: constant,
        ..Row::DEFAULT
    },
    Row { name: "embedding", settings: &["size", "features"], build: embedding, ..Row::DEFAULT },
    Row {
        name: "linear",
        settings: &["features", "bias", "transposed"],
        build: |maker, call| {
            let (features, bias) = (call.need_int("features", 1)?, call.flag("bias", true)?);
            Ok(vec![linear(maker, call, &call.name, call.input()?, &Dim::Known(features), bias)?])
        },
        ..Row::DEFAULT
    },
    Row {
        name: "parameter",
        settings: &["shape", "dtype"],
        inputs: (0, 0),
        build: |maker, call| stored(maker, call, Role::Parameter { trainable: None }),
        ..Row::DEFAULT
    },
    Row {
        name: "position_embedding",
        settings: &["size", "features", "axis"],
        build: positions,
        ..Row::DEFAULT
    },
    Row {
        name: "relative_position_bias",
        settings: &["buckets", "heads"],
        inputs: (1, 2),
        build: relative,
        ..Row::DEFAULT
    },
];

/// `x · W + b` over the last dimension. The matrix has a row per output, as PyTorch stores it, or, transposed, a row
/// per input.
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
    let transposed = call.flag("transposed", false)?;
    let dims = if transposed { vec![from, features.clone()] } else { vec![features.clone(), from] };
    let mut inputs = vec![Some(input), Some(maker.weight(name, "weight", dtype, dims, &call.span)?)];
    if bias {
        inputs.push(Some(maker.weight(name, "bias", dtype, vec![features.clone()], &call.span)?));
    }
    let attributes = vec![("transB", Attribute::Int(i64::from(!transposed)))];
    // The operator of the standard set takes matrices only.
    let made = match maker.dims(input) {
        Some(dims) if dims.len() == 2 => maker.node("Gemm", name, inputs, attributes, 1, &call.span)?,
        _ => maker.node_in(("loom", 0), "linear", name, inputs, attributes, 1, &call.span)?,
    };
    made.first().copied().ok_or_else(|| call.problem("expected a result, found none"))
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

fn stored(maker: &mut Maker, call: &Call, role: Role) -> Made<Vec<TensorId>> {
    let dims = call.need_dims("shape")?;
    let dtype = dtype(call)?.unwrap_or(DType::Float32);
    let stored = maker.weight(&call.name, "", dtype, dims, &call.span)?;
    if let Some(weight) = &mut maker.graph.tensor_mut(stored).weight {
        weight.role = Some(role);
    }
    Ok(vec![stored])
}

fn dtype(call: &Call) -> Made<Option<DType>> {
    let names: Vec<&'static str> = DType::ALL.iter().map(|d| d.name()).collect();
    Ok(call.choice("dtype", &names)?.and_then(DType::from_name))
}

/// A value that is written out: a number, text, or lists of them inside one another.
fn constant(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let Some((value, _)) = call.get("value") else { return Err(call.missing("value")) };
    let (mut dims, mut leaves) = (Vec::new(), Vec::new());
    let mut level = vec![value];
    // Lists of lists have a dimension per level, as long as all are equally long.
    while let Some(Arg::List(first)) = level.first() {
        let mut inner = Vec::new();
        for arg in &level {
            match arg {
                Arg::List(items) if items.len() == first.len() => inner.extend(items),
                _ => return Err(call.problem("expected lists of one length as a value")),
            }
        }
        dims.push(first.len());
        if inner.len() > value::MAX_ELEMENTS {
            return Err(call.problem(format!("expected at most {} numbers", value::MAX_ELEMENTS)));
        }
        level = inner;
    }
    leaves.append(&mut level);
    if let Some(shape) = call.ints("shape")? {
        dims = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
    }
    let count = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).unwrap_or(usize::MAX);
    if count != leaves.len() {
        // One number fills the shape.
        let [one] = leaves[..] else {
            return Err(call.problem(format!("expected {count} numbers, found {}", leaves.len())));
        };
        if count > value::MAX_ELEMENTS {
            return Err(call.problem(format!("expected at most {} numbers", value::MAX_ELEMENTS)));
        }
        leaves = vec![one; count];
    }
    let ints: Option<Vec<Dim>> = leaves
        .iter()
        .map(|a| match a {
            Arg::Dim(d) => Some(d.clone()),
            Arg::Bool(b) => Some(Dim::Known(i64::from(*b))),
            _ => None,
        })
        .collect();
    let texts: Option<Vec<String>> =
        leaves.iter().map(|a| if let Arg::Text(t) = a { Some(t.clone()) } else { None }).collect();
    let floats: Option<Vec<f64>> = leaves.iter().map(|a| a.as_float()).collect();
    let given = dtype(call)?;
    let bools = leaves.iter().all(|a| matches!(a, Arg::Bool(_))) && !leaves.is_empty();
    let (kind, elements) = match (ints, floats, texts) {
        (Some(ints), _, _) if !given.is_some_and(DType::is_float) => {
            (if bools { DType::Bool } else { DType::Int64 }, Elements::Ints(ints))
        }
        (_, Some(floats), _) => (DType::Float32, Elements::Floats(floats)),
        (_, _, Some(texts)) => (DType::String, Elements::Strings(texts)),
        _ => return Err(call.problem("expected numbers of one kind, or texts")),
    };
    let shape: Vec<Dim> = dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX))).collect();
    let value = Value { dims, elements };
    Ok(vec![maker.stored(&call.name, "", given.unwrap_or(kind), Shape::Ranked(shape), Some(value))])
}

/// A learned vector for every position of a sequence: as many as flow in, in front of them a dimension of one for the
/// batch.
fn positions(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let axis = call.int("axis", 0)?.unwrap_or(1);
    let dims = vec![Dim::Known(call.need_int("size", 1)?), Dim::Known(call.need_int("features", 1)?)];
    let table = maker.weight(&call.name, "weight", DType::Float32, dims, &call.span)?;
    let length = usize::try_from(axis).ok().and_then(|a| maker.dims(input)?.get(a).cloned());
    let length = length.unwrap_or(Dim::Unknown);
    let shape = Shape::Ranked(vec![Dim::Known(1), length]);
    let places = maker.stored(&call.name, "position_ids", DType::Int64, shape, None);
    call.node(maker, "Gather", [table, places], vec![("axis", Attribute::Int(0))])
}

/// A learned number per head and distance between two positions, for the scores of an attention: heads, queries, keys.
fn relative(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let length = |input: Option<&TensorId>| input.and_then(|t| maker.dims(*t)?.get(1).cloned());
    let queries = length(call.inputs.first()).unwrap_or(Dim::Unknown);
    let keys = length(call.inputs.get(1)).unwrap_or_else(|| queries.clone());
    let dims = vec![Dim::Known(call.need_int("buckets", 1)?), Dim::Known(call.need_int("heads", 1)?)];
    let table = maker.weight(&call.name, "weight", DType::Float32, dims, &call.span)?;
    let shape = Shape::Ranked(vec![queries, keys]);
    let places = maker.stored(&call.name, "distances", DType::Int64, shape, None);
    let found = call.node(maker, "Gather", [table, places], vec![("axis", Attribute::Int(0))])?;
    let order = vec![("perm", Attribute::Ints(vec![2, 0, 1]))];
    let inputs = found.into_iter().map(Some).collect();
    maker.node("Transpose", &format!("{}_heads", call.name), inputs, order, 1, &call.span)
}

//! Operations between layers: `keras.ops` on symbolic tensors, and the operator layers of Keras 2.
//!
//! # Source
//! <https://keras.io/api/ops/>; `TFOpLambda`, `SlicingOpLambda` and `TensorFlowOpLayer` of TensorFlow's Keras 2.

use netloom_graph::{Attribute, Dim, TensorId, ValueType};
use serde_json::Value;

use super::super::build::{Builder, Given, Part, place};
use super::super::config::{int as whole, ints as list_of};
use super::super::model::Layer;
use super::super::weights::snake_case;
use super::activation::by_name;
use super::{Built, int, ints, text};
use crate::Error;

/// Whether a layer is an operation.
pub fn is(layer: &Layer<'_>) -> bool {
    layer.package.contains(".ops.")
        || matches!(layer.class, "TFOpLambda" | "SlicingOpLambda" | "TensorFlowOpLayer")
        || is_without_package(layer)
}

/// Keras 3 leaves out in HDF5 where a class is from: unlike layers, operations are not trainable, and take several
/// streams one by one.
fn is_without_package(layer: &Layer<'_>) -> bool {
    let layered = layer.config.get("trainable").is_some() || layer.class == "InputLayer";
    let separate = layer.calls.iter().any(|c| c.args.len() > 1);
    let named = layer.config.get("newshape").is_some() || !super::is_layer(layer.class);
    layer.package.is_empty() && !layered && !layer.custom && !layer.calls.is_empty() && (separate || named)
}

/// The name of the operation, in small letters, by its newest name.
fn name(part: &Part<'_, '_>) -> String {
    let config = part.config();
    let raw = match part.layer.class {
        "TFOpLambda" | "SlicingOpLambda" => config.text("function").unwrap_or_default().to_owned(),
        "TensorFlowOpLayer" => {
            let def = config.get("node_def");
            let text = def.and_then(Value::as_str).unwrap_or_default();
            let parsed: Option<Value> = serde_json::from_str(text).ok();
            let op = parsed.as_ref().or(def).and_then(|d| d.get("op")).and_then(Value::as_str);
            snake_case(op.unwrap_or_default())
        }
        class => snake_case(class),
    };
    let short = raw.rsplit('.').next().unwrap_or(&raw);
    let known = SYNONYMS.iter().find(|(old, _)| *old == short);
    known.map_or(short, |(_, new)| new).to_owned()
}

/// Other names of the same operation.
const SYNONYMS: &[(&str, &str)] = &[
    ("abs", "absolute"),
    ("add_v2", "add"),
    ("avg_pool", "average_pool"),
    ("concat", "concatenate"),
    ("concat_v2", "concatenate"),
    ("div", "divide"),
    ("getitem", "get_item"),
    ("mat_mul", "matmul"),
    ("mul", "multiply"),
    ("neg", "negative"),
    ("pow", "power"),
    ("real_div", "divide"),
    ("realdiv", "divide"),
    ("reduce_max", "max"),
    ("reduce_mean", "mean"),
    ("reduce_min", "min"),
    ("reduce_prod", "prod"),
    ("reduce_sum", "sum"),
    ("sub", "subtract"),
    ("truediv", "divide"),
    ("true_divide", "divide"),
    ("re_lu", "relu"),
    ("clip_by_value", "clip"),
];

/// Operations on two streams, one of which may be a number.
const PAIRS: &[(&str, &str)] = &[
    ("add", "Add"),
    ("divide", "Div"),
    ("equal", "Equal"),
    ("greater", "Greater"),
    ("greater_equal", "GreaterOrEqual"),
    ("less", "Less"),
    ("less_equal", "LessOrEqual"),
    ("logical_and", "And"),
    ("logical_or", "Or"),
    ("matmul", "MatMul"),
    ("maximum", "Max"),
    ("minimum", "Min"),
    ("multiply", "Mul"),
    ("power", "Pow"),
    ("subtract", "Sub"),
];

/// Operations on one stream that keep its shape.
const SINGLES: &[(&str, &str)] = &[
    ("absolute", "Abs"),
    ("ceil", "Ceil"),
    ("convert_to_tensor", "Identity"),
    ("copy", "Identity"),
    ("cos", "Cos"),
    ("erf", "Erf"),
    ("exp", "Exp"),
    ("floor", "Floor"),
    ("identity", "Identity"),
    ("log", "Log"),
    ("logical_not", "Not"),
    ("negative", "Neg"),
    ("reciprocal", "Reciprocal"),
    ("round", "Round"),
    ("sign", "Sign"),
    ("sin", "Sin"),
    ("sqrt", "Sqrt"),
    ("stop_gradient", "Identity"),
];

/// Operations that reduce axes.
const REDUCTIONS: &[(&str, &str)] = &[
    ("logsumexp", "ReduceLogSumExp"),
    ("max", "ReduceMax"),
    ("mean", "ReduceMean"),
    ("min", "ReduceMin"),
    ("prod", "ReduceProd"),
    ("sum", "ReduceSum"),
];

/// Activations by name, as operations.
const ACTIVATIONS: &[&str] = &[
    "celu",
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
];

/// A setting of an operation: in its configuration, by name in the call, or at a place in the call.
fn setting<'a>(part: &Part<'_, 'a>, names: &[&str], at: usize) -> Option<&'a Value> {
    let value = |g: Option<&Given<'a>>| match g {
        Some(Given::Value(v)) if !v.is_null() => Some(*v),
        _ => None,
    };
    let config = names.iter().find_map(|n| part.config().get(n));
    config
        .or_else(|| names.iter().find_map(|n| value(part.named.get(n))))
        .or_else(|| value(part.args.get(at)))
}

/// Whole numbers among the settings, also where a list was read as arguments.
fn numbers(part: &Part<'_, '_>, names: &[&str], at: usize) -> Option<Vec<i64>> {
    if let Some(found) = setting(part, names, at).and_then(list_of) {
        return Some(found);
    }
    let given = names.iter().find_map(|n| part.named.get(n)).or(part.args.get(at))?;
    let Given::List(list) = given else { return None };
    list.iter().map(|g| if let Given::Value(v) = g { whole(v) } else { None }).collect()
}

/// An operand: a tensor, or a number as a constant.
fn operand<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    given: Option<&Given<'a>>,
) -> Result<Option<TensorId>, Error> {
    match given {
        Some(Given::Tensor(t)) => Ok(Some(*t)),
        Some(Given::Value(v)) => match v.as_f64() {
            Some(x) => builder.number(part, "constant", x),
            None => {
                let numbers =
                    v.as_array().and_then(|l| l.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>());
                match numbers {
                    Some(numbers) => builder.numbers(part, "constant", numbers, false),
                    None => Ok(None),
                }
            }
        },
        _ => Ok(None),
    }
}

/// Builds an operation.
///
/// # Errors
/// When the graph passes a limit.
pub fn build<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let name = name(part);
    let first = part.inputs.first().copied().or_else(|| {
        let mut found = Vec::new();
        part.named.values().for_each(|g| g.tensors(&mut found));
        found.first().copied()
    });
    let Some(first) = first else { return own(builder, part, &name) };
    let made = match find(PAIRS, &name) {
        Some(op) => pair(builder, part, op)?,
        None => None,
    };
    if let Some(made) = made {
        return Ok(vec![made]);
    }
    if let Some(op) = find(SINGLES, &name) {
        return Ok(vec![builder.op(part, op, vec![Some(first)], vec![])?]);
    }
    if let Some(op) = find(REDUCTIONS, &name) {
        return reduce(builder, part, op, first);
    }
    if ACTIVATIONS.contains(&name.as_str()) {
        if let (Some(axis), "softmax") = (setting(part, &["axis"], 1).and_then(whole), name.as_str()) {
            return Ok(vec![builder.op(part, "Softmax", vec![Some(first)], vec![("axis", int(axis))])?]);
        }
        return Ok(vec![by_name(builder, part, first, &name)?]);
    }
    let made = moved(builder, part, &name, first)?;
    match made {
        Some(made) => Ok(made),
        None => own(builder, part, &name),
    }
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(n, _)| *n == name).map(|(_, op)| *op)
}

fn pair<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, op: &str) -> Result<Option<TensorId>, Error> {
    let named = |names: [&str; 3]| names.into_iter().find_map(|n| part.named.get(n));
    // Constants of an old operator layer stand in its settings, by the place of the operand.
    let stored = part.config().inside("constants");
    let constant = |at: &str| stored.get(at).map(Given::Value);
    let (zero, one) = (constant("0"), constant("1"));
    let flat: Vec<Given<'a>> = match part.args.as_slice() {
        [Given::List(list)] => list.clone(),
        other => other.to_vec(),
    };
    let mut rest = flat.iter();
    let left = zero.as_ref().or_else(|| rest.next()).or_else(|| named(["x", "x1", "a"]));
    let right = one.as_ref().or_else(|| rest.next()).or_else(|| named(["y", "x2", "b"]));
    let (left, right) = (operand(builder, part, left)?, operand(builder, part, right)?);
    if left.is_none() || right.is_none() {
        return Ok(None);
    }
    Ok(Some(builder.op(part, op, vec![left, right], vec![])?))
}

fn reduce<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, op: &str, input: TensorId) -> Built {
    let axes = numbers(part, &["axis", "axes", "reduction_indices"], 1);
    let keep = setting(part, &["keepdims", "keep_dims"], 2).and_then(Value::as_bool).unwrap_or(false);
    let mut inputs = vec![Some(input)];
    if let Some(axes) = axes {
        inputs.push(builder.ints(part, "axes", &axes)?);
    }
    Ok(vec![builder.op(part, op, inputs, vec![("keepdims", int(i64::from(keep)))])?])
}

/// Operations that move data.
fn moved<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    name: &str,
    input: TensorId,
) -> Result<Option<Vec<TensorId>>, Error> {
    let axis = |at| setting(part, &["axis"], at).and_then(whole);
    let one = |t: Result<TensorId, Error>| t.map(|t| Some(vec![t]));
    let with = |builder: &mut Builder<'a>, op: &str, name: &str, list: &[i64]| {
        let list = builder.ints(part, name, list)?;
        builder.op(part, op, vec![Some(input), list], vec![])
    };
    match name {
        "reshape" => match numbers(part, &["newshape", "shape"], 1) {
            Some(shape) => one(with(builder, "Reshape", "shape", &shape)),
            None => Ok(None),
        },
        "transpose" => {
            let order = numbers(part, &["axes", "perm"], 1);
            let order = order.or_else(|| Some((0..builder.rank(input)? as i64).rev().collect()));
            match order {
                Some(order) => {
                    one(builder.op(part, "Transpose", vec![Some(input)], vec![("perm", ints(order))]))
                }
                None => Ok(None),
            }
        }
        "concatenate" => {
            let inputs = part.inputs.iter().map(|t| Some(*t)).collect();
            one(builder.op(part, "Concat", inputs, vec![("axis", int(axis(1).unwrap_or(-1)))]))
        }
        "expand_dims" => {
            one(with(builder, "Unsqueeze", "axes", &numbers(part, &["axis"], 1).unwrap_or(vec![0])))
        }
        "squeeze" => match numbers(part, &["axis"], 1) {
            Some(axes) => one(with(builder, "Squeeze", "axes", &axes)),
            None => one(builder.op(part, "Squeeze", vec![Some(input)], vec![])),
        },
        "stack" => {
            let at = axis(1).unwrap_or(0);
            let mut all = Vec::new();
            for t in &part.inputs {
                let axes = builder.ints(part, "axes", &[at])?;
                all.push(Some(builder.op(part, "Unsqueeze", vec![Some(*t), axes], vec![])?));
            }
            one(builder.op(part, "Concat", all, vec![("axis", int(at))]))
        }
        "split" => split(builder, part, input, axis(2).unwrap_or(0)),
        "tile" => match numbers(part, &["repeats", "multiples"], 1) {
            Some(times) => one(with(builder, "Tile", "repeats", &times)),
            None => Ok(None),
        },
        "cast" => {
            let dtype = setting(part, &["dtype"], 1).and_then(Value::as_str);
            let known = dtype.and_then(netloom_graph::DType::from_name).map(|d| ("to", int(d.to_onnx())));
            match known {
                Some(to) => one(builder.op(part, "Cast", vec![Some(input)], vec![to])),
                None => one(builder.op(part, "Identity", vec![Some(input)], vec![])),
            }
        }
        "clip" => {
            let number = |names: &[&str], at| setting(part, names, at).and_then(Value::as_f64);
            let low = number(&["x_min", "clip_value_min"], 1);
            let high = number(&["x_max", "clip_value_max"], 2);
            let (Some(low), Some(high)) = (low, high) else { return Ok(None) };
            let (low, high) = (builder.number(part, "min", low)?, builder.number(part, "max", high)?);
            one(builder.op(part, "Clip", vec![Some(input), low, high], vec![]))
        }
        "square" => one(builder.op(part, "Mul", vec![Some(input), Some(input)], vec![])),
        "rsqrt" => {
            let root = builder.op(part, "Sqrt", vec![Some(input)], vec![])?;
            one(builder.op(part, "Reciprocal", vec![Some(root)], vec![]))
        }
        "where" => {
            let mut all = Vec::new();
            for given in part.args.iter().take(3) {
                all.push(operand(builder, part, Some(given))?);
            }
            if all.len() == 3 && all.iter().all(Option::is_some) {
                one(builder.op(part, "Where", all, vec![]))
            } else {
                Ok(None)
            }
        }
        "einsum" => match setting(part, &["subscripts", "equation"], 0).and_then(Value::as_str) {
            Some(equation) => {
                let inputs = part.inputs.iter().map(|t| Some(*t)).collect();
                one(builder.op(part, "Einsum", inputs, vec![("equation", text(equation))]))
            }
            None => Ok(None),
        },
        "argmax" | "argmin" => {
            let op = if name == "argmax" { "ArgMax" } else { "ArgMin" };
            let keep = setting(part, &["keepdims"], 2).and_then(Value::as_bool).unwrap_or(false);
            let at = axis(1).unwrap_or(-1);
            one(builder.op(
                part,
                op,
                vec![Some(input)],
                vec![("axis", int(at)), ("keepdims", int(keep.into()))],
            ))
        }
        "get_item" => get_item(builder, part, input),
        _ => Ok(None),
    }
}

fn split<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    input: TensorId,
    axis: i64,
) -> Result<Option<Vec<TensorId>>, Error> {
    let names = &["indices_or_sections", "num_or_size_splits"];
    let Some(said) = setting(part, names, 1) else { return Ok(None) };
    let mut attributes = vec![("axis", int(axis))];
    let mut inputs = vec![Some(input)];
    let parts = match (whole(said), list_of(said)) {
        (Some(n), _) => {
            attributes.push(("num_outputs", int(n)));
            usize::try_from(n).unwrap_or(0)
        }
        (None, Some(list)) => {
            // Keras 3 lists where to cut, TensorFlow how long each part is.
            let at = place(axis, builder.rank(input).unwrap_or(0));
            let whole = at.and_then(|_| builder.dim(input, axis).as_known());
            let lengths = if part.config().get("indices_or_sections").is_some() {
                let Some(whole) = whole else { return Ok(None) };
                let ends = list.iter().copied().chain([whole]);
                let starts = [0].into_iter().chain(list.iter().copied());
                ends.zip(starts).map(|(end, start)| end.saturating_sub(start)).collect()
            } else {
                list
            };
            inputs.push(builder.ints(part, "lengths", &lengths)?);
            lengths.len()
        }
        _ => return Ok(None),
    };
    const MAX_PARTS: usize = 1024;
    if !(1..=MAX_PARTS).contains(&parts) {
        return Ok(None);
    }
    let node = netloom_graph::Node::new("Split", part.module);
    Ok(Some(builder.add(node, inputs, attributes, parts)?.1))
}

/// What one index of `x[…]` takes.
enum Index {
    /// From, to and step.
    Range(Option<i64>, Option<i64>, i64),
    /// One element; the dimension goes away.
    One(i64),
    /// All dimensions up to those that the following indices name.
    Rest,
    /// A new dimension.
    New,
}

fn index(given: &Given<'_>) -> Option<Index> {
    let Given::Value(value) = given else { return None };
    match value {
        Value::Null => Some(Index::New),
        Value::Number(_) => whole(value).map(Index::One),
        Value::Object(map) => {
            let config = map.get("config").unwrap_or(value);
            let end = |name: &str| config.get(name).filter(|v| !v.is_null());
            match map.get("class_name").and_then(Value::as_str) {
                Some("__ellipsis__") => Some(Index::Rest),
                Some("__slice__") | None if config.get("start").is_some() || config.get("stop").is_some() => {
                    let number = |name: &str| match end(name) {
                        Some(v) => whole(v).map(Some),
                        None => Some(None),
                    };
                    Some(Index::Range(number("start")?, number("stop")?, number("step")?.unwrap_or(1)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn get_item<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    input: TensorId,
) -> Result<Option<Vec<TensorId>>, Error> {
    let given = part.args.get(1).or_else(|| part.named.get("slice_spec")).or_else(|| part.named.get("key"));
    let items: Option<Vec<Index>> = match given {
        Some(Given::List(list)) => list.iter().map(index).collect(),
        Some(Given::Value(Value::Array(list))) => list.iter().map(|v| index(&Given::Value(v))).collect(),
        Some(one) => index(one).map(|i| vec![i]),
        None => None,
    };
    let (Some(items), Some(rank)) = (items, builder.rank(input)) else { return Ok(None) };
    let named = items.iter().filter(|i| matches!(i, Index::One(_) | Index::Range(..))).count();
    let (mut axis, mut starts, mut ends, mut axes, mut steps, mut gone, mut new) =
        (0_i64, vec![], vec![], vec![], vec![], vec![], vec![]);
    let mut made = 0;
    for item in items {
        match item {
            Index::Rest => {
                let skipped = rank.saturating_sub(named) as i64;
                axis += skipped;
                made += skipped;
            }
            Index::New => {
                new.push(made);
                made += 1;
            }
            Index::One(i) => {
                starts.push(i);
                ends.push(if i == -1 { i64::MAX } else { i.saturating_add(1) });
                axes.push(axis);
                steps.push(1);
                gone.push(axis);
                axis += 1;
            }
            Index::Range(start, end, step) => {
                if start.is_some_and(|s| s != 0) || end.is_some() || step != 1 {
                    starts.push(start.unwrap_or(if step < 0 { i64::MAX } else { 0 }));
                    ends.push(end.unwrap_or(if step < 0 { i64::MIN } else { i64::MAX }));
                    axes.push(axis);
                    steps.push(step);
                }
                axis += 1;
                made += 1;
            }
        }
    }
    let mut at = input;
    if !axes.is_empty() {
        let mut inputs = vec![Some(at)];
        for (name, list) in [("starts", &starts), ("ends", &ends), ("axes", &axes), ("steps", &steps)] {
            inputs.push(builder.ints(part, name, list)?);
        }
        at = builder.op(part, "Slice", inputs, vec![])?;
    }
    for (op, axes) in [("Squeeze", gone), ("Unsqueeze", new)] {
        if !axes.is_empty() {
            let axes = builder.ints(part, &op.to_lowercase(), &axes)?;
            at = builder.op(part, op, vec![Some(at), axes], vec![])?;
        }
    }
    if at == input {
        at = builder.op(part, "Identity", vec![Some(at)], vec![])?;
    }
    Ok(Some(vec![at]))
}

/// An operation that has no like in ONNX, or none as simple.
fn own<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, name: &str) -> Built {
    let mut tensors = part.inputs.clone();
    part.named.values().for_each(|g| g.tensors(&mut tensors));
    let node = netloom_graph::Node::in_domain("keras", name, 0, part.module);
    let inputs: Vec<Option<TensorId>> = tensors.iter().map(|t| Some(*t)).collect();
    let (_, made) = builder.add(node, inputs, Vec::<(&str, Attribute)>::new(), part.wanted)?;
    for (tensor, said) in made.iter().zip(&part.declared) {
        let Some(said) = said else { continue };
        let dims: Vec<Dim> = super::super::network::open_dims(said);
        let dtype = tensors.first().and_then(|t| builder.draft.ty(*t).dtype());
        builder.draft.graph.tensor_mut(*tensor).ty =
            ValueType::Tensor { dtype, shape: netloom_graph::Shape::Ranked(dims) };
    }
    Ok(made)
}

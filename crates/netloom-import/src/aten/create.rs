//! Numbers made from nothing.

use netloom_graph::{DType, Dim, TensorId, Value, ValueType};

use super::cx::{Built, Cx};
use super::{Arg, Row};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("arange", "end", |cx| range(cx, &[])),
    Row("arange.default", "end", |cx| range(cx, &[])),
    Row("arange.start", "start end", |cx| range(cx, &[])),
    Row("arange.start_step", "start end step", |cx| range(cx, &[])),
    Row("iota", "length start step", |cx| {
        let (Some(length), Some(start)) = (cx.dim("length"), cx.dim("start")) else { return Ok(None) };
        let step = cx.dim("step").unwrap_or(Dim::Known(1));
        let end = start.plus(&length.times(&step));
        range(cx, &[start, end, step])
    }),
    Row("full", "size fill_value", |cx| fill(cx, "size", None)),
    Row("new_full", "self size fill_value", |cx| fill(cx, "size", None)),
    Row("full_like", "self fill_value", |cx| fill(cx, "", None)),
    Row("fill", "self value", |cx| fill(cx, "", None)),
    Row("zeros", "size", |cx| fill(cx, "size", Some(0.0))),
    Row("ones", "size", |cx| fill(cx, "size", Some(1.0))),
    Row("empty", "size", |cx| fill(cx, "size", Some(0.0))),
    Row("empty_permuted", "size", |cx| fill(cx, "size", Some(0.0))),
    Row("empty_strided", "size", |cx| fill(cx, "size", Some(0.0))),
    Row("new_zeros", "self size", |cx| fill(cx, "size", Some(0.0))),
    Row("new_ones", "self size", |cx| fill(cx, "size", Some(1.0))),
    Row("new_empty", "self size", |cx| fill(cx, "size", Some(0.0))),
    Row("new_empty_strided", "self size", |cx| fill(cx, "size", Some(0.0))),
    Row("zeros_like", "self", |cx| fill(cx, "", Some(0.0))),
    Row("zero", "self", |cx| fill(cx, "", Some(0.0))),
    Row("ones_like", "self", |cx| fill(cx, "", Some(1.0))),
    Row("empty_like", "self", |cx| fill(cx, "", Some(0.0))),
    Row("scalar_tensor", "s", |cx| scalar(cx, "s")),
    Row("tensor", "data", |cx| scalar(cx, "data")),
    Row("scalar_to_tensor", "s", |cx| scalar(cx, "s")),
    Row("linspace", "start end steps", spaced),
    Row("eye", "n m", |cx| cx.opaque().map(Some)),
    Row("tril_indices", "row col offset", |cx| cx.opaque().map(Some)),
    Row("triu_indices", "row col offset", |cx| cx.opaque().map(Some)),
    Row("hann_window", "window_length periodic", |cx| cx.opaque().map(Some)),
];

/// From a start in steps to an end; numbers that stand apart are told by how many there are.
fn range(cx: &mut Cx<'_>, given: &[Dim]) -> Built {
    let numbers = || -> Option<Vec<Arg>> {
        let named = ["start", "end", "step"].map(|n| (n, cx.arg(n)));
        let named: Vec<Arg> =
            named.into_iter().filter(|(_, a)| is_number(a)).map(|(_, a)| a.clone()).collect();
        let mut positional = cx.call.args.iter().take_while(|a| is_number(a)).cloned();
        let all: Vec<Arg> = positional.by_ref().take(3).collect();
        let list = if all.len() >= named.len() { all } else { named };
        (!list.is_empty()).then_some(list)
    };
    let list = if given.is_empty() {
        let Some(list) = numbers() else { return Ok(None) };
        list
    } else {
        given.iter().cloned().map(Arg::Int).collect()
    };
    let (zero, one) = (Arg::Int(Dim::Known(0)), Arg::Int(Dim::Known(1)));
    let [start, end, step] = match list.as_slice() {
        [end] => [&zero, end, &one],
        [start, end] => [start, end, &one],
        [start, end, step, ..] => [start, end, step],
        [] => return Ok(None),
    };
    let float = list.iter().any(|a| matches!(a, Arg::Float(_)));
    let asked = cx.asked_dtype().or_else(|| cx.outputs.first().and_then(|(_, t)| t.dtype()));
    let dtype = asked.unwrap_or(if float { DType::Float32 } else { DType::Int64 });
    let inputs = [
        cx.as_operand(start, Some(dtype))?,
        cx.as_operand(end, Some(dtype))?,
        cx.as_operand(step, Some(dtype))?,
    ];
    cx.finish("Range", &inputs, vec![])
}

/// The most numbers between two ends that are worked out.
const MAX_SPACED: i64 = 4096;

/// So many numbers from a start to an end, both included.
fn spaced(cx: &mut Cx<'_>) -> Built {
    let (Some(start), Some(end), Some(steps)) = (cx.float("start"), cx.float("end"), cx.int("steps")) else {
        return cx.opaque().map(Some);
    };
    let dtype = cx.outputs.first().and_then(|(_, t)| t.dtype()).or_else(|| cx.asked_dtype());
    let dtype = dtype.unwrap_or(DType::Float32);
    if !dtype.is_float() || !(0..=MAX_SPACED).contains(&steps) {
        return cx.opaque().map(Some);
    }
    #[expect(clippy::cast_precision_loss, reason = "there are few steps")]
    let at = |i: i64| if i == 0 { start } else { start + (end - start) * i as f64 / (steps - 1) as f64 };
    let (name, _) = cx.outputs.first().cloned().unwrap_or_default();
    Ok(Some(vec![cx.draft.constant(&name, dtype, Value::floats((0..steps).map(at).collect()))?]))
}

fn is_number(arg: &Arg) -> bool {
    matches!(arg, Arg::Int(_) | Arg::Float(_))
}

/// One number everywhere: in given sizes, or in those of another tensor.
fn fill(cx: &mut Cx<'_>, size: &str, value: Option<f64>) -> Built {
    let like = cx.tensor("self");
    let sizes = if size.is_empty() { like.and_then(|t| cx.shape(t)) } else { cx.sizes(size) };
    let Some(sizes) = sizes.or_else(|| cx.declared(0)) else { return Ok(None) };
    let declared = cx.outputs.first().and_then(|(_, t)| t.dtype());
    let dtype = declared.or_else(|| cx.asked_dtype()).or_else(|| like.and_then(|t| cx.dtype(t)));
    let dtype = dtype.unwrap_or(DType::Float32);
    let number: Option<TensorId> = match value {
        Some(value) if dtype.is_float() => cx.number(value, Some(dtype))?,
        Some(value) => cx.as_operand(&Arg::Int(Dim::Known(i64::from(value > 0.0))), Some(dtype))?,
        None => match cx.arg("fill_value") {
            Arg::None => cx.operand_of("value", dtype)?,
            _ => cx.operand_of("fill_value", dtype)?,
        },
    };
    let Some(number) = number else { return Ok(None) };
    if cx.dtype(number) != Some(dtype) {
        let shape = cx.draft.ty(number).shape().clone();
        if cx.draft.graph.tensor(number).is_stored() && cx.draft.graph.tensor(number).value.is_some() {
            cx.draft.graph.tensor_mut(number).ty = ValueType::tensor(dtype, shape);
        }
    }
    let sizes = cx.list(sizes)?;
    cx.finish("Expand", &[Some(number), sizes], vec![])
}

fn scalar(cx: &mut Cx<'_>, name: &str) -> Built {
    let dtype = cx.outputs.first().and_then(|(_, t)| t.dtype()).or_else(|| cx.asked_dtype());
    let value = match cx.arg(name) {
        Arg::Tensor(t) => return cx.same(*t),
        Arg::Int(n) if dtype.is_none_or(|d| !d.is_float()) => Value::int(n.clone()),
        Arg::Bool(b) => Value::int(i64::from(*b)),
        _ => match cx.float(name) {
            Some(x) => Value { dims: Vec::new(), ..Value::floats(vec![x]) },
            None => return Ok(None),
        },
    };
    let (label, _) = cx.outputs.first().cloned().unwrap_or_default();
    let otherwise = if value.as_ints().is_some() { DType::Int64 } else { DType::Float32 };
    let made = cx.draft.constant(&label, dtype.unwrap_or(otherwise), value)?;
    Ok(Some(vec![made]))
}

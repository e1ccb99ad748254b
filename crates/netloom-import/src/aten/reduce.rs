//! Reductions over axes, orders and running sums.

use netloom_graph::{Attribute, DType, Dim, TensorId};

use super::cx::{Built, Cx, int};
use super::{Arg, Row};
use crate::Error;

const OVER: &str = "self|input|inp dim|dims keepdim";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("sum", OVER, |cx| reduce(cx, "ReduceSum")),
    Row("nansum", OVER, |cx| reduce(cx, "ReduceSum")),
    Row("mean", OVER, |cx| reduce(cx, "ReduceMean")),
    Row("nanmean", OVER, |cx| reduce(cx, "ReduceMean")),
    Row("amax", OVER, |cx| reduce(cx, "ReduceMax")),
    Row("amin", OVER, |cx| reduce(cx, "ReduceMin")),
    Row("prod", OVER, |cx| reduce(cx, "ReduceProd")),
    Row("logsumexp", OVER, |cx| reduce(cx, "ReduceLogSumExp")),
    Row("any", OVER, |cx| reduce(cx, "ReduceMax")),
    Row("all", OVER, |cx| reduce(cx, "ReduceMin")),
    Row("max", OVER, |cx| extreme(cx, "ReduceMax", "ArgMax", "Max")),
    Row("min", OVER, |cx| extreme(cx, "ReduceMin", "ArgMin", "Min")),
    Row("aminmax", OVER, |cx| cx.opaque().map(Some)),
    Row("median", OVER, |cx| cx.opaque().map(Some)),
    Row("argmax", OVER, |cx| arg(cx, "ArgMax")),
    Row("argmin", OVER, |cx| arg(cx, "ArgMin")),
    Row("var", "self dim correction|unbiased keepdim", |cx| variance(cx, false, false)),
    Row("std", "self dim correction|unbiased keepdim", |cx| variance(cx, true, false)),
    Row("var_mean", "self dim correction|unbiased keepdim", |cx| variance(cx, false, true)),
    Row("std_mean", "self dim correction|unbiased keepdim", |cx| variance(cx, true, true)),
    Row("norm", "self p dim keepdim", |cx| norm(cx, "p")),
    Row("frobenius_norm", "self dim keepdim", |cx| reduce(cx, "ReduceL2")),
    Row("linalg_vector_norm", "self ord dim keepdim", |cx| norm(cx, "ord")),
    Row("linalg_norm", "self ord dim keepdim", |cx| norm(cx, "ord")),
    Row("count_nonzero", "self dim", |cx| cx.opaque().map(Some)),
    Row("topk", "self k dim largest sorted", |cx| {
        let k = cx.dim("k").unwrap_or(Dim::Unknown);
        top(cx, k, "largest", true)
    }),
    Row("sort", "self dim descending", sort),
    Row("sort.stable", "self stable dim descending", sort),
    Row("argsort", "self dim descending", argsort),
    Row("argsort.stable", "self stable dim descending", argsort),
    Row("cumsum", "self dim", |cx| running(cx, "CumSum")),
    Row("cumprod", "self dim", |cx| running(cx, "CumProd")),
];

fn as_float(cx: &mut Cx<'_>, x: TensorId) -> Result<TensorId, Error> {
    match (cx.asked_dtype(), cx.dtype(x)) {
        (Some(to), Some(from)) if from != to && to.is_float() => {
            cx.node("Cast", &[Some(x)], vec![("to", int(to.to_onnx()))])
        }
        _ => Ok(x),
    }
}

fn axes(cx: &mut Cx<'_>, x: TensorId) -> Result<Option<TensorId>, Error> {
    match cx.ints("dim").filter(|a| !a.is_empty()) {
        Some(axes) => {
            let axes: Vec<i64> = axes.into_iter().map(|a| cx.axis(x, a).unwrap_or(a)).collect();
            cx.known(&axes)
        }
        None => Ok(None),
    }
}

fn keep(cx: &Cx<'_>) -> (&'static str, Attribute) {
    ("keepdims", int(i64::from(cx.flag("keepdim") == Some(true))))
}

fn reduce(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let x = as_float(cx, x)?;
    let axes = axes(cx, x)?;
    let keep = keep(cx);
    cx.finish(op, &[Some(x), axes], vec![keep])
}

/// Over an axis the numbers and their places; beside another tensor the larger of two; else over everything.
fn extreme(cx: &mut Cx<'_>, op: &str, places: &str, pairwise: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let other = match (cx.arg("dim"), cx.arg("other")) {
        (Arg::Tensor(t), _) | (_, Arg::Tensor(t)) => Some(*t),
        _ => None,
    };
    if let Some(other) = other {
        return cx.finish(pairwise, &[Some(x), Some(other)], vec![]);
    }
    if cx.outputs.len() < 2 {
        return reduce(cx, op);
    }
    let axis = cx.int("dim").unwrap_or(-1);
    let (over, keep) = (axes(cx, x)?, keep(cx));
    let value = cx.finish_one(0, op, &[Some(x), over], vec![keep.clone()])?;
    let place = cx.finish_one(1, places, &[Some(x)], vec![("axis", int(axis)), keep])?;
    Ok(Some(vec![value, place]))
}

fn arg(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    match cx.int("dim") {
        Some(axis) => {
            let keep = keep(cx);
            cx.finish(op, &[Some(x)], vec![("axis", int(axis)), keep])
        }
        None => {
            let flat = cx.known(&[-1])?;
            let flat = cx.node("Reshape", &[Some(x), flat], vec![])?;
            cx.finish(op, &[Some(flat)], vec![("axis", int(0)), ("keepdims", int(0))])
        }
    }
}

/// The mean of squares of what remains after the mean is taken away.
fn variance(cx: &mut Cx<'_>, root: bool, with_mean: bool) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    // The older form has a flag where the newer has the axes.
    let (over, older) = match cx.arg("dim") {
        Arg::Bool(b) => (None, Some(*b)),
        _ => (axes(cx, x)?, None),
    };
    let keep = keep(cx);
    let mean = cx.node("ReduceMean", &[Some(x), over], vec![("keepdims", int(1))])?;
    let rest = cx.node("Sub", &[Some(x), Some(mean)], vec![])?;
    let square = cx.node("Mul", &[Some(rest), Some(rest)], vec![])?;
    let unbiased = older.or_else(|| cx.flag("correction")) != Some(false);
    let factor = if unbiased { correction(cx, x) } else { None };
    let last = if root { "Sqrt" } else { "Mul" };
    let first = if factor.is_none() && !root {
        cx.finish_one(0, "ReduceMean", &[Some(square), over], vec![keep.clone()])?
    } else {
        let mut at = cx.node("ReduceMean", &[Some(square), over], vec![keep.clone()])?;
        if let Some(factor) = factor {
            let factor = cx.number(factor, cx.dtype(x))?;
            if last == "Mul" {
                let made = cx.finish_one(0, "Mul", &[Some(at), factor], vec![])?;
                return second(cx, made, x, over, keep, with_mean);
            }
            at = cx.node("Mul", &[Some(at), factor], vec![])?;
        }
        cx.finish_one(0, "Sqrt", &[Some(at)], vec![])?
    };
    second(cx, first, x, over, keep, with_mean)
}

fn second(
    cx: &mut Cx<'_>,
    first: TensorId,
    x: TensorId,
    over: Option<TensorId>,
    keep: (&'static str, Attribute),
    with_mean: bool,
) -> Built {
    if !with_mean {
        return Ok(Some(vec![first]));
    }
    let mean = cx.finish_one(1, "ReduceMean", &[Some(x), over], vec![keep])?;
    Ok(Some(vec![first, mean]))
}

/// What turns a mean over all into one over all but one.
#[expect(clippy::cast_precision_loss, reason = "sizes of axes are small")]
fn correction(cx: &Cx<'_>, x: TensorId) -> Option<f64> {
    let shape = cx.shape(x)?;
    let over: Vec<i64> = match cx.ints("dim").filter(|a| !a.is_empty()) {
        Some(axes) => axes.into_iter().map(|a| cx.axis(x, a)).collect::<Option<_>>()?,
        None => (0..i64::try_from(shape.len()).ok()?).collect(),
    };
    let mut n = 1i64;
    for axis in over {
        n = n.checked_mul(shape.get(usize::try_from(axis).ok()?)?.as_known()?)?;
    }
    (n > 1).then(|| n as f64 / (n - 1) as f64)
}

fn norm(cx: &mut Cx<'_>, order: &str) -> Built {
    let order = cx.float(order).unwrap_or(2.0);
    let is = |n: f64| (order - n).abs() < 1e-9;
    if is(2.0) {
        reduce(cx, "ReduceL2")
    } else if is(1.0) {
        reduce(cx, "ReduceL1")
    } else {
        cx.opaque().map(Some)
    }
}

fn top(cx: &mut Cx<'_>, k: Dim, setting: &str, otherwise: bool) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(-1);
    let flag = cx.flag(setting).unwrap_or(otherwise);
    let k = cx.list(vec![k])?;
    let attributes = vec![("axis", int(axis)), ("largest", int(i64::from(flag))), ("sorted", int(1))];
    cx.finish("TopK", &[Some(x), k], attributes)
}

fn size_of(cx: &Cx<'_>) -> Dim {
    let size = || {
        let x = cx.first()?;
        let axis = cx.axis(x, cx.int("dim").unwrap_or(-1))?;
        cx.shape(x)?.get(usize::try_from(axis).ok()?).cloned()
    };
    size().unwrap_or(Dim::Unknown)
}

fn sort(cx: &mut Cx<'_>) -> Built {
    let size = size_of(cx);
    top(cx, size, "descending", false)
}

fn argsort(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(-1);
    let down = cx.flag("descending").unwrap_or(false);
    let size = size_of(cx);
    let k = cx.list(vec![size])?;
    let attributes = vec![("axis", int(axis)), ("largest", int(i64::from(down)))];
    let (_, ty) = cx.outputs.first().cloned().unwrap_or_default();
    let both = cx.node_with("TopK", &[Some(x), k], attributes, 2)?;
    cx.draft.graph.tensor_mut(both[1]).ty = ty;
    Ok(Some(vec![both[1]]))
}

fn running(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(mut x) = cx.first() else { return Ok(None) };
    if cx.dtype(x) == Some(DType::Bool) {
        x = cx.node("Cast", &[Some(x)], vec![("to", int(DType::Int64.to_onnx()))])?;
    }
    let x = super::arithmetic::promoted(cx, op, x)?;
    let axis = cx.whole(cx.int("dim").unwrap_or(0))?;
    cx.finish(op, &[Some(x), axis], vec![])
}

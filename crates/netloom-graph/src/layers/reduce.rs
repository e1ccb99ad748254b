//! Reductions over axes, with known values carried along.

use super::rules::{self, Ruled};
use super::{Category, Layer};
use crate::infer::Infer;
use crate::{DType, Dim, Elements, Shape, Value};

const REDUCE: Layer = Layer { category: Category::Reduce, infer: |cx| reduce(cx, None), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "reduce_sum",
        about: "adds up along axes",
        names: &[("onnx", "ReduceSum")],
        infer: |cx| reduce(cx, Some((|a, b| a.plus(b), |a, b| a + b))),
        ..REDUCE
    },
    Layer {
        name: "reduce_prod",
        about: "multiplies along axes",
        names: &[("onnx", "ReduceProd")],
        infer: |cx| reduce(cx, Some((|a, b| a.times(b), |a, b| a * b))),
        ..REDUCE
    },
    Layer {
        name: "reduce_max",
        about: "keeps the largest along axes",
        names: &[("onnx", "ReduceMax"), ("loom", "reduce_max")],
        infer: |cx| reduce(cx, Some((Dim::larger, f64::max))),
        ..REDUCE
    },
    Layer {
        name: "reduce_min",
        about: "keeps the smallest along axes",
        names: &[("onnx", "ReduceMin")],
        infer: |cx| reduce(cx, Some((Dim::smaller, f64::min))),
        ..REDUCE
    },
    Layer {
        name: "reduce_mean",
        about: "averages along axes",
        names: &[("onnx", "ReduceMean"), ("loom", "mean")],
        ..REDUCE
    },
    Layer {
        name: "reduce_l1",
        about: "adds up sizes without sign along axes",
        names: &[("onnx", "ReduceL1")],
        ..REDUCE
    },
    Layer {
        name: "reduce_l2",
        about: "the length of vectors along axes",
        names: &[("onnx", "ReduceL2")],
        ..REDUCE
    },
    Layer {
        name: "reduce_log_sum",
        about: "the logarithm of the sum along axes",
        names: &[("onnx", "ReduceLogSum")],
        ..REDUCE
    },
    Layer {
        name: "reduce_log_sum_exp",
        about: "the logarithm of the sum of exponentials along axes",
        names: &[("onnx", "ReduceLogSumExp")],
        ..REDUCE
    },
    Layer {
        name: "reduce_sum_square",
        about: "adds up squares along axes",
        names: &[("onnx", "ReduceSumSquare")],
        ..REDUCE
    },
    Layer {
        name: "arg_max",
        about: "where along an axis the largest number stands",
        names: &[("onnx", "ArgMax")],
        infer: arg,
        ..REDUCE
    },
    Layer {
        name: "arg_min",
        about: "where along an axis the smallest number stands",
        names: &[("onnx", "ArgMin")],
        infer: arg,
        ..REDUCE
    },
];

type Step = (fn(&Dim, &Dim) -> Dim, fn(f64, f64) -> f64);

fn reduce(cx: &mut Infer<'_>, step: Option<Step>) -> Ruled {
    let dtype = cx.dtype(0);
    let keep = cx.int("keepdims").unwrap_or(1) != 0;
    let axes = cx.setting_ints("axes", 1);
    let unknown_axes = axes.is_none() && cx.has_input(1) && cx.dim(1, 0) != Dim::Known(0);
    let axes = axes.unwrap_or_default();
    if axes.is_empty() && !unknown_axes && cx.flag("noop_with_empty_axes") {
        cx.set_like(0, 0);
        return Ok(());
    }
    let shape = match cx.dims(0) {
        None if axes.is_empty() && !unknown_axes && !keep => Shape::scalar(),
        None => Shape::Unranked,
        Some(dims) if unknown_axes => {
            if keep {
                Shape::unknown_dims(dims.len())
            } else {
                Shape::Unranked
            }
        }
        Some(dims) => Shape::Ranked(rules::reduced(dims, &axes, keep)?),
    };
    if let Some((step, value)) = step.zip(cx.value(0))
        && !unknown_axes
        && value.dims.len() <= 1
        && !value.is_empty()
    {
        let elements = match &value.elements {
            Elements::Ints(e) => {
                e.iter().cloned().reduce(|a, b| (step.0)(&a, &b)).map(|d| Elements::Ints(vec![d]))
            }
            Elements::Floats(e) => e.iter().copied().reduce(step.1).map(|x| Elements::Floats(vec![x])),
            Elements::Strings(_) => None,
        };
        if let (Some(elements), Some(rank)) = (elements, shape.rank()) {
            cx.set_value(0, Value { dims: vec![1; rank], elements });
        }
    }
    cx.set(0, dtype, shape);
    Ok(())
}

fn arg(cx: &mut Infer<'_>) -> Ruled {
    let keep = cx.int("keepdims").unwrap_or(1) != 0;
    let axis = cx.int("axis").unwrap_or(0);
    let shape = match cx.dims(0) {
        Some(dims) => Shape::Ranked(rules::reduced(dims, &[axis], keep)?),
        None => Shape::Unranked,
    };
    cx.set(0, Some(DType::Int64), shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, output) in [
            ("ReduceMean", "", "f32[n,3,h] i64[1]{-1}", "f32[n,3,1]"),
            ("ReduceMean@13", "axes=[1,2] keepdims=0", "f32[n,3,h]", "f32[n]"),
            ("ReduceSum", "", "f32[n,3]", "f32[1,1]"),
            ("ReduceSum", "keepdims=0", "f32?", "f32[]"),
            ("ReduceSum", "noop_with_empty_axes=1", "f32[n,3]", "f32[n,3]"),
            ("ReduceSum", "", "f32[n,3] i64[1]", "f32[?,?]"),
            ("ReduceProd", "keepdims=0", "i64[3]{2,n,3}", "i64[]{6*n}"),
            ("ReduceMax", "", "f32[2]{1,7} i64[1]{0}", "f32[1]{7}"),
            ("ArgMax", "axis=-1 keepdims=0", "f32[n,10]", "i64[n]"),
        ] {
            check(op, settings, inputs, output);
        }
        check_remark("ReduceL2", "axes=[2]", "f32[2]", "expected an axis from -1 to 1 - 1, found 2");
    }
}

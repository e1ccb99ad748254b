//! Joins along an axis, and the cuts that undo them.

use super::rules::{self, Ruled};
use super::{Category, Layer};
use crate::infer::{Infer, InferError};
use crate::{Dim, Elements, Shape, Value};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "concat",
        about: "joins its inputs along one axis",
        names: &[("onnx", "Concat"), ("keras", "Concatenate"), ("loom", "concat")],
        category: Category::Merge,
        infer: concat,
        learned: &[],
        ..SHAPE
    },
    Layer {
        name: "split",
        about: "cuts its input into parts along one axis",
        names: &[("onnx", "Split"), ("loom", "split")],
        infer: split,
        ..SHAPE
    },
];

fn concat(cx: &mut Infer<'_>) -> Ruled {
    let inputs: Vec<usize> = (0..cx.n_inputs()).filter(|i| cx.has_input(*i)).collect();
    let dtype = inputs.iter().find_map(|i| cx.dtype(*i));
    let Some(rank) = inputs.iter().find_map(|i| cx.rank(*i)) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let at = cx.axis("axis", if cx.opset() < 4 { 1 } else { 0 }, rank)?;
    let mut out = vec![Dim::Unknown; rank];
    let mut joined = Dim::Known(0);
    for input in &inputs {
        let Some(dims) = cx.dims(*input) else {
            joined = Dim::Unknown;
            continue;
        };
        if dims.len() != rank {
            return Err(InferError::new(format!(
                "expected {rank} dimensions in every input, found {}",
                cx.shape(*input)
            )));
        }
        joined = joined.plus(&dims[at]);
        for axis in (0..rank).filter(|a| *a != at) {
            out[axis] = rules::agree(&out[axis], &dims[axis])?;
        }
    }
    out[at] = joined;
    if at == 0
        && let Some(value) = concat_values(cx, &inputs, &out)
    {
        cx.set_value(0, value);
    }
    cx.set(0, dtype, out);
    Ok(())
}

/// The joined elements, when those of some inputs are known; an integer input of known length may leave gaps.
fn concat_values(cx: &Infer<'_>, inputs: &[usize], out: &[Dim]) -> Option<Value> {
    let dims = rules::sizes(out)?;
    if inputs.iter().all(|i| cx.value(*i).is_none())
        || dims.iter().product::<usize>() > crate::value::MAX_ELEMENTS
    {
        return None;
    }
    if let Some(floats) = inputs.iter().map(|i| cx.floats(*i)).collect::<Option<Vec<_>>>() {
        return Some(Value { dims, elements: Elements::Floats(floats.concat()) });
    }
    let mut ints: Vec<Dim> = Vec::new();
    for input in inputs {
        match (cx.ints(*input), cx.dims(*input)) {
            (Some(known), _) => ints.extend_from_slice(known),
            (None, Some(d)) if cx.dtype(*input).is_some_and(|d| d.is_int()) => {
                let n = usize::try_from(rules::count(d)?).ok()?;
                ints.extend(std::iter::repeat_n(Dim::Unknown, n));
            }
            _ => return None,
        }
    }
    Some(Value { dims, elements: Elements::Ints(ints) })
}

fn split(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let n = cx.n_outputs();
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        for output in 0..n {
            cx.set(output, dtype, Shape::Unranked);
        }
        return Ok(());
    };
    let at = cx.axis("axis", 0, dims.len())?;
    let given = cx.setting_dims("split", 1);
    let unknown = given.is_none() && cx.has_input(1);
    let parts: Vec<Dim> = match given {
        Some(parts) => parts,
        None if unknown || n == 0 => vec![Dim::Unknown; n],
        None => {
            let count = Dim::Known(i64::try_from(n).unwrap_or(i64::MAX));
            let part = dims[at].ceil_div(&count);
            let last = dims[at].minus(&part.times(&count.minus(&Dim::Known(1))));
            let mut parts = vec![part; n - 1];
            parts.push(last);
            parts
        }
    };
    let value = cx.value(0).filter(|v| v.dims.len() == 1).cloned();
    let mut from = 0usize;
    for output in 0..n {
        let part = parts.get(output).cloned().unwrap_or(Dim::Unknown);
        if let (Some(value), Some(len)) = (&value, part.as_size().and_then(|n| usize::try_from(n).ok())) {
            let places: Vec<usize> = (from..from.saturating_add(len).min(value.len())).collect();
            if let Some(picked) = value.pick(vec![places.len()], &places) {
                cx.set_value(output, picked);
            }
            from = from.saturating_add(len);
        }
        let mut out = dims.clone();
        out[at] = part;
        cx.set(output, dtype, out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, outputs) in [
            ("Split", "axis=1 num_outputs=2", "f32[n,7]", "f32[n,4] f32[n,3]"),
            ("Split@11", "split=[2,4]", "f32[6]", "f32[2] f32[4]"),
            ("Split", "axis=-1", "f32[n,6*h] i64[2]{h,5*h}", "f32[n,h] f32[n,5*h]"),
            ("Split", "axis=-1", "f32[n,6*h]", "f32[n,3*h] f32[n,3*h]"),
            ("Split", "", "i64[3]{a,b,c} i64[2]{1,2}", "i64[1]{a} i64[2]{b,c}"),
            ("Concat", "axis=1", "f32[n,3,h] f32[n,5,h] f32[?,?,?]", "f32[n,?,h]"),
            ("Concat", "axis=-1", "f32[n,h] f32[2,w]", "f32[2,h+w]"),
            ("Concat", "axis=0", "i64[1]{n} i64[2]{-1,768} i64[1]", "i64[4]{n,-1,768,?}"),
        ] {
            check(op, settings, inputs, outputs);
        }
        check_remark("Concat", "axis=0", "f32[1,3] f32[1,4]", "expected equal dimensions, found 3 and 4");
    }
}

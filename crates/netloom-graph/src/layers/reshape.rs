//! New shapes for the same numbers, and what reads shapes.

use super::rules::{self, Ruled, set_passing};
use super::{Category, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{DType, Dim, Shape, Value};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "shape",
        about: "reads the shape of its input",
        names: &[("onnx", "Shape")],
        infer: shape,
        ..SHAPE
    },
    Layer {
        name: "size",
        about: "counts the elements of its input",
        names: &[("onnx", "Size")],
        infer: size,
        ..SHAPE
    },
    Layer {
        name: "reshape",
        about: "arranges the same numbers in other dimensions",
        names: &[("onnx", "Reshape"), ("torch", "Unflatten"), ("keras", "Reshape"), ("loom", "reshape")],
        infer: reshape,
        ..SHAPE
    },
    Layer {
        name: "flatten",
        about: "arranges the numbers of each example in one row",
        names: &[("onnx", "Flatten"), ("torch", "Flatten"), ("keras", "Flatten"), ("loom", "flatten")],
        infer: flatten,
        ..SHAPE
    },
];

fn shape(cx: &mut Infer<'_>) -> Ruled {
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        cx.set(0, Some(DType::Int64), vec![Dim::Unknown]);
        return Ok(());
    };
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    let place =
        |n: i64| usize::try_from(if n < 0 { n.saturating_add(rank) } else { n }.clamp(0, rank)).unwrap_or(0);
    let start = place(cx.int("start").unwrap_or(0));
    let end = place(cx.int("end").unwrap_or(rank)).max(start);
    let kept = dims[start..end].to_vec();
    cx.set(0, Some(DType::Int64), Shape::known([i64::try_from(kept.len()).unwrap_or(i64::MAX)]));
    cx.set_value(0, Value::ints(kept));
    Ok(())
}

fn size(cx: &mut Infer<'_>) -> Ruled {
    let n = cx.dims(0).map(rules::product);
    cx.set(0, Some(DType::Int64), Shape::scalar());
    if let Some(n) = n {
        cx.set_value(0, Value::int(n));
    }
    Ok(())
}

fn reshape(cx: &mut Infer<'_>) -> Ruled {
    let Some(target) = cx.setting_dims("shape", 1) else {
        let shape = match cx.dims(1) {
            Some([Dim::Known(n)]) if (0..=64).contains(n) => {
                Shape::unknown_dims(usize::try_from(*n).unwrap_or(0))
            }
            _ => Shape::Unranked,
        };
        let dtype = cx.dtype(0);
        cx.set(0, dtype, shape);
        return Ok(());
    };
    let copies = !cx.flag("allowzero");
    let out = reshaped(cx.dims(0), &target, copies)?;
    set_passing(cx, out);
    Ok(())
}

/// The dimensions that a reshape to `target` makes: 0 copies a dimension if `copies`, -1 is what is left.
///
/// # Errors
/// When more than one -1 is asked for, or the number of elements does not fit.
fn reshaped(input: Option<&[Dim]>, target: &[Dim], copies: bool) -> Result<Vec<Dim>, InferError> {
    let mut left: Vec<Dim> = input.unwrap_or_default().to_vec();
    let mut made: Vec<Dim> = Vec::new();
    let mut out = Vec::with_capacity(target.len());
    let mut open = None;
    let mut unknown = Vec::new();
    let mut copied = Vec::new();
    for (at, dim) in target.iter().enumerate() {
        match dim {
            Dim::Known(-1) if open.is_some() => {
                return Err(InferError::new("expected at most one dimension of -1, found more"));
            }
            Dim::Known(-1) => {
                open = Some(at);
                out.push(Dim::Unknown);
            }
            Dim::Known(0) if copies => {
                let same = match input {
                    Some(dims) => dims.get(at).cloned().ok_or_else(|| {
                        InferError::new(format!(
                            "expected a dimension {at} to copy, found {} dimensions",
                            dims.len()
                        ))
                    })?,
                    None => Dim::Unknown,
                };
                copied.push(at);
                out.push(same);
            }
            Dim::Known(n) if *n < 0 => {
                return Err(InferError::new(format!("expected a dimension of at least -1, found {n}")));
            }
            Dim::Unknown => {
                unknown.push(at);
                out.push(Dim::Unknown);
            }
            dim => {
                made.push(dim.clone());
                out.push(dim.clone());
            }
        }
    }
    // A single element that is not known stands for what is left, just as -1 does.
    let open = match (open, unknown.as_slice()) {
        (Some(at), []) => Some(at),
        (None, [at]) => Some(*at),
        _ => None,
    };
    if input.is_none() {
        return Ok(out);
    }
    // Copied dimensions, and equal symbols on both sides, cancel even where they are not known.
    for at in copied.iter().rev() {
        left.remove(*at);
    }
    made.retain(|dim| match left.iter().position(|d| d == dim && !d.is_unknown()) {
        Some(same) => {
            left.remove(same);
            false
        }
        None => true,
    });
    let (total, rest) = (rules::product(&left), rules::product(&made));
    match (open, total.as_known(), rest.as_known()) {
        (Some(_), Some(n), Some(m)) if m != 0 && n % m != 0 => {
            return Err(InferError::new(format!(
                "expected a number of elements divisible by {m}, found {n}"
            )));
        }
        (Some(at), ..) => out[at] = total.floor_div(&rest),
        (None, Some(n), Some(m)) if n != m && unknown.is_empty() => {
            return Err(InferError::new(format!("expected {m} elements, found {n}")));
        }
        _ => {}
    }
    Ok(out)
}

fn flatten(cx: &mut Infer<'_>) -> Ruled {
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        let dtype = cx.dtype(0);
        cx.set(0, dtype, Shape::unknown_dims(2));
        return Ok(());
    };
    let axis = cx.int("axis").unwrap_or(1);
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    let at = if axis == rank { dims.len() } else { normal_axis(axis, dims.len())? };
    let (head, tail) = dims.split_at(at);
    set_passing(cx, vec![rules::product(head), rules::product(tail)]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, outputs) in [
            ("Shape", "", "f32[n,3,?]", "i64[3]{n,3,?}"),
            ("Shape", "start=1", "f32[n,3,4]", "i64[2]{3,4}"),
            ("Shape", "start=-2 end=-1", "f32[n,3,4]", "i64[1]{3}"),
            ("Size", "", "f32[n,3,4]", "i64[]{12*n}"),
            ("Reshape", "", "f32[n,8,h,w] i64[2]{0,-1}", "f32[n,8*h*w]"),
            ("Reshape", "", "f32[n,12,4] i64[4]{0,-1,2,4}", "f32[n,6,2,4]"),
            ("Reshape", "", "f32[?,12,4] i64[3]{0,-1,2}", "f32[?,24,2]"),
            ("Reshape", "", "f32[n,s,768] i64[4]{n,s,12,?}", "f32[n,s,12,64]"),
            ("Reshape", "allowzero=1", "f32[0,3] i64[2]{3,0}", "f32[3,0]"),
            ("Reshape@1", "shape=[2,-1]", "f32[4,3]", "f32[2,6]"),
            ("Reshape", "", "i64[]{5} i64[1]{-1}", "i64[1]{5}"),
            ("Reshape", "", "f32? i64[2]{0,8}", "f32[?,8]"),
            ("Reshape", "", "f32[4,3] i64[3]", "f32[?,?,?]"),
            ("Flatten", "", "f32[n,8,h,w]", "f32[n,8*h*w]"),
            ("Flatten", "axis=0", "f32[2,3]", "f32[1,6]"),
            ("Flatten", "axis=-1", "f32[2,3,4]", "f32[6,4]"),
        ] {
            check(op, settings, inputs, outputs);
        }
        check_remark(
            "Reshape",
            "",
            "f32[4,3] i64[2]{5,-1}",
            "expected a number of elements divisible by 5, found 12",
        );
        check_remark("Reshape", "", "f32[4,3] i64[2]{5,2}", "expected 10 elements, found 12");
    }
}

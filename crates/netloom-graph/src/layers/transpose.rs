//! Dimensions dropped, added and exchanged.

use super::rules::{Ruled, pass_value, set_passing, set_unranked};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Dim, Shape};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "squeeze",
        about: "drops dimensions of size 1",
        names: &[("onnx", "Squeeze"), ("loom", "squeeze")],
        infer: squeeze,
        ..SHAPE
    },
    Layer {
        name: "unsqueeze",
        about: "adds dimensions of size 1",
        names: &[("onnx", "Unsqueeze"), ("loom", "unsqueeze")],
        infer: unsqueeze,
        ..SHAPE
    },
    Layer {
        name: "transpose",
        about: "changes the order of dimensions",
        names: &[("onnx", "Transpose"), ("keras", "Permute"), ("loom", "transpose")],
        infer: transpose,
        label: |_, node| {
            let label = Label::new("transpose");
            match node.attributes.ints("perm") {
                Some(perm) => label.with(perm.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")),
                None => label,
            }
        },
        ..SHAPE
    },
    Layer {
        name: "identity",
        about: "passes its input on",
        names: &[("onnx", "Identity"), ("torch", "Identity"), ("keras", "Identity"), ("loom", "identity")],
        infer: identity,
        ..SHAPE
    },
];

fn squeeze(cx: &mut Infer<'_>) -> Ruled {
    let axes = cx.setting_ints("axes", 1);
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        set_unranked(cx);
        return Ok(());
    };
    let out = match axes {
        Some(axes) => {
            let mut gone = vec![false; dims.len()];
            for axis in axes {
                let at = normal_axis(axis, dims.len())?;
                if let Dim::Known(n) = dims[at]
                    && n != 1
                {
                    return Err(InferError::new(format!(
                        "expected a dimension of size 1 at axis {axis}, found {n}"
                    )));
                }
                gone[at] = true;
            }
            dims.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(d, _)| d).collect()
        }
        None if !cx.has_input(1) && dims.iter().all(|d| d.as_known().is_some()) => {
            dims.into_iter().filter(|d| *d != Dim::Known(1)).collect()
        }
        None => {
            set_unranked(cx);
            return Ok(());
        }
    };
    set_passing(cx, out);
    Ok(())
}

fn unsqueeze(cx: &mut Infer<'_>) -> Ruled {
    let axes = cx.setting_ints("axes", 1);
    let (Some(dims), Some(axes)) = (cx.dims(0).map(<[Dim]>::to_vec), axes) else {
        let added = match cx.dims(1) {
            Some([Dim::Known(n)]) => usize::try_from(*n).ok(),
            _ => None,
        };
        let rank = cx.rank(0).zip(added).map(|(r, a)| r + a.min(64));
        let dtype = cx.dtype(0);
        cx.set(0, dtype, rank.map_or(Shape::Unranked, Shape::unknown_dims));
        return Ok(());
    };
    let rank = dims.len() + axes.len();
    let mut new = vec![false; rank];
    for axis in axes {
        let at = normal_axis(axis, rank)?;
        if std::mem::replace(&mut new[at], true) {
            return Err(InferError::new(format!("expected different axes, found {axis} twice")));
        }
    }
    let mut old = dims.into_iter();
    let out = new.into_iter().map(|new| if new { Some(Dim::Known(1)) } else { old.next() });
    let out = out.map(|d| d.unwrap_or(Dim::Unknown)).collect();
    set_passing(cx, out);
    Ok(())
}

fn transpose(cx: &mut Infer<'_>) -> Ruled {
    let perm = cx.attributes().ints("perm").map(<[i64]>::to_vec);
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        let dtype = cx.dtype(0);
        cx.set(0, dtype, perm.map_or(Shape::Unranked, |p| Shape::unknown_dims(p.len())));
        return Ok(());
    };
    let order = match perm {
        None => (0..dims.len()).rev().collect(),
        Some(perm) if perm.len() == dims.len() => {
            perm.iter().map(|axis| normal_axis(*axis, dims.len())).collect::<Result<Vec<usize>, _>>()?
        }
        Some(perm) => {
            return Err(InferError::new(format!(
                "expected an order of {} axes, found {}",
                dims.len(),
                perm.len()
            )));
        }
    };
    let out: Vec<Dim> = order.iter().map(|at| dims[*at].clone()).collect();
    if dims.len() <= 1 {
        pass_value(cx, &out);
    } else if let Some(value) = cx.value(0).and_then(|v| v.transpose(&order)) {
        cx.set_value(0, value);
    }
    let dtype = cx.dtype(0);
    cx.set(0, dtype, out);
    Ok(())
}

fn identity(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    if let Some(value) = cx.value(0).cloned() {
        cx.set_value(0, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn shapes_and_values() {
        check("Transpose", "", "i64[2,3]{0,1,2,3,4,5}", "i64[3,2]{0,3,1,4,2,5}");
        for (op, settings, inputs, outputs) in [
            ("Squeeze", "", "f32[1,3,1]", "f32[3]"),
            ("Squeeze", "", "f32[1,n,1] i64[1]{-1}", "f32[1,n]"),
            ("Squeeze@11", "axes=[0]", "i64[1]{7}", "i64[]{7}"),
            ("Unsqueeze", "", "i64[]{n} i64[1]{0}", "i64[1]{n}"),
            ("Unsqueeze@11", "axes=[0,-1]", "f32[3]", "f32[1,3,1]"),
            ("Transpose", "perm=[0,2,1]", "f32[n,3,4]", "f32[n,4,3]"),
            ("Transpose", "", "f32[2,3]", "f32[3,2]"),
            ("Identity", "", "i64[2]{1,n}", "i64[2]{1,n}"),
        ] {
            check(op, settings, inputs, outputs);
        }
        check_remark("Squeeze", "", "f32[4,3] i64[1]{5}", "expected an axis from -2 to 2 - 1, found 5");
    }
}

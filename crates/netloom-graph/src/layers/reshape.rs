//! New shapes for the same numbers: reshape, squeeze, transpose, and what reads shapes.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
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
    Layer {
        name: "expand",
        about: "repeats its input along dimensions of size 1",
        names: &[("onnx", "Expand"), ("keras", "RepeatVector"), ("loom", "expand")],
        infer: expand,
        ..SHAPE
    },
    Layer {
        name: "tile",
        about: "repeats its input side by side",
        names: &[("onnx", "Tile"), ("loom", "tile")],
        infer: tile,
        ..SHAPE
    },
    Layer {
        name: "depth_to_space",
        about: "turns groups of channels into blocks of pixels",
        names: &[
            ("onnx", "DepthToSpace"),
            ("torch", "PixelShuffle"),
            ("keras", "PixelShuffle2D"),
            ("loom", "depth_to_space"),
        ],
        category: Category::Upsample,
        infer: depth_to_space,
        label: |_, node| match node.attributes.int("blocksize") {
            Some(n) => Label::new(format!("depth-to-space {n}")),
            None => Label::new("depth-to-space"),
        },
        ..SHAPE
    },
    Layer {
        name: "space_to_depth",
        about: "turns blocks of pixels into groups of channels",
        names: &[("onnx", "SpaceToDepth"), ("torch", "PixelUnshuffle"), ("loom", "space_to_depth")],
        infer: space_to_depth,
        label: |_, node| match node.attributes.int("blocksize") {
            Some(n) => Label::new(format!("space-to-depth {n}")),
            None => Label::new("space-to-depth"),
        },
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

/// Gives an output the elements of an input in the output's shape, when both are known.
fn pass_value(cx: &mut Infer<'_>, dims: &[Dim]) {
    let dims: Option<Vec<usize>> = dims.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect();
    if let (Some(dims), Some(value)) = (dims, cx.value(0)) {
        let value = value.with_dims(dims);
        cx.set_value(0, value);
    }
}

fn set_passing(cx: &mut Infer<'_>, dims: Vec<Dim>) {
    pass_value(cx, &dims);
    let dtype = cx.dtype(0);
    cx.set(0, dtype, dims);
}

fn set_unranked(cx: &mut Infer<'_>) {
    let dtype = cx.dtype(0);
    cx.set(0, dtype, Shape::Unranked);
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

fn expand(cx: &mut Infer<'_>) -> Ruled {
    let target = match (cx.ints(1), cx.dims(1)) {
        // Some exporters write -1 where the dimension stays.
        (Some(dims), _) => {
            let keep = |d: &Dim| if *d == Dim::Known(-1) { Dim::Known(1) } else { d.clone() };
            Shape::Ranked(dims.iter().map(keep).collect())
        }
        (None, Some([Dim::Known(n)])) if (0..=64).contains(n) => {
            Shape::unknown_dims(usize::try_from(*n).unwrap_or(0))
        }
        _ => Shape::Unranked,
    };
    let shape = rules::broadcast([cx.shape(0), &target])?;
    let dims: Option<Vec<usize>> =
        shape.dims().and_then(|d| d.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect());
    if let Some(value) = dims.and_then(|d| cx.value(0)?.stretch(&d)) {
        cx.set_value(0, value);
    }
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape);
    Ok(())
}

fn tile(cx: &mut Infer<'_>) -> Ruled {
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        set_unranked(cx);
        return Ok(());
    };
    let mut repeats = vec![Dim::Unknown; dims.len()];
    if cx.has_input(2) {
        // Operator set 1 gives one number of tiles and one axis.
        if let (Some([tiles]), Some(axis)) = (cx.ints(1), cx.known_ints(2)) {
            let at = normal_axis(axis.first().copied().unwrap_or(0), dims.len())?;
            let tiles = tiles.clone();
            repeats.fill(Dim::Known(1));
            repeats[at] = tiles;
        }
    } else if let Some(given) = cx.setting_dims("repeats", 1) {
        if given.len() != dims.len() {
            return Err(InferError::new(format!("expected {} repeats, found {}", dims.len(), given.len())));
        }
        repeats = given;
    }
    let out: Vec<Dim> = dims.iter().zip(&repeats).map(|(d, r)| d.times(r)).collect();
    if let ([Dim::Known(n)], [Dim::Known(r)], Some(value)) =
        (dims.as_slice(), repeats.as_slice(), cx.value(0))
    {
        let (n, r) = (usize::try_from(*n).unwrap_or(0), usize::try_from(*r).unwrap_or(0));
        if let Some(total) = n.checked_mul(r).filter(|t| *t <= crate::value::MAX_ELEMENTS) {
            let places: Vec<usize> = (0..total).map(|i| i % n.max(1)).collect();
            if let Some(value) = value.pick(vec![total], &places) {
                cx.set_value(0, value);
            }
        }
    }
    let dtype = cx.dtype(0);
    cx.set(0, dtype, out);
    Ok(())
}

fn blocks(cx: &mut Infer<'_>) -> Result<Option<(Vec<Dim>, Dim)>, InferError> {
    let size = cx.int("blocksize").unwrap_or(1);
    if size < 1 {
        return Err(InferError::new(format!("expected a block of at least 1, found {size}")));
    }
    match cx.dims(0) {
        Some(dims) if dims.len() == 4 => Ok(Some((dims.to_vec(), Dim::Known(size)))),
        Some(dims) => Err(InferError::new(format!("expected 4 dimensions, found {}", dims.len()))),
        None => {
            let dtype = cx.dtype(0);
            cx.set(0, dtype, Shape::unknown_dims(4));
            Ok(None)
        }
    }
}

fn depth_to_space(cx: &mut Infer<'_>) -> Ruled {
    if let Some((d, size)) = blocks(cx)? {
        let dtype = cx.dtype(0);
        let channels = d[1].floor_div(&size.times(&size));
        cx.set(0, dtype, vec![d[0].clone(), channels, d[2].times(&size), d[3].times(&size)]);
    }
    Ok(())
}

fn space_to_depth(cx: &mut Infer<'_>) -> Ruled {
    if let Some((d, size)) = blocks(cx)? {
        let dtype = cx.dtype(0);
        let channels = d[1].times(&size).times(&size);
        cx.set(0, dtype, vec![d[0].clone(), channels, d[2].floor_div(&size), d[3].floor_div(&size)]);
    }
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
            ("Squeeze", "", "f32[1,3,1]", "f32[3]"),
            ("Squeeze", "", "f32[1,n,1] i64[1]{-1}", "f32[1,n]"),
            ("Squeeze@11", "axes=[0]", "i64[1]{7}", "i64[]{7}"),
            ("Unsqueeze", "", "i64[]{n} i64[1]{0}", "i64[1]{n}"),
            ("Unsqueeze@11", "axes=[0,-1]", "f32[3]", "f32[1,3,1]"),
            ("Transpose", "perm=[0,2,1]", "f32[n,3,4]", "f32[n,4,3]"),
            ("Transpose", "", "f32[2,3]", "f32[3,2]"),
            ("Identity", "", "i64[2]{1,n}", "i64[2]{1,n}"),
            ("Expand", "", "f32[3,1] i64[3]{2,1,6}", "f32[2,3,6]"),
            ("Expand", "", "f32[1,1,768] i64[3]{batch,-1,-1}", "f32[batch,1,768]"),
            ("Expand", "", "i64[1]{4} i64[1]{3}", "i64[3]{4,4,4}"),
            ("Tile", "", "f32[n,3] i64[2]{2,4}", "f32[2*n,12]"),
            ("Tile@1", "", "f32[n,3] i64[]{4} i64[]{1}", "f32[n,12]"),
            ("DepthToSpace", "blocksize=2", "f32[n,8,h,3]", "f32[n,2,2*h,6]"),
            ("SpaceToDepth", "blocksize=2", "f32[n,2,h,6]", "f32[n,8,h//2,3]"),
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
        check_remark("Squeeze", "", "f32[4,3] i64[1]{5}", "expected an axis from -2 to 2 - 1, found 5");
    }
}

//! Ranges cut out, and rows added around.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Dim, Shape};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// From here on an end of a slice means the end, as exporters write it.
const OPEN_END: i64 = i32::MAX as i64;

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "slice",
        about: "cuts out a range along some axes",
        names: &[("onnx", "Slice"), ("loom", "slice")],
        infer: slice,
        ..SHAPE
    },
    Layer {
        name: "shift",
        about: "moves numbers along some axes; what leaves at one end comes back at the other",
        names: &[("loom", "shift"), ("torch", "roll")],
        infer: rules::same_as_input,
        label: |_, node| {
            let by = node.attributes.ints("shifts").unwrap_or_default();
            let words: Vec<String> = by.iter().map(|n| n.to_string().replace('-', "−")).collect();
            Label::new(format!("cyclic shift {}", words.join(", ")).trim_end())
        },
        ..SHAPE
    },
    Layer {
        name: "pad",
        about: "adds rows of a given or copied number around its input",
        names: &[
            ("onnx", "Pad"),
            ("torch", "ZeroPad1d"),
            ("torch", "ZeroPad2d"),
            ("torch", "ZeroPad3d"),
            ("torch", "ConstantPad1d"),
            ("torch", "ConstantPad2d"),
            ("torch", "ConstantPad3d"),
            ("torch", "ReflectionPad1d"),
            ("torch", "ReflectionPad2d"),
            ("torch", "ReflectionPad3d"),
            ("torch", "ReplicationPad1d"),
            ("torch", "ReplicationPad2d"),
            ("torch", "ReplicationPad3d"),
            ("keras", "ZeroPadding1D"),
            ("keras", "ZeroPadding2D"),
            ("keras", "ZeroPadding3D"),
            ("loom", "pad"),
        ],
        infer: pad,
        ..SHAPE
    },
    Layer {
        name: "reverse_sequence",
        about: "turns each sequence around up to its own length",
        names: &[("onnx", "ReverseSequence")],
        infer: rules::same_as_input,
        ..SHAPE
    },
];

fn slice(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let (starts, ends) = (cx.setting_dims("starts", 1), cx.setting_dims("ends", 2));
    let axes = cx.setting_ints("axes", 3);
    let count =
        starts.as_ref().or(ends.as_ref()).map(Vec::len).or_else(|| cx.dim(1, 0).as_size()?.try_into().ok());
    let axes_given = cx.has_input(3) || cx.attributes().get("axes").is_some();
    let axes = match (axes, count) {
        (Some(axes), _) => Some(axes),
        (None, Some(n)) if !axes_given => (0..n).map(|i| i64::try_from(i).ok()).collect(),
        _ => None,
    };
    let Some(axes) = axes else {
        // Any axis may have been cut.
        cx.set(0, dtype, Shape::unknown_dims(dims.len()));
        return Ok(());
    };
    let steps =
        if cx.has_input(4) { cx.ints(4).map(<[Dim]>::to_vec) } else { Some(vec![Dim::Known(1); axes.len()]) };
    let mut out = dims.clone();
    let mut kept: Vec<Option<Vec<usize>>> =
        dims.iter().map(|d| Some((0..usize::try_from(d.as_known()?).ok()?.min(4097)).collect())).collect();
    for (i, axis) in axes.iter().enumerate() {
        let at = normal_axis(*axis, dims.len())?;
        let get =
            |list: &Option<Vec<Dim>>| list.as_ref().and_then(|l| l.get(i)).cloned().unwrap_or(Dim::Unknown);
        let (start, end, step) = (get(&starts), get(&ends), get(&steps));
        if step == Dim::Known(0) {
            return Err(InferError::new("expected a step other than 0, found 0"));
        }
        out[at] = sliced(&dims[at], &start, &end, &step);
        kept[at] = places(&dims[at], &start, &end, &step);
    }
    let kept: Option<Vec<Vec<usize>>> = kept.into_iter().collect();
    if let Some(value) = kept.and_then(|k| cx.value(0)?.select(&k)) {
        cx.set_value(0, value);
    }
    cx.set(0, dtype, out);
    Ok(())
}

/// Where a known slice of a known dimension begins, how many elements it has, and its step.
fn range(size: i64, start: i64, end: i64, step: i64) -> (i64, i64) {
    let from_end = |n: i64| if n < 0 { n.saturating_add(size) } else { n };
    let (start, end) = (from_end(start), from_end(end));
    let (start, end, span) = if step > 0 {
        let (start, end) = (start.clamp(0, size), end.clamp(0, size));
        (start, end, end - start)
    } else {
        let (start, end) = (start.clamp(0, (size - 1).max(0)), end.clamp(-1, (size - 1).max(-1)));
        (start, end, start - end)
    };
    let _ = end;
    let step = i64::try_from(step.unsigned_abs()).unwrap_or(i64::MAX);
    let n = if span <= 0 || size == 0 { 0 } else { (span - 1) / step + 1 };
    (start, n)
}

fn sliced(size: &Dim, start: &Dim, end: &Dim, step: &Dim) -> Dim {
    let zero = Dim::Known(0);
    if let (Dim::Known(n), Dim::Known(a), Dim::Known(b), Dim::Known(s)) = (size, start, end, step) {
        return if *n < 0 { Dim::Unknown } else { Dim::Known(range(*n, *a, *b, *s).1) };
    }
    match (start, end, step) {
        // The whole axis, forwards or backwards.
        (Dim::Known(0), Dim::Known(OPEN_END..), Dim::Known(1)) => return size.clone(),
        (Dim::Known(-1), Dim::Known(b), Dim::Known(-1)) if *b <= -OPEN_END => return size.clone(),
        (_, _, Dim::Known(1..)) => {}
        _ => return Dim::Unknown,
    }
    let place = |n: &Dim| match n {
        Dim::Known(n) if *n >= OPEN_END => size.clone(),
        Dim::Known(n) if *n < 0 => size.plus(&Dim::Known(*n)),
        // A number may lie beyond a symbolic size; a symbolic place is taken to lie inside.
        Dim::Known(_) => n.smaller(size),
        _ => n.clone(),
    };
    if let (Dim::Known(a), Dim::Known(OPEN_END..)) = (start, end)
        && *a < -1
    {
        // The last few, as far as there are that many.
        let Some(last) = a.checked_neg() else { return Dim::Unknown };
        return size.smaller(&Dim::Known(last)).ceil_div(step);
    }
    let from = if *start == zero { zero } else { place(start) };
    // A start that is a plain number is taken to lie inside, too.
    let from = if let Dim::Known(a) = start
        && *a > 0
    {
        Dim::Known(*a)
    } else {
        from
    };
    place(end).minus(&from).ceil_div(step)
}

fn places(size: &Dim, start: &Dim, end: &Dim, step: &Dim) -> Option<Vec<usize>> {
    let (size, step) = (size.as_known()?, step.as_known()?);
    let (first, n) = range(size, start.as_known()?, end.as_known()?, step);
    (0..n.min(4097)).map(|i| usize::try_from(first.checked_add(i.checked_mul(step)?)?).ok()).collect()
}

fn pad(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let Some(mut dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let pads = cx.setting_dims("pads", 1).or_else(|| cx.setting_dims("paddings", 1));
    let axes: Option<Vec<usize>> = if cx.has_input(3) {
        match cx.known_ints(3) {
            Some(axes) => Some(axes.iter().map(|a| normal_axis(*a, dims.len())).collect::<Result<_, _>>()?),
            None => None,
        }
    } else {
        Some((0..dims.len()).collect())
    };
    let Some(axes) = axes else {
        cx.set(0, dtype, Shape::unknown_dims(dims.len()));
        return Ok(());
    };
    match pads {
        Some(pads) if pads.len() == 2 * axes.len() => {
            for (i, axis) in axes.iter().enumerate() {
                dims[*axis] = dims[*axis].plus(&pads[i]).plus(&pads[i + axes.len()]);
            }
        }
        Some(pads) => {
            return Err(InferError::new(format!(
                "expected {} numbers of padding, found {}",
                2 * axes.len(),
                pads.len()
            )));
        }
        None => axes.iter().for_each(|a| dims[*a] = Dim::Unknown),
    }
    cx.set(0, dtype, dims);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, outputs) in [
            ("Slice", "", "f32[20,10] i64[2]{0,0} i64[2]{3,10} i64[2]{0,1} i64[2]{1,1}", "f32[3,10]"),
            ("Slice", "", "f32[20] i64[1]{-1} i64[1]{-1000} i64[1]{0} i64[1]{-1}", "f32[20]"),
            ("Slice", "", "f32[20] i64[1]{19} i64[1]{0} i64[1]{0} i64[1]{-3}", "f32[7]"),
            ("Slice@1", "starts=[1] ends=[1000]", "f32[20,10]", "f32[19,10]"),
            ("Slice", "", "f32[n,10] i64[1]{1} i64[1]{9223372036854775807} i64[1]{0}", "f32[n-1,10]"),
            ("Slice", "", "f32[n,10] i64[1]{0} i64[1]{-1} i64[1]{0}", "f32[n-1,10]"),
            ("Slice", "", "f32[n,10] i64[1]{0} i64[1]{8} i64[1]{0}", "f32[min(8,n),10]"),
            ("Slice", "", "f32[1,1024] i64[1]{p} i64[1]{p+s} i64[1]{1}", "f32[1,s]"),
            (
                "Slice",
                "",
                "f32[n,10] i64[1]{0} i64[1]{9223372036854775807} i64[1]{0} i64[1]{2}",
                "f32[(n+1)//2,10]",
            ),
            ("Slice", "", "f32[n,10] i64[1] i64[1] i64[1]{1}", "f32[n,?]"),
            ("Slice", "", "i64[4]{1,n,h,w} i64[1]{-2} i64[1]{2147483647}", "i64[2]{h,w}"),
            ("Slice", "", "i64[4]{1,2,3,4} i64[1]{-1} i64[1]{-5} i64[1]{0} i64[1]{-2}", "i64[2]{4,2}"),
            ("Pad", "", "f32[n,3,h] i64[6]{0,0,1,0,0,2}", "f32[n,3,h+3]"),
            ("Pad", "", "f32[n,3,h] i64[2]{1,1} _ i64[1]{-1}", "f32[n,3,h+2]"),
            ("Pad@2", "pads=[0,1,0,1]", "f32[n,3]", "f32[n,5]"),
        ] {
            check(op, settings, inputs, outputs);
        }
        check("Pad", "", "f32[3] i64[2]{-2,-3}", "f32[?]");
    }
}

//! Resizing of images and feature maps.

use super::channels;
use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Dim, Graph, Node, Shape};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[Layer {
    name: "resize",
    about: "makes feature maps larger or smaller by interpolation",
    names: &[
        ("onnx", "Resize"),
        ("onnx", "Upsample"),
        ("torch", "Upsample"),
        ("torch", "UpsamplingNearest2d"),
        ("torch", "UpsamplingBilinear2d"),
        ("keras", "UpSampling1D"),
        ("keras", "UpSampling2D"),
        ("keras", "UpSampling3D"),
        ("keras", "Resizing"),
        ("loom", "resize"),
    ],
    category: Category::Upsample,
    infer: resize,
    label,
    ..Layer::DEFAULT
}];

fn resize(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let (scales_at, sizes_at) = scale_inputs(cx.node());
    let axes = match cx.attributes().ints("axes") {
        Some(axes) => axes.iter().map(|a| normal_axis(*a, dims.len())).collect::<Result<Vec<usize>, _>>()?,
        None => (0..dims.len()).collect(),
    };
    let fits = |n: usize| {
        if n == axes.len() {
            Ok(())
        } else {
            Err(InferError::new(format!("expected {} scales or sizes, found {n}", axes.len())))
        }
    };
    let mut out = dims.clone();
    let scales = old_scales(cx, dims.len()).or_else(|| cx.floats(scales_at).map(<[f64]>::to_vec));
    if let Some(scales) = scales.filter(|s| !s.is_empty()) {
        fits(scales.len())?;
        for (axis, scale) in axes.iter().zip(scales) {
            out[*axis] = scaled(&dims[*axis], scale);
        }
    } else if let Some(sizes) = cx.ints(sizes_at).map(<[Dim]>::to_vec) {
        fits(sizes.len())?;
        let policy = cx.attributes().string("keep_aspect_ratio_policy").unwrap_or("stretch").to_owned();
        for (axis, size) in axes.iter().zip(&sizes) {
            out[*axis] = size.clone();
        }
        if policy != "stretch" {
            keep_aspect(&mut out, &dims, &axes, &sizes, policy == "not_larger");
        }
    } else {
        axes.iter().for_each(|a| out[*a] = Dim::Unknown);
    }
    cx.set(0, dtype, out);
    Ok(())
}

/// Where scales and sizes stand among the inputs; they moved with the operator's versions.
fn scale_inputs(node: &Node) -> (usize, usize) {
    if node.op == "Upsample" || node.opset == 10 { (1, usize::MAX) } else { (2, 3) }
}

/// The scales that the first versions keep in settings.
fn old_scales(cx: &Infer<'_>, rank: usize) -> Option<Vec<f64>> {
    if let Some(scales) = cx.attributes().floats("scales") {
        return Some(scales.to_vec());
    }
    let (height, width) = (cx.float("height_scale")?, cx.float("width_scale")?);
    (rank == 4).then(|| vec![1.0, 1.0, height, width])
}

fn scaled(size: &Dim, scale: f64) -> Dim {
    match size {
        Dim::Known(n) => {
            #[expect(clippy::cast_precision_loss, reason = "the operator is defined on floating-point sizes")]
            let product = (*n as f64 * scale).floor();
            rules::whole(product)
        }
        _ => match (rules::whole(scale), rules::whole(scale.recip())) {
            (Dim::Known(by), _) => size.times(&Dim::Known(by)),
            (_, by @ Dim::Known(_)) => size.floor_div(&by),
            _ => Dim::Unknown,
        },
    }
}

/// One scale for all axes, so that nothing is larger (or smaller) than asked.
fn keep_aspect(out: &mut [Dim], dims: &[Dim], axes: &[usize], sizes: &[Dim], not_larger: bool) {
    #[expect(clippy::cast_precision_loss, reason = "the operator is defined on floating-point sizes")]
    let ratios: Option<Vec<f64>> = axes
        .iter()
        .zip(sizes)
        .map(|(axis, size)| Some(size.as_known()? as f64 / dims[*axis].as_known().filter(|n| *n > 0)? as f64))
        .collect();
    let scale = ratios.and_then(|r| r.into_iter().reduce(if not_larger { f64::min } else { f64::max }));
    for axis in axes {
        out[*axis] = match (scale, dims[*axis].as_known()) {
            #[expect(clippy::cast_precision_loss, reason = "the operator is defined on floating-point sizes")]
            (Some(scale), Some(n)) => rules::whole((n as f64 * scale + 0.5).floor()),
            _ => Dim::Unknown,
        };
    }
}

fn label(graph: &Graph, node: &Node) -> Label {
    let spatial = |dims: Option<&[Dim]>| {
        let dims = channels::to_first(node, dims?.to_vec());
        dims.get(2..).map(<[Dim]>::to_vec)
    };
    let (from, to) =
        (spatial(rules::input_shape(graph, node, 0)), spatial(rules::output_shape(graph, node, 0)));
    let by = from.zip(to).and_then(|(from, to)| {
        let by: Option<Vec<Dim>> = from.iter().zip(&to).map(|(a, b)| b.exact_div(a)).collect();
        by.filter(|by| !by.is_empty())
    });
    let label = match by {
        Some(by) => Label::new(format!("resize ×{}", rules::times_text(&by, true))),
        None => Label::new("resize"),
    };
    match node.attributes.string("mode") {
        Some(mode) => label.with(mode),
        None => label.with("nearest"),
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label, check_remark};

    #[test]
    fn shapes_and_labels() {
        for (op, settings, inputs, output) in [
            ("Resize", "", "f32[n,3,h,8] _ f32[4]{1,1,2,2}", "f32[n,3,2*h,16]"),
            ("Resize", "", "f32[1,1,2,4] _ f32[4]{1,1,0.6,0.6}", "f32[1,1,1,2]"),
            ("Resize", "", "f32[n,3,h,w] _ _ i64[4]{n,3,2*h,64}", "f32[n,3,2*h,64]"),
            ("Resize", "axes=[2,3]", "f32[1,1,2,4] _ _ i64[2]{7,8}", "f32[1,1,7,8]"),
            (
                "Resize",
                "axes=[2,3] keep_aspect_ratio_policy=not_larger",
                "f32[1,1,2,2] _ _ i64[2]{7,8}",
                "f32[1,1,7,7]",
            ),
            ("Resize@10", "", "f32[1,3,4,4] f32[4]{1,1,2,3}", "f32[1,3,8,12]"),
            ("Upsample@9", "", "f32[1,3,4,4] f32[4]{1,1,2,3}", "f32[1,3,8,12]"),
            ("Upsample@7", "scales=[1.0,1.0,2.0,3.0]", "f32[1,3,4,4]", "f32[1,3,8,12]"),
            ("Upsample@1", "height_scale=2.0 width_scale=3.0", "f32[1,3,4,4]", "f32[1,3,8,12]"),
            ("Resize", "", "f32[1,3,4,4] _ _ i64[4]", "f32[?,?,?,?]"),
        ] {
            check(op, settings, inputs, output);
        }
        check_remark("Resize", "", "f32[1,3,4] _ f32[2]{1,1}", "expected 3 scales or sizes, found 2");
        check_label("Resize", "mode=linear", "f32[1,3,4,4] _ f32[4]{1,1,2,2}", "resize ×2 | linear", Some(0));
    }
}

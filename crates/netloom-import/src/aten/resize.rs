//! Change of resolution.

use netloom_graph::{Attribute, Dim};

use super::Row;
use super::cx::{Built, Cx, int};

const NEAR: &str = "input|self output_size scale_factors";
const SMOOTH: &str = "input|self output_size align_corners scale_factors";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("upsample_nearest1d", NEAR, |cx| resize(cx, "nearest")),
    Row("upsample_nearest2d", NEAR, |cx| resize(cx, "nearest")),
    Row("upsample_nearest3d", NEAR, |cx| resize(cx, "nearest")),
    Row("_upsample_nearest_exact1d", NEAR, |cx| resize(cx, "nearest")),
    Row("_upsample_nearest_exact2d", NEAR, |cx| resize(cx, "nearest")),
    Row("_upsample_nearest_exact3d", NEAR, |cx| resize(cx, "nearest")),
    Row("upsample_linear1d", SMOOTH, |cx| resize(cx, "linear")),
    Row("upsample_bilinear2d", SMOOTH, |cx| resize(cx, "linear")),
    Row("upsample_trilinear3d", SMOOTH, |cx| resize(cx, "linear")),
    Row("upsample_bicubic2d", SMOOTH, |cx| resize(cx, "cubic")),
    Row("_upsample_bilinear2d_aa", SMOOTH, |cx| resize(cx, "linear")),
    Row("_upsample_bicubic2d_aa", SMOOTH, |cx| resize(cx, "cubic")),
    Row("pixel_shuffle", "self upscale_factor", |cx| {
        let (Some(x), Some(n)) = (cx.tensor("self"), cx.int("upscale_factor")) else { return Ok(None) };
        let mode = Attribute::String("CRD".to_owned());
        cx.finish("DepthToSpace", &[Some(x)], vec![("blocksize", int(n)), ("mode", mode)])
    }),
    Row("pixel_unshuffle", "self downscale_factor", |cx| {
        let (Some(x), Some(n)) = (cx.tensor("self"), cx.int("downscale_factor")) else { return Ok(None) };
        cx.finish("SpaceToDepth", &[Some(x)], vec![("blocksize", int(n))])
    }),
    Row("channel_shuffle", "self groups", channel_shuffle),
    Row("native_channel_shuffle", "self groups", channel_shuffle),
    Row("grid_sampler", "input grid interpolation_mode padding_mode align_corners", grid),
    Row("grid_sampler_2d", "input grid interpolation_mode padding_mode align_corners", grid),
    Row("grid_sampler_3d", "input grid interpolation_mode padding_mode align_corners", grid),
    Row("affine_grid_generator", "theta size align_corners", |cx| {
        let (Some(theta), Some(size)) = (cx.tensor("theta"), cx.dims("size")) else { return Ok(None) };
        let size = cx.list(size)?;
        let corners = i64::from(cx.flag("align_corners") == Some(true));
        cx.finish("AffineGrid", &[Some(theta), size], vec![("align_corners", int(corners))])
    }),
];

fn resize(cx: &mut Cx<'_>, mode: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let Some(shape) = cx.shape(x).filter(|d| d.len() >= 3) else { return Ok(None) };
    let how = match (mode, cx.flag("align_corners")) {
        ("nearest", _) => "asymmetric",
        (_, Some(true)) => "align_corners",
        _ => "half_pixel",
    };
    let mut attributes = vec![
        ("coordinate_transformation_mode", Attribute::String(how.to_owned())),
        ("mode", Attribute::String(mode.to_owned())),
    ];
    if mode == "nearest" {
        attributes.push(("nearest_mode", Attribute::String("floor".to_owned())));
    }
    let sides = shape.len() - 2;
    let factors = match cx.arg("scale_factors") {
        super::Arg::Floats(list) if list.len() == sides => Some(list.clone()),
        // The older form has a factor for each side by itself.
        _ => {
            let each = ["scales_d", "scales_h", "scales_w", "scales"].map(|n| cx.float(n));
            let each: Vec<f64> = each.into_iter().flatten().collect();
            (each.len() == sides).then_some(each)
        }
    };
    if let Some(factors) = factors {
        let all: Vec<f64> = [1.0, 1.0].into_iter().chain(factors).collect();
        let scales = cx.numbers(all)?;
        return cx.finish("Resize", &[Some(x), None, scales], attributes);
    }
    let Some(size) = cx.dims("output_size").or_else(|| cx.declared(0)?.get(2..).map(<[Dim]>::to_vec)) else {
        return Ok(None);
    };
    let mut all = shape[..2].to_vec();
    all.extend(size);
    let size = cx.list(all)?;
    cx.finish("Resize", &[Some(x), None, None, size], attributes)
}

fn channel_shuffle(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(groups)) = (cx.tensor("self"), cx.int("groups")) else { return Ok(None) };
    let Some(shape) = cx.shape(x).filter(|d| d.len() == 4) else { return Ok(None) };
    let each = shape[1].floor_div(&Dim::Known(groups));
    let apart =
        cx.list(vec![shape[0].clone(), Dim::Known(groups), each, shape[2].clone(), shape[3].clone()])?;
    let apart = cx.node("Reshape", &[Some(x), apart], vec![])?;
    let turned = cx.node("Transpose", &[Some(apart)], vec![("perm", super::cx::ints(&[0, 2, 1, 3, 4]))])?;
    let size = cx.list(shape)?;
    cx.finish("Reshape", &[Some(turned), size], vec![])
}

fn grid(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(grid)) = (cx.tensor("input"), cx.tensor("grid")) else { return Ok(None) };
    let mode = ["linear", "nearest", "cubic"];
    let border = ["zeros", "border", "reflection"];
    let pick = |list: [&str; 3], n: Option<i64>| {
        let at = n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        Attribute::String(list.get(at).unwrap_or(&list[0]).to_string())
    };
    let attributes = vec![
        ("mode", pick(mode, cx.int("interpolation_mode"))),
        ("padding_mode", pick(border, cx.int("padding_mode"))),
        ("align_corners", int(i64::from(cx.flag("align_corners") == Some(true)))),
    ];
    cx.finish("GridSample", &[Some(x), Some(grid)], attributes)
}

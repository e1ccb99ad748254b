//! Operators of torchvision.

use netloom_graph::Attribute;

use super::Row;
use super::cx::{Built, Cx, int};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("nms", "dets scores iou_threshold", |cx| {
        let inputs = ["dets", "scores"].map(|n| cx.tensor(n));
        let threshold = cx.float("iou_threshold").unwrap_or(0.5);
        cx.finish("torchvision:nms", &inputs, vec![("iou_threshold", Attribute::Float(threshold))])
    }),
    Row("roi_align", "input rois spatial_scale pooled_height pooled_width sampling_ratio aligned", |cx| {
        region(cx, "torch.RoIAlign")
    }),
    Row("roi_pool", "input rois spatial_scale pooled_height pooled_width", |cx| region(cx, "torch.RoIPool")),
    Row(
        "deform_conv2d",
        "input weight offset mask bias stride_h stride_w pad_h pad_w dilation_h dilation_w groups",
        deform,
    ),
];

fn region(cx: &mut Cx<'_>, op: &str) -> Built {
    let inputs = ["input", "rois"].map(|n| cx.tensor(n));
    let size = ["pooled_height", "pooled_width"].map(|n| cx.int(n).unwrap_or(1));
    let mut attributes = vec![("output_height", int(size[0])), ("output_width", int(size[1]))];
    attributes.extend(cx.float("spatial_scale").map(|s| ("spatial_scale", Attribute::Float(s))));
    cx.finish_first(op, &inputs, attributes)
}

fn deform(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(w)) = (cx.tensor("input"), cx.tensor("weight")) else { return Ok(None) };
    let pair = |a: &str, b: &str, otherwise: i64| [a, b].map(|n| cx.int(n).unwrap_or(otherwise)).to_vec();
    let mut attributes = vec![
        ("strides", Attribute::Ints(pair("stride_h", "stride_w", 1))),
        ("pads", Attribute::Ints(pair("pad_h", "pad_w", 0).repeat(2))),
        ("dilations", Attribute::Ints(pair("dilation_h", "dilation_w", 1))),
        ("group", int(cx.int("groups").unwrap_or(1))),
    ];
    let kernel = cx.shape(w).and_then(|d| d.get(2..)?.iter().map(netloom_graph::Dim::as_known).collect());
    attributes.extend(kernel.map(|k| ("kernel_shape", Attribute::Ints(k))));
    let inputs = [Some(x), Some(w), cx.tensor("offset"), cx.tensor("bias"), cx.tensor("mask")];
    cx.finish("DeformConv", &inputs, attributes)
}

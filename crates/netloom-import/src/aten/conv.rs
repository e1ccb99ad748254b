//! Convolutions.

use netloom_graph::{Attribute, Dim};

use super::Row;
use super::cx::{Built, Cx, int, ints};

const CONV: &str = "input|self weight bias stride padding dilation groups";
const TRANSPOSED: &str = "input|self weight bias stride padding output_padding groups dilation";
const DEPTHWISE: &str = "self weight kernel_size bias stride padding dilation";
const ANY: &str = "input|self weight bias stride padding dilation transposed output_padding groups";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("conv1d", CONV, |cx| conv(cx, false)),
    Row("conv2d", CONV, |cx| conv(cx, false)),
    Row("conv3d", CONV, |cx| conv(cx, false)),
    Row("conv_depthwise3d", DEPTHWISE, depthwise),
    Row("_conv_depthwise2d", DEPTHWISE, depthwise),
    Row("mkldnn_convolution", "self weight bias padding stride dilation groups", |cx| conv(cx, false)),
    Row("convolution", ANY, any),
    Row("convolution_overrideable", ANY, any),
    Row("_convolution", ANY, any),
    Row("conv_transpose1d", TRANSPOSED, |cx| conv(cx, true)),
    Row("conv_transpose2d", TRANSPOSED, |cx| conv(cx, true)),
    Row("conv_transpose3d", TRANSPOSED, |cx| conv(cx, true)),
    Row("im2col", "self kernel_size dilation padding stride", |cx| cx.opaque().map(Some)),
    Row("col2im", "self output_size kernel_size dilation padding stride", fold),
];

fn depthwise(cx: &mut Cx<'_>) -> Built {
    let groups = cx.tensor("weight").and_then(|w| cx.shape(w)?.first()?.as_known());
    write(cx, false, groups)
}

fn any(cx: &mut Cx<'_>) -> Built {
    let transposed = cx.flag("transposed") == Some(true);
    conv(cx, transposed)
}

fn conv(cx: &mut Cx<'_>, transposed: bool) -> Built {
    let groups = cx.int("groups");
    write(cx, transposed, groups)
}

fn write(cx: &mut Cx<'_>, transposed: bool, groups: Option<i64>) -> Built {
    let (Some(x), Some(w)) = (cx.tensor("input").or_else(|| cx.tensor("self")), cx.tensor("weight")) else {
        return Ok(None);
    };
    let kernel: Option<Vec<i64>> = cx.shape(w).and_then(|d| d.get(2..)?.iter().map(Dim::as_known).collect());
    let sides = kernel.as_ref().map(Vec::len).or_else(|| Some(cx.ints("stride")?.len())).unwrap_or(2);
    // One number holds for every side.
    let each = |cx: &Cx<'_>, name: &str, otherwise: i64| match cx.ints(name) {
        Some(list) if list.len() == 1 => vec![list[0]; sides],
        Some(list) if list.len() == sides => list,
        _ => vec![otherwise; sides],
    };
    let mut attributes: Vec<(&str, Attribute)> = Vec::new();
    attributes.extend(kernel.map(|k| ("kernel_shape", Attribute::Ints(k))));
    attributes.push(("strides", Attribute::Ints(each(cx, "stride", 1))));
    attributes.push(("dilations", Attribute::Ints(each(cx, "dilation", 1))));
    match cx.text("padding") {
        Some("same") => attributes.push(("auto_pad", Attribute::String("SAME_UPPER".to_owned()))),
        Some(_) => attributes.push(("pads", ints(&vec![0; 2 * sides]))),
        None => attributes.push(("pads", Attribute::Ints(each(cx, "padding", 0).repeat(2)))),
    }
    attributes.push(("group", int(groups.unwrap_or(1))));
    let inputs = [Some(x), Some(w), cx.tensor("bias")];
    if transposed {
        let extra = each(cx, "output_padding", 0);
        if extra.iter().any(|n| *n != 0) {
            attributes.push(("output_padding", Attribute::Ints(extra)));
        }
        return cx.finish("ConvTranspose", &inputs, attributes);
    }
    cx.finish("Conv", &inputs, attributes)
}

fn fold(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let (Some(size), Some(kernel)) = (cx.dims("output_size"), cx.ints("kernel_size")) else {
        return Ok(None);
    };
    let pads = cx.ints("padding").unwrap_or_else(|| vec![0; kernel.len()]).repeat(2);
    let attributes = vec![
        ("dilations", Attribute::Ints(cx.ints("dilation").unwrap_or_else(|| vec![1; kernel.len()]))),
        ("pads", Attribute::Ints(pads)),
        ("strides", Attribute::Ints(cx.ints("stride").unwrap_or_else(|| vec![1; kernel.len()]))),
    ];
    let inputs = [Some(x), cx.list(size)?, cx.known(&kernel)?];
    cx.finish("Col2Im", &inputs, attributes)
}

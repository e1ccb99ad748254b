//! Pooling, norms and resizing of feature maps.

use netloom_graph::Attribute;
use netloom_graph::layers::channels::CHANNELS_LAST;

use super::{Done, Emit, channels_last, padding, sides};
use crate::formats::tensorflow::program::Op;

/// Operators on feature maps without learned kernels.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "MaxPool" | "MaxPool3D" => pool(cx, op, "MaxPool"),
        "AvgPool" | "AvgPool3D" => pool(cx, op, "AveragePool"),
        "BatchNorm" | "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => batch_norm(cx, op),
        "BatchNormWithGlobalNormalization" => old_batch_norm(cx, op),
        "LayerNorm" => layer_norm(cx, op),
        "LRN" => local_norm(cx, op),
        "ResizeBilinear" => resize(cx, op, "linear"),
        "ResizeNearestNeighbor" => resize(cx, op, "nearest"),
        "ResizeBicubic" => resize(cx, op, "cubic"),
        "DepthToSpace" | "SpaceToDepth" => blocks(cx, op),
        _ => Ok(false),
    }
}

fn pool(cx: &mut Emit<'_>, op: &Op, kind: &str) -> Done {
    let Some(kernel) = op.settings.ints("ksize").map(|k| sides(op, k)) else { return Ok(false) };
    let strides = op.settings.ints("strides").map(|k| sides(op, k)).unwrap_or_else(|| vec![1; kernel.len()]);
    let mut settings = vec![("kernel_shape", Attribute::Ints(kernel)), ("strides", Attribute::Ints(strides))];
    padding(op, &mut settings);
    if channels_last(op) {
        settings.push((CHANNELS_LAST, Attribute::Int(1)));
    }
    let inputs = cx.get_all(&op.inputs[..1.min(op.inputs.len())])?;
    cx.last(op, kind, inputs, settings)
}

fn norm_settings(op: &Op) -> Vec<(&'static str, Attribute)> {
    let epsilon = op.settings.float("epsilon").unwrap_or(1e-4);
    let mut settings = vec![("epsilon", Attribute::Float(epsilon))];
    if channels_last(op) {
        settings.push((CHANNELS_LAST, Attribute::Int(1)));
    }
    settings
}

fn batch_norm(cx: &mut Emit<'_>, op: &Op) -> Done {
    let inputs = cx.get_all(&op.inputs)?;
    let mut inputs = inputs;
    inputs.truncate(5);
    // The later results are statistics for training.
    cx.last(op, "BatchNormalization", inputs, norm_settings(op))
}

/// The oldest form: data, mean, variance, shift, scale.
fn old_batch_norm(cx: &mut Emit<'_>, op: &Op) -> Done {
    let order = [0, 4, 3, 1, 2].map(|i| op.input(i));
    let inputs = cx.get_all(&order)?;
    let settings = vec![
        ("epsilon", Attribute::Float(op.settings.float("variance_epsilon").unwrap_or(1e-3))),
        (CHANNELS_LAST, Attribute::Int(1)),
    ];
    cx.last(op, "BatchNormalization", inputs, settings)
}

fn layer_norm(cx: &mut Emit<'_>, op: &Op) -> Done {
    let inputs = cx.get_all(&op.inputs)?;
    let settings = vec![
        ("axis", Attribute::Int(op.settings.int("axis").unwrap_or(-1))),
        ("epsilon", Attribute::Float(op.settings.float("epsilon").unwrap_or(1e-5))),
    ];
    cx.last(op, "LayerNormalization", inputs, settings)
}

fn local_norm(cx: &mut Emit<'_>, op: &Op) -> Done {
    let inputs = cx.get_all(&op.inputs)?;
    let radius = op.settings.int("depth_radius").unwrap_or(5);
    let mut settings = vec![("size", Attribute::Int(radius.saturating_mul(2).saturating_add(1)))];
    for (ours, theirs) in [("alpha", "alpha"), ("beta", "beta"), ("bias", "bias")] {
        if let Some(value) = op.settings.float(theirs) {
            settings.push((ours, Attribute::Float(value)));
        }
    }
    settings.push((CHANNELS_LAST, Attribute::Int(1)));
    cx.last(op, "LRN", inputs, settings)
}

fn resize(cx: &mut Emit<'_>, op: &Op, mode: &str) -> Done {
    let Some(x) = op.input(0) else { return Ok(false) };
    let size = cx.known(op, 1);
    let made = cx.made(op).map(|d| [1, 2].map(|i| d.get(i).and_then(netloom_graph::Dim::as_known)));
    let sizes = match (size, made) {
        (Some(size), _) => Some(size),
        (None, Some([Some(h), Some(w)])) => Some(vec![h, w]),
        _ => None,
    };
    let sizes = match sizes {
        Some(sizes) => Some(cx.ints(op, "size", sizes)?),
        None => op.input(1).map(|v| cx.get(v)).transpose()?,
    };
    let flag = |key: &str| op.settings.int(key) == Some(1);
    let places = if flag("align_corners") {
        "align_corners"
    } else if flag("half_pixel_centers") {
        "half_pixel"
    } else {
        "asymmetric"
    };
    let inputs = vec![Some(cx.get(x)?), None, None, sizes];
    let settings = vec![
        ("mode", Attribute::String(mode.to_owned())),
        ("coordinate_transformation_mode", Attribute::String(places.to_owned())),
        ("axes", Attribute::Ints(vec![1, 2])),
        (CHANNELS_LAST, Attribute::Int(1)),
    ];
    cx.last(op, "Resize", inputs, settings)
}

fn blocks(cx: &mut Emit<'_>, op: &Op) -> Done {
    let inputs = cx.get_all(&op.inputs)?;
    let size = op.settings.int("block_size").unwrap_or(2);
    let mut settings = vec![("blocksize", Attribute::Int(size))];
    if channels_last(op) {
        settings.push((CHANNELS_LAST, Attribute::Int(1)));
    }
    cx.last(op, &op.kind, inputs, settings)
}

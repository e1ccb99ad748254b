//! Norms.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};
use crate::Error;

/// The most channels for which a scale and a shift that the module does not have are written out.
const MAX_CHANNELS: usize = 4096;

const BATCH: &str = "input weight bias running_mean running_var training momentum eps";
const FROZEN: &str = "input weight bias running_mean running_var momentum eps";
const ALONE: &str = "input weight bias training momentum eps";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("batch_norm", BATCH, batch),
    Row("native_batch_norm", BATCH, batch),
    Row(
        "cudnn_batch_norm",
        "input weight bias running_mean running_var training exponential_average_factor epsilon|eps",
        batch,
    ),
    Row("_native_batch_norm_legit", BATCH, batch),
    Row("_native_batch_norm_legit_functional", BATCH, batch),
    Row("_native_batch_norm_legit.no_stats", ALONE, batch),
    Row("_native_batch_norm_legit_no_training", FROZEN, batch),
    Row("_batch_norm_no_update", FROZEN, batch),
    Row("_batch_norm_with_update", FROZEN, |cx| batch_norm(cx, true)),
    Row("_batch_norm_with_update_functional", FROZEN, |cx| batch_norm(cx, true)),
    Row("_batch_norm_impl_index", BATCH, batch),
    Row("layer_norm", "input normalized_shape weight bias eps", |cx| layer(cx, "LayerNormalization")),
    Row("native_layer_norm", "input normalized_shape weight bias eps", |cx| layer(cx, "LayerNormalization")),
    Row("rms_norm", "input normalized_shape weight eps", |cx| layer(cx, "RMSNormalization")),
    Row("_fused_rms_norm", "input normalized_shape weight eps", |cx| layer(cx, "RMSNormalization")),
    Row("group_norm", "input num_groups weight bias eps", group),
    Row("native_group_norm", "input weight bias N C HxW group eps", group),
    Row("instance_norm", "input weight bias running_mean running_var use_input_stats momentum eps", instance),
    Row("local_response_norm", "input size alpha beta k", |cx| cx.opaque().map(Some)),
];

fn batch(cx: &mut Cx<'_>) -> Built {
    let training = cx.flag("training") == Some(true);
    batch_norm(cx, training)
}

fn batch_norm(cx: &mut Cx<'_>, training: bool) -> Built {
    let Some(x) = cx.tensor("input") else { return Ok(None) };
    let channels = channels(cx, x);
    let scale = or_filled(cx, "weight", channels, 1.0)?;
    let shift = or_filled(cx, "bias", channels, 0.0)?;
    let mean = or_filled(cx, "running_mean", channels, 0.0)?;
    let variance = or_filled(cx, "running_var", channels, 1.0)?;
    let mut attributes = vec![("epsilon", Attribute::Float(cx.float("eps").unwrap_or(1e-5)))];
    // ONNX says how much stays, PyTorch how much is new.
    if let Some(momentum) = cx.float("momentum") {
        attributes.push(("momentum", Attribute::Float(1.0 - momentum)));
    }
    if training {
        attributes.push(("training_mode", int(1)));
    }
    cx.finish_first("BatchNormalization", &[Some(x), scale, shift, mean, variance], attributes)
}

fn channels(cx: &Cx<'_>, x: TensorId) -> Option<usize> {
    let n = usize::try_from(cx.shape(x)?.get(1)?.as_known()?).ok()?;
    (n <= MAX_CHANNELS).then_some(n)
}

fn or_filled(cx: &mut Cx<'_>, name: &str, n: Option<usize>, x: f64) -> Result<Option<TensorId>, Error> {
    match (cx.tensor(name), n) {
        (Some(t), _) => Ok(Some(t)),
        (None, Some(n)) => cx.filled(n, x),
        (None, None) => Ok(None),
    }
}

fn layer(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.tensor("input") else { return Ok(None) };
    let over = cx.dims("normalized_shape").map_or(1, |d| d.len().max(1));
    let axis = -i64::try_from(over).unwrap_or(1);
    let mut attributes = vec![("axis", int(axis))];
    attributes.extend(cx.float("eps").map(|e| ("epsilon", Attribute::Float(e))));
    let inputs = [Some(x), cx.tensor("weight"), cx.tensor("bias")];
    cx.finish_first(op, &inputs, attributes)
}

fn group(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("input") else { return Ok(None) };
    let groups = cx.int("num_groups").or_else(|| cx.int("group")).unwrap_or(1);
    let mut attributes = vec![("num_groups", int(groups))];
    attributes.extend(cx.float("eps").map(|e| ("epsilon", Attribute::Float(e))));
    let inputs = [Some(x), cx.tensor("weight"), cx.tensor("bias")];
    cx.finish_first("GroupNormalization", &inputs, attributes)
}

fn instance(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("input") else { return Ok(None) };
    if cx.flag("use_input_stats") == Some(false) {
        return batch_norm(cx, false);
    }
    let channels = channels(cx, x);
    let scale = or_filled(cx, "weight", channels, 1.0)?;
    let shift = or_filled(cx, "bias", channels, 0.0)?;
    let epsilon = Attribute::Float(cx.float("eps").unwrap_or(1e-5));
    cx.finish("InstanceNormalization", &[Some(x), scale, shift], vec![("epsilon", epsilon)])
}

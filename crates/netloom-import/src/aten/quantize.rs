//! Change between numbers and codes of few bits.

use netloom_graph::{DType, TensorId};

use super::cx::{Built, Cx, int};
use super::{Arg, Row};

const TENSOR: &str = "input|self scale|scales zero_point|zero_points quant_min quant_max dtype";
const CHANNEL: &str = "input|self scales zero_points axis quant_min quant_max dtype";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("quantize_per_tensor", TENSOR, |cx| convert(cx, "QuantizeLinear")),
    Row("dequantize_per_tensor", TENSOR, |cx| convert(cx, "DequantizeLinear")),
    Row("quantize_per_channel", CHANNEL, |cx| convert(cx, "QuantizeLinear")),
    Row("dequantize_per_channel", CHANNEL, |cx| convert(cx, "DequantizeLinear")),
    Row("fake_quantize_per_tensor_affine", TENSOR, fake),
    Row("fake_quantize_per_channel_affine", "self scale zero_point axis", fake),
    Row("_fake_quantize_learnable_per_tensor_affine", TENSOR, fake),
    Row("choose_qparams", "input quant_min quant_max eps dtype", |cx| cx.opaque().map(Some)),
];

fn convert(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let (scale, zero) = numbers(cx)?;
    let attributes = cx.int("axis").map(|a| vec![("axis", int(a))]).unwrap_or_default();
    cx.finish(op, &[Some(x), scale, zero], attributes)
}

fn numbers(cx: &mut Cx<'_>) -> Result<(Option<TensorId>, Option<TensorId>), crate::Error> {
    let scale =
        cx.operand_of(if matches!(cx.arg("scale"), Arg::None) { "scales" } else { "scale" }, DType::Float32)?;
    let dtype = cx.asked_dtype().unwrap_or(DType::Int8);
    let name = if matches!(cx.arg("zero_point"), Arg::None) { "zero_points" } else { "zero_point" };
    let zero = cx.operand_of(name, dtype)?;
    Ok((scale, zero))
}

/// To codes and back.
fn fake(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let (scale, zero) = numbers(cx)?;
    let codes = cx.node("QuantizeLinear", &[Some(x), scale, zero], vec![])?;
    cx.finish_first("DequantizeLinear", &[Some(codes), scale, zero], vec![])
}

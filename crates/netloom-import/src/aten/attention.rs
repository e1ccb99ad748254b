//! Attention of queries to keys and values, written out as products and a softmax.

use netloom_graph::{Attribute, DType, Dim, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};
use crate::Error;

const PLAIN: &str = "query key value attn_mask dropout_p is_causal scale enable_gqa";
const FLASH: &str = "query key value dropout_p is_causal";
const BIASED: &str = "query key value attn_bias|attn_mask compute_log_sumexp dropout_p is_causal";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("scaled_dot_product_attention", PLAIN, attention),
    Row(
        "_scaled_dot_product_attention_math",
        "query key value attn_mask dropout_p is_causal dropout_mask",
        attention,
    ),
    Row("_scaled_dot_product_attention_math_for_mps", PLAIN, attention),
    Row("_scaled_dot_product_flash_attention", FLASH, attention),
    Row("_scaled_dot_product_flash_attention_for_cpu", FLASH, attention),
    Row("_scaled_dot_product_efficient_attention", BIASED, attention),
    Row("_scaled_dot_product_cudnn_attention", BIASED, attention),
    Row(
        "_scaled_dot_product_fused_attention_overrideable",
        "query key value attn_bias dropout_p is_causal",
        attention,
    ),
];

fn attention(cx: &mut Cx<'_>) -> Built {
    let (Some(q), Some(mut k), Some(mut v)) = (cx.tensor("query"), cx.tensor("key"), cx.tensor("value"))
    else {
        return Ok(None);
    };
    let (Some(q_shape), Some(k_shape)) = (cx.shape(q), cx.shape(k)) else { return Ok(None) };
    let rank = q_shape.len();
    if rank < 2 || k_shape.len() != rank {
        return Ok(None);
    }
    if rank == 4 && shares(&q_shape, &k_shape) {
        (k, v) = (repeat_heads(cx, k, &q_shape)?, repeat_heads(cx, v, &q_shape)?);
    }
    let mut order: Vec<i64> = (0..i64::try_from(rank).unwrap_or(0)).collect();
    order.swap(rank - 1, rank - 2);
    let turned = cx.node("Transpose", &[Some(k)], vec![("perm", Attribute::Ints(order))])?;
    let scores = cx.node("MatMul", &[Some(q), Some(turned)], vec![])?;
    let mut scores = scaled(cx, scores, q, &q_shape)?;
    let mask = match cx.tensor("attn_mask").or_else(|| cx.tensor("attn_bias")) {
        Some(mask) if cx.dtype(mask) == Some(DType::Bool) => Some(hidden(cx, mask, q)?),
        Some(mask) => Some(mask),
        None if cx.flag("is_causal") == Some(true) => {
            Some(causal(cx, q, q_shape[rank - 2].clone(), k_shape[rank - 2].clone())?)
        }
        None => None,
    };
    if let Some(mask) = mask {
        scores = cx.node("Add", &[Some(scores), Some(mask)], vec![])?;
    }
    let mut weights = cx.node("Softmax", &[Some(scores)], vec![("axis", int(-1))])?;
    if let Some(p) = cx.float("dropout_p").filter(|p| *p > 0.0) {
        let (ratio, train) = (cx.number(p, None)?, cx.truth(true)?);
        weights = cx.node("Dropout", &[Some(weights), ratio, train], vec![])?;
    }
    cx.finish_first("MatMul", &[Some(weights), Some(v)], vec![])
}

#[expect(clippy::cast_precision_loss, reason = "heads are narrow")]
fn scaled(cx: &mut Cx<'_>, scores: TensorId, q: TensorId, shape: &[Dim]) -> Result<TensorId, Error> {
    let width = shape.last().and_then(Dim::as_known);
    let Some(scale) = cx.float("scale").or_else(|| width.map(|n| 1.0 / (n as f64).sqrt())) else {
        return Ok(scores);
    };
    let scale = cx.number(scale, cx.dtype(q))?;
    cx.node("Mul", &[Some(scores), scale], vec![])
}

/// Whether several heads of queries share one of keys.
fn shares(q: &[Dim], k: &[Dim]) -> bool {
    matches!((q[1].as_known(), k[1].as_known()), (Some(q), Some(k)) if q != k && k > 0 && q % k == 0)
}

fn repeat_heads(cx: &mut Cx<'_>, x: TensorId, q: &[Dim]) -> Result<TensorId, Error> {
    let Some(shape) = cx.shape(x).filter(|s| s.len() == 4) else { return Ok(x) };
    let times = q[1].floor_div(&shape[1]);
    let axes = cx.known(&[2])?;
    let apart = cx.node("Unsqueeze", &[Some(x), axes], vec![])?;
    let size =
        cx.list(vec![shape[0].clone(), shape[1].clone(), times, shape[2].clone(), shape[3].clone()])?;
    let wide = cx.node("Expand", &[Some(apart), size], vec![])?;
    let size = cx.list(vec![shape[0].clone(), q[1].clone(), shape[2].clone(), shape[3].clone()])?;
    cx.node("Reshape", &[Some(wide), size], vec![])
}

/// What a mask of truth values adds: nothing where it is true, minus infinity elsewhere.
fn hidden(cx: &mut Cx<'_>, mask: TensorId, q: TensorId) -> Result<TensorId, Error> {
    let dtype = cx.dtype(q);
    let (seen, not) = (cx.number(0.0, dtype)?, cx.number(f64::NEG_INFINITY, dtype)?);
    cx.node("Where", &[Some(mask), seen, not], vec![])
}

fn causal(cx: &mut Cx<'_>, q: TensorId, length: Dim, total: Dim) -> Result<TensorId, Error> {
    let (one, size) = (cx.truth(true)?, cx.list(vec![length, total])?);
    let all = cx.node("Expand", &[one, size], vec![])?;
    let past = cx.node("Trilu", &[Some(all)], vec![("upper", int(0))])?;
    hidden(cx, past, q)
}

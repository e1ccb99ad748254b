//! What changes no number: copies, views of memory, casts, dropout outside training, checks.

use netloom_graph::{DType, TensorId};

use super::cx::{Built, Cx, int};
use super::{Arg, Row};

macro_rules! same {
    ($($name:literal)*) => { &[
        $(Row($name, "self|input", same),)*
        Row("to", "self dtype", cast),
        Row("_to_copy", "self", cast),
        Row("convert_element_type", "a dtype", cast),
        Row("type", "self dtype", cast),
        Row("type_as", "self other", cast_like),
        Row("to.other", "self other", cast_like),
        Row("float", "self", |cx| to(cx, Some(DType::Float32))),
        Row("double", "self", |cx| to(cx, Some(DType::Float64))),
        Row("half", "self", |cx| to(cx, Some(DType::Float16))),
        Row("bfloat16", "self", |cx| to(cx, Some(DType::BFloat16))),
        Row("int", "self", |cx| to(cx, Some(DType::Int32))),
        Row("long", "self", |cx| to(cx, Some(DType::Int64))),
        Row("bool", "self", |cx| to(cx, Some(DType::Bool))),
        Row("dropout", "input|self p train", dropout),
        Row("feature_dropout", "input p train", dropout),
        Row("alpha_dropout", "input p train", dropout),
        Row("feature_alpha_dropout", "input p train", dropout),
        Row("native_dropout", "input p train", dropout),
    ] };
}

/// The operators of this family.
pub(super) const FAMILY: &[Row] = same! {
    "alias" "detach" "clone" "contiguous" "lift_fresh" "lift_fresh_copy" "lift" "positive" "cpu" "cuda"
    "requires_grad" "conj" "resolve_conj" "resolve_neg" "_conj" "pin_memory" "_reshape_alias_same"
    "_assert_tensor_metadata" "_assert_async" "sym_constrain_range" "sym_constrain_range_for_size" "_unsafe_alias"
    "variable" "view_of" "_lazy_clone" "data" "fill_alias"
};

fn same(cx: &mut Cx<'_>) -> Built {
    match cx.first() {
        // A check that makes nothing.
        _ if cx.outputs.is_empty() => Ok(Some(Vec::new())),
        Some(x) => cx.same(x),
        None => Ok(None),
    }
}

fn cast(cx: &mut Cx<'_>) -> Built {
    if matches!(cx.arg("dtype"), Arg::Tensor(_)) {
        cx.names = "self other";
        return cast_like(cx);
    }
    let dtype = cx.asked_dtype().or_else(|| cx.outputs.first().and_then(|(_, ty)| ty.dtype()));
    to(cx, dtype)
}

fn cast_like(cx: &mut Cx<'_>) -> Built {
    let dtype = cx.tensor("other").and_then(|t| cx.dtype(t));
    to(cx, dtype)
}

fn to(cx: &mut Cx<'_>, dtype: Option<DType>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    match dtype {
        Some(dtype) if cx.dtype(x) != Some(dtype) => {
            cx.finish("Cast", &[Some(x)], vec![("to", int(dtype.to_onnx()))])
        }
        _ => cx.same(x),
    }
}

fn dropout(cx: &mut Cx<'_>) -> Built {
    let Some(x): Option<TensorId> = cx.first() else { return Ok(None) };
    let ratio = cx.number(cx.float("p").unwrap_or(0.5), None)?;
    // Without the third input it does nothing.
    let train = if cx.flag("train") == Some(true) { cx.truth(true)? } else { None };
    cx.finish("Dropout", &[Some(x), ratio, train], vec![])
}

//! Comparisons and logic.

use netloom_graph::DType;

use super::Row;
use super::arithmetic::two;
use super::cx::{Built, Cx, int};

const TWO: &str = "self|a other|b";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("eq", TWO, |cx| two(cx, "Equal")),
    Row("ne", TWO, |cx| not(cx, "Equal")),
    Row("not_equal", TWO, |cx| not(cx, "Equal")),
    Row("lt", TWO, |cx| two(cx, "Less")),
    Row("less", TWO, |cx| two(cx, "Less")),
    Row("le", TWO, |cx| two(cx, "LessOrEqual")),
    Row("less_equal", TWO, |cx| two(cx, "LessOrEqual")),
    Row("gt", TWO, |cx| two(cx, "Greater")),
    Row("greater", TWO, |cx| two(cx, "Greater")),
    Row("ge", TWO, |cx| two(cx, "GreaterOrEqual")),
    Row("greater_equal", TWO, |cx| two(cx, "GreaterOrEqual")),
    Row("logical_and", TWO, |cx| two(cx, "And")),
    Row("logical_or", TWO, |cx| two(cx, "Or")),
    Row("logical_xor", TWO, |cx| two(cx, "Xor")),
    Row("logical_not", "self", negate),
    Row("bitwise_and", TWO, |cx| bits(cx, "And", "BitwiseAnd")),
    Row("bitwise_or", TWO, |cx| bits(cx, "Or", "BitwiseOr")),
    Row("bitwise_xor", TWO, |cx| bits(cx, "Xor", "BitwiseXor")),
    Row("__and__", TWO, |cx| bits(cx, "And", "BitwiseAnd")),
    Row("__or__", TWO, |cx| bits(cx, "Or", "BitwiseOr")),
    Row("__xor__", TWO, |cx| bits(cx, "Xor", "BitwiseXor")),
    Row("__iand__", TWO, |cx| bits(cx, "And", "BitwiseAnd")),
    Row("__ior__", TWO, |cx| bits(cx, "Or", "BitwiseOr")),
    Row("bitwise_not.Bool", "self", negate),
    Row("isnan", "self", |cx| super::activation::plain(cx, "IsNaN")),
    Row("isinf", "self", |cx| super::activation::plain(cx, "IsInf")),
    Row("isin", "elements test_elements", |cx| cx.opaque().map(Some)),
    Row("isfinite", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let infinite = cx.node("IsInf", &[Some(x)], vec![])?;
        cx.finish("Not", &[Some(infinite)], vec![])
    }),
];

fn not(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let other = cx.operand("other", x)?;
    let same = cx.node(op, &[Some(x), other], vec![])?;
    cx.finish("Not", &[Some(same)], vec![])
}

fn negate(cx: &mut Cx<'_>) -> Built {
    let Some(mut x) = cx.first() else { return Ok(None) };
    if cx.dtype(x).is_some_and(|d| d != DType::Bool) {
        x = cx.node("Cast", &[Some(x)], vec![("to", int(DType::Bool.to_onnx()))])?;
    }
    cx.finish("Not", &[Some(x)], vec![])
}

/// On truth values logic, on whole numbers bit by bit.
fn bits(cx: &mut Cx<'_>, logic: &str, whole: &str) -> Built {
    let is_bool = cx.tensor("self").and_then(|x| cx.dtype(x)).is_none_or(|d| d == DType::Bool);
    two(cx, if is_bool { logic } else { whole })
}

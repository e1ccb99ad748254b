//! Arithmetic on numbers one by one.

use netloom_graph::{Attribute, DType, TensorId};

use super::Row;
use super::activation::plain;
use super::cx::{Built, Cx, int};
use crate::Error;

const TWO: &str = "self|input|a other|b alpha";

macro_rules! family {
    ($($name:literal $op:literal,)*; $($row:expr,)*) => { &[
        $(Row($name, "self|input|a|x", |cx| plain(cx, $op)),)*
        $($row,)*
    ] };
}

/// The operators of this family.
pub(super) const FAMILY: &[Row] = family! {
    "neg" "Neg", "negative" "Neg", "abs" "Abs", "absolute" "Abs", "exp" "Exp", "log" "Log", "sqrt" "Sqrt",
    "reciprocal" "Reciprocal", "erf" "Erf", "special_erf" "Erf", "sin" "Sin", "cos" "Cos", "tan" "Tan",
    "asin" "Asin", "acos" "Acos", "atan" "Atan", "sinh" "Sinh", "cosh" "Cosh", "asinh" "Asinh",
    "acosh" "Acosh", "atanh" "Atanh", "floor" "Floor", "ceil" "Ceil", "round" "Round", "sign" "Sign",
    "sgn" "Sign", "special_expit" "Sigmoid", "bitwise_not" "BitwiseNot", "arctan" "Atan",;
    Row("add", TWO, |cx| sum(cx, "Add")),
    Row("sub", TWO, |cx| sum(cx, "Sub")),
    Row("subtract", TWO, |cx| sum(cx, "Sub")),
    Row("rsub", TWO, rsub),
    Row("mul", TWO, |cx| two(cx, "Mul")),
    Row("multiply", TWO, |cx| two(cx, "Mul")),
    Row("div", "self|a other|b rounding_mode", div),
    Row("divide", "self other rounding_mode", div),
    Row("true_divide", TWO, |cx| two(cx, "Div")),
    Row("floor_divide", TWO, floor_div),
    Row("floordiv", TWO, floor_div),
    Row("remainder", TWO, |cx| two(cx, "Mod")),
    Row("fmod", TWO, |cx| two(cx, "Mod")),
    Row("pow", "self exponent", pow),
    Row("float_power", "self exponent", pow),
    Row("square", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        cx.finish("Mul", &[Some(x), Some(x)], vec![])
    }),
    Row("rsqrt", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let root = cx.node("Sqrt", &[Some(x)], vec![])?;
        cx.finish("Reciprocal", &[Some(root)], vec![])
    }),
    Row("trunc", "self", |cx| plain(cx, "Floor")),
    Row("fix", "self", |cx| plain(cx, "Floor")),
    Row("exp2", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let base = cx.number(2.0, cx.dtype(x))?;
        cx.finish("Pow", &[base, Some(x)], vec![])
    }),
    Row("log1p", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let one = cx.number(1.0, cx.dtype(x))?;
        let more = cx.node("Add", &[Some(x), one], vec![])?;
        cx.finish("Log", &[Some(more)], vec![])
    }),
    Row("expm1", "self", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        let one = cx.number(1.0, cx.dtype(x))?;
        let power = cx.node("Exp", &[Some(x)], vec![])?;
        cx.finish("Sub", &[Some(power), one], vec![])
    }),
    Row("log2", "self", |cx| log(cx, std::f64::consts::LN_2)),
    Row("log10", "self", |cx| log(cx, std::f64::consts::LN_10)),
    Row("diff", "self n dim", diff),
    Row("_weight_norm", "v g dim", weight_norm),
    Row("_weight_norm_interface", "v g dim", weight_norm),
    Row("maximum", TWO, |cx| two(cx, "Max")),
    Row("minimum", TWO, |cx| two(cx, "Min")),
    Row("fmax", TWO, |cx| two(cx, "Max")),
    Row("fmin", TWO, |cx| two(cx, "Min")),
    Row("addcmul", "self tensor1 tensor2 value", |cx| addc(cx, "Mul")),
    Row("addcdiv", "self tensor1 tensor2 value", |cx| addc(cx, "Div")),
    Row("lerp", "self end weight", lerp),
    Row("where", "condition self|input other", choose),
    Row("masked_fill", "self mask value", |cx| {
        let (Some(x), Some(mask)) = (cx.tensor("self"), cx.tensor("mask")) else { return Ok(None) };
        let value = cx.operand("value", x)?;
        cx.finish("Where", &[Some(mask), value, Some(x)], vec![])
    }),
    Row("nan_to_num", "self nan posinf neginf", |cx| {
        let Some(x) = cx.first() else { return Ok(None) };
        cx.same(x)
    }),
    Row("bitwise_left_shift", TWO, |cx| shift(cx, "LEFT")),
    Row("bitwise_right_shift", TWO, |cx| shift(cx, "RIGHT")),
    Row("__lshift__", TWO, |cx| shift(cx, "LEFT")),
    Row("__rshift__", TWO, |cx| shift(cx, "RIGHT")),
};

pub(super) fn two(cx: &mut Cx<'_>, op: &str) -> Built {
    let left = cx.arg("self");
    let right = cx.arg("other");
    let (a, b) = match (left, right) {
        (super::Arg::Tensor(x), _) => (Some(*x), cx.operand("other", *x)?),
        (_, super::Arg::Tensor(y)) => (cx.operand("self", *y)?, Some(*y)),
        _ => return Ok(None),
    };
    let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
    let (a, b) = (promoted(cx, op, a)?, promoted(cx, op, b)?);
    cx.finish(op, &[Some(a), Some(b)], vec![])
}

/// Whole numbers beside fractions become fractions.
pub(super) fn promoted(cx: &mut Cx<'_>, op: &str, x: TensorId) -> Result<TensorId, Error> {
    const COMPARE: &[&str] =
        &["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor"];
    let to = cx.outputs.first().and_then(|(_, t)| t.dtype()).filter(|d| d.is_float());
    match (to, cx.dtype(x)) {
        (Some(to), Some(from)) if !from.is_float() && !COMPARE.contains(&op) => {
            cx.node("Cast", &[Some(x)], vec![("to", int(to.to_onnx()))])
        }
        _ => Ok(x),
    }
}

/// Sums have a factor for the second operand.
fn sum(cx: &mut Cx<'_>, op: &str) -> Built {
    let factor = cx.float("alpha").filter(|f| (*f - 1.0).abs() > 0.0);
    let (Some(factor), Some(x), Some(other)) = (factor, cx.tensor("self"), cx.tensor("other")) else {
        return two(cx, op);
    };
    let factor = cx.number(factor, cx.dtype(other))?;
    let scaled = cx.node("Mul", &[Some(other), factor], vec![])?;
    cx.finish(op, &[Some(x), Some(scaled)], vec![])
}

fn rsub(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let other = cx.operand("other", x)?;
    cx.finish("Sub", &[other, Some(x)], vec![])
}

fn div(cx: &mut Cx<'_>) -> Built {
    match cx.text("rounding_mode") {
        Some(_) => floor_div(cx),
        None => two(cx, "Div"),
    }
}

/// Whole numbers divide without remainder; others are rounded down.
fn floor_div(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return two(cx, "Div") };
    let other = cx.operand("other", x)?;
    if cx.dtype(x).is_some_and(DType::is_int) {
        return cx.finish("Div", &[Some(x), other], vec![]);
    }
    let quotient = cx.node("Div", &[Some(x), other], vec![])?;
    cx.finish("Floor", &[Some(quotient)], vec![])
}

fn pow(cx: &mut Cx<'_>) -> Built {
    match (cx.tensor("self"), cx.tensor("exponent")) {
        (Some(x), _) => {
            let exponent = cx.operand("exponent", x)?;
            cx.finish("Pow", &[Some(x), exponent], vec![])
        }
        (None, Some(power)) => {
            let base = cx.operand("self", power)?;
            cx.finish("Pow", &[base, Some(power)], vec![])
        }
        _ => Ok(None),
    }
}

fn log(cx: &mut Cx<'_>, base: f64) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let natural = cx.node("Log", &[Some(x)], vec![])?;
    let base = cx.number(base, cx.dtype(x))?;
    cx.finish("Div", &[Some(natural), base], vec![])
}

fn addc(cx: &mut Cx<'_>, op: &str) -> Built {
    let (Some(x), Some(a), Some(b)) = (cx.tensor("self"), cx.tensor("tensor1"), cx.tensor("tensor2")) else {
        return Ok(None);
    };
    let mut product = cx.node(op, &[Some(a), Some(b)], vec![])?;
    if let Some(factor) = cx.float("value").filter(|f| (*f - 1.0).abs() > 0.0) {
        let factor = cx.number(factor, cx.dtype(x))?;
        product = cx.node("Mul", &[Some(product), factor], vec![])?;
    }
    cx.finish("Add", &[Some(x), Some(product)], vec![])
}

fn lerp(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(end)) = (cx.tensor("self"), cx.tensor("end")) else { return Ok(None) };
    let weight = cx.operand("weight", x)?;
    let way = cx.node("Sub", &[Some(end), Some(x)], vec![])?;
    let step = cx.node("Mul", &[weight, Some(way)], vec![])?;
    cx.finish("Add", &[Some(x), Some(step)], vec![])
}

fn choose(cx: &mut Cx<'_>) -> Built {
    let Some(condition) = cx.tensor("condition") else { return Ok(None) };
    let (a, b) = (cx.tensor("self"), cx.tensor("other"));
    let dtype = a.or(b).and_then(|t| cx.dtype(t)).or_else(|| cx.outputs.first().and_then(|(_, t)| t.dtype()));
    let (yes, no) = (cx.arg("self"), cx.arg("other"));
    let yes: Option<TensorId> = cx.as_operand(yes, dtype)?;
    let no = cx.as_operand(no, dtype)?;
    if yes.is_none() || no.is_none() {
        return Ok(None);
    }
    cx.finish("Where", &[Some(condition), yes, no], vec![])
}

/// Each number less the one before it, along an axis.
fn diff(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    if cx.int("n").is_some_and(|n| n != 1) || cx.tensor("prepend").is_some() || cx.tensor("append").is_some()
    {
        return Ok(None);
    }
    let axis = cx.int("dim").unwrap_or(-1);
    let mut sides = Vec::new();
    for (start, end) in [(1, i64::MAX), (0, -1)] {
        let inputs = [Some(x), cx.known(&[start])?, cx.known(&[end])?, cx.known(&[axis])?];
        sides.push(Some(cx.node("Slice", &inputs, vec![])?));
    }
    cx.finish("Sub", &sides, vec![])
}

/// A direction of length one times a learned length.
fn weight_norm(cx: &mut Cx<'_>) -> Built {
    let (Some(v), Some(g)) = (cx.tensor("v"), cx.tensor("g")) else { return Ok(None) };
    let Some(rank) = cx.rank(v) else { return Ok(None) };
    let kept = cx.axis(v, cx.int("dim").unwrap_or(0));
    let axes: Vec<i64> = (0..i64::try_from(rank).unwrap_or(0)).filter(|a| Some(*a) != kept).collect();
    let axes = cx.known(&axes)?;
    let length = cx.node("ReduceL2", &[Some(v), axes], vec![("keepdims", int(1))])?;
    let direction = cx.node("Div", &[Some(v), Some(length)], vec![])?;
    cx.finish_first("Mul", &[Some(direction), Some(g)], vec![])
}

fn shift(cx: &mut Cx<'_>, way: &str) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let by = cx.operand("other", x)?;
    cx.finish("BitShift", &[Some(x), by], vec![("direction", Attribute::String(way.to_owned()))])
}

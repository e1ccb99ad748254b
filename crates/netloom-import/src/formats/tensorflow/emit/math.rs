//! Pointwise operators: activations, arithmetic, comparisons.

use netloom_graph::{Attribute, DType};

use super::{Done, Emit};
use crate::formats::tensorflow::program::Op;

/// Operators that are one operator of the standard set with the same inputs.
const SAME: &[(&str, &str)] = &[
    ("Abs", "Abs"),
    ("AccumulateNV2", "Sum"),
    ("Acos", "Acos"),
    ("Acosh", "Acosh"),
    ("Add", "Add"),
    ("AddN", "Sum"),
    ("AddV2", "Add"),
    ("Asin", "Asin"),
    ("Asinh", "Asinh"),
    ("Atan", "Atan"),
    ("Atanh", "Atanh"),
    ("BiasAdd", "Add"),
    ("BiasAddV1", "Add"),
    ("Ceil", "Ceil"),
    ("Cos", "Cos"),
    ("Cosh", "Cosh"),
    ("Div", "Div"),
    ("DivNoNan", "Div"),
    ("Elu", "Elu"),
    ("Equal", "Equal"),
    ("Erf", "Erf"),
    ("Exp", "Exp"),
    ("Floor", "Floor"),
    ("FloorMod", "Mod"),
    ("Gelu", "Gelu"),
    ("Greater", "Greater"),
    ("GreaterEqual", "GreaterOrEqual"),
    ("HardSwish", "HardSwish"),
    ("Identity", "Identity"),
    ("Inv", "Reciprocal"),
    ("IsInf", "IsInf"),
    ("IsNan", "IsNaN"),
    ("Less", "Less"),
    ("LessEqual", "LessOrEqual"),
    ("Log", "Log"),
    ("LogicalAnd", "And"),
    ("LogicalNot", "Not"),
    ("LogicalOr", "Or"),
    ("Maximum", "Max"),
    ("Minimum", "Min"),
    ("Mod", "Mod"),
    ("Mul", "Mul"),
    ("MulNoNan", "Mul"),
    ("Neg", "Neg"),
    ("PRelu", "PRelu"),
    ("Pow", "Pow"),
    ("RealDiv", "Div"),
    ("Reciprocal", "Reciprocal"),
    ("Relu", "Relu"),
    ("Rint", "Round"),
    ("Round", "Round"),
    ("Selu", "Selu"),
    ("Sigmoid", "Sigmoid"),
    ("Sign", "Sign"),
    ("Sin", "Sin"),
    ("Sinh", "Sinh"),
    ("Softplus", "Softplus"),
    ("Softsign", "Softsign"),
    ("Sqrt", "Sqrt"),
    ("Sub", "Sub"),
    ("Tan", "Tan"),
    ("Tanh", "Tanh"),
];

/// Pointwise operators.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    if let Ok(at) = SAME.binary_search_by_key(&op.kind.as_str(), |row| row.0) {
        let inputs = cx.get_all(&op.inputs)?;
        return cx.last(op, SAME[at].1, inputs, Vec::new());
    }
    let Some(x) = op.input(0) else { return Ok(false) };
    match op.kind.as_str() {
        "Relu6" => clip(cx, op, 0.0, 6.0),
        "ReluN1To1" => clip(cx, op, -1.0, 1.0),
        "Relu0To1" => clip(cx, op, 0.0, 1.0),
        "LeakyRelu" => {
            let x = cx.get(x)?;
            let alpha = op.settings.float("alpha").unwrap_or(0.2);
            cx.last(op, "LeakyRelu", vec![Some(x)], vec![("alpha", Attribute::Float(alpha))])
        }
        "Softmax" | "LogSoftmax" => {
            let x = cx.get(x)?;
            cx.last(op, &op.kind, vec![Some(x)], vec![("axis", Attribute::Int(-1))])
        }
        "L2Normalize" => {
            let x = cx.get(x)?;
            let settings = vec![("p", Attribute::Int(2)), ("axis", Attribute::Int(-1))];
            cx.last(op, "LpNormalization", vec![Some(x)], settings)
        }
        "Square" => {
            let x = cx.get(x)?;
            cx.last(op, "Mul", vec![Some(x), Some(x)], Vec::new())
        }
        "SquaredDifference" => {
            let inputs = cx.get_all(&op.inputs)?;
            let difference = cx.step(op, "Sub", inputs, Vec::new())?;
            cx.last(op, "Mul", vec![Some(difference), Some(difference)], Vec::new())
        }
        "Rsqrt" => {
            let x = cx.get(x)?;
            let root = cx.step(op, "Sqrt", vec![Some(x)], Vec::new())?;
            cx.last(op, "Reciprocal", vec![Some(root)], Vec::new())
        }
        "NotEqual" => {
            let inputs = cx.get_all(&op.inputs)?;
            let equal = cx.step(op, "Equal", inputs, Vec::new())?;
            cx.last(op, "Not", vec![Some(equal)], Vec::new())
        }
        "FloorDiv" => {
            let inputs = cx.get_all(&op.inputs)?;
            if cx.ty(op.input(0)).dtype().is_some_and(DType::is_int) {
                return cx.last(op, "Div", inputs, Vec::new());
            }
            let quotient = cx.step(op, "Div", inputs, Vec::new())?;
            cx.last(op, "Floor", vec![Some(quotient)], Vec::new())
        }
        "ClipByValue" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "Clip", inputs, Vec::new())
        }
        "Cast" => {
            let x = cx.get(x)?;
            match cx.ty(op.output()).dtype() {
                Some(to) => cx.last(op, "Cast", vec![Some(x)], vec![("to", Attribute::Int(to.to_onnx()))]),
                None => Ok(false),
            }
        }
        "Quantize" => scaled(cx, op, "QuantizeLinear"),
        "Dequantize" => scaled(cx, op, "DequantizeLinear"),
        _ => Ok(false),
    }
}

fn clip(cx: &mut Emit<'_>, op: &Op, least: f64, most: f64) -> Done {
    let x = cx.get_all(&op.inputs[..1])?;
    let bounds = [cx.float(op, "min", least)?, cx.float(op, "max", most)?];
    cx.last(op, "Clip", vec![x[0], Some(bounds[0]), Some(bounds[1])], Vec::new())
}

/// Changes of number format by scales and zero points, which stand in the settings.
fn scaled(cx: &mut Emit<'_>, op: &Op, kind: &str) -> Done {
    let x = cx.get_all(&op.inputs[..1])?;
    let Some(scale) = op.settings.float("scale") else {
        // Numbers of sixteen bits become wider without a scale.
        let Some(to) = cx.ty(op.output()).dtype() else { return Ok(false) };
        return cx.last(op, "Cast", x, vec![("to", Attribute::Int(to.to_onnx()))]);
    };
    let scale = cx.float(op, "scale", scale)?;
    let mut settings = Vec::new();
    if let Some(to) = cx.ty(op.output()).dtype() {
        settings.push(("output_dtype", Attribute::Int(to.to_onnx())));
    }
    cx.last(op, kind, vec![x[0], Some(scale)], settings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_in_order() {
        assert!(super::SAME.is_sorted_by(|a, b| a.0 < b.0));
    }
}

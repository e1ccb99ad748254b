//! Functions of one tensor, element by element, with known values carried along.

use super::Layer;
use super::rules::{self, Ruled};
use crate::infer::Infer;
use crate::{Dim, Elements, Value};

const MATH: Layer = Layer { infer: rules::same_as_input, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "abs",
        about: "drops the sign",
        names: &[("onnx", "Abs")],
        infer: |cx| {
            map(cx, |d| if d.is_nonnegative() { d.clone() } else { known(d, i64::checked_abs) }, f64::abs)
        },
        ..MATH
    },
    Layer {
        name: "neg",
        about: "turns the sign around",
        names: &[("onnx", "Neg")],
        infer: |cx| map(cx, |d| Dim::Known(0).minus(d), |x| -x),
        ..MATH
    },
    Layer {
        name: "floor",
        about: "rounds down",
        names: &[("onnx", "Floor")],
        infer: |cx| map(cx, Dim::clone, f64::floor),
        ..MATH
    },
    Layer {
        name: "ceil",
        about: "rounds up",
        names: &[("onnx", "Ceil")],
        infer: |cx| map(cx, Dim::clone, f64::ceil),
        ..MATH
    },
    Layer {
        name: "round",
        about: "rounds to the nearest whole number, halves to the even one",
        names: &[("onnx", "Round")],
        infer: |cx| map(cx, Dim::clone, f64::round_ties_even),
        ..MATH
    },
    Layer {
        name: "sqrt",
        about: "the square root",
        names: &[("onnx", "Sqrt")],
        infer: |cx| map(cx, |_| Dim::Unknown, f64::sqrt),
        ..MATH
    },
    Layer {
        name: "reciprocal",
        about: "one divided by each number",
        names: &[("onnx", "Reciprocal")],
        infer: |cx| map(cx, |_| Dim::Unknown, f64::recip),
        ..MATH
    },
    Layer {
        name: "sign",
        about: "-1, 0 or 1 by the sign of each number",
        names: &[("onnx", "Sign")],
        infer: |cx| map(cx, |d| known(d, |n| Some(n.signum())), |x| if x == 0.0 { 0.0 } else { x.signum() }),
        ..MATH
    },
    Layer { name: "exp", about: "e to the power of each number", names: &[("onnx", "Exp")], ..MATH },
    Layer { name: "log", about: "the natural logarithm", names: &[("onnx", "Log")], ..MATH },
    Layer { name: "sin", about: "the sine", names: &[("onnx", "Sin")], ..MATH },
    Layer { name: "cos", about: "the cosine", names: &[("onnx", "Cos")], ..MATH },
    Layer { name: "tan", about: "the tangent", names: &[("onnx", "Tan")], ..MATH },
    Layer { name: "asin", about: "the angle whose sine is given", names: &[("onnx", "Asin")], ..MATH },
    Layer { name: "acos", about: "the angle whose cosine is given", names: &[("onnx", "Acos")], ..MATH },
    Layer { name: "atan", about: "the angle whose tangent is given", names: &[("onnx", "Atan")], ..MATH },
    Layer { name: "sinh", about: "the hyperbolic sine", names: &[("onnx", "Sinh")], ..MATH },
    Layer { name: "cosh", about: "the hyperbolic cosine", names: &[("onnx", "Cosh")], ..MATH },
    Layer { name: "asinh", about: "the inverse of the hyperbolic sine", names: &[("onnx", "Asinh")], ..MATH },
    Layer {
        name: "acosh",
        about: "the inverse of the hyperbolic cosine",
        names: &[("onnx", "Acosh")],
        ..MATH
    },
    Layer {
        name: "atanh",
        about: "the inverse of the hyperbolic tangent",
        names: &[("onnx", "Atanh")],
        ..MATH
    },
];

fn known(dim: &Dim, f: impl Fn(i64) -> Option<i64>) -> Dim {
    dim.as_known().and_then(f).map_or(Dim::Unknown, Dim::Known)
}

fn map(cx: &mut Infer<'_>, ints: impl Fn(&Dim) -> Dim, floats: impl Fn(f64) -> f64) -> Ruled {
    cx.set_like(0, 0);
    if let Some(value) = cx.value(0) {
        let elements = match &value.elements {
            Elements::Ints(e) => Elements::Ints(e.iter().map(ints).collect()),
            Elements::Floats(e) => Elements::Floats(e.iter().map(|x| floats(*x)).collect()),
            Elements::Strings(_) => return Ok(()),
        };
        let value = Value { dims: value.dims.clone(), elements };
        cx.set_value(0, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, inputs, output) in [
            ("Sin", "f32[n,3]", "f32[n,3]"),
            ("Neg", "i64[2]{3,n}", "i64[2]{-3,-n}"),
            ("Abs", "i64[2]{-3,n}", "i64[2]{3,n}"),
            ("Floor", "f32[2]{-1.5,2}", "f32[2]{-2,2}"),
            ("Sqrt", "f32[]{64}", "f32[]{8}"),
            ("Sign", "f32[2]{0,-3}", "f32[2]{0,-1}"),
        ] {
            check(op, "", inputs, output);
        }
    }
}

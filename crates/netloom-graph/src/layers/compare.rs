//! Comparison, logic and bits, with known values carried along.

use super::Layer;
use super::rules::{self, Ruled};
use crate::infer::Infer;
use crate::{DType, Dim, Elements, Value};

const COMPARE: Layer = Layer { infer: rules::comparison, ..Layer::DEFAULT };
const BITS: Layer = Layer { infer: rules::elementwise, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "equal",
        about: "whether two tensors agree, element by element",
        names: &[("onnx", "Equal")],
        infer: |cx| compare(cx, equal, |a, b| a == b),
        ..COMPARE
    },
    Layer {
        name: "greater",
        about: "whether one tensor is larger than another, element by element",
        names: &[("onnx", "Greater")],
        infer: |cx| compare(cx, |a, b| not(at_least(b, a)), |a, b| a > b),
        ..COMPARE
    },
    Layer {
        name: "greater_or_equal",
        about: "whether one tensor is at least as large as another, element by element",
        names: &[("onnx", "GreaterOrEqual")],
        infer: |cx| compare(cx, at_least, |a, b| a >= b),
        ..COMPARE
    },
    Layer {
        name: "less",
        about: "whether one tensor is smaller than another, element by element",
        names: &[("onnx", "Less")],
        infer: |cx| compare(cx, |a, b| not(at_least(a, b)), |a, b| a < b),
        ..COMPARE
    },
    Layer {
        name: "less_or_equal",
        about: "whether one tensor is at most as large as another, element by element",
        names: &[("onnx", "LessOrEqual")],
        infer: |cx| compare(cx, |a, b| at_least(b, a), |a, b| a <= b),
        ..COMPARE
    },
    Layer {
        name: "and",
        about: "true where both tensors are",
        names: &[("onnx", "And")],
        infer: |cx| compare(cx, and, |a, b| a != 0.0 && b != 0.0),
        ..COMPARE
    },
    Layer {
        name: "or",
        about: "true where either tensor is",
        names: &[("onnx", "Or")],
        infer: |cx| compare(cx, |a, b| Some(!and(&flip(a), &flip(b))?), |a, b| a != 0.0 || b != 0.0),
        ..COMPARE
    },
    Layer {
        name: "xor",
        about: "true where exactly one of two tensors is",
        names: &[("onnx", "Xor")],
        infer: |cx| compare(cx, |a, b| not(equal(a, b)), |a, b| a != b),
        ..COMPARE
    },
    Layer {
        name: "not",
        about: "turns true and false around",
        names: &[("onnx", "Not")],
        infer: |cx| {
            rules::comparison(cx)?;
            if let Some(Value { dims, elements: Elements::Ints(e) }) = cx.value(0) {
                let value =
                    Value { dims: dims.clone(), elements: Elements::Ints(e.iter().map(flip).collect()) };
                cx.set_value(0, value);
            }
            Ok(())
        },
        ..COMPARE
    },
    Layer { name: "is_inf", about: "whether numbers are infinite", names: &[("onnx", "IsInf")], ..COMPARE },
    Layer { name: "is_nan", about: "whether numbers are undefined", names: &[("onnx", "IsNaN")], ..COMPARE },
    Layer { name: "bitwise_and", about: "the bits that both have", names: &[("onnx", "BitwiseAnd")], ..BITS },
    Layer { name: "bitwise_or", about: "the bits that either has", names: &[("onnx", "BitwiseOr")], ..BITS },
    Layer {
        name: "bitwise_xor",
        about: "the bits that exactly one has",
        names: &[("onnx", "BitwiseXor")],
        ..BITS
    },
    Layer { name: "bitwise_not", about: "turns every bit around", names: &[("onnx", "BitwiseNot")], ..BITS },
];

fn compare(cx: &mut Infer<'_>, ints: fn(&Dim, &Dim) -> Option<bool>, floats: fn(f64, f64) -> bool) -> Ruled {
    rules::comparison(cx)?;
    let sizes = rules::broadcast_inputs(cx, 0..2)?;
    let sizes: Option<Vec<usize>> =
        sizes.dims().and_then(|d| d.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect());
    let Some(sizes) = sizes else { return Ok(()) };
    let stretched = |input: usize| cx.value(input).and_then(|v| v.stretch(&sizes));
    let (Some(a), Some(b)) = (stretched(0), stretched(1)) else { return Ok(()) };
    let truth = |yes: Option<bool>| yes.map_or(Dim::Unknown, |y| Dim::Known(i64::from(y)));
    let elements = match (&a.elements, &b.elements) {
        (Elements::Ints(x), Elements::Ints(y)) => x.iter().zip(y).map(|(x, y)| truth(ints(x, y))).collect(),
        (Elements::Floats(x), Elements::Floats(y)) => {
            x.iter().zip(y).map(|(x, y)| truth(Some(floats(*x, *y)))).collect()
        }
        _ => return Ok(()),
    };
    cx.set_value(0, Value { dims: sizes, elements: Elements::Ints(elements) });
    debug_assert!(cx.output_type(0).dtype() == Some(DType::Bool) || cx.n_outputs() == 0);
    Ok(())
}

/// Whether two sizes are equal, where that is certain whatever the symbols stand for.
fn equal(a: &Dim, b: &Dim) -> Option<bool> {
    let difference = a.minus(b);
    match difference {
        Dim::Known(n) => Some(n == 0),
        // A size and a negative number, as exporters compare with -1.
        _ if certainly_larger(a, b) || certainly_larger(b, a) => Some(false),
        _ => None,
    }
}

fn certainly_larger(a: &Dim, b: &Dim) -> bool {
    a.minus(b).minus(&Dim::Known(1)).is_nonnegative()
}

fn at_least(a: &Dim, b: &Dim) -> Option<bool> {
    match a.minus(b) {
        Dim::Known(n) => Some(n >= 0),
        _ if certainly_larger(b, a) => Some(false),
        difference => difference.is_nonnegative().then_some(true),
    }
}

fn not(yes: Option<bool>) -> Option<bool> {
    yes.map(|y| !y)
}

fn flip(a: &Dim) -> Dim {
    a.as_known().map_or(Dim::Unknown, |n| Dim::Known(i64::from(n == 0)))
}

fn and(a: &Dim, b: &Dim) -> Option<bool> {
    match (a, b) {
        (Dim::Known(0), _) | (_, Dim::Known(0)) => Some(false),
        (Dim::Known(_), Dim::Known(_)) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, inputs, output) in [
            ("Equal", "f32[n,3] f32[3]", "bool[n,3]"),
            ("Equal", "i64[3]{n,-1,4} i64[]{-1}", "bool[3]{0,1,0}"),
            ("Equal", "i64[2]{n,m} i64[]{4}", "bool[2]{?,?}"),
            ("Greater", "i64[2]{2,n} i64[]{-1}", "bool[2]{1,1}"),
            ("Less", "i64[2]{2,n} i64[]{3}", "bool[2]{1,?}"),
            ("LessOrEqual", "f32[2]{2,4} f32[]{3}", "bool[2]{1,0}"),
            ("And", "bool[2]{1,?} bool[2]{1,0}", "bool[2]{1,0}"),
            ("Or", "bool[2]{1,0} bool[2]{?,0}", "bool[2]{1,0}"),
            ("Xor", "bool[2]{1,0} bool[2]{1,1}", "bool[2]{0,1}"),
            ("Not", "bool[3]{1,0,?}", "bool[3]{0,1,?}"),
            ("BitwiseAnd", "i32[n,1] i32[4]", "i32[n,4]"),
            ("IsNaN", "f32[n,1]", "bool[n,1]"),
        ] {
            check(op, "", inputs, output);
        }
    }
}

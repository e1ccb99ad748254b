//! Arithmetic of two or more tensors, with known values carried along.

use super::rules::{self, Ruled};
use super::{Category, Layer};
use crate::infer::Infer;
use crate::{Dim, Elements, Shape, Value};

const PLAIN: Layer = Layer { infer: rules::elementwise, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "add",
        about: "adds two tensors element by element",
        names: &[("onnx", "Add"), ("keras", "Add"), ("loom", "add")],
        category: Category::Merge,
        infer: |cx| fold(cx, |a, b| a.plus(b), |a, b| a + b),
        learned: &[0, 1],
        ..PLAIN
    },
    Layer {
        name: "sub",
        about: "subtracts one tensor from another element by element",
        names: &[("onnx", "Sub"), ("keras", "Subtract"), ("loom", "sub")],
        infer: |cx| fold(cx, |a, b| a.minus(b), |a, b| a - b),
        learned: &[0, 1],
        ..PLAIN
    },
    Layer {
        name: "mul",
        about: "multiplies two tensors element by element",
        names: &[("onnx", "Mul"), ("keras", "Multiply"), ("loom", "mul")],
        category: Category::Merge,
        infer: |cx| fold(cx, |a, b| a.times(b), |a, b| a * b),
        learned: &[0, 1],
        ..PLAIN
    },
    Layer {
        name: "div",
        about: "divides one tensor by another element by element",
        names: &[("onnx", "Div"), ("loom", "div")],
        infer: div,
        ..PLAIN
    },
    Layer {
        name: "mod",
        about: "the rest that a division leaves, element by element",
        names: &[("onnx", "Mod")],
        infer: |cx| {
            let fmod = cx.flag("fmod");
            if fmod {
                fold(cx, fmod_ints, |a, b| a % b)
            } else {
                fold(cx, mod_ints, |a, b| a - b * (a / b).floor())
            }
        },
        ..PLAIN
    },
    Layer {
        name: "pow",
        about: "raises one tensor to the power of another element by element",
        names: &[("onnx", "Pow")],
        infer: pow,
        ..PLAIN
    },
    Layer {
        name: "max",
        about: "the largest of several tensors element by element",
        names: &[("onnx", "Max"), ("keras", "Maximum"), ("loom", "max")],
        infer: |cx| fold(cx, Dim::larger, f64::max),
        ..PLAIN
    },
    Layer {
        name: "min",
        about: "the smallest of several tensors element by element",
        names: &[("onnx", "Min"), ("keras", "Minimum"), ("loom", "min")],
        infer: |cx| fold(cx, Dim::smaller, f64::min),
        ..PLAIN
    },
    Layer {
        name: "sum",
        about: "adds several tensors element by element",
        names: &[("onnx", "Sum")],
        category: Category::Merge,
        infer: |cx| fold(cx, |a, b| a.plus(b), |a, b| a + b),
        learned: &[0, 1],
        ..PLAIN
    },
    Layer {
        name: "mean",
        about: "averages several tensors element by element",
        names: &[("onnx", "Mean"), ("keras", "Average")],
        category: Category::Merge,
        ..PLAIN
    },
    Layer {
        name: "bit_shift",
        about: "moves the bits of whole numbers left or right",
        names: &[("onnx", "BitShift")],
        ..PLAIN
    },
    Layer {
        name: "where",
        about: "takes each element from one of two tensors, as a condition says",
        names: &[("onnx", "Where")],
        infer: select,
        ..PLAIN
    },
];

fn fold(cx: &mut Infer<'_>, ints: fn(&Dim, &Dim) -> Dim, floats: fn(f64, f64) -> f64) -> Ruled {
    rules::elementwise(cx)?;
    let Some(dims) = output_sizes(cx) else { return Ok(()) };
    let mut total: Option<Value> = None;
    for input in 0..cx.n_inputs() {
        let Some(value) = cx.value(input).and_then(|v| v.stretch(&dims)) else { return Ok(()) };
        total = match total {
            None => Some(value),
            Some(sum) => Some(match combine(&sum, &value, ints, floats) {
                Some(value) => value,
                None => return Ok(()),
            }),
        };
    }
    if let Some(value) = total {
        cx.set_value(0, value);
    }
    Ok(())
}

/// The output's shape as plain sizes, when known, small, and some elements are worth computing.
fn output_sizes(cx: &Infer<'_>) -> Option<Vec<usize>> {
    (0..cx.n_inputs()).all(|i| cx.value(i).is_some()).then_some(())?;
    let shape = rules::broadcast_inputs(cx, 0..cx.n_inputs()).ok()?;
    shape.dims()?.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect()
}

fn combine(a: &Value, b: &Value, ints: fn(&Dim, &Dim) -> Dim, floats: fn(f64, f64) -> f64) -> Option<Value> {
    let elements = match (&a.elements, &b.elements) {
        (Elements::Floats(x), Elements::Floats(y)) => {
            Elements::Floats(x.iter().zip(y).map(|(x, y)| floats(*x, *y)).collect())
        }
        // Symbolic sizes stay integers through floating-point arithmetic as long as the other side is whole.
        _ => Elements::Ints(as_dims(a)?.iter().zip(as_dims(b)?).map(|(x, y)| ints(x, &y)).collect()),
    };
    Some(Value { dims: a.dims.clone(), elements })
}

fn as_dims(value: &Value) -> Option<Vec<Dim>> {
    match &value.elements {
        Elements::Ints(e) => Some(e.clone()),
        Elements::Floats(e) => Some(e.iter().map(|x| rules::whole(*x)).collect()),
        Elements::Strings(_) => None,
    }
}

fn div(cx: &mut Infer<'_>) -> Ruled {
    if cx.dtype(0).is_some_and(|d| d.is_float()) {
        // A symbolic size divides only where nothing is left over.
        return fold(cx, |a, b| a.exact_div(b).unwrap_or(Dim::Unknown), |a, b| a / b);
    }
    fold(
        cx,
        |a, b| match (a, b) {
            (Dim::Known(a), Dim::Known(b)) => a.checked_div(*b).map_or(Dim::Unknown, Dim::Known),
            _ => a.floor_div(b),
        },
        |a, b| a / b,
    )
}

fn mod_ints(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (_, Dim::Known(0)) => Dim::Unknown,
        _ => a.minus(&a.floor_div(b).times(b)),
    }
}

fn fmod_ints(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (Dim::Known(a), Dim::Known(b)) => a.checked_rem(*b).map_or(Dim::Unknown, Dim::Known),
        _ => Dim::Unknown,
    }
}

fn pow(cx: &mut Infer<'_>) -> Ruled {
    let shape = rules::broadcast_inputs(cx, 0..2)?;
    let dtype = cx.dtype(0);
    let power = match cx.value(1).map(|v| &v.elements) {
        Some(Elements::Ints(e)) => e.first().and_then(Dim::as_known),
        Some(Elements::Floats(e)) => e.first().and_then(|x| rules::whole(*x).as_known()),
        _ => None,
    };
    if let (Some(value), Some(n @ 0..=8), true) =
        (cx.value(0), power, cx.value(1).is_some_and(|v| v.len() == 1))
    {
        let elements = match &value.elements {
            Elements::Ints(e) => Some(Elements::Ints(
                e.iter().map(|d| (0..n).fold(Dim::Known(1), |p, _| p.times(d))).collect(),
            )),
            Elements::Floats(e) => {
                Some(Elements::Floats(e.iter().map(|x| (0..n).fold(1.0, |p, _| p * x)).collect()))
            }
            Elements::Strings(_) => None,
        };
        let same = shape.rank() == Some(value.dims.len());
        if let Some(elements) = elements.filter(|_| same) {
            let value = Value { dims: value.dims.clone(), elements };
            cx.set_value(0, value);
        }
    }
    cx.set(0, dtype, shape);
    Ok(())
}

fn select(cx: &mut Infer<'_>) -> Ruled {
    let shape: Shape = rules::broadcast_inputs(cx, 0..3)?;
    let dtype = cx.dtype(1).or_else(|| cx.dtype(2));
    if let Some(value) = output_sizes(cx).and_then(|dims| selected(cx, &dims)) {
        cx.set_value(0, value);
    }
    cx.set(0, dtype, shape);
    Ok(())
}

fn selected(cx: &Infer<'_>, dims: &[usize]) -> Option<Value> {
    let condition = cx.value(0)?.stretch(dims)?;
    let (yes, no) = (cx.value(1)?.stretch(dims)?, cx.value(2)?.stretch(dims)?);
    let elements = match (&yes.elements, &no.elements) {
        (Elements::Floats(y), Elements::Floats(n)) => {
            let known: Vec<i64> = condition.known_ints()?;
            Elements::Floats(
                known.iter().zip(y.iter().zip(n)).map(|(c, (y, n))| if *c != 0 { *y } else { *n }).collect(),
            )
        }
        _ => {
            let (y, n) = (as_dims(&yes)?, as_dims(&no)?);
            let pick = |(c, (y, n)): (&Dim, (Dim, Dim))| match c {
                Dim::Known(0) => n,
                Dim::Known(_) => y,
                _ if y == n => y,
                _ => Dim::Unknown,
            };
            Elements::Ints(condition.as_ints()?.iter().zip(y.into_iter().zip(n)).map(pick).collect())
        }
    };
    Some(Value { dims: dims.to_vec(), elements })
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, output) in [
            ("Add", "", "f32[n,1,4] f32[3,1]", "f32[n,3,4]"),
            ("Add@6", "broadcast=1 axis=1", "f32[2,3,4] f32[3]", "f32[2,3,4]"),
            ("Add", "", "i64[2]{1,n} i64[]{2}", "i64[2]{3,n+2}"),
            ("Sub", "", "i64[]{n} i64[]{1}", "i64[]{n-1}"),
            ("Mul", "", "i64[2]{h,w} i64[2]{2,2}", "i64[2]{2*h,2*w}"),
            ("Mul", "", "f32[1]{h} f32[1]{2}", "f32[1]{2*h}"),
            ("Div", "", "i64[2]{-7,h} i64[]{2}", "i64[2]{-3,h//2}"),
            ("Div", "", "f32[1]{1} f32[1]{8}", "f32[1]{0.125}"),
            ("Div", "", "i64[]{1} i64[]{0}", "i64[]{?}"),
            ("Mod", "", "i64[2]{-7,7} i64[]{3}", "i64[2]{2,1}"),
            ("Mod", "fmod=1", "i64[2]{-7,7} i64[]{3}", "i64[2]{-1,1}"),
            ("Pow", "", "i64[2]{h,3} i64[]{2}", "i64[2]{h*h,9}"),
            ("Max", "", "i64[2]{1,n} i64[]{0} i64[1]{-3}", "i64[2]{1,n}"),
            ("Min", "", "f32[2]{1.5,4} f32[]{2}", "f32[2]{1.5,2}"),
            ("Mean", "", "f32[3] f32[2,1] f32[1]", "f32[2,3]"),
            ("Where", "", "bool[2]{1,0} i64[2]{n,4} i64[]{9}", "i64[2]{n,9}"),
            ("Where", "", "bool[n,1] f32[] f32[5]", "f32[n,5]"),
        ] {
            check(op, settings, inputs, output);
        }
        check_remark("Add", "", "f32[2] f32[3]", "expected dimensions that broadcast, found 2 and 3");
    }
}

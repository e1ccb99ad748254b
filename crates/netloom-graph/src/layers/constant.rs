//! Numbers made from settings, and changes of element type.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::value::MAX_ELEMENTS;
use crate::{Attribute, DType, Dim, Elements, Shape, Value, ValueType};

const CONSTANT: Layer = Layer { category: Category::Constant, ..Layer::DEFAULT };
const CAST: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "constant",
        about: "a fixed tensor written in the model",
        names: &[("onnx", "Constant")],
        infer: constant,
        ..CONSTANT
    },
    Layer {
        name: "constant_of_shape",
        about: "a tensor of a given shape filled with one number",
        names: &[("onnx", "ConstantOfShape")],
        infer: constant_of_shape,
        ..CONSTANT
    },
    Layer {
        name: "range",
        about: "evenly spaced numbers from a start up to a limit",
        names: &[("onnx", "Range")],
        infer: range,
        ..CONSTANT
    },
    Layer {
        name: "eye_like",
        about: "ones on a diagonal, zeros elsewhere",
        names: &[("onnx", "EyeLike")],
        infer: eye_like,
        ..CONSTANT
    },
    Layer {
        name: "cast",
        about: "changes the number format",
        names: &[("onnx", "Cast")],
        infer: |cx| {
            let dtype = cx.dtype_setting("to").or_else(|| cx.attributes().string("to").and_then(old_name));
            cast(cx, dtype)
        },
        label: |_, node| match node.attributes.int("to").and_then(DType::from_onnx) {
            Some(dtype) => Label::new(format!("cast {dtype}")),
            None => Label::new("cast"),
        },
        ..CAST
    },
    Layer {
        name: "cast_like",
        about: "changes the number format to that of another tensor",
        names: &[("onnx", "CastLike")],
        infer: |cx| {
            let dtype = cx.dtype(1);
            cast(cx, dtype)
        },
        ..CAST
    },
];

/// The type that operator set 1 names in capitals.
fn old_name(name: &str) -> Option<DType> {
    match name {
        "FLOAT" => Some(DType::Float32),
        "DOUBLE" => Some(DType::Float64),
        _ => DType::from_name(&name.to_ascii_lowercase()),
    }
}

fn constant(cx: &mut Infer<'_>) -> Ruled {
    let Some((name, attribute)) =
        cx.attributes().iter().find(|(n, _)| n.starts_with("value") || *n == "sparse_value")
    else {
        return Err(InferError::new("expected a value, found none"));
    };
    let length = |n: usize| Shape::known([i64::try_from(n).unwrap_or(i64::MAX)]);
    let int = |n: &i64| Dim::Known(*n);
    let (dtype, shape, value) = match attribute {
        Attribute::Tensor(t) => (t.dtype, t.shape.clone(), t.value.clone()),
        Attribute::Int(n) => (Some(DType::Int64), Shape::scalar(), Some(Value::int(*n))),
        Attribute::Ints(v) => {
            (Some(DType::Int64), length(v.len()), Some(Value::ints(v.iter().map(int).collect())))
        }
        Attribute::Float(x) => {
            let value = Value { dims: Vec::new(), elements: Elements::Floats(vec![*x]) };
            (Some(DType::Float32), Shape::scalar(), Some(value))
        }
        Attribute::Floats(v) => (Some(DType::Float32), length(v.len()), Some(Value::floats(v.clone()))),
        Attribute::String(_) => (Some(DType::String), Shape::scalar(), None),
        Attribute::Strings(v) => (Some(DType::String), length(v.len()), None),
        _ => {
            return Err(InferError::new(format!(
                "expected a tensor, numbers or texts in `{name}`, found something else"
            )));
        }
    };
    cx.set(0, dtype, shape);
    if let Some(value) = value {
        cx.set_value(0, value);
    }
    Ok(())
}

fn constant_of_shape(cx: &mut Infer<'_>) -> Ruled {
    let (dtype, fill) = match cx.attributes().get("value") {
        Some(Attribute::Tensor(t)) => (t.dtype, t.value.clone()),
        _ => (Some(DType::Float32), Some(Value::floats(vec![0.0]))),
    };
    let shape = match (cx.ints(0), cx.dims(0)) {
        (Some(dims), _) => Shape::Ranked(dims.to_vec()),
        (None, Some([Dim::Known(n)])) if (0..=64).contains(n) => {
            Shape::unknown_dims(usize::try_from(*n).unwrap_or(0))
        }
        _ => Shape::Unranked,
    };
    let dims: Option<Vec<usize>> =
        shape.dims().and_then(|d| d.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect());
    if let Some(value) = dims.zip(fill).and_then(|(d, f)| f.with_dims(vec![f.len()]).stretch(&d)) {
        cx.set_value(0, value);
    }
    cx.set(0, dtype, shape);
    Ok(())
}

fn range(cx: &mut Infer<'_>) -> Ruled {
    let dtype = (0..3).find_map(|i| cx.dtype(i));
    let one = |input: usize| cx.ints(input).and_then(<[Dim]>::first).cloned();
    let float = |input: usize| cx.floats(input).and_then(<[f64]>::first).copied();
    let mut elements = None;
    let n = if let (Some(start), Some(limit), Some(delta)) = (one(0), one(1), one(2)) {
        if delta == Dim::Known(0) {
            return Err(InferError::new("expected a step other than 0, found 0"));
        }
        let n = limit.minus(&start).ceil_div(&delta);
        let n = if let Dim::Known(n) = n { Dim::Known(n.max(0)) } else { n };
        if let Some(count) = n.as_known().filter(|c| *c <= MAX_ELEMENTS as i64) {
            elements =
                Some(Elements::Ints((0..count).map(|i| start.plus(&delta.times(&Dim::Known(i)))).collect()));
        }
        n
    } else if let (Some(start), Some(limit), Some(delta)) = (float(0), float(1), float(2)) {
        let count = ((limit - start) / delta).ceil();
        if (0.0..=1e12).contains(&count) {
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
            let count = count as i64;
            if count <= MAX_ELEMENTS as i64 {
                #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
                let at = |i: i64| start + delta * i as f64;
                elements = Some(Elements::Floats((0..count).map(at).collect()));
            }
            Dim::Known(count)
        } else if count < 0.0 {
            Dim::Known(0)
        } else {
            Dim::Unknown
        }
    } else {
        Dim::Unknown
    };
    if let Some((elements, dims)) = elements.zip(n.as_size().and_then(|n| usize::try_from(n).ok())) {
        cx.set_value(0, Value { dims: vec![dims], elements });
    }
    cx.set(0, dtype, vec![n]);
    Ok(())
}

fn eye_like(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype_setting("dtype").or_else(|| cx.dtype(0));
    let shape = cx.shape(0).clone();
    cx.set(0, dtype, shape);
    Ok(())
}

fn cast(cx: &mut Infer<'_>, dtype: Option<DType>) -> Ruled {
    let ty = match cx.input_type(0) {
        ValueType::SparseTensor { shape, .. } => ValueType::SparseTensor { dtype, shape: shape.clone() },
        other => ValueType::Tensor { dtype, shape: other.shape().clone() },
    };
    if let Some(value) = cx.value(0).zip(dtype).and_then(|(v, d)| converted(v, d)) {
        cx.set_value(0, value);
    }
    cx.set_type(0, ty);
    Ok(())
}

/// The elements in another number format. Symbolic integers stay integers, whatever the format: their value is the same.
fn converted(value: &Value, dtype: DType) -> Option<Value> {
    let truth = |yes: bool| Dim::Known(i64::from(yes));
    let elements = match &value.elements {
        Elements::Ints(e) if dtype == DType::Bool => {
            Elements::Ints(e.iter().map(|d| d.as_known().map_or(Dim::Unknown, |n| truth(n != 0))).collect())
        }
        Elements::Ints(e) if dtype.is_float() => match value.known_ints() {
            #[expect(clippy::cast_precision_loss, reason = "the rounding is the one the cast makes")]
            Some(known) => Elements::Floats(known.into_iter().map(|n| n as f64).collect()),
            None => Elements::Ints(e.clone()),
        },
        Elements::Ints(e) if dtype.is_int() => Elements::Ints(e.clone()),
        Elements::Floats(e) if dtype.is_float() => Elements::Floats(e.clone()),
        Elements::Floats(e) if dtype == DType::Bool => {
            Elements::Ints(e.iter().map(|x| truth(*x != 0.0)).collect())
        }
        Elements::Floats(e) if dtype.is_int() => {
            Elements::Ints(e.iter().map(|x| rules::whole(x.trunc())).collect())
        }
        _ => return None,
    };
    Some(Value { dims: value.dims.clone(), elements })
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, output) in [
            ("Constant", "value=i64[2]{1,-1}", "", "i64[2]{1,-1}"),
            ("Constant", "value_ints=[1,2]", "", "i64[2]{1,2}"),
            ("Constant", "value_float=0.5", "", "f32[]{0.5}"),
            ("ConstantOfShape", "", "i64[2]{n,3}", "f32[n,3]"),
            ("ConstantOfShape", "value=i64[1]{7}", "i64[1]{2}", "i64[2]{7,7}"),
            ("ConstantOfShape", "", "i64[3]", "f32[?,?,?]"),
            ("Range", "", "i64[]{0} i64[]{n} i64[]{1}", "i64[n]"),
            ("Range", "", "i64[]{1} i64[]{6} i64[]{2}", "i64[3]{1,3,5}"),
            ("Range", "", "f32[]{1} f32[]{2} f32[]{0.5}", "f32[2]{1,1.5}"),
            ("Range", "", "i64[]{5} i64[]{1} i64[]{1}", "i64[0]{}"),
            ("EyeLike", "dtype=11", "f32[3,n]", "f64[3,n]"),
            ("Cast", "to=7", "f32[2]{1.5,-2.5}", "i64[2]{1,-2}"),
            ("Cast", "to=1", "i64[2]{1,2}", "f32[2]{1,2}"),
            ("Cast", "to=9", "i64[2]{0,2}", "bool[2]{0,1}"),
            ("Cast@1", "to=DOUBLE", "f32[n]", "f64[n]"),
            ("CastLike", "", "f32[n] f16[]", "f16[n]"),
        ] {
            check(op, settings, inputs, output);
        }
    }
}

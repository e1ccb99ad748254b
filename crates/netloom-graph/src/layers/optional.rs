//! Values that may be absent.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Attribute, DType, Shape, Value, ValueType};

const MAYBE: Layer =
    Layer { category: Category::Control, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "optional",
        about: "wraps a value, or nothing, as a value that may be absent",
        names: &[("onnx", "Optional")],
        infer: |cx| {
            let inner = match cx.attributes().get("type") {
                Some(Attribute::Type(ty)) => (**ty).clone(),
                _ => cx.input_type(0).clone(),
            };
            cx.set_type(0, ValueType::Optional(Box::new(inner)));
            Ok(())
        },
        ..MAYBE
    },
    Layer {
        name: "optional_get_element",
        about: "unwraps a value that may be absent",
        names: &[("onnx", "OptionalGetElement")],
        infer: get_element,
        ..MAYBE
    },
    Layer {
        name: "optional_has_element",
        about: "says whether a value that may be absent is there",
        names: &[("onnx", "OptionalHasElement")],
        infer: has_element,
        ..MAYBE
    },
];

fn get_element(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let ty = match cx.input_type(0) {
        ValueType::Optional(inner) => (**inner).clone(),
        ty => ty.clone(),
    };
    cx.set_type(0, ty);
    Ok(())
}

fn has_element(cx: &mut Infer<'_>) -> Result<(), InferError> {
    cx.set(0, Some(DType::Bool), Shape::scalar());
    // An input left out has no element; a plain tensor or sequence is its own element.
    let known = match cx.input_type(0) {
        _ if !cx.has_input(0) => Some(0),
        ValueType::Tensor { .. } | ValueType::Sequence(_) => Some(1),
        _ => None,
    };
    if let Some(known) = known {
        cx.set_value(0, Value::int(known));
    }
    Ok(())
}

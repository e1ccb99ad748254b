//! Change of number format between real numbers and small integers.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Shape};

const CHANGE: Layer = Layer { category: Category::Quantize, state: &[1, 2], ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "quantize",
        about: "rounds real numbers to small integers, by a scale and a zero point",
        names: &[
            ("onnx", "QuantizeLinear"),
            ("com.microsoft", "QuantizeLinear"),
            ("torch", "Quantize"),
            ("torch", "QuantStub"),
        ],
        infer: quantize,
        label: |_, _| Label::new("quantize"),
        ..CHANGE
    },
    Layer {
        name: "dequantize",
        about: "turns small integers back into real numbers, by a scale and a zero point",
        names: &[
            ("onnx", "DequantizeLinear"),
            ("com.microsoft", "DequantizeLinear"),
            ("torch", "DeQuantize"),
            ("torch", "DeQuantStub"),
        ],
        infer: dequantize,
        label: |_, _| Label::new("dequantize"),
        ..CHANGE
    },
    Layer {
        name: "dynamic_quantize",
        about: "rounds real numbers to bytes, with scale and zero point taken from their range",
        names: &[("onnx", "DynamicQuantizeLinear")],
        infer: |cx| {
            let shape = cx.shape(0).clone();
            cx.set(0, Some(DType::UInt8), shape);
            cx.set(1, Some(DType::Float32), Shape::scalar());
            cx.set(2, Some(DType::UInt8), Shape::scalar());
            Ok(())
        },
        state: &[],
        label: |_, _| Label::new("quantize").with("dynamic range"),
        ..CHANGE
    },
];

fn quantize(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype =
        if cx.has_input(2) { cx.dtype(2) } else { cx.dtype_setting("output_dtype").or(Some(DType::UInt8)) };
    let shape = cx.shape(0).clone();
    cx.set(0, dtype, shape);
    Ok(())
}

fn dequantize(cx: &mut Infer<'_>) -> Result<(), InferError> {
    // The first two versions give 32-bit numbers; later ones those of the scale.
    let fixed = (cx.node().domain.is_empty() && cx.opset() < 19).then_some(DType::Float32);
    let dtype = cx.dtype_setting("output_dtype").or(fixed).or(cx.dtype(1));
    let shape = cx.shape(0).clone();
    cx.set(0, dtype, shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn types() {
        check("QuantizeLinear", "", "f32[n,2] f32[]", "uint8[n,2]");
        check("QuantizeLinear", "output_dtype=3", "f32[n,2] f32[]", "int8[n,2]");
        check("QuantizeLinear", "", "f32[n,2] f32[] float8e5m2[]", "float8e5m2[n,2]");
        check("DequantizeLinear", "", "i8[n,2] f16[]", "f16[n,2]");
        check("DequantizeLinear@13", "", "i8[n,2] f32[]", "f32[n,2]");
        check("DynamicQuantizeLinear", "", "f32[n,2]", "u8[n,2] f32[] u8[]");
    }
}

//! Random draws.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Dim, Shape};

const DRAW: Layer =
    Layer { category: Category::Constant, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "random_normal",
        about: "draws numbers from a normal distribution",
        names: &[("onnx", "RandomNormal"), ("onnx", "RandomNormalLike"), ("torch", "randn")],
        infer: draw,
        ..DRAW
    },
    Layer {
        name: "random_uniform",
        about: "draws numbers evenly from an interval",
        names: &[("onnx", "RandomUniform"), ("onnx", "RandomUniformLike"), ("torch", "rand")],
        infer: draw,
        ..DRAW
    },
    Layer {
        name: "multinomial",
        about: "draws classes by their log-probabilities",
        names: &[("onnx", "Multinomial"), ("torch", "multinomial")],
        infer: |cx| {
            let batch = cx.dims(0).and_then(<[Dim]>::first).cloned().unwrap_or(Dim::Unknown);
            let samples = Dim::Known(cx.int("sample_size").unwrap_or(1));
            cx.set(0, cx.dtype_setting("dtype").or(Some(DType::Int32)), [batch, samples]);
            Ok(())
        },
        ..DRAW
    },
    Layer {
        name: "bernoulli",
        about: "draws zeros and ones by their probabilities",
        names: &[("onnx", "Bernoulli"), ("torch", "bernoulli")],
        infer: draw,
        ..DRAW
    },
];

/// The shape of the input, or of the setting where there is no input.
fn draw(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let wanted = cx.dtype_setting("dtype");
    if cx.n_inputs() > 0 {
        let (dtype, shape) = (wanted.or(cx.dtype(0)), cx.shape(0).clone());
        cx.set(0, dtype, shape);
    } else {
        let shape = match cx.attributes().ints("shape") {
            Some(dims) => Shape::known(dims.iter().copied()),
            None => Shape::Unranked,
        };
        cx.set(0, wanted.or(Some(DType::Float32)), shape);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes() {
        check("RandomNormal", "shape=[2,3]", "", "f32[2,3]");
        check("RandomUniformLike", "dtype=11", "f32[n,3]", "f64[n,3]");
        check("Multinomial", "sample_size=5", "f32[n,3]", "i32[n,5]");
        check("Bernoulli", "", "f64[n,3]", "f64[n,3]");
    }
}

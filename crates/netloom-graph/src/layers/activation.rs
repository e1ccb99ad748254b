//! Pointwise nonlinearities.

use super::{Category, Layer};
use crate::infer::{Infer, InferError};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[Layer {
    name: "relu",
    about: "keeps positive numbers and turns negative ones into zero",
    names: &[("onnx", "Relu"), ("torch", "ReLU"), ("keras", "ReLU"), ("loom", "relu")],
    category: Category::Activation,
    infer: same_as_input,
    label: |_, _| super::Label::new("ReLU"),
    ..Layer::DEFAULT
}];

fn same_as_input(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let ty = cx.input_type(0).clone();
    cx.set_type(0, ty);
    Ok(())
}

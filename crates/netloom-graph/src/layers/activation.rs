//! Pointwise nonlinearities.

use super::{Category, Label, Layer, rules};
use crate::{Graph, Node};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[Layer {
    name: "relu",
    about: "keeps positive numbers and turns negative ones into zero",
    names: &[("onnx", "Relu"), ("torch", "ReLU"), ("keras", "ReLU"), ("loom", "relu")],
    category: Category::Activation,
    infer: rules::same_as_input,
    label: |_: &Graph, _: &Node| Label::new("ReLU"),
    ..Layer::DEFAULT
}];

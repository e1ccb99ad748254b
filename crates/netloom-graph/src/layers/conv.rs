//! Convolutions.

use super::{Category, Layer};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[Layer {
    name: "conv",
    about: "slides small learned kernels over its input; each output is a weighted sum of a patch",
    names: &[("onnx", "Conv"), ("loom", "conv")],
    category: Category::Conv,
    learned: &[1, 2],
    ..Layer::DEFAULT
}];

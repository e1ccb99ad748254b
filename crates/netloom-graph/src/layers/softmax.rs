//! Softmax and the losses that go with it.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::Infer;
use crate::{Dim, Shape};

const SOFTMAX: Layer = Layer { category: Category::Loss, infer: rules::same_as_input, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "softmax",
        about: "turns scores into positive shares that sum to 1",
        names: &[
            ("onnx", "Softmax"),
            ("torch", "Softmax"),
            ("torch", "Softmax2d"),
            ("keras", "Softmax"),
            ("loom", "softmax"),
        ],
        ..SOFTMAX
    },
    Layer {
        name: "log_softmax",
        about: "the logarithm of softmax",
        names: &[("onnx", "LogSoftmax"), ("torch", "LogSoftmax"), ("loom", "log_softmax")],
        label: |_, _| Label::new("log-softmax"),
        ..SOFTMAX
    },
    Layer {
        name: "hardmax",
        about: "puts 1 at the largest score and 0 elsewhere",
        names: &[("onnx", "Hardmax")],
        ..SOFTMAX
    },
    Layer {
        name: "cross_entropy_loss",
        about: "how surprised softmax scores are by the true class",
        names: &[
            ("onnx", "SoftmaxCrossEntropyLoss"),
            ("torch", "CrossEntropyLoss"),
            ("loom", "cross_entropy_loss"),
        ],
        infer: loss,
        label: |_, _| Label::new("cross-entropy"),
        ..SOFTMAX
    },
    Layer {
        name: "nll_loss",
        about: "the negative log-probability of the true class",
        names: &[("onnx", "NegativeLogLikelihoodLoss"), ("torch", "NLLLoss")],
        infer: loss,
        label: |_, _| Label::new("NLL loss"),
        ..SOFTMAX
    },
];

/// One number, or one per target when nothing is reduced; then the log-probabilities.
fn loss(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let shape = match cx.attributes().string("reduction") {
        Some("none") => match (cx.shape(1), cx.dims(0)) {
            (target @ Shape::Ranked(_), _) => target.clone(),
            (_, Some([n, _, rest @ ..])) => {
                Shape::Ranked(std::iter::once(n).chain(rest).cloned().collect::<Vec<Dim>>())
            }
            _ => Shape::Unranked,
        },
        _ => Shape::scalar(),
    };
    cx.set(0, dtype, shape);
    cx.set_like(1, 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes() {
        for (op, settings, inputs, outputs) in [
            ("Softmax", "axis=-1", "f32[n,10]", "f32[n,10]"),
            ("SoftmaxCrossEntropyLoss", "", "f32[3,5] i64[3]", "f32[] f32[3,5]"),
            ("SoftmaxCrossEntropyLoss", "reduction=none", "f32[3,5,7] i64[3,7]", "f32[3,7]"),
            ("NegativeLogLikelihoodLoss", "reduction=none", "f32[n,5,7] i64?", "f32[n,7]"),
        ] {
            check(op, settings, inputs, outputs);
        }
    }
}

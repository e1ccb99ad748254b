//! Pointwise nonlinearities.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::Infer;
use crate::{Dim, Elements, Graph, Node, Value};

const ACTIVATION: Layer =
    Layer { category: Category::Activation, infer: rules::same_as_input, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "celu",
        about: "a smooth relu that approaches a negative floor, continuous in slope",
        names: &[("onnx", "Celu"), ("torch", "CELU"), ("keras", "CELU"), ("loom", "celu")],
        label: |_, _| Label::new("CELU"),
        ..ACTIVATION
    },
    Layer {
        name: "elu",
        about: "a relu whose negative side bends to a floor exponentially",
        names: &[("onnx", "Elu"), ("torch", "ELU"), ("keras", "ELU"), ("loom", "elu")],
        label: |_, _| Label::new("ELU"),
        ..ACTIVATION
    },
    Layer {
        name: "erf",
        about: "the error function, the area under a bell curve",
        names: &[("onnx", "Erf"), ("loom", "erf")],
        ..ACTIVATION
    },
    Layer {
        name: "gelu",
        about: "weighs each number by the chance that a normal draw lies below it",
        names: &[
            ("onnx", "Gelu"),
            ("com.microsoft", "Gelu"),
            ("torch", "GELU"),
            ("keras", "GELU"),
            ("loom", "gelu"),
        ],
        label: |_, _| Label::new("GELU"),
        ..ACTIVATION
    },
    Layer {
        name: "hard_sigmoid",
        about: "a sigmoid made of straight lines",
        names: &[("onnx", "HardSigmoid"), ("torch", "Hardsigmoid"), ("loom", "hard_sigmoid")],
        label: |_, _| Label::new("HardSigmoid"),
        ..ACTIVATION
    },
    Layer {
        name: "hard_swish",
        about: "a swish made of straight lines and a parabola",
        names: &[("onnx", "HardSwish"), ("torch", "Hardswish"), ("loom", "hard_swish")],
        label: |_, _| Label::new("HardSwish"),
        ..ACTIVATION
    },
    Layer {
        name: "hard_tanh",
        about: "cuts numbers off below and above",
        names: &[("torch", "Hardtanh"), ("loom", "hard_tanh")],
        label: |_, _| Label::new("HardTanh"),
        ..ACTIVATION
    },
    Layer {
        name: "leaky_relu",
        about: "a relu that lets a little of the negative side through",
        names: &[
            ("onnx", "LeakyRelu"),
            ("torch", "LeakyReLU"),
            ("keras", "LeakyReLU"),
            ("loom", "leaky_relu"),
        ],
        label: |_, _| Label::new("LeakyReLU"),
        ..ACTIVATION
    },
    Layer {
        name: "mish",
        about: "a smooth relu that dips below zero: x tanh(softplus(x))",
        names: &[("onnx", "Mish"), ("torch", "Mish"), ("loom", "mish")],
        label: |_, _| Label::new("Mish"),
        ..ACTIVATION
    },
    Layer {
        name: "prelu",
        about: "a relu whose negative slope is learned",
        names: &[("onnx", "PRelu"), ("torch", "PReLU"), ("keras", "PReLU"), ("loom", "prelu")],
        learned: &[1],
        label: |_, _| Label::new("PReLU"),
        ..ACTIVATION
    },
    Layer {
        name: "relu",
        about: "keeps positive numbers and turns negative ones into zero",
        names: &[("onnx", "Relu"), ("torch", "ReLU"), ("keras", "ReLU"), ("loom", "relu")],
        label: |_, _| Label::new("ReLU"),
        ..ACTIVATION
    },
    Layer {
        name: "relu6",
        about: "a relu cut off at 6",
        names: &[("torch", "ReLU6"), ("loom", "relu6")],
        label: |_, _| Label::new("ReLU6"),
        ..ACTIVATION
    },
    Layer {
        name: "selu",
        about: "an exponential relu scaled so that deep networks stay normalised",
        names: &[("onnx", "Selu"), ("torch", "SELU"), ("loom", "selu")],
        label: |_, _| Label::new("SELU"),
        ..ACTIVATION
    },
    Layer {
        name: "shrink",
        about: "pulls numbers towards zero and drops the small ones",
        names: &[("onnx", "Shrink"), ("torch", "Hardshrink"), ("torch", "Softshrink"), ("loom", "shrink")],
        label: |_, _| Label::new("Shrink"),
        ..ACTIVATION
    },
    Layer {
        name: "sigmoid",
        about: "squeezes any number into the range from 0 to 1",
        names: &[("onnx", "Sigmoid"), ("torch", "Sigmoid"), ("loom", "sigmoid")],
        ..ACTIVATION
    },
    Layer {
        name: "log_sigmoid",
        about: "the logarithm of the sigmoid",
        names: &[("torch", "LogSigmoid"), ("loom", "log_sigmoid")],
        label: |_, _| Label::new("log-sigmoid"),
        ..ACTIVATION
    },
    Layer {
        name: "softplus",
        about: "a smooth relu: log(1 + exp(x))",
        names: &[("onnx", "Softplus"), ("torch", "Softplus"), ("loom", "softplus")],
        ..ACTIVATION
    },
    Layer {
        name: "softsign",
        about: "squeezes numbers into the range from -1 to 1: x / (1 + |x|)",
        names: &[("onnx", "Softsign"), ("torch", "Softsign"), ("loom", "softsign")],
        ..ACTIVATION
    },
    Layer {
        name: "swiglu",
        about: "multiplies one half by the swish of the other: a gate",
        names: &[("onnx", "SwiGLU"), ("loom", "swiglu")],
        label: |_, _| Label::new("SwiGLU"),
        ..ACTIVATION
    },
    Layer {
        name: "swish",
        about: "weighs each number by its own sigmoid",
        names: &[("onnx", "Swish"), ("torch", "SiLU"), ("loom", "swish")],
        label: |_, _| Label::new("Swish"),
        ..ACTIVATION
    },
    Layer {
        name: "tanh",
        about: "squeezes any number into the range from -1 to 1",
        names: &[("onnx", "Tanh"), ("torch", "Tanh"), ("loom", "tanh")],
        ..ACTIVATION
    },
    Layer {
        name: "thresholded_relu",
        about: "keeps numbers above a threshold and turns the others into zero",
        names: &[("onnx", "ThresholdedRelu"), ("torch", "Threshold"), ("loom", "thresholded_relu")],
        label: |_, _| Label::new("ThresholdedReLU"),
        ..ACTIVATION
    },
    Layer {
        name: "clip",
        about: "cuts numbers off below a least and above a largest value",
        names: &[("onnx", "Clip"), ("loom", "clip")],
        infer: clip,
        label: label_clip,
        ..ACTIVATION
    },
];

fn clip(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    let bound = |input: usize| {
        if cx.has_input(input) { cx.known_ints(input).map(|v| v.first().copied()) } else { Some(None) }
    };
    if let (Some(value), Some(least), Some(most)) = (cx.value(0), bound(1), bound(2))
        && let Some(ints) =
            value.as_ints().and_then(|e| e.iter().map(Dim::as_known).collect::<Option<Vec<i64>>>())
    {
        // The upper bound wins where bounds cross, as the operator says.
        let clipped = ints.into_iter().map(|n| {
            let n = least.map_or(n, |b| n.max(b));
            Dim::Known(most.map_or(n, |b| n.min(b)))
        });
        let value = Value { dims: value.dims.clone(), elements: Elements::Ints(clipped.collect()) };
        cx.set_value(0, value);
    }
    Ok(())
}

/// The least and the largest value that a clip lets through, where they are known.
fn bounds(graph: &Graph, node: &Node) -> (Option<f64>, Option<f64>) {
    let bound = |name: &str, input: usize| {
        let value = node.input(input).and_then(|t| graph.tensor(t).value.as_ref());
        let float = value.and_then(|v| v.as_floats()?.first().copied());
        let int = value.and_then(|v| v.as_ints()?.first()?.as_known());
        #[expect(clippy::cast_precision_loss, reason = "a bound in a label")]
        node.attributes.float(name).or(float).or_else(|| int.map(|n| n as f64))
    };
    (bound("min", 1), bound("max", 2))
}

/// Whether a clip is the relu that is cut off at 6.
pub(super) fn is_relu6(graph: &Graph, node: &Node) -> bool {
    bounds(graph, node) == (Some(0.0), Some(6.0))
}

fn label_clip(graph: &Graph, node: &Node) -> Label {
    match bounds(graph, node) {
        (Some(0.0), Some(6.0)) => Label::new("ReLU6"),
        (Some(least), Some(most)) => Label::new(format!("clip {least} to {most}")),
        (Some(least), None) => Label::new(format!("clip from {least}")),
        (None, Some(most)) => Label::new(format!("clip to {most}")),
        (None, None) => Label::new("clip"),
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes_values_and_labels() {
        check("HardSwish", "", "f16[n,3,h]", "f16[n,3,h]");
        check("PRelu", "", "f32[1,4,8,8] f32[4,1,1]", "f32[1,4,8,8]");
        check("Clip", "", "i64[3]{-2,5,90} i64[]{0} i64[]{9}", "i64[3]{0,5,9}");
        check("Clip", "", "i64[3]{-2,5,90} _ i64[]{9}", "i64[3]{-2,5,9}");
        check_label("Clip", "", "f32[2] f32[]{0} f32[]{6}", "ReLU6", Some(0));
        check_label("Clip@6", "min=0.0 max=6.0", "f32[2]", "ReLU6", Some(0));
        check_label("Clip", "", "f32[2] f32[]{0.5}", "clip from 0.5", Some(0));
        check_label("LeakyRelu", "", "f32[2]", "LeakyReLU", Some(0));
    }
}

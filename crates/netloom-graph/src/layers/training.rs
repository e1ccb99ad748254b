//! Steps of optimisers, and gradients, inside a graph.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};

const DOMAIN: &str = "ai.onnx.preview.training";
const STEP: Layer =
    Layer { category: Category::Other, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "adagrad",
        about: "one step of the optimiser AdaGrad",
        names: &[(DOMAIN, "Adagrad")],
        infer: |cx| step(cx, 3, &[0, 2]),
        ..STEP
    },
    Layer {
        name: "adam",
        about: "one step of the optimiser Adam",
        names: &[(DOMAIN, "Adam")],
        infer: |cx| step(cx, 4, &[0, 2, 3]),
        ..STEP
    },
    Layer {
        name: "momentum",
        about: "one step of gradient descent with momentum",
        names: &[(DOMAIN, "Momentum")],
        infer: |cx| step(cx, 3, &[0, 2]),
        ..STEP
    },
    Layer {
        name: "gradient",
        about: "derivatives of one value by others",
        names: &[(DOMAIN, "Gradient")],
        infer: |cx| {
            for output in 0..cx.n_outputs() {
                cx.set_like(output, output);
            }
            Ok(())
        },
        ..STEP
    },
];

/// Inputs after rate and step count come in `groups` of equal length; the outputs are new values of some groups.
fn step(cx: &mut Infer<'_>, groups: usize, updated: &[usize]) -> Result<(), InferError> {
    let n = cx.n_inputs().saturating_sub(2) / groups;
    for (i, group) in updated.iter().enumerate() {
        for j in 0..n {
            cx.set_like(i * n + j, 2 + group * n + j);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn steps_keep_shapes() {
        let domain = "ai.onnx.preview.training";
        check(
            &format!("{domain}.Adam@1"),
            "",
            "f32[] i64[] f32[2] f32[2] f32[2] f32[2]",
            "f32[2] f32[2] f32[2]",
        );
        let inputs = "f32[] i64[] f32[1] f32[2] f32[1] f32[2] f32[1] f32[2]";
        check(&format!("{domain}.Momentum@1"), "", inputs, "f32[1] f32[2] f32[1] f32[2]");
        check(&format!("{domain}.Gradient@1"), "", "f32[3] f64[n]", "f32[3] f64[n]");
    }
}

//! Attention whose scores and weights pass through bodies of their own.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Attribute, DType, ValueType};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[Layer {
    name: "flex_attention",
    about: "attention with custom steps after the scores and after the softmax",
    names: &[("ai.onnx.preview", "FlexAttention"), ("torch", "flex_attention")],
    category: Category::Attention,
    infer: flex,
    macs: |graph, node| (super::find("", "Attention")?.macs)(graph, node),
    label: |_, node| {
        let title = Label::new("attention");
        let steps = [("score_mod", "custom scores"), ("prob_mod", "custom weights")];
        let present = steps.iter().filter(|(name, _)| node.attributes.get(name).is_some());
        present.fold(title, |label, (_, words)| label.with(*words))
    },
    ..Layer::DEFAULT
}];

fn flex(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let (batch, heads, queries) = (cx.dim(0, 0), cx.dim(0, 1), cx.dim(0, 2));
    let (keys, width) = (cx.dim(1, 2), cx.dim(2, 3));
    // The softmax runs in single precision unless the inputs are wider or a setting says otherwise.
    let inner = cx.dtype_setting("softmax_precision").or(match dtype {
        Some(DType::Float64) => Some(DType::Float64),
        _ => Some(DType::Float32),
    });
    let scores = [batch.clone(), heads.clone(), queries.clone(), keys];
    for name in ["score_mod", "prob_mod"] {
        let Some(Attribute::Region(body)) = cx.attributes().get(name) else { continue };
        let body = *body;
        if let [formal, ..] = cx.graph().region(body).inputs[..] {
            let tensor = cx.graph().tensor_mut(formal);
            tensor.ty = ValueType::Tensor { dtype: inner, shape: scores.clone().into() }.or(&tensor.ty);
        }
        cx.infer_region(body);
    }
    cx.set(0, dtype, [batch, heads, queries, width]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shape_and_cost() {
        let op = "ai.onnx.preview.FlexAttention@1";
        check(op, "", "f16[b,8,q,16] f16[b,2,k,16] f16[b,2,k,32]", "f16[b,8,q,32]");
        let macs = 8 * 3 * 5 * (16 + 4);
        check_label(op, "", "f32[1,8,3,16] f32[1,2,5,16] f32[1,2,5,4]", "attention", Some(macs));
    }
}

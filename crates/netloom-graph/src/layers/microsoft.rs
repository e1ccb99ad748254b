//! Fused operators of the set `com.microsoft`, as optimisers of ONNX files leave them.

use super::rules::{broadcast, count, same_as_input};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Dim, Graph, Node, Shape};

const SET: &str = "com.microsoft";
const FUSED: Layer = Layer { label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "fused_conv",
        about: "a convolution and the activation after it in one step",
        names: &[(SET, "FusedConv")],
        category: Category::Conv,
        infer: |cx| delegate(cx, "Conv"),
        learned: &[1, 2],
        macs: |graph, node| delegated_macs(graph, node, "Conv"),
        ..FUSED
    },
    Layer {
        name: "fused_gemm",
        about: "a dense layer and the activation after it in one step",
        names: &[(SET, "FusedGemm"), (SET, "GemmFastGelu"), (SET, "GemmFloat8")],
        category: Category::Linear,
        infer: |cx| delegate(cx, if cx.node().op == "GemmFastGelu" { "MatMul" } else { "Gemm" }),
        learned: &[0, 1, 2],
        macs: |graph, node| {
            delegated_macs(graph, node, if node.op == "GemmFastGelu" { "MatMul" } else { "Gemm" })
        },
        ..FUSED
    },
    Layer {
        name: "fused_matmul",
        about: "a matrix product with transposes, a scale or an activation folded in",
        names: &[(SET, "FusedMatMul"), (SET, "TransposeMatMul"), (SET, "FusedMatMulActivation")],
        category: Category::Linear,
        infer: |cx| {
            let flags = ["transA", "transB", "transBatchA", "transBatchB"].map(|name| cx.flag(name));
            let (a, b) = (turned(cx.shape(0), flags[0], flags[2])?, turned(cx.shape(1), flags[1], flags[3])?);
            let (shape, dtype) = (matmul_shape(&a, &b)?, cx.dtype(0));
            cx.set(0, dtype, shape);
            Ok(())
        },
        learned: &[0, 1],
        macs: |graph, node| {
            let flag = |name| node.attributes.int(name).is_some_and(|n| n != 0);
            let a =
                turned(graph.tensor(node.input(0)?).ty.shape(), flag("transA"), flag("transBatchA")).ok()?;
            product_macs(graph, node, a.dims()?.last()?)
        },
        ..FUSED
    },
    Layer {
        name: "matmul_nbits",
        about: "a matrix product with weights stored in a few bits each",
        names: &[(SET, "MatMulNBits"), (SET, "MatMulBnb4")],
        category: Category::Linear,
        infer: |cx| {
            let width = cx.int("N").map_or(Dim::Unknown, Dim::Known);
            let (shape, dtype) = (with_last(cx.shape(0), width), cx.dtype(0));
            cx.set(0, dtype, shape);
            Ok(())
        },
        learned: &[1],
        state: &[2, 3],
        macs: |graph, node| product_macs(graph, node, &Dim::Known(node.attributes.int("K")?)),
        ..FUSED
    },
    Layer {
        name: "skip_norm",
        about: "adds a skip connection and normalises the sum",
        names: &[
            (SET, "SkipLayerNormalization"),
            (SET, "SkipSimplifiedLayerNormalization"),
            (SET, "SkipGroupNorm"),
        ],
        category: Category::Norm,
        infer: |cx| {
            cx.set_like(0, 0);
            let sum = if cx.node().op == "SkipGroupNorm" { 1 } else { 3 };
            cx.set_like(sum, 0);
            Ok(())
        },
        learned: &[2, 3, 4],
        ..FUSED
    },
    Layer {
        name: "fused_group_norm",
        about: "normalises groups of channels, with an activation folded in",
        names: &[(SET, "GroupNorm")],
        category: Category::Norm,
        infer: same_as_input,
        learned: &[1, 2],
        ..FUSED
    },
    Layer {
        name: "embed_layer_norm",
        about: "looks up words, places and segments, adds them and normalises the sum",
        names: &[(SET, "EmbedLayerNormalization")],
        category: Category::Embedding,
        infer: |cx| {
            let (batch, steps, width) = (cx.dim(0, 0), cx.dim(0, 1), cx.dim(2, 1));
            let (dtype, embedded) = (cx.dtype(2), [batch.clone(), steps, width]);
            cx.set(0, dtype, embedded.clone());
            cx.set(1, Some(DType::Int32), [batch]);
            cx.set(2, dtype, embedded);
            Ok(())
        },
        learned: &[2, 3, 4, 5, 6],
        ..FUSED
    },
    Layer {
        name: "fused_gelu",
        about: "a smooth ramp, with a bias or an approximation folded in",
        names: &[(SET, "FastGelu"), (SET, "BiasGelu"), (SET, "QuickGelu")],
        category: Category::Activation,
        infer: same_as_input,
        learned: &[1],
        ..FUSED
    },
    Layer {
        name: "bias_split_gelu",
        about: "adds a bias and gates one half of the channels by the other",
        names: &[(SET, "BiasSplitGelu")],
        category: Category::Activation,
        infer: |cx| {
            let half = match cx.dims(0) {
                Some([.., last]) => last.floor_div(&Dim::Known(2)),
                _ => Dim::Unknown,
            };
            let (shape, dtype) = (with_last(cx.shape(0), half), cx.dtype(0));
            cx.set(0, dtype, shape);
            Ok(())
        },
        learned: &[1],
        ..FUSED
    },
    Layer {
        name: "bias_add",
        about: "adds a bias and a skip connection",
        names: &[(SET, "BiasAdd"), (SET, "BiasDropout")],
        category: Category::Merge,
        infer: same_as_input,
        learned: &[1],
        ..FUSED
    },
    Layer {
        name: "bias_softmax",
        about: "adds a mask or bonus to scores and turns them into shares that add up to one",
        names: &[(SET, "BiasSoftmax")],
        category: Category::Loss,
        infer: same_as_input,
        state: &[1],
        ..FUSED
    },
    Layer {
        name: "mixture_of_experts",
        about: "sends each token through the few dense layers that a router picks for it",
        names: &[(SET, "MoE"), (SET, "QMoE")],
        category: Category::Linear,
        infer: same_as_input,
        learned: &[2, 3, 4, 5, 6, 7],
        // How many experts a token meets is a setting; which weights each applies is data.
        macs: |_, _| None,
        ..FUSED
    },
    Layer {
        name: "pairwise_distance",
        about: "the distance of each row of one matrix to each row of another",
        names: &[(SET, "CDist"), ("torch", "cdist")],
        infer: |cx| {
            let (dtype, rows, columns) = (cx.dtype(0), cx.dim(0, 0), cx.dim(1, 0));
            cx.set(0, dtype, [rows, columns]);
            Ok(())
        },
        ..FUSED
    },
    Layer {
        name: "matrix_inverse",
        about: "the inverse of each matrix",
        names: &[(SET, "Inverse"), ("torch", "inverse")],
        infer: same_as_input,
        ..FUSED
    },
    Layer {
        name: "gather_quantized",
        about: "looks up rows of a table stored in a few bits each",
        names: &[(SET, "GatherBlockQuantized")],
        category: Category::Embedding,
        infer: |_| Ok(()),
        learned: &[0],
        state: &[2, 3],
        ..FUSED
    },
    Layer {
        name: "generation",
        about: "writes text token by token, running its body for each",
        names: &[(SET, "BeamSearch"), (SET, "GreedySearch"), (SET, "Sampling"), (SET, "WhisperBeamSearch")],
        category: Category::Control,
        infer: |cx| {
            let (batch, lengths) = (cx.dim(0, 0), Dim::Unknown);
            if cx.node().op == "BeamSearch" || cx.node().op == "WhisperBeamSearch" {
                cx.set(0, Some(DType::Int32), [batch, Dim::Unknown, lengths]);
            } else {
                cx.set(0, Some(DType::Int32), [batch, lengths]);
            }
            Ok(())
        },
        macs: |_, _| None,
        ..FUSED
    },
    Layer {
        name: "other_fused",
        about: "an operator that one runtime makes for itself",
        names: &[
            (SET, "ComplexMul"),
            (SET, "ComplexMulConj"),
            (SET, "CropAndResize"),
            (SET, "EPContext"),
            (SET, "ExpandDims"),
            (SET, "Irfft"),
            (SET, "MurmurHash3"),
            (SET, "NGramRepeatBlock"),
            (SET, "QLinearReduceMean"),
            (SET, "QLinearWhere"),
            (SET, "RemovePadding"),
            (SET, "RestorePadding"),
            (SET, "Rfft"),
            (SET, "Snpe"),
            (SET, "Tokenizer"),
            (SET, "UnfoldTensor"),
            (SET, "WordConvEmbedding"),
        ],
        category: Category::Other,
        infer: |_| Ok(()),
        ..FUSED
    },
];

/// Applies the rule of a standard operator that reads the same inputs.
pub(super) fn delegate(cx: &mut Infer<'_>, op: &str) -> Result<(), InferError> {
    super::find("", op).map_or(Ok(()), |layer| (layer.infer)(cx))
}

fn delegated_macs(graph: &Graph, node: &Node, op: &str) -> Option<u64> {
    (super::find("", op)?.macs)(graph, node)
}

pub(super) fn dims_of<'a>(graph: &'a Graph, node: &Node, input: usize) -> Option<&'a [Dim]> {
    graph.tensor(node.input(input)?).ty.shape().dims()
}

/// Elements of the result, times the length of the sums.
pub(super) fn product_macs(graph: &Graph, node: &Node, inner: &Dim) -> Option<u64> {
    let output = graph.tensor(node.output(0)?).ty.shape();
    count(output.dims()?)?.checked_mul(inner.as_size()?)
}

fn with_last(shape: &Shape, dim: Dim) -> Shape {
    match shape.dims() {
        Some([front @ .., _]) => front.iter().cloned().chain([dim]).collect::<Vec<_>>().into(),
        _ => Shape::Unranked,
    }
}

/// The shape of a matrix, or a stack of them, after the transposes that a product has folded in: first the matrix
/// axes change places, then the first batch axis goes to the place before the last.
pub(super) fn turned(shape: &Shape, transpose: bool, transpose_batch: bool) -> Result<Shape, InferError> {
    let Some(dims) = shape.dims() else { return Ok(Shape::Unranked) };
    let mut dims = dims.to_vec();
    let n = dims.len();
    if n < 2 {
        return Ok(shape.clone());
    }
    if transpose_batch {
        dims[..n - 1].rotate_left(1);
    }
    if transpose {
        dims.swap(n - 2, n - 1);
    }
    Ok(dims.into())
}

/// The shape of a matrix product with broadcast batch axes.
pub(super) fn matmul_shape(a: &Shape, b: &Shape) -> Result<Shape, InferError> {
    let (Some(a), Some(b)) = (a.dims(), b.dims()) else { return Ok(Shape::Unranked) };
    let ([batch_a @ .., rows, inner_a], [batch_b @ .., inner_b, columns]) = (a, b) else {
        return Ok(Shape::Unranked);
    };
    if matches!((inner_a, inner_b), (Dim::Known(x), Dim::Known(y)) if x != y) {
        return Err(InferError::new(format!(
            "expected equal inner dimensions, found {inner_a} and {inner_b}"
        )));
    }
    let batch = broadcast([&Shape::from(batch_a.to_vec()), &Shape::from(batch_b.to_vec())])?;
    let mut dims = batch.dims().map(<[Dim]>::to_vec).unwrap_or_default();
    dims.extend([rows.clone(), columns.clone()]);
    Ok(dims.into())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn products() {
        check("com.microsoft.FusedMatMul@1", "transB=1", "f32[b,7,4] f32[b,5,4]", "f32[b,7,5]");
        check_label("com.microsoft.FusedMatMul@1", "transA=1", "f32[4,7] f32[4,5]", "FusedMatMul", Some(140));
        check("com.microsoft.MatMulNBits@1", "K=64 N=32", "f16[n,9,64] u8[32,2,16] f16[64]", "f16[n,9,32]");
        check_label(
            "com.microsoft.MatMulNBits@1",
            "K=64 N=32",
            "f16[9,64]",
            "MatMulNBits",
            Some(9 * 64 * 32),
        );
    }

    #[test]
    fn norms() {
        check(
            "com.microsoft.EmbedLayerNormalization@1",
            "",
            "i32[b,s] i32[b,s] f32[1000,64] f32[512,64] f32[2,64] f32[64] f32[64]",
            "f32[b,s,64] i32[b]",
        );
        check("com.microsoft.BiasSplitGelu@1", "", "f16[n,9,64] f16[64]", "f16[n,9,32]");
    }
}

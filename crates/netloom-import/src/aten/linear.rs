//! Dense layers and products of matrices.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("linear", "input weight bias", linear),
    Row("addmm", "self mat1 mat2 beta alpha", |cx| {
        let (x, w) = (cx.tensor("mat1"), cx.tensor("mat2"));
        gemm(cx, x, w)
    }),
    Row("_addmm_activation", "self mat1 mat2 beta alpha use_gelu", |cx| {
        let (x, w) = (cx.tensor("mat1"), cx.tensor("mat2"));
        gemm(cx, x, w)
    }),
    Row("addmv", "self mat vec beta alpha", |cx| added(cx, "mat", "vec")),
    Row("baddbmm", "self batch1 batch2 beta alpha", |cx| added(cx, "batch1", "batch2")),
    Row("mm", "self mat2|other", |cx| product(cx, "self", "mat2")),
    Row("bmm", "self mat2", |cx| product(cx, "self", "mat2")),
    Row("mv", "self vec", |cx| product(cx, "self", "vec")),
    Row("dot", "self tensor", |cx| product(cx, "self", "tensor")),
    Row("vdot", "self other", |cx| product(cx, "self", "other")),
    Row("matmul", "self|input other", |cx| product(cx, "self", "other")),
    Row("linalg_matmul", "self other", |cx| product(cx, "self", "other")),
    Row("chain_matmul", "matrices", chain),
    Row("linalg_multi_dot", "tensors", chain),
    Row("outer", "self vec2", outer),
    Row("ger", "self vec2", outer),
    Row("einsum", "equation tensors path", |cx| {
        let (Some(equation), Some(tensors)) = (cx.text("equation"), cx.full_list("tensors")) else {
            return Ok(None);
        };
        let inputs: Vec<Option<TensorId>> = tensors.into_iter().map(Some).collect();
        // Spaces say nothing.
        let equation = equation.replace(' ', "");
        cx.finish("Einsum", &inputs, vec![("equation", Attribute::String(equation))])
    }),
    Row("bilinear", "input1 input2 weight bias", |cx| {
        let inputs = ["input1", "input2", "weight", "bias"].map(|n| cx.tensor(n));
        cx.finish("torch.Bilinear", &inputs, vec![])
    }),
    Row("_trilinear", "i1 i2 i3", |cx| {
        let inputs = ["i1", "i2", "i3"].map(|n| cx.tensor(n));
        cx.finish("torch.Bilinear", &inputs, vec![])
    }),
];

fn linear(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(w)) = (cx.tensor("input"), cx.tensor("weight")) else { return Ok(None) };
    let bias = cx.tensor("bias");
    cx.finish("loom.linear", &[Some(x), Some(w), bias], vec![("transB", int(1))])
}

/// A linear layer where the sum is plain; else a product, scaled and added.
fn gemm(cx: &mut Cx<'_>, x: Option<TensorId>, w: Option<TensorId>) -> Built {
    let (Some(x), Some(w), Some(bias)) = (x, w, cx.tensor("self")) else { return Ok(None) };
    let mut attributes = Vec::new();
    for name in ["alpha", "beta"] {
        let factor = cx.float(name).filter(|f| (*f - 1.0).abs() > 0.0);
        attributes.extend(factor.map(|f| (name, Attribute::Float(f))));
    }
    cx.finish("Gemm", &[Some(x), Some(w), Some(bias)], attributes)
}

fn product(cx: &mut Cx<'_>, a: &str, b: &str) -> Built {
    let (Some(a), Some(b)) = (cx.tensor(a), cx.tensor(b)) else { return Ok(None) };
    cx.finish("MatMul", &[Some(a), Some(b)], vec![])
}

fn added(cx: &mut Cx<'_>, a: &str, b: &str) -> Built {
    let (Some(a), Some(b), Some(to)) = (cx.tensor(a), cx.tensor(b), cx.tensor("self")) else {
        return Ok(None);
    };
    let mut product = cx.node("MatMul", &[Some(a), Some(b)], vec![])?;
    let mut to = to;
    if let Some(alpha) = cx.float("alpha").filter(|f| (*f - 1.0).abs() > 0.0) {
        let alpha = cx.number(alpha, cx.dtype(a))?;
        product = cx.node("Mul", &[Some(product), alpha], vec![])?;
    }
    match cx.float("beta") {
        Some(beta) if beta.abs() == 0.0 => {
            return cx.finish("Identity", &[Some(product)], vec![]);
        }
        Some(beta) if (beta - 1.0).abs() > 0.0 => {
            let beta = cx.number(beta, cx.dtype(a))?;
            to = cx.node("Mul", &[Some(to), beta], vec![])?;
        }
        _ => {}
    }
    cx.finish("Add", &[Some(product), Some(to)], vec![])
}

fn chain(cx: &mut Cx<'_>) -> Built {
    let list = cx.full_list("matrices").or_else(|| cx.full_list("tensors")).unwrap_or_default();
    let [first, middle @ .., last] = list.as_slice() else { return Ok(None) };
    let mut product = *first;
    for next in middle {
        product = cx.node("MatMul", &[Some(product), Some(*next)], vec![])?;
    }
    cx.finish("MatMul", &[Some(product), Some(*last)], vec![])
}

fn outer(cx: &mut Cx<'_>) -> Built {
    let (Some(a), Some(b)) = (cx.tensor("self"), cx.tensor("vec2")) else { return Ok(None) };
    let axis = cx.known(&[1])?;
    let column = cx.node("Unsqueeze", &[Some(a), axis], vec![])?;
    cx.finish("Mul", &[Some(column), Some(b)], vec![])
}

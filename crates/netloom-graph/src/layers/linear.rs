//! Dense layers and matrix products.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Dim, Graph, Node, Shape};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "linear",
        about: "each output is a weighted sum of all inputs, plus a bias",
        names: &[("onnx", "Gemm"), ("torch", "Linear"), ("keras", "Dense"), ("loom", "linear")],
        category: Category::Linear,
        infer: gemm,
        learned: &[1, 2],
        macs: linear_macs,
        label: label_linear,
        ..Layer::DEFAULT
    },
    Layer {
        name: "matmul",
        about: "multiplies two matrices, or two stacks of matrices",
        names: &[("onnx", "MatMul"), ("keras", "Dot"), ("loom", "matmul")],
        category: Category::Linear,
        infer: |cx| matmul(cx, 0, 1, None),
        learned: &[0, 1],
        macs: |graph, node| matmul_macs(graph, node, 0),
        ..Layer::DEFAULT
    },
    Layer {
        name: "matmul_integer",
        about: "multiplies two matrices of whole numbers, as quantised networks use it",
        names: &[("onnx", "MatMulInteger")],
        category: Category::Linear,
        infer: |cx| matmul(cx, 0, 1, Some(DType::Int32)),
        learned: &[0, 1],
        state: &[2, 3],
        macs: |graph, node| matmul_macs(graph, node, 0),
        ..Layer::DEFAULT
    },
    Layer {
        name: "qlinear_matmul",
        about: "multiplies two matrices of quantised numbers and quantises the result",
        names: &[("onnx", "QLinearMatMul")],
        category: Category::Linear,
        infer: |cx| {
            let dtype = cx.dtype(7).or_else(|| cx.dtype(0));
            matmul(cx, 0, 3, dtype)
        },
        learned: &[0, 3],
        state: &[1, 2, 4, 5, 6, 7],
        macs: |graph, node| matmul_macs(graph, node, 0),
        ..Layer::DEFAULT
    },
];

fn gemm(cx: &mut Infer<'_>) -> Ruled {
    if cx.node().op != "Gemm" {
        return dense(cx);
    }
    let dtype = cx.dtype(0).or_else(|| cx.dtype(1));
    // A lifted layer works on the last dimension of anything; the operator of the standard set on matrices only.
    if cx.node().domain == "loom" {
        let (inner, out) = match cx.dims(1) {
            Some([a, b]) if cx.flag("transB") => (b.clone(), a.clone()),
            Some([a, b]) => (a.clone(), b.clone()),
            _ => (Dim::Unknown, Dim::Unknown),
        };
        let Some((last, rest)) = cx.dims(0).and_then(<[Dim]>::split_last) else {
            cx.set(0, dtype, Shape::Unranked);
            return Ok(());
        };
        let (last, mut dims) = (last.clone(), rest.to_vec());
        rules::agree(&last, &inner)?;
        dims.push(out);
        cx.set(0, dtype, dims);
        return Ok(());
    }
    let side = |cx: &Infer<'_>, input: usize, transposed: bool| -> Result<(Dim, Dim), InferError> {
        match cx.dims(input) {
            None => Ok((Dim::Unknown, Dim::Unknown)),
            Some([a, b]) if transposed => Ok((b.clone(), a.clone())),
            Some([a, b]) => Ok((a.clone(), b.clone())),
            Some(_) => {
                Err(InferError::new(format!("expected a matrix as input {input}, found {}", cx.shape(input))))
            }
        }
    };
    let (rows, inner) = side(cx, 0, cx.flag("transA"))?;
    let (inner_too, columns) = side(cx, 1, cx.flag("transB"))?;
    rules::agree(&inner, &inner_too)?;
    cx.set(0, dtype, vec![rows, columns]);
    Ok(())
}

/// A linear layer works on the last dimension of data of any rank; its matrix is `[in, out]`, or with `transB` `[out, in]`.
fn dense(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0).or_else(|| cx.dtype(1));
    let matrix = match cx.dims(1) {
        Some([a, b]) if cx.flag("transB") => Shape::Ranked(vec![b.clone(), a.clone()]),
        _ => cx.shape(1).clone(),
    };
    let shape = matmul_shape(cx.shape(0), &matrix)?;
    cx.set(0, dtype, shape);
    Ok(())
}

fn matmul(cx: &mut Infer<'_>, a: usize, b: usize, dtype: Option<DType>) -> Ruled {
    let dtype = dtype.or_else(|| cx.dtype(a)).or_else(|| cx.dtype(b));
    let shape = matmul_shape(cx.shape(a), cx.shape(b))?;
    cx.set(0, dtype, shape);
    Ok(())
}

/// The shape of a product of stacks of matrices, as in numpy: a vector on the left is a row, on the right a column, and
/// that dimension goes away.
///
/// # Errors
/// When the inner dimensions differ, a side is a scalar, or the stacks do not broadcast.
pub fn matmul_shape(a: &Shape, b: &Shape) -> Result<Shape, InferError> {
    let (Some(a), Some(b)) = (a.dims(), b.dims()) else { return Ok(Shape::Unranked) };
    let (Some((a_inner, a_rest)), Some(b_last)) = (a.split_last(), b.last()) else {
        return Err(InferError::new("expected vectors or matrices, found a scalar"));
    };
    let (b_inner, b_column) = if b.len() == 1 { (b_last, None) } else { (&b[b.len() - 2], Some(b_last)) };
    rules::agree(a_inner, b_inner)?;
    let a_stack = &a_rest[..a_rest.len().saturating_sub(1)];
    let b_stack = &b[..b.len().saturating_sub(2)];
    let stacks = [Shape::Ranked(a_stack.to_vec()), Shape::Ranked(b_stack.to_vec())];
    let Shape::Ranked(mut dims) = rules::broadcast(&stacks)? else { return Ok(Shape::Unranked) };
    dims.extend(a_rest.last().cloned());
    dims.extend(b_column.cloned());
    Ok(Shape::Ranked(dims))
}

fn linear_macs(graph: &Graph, node: &Node) -> Option<u64> {
    if node.op == "MatMul" {
        return matmul_macs(graph, node, 0);
    }
    let a = rules::input_shape(graph, node, 0)?;
    let inner = if node.attributes.int("transA").unwrap_or(0) != 0 { a.first() } else { a.last() };
    rules::count(rules::output_shape(graph, node, 0)?)?.checked_mul(inner?.as_size()?)
}

fn matmul_macs(graph: &Graph, node: &Node, left: usize) -> Option<u64> {
    let inner = rules::input_shape(graph, node, left)?.last()?.as_size()?;
    rules::count(rules::output_shape(graph, node, 0)?)?.checked_mul(inner)
}

fn label_linear(graph: &Graph, node: &Node) -> Label {
    let label = match rules::output_shape(graph, node, 0).and_then(<[Dim]>::last) {
        Some(features) if !features.is_unknown() => Label::new(format!("linear {features}")),
        _ => Label::new("linear"),
    };
    if rules::is_quantized(graph, node, 1) { label.with("quantised") } else { label }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label, check_remark};

    #[test]
    fn shapes() {
        for (op, settings, inputs, output) in [
            ("Gemm", "transB=1", "f32[n,512] f32[1000,512] f32[1000]", "f32[n,1000]"),
            ("Gemm", "transA=1", "f32[4,2] f32[4,3]", "f32[2,3]"),
            ("Gemm", "", "f32? f32[4,3]", "f32[?,3]"),
            ("MatMul", "", "f32[2,3,4] f32[4,5]", "f32[2,3,5]"),
            ("MatMul", "", "f32[4] f32[4]", "f32[]"),
            ("MatMul", "", "f32[4] f32[7,4,5]", "f32[7,5]"),
            ("MatMul", "", "f32[7,5,4] f32[4]", "f32[7,5]"),
            ("MatMul", "", "f32[b,1,s,64] f32[b,12,64,s]", "f32[b,12,s,s]"),
            ("MatMulInteger", "", "u8[4,3] u8[3,2]", "int32[4,2]"),
            ("loom.linear", "transB=1", "f32[n,197,768] f32[3072,768] f32[3072]", "f32[n,197,3072]"),
            ("loom.linear", "", "f32[n,16] f32[16,4]", "f32[n,4]"),
            ("QLinearMatMul", "", "u8[4,3] f32[] u8[] u8[3,2] f32[] u8[] f32[] i8[]", "i8[4,2]"),
        ] {
            check(op, settings, inputs, output);
        }
        check_remark("MatMul", "", "f32[2,3] f32[4,5]", "expected equal dimensions, found 3 and 4");
        check_remark("MatMul", "", "f32[] f32[4,5]", "expected vectors or matrices, found a scalar");
    }

    #[test]
    fn labels_and_costs() {
        check_label("Gemm", "transB=1", "f32[1,512] f32[1000,512]", "linear 1000", Some(512_000));
        check_label("MatMul", "", "f32[12,5,64] f32[12,64,5]", "matmul", Some(19_200));
    }
}

//! Operators on small integers of the set `com.microsoft`: each tensor comes with a scale and a zero point.

use super::microsoft::{delegate, dims_of, matmul_shape, product_macs, turned};
use super::rules::{broadcast, broadcast_dim, same_as_input};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{DType, Dim, Shape};

const SET: &str = "com.microsoft";
const QUANTIZED: Layer =
    Layer { category: Category::Elementwise, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "quantized_matmul",
        about: "a matrix product of small integers that gives real numbers",
        names: &[(SET, "DynamicQuantizeMatMul"), (SET, "MatMulIntegerToFloat"), (SET, "MatMulInteger16")],
        category: Category::Linear,
        infer: |cx| {
            let dtype = match cx.node().op.as_str() {
                "MatMulIntegerToFloat" => cx.dtype(2),
                "MatMulInteger16" => Some(DType::Int32),
                _ => cx.dtype(0),
            };
            let shape = matmul_shape(cx.shape(0), cx.shape(1))?;
            cx.set(0, dtype, shape);
            Ok(())
        },
        learned: &[1],
        macs: |graph, node| product_macs(graph, node, dims_of(graph, node, 0)?.last()?),
        ..QUANTIZED
    },
    Layer {
        name: "quantized_gemm",
        about: "a dense layer on small integers",
        names: &[(SET, "QGemm")],
        category: Category::Linear,
        infer: |cx| {
            let a = turned(cx.shape(0), cx.flag("transA"), false)?;
            let b = turned(cx.shape(3), cx.flag("transB"), false)?;
            // Without a scale of its own the result stays real.
            let dtype = if cx.has_input(7) { cx.dtype(8).or(cx.dtype(0)) } else { Some(DType::Float32) };
            let shape = matmul_shape(&a, &b)?;
            cx.set(0, dtype, shape);
            Ok(())
        },
        learned: &[3, 6],
        state: &[1, 2, 4, 5, 7, 8],
        macs: |graph, node| {
            let [rows, columns] = dims_of(graph, node, 0)? else { return None };
            let transposed = node.attributes.int("transA").unwrap_or(0) != 0;
            product_macs(graph, node, if transposed { rows } else { columns })
        },
        ..QUANTIZED
    },
    Layer {
        name: "quantized_add",
        about: "adds tensors of small integers that have scales of their own",
        names: &[(SET, "QLinearAdd")],
        category: Category::Merge,
        infer: |cx| quantized_pair(cx, 0, 3),
        state: &[1, 2, 4, 5, 6, 7],
        ..QUANTIZED
    },
    Layer {
        name: "quantized_mul",
        about: "multiplies tensors of small integers that have scales of their own",
        names: &[(SET, "QLinearMul")],
        infer: |cx| quantized_pair(cx, 0, 3),
        state: &[1, 2, 4, 5, 6, 7],
        ..QUANTIZED
    },
    Layer {
        name: "quantized_activation",
        about: "a nonlinearity looked up in a table of small integers",
        names: &[(SET, "QLinearSigmoid"), (SET, "QLinearLeakyRelu"), (SET, "QLinearSoftmax")],
        category: Category::Activation,
        infer: same_as_input,
        state: &[1, 2, 3, 4],
        ..QUANTIZED
    },
    Layer {
        name: "quantized_pool",
        about: "averages patches of small integers",
        names: &[(SET, "QLinearAveragePool"), (SET, "QLinearGlobalAveragePool")],
        category: Category::Pool,
        infer: quantized_pool,
        state: &[1, 2, 3, 4],
        ..QUANTIZED
    },
    Layer {
        name: "quantized_concat",
        about: "joins tensors of small integers along an axis, bringing them to one scale",
        names: &[(SET, "QLinearConcat")],
        category: Category::Merge,
        infer: quantized_concat,
        state: &[0, 1],
        ..QUANTIZED
    },
];

fn quantized_pair(cx: &mut Infer<'_>, a: usize, b: usize) -> Result<(), InferError> {
    let (shape, dtype) = (broadcast([cx.shape(a), cx.shape(b)])?, cx.dtype(a));
    cx.set(0, dtype, shape);
    Ok(())
}

fn quantized_pool(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let last = cx.flag("channels_last");
    match (cx.node().op == "QLinearGlobalAveragePool", cx.dims(0)) {
        (true, Some(dims)) if dims.len() > 2 => {
            let mut dims = dims.to_vec();
            let end = dims.len();
            dims[if last { 1..end - 1 } else { 2..end }].fill(Dim::Known(1));
            let dtype = cx.dtype(0);
            cx.set(0, dtype, dims);
            Ok(())
        }
        (false, Some(_)) if !last => delegate(cx, "AveragePool"),
        _ => {
            let (dtype, rank) = (cx.dtype(0), cx.rank(0));
            cx.set(0, dtype, rank.map_or(Shape::Unranked, Shape::unknown_dims));
            Ok(())
        }
    }
}

/// After scale and zero point of the result come tensors, each with its own scale and zero point.
fn quantized_concat(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(2);
    let parts: Option<Vec<&[Dim]>> = (2..cx.n_inputs()).step_by(3).map(|i| cx.dims(i)).collect();
    let mut shape = Shape::Unranked;
    if let Some([first, rest @ ..]) = parts.as_deref() {
        let mut dims = first.to_vec();
        let axis = normal_axis(cx.int("axis").unwrap_or(0), dims.len())?;
        for part in rest {
            if part.len() != dims.len() {
                return Err(InferError::new(format!(
                    "expected {} dimensions, found {}",
                    dims.len(),
                    part.len()
                )));
            }
            for (i, dim) in part.iter().enumerate() {
                dims[i] = if i == axis { dims[i].plus(dim) } else { broadcast_dim(&dims[i], dim)? };
            }
        }
        shape = dims.into();
    }
    cx.set(0, dtype, shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn products() {
        check("com.microsoft.MatMulIntegerToFloat@1", "", "u8[2,3] i8[3,5] f16[] f16[]", "f16[2,5]");
        check("com.microsoft.QGemm@1", "transB=1", "u8[2,3] f32[] u8[] i8[5,3] f32[] i8[]", "f32[2,5]");
    }

    #[test]
    fn quantised_elements() {
        check("com.microsoft.QLinearAdd@1", "", "u8[2,1] f32[] u8[] u8[3] f32[] u8[] f32[] u8[]", "u8[2,3]");
        check(
            "com.microsoft.QLinearConcat@1",
            "axis=1",
            "f32[] u8[] u8[n,2] f32[] u8[] u8[n,3] f32[] u8[]",
            "u8[n,5]",
        );
        check(
            "com.microsoft.QLinearGlobalAveragePool@1",
            "",
            "u8[n,8,7,7] f32[] u8[] f32[] u8[]",
            "u8[n,8,1,1]",
        );
    }
}

//! Look-ups by index, tables of learned vectors among them.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Dim, Graph, Node, Shape};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "gather",
        about: "picks slices along one axis by index",
        names: &[("onnx", "Gather")],
        infer: gather,
        learned: &[0],
        ..SHAPE
    },
    Layer {
        name: "embedding",
        about: "looks up one learned vector per token",
        names: &[
            ("torch", "Embedding"),
            ("torch", "EmbeddingBag"),
            ("keras", "Embedding"),
            ("loom", "embedding"),
        ],
        category: Category::Embedding,
        infer: gather,
        learned: &[0],
        label: label_embedding,
        ..SHAPE
    },
    Layer {
        name: "gather_elements",
        about: "picks one number per index along one axis",
        names: &[("onnx", "GatherElements")],
        infer: |cx| {
            let (dtype, shape) = (cx.dtype(0), cx.shape(1).clone());
            cx.set(0, dtype, shape);
            Ok(())
        },
        ..SHAPE
    },
    Layer {
        name: "gather_nd",
        about: "picks slices by index vectors",
        names: &[("onnx", "GatherND")],
        infer: gather_nd,
        ..SHAPE
    },
];

fn gather(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let (Some(data), Some(index)) = (cx.dims_of_rank(0, 1)?, cx.dims(1).map(<[Dim]>::to_vec)) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let at = cx.axis("axis", 0, data.len())?;
    let mut out = data[..at].to_vec();
    out.extend(index);
    out.extend_from_slice(&data[at + 1..]);
    if at == 0
        && let (Some(value), Some(index), Some(dims)) = (cx.value(0), cx.known_ints(1), rules::sizes(&out))
        && let Some(&n) = value.dims.first()
    {
        let row: usize = value.dims[1..].iter().product();
        let mut places = Vec::new();
        for i in index {
            let at = normal_axis(i, n)?;
            places.extend(at * row..(at + 1) * row);
        }
        if let Some(value) = value.pick(dims, &places) {
            cx.set_value(0, value);
        }
    }
    cx.set(0, dtype, out);
    Ok(())
}

fn gather_nd(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let (Some(data), Some(index)) = (cx.dims_of_rank(0, 1)?, cx.dims_of_rank(1, 1)?) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let batch = usize::try_from(cx.int("batch_dims").unwrap_or(0)).unwrap_or(0);
    let (last, head) = index.split_last().expect("the rank is at least 1");
    let Some(depth) = last.as_size().and_then(|n| usize::try_from(n).ok()) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let Some(tail) = batch.checked_add(depth).and_then(|n| data.get(n..)) else {
        return Err(InferError::new(format!(
            "expected index vectors of at most {} numbers, found {depth}",
            data.len()
        )));
    };
    let mut out = head.to_vec();
    out.extend_from_slice(tail);
    cx.set(0, dtype, out);
    Ok(())
}

fn label_embedding(graph: &Graph, node: &Node) -> Label {
    match rules::input_shape(graph, node, 0) {
        Some([rows, width]) => Label::new(format!("embedding {rows}×{width}")),
        _ => Label::new("embedding"),
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, outputs) in [
            ("Gather", "", "f32[30522,768] i64[b,s]", "f32[b,s,768]"),
            ("Gather", "axis=1", "f32[n,128,768] i64[]{0}", "f32[n,768]"),
            ("Gather", "", "i64[3]{n,3,h} i64[]{-1}", "i64[]{h}"),
            ("GatherElements", "axis=1", "f32[3,3] i64[2,3]", "f32[2,3]"),
            ("GatherND", "", "f32[2,3,4] i64[5,2]", "f32[5,4]"),
            ("GatherND", "batch_dims=1", "f32[2,3,4] i64[2,1]", "f32[2,4]"),
        ] {
            check(op, settings, inputs, outputs);
        }
    }
}

//! Choosing, counting and writing elements: top-k, one-hot, nonzero, running sums, scatter.

use super::rules::same_as_input;
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::value::MAX_ELEMENTS;
use crate::{DType, Dim, Graph, Node, Shape, Value};

const MOVE: Layer =
    Layer { category: Category::Shape, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "top_k",
        about: "keeps the k largest elements along an axis, with their places",
        names: &[("onnx", "TopK"), ("torch", "topk")],
        infer: top_k,
        label: |graph, node| with_setting(graph, node, "TopK", "k"),
        ..MOVE
    },
    Layer {
        name: "nonzero",
        about: "lists the places of the elements that are not zero",
        names: &[("onnx", "NonZero"), ("torch", "nonzero")],
        infer: nonzero,
        ..MOVE
    },
    Layer {
        name: "unique",
        about: "lists the distinct elements, with how often and where each occurs",
        names: &[("onnx", "Unique"), ("torch", "unique")],
        infer: unique,
        ..MOVE
    },
    Layer {
        name: "one_hot",
        about: "turns each index into a row that is on at that index and off elsewhere",
        names: &[("onnx", "OneHot"), ("torch", "one_hot"), ("keras", "CategoryEncoding")],
        infer: one_hot,
        ..MOVE
    },
    Layer {
        name: "compress",
        about: "keeps the slices along an axis whose condition holds",
        names: &[("onnx", "Compress"), ("torch", "masked_select")],
        infer: compress,
        ..MOVE
    },
    Layer {
        name: "cumulative_sum",
        about: "replaces each element by the sum of all up to it along an axis",
        names: &[("onnx", "CumSum"), ("torch", "cumsum")],
        category: Category::Reduce,
        infer: |cx| cumulative(cx, Dim::plus, 0),
        ..MOVE
    },
    Layer {
        name: "cumulative_product",
        about: "replaces each element by the product of all up to it along an axis",
        names: &[("onnx", "CumProd"), ("torch", "cumprod")],
        category: Category::Reduce,
        infer: |cx| cumulative(cx, Dim::times, 1),
        ..MOVE
    },
    Layer {
        name: "trilu",
        about: "keeps one triangle of each matrix and sets the rest to zero",
        names: &[("onnx", "Trilu"), ("com.microsoft", "Trilu"), ("torch", "triu"), ("torch", "tril")],
        infer: same_as_input,
        ..MOVE
    },
    Layer {
        name: "scatter",
        about: "writes updates into a copy of its input at places given by index",
        names: &[("onnx", "Scatter"), ("onnx", "ScatterElements"), ("torch", "scatter")],
        infer: same_as_input,
        ..MOVE
    },
    Layer {
        name: "scatter_nd",
        about: "writes slices into a copy of its input at places given by index tuples",
        names: &[("onnx", "ScatterND"), ("torch", "index_put")],
        infer: same_as_input,
        ..MOVE
    },
    Layer {
        name: "tensor_scatter",
        about: "writes new steps into a cache of earlier ones",
        names: &[("onnx", "TensorScatter")],
        infer: same_as_input,
        ..MOVE
    },
    Layer {
        name: "bit_cast",
        about: "reads the same bits as numbers of another type",
        names: &[("onnx", "BitCast"), ("torch", "view_as")],
        infer: |cx| {
            let shape = cx.shape(0).clone();
            cx.set(0, cx.dtype_setting("to"), shape);
            Ok(())
        },
        ..MOVE
    },
];

fn with_setting(_: &Graph, node: &Node, title: &str, name: &str) -> Label {
    match node.attributes.int(name) {
        Some(n) => Label::new(format!("{title} {name}={n}")),
        None => Label::new(title),
    }
}

fn top_k(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let k = match cx.ints(1) {
        Some([k]) => k.clone(),
        _ => cx.int("k").map_or(Dim::Unknown, Dim::Known),
    };
    let axis = cx.int("axis").unwrap_or(-1);
    let shape = replaced(cx.shape(0), axis, k)?;
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape.clone());
    cx.set(1, Some(DType::Int64), shape);
    Ok(())
}

/// A shape with one dimension replaced.
fn replaced(shape: &Shape, axis: i64, dim: Dim) -> Result<Shape, InferError> {
    let Some(dims) = shape.dims() else { return Ok(Shape::Unranked) };
    let mut dims = dims.to_vec();
    let axis = normal_axis(axis, dims.len())?;
    dims[axis] = dim;
    Ok(dims.into())
}

fn nonzero(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let rank = cx.shape(0).rank().and_then(|r| i64::try_from(r).ok());
    let mut count = Dim::Unknown;
    let places = nonzero_places(cx);
    if let Some(value) = &places {
        count = value.dims.get(1).and_then(|n| i64::try_from(*n).ok()).map_or(Dim::Unknown, Dim::Known);
    }
    cx.set(0, Some(DType::Int64), [rank.map_or(Dim::Unknown, Dim::Known), count]);
    if let Some(value) = places {
        cx.set_value(0, value);
    }
    Ok(())
}

/// The index tuples of a known input, one column per element that is not zero.
fn nonzero_places(cx: &Infer<'_>) -> Option<Value> {
    let input = cx.value(0)?;
    let on: Vec<bool> = match (input.as_ints(), input.as_floats()) {
        (Some(ints), _) => ints.iter().map(|d| d.as_known().map(|n| n != 0)).collect::<Option<_>>()?,
        (_, Some(floats)) => floats.iter().map(|x| *x != 0.0).collect(),
        _ => return None,
    };
    let rank = input.dims.len();
    let count = on.iter().filter(|b| **b).count();
    if rank == 0 || rank.checked_mul(count)? > MAX_ELEMENTS {
        return None;
    }
    let mut out = vec![Dim::Known(0); rank * count];
    for (column, (flat, _)) in on.iter().enumerate().filter(|(_, b)| **b).enumerate() {
        let mut rest = flat;
        for (row, size) in input.dims.iter().enumerate().rev() {
            out[row * count + column] = Dim::Known(i64::try_from(rest.checked_rem(*size)?).ok()?);
            rest /= size;
        }
    }
    Some(Value { dims: vec![rank, count], elements: crate::Elements::Ints(out) })
}

fn unique(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let shape = match cx.int("axis") {
        Some(axis) => replaced(cx.shape(0), axis, Dim::Unknown)?,
        None => Shape::unknown_dims(1),
    };
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape);
    for output in 1..4 {
        cx.set(output, Some(DType::Int64), Shape::unknown_dims(1));
    }
    Ok(())
}

fn one_hot(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(2);
    let mut shape = Shape::Unranked;
    if let Some(indices) = cx.dims(0) {
        let mut dims = indices.to_vec();
        let axis = normal_axis(cx.int("axis").unwrap_or(-1), dims.len() + 1)?;
        let depth = match (cx.ints(1), cx.floats(1)) {
            (Some([depth]), _) => depth.clone(),
            #[expect(clippy::cast_possible_truncation, reason = "the operator rounds a depth towards zero")]
            (_, Some([depth])) => Dim::Known(*depth as i64),
            _ => Dim::Unknown,
        };
        dims.insert(axis, depth);
        shape = dims.into();
    }
    cx.set(0, dtype, shape);
    Ok(())
}

fn compress(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let kept = cx
        .known_ints(1)
        .and_then(|c| i64::try_from(c.iter().filter(|x| **x != 0).count()).ok())
        .map_or(Dim::Unknown, Dim::Known);
    let shape = match cx.int("axis") {
        Some(axis) => replaced(cx.shape(0), axis, kept)?,
        None => [kept].into(),
    };
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape);
    Ok(())
}

fn cumulative(cx: &mut Infer<'_>, join: fn(&Dim, &Dim) -> Dim, start: i64) -> Result<(), InferError> {
    cx.set_like(0, 0);
    let Some(value) = cx.value(0) else { return Ok(()) };
    let (Some(ints), [_]) = (value.as_ints(), value.dims.as_slice()) else { return Ok(()) };
    let exclusive = cx.flag("exclusive");
    let reverse = cx.flag("reverse");
    let mut elements = ints.to_vec();
    if reverse {
        elements.reverse();
    }
    let mut sum = Dim::Known(start);
    for element in &mut elements {
        let next = join(&sum, element);
        *element = if exclusive { sum } else { next.clone() };
        sum = next;
    }
    if reverse {
        elements.reverse();
    }
    cx.set_value(0, Value::ints(elements));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label, check_remark};

    #[test]
    fn chosen_elements() {
        check("TopK", "axis=1", "f32[n,9,4] i64[1]{3}", "f32[n,3,4] i64[n,3,4]");
        check("TopK", "", "f32[n,9] i64[1]{k}", "f32[n,k] i64[n,k]");
        check("TopK@1", "k=2", "f32[n,9]", "f32[n,2] i64[n,2]");
        check_remark("TopK", "axis=2", "f32[n,9] i64[1]{3}", "expected an axis from -2 to 2 - 1, found 2");
        check_label("TopK@1", "k=2", "f32[9]", "TopK k=2", Some(0));
        check("NonZero", "", "f32[n,4,2]", "i64[3,?]");
        check("NonZero", "", "i64[2,2]{0,1,1,0}", "i64[2,2]{0,1,1,0}");
        check("Unique", "axis=0", "f32[n,4]", "f32[?,4] i64[?] i64[?] i64[?]");
        check("Compress", "axis=1", "f32[n,3] bool[3]{1,0,1}", "f32[n,2]");
    }

    #[test]
    fn running_sums() {
        check("CumSum", "", "i64[4]{1,n,3,4} i64[]{0}", "i64[4]{1,n+1,n+4,n+8}");
        check("CumSum", "exclusive=1 reverse=1", "i64[3]{1,2,3} i64[]{0}", "i64[3]{5,3,0}");
        check("CumProd", "", "i64[3]{2,3,4} i64[]{0}", "i64[3]{2,6,24}");
    }

    #[test]
    fn one_hot_adds_an_axis() {
        check("OneHot", "", "i64[n,2] i64[]{10} f32[2]", "f32[n,2,10]");
        check("OneHot", "axis=0", "i64[n] f32[1]{7} i32[2]", "i32[7,n]");
        check("BitCast", "to=6", "f32[n,2]", "i32[n,2]");
    }
}

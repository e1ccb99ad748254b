//! Shape rules that many families share: broadcasting, reduction, values passed on.

use crate::infer::{Infer, InferError, normal_axis};
use crate::{DType, Dim, Graph, Node, Shape};

/// What a shape rule gives back.
pub type Ruled = Result<(), InferError>;

/// The first output has the type of the first input.
pub fn same_as_input(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    Ok(())
}

/// The first output is the broadcast of all inputs and has the element type of the first that has one.
pub fn elementwise(cx: &mut Infer<'_>) -> Ruled {
    let shape = broadcast_inputs(cx, 0..cx.n_inputs())?;
    let dtype = (0..cx.n_inputs()).find_map(|i| cx.dtype(i));
    cx.set(0, dtype, shape);
    Ok(())
}

/// The first output is the broadcast of all inputs and holds truth values.
pub fn comparison(cx: &mut Infer<'_>) -> Ruled {
    let shape = broadcast_inputs(cx, 0..cx.n_inputs())?;
    cx.set(0, Some(DType::Bool), shape);
    Ok(())
}

/// The broadcast shape of some inputs. Below operator set 7 the first input's shape rules, as `broadcast` and `axis`
/// settings only ever stretch the second.
///
/// # Errors
/// When two known dimensions differ and neither is 1.
pub fn broadcast_inputs(cx: &Infer<'_>, inputs: std::ops::Range<usize>) -> Result<Shape, InferError> {
    if cx.node().domain.is_empty()
        && cx.opset() > 0
        && cx.opset() < 7
        && cx.int("broadcast").unwrap_or(0) != 0
    {
        return Ok(cx.shape(inputs.start).clone());
    }
    let shapes: Vec<&Shape> = inputs.filter(|i| cx.has_input(*i)).map(|i| cx.shape(i)).collect();
    broadcast(shapes)
}

/// The shape that several shapes stretch to, aligned at the last dimension.
///
/// # Errors
/// When two known dimensions differ and neither is 1.
pub fn broadcast<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Result<Shape, InferError> {
    let mut out: Vec<Dim> = Vec::new();
    for shape in shapes {
        let Some(dims) = shape.dims() else { return Ok(Shape::Unranked) };
        if dims.len() > out.len() {
            let missing = dims.len() - out.len();
            out.splice(0..0, std::iter::repeat_n(Dim::Known(1), missing));
        }
        let offset = out.len() - dims.len();
        for (at, dim) in dims.iter().enumerate() {
            out[offset + at] = broadcast_dim(&out[offset + at], dim)?;
        }
    }
    Ok(Shape::Ranked(out))
}

/// The dimension that two dimensions stretch to.
///
/// # Errors
/// When both are known, differ, and neither is 1.
pub fn broadcast_dim(a: &Dim, b: &Dim) -> Result<Dim, InferError> {
    Ok(match (a, b) {
        (Dim::Known(1), other) | (other, Dim::Known(1)) => other.clone(),
        (a, b) if a == b => a.clone(),
        (Dim::Known(n), Dim::Known(m)) => {
            return Err(InferError::new(format!("expected dimensions that broadcast, found {n} and {m}")));
        }
        // A dimension that is free can only be 1 or the other's number.
        (Dim::Known(n), _) | (_, Dim::Known(n)) => Dim::Known(*n),
        _ => Dim::Unknown,
    })
}

/// The dimension that two tensors must agree on; what either knows.
///
/// # Errors
/// When both are known and differ.
pub fn agree(a: &Dim, b: &Dim) -> Result<Dim, InferError> {
    Ok(match (a, b) {
        (Dim::Known(n), Dim::Known(m)) if n != m => {
            return Err(InferError::new(format!("expected equal dimensions, found {n} and {m}")));
        }
        (Dim::Known(_), _) | (Dim::Expr(_), Dim::Expr(_) | Dim::Unknown) => a.clone(),
        _ => b.clone(),
    })
}

/// The dimensions left when some axes are reduced; all of them when `axes` is empty.
///
/// # Errors
/// When an axis is not there.
pub fn reduced(dims: &[Dim], axes: &[i64], keep: bool) -> Result<Vec<Dim>, InferError> {
    let mut gone = vec![axes.is_empty(); dims.len()];
    for axis in axes {
        gone[normal_axis(*axis, dims.len())?] = true;
    }
    let kept = dims.iter().zip(gone).filter_map(|(dim, gone)| match (gone, keep) {
        (true, true) => Some(Dim::Known(1)),
        (true, false) => None,
        (false, _) => Some(dim.clone()),
    });
    Ok(kept.collect())
}

/// The product of dimensions; 1 for none.
pub fn product<'a>(dims: impl IntoIterator<Item = &'a Dim>) -> Dim {
    dims.into_iter().fold(Dim::Known(1), |n, d| n.times(d))
}

/// The product of dimensions as a count, if all are known.
pub fn count(dims: &[Dim]) -> Option<u64> {
    dims.iter().try_fold(1u64, |n, d| n.checked_mul(d.as_size()?))
}

/// Dimensions as a label writes them: `3×3`; one stands for all when they are equal and `squeeze` is set.
pub fn times_text(dims: &[Dim], squeeze: bool) -> String {
    match dims {
        [first, rest @ ..] if squeeze && rest.iter().all(|d| d == first) => first.to_string(),
        _ => dims.iter().map(Dim::to_string).collect::<Vec<_>>().join("×"),
    }
}

/// The shape of an input, for labels and costs.
pub fn input_shape<'a>(graph: &'a Graph, node: &Node, index: usize) -> Option<&'a [Dim]> {
    graph.tensor(node.input(index)?).ty.shape().dims()
}

/// The shape of an output, for labels and costs.
pub fn output_shape<'a>(graph: &'a Graph, node: &Node, index: usize) -> Option<&'a [Dim]> {
    graph.tensor(node.output(index)?).ty.shape().dims()
}

/// A floating-point number without fraction as an integer; unknown when it has a fraction or does not fit.
pub fn whole(x: f64) -> Dim {
    if x.fract() == 0.0 && x.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        let n = x as i64;
        Dim::Known(n)
    } else {
        Dim::Unknown
    }
}

/// Whether a node hands the numbers of an input on, rearranged, cut, joined or in another format, but not mixed.
pub fn passes(node: &Node, input: usize) -> bool {
    match node.layer.map_or("", |l| l.name) {
        "concat" => true,
        "identity" | "cast" | "cast_like" | "reshape" | "flatten" | "transpose" | "squeeze" | "unsqueeze"
        | "expand" | "tile" | "slice" | "split" | "pad" | "quantize" | "dequantize" => input == 0,
        _ => false,
    }
}

/// Whether a stored input consists of small integers that stand for real numbers.
pub fn is_quantized(graph: &Graph, node: &Node, input: usize) -> bool {
    node.input(input).is_some_and(|t| {
        let tensor = graph.tensor(t);
        tensor.is_stored() && tensor.ty.dtype().is_some_and(DType::is_int)
    })
}

/// Gives the first output the elements of the first input in these dimensions, when both are known.
pub fn pass_value(cx: &mut Infer<'_>, dims: &[Dim]) {
    if let (Some(dims), Some(value)) = (sizes(dims), cx.value(0)) {
        let value = value.with_dims(dims);
        cx.set_value(0, value);
    }
}

/// Gives the first output these dimensions, and element type and elements of the first input.
pub fn set_passing(cx: &mut Infer<'_>, dims: Vec<Dim>) {
    pass_value(cx, &dims);
    let dtype = cx.dtype(0);
    cx.set(0, dtype, dims);
}

/// Gives the first output the element type of the first input and leaves its rank open.
pub fn set_unranked(cx: &mut Infer<'_>) {
    let dtype = cx.dtype(0);
    cx.set(0, dtype, Shape::Unranked);
}

/// Dimensions as plain sizes, if all are known.
pub fn sizes(dims: &[Dim]) -> Option<Vec<usize>> {
    dims.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        let shape = |text: &str| Shape::Ranked(text.split_whitespace().map(Dim::parse).collect());
        for (a, b, out) in [
            ("2 3", "3", "2×3"),
            ("n 1 4", "7 1", "n×7×4"),
            ("n", "n", "n"),
            ("n", "3", "3"),
            ("n", "m", "?"),
            ("", "5", "5"),
            ("0", "1", "0"),
        ] {
            let result = broadcast([&shape(a), &shape(b)]).map(|s| s.to_string());
            assert_eq!(result.as_deref(), Ok(out), "{a} with {b}");
        }
        assert!(broadcast([&shape("2"), &shape("3")]).is_err());
    }
}

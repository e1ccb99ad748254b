//! Shape rules that many families share: broadcasting, reduction, windows.

use super::Label;
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

/// Adds what a reader needs of a window's settings: stride to the title, padding, dilation and rounding to the details.
pub fn label_window(mut label: Label, node: &Node) -> Label {
    let dims = |v: &[i64]| v.iter().map(|n| Dim::Known(*n)).collect::<Vec<_>>();
    let ints = |name: &str| node.attributes.ints(name);
    if let Some(strides) = ints("strides").filter(|s| s.iter().any(|n| *n != 1)) {
        label.title.push_str(&format!(", /{}", times_text(&dims(strides), true)));
    }
    match node.attributes.string("auto_pad") {
        Some("SAME_UPPER" | "SAME_LOWER") => label = label.with("pad same"),
        _ => {
            if let Some(pads) = ints("pads").filter(|p| p.iter().any(|n| *n != 0)) {
                let (before, after) = pads.split_at(pads.len() / 2);
                label = label.with(if before == after {
                    format!("pad {}", times_text(&dims(before), true))
                } else {
                    format!("pad {} to {}", times_text(&dims(before), false), times_text(&dims(after), false))
                });
            }
        }
    }
    if let Some(dilations) = ints("dilations").filter(|s| s.iter().any(|n| *n != 1)) {
        label = label.with(format!("dil {}", times_text(&dims(dilations), true)));
    }
    if node.attributes.int("ceil_mode").unwrap_or(0) != 0 {
        label = label.with("ceil");
    }
    label
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

/// How a window slides over spatial dimensions: one entry per dimension.
#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    /// Size of the window.
    pub kernel: Vec<Dim>,
    /// Steps between windows, at least 1.
    pub strides: Vec<i64>,
    /// Steps between elements of a window, at least 1.
    pub dilations: Vec<i64>,
    /// Padding before; negative crops.
    pub before: Vec<i64>,
    /// Padding after.
    pub after: Vec<i64>,
    /// How padding is chosen when it is not written.
    pub auto: AutoPad,
    /// Whether a last window that hangs over the end counts.
    pub ceil: bool,
}

/// How padding is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoPad {
    /// As written.
    Explicit,
    /// None.
    Valid,
    /// So that the output has the size of the input divided by the stride, rounded up.
    Same,
}

impl Window {
    /// The window that a node's settings describe.
    ///
    /// # Errors
    /// When a list has the wrong length, or a stride or dilation is not positive.
    pub fn from_settings(cx: &Infer<'_>, kernel: Vec<Dim>) -> Result<Self, InferError> {
        let n = kernel.len();
        let list = |name: &str, default: i64, len: usize| match cx.attributes().ints(name) {
            None => Ok(vec![default; len]),
            Some(v) if v.len() == len => Ok(v.to_vec()),
            Some(v) => Err(InferError::new(format!("expected {len} numbers in `{name}`, found {}", v.len()))),
        };
        let strides = list("strides", 1, n)?;
        let dilations = list("dilations", 1, n)?;
        if let Some(bad) = strides.iter().chain(&dilations).find(|s| **s < 1) {
            return Err(InferError::new(format!(
                "expected strides and dilations of at least 1, found {bad}"
            )));
        }
        let auto = match cx.attributes().string("auto_pad") {
            Some("VALID") => AutoPad::Valid,
            Some("SAME_UPPER" | "SAME_LOWER") => AutoPad::Same,
            _ => AutoPad::Explicit,
        };
        let mut before = if auto == AutoPad::Explicit { list("pads", 0, 2 * n)? } else { vec![0; 2 * n] };
        let after = before.split_off(n);
        let ceil = cx.flag("ceil_mode");
        Ok(Self { kernel, strides, dilations, before, after, auto, ceil })
    }

    /// The spatial dimensions that come out.
    ///
    /// # Errors
    /// When their number differs from the window's, or a window is larger than what it slides over.
    pub fn slide(&self, spatial: &[Dim]) -> Result<Vec<Dim>, InferError> {
        if spatial.len() != self.kernel.len() {
            return Err(InferError::new(format!(
                "expected {} spatial dimensions, found {}",
                self.kernel.len(),
                spatial.len()
            )));
        }
        (0..spatial.len()).map(|i| self.slide_one(&spatial[i], i)).collect()
    }

    fn slide_one(&self, size: &Dim, i: usize) -> Result<Dim, InferError> {
        let (one, stride) = (Dim::Known(1), Dim::Known(self.strides[i]));
        if self.auto == AutoPad::Same {
            return Ok(size.ceil_div(&stride));
        }
        let (before, after) = (Dim::Known(self.before[i]), Dim::Known(self.after[i]));
        let span = self.kernel[i].minus(&one).times(&Dim::Known(self.dilations[i])).plus(&one);
        let room = size.plus(&before).plus(&after).minus(&span);
        if room.as_known().is_some_and(|n| n < 0) {
            return Err(InferError::new(format!(
                "expected a window of at most the padded size, found {span} on {size}"
            )));
        }
        if !self.ceil {
            return Ok(room.floor_div(&stride).plus(&one));
        }
        let out = room.ceil_div(&stride).plus(&one);
        // The last window must begin inside the input or its padding before.
        let (Some(n), Some(size)) = (out.as_known(), size.as_known()) else { return Ok(out) };
        let start = (n - 1).checked_mul(self.strides[i]);
        let inside = size.checked_add(self.before[i]);
        let hangs = matches!((start, inside), (Some(start), Some(inside)) if start >= inside && n > 1);
        Ok(Dim::Known(if hangs { n - 1 } else { n }))
    }
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

//! Signals: Fourier transforms, windows, mel weights.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{DType, Dim, Shape};

const SIGNAL: Layer =
    Layer { category: Category::Other, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "dft",
        about: "turns a signal into its frequencies, or back",
        names: &[("onnx", "DFT"), ("torch", "fft")],
        infer: dft,
        ..SIGNAL
    },
    Layer {
        name: "stft",
        about: "turns overlapping frames of a signal into their frequencies",
        names: &[("onnx", "STFT"), ("torch", "stft")],
        infer: stft,
        ..SIGNAL
    },
    Layer {
        name: "window",
        about: "makes a bell-shaped weighting of a frame",
        names: &[("onnx", "HannWindow"), ("onnx", "HammingWindow"), ("onnx", "BlackmanWindow")],
        infer: |cx| {
            let size = scalar(cx, 0);
            cx.set(0, cx.dtype_setting("output_datatype").or(Some(DType::Float32)), [size]);
            Ok(())
        },
        category: Category::Constant,
        ..SIGNAL
    },
    Layer {
        name: "mel_weights",
        about: "makes the matrix that gathers frequencies into bands as an ear does",
        names: &[("onnx", "MelWeightMatrix")],
        infer: |cx| {
            let bins = scalar(cx, 1).floor_div(&Dim::Known(2)).plus(&Dim::Known(1));
            let bands = scalar(cx, 0);
            cx.set(0, cx.dtype_setting("output_datatype").or(Some(DType::Float32)), [bins, bands]);
            Ok(())
        },
        category: Category::Constant,
        ..SIGNAL
    },
];

/// The single integer that an input holds.
fn scalar(cx: &Infer<'_>, input: usize) -> Dim {
    match cx.ints(input) {
        Some([n]) => n.clone(),
        _ => Dim::Unknown,
    }
}

/// How many frequencies a spectrum of real numbers has.
fn one_sided(length: &Dim) -> Dim {
    length.floor_div(&Dim::Known(2)).plus(&Dim::Known(1))
}

fn dft(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let Some(mut dims) = cx.dims_of_rank(0, 2)? else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let (one_side, inverse) = (cx.flag("onesided"), cx.flag("inverse"));
    // Until version 20 the axis was a setting.
    let axis = match (cx.opset() < 20, cx.has_input(2)) {
        (true, _) => Some(cx.int("axis").unwrap_or(1)),
        (false, true) => scalar(cx, 2).as_known(),
        (false, false) => Some(-2),
    };
    let last = dims.len() - 1;
    match axis {
        Some(axis) => {
            let axis = normal_axis(axis, dims.len())?;
            let length = match (cx.has_input(1), one_side && inverse) {
                (true, _) => scalar(cx, 1),
                (false, true) => dims[axis].minus(&Dim::Known(1)).times(&Dim::Known(2)),
                (false, false) => dims[axis].clone(),
            };
            dims[axis] = if one_side && !inverse { one_sided(&length) } else { length };
        }
        None if cx.has_input(1) || one_side => dims[..last].fill(Dim::Unknown),
        None => {}
    }
    // Complex numbers are pairs along the last axis.
    dims[last] = Dim::Known(if one_side && inverse { 1 } else { 2 });
    cx.set(0, dtype, dims);
    Ok(())
}

fn stft(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let (batch, length) = (cx.dim(0, 0), cx.dim(0, 1));
    let frame = match (cx.has_input(3), cx.has_input(2)) {
        (true, _) => scalar(cx, 3),
        (false, true) => cx.dim(2, 0),
        (false, false) => length.clone(),
    };
    let frames = length.minus(&frame).floor_div(&scalar(cx, 1)).plus(&Dim::Known(1));
    let bins = if cx.int("onesided").unwrap_or(1) != 0 { one_sided(&frame) } else { frame };
    cx.set(0, dtype, [batch, frames, bins, Dim::Known(2)]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn spectra() {
        check("DFT", "onesided=1", "f32[n,10,1] _ i64[]{1}", "f32[n,6,2]");
        check("DFT", "onesided=1 inverse=1", "f32[n,6,2]", "f32[n,10,1]");
        check("DFT@17", "axis=0", "f32[10,5,2] i64[]{16}", "f32[16,5,2]");
        check("DFT", "", "f32[n,10,1] _ i64[]", "f32[n,10,2]");
        check("STFT", "", "f32[b,128,1] i64[]{8} f32[16]", "f32[b,15,9,2]");
        check("STFT", "onesided=0", "f32[b,128,1] i64[]{8} _ i64[]{16}", "f32[b,15,16,2]");
    }

    #[test]
    fn windows() {
        check("HannWindow", "output_datatype=11", "i64[]{10}", "f64[10]");
        check("MelWeightMatrix", "", "i64[]{8} i64[]{16} i64[] f32[] f32[]", "f32[9,8]");
    }
}

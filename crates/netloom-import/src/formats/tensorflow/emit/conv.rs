//! Convolutions.

use netloom_graph::layers::channels::{CHANNELS_LAST, WEIGHT_LAYOUT};
use netloom_graph::{Attribute, Dim, Shape};

use super::{Done, Emit, channels_last, padding, sides};
use crate::formats::tensorflow::passes::place_of_bias;
use crate::formats::tensorflow::program::Op;

/// Convolutions of any sort.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (kind, own_layout, data) = match op.kind.as_str() {
        "Conv" | "Conv2D" | "Conv3D" => ("Conv", "SIO", 0),
        "DepthwiseConv2dNative" => ("Conv", "SIM", 0),
        "Conv2DBackpropInput" | "Conv3DBackpropInputV2" => ("ConvTranspose", "SOI", 2),
        _ => return Ok(false),
    };
    let (Some(x), Some(kernel)) = (op.input(data), op.input(1)) else { return Ok(false) };
    let layout = op.settings.string("weight_layout").unwrap_or(own_layout).to_owned();
    let mut dims = cx.dims(op, 1);
    if let (Some(dropped), Some(dims)) = (op.settings.int("dropped_side"), &mut dims)
        && dims.len() == 4
    {
        // A kernel over one dimension that is stored with a side of 1.
        let side = layout.find('S').unwrap_or(0) + usize::try_from(dropped).unwrap_or(0);
        if dims.get(side).and_then(Dim::as_known) == Some(1) {
            dims.remove(side);
        }
    }
    let weight = match &dims {
        Some(dims) => cx.shaped(kernel, Shape::Ranked(dims.clone()))?,
        None => cx.get(kernel)?,
    };
    let mut settings = Vec::new();
    let shape = dims.as_deref().and_then(|d| kernel_sides(&layout, d));
    let same = shape.as_deref().filter(|_| kind == "Conv").and_then(|k| same_pads(op, k));
    if let Some(kernel) = shape {
        settings.push(("kernel_shape", Attribute::Ints(kernel)));
    }
    for key in ["strides", "dilations"] {
        if let Some(list) = op.settings.ints(key).map(|l| sides(op, l)).filter(|l| l.iter().any(|n| *n != 1))
        {
            settings.push((key, Attribute::Ints(list)));
        }
    }
    match same {
        Some(pads) if pads.iter().all(|n| *n == 0) => {}
        Some(pads) => settings.push(("pads", Attribute::Ints(pads))),
        None => padding(op, &mut settings),
    }
    if let Some(group) = group(cx, op, &layout, dims.as_deref(), data).filter(|g| *g > 1) {
        settings.push(("group", Attribute::Int(group)));
    }
    if channels_last(op) {
        settings.push((CHANNELS_LAST, Attribute::Int(1)));
    }
    settings.push((WEIGHT_LAYOUT, Attribute::String(layout)));
    if kind == "ConvTranspose"
        && let Some(made) = cx.made(op)
    {
        let made: Option<Vec<i64>> = made.iter().map(|d| d.as_known().or(Some(-1))).collect();
        let made = made.map(|m| sides(op, &m)).filter(|m| m.iter().all(|n| *n > 0));
        let strides = op.settings.ints("strides").map(|l| sides(op, l)).unwrap_or_default();
        let from = cx.dims(op, data).unwrap_or_default();
        let from: Vec<i64> = from.iter().map(|d| d.as_known().unwrap_or(-1)).collect();
        let usual = sides(op, &from).iter().zip(&strides).map(|(n, s)| n * s).collect::<Vec<_>>();
        if let Some(made) = made.filter(|m| op.settings.string("padding") != Some("SAME") || *m != usual) {
            settings.push(("output_shape", Attribute::Ints(made)));
        }
    }
    let mut inputs = vec![Some(cx.get(x)?), Some(weight)];
    if let Some(bias) = op.input(place_of_bias(&op.kind)) {
        inputs.push(Some(cx.get(bias)?));
    }
    cx.last(op, kind, inputs, settings)
}

/// Padding that keeps the size, in numbers: where nothing is skipped it is the same on data of every size.
fn same_pads(op: &Op, kernel: &[i64]) -> Option<Vec<i64>> {
    let one = |key: &str| op.settings.ints(key).map(|l| sides(op, l));
    let plain = one("strides").is_none_or(|s| s.iter().all(|n| *n == 1));
    if op.settings.string("padding") != Some("SAME") || !plain || kernel.iter().any(|k| k % 2 != 1) {
        return None;
    }
    let dilations = one("dilations").unwrap_or_else(|| vec![1; kernel.len()]);
    let half = kernel.iter().zip(&dilations).map(|(k, d)| (k - 1).checked_mul(*d).map(|n| n / 2));
    let half: Vec<i64> = half.collect::<Option<_>>()?;
    Some([half.clone(), half].concat())
}

/// The sides of a kernel of that layout.
fn kernel_sides(layout: &str, dims: &[Dim]) -> Option<Vec<i64>> {
    let before = layout.find('S')?;
    let after = layout.len() - before - 1;
    dims.get(before..dims.len().checked_sub(after)?)?.iter().map(Dim::as_known).collect()
}

/// How many groups of channels there are.
fn group(cx: &Emit<'_>, op: &Op, layout: &str, kernel: Option<&[Dim]>, data: usize) -> Option<i64> {
    let x = cx.dims(op, data).unwrap_or_default();
    let channels = if channels_last(op) { x.last() } else { x.get(1) }.and_then(Dim::as_known);
    if layout.contains('M') {
        return kernel.and_then(|k| k.get(k.len().checked_sub(2)?)?.as_known()).or(channels);
    }
    if op.kind.contains("Depthwise") {
        let multiplier = op.settings.int("depth_multiplier").filter(|m| *m > 0);
        let outputs = kernel.and_then(|k| k.last()?.as_known());
        return channels.or_else(|| outputs?.checked_div(multiplier?));
    }
    let place = match layout {
        "SIO" => kernel?.len().checked_sub(2)?,
        "OSI" => kernel?.len().checked_sub(1)?,
        _ => return None,
    };
    let inputs = kernel?[place].as_known().filter(|n| *n > 0)?;
    let channels = channels?;
    (channels % inputs == 0 && op.kind != "Conv2DBackpropInput").then_some(channels / inputs)
}

//! Convolutions.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::{Arg, Call};
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "conv",
        settings: &["channels", "kernel", "stride", "pad", "dilation", "groups", "bias"],
        build: |maker, call| {
            let channels = call.need_int("channels", 1)?;
            let groups = call.int("groups", 1)?.unwrap_or(1);
            convolution(maker, call, Some(channels), groups)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "conv_transpose",
        settings: &["channels", "kernel", "stride", "pad", "output_pad", "dilation", "groups", "bias"],
        build: transposed,
        ..Row::DEFAULT
    },
    Row {
        name: "depthwise_conv",
        settings: &["kernel", "stride", "pad", "dilation", "multiplier", "bias"],
        build: |maker, call| convolution(maker, call, None, 0),
        ..Row::DEFAULT
    },
    Row {
        name: "separable_conv",
        settings: &["channels", "kernel", "stride", "pad", "dilation", "bias"],
        build: separable,
        ..Row::DEFAULT
    },
];

/// A convolution of each channel by itself, then one of single places over all channels.
fn separable(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let channels = call.need_int("channels", 1)?;
    let parts = maker.enter_parts(&call.name, "SeparableConv", &call.span)?;
    let mut depthwise = call.clone();
    "depthwise".clone_into(&mut depthwise.name);
    let inner = convolution(maker, &depthwise.without("bias"), None, 0)?;
    let mut pointwise = Call::plain("conv", "pointwise", inner, call.span.clone());
    pointwise.set("kernel", Arg::Dim(Dim::Known(1)));
    if let Some((bias, _)) = call.get("bias") {
        pointwise.set("bias", bias.clone());
    }
    let made = convolution(maker, &pointwise, Some(channels), 1)?;
    maker.leave_parts(parts);
    Ok(made)
}

/// Convolution; without `channels` it is depthwise.
fn convolution(maker: &mut Maker, call: &Call, channels: Option<i64>, groups: i64) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let from = call.channels(maker)?;
    let (channels, groups) = match (channels, from.as_known()) {
        (Some(channels), _) => (channels, groups),
        (None, Some(n)) => {
            let multiplier = call.int("multiplier", 1)?.unwrap_or(1);
            let channels = n
                .checked_mul(multiplier)
                .ok_or_else(|| call.problem("the number of channels is too large"))?;
            (channels, n)
        }
        (None, None) => {
            return Err(
                call.problem(format!("`{}` expected a known number of channels, found {from}", call.layer))
            );
        }
    };
    for n in from.as_known().into_iter().chain([channels]) {
        if groups < 1 || n % groups != 0 {
            let fitting: Vec<String> =
                (1..=n.min(64)).filter(|g| n % g == 0).map(|g| g.to_string()).collect();
            return Err(call
                .problem(format!("expected {n} channels to divide into {groups} groups"))
                .with_hint(format!("{n} channels divide into {}", fitting.join(", "))));
        }
    }
    let window = Window::of(maker, call)?;
    let dtype = maker.dtype(input);
    let mut dims = vec![Dim::Known(channels), from.floor_div(&Dim::Known(groups))];
    dims.extend(window.kernel.iter().copied().map(Dim::Known));
    let mut inputs = vec![input, maker.weight(&call.name, "weight", dtype, dims, &call.span)?];
    if call.flag("bias", true)? {
        inputs.push(maker.weight(&call.name, "bias", dtype, vec![Dim::Known(channels)], &call.span)?);
    }
    let mut attributes = window.attributes();
    attributes.push(("group", Attribute::Int(groups)));
    call.node(maker, "Conv", inputs, attributes)
}

fn transposed(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let from = call.channels(maker)?;
    let channels = call.need_int("channels", 1)?;
    let groups = call.int("groups", 1)?.unwrap_or(1);
    for n in from.as_known().into_iter().chain([channels]) {
        if n % groups != 0 {
            return Err(call.problem(format!("expected {n} channels to divide into {groups} groups")));
        }
    }
    let window = Window::of(maker, call)?;
    let dtype = maker.dtype(input);
    let mut dims = vec![from, Dim::Known(channels / groups)];
    dims.extend(window.kernel.iter().copied().map(Dim::Known));
    let mut inputs = vec![input, maker.weight(&call.name, "weight", dtype, dims, &call.span)?];
    if call.flag("bias", true)? {
        inputs.push(maker.weight(&call.name, "bias", dtype, vec![Dim::Known(channels)], &call.span)?);
    }
    let mut attributes = window.attributes();
    if let Some(pad) = call.per_dim("output_pad", window.kernel.len(), 0)? {
        attributes.push(("output_padding", Attribute::Ints(pad)));
    }
    attributes.push(("group", Attribute::Int(groups)));
    call.node(maker, "ConvTranspose", inputs, attributes)
}

/// What slides over an input: kernel, stride, padding, dilation, one number per spatial dimension.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Window {
    pub kernel: Vec<i64>,
    pub stride: Vec<i64>,
    /// Padding before every dimension, then after every dimension; `None` to keep the size.
    pub pads: Option<Vec<i64>>,
    pub dilation: Vec<i64>,
}

impl Window {
    /// The window that a call describes.
    pub fn of(maker: &Maker, call: &Call) -> Made<Self> {
        let listed = match call.get("kernel") {
            Some((Arg::List(items), _)) => Some(items.len()),
            _ => None,
        };
        let n = call.spatial(maker, listed)?;
        let kernel = call.per_dim("kernel", n, 1)?.ok_or_else(|| call.missing("kernel"))?;
        let stride = call.per_dim("stride", n, 1)?.unwrap_or_else(|| vec![1; n]);
        let dilation = call.per_dim("dilation", n, 1)?.unwrap_or_else(|| vec![1; n]);
        let pads = match call.get("pad") {
            Some((Arg::Text(_), _)) => {
                call.choice("pad", &["same"])?;
                // Half the reach of an odd kernel on both sides, as people write it.
                let half = |(k, d): (&i64, &i64)| {
                    if k % 2 == 1 { (k / 2).checked_mul(*d) } else { None }
                };
                let half: Option<Vec<i64>> = kernel.iter().zip(&dilation).map(half).collect();
                half.map(|h| [h.clone(), h].concat())
            }
            Some((Arg::List(items), _)) if n > 1 && items.len() == 2 * n => call.per_dim("pad", 2 * n, 0)?,
            _ => call.per_dim("pad", n, 0)?.or_else(|| Some(vec![0; n])).map(|p| [p.clone(), p].concat()),
        };
        Ok(Self { kernel, stride, pads, dilation })
    }

    /// The settings of a node.
    pub fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let pads = match &self.pads {
            Some(pads) => ("pads", Attribute::Ints(pads.clone())),
            None => ("auto_pad", Attribute::String("SAME_UPPER".to_owned())),
        };
        vec![
            ("kernel_shape", Attribute::Ints(self.kernel.clone())),
            ("strides", Attribute::Ints(self.stride.clone())),
            pads,
            ("dilations", Attribute::Ints(self.dilation.clone())),
        ]
    }
}

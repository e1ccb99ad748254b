//! Convolutions.

use netloom_graph::{Attribute, Dim, TensorId};

use super::super::build::{Builder, Part};
use super::activation::activate;
use super::{Built, Row, int, ints, text};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        classes: &[
            "Conv1D",
            "Conv2D",
            "Conv3D",
            "Convolution1D",
            "Convolution2D",
            "Convolution3D",
            "AtrousConvolution1D",
            "AtrousConvolution2D",
        ],
        build: conv,
    },
    Row { classes: &["DepthwiseConv1D", "DepthwiseConv2D"], build: depthwise },
    Row {
        classes: &["SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D"],
        build: separable,
    },
    Row {
        classes: &[
            "Conv1DTranspose",
            "Conv2DTranspose",
            "Conv3DTranspose",
            "Convolution1DTranspose",
            "Convolution2DTranspose",
            "Convolution3DTranspose",
            "Deconvolution2D",
        ],
        build: transposed,
    },
];

/// How many sides the data of a class such as `Conv2D` has besides batch and channels.
pub fn sides_of(class: &str) -> usize {
    if class.contains("1D") {
        1
    } else if class.contains("3D") {
        3
    } else {
        2
    }
}

/// What slides over the data.
pub struct Window {
    /// Sides of the kernel.
    pub kernel: Vec<i64>,
    /// Steps.
    pub strides: Vec<i64>,
    /// Distance between the points of a kernel.
    pub dilations: Vec<i64>,
}

impl Window {
    /// Reads the window of a convolution.
    pub fn of(part: &Part<'_, '_>) -> Self {
        let n = sides_of(part.layer.class);
        let config = part.config();
        let old = || {
            let names = ["nb_row", "nb_col"].map(|k| config.int(k));
            let [Some(rows), Some(columns)] = names else { return None };
            Some(vec![rows, columns])
        };
        Self {
            kernel: config.sides("kernel_size", n).or_else(old).unwrap_or_else(|| vec![1; n]),
            strides: config.sides("strides", n).unwrap_or_else(|| vec![1; n]),
            dilations: config.sides("dilation_rate", n).unwrap_or_else(|| vec![1; n]),
        }
    }

    /// The settings of a node; plain ones are left out.
    pub fn attributes(&self, part: &Part<'_, '_>) -> Vec<(&'static str, Attribute)> {
        let mut found = vec![("kernel_shape", ints(self.kernel.clone()))];
        if self.strides.iter().any(|s| *s != 1) {
            found.push(("strides", ints(self.strides.clone())));
        }
        if self.dilations.iter().any(|s| *s != 1) {
            found.push(("dilations", ints(self.dilations.clone())));
        }
        found.extend(padding(part, &self.kernel, &self.strides, &self.dilations));
        if part.channels_last() {
            found.push(("channels_last", int(1)));
        }
        found
    }

    /// The sides as dimensions.
    pub fn dims(&self) -> Vec<Dim> {
        self.kernel.iter().map(|k| Dim::Known(*k)).collect()
    }
}

/// The padding that `same` and `causal` stand for.
fn padding(
    part: &Part<'_, '_>,
    kernel: &[i64],
    strides: &[i64],
    dilations: &[i64],
) -> Option<(&'static str, Attribute)> {
    match part.config().text("padding") {
        Some("same") => {
            // Where nothing is skipped, padding is the same on every size: figures and readers like numbers.
            let odd = kernel.iter().all(|k| k.rem_euclid(2) == 1) && strides.iter().all(|s| *s == 1);
            if !odd {
                return Some(("auto_pad", text("SAME_UPPER")));
            }
            let half: Vec<i64> = kernel
                .iter()
                .zip(dilations)
                .map(|(k, d)| k.saturating_sub(1).saturating_mul(*d) / 2)
                .collect();
            half.iter().any(|p| *p != 0).then(|| ("pads", ints([half.clone(), half].concat())))
        }
        Some("causal") => {
            let before = kernel.first()?.saturating_sub(1).saturating_mul(*dilations.first()?);
            Some(("pads", ints([before, 0])))
        }
        _ => None,
    }
}

/// The number of input channels.
pub fn channels<'a>(builder: &Builder<'a>, part: &Part<'_, 'a>) -> Result<Dim, Error> {
    let axis = if part.channels_last() { -1 } else { 1 };
    Ok(builder.dim(part.input()?, axis))
}

fn conv<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input, window) = (part.config(), part.input()?, Window::of(part));
    let groups = config.int("groups").unwrap_or(1).max(1);
    let filters = config.int("filters").map_or(Dim::Unknown, Dim::Known);
    let inputs = channels(builder, part)?.floor_div(&Dim::Known(groups));
    let kernel = [window.dims(), vec![inputs, filters.clone()]].concat();
    let kernel = builder.weight(part, "kernel", kernel, true)?;
    let mut attributes = window.attributes(part);
    attributes.push(("weight_layout", text("SIO")));
    if groups > 1 {
        attributes.push(("group", int(groups)));
    }
    let bias = bias(builder, part, filters)?;
    finish(builder, part, "Conv", [Some(input), kernel, bias], attributes)
}

fn depthwise<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let (kernel, mut attributes, outputs) = depthwise_parts(builder, part, "kernel")?;
    let bias = bias(builder, part, outputs)?;
    attributes.push(("weight_layout", text("SIM")));
    finish(builder, part, "Conv", [Some(input), kernel, bias], attributes)
}

type Depthwise = (Option<TensorId>, Vec<(&'static str, Attribute)>, Dim);

fn depthwise_parts<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    name: &str,
) -> Result<Depthwise, Error> {
    let window = Window::of(part);
    let multiplier = Dim::Known(part.config().int("depth_multiplier").unwrap_or(1));
    let inputs = channels(builder, part)?;
    let outputs = inputs.times(&multiplier);
    let mut attributes = window.attributes(part);
    if let Some(groups) = inputs.as_known() {
        attributes.push(("group", int(groups)));
    }
    let kernel = [window.dims(), vec![inputs, multiplier]].concat();
    // Keras 2 calls it `depthwise_kernel` everywhere; shapes find it either way.
    let kernel = builder.weight(part, name, kernel, true)?;
    Ok((kernel, attributes, outputs))
}

fn separable<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let (kernel, mut attributes, between) = depthwise_parts(builder, part, "depthwise_kernel")?;
    attributes.push(("weight_layout", text("SIM")));
    let depthwise = builder.op(part, "Conv", vec![Some(input), kernel], attributes)?;
    let n = sides_of(part.layer.class);
    let filters = part.config().int("filters").map_or(Dim::Unknown, Dim::Known);
    let pointwise = [vec![Dim::Known(1); n], vec![between, filters.clone()]].concat();
    let pointwise = builder.weight(part, "pointwise_kernel", pointwise, true)?;
    let bias = bias(builder, part, filters)?;
    let mut attributes = vec![("kernel_shape", ints(vec![1; n])), ("weight_layout", text("SIO"))];
    if part.channels_last() {
        attributes.push(("channels_last", int(1)));
    }
    finish(builder, part, "Conv", [Some(depthwise), pointwise, bias], attributes)
}

fn transposed<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input, window) = (part.config(), part.input()?, Window::of(part));
    let filters = config.int("filters").map_or(Dim::Unknown, Dim::Known);
    let inputs = channels(builder, part)?;
    let kernel = [window.dims(), vec![filters.clone(), inputs]].concat();
    let kernel = builder.weight(part, "kernel", kernel, true)?;
    let n = window.kernel.len();
    let extra = config.sides("output_padding", n);
    let mut attributes: Vec<_> =
        window.attributes(part).into_iter().filter(|(k, _)| !matches!(*k, "pads" | "auto_pad")).collect();
    let same = config.text("padding") == Some("same");
    match extra {
        Some(extra) => {
            let half: Vec<i64> = window.kernel.iter().map(|k| if same { k / 2 } else { 0 }).collect();
            attributes.push(("pads", ints([half.clone(), half].concat())));
            attributes.push(("output_padding", ints(extra)));
        }
        None if same => attributes.push(("auto_pad", text("SAME_UPPER"))),
        None => {
            // A kernel smaller than its step leaves the rest of the last step empty.
            let sides = window.kernel.iter().zip(&window.strides).zip(&window.dilations);
            let rest: Vec<i64> = sides
                .map(|((k, s), d)| {
                    s.saturating_sub(k.saturating_sub(1).saturating_mul(*d)).saturating_sub(1).max(0)
                })
                .collect();
            if rest.iter().any(|r| *r != 0) {
                attributes.push(("output_padding", ints(rest)));
            }
        }
    }
    attributes.push(("weight_layout", text("SOI")));
    let bias = bias(builder, part, filters)?;
    finish(builder, part, "ConvTranspose", [Some(input), kernel, bias], attributes)
}

fn bias<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, size: Dim) -> Result<Option<TensorId>, Error> {
    if !part.config().flag("use_bias", true) {
        return Ok(None);
    }
    builder.weight(part, "bias", vec![size], true)
}

fn finish<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    op: &str,
    inputs: [Option<TensorId>; 3],
    attributes: Vec<(&str, Attribute)>,
) -> Built {
    let used = if inputs[2].is_some() { 3 } else { 2 };
    let made = builder.op(part, op, inputs.into_iter().take(used).collect(), attributes)?;
    Ok(vec![activate(builder, part, made, part.config().get("activation"))?])
}

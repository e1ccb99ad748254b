//! Movement of data: reshape, flatten, padding, cropping, enlarging; and layers that do nothing after training.

use netloom_graph::{Attribute, Dim};

use super::super::build::{Builder, Part};
use super::super::config::{ints as int_list, shape};
use super::conv::sides_of;
use super::{Built, Row, int, ints, text};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["ActivityRegularization", "Identity", "Masking"], build: same },
    Row {
        classes: &[
            "AlphaDropout",
            "Dropout",
            "GaussianDropout",
            "GaussianNoise",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "SpatialDropout3D",
        ],
        build: dropout,
    },
    Row { classes: &["Cropping1D", "Cropping2D", "Cropping3D"], build: crop },
    Row { classes: &["Flatten"], build: flatten },
    Row { classes: &["Permute"], build: permute },
    Row { classes: &["RepeatVector"], build: repeat },
    Row { classes: &["Reshape"], build: reshape },
    Row { classes: &["UpSampling1D", "UpSampling2D", "UpSampling3D"], build: enlarge },
    Row { classes: &["ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"], build: pad },
];

fn same<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    Ok(vec![builder.op(part, "Identity", vec![Some(part.input()?)], vec![])?])
}

fn dropout<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    if part.layer.class.starts_with("Gaussian") {
        let dims = builder.dims(input);
        return builder.own(part, vec![Some(input)], dims);
    }
    let rate = part.config().float("rate").map(|r| ("ratio", Attribute::Float(r)));
    Ok(vec![builder.op(part, "Dropout", vec![Some(input)], rate.into_iter().collect())?])
}

fn flatten<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    // A number for each example becomes a row of one.
    if builder.rank(input) == Some(1) {
        let axes = builder.ints(part, "axes", &[1])?;
        return Ok(vec![builder.op(part, "Unsqueeze", vec![Some(input), axes], vec![])?]);
    }
    Ok(vec![builder.op(part, "Flatten", vec![Some(input)], vec![("axis", int(1))])?])
}

fn reshape<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let target = part.config().get("target_shape").or_else(|| part.config().get("dims"));
    let target = target.and_then(shape).unwrap_or_default();
    let mut all = vec![0];
    all.extend(target.iter().map(|n| n.unwrap_or(-1)));
    let known = builder.ints(part, "shape", &all)?;
    Ok(vec![builder.op(part, "Reshape", vec![Some(part.input()?), known], vec![])?])
}

fn permute<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let mut order = vec![0];
    order.extend(part.config().ints("dims").unwrap_or_default());
    Ok(vec![builder.op(part, "Transpose", vec![Some(part.input()?)], vec![("perm", ints(order))])?])
}

fn repeat<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let times = part.config().int("n").unwrap_or(1);
    let axes = builder.ints(part, "axes", &[1])?;
    let made = builder.op(part, "Unsqueeze", vec![Some(part.input()?), axes], vec![])?;
    let repeats = builder.ints(part, "repeats", &[1, times, 1])?;
    Ok(vec![builder.op(part, "Tile", vec![Some(made), repeats], vec![])?])
}

/// The first of the dimensions that are space.
fn first_side(part: &Part<'_, '_>) -> usize {
    if part.layer.class.contains("1D") || part.channels_last() { 1 } else { 2 }
}

/// What is added or taken before and after each side: one number, one for each side, or a pair for each side.
fn pairs(part: &Part<'_, '_>, setting: &str) -> Vec<(i64, i64)> {
    let n = sides_of(part.layer.class);
    let Some(value) = part.config().get(setting) else { return vec![(1, 1); n] };
    if let Some(all) = int_list(value) {
        return match (n, all.as_slice()) {
            (1, [before, after]) => vec![(*before, *after)],
            (_, [one]) => vec![(*one, *one); n],
            _ => all.iter().map(|p| (*p, *p)).collect(),
        };
    }
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|pair| match int_list(pair).as_deref() {
            Some([before, after]) => (*before, *after),
            Some([both]) => (*both, *both),
            _ => (0, 0),
        })
        .collect()
}

fn pad<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let (first, sides) = (first_side(part), pairs(part, "padding"));
    let rank = sides.len() + 2;
    let mut pads = vec![0; 2 * rank];
    for (i, (before, after)) in sides.iter().enumerate() {
        for (at, amount) in [(first + i, before), (rank + first + i, after)] {
            if let Some(place) = pads.get_mut(at) {
                *place = *amount;
            }
        }
    }
    let pads = builder.ints(part, "pads", &pads)?;
    Ok(vec![builder.op(part, "Pad", vec![Some(input), pads], vec![])?])
}

fn crop<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let (first, sides) = (first_side(part), pairs(part, "cropping"));
    let starts: Vec<i64> = sides.iter().map(|(before, _)| *before).collect();
    let ends: Vec<i64> =
        sides.iter().map(|(_, a)| if *a == 0 { i64::MAX } else { a.saturating_neg() }).collect();
    let axes: Vec<i64> = (0..sides.len()).map(|i| (first + i) as i64).collect();
    let starts = builder.ints(part, "starts", &starts)?;
    let ends = builder.ints(part, "ends", &ends)?;
    let axes = builder.ints(part, "axes", &axes)?;
    Ok(vec![builder.op(part, "Slice", vec![Some(input), starts, ends, axes], vec![])?])
}

fn enlarge<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let n = sides_of(part.layer.class);
    let config = part.config();
    // Keras 1 called the factor of a sequence its length.
    let factors = config.sides("size", n).or_else(|| config.sides("length", n)).unwrap_or_else(|| vec![2; n]);
    let mut scales = vec![1.0; n + 2];
    for (i, factor) in factors.iter().enumerate() {
        if let Some(scale) = scales.get_mut(first_side(part) + i) {
            *scale = *factor as f64;
        }
    }
    let mode = match config.text("interpolation") {
        None | Some("nearest") => "nearest",
        Some("bicubic") => "cubic",
        _ => "linear",
    };
    resize(builder, part, Some(scales), None, mode)
}

/// A change of size by factors, or to sizes, of all dimensions.
///
/// # Errors
/// When the graph passes a limit.
pub fn resize<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    scales: Option<Vec<f64>>,
    sizes: Option<Vec<Dim>>,
    mode: &str,
) -> Result<Vec<netloom_graph::TensorId>, Error> {
    let mut inputs = vec![Some(part.input()?), None];
    if let Some(scales) = scales {
        inputs.push(builder.numbers(part, "scales", scales, false)?);
    } else if let Some(sizes) = sizes {
        let path = format!("{}.sizes", builder.draft.graph.module(part.module).path);
        inputs.extend([None, Some(builder.draft.ints(&path, sizes)?)]);
    }
    let mut attributes = vec![("mode", text(mode))];
    if part.channels_last() {
        attributes.push(("channels_last", int(1)));
    }
    Ok(vec![builder.op(part, "Resize", inputs, attributes)?])
}

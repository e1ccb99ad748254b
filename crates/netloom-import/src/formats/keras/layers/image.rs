//! Preprocessing of images and categories.

use netloom_graph::Dim;

use super::super::build::{Builder, Part};
use super::reshape::resize;
use super::{Built, Row};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["CategoryEncoding"], build: encode },
    Row { classes: &["CenterCrop", "RandomCrop"], build: cut },
    Row {
        classes: &[
            "AugMix",
            "AutoContrast",
            "ContrastLimitedAdaptiveHistogramEqualization",
            "CutMix",
            "Equalization",
            "MixUp",
            "RandAugment",
            "RandomBrightness",
            "RandomColorDegeneration",
            "RandomColorJitter",
            "RandomContrast",
            "RandomElasticTransform",
            "RandomErasing",
            "RandomFlip",
            "RandomGaussianBlur",
            "RandomGrayscale",
            "RandomHue",
            "RandomInvert",
            "RandomPerspective",
            "RandomPosterization",
            "RandomRotation",
            "RandomSaturation",
            "RandomSharpness",
            "RandomShear",
            "RandomTranslation",
            "RandomZoom",
            "Solarization",
        ],
        build: |builder, part| {
            let input = part.input()?;
            let dims = builder.dims(input);
            builder.own(part, vec![Some(input)], dims)
        },
    },
    Row { classes: &["Rescaling"], build: rescale },
    Row { classes: &["Resizing"], build: resizing },
];

/// The shape of an input with other height and width.
fn sized(builder: &Builder<'_>, part: &Part<'_, '_>) -> Option<Vec<Dim>> {
    let input = part.inputs.first()?;
    let mut dims = builder.dims(*input)?;
    let last = if part.channels_last() { 1 } else { 0 };
    let height = dims.len().checked_sub(2 + last)?;
    for (at, name) in [(height, "height"), (height + 1, "width")] {
        if let (Some(dim), Some(n)) = (dims.get_mut(at), part.config().int(name)) {
            *dim = Dim::Known(n);
        }
    }
    Some(dims)
}

fn cut<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let dims = sized(builder, part);
    builder.own(part, vec![Some(part.input()?)], dims)
}

fn resizing<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let mode = match part.config().text("interpolation") {
        Some("nearest") => "nearest",
        Some("bicubic") => "cubic",
        _ => "linear",
    };
    match sized(builder, part) {
        Some(sizes) => resize(builder, part, None, Some(sizes), mode),
        None => builder.own(part, vec![Some(part.input()?)], None),
    }
}

/// Whole numbers as rows of zeros and ones, or of counts.
fn encode<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let tokens = config.int("num_tokens").map_or(Dim::Unknown, Dim::Known);
    let dims = builder.dims(input).map(|mut dims| {
        let each = config.text("output_mode") == Some("one_hot") && dims.last() != Some(&Dim::Known(1));
        if !each && dims.len() > 1 {
            dims.pop();
        }
        dims.push(tokens);
        dims
    });
    builder.own(part, vec![Some(input)], dims)
}

fn rescale<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let mut at = part.input()?;
    for (name, op, nothing) in [("scale", "Mul", 1.0), ("offset", "Add", 0.0)] {
        let Some(value) = part.config().get(name) else { continue };
        let numbers: Option<Vec<f64>> = match value.as_array() {
            Some(list) => list.iter().map(serde_json::Value::as_f64).collect(),
            None => value.as_f64().map(|x| vec![x]),
        };
        let Some(numbers) = numbers.filter(|n| n.iter().any(|x| *x != nothing)) else { continue };
        let single = numbers.len() == 1;
        let constant = builder.numbers(part, name, numbers, single)?;
        at = builder.op(part, op, vec![Some(at), constant], vec![])?;
    }
    if at == part.input()? {
        at = builder.op(part, "Identity", vec![Some(at)], vec![])?;
    }
    Ok(vec![at])
}

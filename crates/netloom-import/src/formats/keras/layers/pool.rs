//! Pooling.

use netloom_graph::{Attribute, Dim};

use super::super::build::{Builder, Part};
use super::conv::sides_of;
use super::{Built, Row, int, ints, text};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        classes: &["MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D"],
        build: |builder, part| pool(builder, part, "MaxPool"),
    },
    Row {
        classes: &[
            "AveragePooling1D",
            "AveragePooling2D",
            "AveragePooling3D",
            "AvgPool1D",
            "AvgPool2D",
            "AvgPool3D",
        ],
        build: |builder, part| pool(builder, part, "AveragePool"),
    },
    Row {
        classes: &[
            "GlobalMaxPooling1D",
            "GlobalMaxPooling2D",
            "GlobalMaxPooling3D",
            "GlobalMaxPool1D",
            "GlobalMaxPool2D",
            "GlobalMaxPool3D",
        ],
        build: |builder, part| global(builder, part, "GlobalMaxPool"),
    },
    Row {
        classes: &[
            "GlobalAveragePooling1D",
            "GlobalAveragePooling2D",
            "GlobalAveragePooling3D",
            "GlobalAvgPool1D",
            "GlobalAvgPool2D",
            "GlobalAvgPool3D",
        ],
        build: |builder, part| global(builder, part, "GlobalAveragePool"),
    },
    Row {
        classes: &[
            "AdaptiveAveragePooling1D",
            "AdaptiveAveragePooling2D",
            "AdaptiveAveragePooling3D",
            "AdaptiveMaxPooling1D",
            "AdaptiveMaxPooling2D",
            "AdaptiveMaxPooling3D",
        ],
        build: adaptive,
    },
];

fn pool<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, op: &str) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let n = sides_of(part.layer.class);
    let kernel = config.sides("pool_size", n).unwrap_or_else(|| vec![2; n]);
    let strides = config.sides("strides", n).unwrap_or_else(|| kernel.clone());
    let mut attributes = vec![("kernel_shape", ints(kernel)), ("strides", ints(strides))];
    if config.text("padding") == Some("same") {
        attributes.push(("auto_pad", text("SAME_UPPER")));
    }
    if part.channels_last() {
        attributes.push(("channels_last", int(1)));
    }
    Ok(vec![builder.op(part, op, vec![Some(input)], attributes)?])
}

fn global<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, op: &str) -> Built {
    let mut attributes: Vec<(&str, Attribute)> = Vec::new();
    if !part.config().flag("keepdims", false) {
        attributes.push(("keepdims", int(0)));
    }
    if part.channels_last() {
        attributes.push(("channels_last", int(1)));
    }
    Ok(vec![builder.op(part, op, vec![Some(part.input()?)], attributes)?])
}

fn adaptive<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let input = part.input()?;
    let n = sides_of(part.layer.class);
    let sizes = part.config().sides("output_size", n).unwrap_or_else(|| vec![1; n]);
    let dims = builder.dims(input).filter(|d| d.len() == n + 2).map(|mut dims| {
        let first = if part.channels_last() { 1 } else { 2 };
        for (dim, size) in dims.iter_mut().skip(first).zip(sizes) {
            *dim = Dim::Known(size);
        }
        dims
    });
    builder.own(part, vec![Some(input)], dims)
}

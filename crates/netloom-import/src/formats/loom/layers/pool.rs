//! Pooling and resizing.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use super::conv::Window;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { name: "adaptive_avg_pool", settings: &["size"], build: adaptive, ..Row::DEFAULT },
    Row {
        name: "avg_pool",
        settings: &["kernel", "stride", "pad", "dilation", "ceil", "count_pad"],
        build: |maker, call| {
            let count = Attribute::Int(i64::from(call.flag("count_pad", true)?));
            pool(maker, call, "AveragePool", vec![("count_include_pad", count)])
        },
        ..Row::DEFAULT
    },
    Row {
        name: "global_avg_pool",
        build: |maker, call| call.node(maker, "GlobalAveragePool", call.inputs.clone(), vec![]),
        ..Row::DEFAULT
    },
    Row {
        name: "global_max_pool",
        build: |maker, call| call.node(maker, "GlobalMaxPool", call.inputs.clone(), vec![]),
        ..Row::DEFAULT
    },
    Row {
        name: "max_pool",
        settings: &["kernel", "stride", "pad", "dilation", "ceil"],
        build: |maker, call| pool(maker, call, "MaxPool", vec![]),
        ..Row::DEFAULT
    },
    Row { name: "upsample", settings: &["scale", "mode"], build: upsample, ..Row::DEFAULT },
];

fn pool(
    maker: &mut Maker,
    call: &Call,
    op: &str,
    mut attributes: Vec<(&'static str, Attribute)>,
) -> Made<Vec<TensorId>> {
    let mut window = Window::of(maker, call)?;
    if call.get("stride").is_none() {
        window.stride.clone_from(&window.kernel);
    }
    attributes.extend(window.attributes());
    if call.flag("ceil", false)? {
        attributes.push(("ceil_mode", Attribute::Int(1)));
    }
    call.node(maker, op, call.inputs.clone(), attributes)
}

/// The mean over as many equal parts per dimension as the result has places.
fn adaptive(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    let n = call.spatial(maker, None)?;
    let size = call.per_dim("size", n, 1)?.unwrap_or_else(|| vec![1; n]);
    if size.iter().all(|s| *s == 1) {
        return call.node(maker, "GlobalAveragePool", [input], vec![]);
    }
    let dims = maker.dims(input).unwrap_or_default();
    let mut kernel = Vec::new();
    for (dim, size) in dims.iter().skip(2).zip(&size) {
        match dim.as_known() {
            Some(n) if n % size == 0 => kernel.push(n / size),
            _ => {
                return Err(call.problem(format!("expected {dim} places to divide into {size}")));
            }
        }
    }
    let attributes =
        vec![("kernel_shape", Attribute::Ints(kernel.clone())), ("strides", Attribute::Ints(kernel))];
    call.node(maker, "AveragePool", [input], attributes)
}

fn upsample(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let n = call.spatial(maker, None)?;
    let scale = call.float("scale")?.unwrap_or(2.0);
    if scale <= 0.0 {
        return Err(call.problem(format!("expected a scale above 0, found {scale}")));
    }
    let mode = call.choice("mode", &["nearest", "linear", "cubic"])?.unwrap_or("nearest");
    let corners = if mode == "nearest" { "asymmetric" } else { "half_pixel" };
    let mut scales = vec![1.0, 1.0];
    scales.resize(n + 2, scale);
    let scales = maker.floats(&call.name, "scales", scales);
    let attributes = vec![
        ("mode", Attribute::String(mode.to_owned())),
        ("coordinate_transformation_mode", Attribute::String(corners.to_owned())),
    ];
    maker.node("Resize", &call.name, vec![Some(call.input()?), None, Some(scales)], attributes, 1, &call.span)
}

//! Movement of data without arithmetic, and reductions over axes.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::{Arg, Call};
use crate::formats::loom::make::{Made, Maker};
use crate::formats::loom::parser::MAX_ITEMS;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "expand",
        settings: &["shape"],
        build: |maker, call| {
            let shape = maker.ints(&call.name, "shape", call.need_dims("shape")?);
            call.node(maker, "Expand", [call.input()?, shape], vec![])
        },
        ..Row::DEFAULT
    },
    Row { name: "flatten", settings: &["axis"], build: flatten, ..Row::DEFAULT },
    Row {
        name: "pixel_shuffle",
        settings: &["factor"],
        build: |maker, call| {
            let attributes = vec![
                ("blocksize", Attribute::Int(call.need_int("factor", 1)?)),
                ("mode", Attribute::String("CRD".to_owned())),
            ];
            call.node(maker, "DepthToSpace", call.inputs.clone(), attributes)
        },
        ..Row::DEFAULT
    },
    Row {
        name: "reduce_max",
        settings: &["axes", "keep"],
        build: |maker, call| reduce(maker, call, "ReduceMax"),
        ..Row::DEFAULT
    },
    Row {
        name: "reduce_mean",
        settings: &["axes", "keep"],
        build: |maker, call| reduce(maker, call, "ReduceMean"),
        ..Row::DEFAULT
    },
    Row {
        name: "reduce_sum",
        settings: &["axes", "keep"],
        build: |maker, call| reduce(maker, call, "ReduceSum"),
        ..Row::DEFAULT
    },
    Row { name: "reshape", settings: &["shape"], build: reshape, ..Row::DEFAULT },
    Row {
        name: "select",
        settings: &["index", "axis"],
        build: |maker, call| {
            let index = call.need_int("index", i64::MIN)?;
            let axis = call.int("axis", i64::MIN)?.unwrap_or(1);
            let index = maker.int(&call.name, "index", index);
            call.node(maker, "Gather", [call.input()?, index], vec![("axis", Attribute::Int(axis))])
        },
        ..Row::DEFAULT
    },
    Row { name: "slice", settings: &["start", "end", "axis", "step"], build: slice, ..Row::DEFAULT },
    Row { name: "split", settings: &["parts", "axis"], build: split, ..Row::DEFAULT },
    Row {
        name: "squeeze",
        settings: &["axes"],
        build: |maker, call| with_axes(maker, call, "Squeeze"),
        ..Row::DEFAULT
    },
    Row {
        name: "transpose",
        settings: &["order"],
        build: |maker, call| {
            let order = call.ints("order")?.map(|order| ("perm", Attribute::Ints(order)));
            call.node(maker, "Transpose", call.inputs.clone(), order.into_iter().collect())
        },
        ..Row::DEFAULT
    },
    Row {
        name: "unsqueeze",
        settings: &["axes"],
        build: |maker, call| with_axes(maker, call, "Unsqueeze"),
        ..Row::DEFAULT
    },
    Row { name: "zero_pad", settings: &["pad"], build: zero_pad, ..Row::DEFAULT },
];

fn flatten(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let axis = call.int("axis", 0)?.unwrap_or(1);
    if axis == 1 {
        return call.node(maker, "Flatten", call.inputs.clone(), vec![("axis", Attribute::Int(1))]);
    }
    // Flatten always gives a matrix; keeping several dimensions in front takes a reshape.
    let kept = usize::try_from(axis).ok().filter(|n| *n < MAX_ITEMS);
    let Some(kept) = kept else {
        return Err(call.problem(format!("expected an axis below {MAX_ITEMS}, found {axis}")));
    };
    let mut shape = vec![Dim::Known(0); kept];
    shape.push(Dim::Known(-1));
    let shape = maker.ints(&call.name, "shape", shape);
    call.node(maker, "Reshape", [call.input()?, shape], vec![])
}

fn reshape(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let dims = call.need_dims("shape")?;
    if dims.iter().any(Dim::is_unknown) {
        let hint = "`-1` stands for the one dimension that follows from the others";
        return Err(call.problem("expected numbers or symbols, found `?`").with_hint(hint));
    }
    let shape = maker.ints(&call.name, "shape", dims);
    call.node(maker, "Reshape", [call.input()?, shape], vec![])
}

fn known(numbers: Vec<i64>) -> Vec<Dim> {
    numbers.into_iter().map(Dim::Known).collect()
}

fn reduce(maker: &mut Maker, call: &Call, op: &str) -> Made<Vec<TensorId>> {
    let keep = Attribute::Int(i64::from(call.flag("keep", false)?));
    let mut inputs = vec![call.input()?];
    if let Some(axes) = call.ints("axes")? {
        inputs.push(maker.ints(&call.name, "axes", known(axes)));
    }
    call.node(maker, op, inputs, vec![("keepdims", keep)])
}

fn with_axes(maker: &mut Maker, call: &Call, op: &str) -> Made<Vec<TensorId>> {
    let axes = known(call.ints("axes")?.ok_or_else(|| call.missing("axes"))?);
    let axes = maker.ints(&call.name, "axes", axes);
    call.node(maker, op, [call.input()?, axes], vec![])
}

/// Zeros around the spatial dimensions: one number for all sides, one per dimension, or one per side.
fn zero_pad(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let n = call.spatial(maker, None)?;
    let sides = match call.get("pad") {
        Some((Arg::List(items), _)) if items.len() == 2 * n => call.per_dim("pad", 2 * n, i64::MIN)?,
        _ => call.per_dim("pad", n, i64::MIN)?.map(|p| [p.clone(), p].concat()),
    };
    let sides = known(sides.ok_or_else(|| call.missing("pad"))?);
    let (before, after) = sides.split_at(n);
    let none = || vec![Dim::Known(0); 2];
    let pads = [none(), before.to_vec(), none(), after.to_vec()].concat();
    let pads = maker.ints(&call.name, "pads", pads);
    call.node(maker, "Pad", [call.input()?, pads], vec![])
}

fn slice(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let start = call.int("start", i64::MIN)?.unwrap_or(0);
    let end = call.int("end", i64::MIN)?.unwrap_or(i64::MAX);
    let axis = call.int("axis", i64::MIN)?.unwrap_or(1);
    let step = call.int("step", i64::MIN)?.unwrap_or(1);
    if step == 0 {
        return Err(call.problem("expected a step other than 0"));
    }
    let mut inputs = vec![call.input()?];
    for (name, n) in [("start", start), ("end", end), ("axis", axis), ("step", step)] {
        inputs.push(maker.ints(&call.name, name, vec![Dim::Known(n)]));
    }
    call.node(maker, "Slice", inputs, vec![])
}

fn split(maker: &mut Maker, call: &Call) -> Made<Vec<TensorId>> {
    let parts = call.need_int("parts", 1)?;
    let axis = call.int("axis", i64::MIN)?.unwrap_or(1);
    let outputs = usize::try_from(parts).unwrap_or(usize::MAX);
    let attributes = vec![("axis", Attribute::Int(axis)), ("num_outputs", Attribute::Int(parts))];
    maker.node("Split", &call.name, vec![Some(call.input()?)], attributes, outputs, &call.span)
}

//! Movement of data: reshaping, joining, padding, repeating.

use netloom_graph::{Attribute, Dim, TensorId};

use super::{Done, Emit};
use crate::formats::tensorflow::program::{Op, ValueId};

/// Operators that move data.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "Reshape" => reshape(cx, op),
        "ExpandDims" => {
            let (Some(x), Some(axis)) = (op.input(0), cx.known(op, 1)) else { return Ok(false) };
            let inputs = vec![Some(cx.get(x)?), Some(cx.ints(op, "axes", axis)?)];
            cx.last(op, "Unsqueeze", inputs, Vec::new())
        }
        "Squeeze" => {
            let Some(x) = op.input(0) else { return Ok(false) };
            let mut inputs = vec![Some(cx.get(x)?)];
            if let Some(axes) = op.settings.ints("squeeze_dims").filter(|a| !a.is_empty()) {
                let axes = axes.to_vec();
                inputs.push(Some(cx.ints(op, "axes", axes)?));
            }
            cx.last(op, "Squeeze", inputs, Vec::new())
        }
        "Transpose" => {
            let Some(x) = op.input(0) else { return Ok(false) };
            let Some(order) = cx.known(op, 1) else { return Ok(false) };
            let x = cx.get(x)?;
            cx.last(op, "Transpose", vec![Some(x)], vec![("perm", Attribute::Ints(order))])
        }
        "ConcatV2" => {
            let Some((axis, parts)) = op.inputs.split_last() else { return Ok(false) };
            concat(cx, op, parts, *axis)
        }
        "Concat" => {
            let Some((axis, parts)) = op.inputs.split_first() else { return Ok(false) };
            concat(cx, op, parts, *axis)
        }
        "Pack" => pack(cx, op),
        "Unpack" => unpack(cx, op),
        "Pad" | "PadV2" | "MirrorPad" => pad(cx, op),
        "Tile" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "Tile", inputs, Vec::new())
        }
        "BroadcastTo" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "Expand", inputs, Vec::new())
        }
        "Fill" => {
            let inputs = cx.get_all(&[op.input(1), op.input(0)])?;
            cx.last(op, "Expand", inputs, Vec::new())
        }
        "Shape" | "Size" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, &op.kind, inputs, Vec::new())
        }
        _ => Ok(false),
    }
}

fn reshape(cx: &mut Emit<'_>, op: &Op) -> Done {
    let Some(x) = op.input(0) else { return Ok(false) };
    let x = cx.get(x)?;
    if op.settings.int("flatten") == Some(1) {
        return cx.last(op, "Flatten", vec![Some(x)], vec![("axis", Attribute::Int(1))]);
    }
    let shape = match (op.settings.ints("shape").map(<[i64]>::to_vec), op.input(1)) {
        (Some(list), _) => Some(cx.ints(op, "shape", list)?),
        (None, Some(shape)) => Some(cx.get(shape)?),
        (None, None) => None,
    };
    cx.last(op, "Reshape", vec![Some(x), shape], Vec::new())
}

fn concat(cx: &mut Emit<'_>, op: &Op, parts: &[Option<ValueId>], axis: Option<ValueId>) -> Done {
    let axis = axis.and_then(|v| cx.program.values[v].value()?.known_ints());
    let Some([axis]) = axis.as_deref() else { return Ok(false) };
    let inputs = cx.get_all(parts)?;
    cx.last(op, "Concat", inputs, vec![("axis", Attribute::Int(*axis))])
}

/// Stacking is joining along a dimension that each part gets first.
fn pack(cx: &mut Emit<'_>, op: &Op) -> Done {
    let axis = op.settings.int("axis").unwrap_or(0);
    let mut parts = Vec::with_capacity(op.inputs.len());
    for input in op.inputs.iter().flatten() {
        let x = cx.get(*input)?;
        let axes = cx.ints(op, "axes", [axis])?;
        parts.push(Some(cx.step(op, "Unsqueeze", vec![Some(x), Some(axes)], Vec::new())?));
    }
    cx.last(op, "Concat", parts, vec![("axis", Attribute::Int(axis))])
}

fn unpack(cx: &mut Emit<'_>, op: &Op) -> Done {
    let Some(x) = op.input(0) else { return Ok(false) };
    let axis = op.settings.int("axis").unwrap_or(0);
    let x = cx.get(x)?;
    for (place, value) in op.outputs.iter().enumerate() {
        let index = netloom_graph::Value::int(Dim::Known(i64::try_from(place).unwrap_or(i64::MAX)));
        let name = format!("{}/index", op.name);
        let index = cx.draft.constant(&name, netloom_graph::DType::Int64, index)?;
        let one = Op { outputs: vec![*value], ..op.clone() };
        cx.last(&one, "Gather", vec![Some(x), Some(index)], vec![("axis", Attribute::Int(axis))])?;
    }
    Ok(true)
}

fn pad(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(x), Some(pads)) = (op.input(0), cx.known(op, 1)) else { return Ok(false) };
    let before: Vec<i64> = pads.iter().copied().step_by(2).collect();
    let after: Vec<i64> = pads.iter().copied().skip(1).step_by(2).collect();
    let mode = match op.settings.string("mode") {
        Some("REFLECT") => "reflect",
        // The edge itself is mirrored too, which the standard set cannot say.
        Some("SYMMETRIC") => "edge",
        _ => "constant",
    };
    let pads: TensorId = cx.ints(op, "pads", [before, after].concat())?;
    let mut inputs = vec![Some(cx.get(x)?), Some(pads)];
    if let Some(filler) = op.input(2) {
        inputs.push(Some(cx.get(filler)?));
    }
    cx.last(op, "Pad", inputs, vec![("mode", Attribute::String(mode.to_owned()))])
}

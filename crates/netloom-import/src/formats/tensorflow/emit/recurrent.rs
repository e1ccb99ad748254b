//! Layers that run over a sequence.

use netloom_graph::{Attribute, TensorId};

use super::{Done, Emit};
use crate::Error;
use crate::formats::tensorflow::program::{Op, ValueId};

/// Recurrent layers: data, then matrices for the input, matrices for the state, and biases.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    if op.kind != "Recurrent" {
        return Ok(false);
    }
    let counts = op.settings.ints("counts").map(<[i64]>::to_vec).unwrap_or_default();
    let (Some(cell), &[w, r, _]) = (op.settings.string("cell").map(str::to_owned), counts.as_slice()) else {
        return Ok(false);
    };
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let (first, rest) = op.inputs.split_at(1.min(op.inputs.len()));
    let (w, rest) = rest.split_at(count(w).min(rest.len()));
    let (r, b) = rest.split_at(count(r).min(rest.len()));
    let x = cx.get_all(first)?;
    let inputs = vec![x[0], joined(cx, op, w)?, joined(cx, op, r)?, joined(cx, op, b)?];
    let time_major = op.settings.int("time_major") == Some(1);
    let sequence = op.settings.int("sequence") == Some(1);
    let direction = op.settings.string("direction").unwrap_or("forward").to_owned();
    let both = direction == "bidirectional";
    let mut settings =
        vec![("layout", Attribute::Int((!time_major).into())), ("direction", Attribute::String(direction))];
    if let Some(hidden) = op.settings.int("hidden_size").or_else(|| {
        let features = cx.made(op)?.last()?.as_known()?;
        Some(if both { features / 2 } else { features })
    }) {
        settings.push(("hidden_size", Attribute::Int(hidden)));
    }
    let states = run(cx, op, &cell, inputs, settings, sequence)?;
    // The standard set keeps the directions apart.
    let at = match (sequence, time_major) {
        (true, false) => 2,
        (true, true) | (false, false) => 1,
        (false, true) => 0,
    };
    if both {
        let rest: Vec<i64> = if sequence { vec![0, 0, -1] } else { vec![0, -1] };
        let shape = cx.ints(op, "shape", rest)?;
        return cx.last(op, "Reshape", vec![Some(states), Some(shape)], Vec::new());
    }
    let axes = cx.ints(op, "axes", [at])?;
    cx.last(op, "Squeeze", vec![Some(states), Some(axes)], Vec::new())
}

/// The layer itself: all states or the last.
fn run(
    cx: &mut Emit<'_>,
    op: &Op,
    cell: &str,
    inputs: Vec<Option<TensorId>>,
    settings: Vec<(&str, Attribute)>,
    sequence: bool,
) -> Result<TensorId, Error> {
    let node = super::with(netloom_graph::Node::new(cell, cx.module), settings);
    let states = cx.draft.tensor(&format!("{}/states", op.name), netloom_graph::ValueType::Unknown)?;
    let outputs = if sequence { vec![Some(states)] } else { vec![None, Some(states)] };
    let mut node = node.with_inputs(inputs).with_outputs(outputs);
    node.name.clone_from(&op.name);
    node.region = cx.region;
    cx.draft.add(node)?;
    Ok(states)
}

/// Several stored matrices as one.
fn joined(cx: &mut Emit<'_>, op: &Op, values: &[Option<ValueId>]) -> Result<Option<TensorId>, Error> {
    let tensors = cx.get_all(values)?;
    match tensors.as_slice() {
        [] => Ok(None),
        [one] => Ok(*one),
        _ => cx.step(op, "Concat", tensors, vec![("axis", Attribute::Int(0))]).map(Some),
    }
}

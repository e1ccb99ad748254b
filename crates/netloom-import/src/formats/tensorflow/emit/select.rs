//! Choosing elements: look-ups, masks, the largest ones.

use netloom_graph::{Attribute, DType, Elements, Value};

use super::{Done, Emit};
use crate::formats::tensorflow::program::Op;

/// Operators that choose elements.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "Gather" | "GatherV2" | "ResourceGather" => gather(cx, op),
        "GatherNd" | "ResourceGatherNd" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "GatherND", inputs, Vec::new())
        }
        "Select" | "SelectV2" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "Where", inputs, Vec::new())
        }
        "OneHot" => one_hot(cx, op),
        "TopKV2" => {
            let inputs = cx.get_all(&op.inputs)?;
            let node = netloom_graph::Node::new("TopK", cx.module);
            cx.add(op, node, inputs)?;
            Ok(true)
        }
        "Range" => {
            let inputs = cx.get_all(&op.inputs)?;
            cx.last(op, "Range", inputs, Vec::new())
        }
        _ => Ok(false),
    }
}

fn gather(cx: &mut Emit<'_>, op: &Op) -> Done {
    let batch = op.settings.int("batch_dims").unwrap_or(0);
    let axis = match (op.input(2), cx.known(op, 2)) {
        (None, _) => op.settings.int("axis").unwrap_or(0),
        (_, Some(axis)) if axis.len() == 1 => axis[0],
        _ => return Ok(false),
    };
    if batch != 0 || op.inputs.len() < 2 {
        return Ok(false);
    }
    let inputs = cx.get_all(&op.inputs[..2])?;
    cx.last(op, "Gather", inputs, vec![("axis", Attribute::Int(axis))])
}

/// The standard set takes both values as one list.
fn one_hot(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (on, off) = (cx.known_floats(op, 2), cx.known_floats(op, 3));
    let (Some([on]), Some([off])) = (on.as_deref(), off.as_deref()) else { return Ok(false) };
    let mut inputs = cx.get_all(&op.inputs[..2])?;
    let value = Value { dims: vec![2], elements: Elements::Floats(vec![*off, *on]) };
    let dtype = cx.ty(op.output()).dtype().unwrap_or(DType::Float32);
    inputs.push(Some(cx.draft.constant(&format!("{}/values", op.name), dtype, value)?));
    let axis = op.settings.int("axis").unwrap_or(-1);
    cx.last(op, "OneHot", inputs, vec![("axis", Attribute::Int(axis))])
}

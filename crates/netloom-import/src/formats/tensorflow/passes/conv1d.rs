//! Convolutions over one dimension, which TensorFlow runs as ones over two with a side of 1.

use netloom_graph::Attribute;

use super::Changes;
use crate::formats::tensorflow::program::{Op, ValueId, View};

/// Convolutions and pools of two dimensions between an added and a dropped dimension.
pub(super) fn find(view: &View<'_>) -> Changes {
    let mut changes = Changes::new();
    for op in &view.body.ops {
        let kinds = ["Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool"];
        if kinds.contains(&op.kind.as_str())
            && let Some(change) = one(view, op)
        {
            changes.push(change);
        }
    }
    changes
}

fn one(view: &View<'_>, op: &Op) -> Option<(usize, Op)> {
    let added = view.made(op.input(0), &["ExpandDims", "Reshape"])?;
    let x = added.input(0)?;
    let place = view.only_reader(op.output()?)?;
    let dropped = &view.body.ops[place];
    let dims = |v: ValueId| view.values[v].dims();
    let (before, inside) = (dims(x)?, dims(added.output()?)?);
    let after = dims(dropped.output()?)?;
    if before.len() != 3 || inside.len() != 4 || after.len() != 3 {
        return None;
    }
    if !matches!(dropped.kind.as_str(), "Squeeze" | "Reshape") {
        return None;
    }
    // Which of the two inner dimensions was added.
    let first = op.settings.string("data_format").is_none_or(|f| f.starts_with("NH"));
    let side = if first { 1 } else { 2 };
    let extra = (side..side + 2).find(|i| inside[*i].as_known() == Some(1))?;
    let mut new = op.clone();
    new.inputs[0] = Some(x);
    new.outputs = dropped.outputs.clone();
    for key in ["strides", "dilations", "ksize"] {
        if let Some(list) = op.settings.ints(key).filter(|l| l.len() == 4) {
            let mut list = list.to_vec();
            list.remove(extra);
            new.settings.set(key, Attribute::Ints(list));
        }
    }
    if let Some(pads) = op.settings.ints("explicit_paddings").filter(|l| l.len() == 8) {
        let mut pads = pads.to_vec();
        pads.drain(2 * extra..2 * extra + 2);
        new.settings.set("explicit_paddings", Attribute::Ints(pads));
    }
    if let Some(kernel) = op.input(1) {
        // The kernel's side of 1 stands where the data's does.
        new.settings.set("dropped_side", Attribute::Int(i64::try_from(extra - side).ok()?));
        new.inputs[1] =
            Some(view.root(kernel).filter(|r| dims(*r).is_some_and(|d| d.len() == 3)).unwrap_or(kernel));
    }
    Some((place, new))
}

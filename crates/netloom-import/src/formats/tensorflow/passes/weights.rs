//! Weights stored in another number format are read as they are stored; look-ups need no guard against negative places.

use super::Changes;
use crate::formats::tensorflow::program::{Op, ValueId, View};

/// Operators that read a stored value through a change of format, and look-ups at places that may count from the end.
pub(super) fn find(view: &View<'_>) -> Changes {
    let mut changes = Changes::new();
    for (place, op) in view.body.ops.iter().enumerate() {
        let mut new: Option<Op> = None;
        for (position, input) in op.inputs.iter().enumerate() {
            let Some(input) = *input else { continue };
            let better = stored(view, input).or_else(|| {
                (position == 1 && op.kind.starts_with("Gather")).then(|| places(view, op, input)).flatten()
            });
            if let Some(better) = better {
                new.get_or_insert_with(|| op.clone()).inputs[position] = Some(better);
            }
        }
        changes.extend(new.map(|op| (place, op)));
    }
    changes
}

/// What is stored behind a change of format.
fn stored(view: &View<'_>, value: ValueId) -> Option<ValueId> {
    let from = view.made(Some(value), &["Dequantize", "Identity"])?.input(0)?;
    view.values[from].stored.is_some().then_some(from)
}

/// `i` of `i < 0 ? i + n : i`.
fn places(view: &View<'_>, look_up: &Op, value: ValueId) -> Option<ValueId> {
    let select = view.made(Some(value), &["SelectV2", "Select"])?;
    let [Some(negative), Some(moved), Some(same)] = select.inputs[..] else { return None };
    let less = view.made(Some(negative), &["Less"])?;
    let sum = view.made(Some(moved), &["Add", "AddV2"])?;
    let table = view.values[look_up.input(0)?].stored.is_some();
    (table && less.input(0) == Some(same) && sum.inputs.contains(&Some(same))).then_some(same)
}

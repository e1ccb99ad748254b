//! Reductions over dimensions.

use netloom_graph::Attribute;
use netloom_graph::layers::channels::CHANNELS_LAST;

use super::{Done, Emit};
use crate::formats::tensorflow::program::Op;

/// Reductions and running sums.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    let kind = match op.kind.as_str() {
        "Mean" => "ReduceMean",
        "Sum" => "ReduceSum",
        "Max" | "Any" => "ReduceMax",
        "Min" | "All" => "ReduceMin",
        "Prod" => "ReduceProd",
        "EuclideanNorm" => "ReduceL2",
        "ArgMax" | "ArgMin" => return arg(cx, op),
        "Cumsum" => {
            let inputs = cx.get_all(&op.inputs)?;
            return cx.last(op, "CumSum", inputs, Vec::new());
        }
        _ => return Ok(false),
    };
    let Some(x) = op.input(0) else { return Ok(false) };
    let keep = ["keep_dims", "keepdims"].iter().any(|k| op.settings.int(k) == Some(1));
    let rank = cx.dims(op, 0).map(|d| d.len());
    let axes = cx.known(op, 1);
    if let (Some(rank), Some(axes)) = (rank, &axes)
        && let Some(last) = pooled(rank, axes)
        && matches!(kind, "ReduceMean" | "ReduceMax")
    {
        let kind = if kind == "ReduceMean" { "GlobalAveragePool" } else { "GlobalMaxPool" };
        let mut settings = vec![("keepdims", Attribute::Int(keep.into()))];
        if last {
            settings.push((CHANNELS_LAST, Attribute::Int(1)));
        }
        let x = cx.get(x)?;
        return cx.last(op, kind, vec![Some(x)], settings);
    }
    let mut inputs = vec![Some(cx.get(x)?)];
    match (axes, op.input(1)) {
        (Some(axes), _) => inputs.push(Some(cx.ints(op, "axes", axes)?)),
        (None, Some(axes)) => inputs.push(Some(cx.get(axes)?)),
        (None, None) => {}
    }
    cx.last(op, kind, inputs, vec![("keepdims", Attribute::Int(keep.into()))])
}

/// Whether a reduction is over all sides of a feature map, and if so whether channels stand last.
fn pooled(rank: usize, axes: &[i64]) -> Option<bool> {
    let rank = i64::try_from(rank).ok()?;
    let mut axes: Vec<i64> = axes.iter().map(|a| if *a < 0 { a + rank } else { *a }).collect();
    axes.sort_unstable();
    if rank >= 3 && axes.iter().copied().eq(1..rank - 1) {
        Some(true)
    } else if rank >= 4 && axes.iter().copied().eq(2..rank) {
        Some(false)
    } else {
        None
    }
}

fn arg(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(x), axis) = (op.input(0), cx.known(op, 1)) else { return Ok(false) };
    let axis = match axis.as_deref() {
        Some([axis]) => *axis,
        None if op.input(1).is_none() => 0,
        _ => return Ok(false),
    };
    let x = cx.get(x)?;
    let settings = vec![("axis", Attribute::Int(axis)), ("keepdims", Attribute::Int(0))];
    cx.last(op, &op.kind, vec![Some(x)], settings)
}

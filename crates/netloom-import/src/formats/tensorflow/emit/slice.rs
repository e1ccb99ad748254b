//! Parts of tensors.

use netloom_graph::Attribute;

use super::{Done, Emit};
use crate::formats::tensorflow::program::Op;

/// Operators that cut.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "Slice" => slice(cx, op),
        "StridedSlice" => strided(cx, op),
        "Split" => {
            // The axis comes first.
            let (Some(x), Some(axis)) = (op.input(1), cx.known(op, 0)) else { return Ok(false) };
            let [axis] = axis[..] else { return Ok(false) };
            let count = i64::try_from(op.outputs.len()).unwrap_or(i64::MAX);
            let x = cx.get(x)?;
            split(cx, op, vec![Some(x)], axis, Some(count))
        }
        "SplitV" => {
            let Some([axis]) = cx.known(op, 2).and_then(|a| <[i64; 1]>::try_from(a).ok()) else {
                return Ok(false);
            };
            let inputs = cx.get_all(&op.inputs[..2])?;
            split(cx, op, inputs, axis, None)
        }
        "ReverseV2" => reverse(cx, op),
        _ => Ok(false),
    }
}

fn split(
    cx: &mut Emit<'_>,
    op: &Op,
    inputs: Vec<Option<netloom_graph::TensorId>>,
    axis: i64,
    count: Option<i64>,
) -> Done {
    let mut node = netloom_graph::Node::new("Split", cx.module);
    node.attributes.set("axis", Attribute::Int(axis));
    if let Some(count) = count {
        node.attributes.set("num_outputs", Attribute::Int(count));
    }
    cx.add(op, node, inputs)?;
    Ok(true)
}

fn slice(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(x), Some(begin), Some(size)) = (op.input(0), cx.known(op, 1), cx.known(op, 2)) else {
        return Ok(false);
    };
    let end = begin.iter().zip(&size).map(|(b, s)| if *s < 0 { i64::MAX } else { b.saturating_add(*s) });
    let end: Vec<i64> = end.collect();
    let inputs = vec![Some(cx.get(x)?), Some(cx.ints(op, "starts", begin)?), Some(cx.ints(op, "ends", end)?)];
    cx.last(op, "Slice", inputs, Vec::new())
}

fn reverse(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(x), Some(axes)) = (op.input(0), cx.known(op, 1)) else { return Ok(false) };
    let all = |n: i64| vec![n; axes.len()];
    let inputs = vec![
        Some(cx.get(x)?),
        Some(cx.ints(op, "starts", all(-1))?),
        Some(cx.ints(op, "ends", all(i64::MIN))?),
        Some(cx.ints(op, "axes", axes.clone())?),
        Some(cx.ints(op, "steps", all(-1))?),
    ];
    cx.last(op, "Slice", inputs, Vec::new())
}

/// A slice in the notation of Python.
#[derive(Default, PartialEq, Debug)]
struct Cut {
    /// Axes that are cut: axis, first, end, step.
    parts: Vec<(i64, i64, i64, i64)>,
    /// Axes that go away, by their place in the data.
    dropped: Vec<i64>,
    /// Axes that come in, by their place in the result.
    added: Vec<i64>,
}

/// Bits of the masks of a slice.
struct Masks {
    begin: i64,
    end: i64,
    ellipsis: i64,
    new: i64,
    shrink: i64,
}

impl Cut {
    /// Reads begins, ends and steps with their masks; nothing for an ellipsis in data of unknown rank.
    fn of(begin: &[i64], end: &[i64], steps: &[i64], masks: &Masks, rank: Option<usize>) -> Option<Self> {
        let mut cut = Self::default();
        let (mut axis, mut made) = (0_i64, 0_i64);
        let bit = |mask: i64, i: usize| i < 63 && mask >> i & 1 == 1;
        for i in 0..begin.len() {
            let (first, last, step) = (begin[i], *end.get(i)?, *steps.get(i)?);
            if bit(masks.ellipsis, i) {
                let after = (i + 1..begin.len()).filter(|j| !bit(masks.new, *j)).count();
                let rank = i64::try_from(rank?.checked_sub(after)?).ok()?;
                let skipped = rank.checked_sub(axis).filter(|n| *n >= 0)?;
                axis += skipped;
                made += skipped;
            } else if bit(masks.new, i) {
                cut.added.push(made);
                made += 1;
            } else if bit(masks.shrink, i) {
                cut.parts.push((axis, first, if first == -1 { i64::MAX } else { first.checked_add(1)? }, 1));
                cut.dropped.push(axis);
                axis += 1;
            } else {
                let forwards = step > 0;
                let first = match bit(masks.begin, i) {
                    true if forwards => 0,
                    true => i64::MAX,
                    false => first,
                };
                let last = match bit(masks.end, i) {
                    true if forwards => i64::MAX,
                    true => i64::MIN,
                    false => last,
                };
                if (first, last, step) != (0, i64::MAX, 1) {
                    cut.parts.push((axis, first, last, step));
                }
                axis += 1;
                made += 1;
            }
        }
        Some(cut)
    }
}

fn strided(cx: &mut Emit<'_>, op: &Op) -> Done {
    let mask = |key: &str| op.settings.int(key).unwrap_or(0);
    let masks = Masks {
        begin: mask("begin_mask"),
        end: mask("end_mask"),
        ellipsis: mask("ellipsis_mask"),
        new: mask("new_axis_mask"),
        shrink: mask("shrink_axis_mask"),
    };
    let (Some(x), Some(begin), Some(end)) = (op.input(0), cx.known(op, 1), cx.known(op, 2)) else {
        return Ok(false);
    };
    let steps = cx.known(op, 3).unwrap_or_else(|| vec![1; begin.len()]);
    let rank = cx.dims(op, 0).map(|d| d.len());
    let Some(cut) = Cut::of(&begin, &end, &steps, &masks, rank) else { return Ok(false) };
    let mut at = cx.get(x)?;
    // One entry of a list is looked up.
    if let ([(0, first, _, 1)], [0], [], Some(1)) =
        (cut.parts.as_slice(), cut.dropped.as_slice(), cut.added.as_slice(), rank)
    {
        let place = netloom_graph::Value::int(netloom_graph::Dim::Known(*first));
        let place = cx.draft.constant(&format!("{}/index", op.name), netloom_graph::DType::Int64, place)?;
        return cx.last(op, "Gather", vec![Some(at), Some(place)], vec![("axis", Attribute::Int(0))]);
    }
    let mut steps_left = usize::from(!cut.parts.is_empty())
        + usize::from(!cut.dropped.is_empty())
        + usize::from(!cut.added.is_empty());
    if steps_left == 0 {
        return cx.last(op, "Identity", vec![Some(at)], Vec::new());
    }
    let mut apply = |cx: &mut Emit<'_>, kind: &str, inputs: Vec<Option<netloom_graph::TensorId>>| {
        steps_left -= 1;
        if steps_left == 0 {
            cx.last(op, kind, inputs, Vec::new()).map(|_| None)
        } else {
            cx.step(op, kind, inputs, Vec::new()).map(Some)
        }
    };
    if !cut.parts.is_empty() {
        let column = |get: fn(&(i64, i64, i64, i64)) -> i64| cut.parts.iter().map(get).collect::<Vec<_>>();
        let mut inputs = vec![
            Some(at),
            Some(cx.ints(op, "starts", column(|p| p.1))?),
            Some(cx.ints(op, "ends", column(|p| p.2))?),
            Some(cx.ints(op, "axes", column(|p| p.0))?),
        ];
        if cut.parts.iter().any(|p| p.3 != 1) {
            inputs.push(Some(cx.ints(op, "steps", column(|p| p.3))?));
        }
        at = apply(cx, "Slice", inputs)?.unwrap_or(at);
    }
    for (kind, axes) in [("Squeeze", cut.dropped), ("Unsqueeze", cut.added)] {
        if !axes.is_empty() {
            let axes = cx.ints(op, "axes", axes)?;
            at = apply(cx, kind, vec![Some(at), Some(axes)])?.unwrap_or(at);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_python() {
        let check = |bits: [i64; 5], begin: &[i64], end: &[i64], rank, expected: Option<Cut>| {
            let [b, e, ellipsis, new, shrink] = bits;
            let masks = Masks { begin: b, end: e, ellipsis, new, shrink };
            let steps = vec![1; begin.len()];
            assert_eq!(Cut::of(begin, end, &steps, &masks, rank), expected, "{begin:?} {end:?}");
        };
        let cut = |parts: &[(i64, i64, i64, i64)], dropped: &[i64], added: &[i64]| {
            Some(Cut { parts: parts.into(), dropped: dropped.into(), added: added.into() })
        };
        // x[0], x[-1], x[:, 2:5], x[..., 0], x[:, None]
        check([0, 0, 0, 0, 1], &[0], &[1], None, cut(&[(0, 0, 1, 1)], &[0], &[]));
        check([0, 0, 0, 0, 1], &[-1], &[0], None, cut(&[(0, -1, i64::MAX, 1)], &[0], &[]));
        check([1, 1, 0, 0, 0], &[0, 2], &[0, 5], None, cut(&[(1, 2, 5, 1)], &[], &[]));
        check([0, 0, 1, 0, 2], &[0, 0], &[0, 1], Some(4), cut(&[(3, 0, 1, 1)], &[3], &[]));
        check([0, 0, 1, 0, 2], &[0, 0], &[0, 1], None, None);
        check([1, 1, 0, 2, 0], &[0, 0], &[0, 0], None, cut(&[], &[], &[1]));
    }
}

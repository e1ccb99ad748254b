//! Taking parts: slices, single places, look-ups by index.

use netloom_graph::{DType, Dim, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};
use crate::Error;

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("slice", "self dim start end step", slice),
    Row("strided_slice", "self dim start end step", slice),
    Row("narrow", "self dim start length", narrow),
    Row("select", "self dim index", |cx| {
        let (Some(x), Some(axis), Some(index)) = (cx.tensor("self"), cx.int("dim"), cx.dim("index")) else {
            return Ok(None);
        };
        let axis = cx.axis(x, axis).unwrap_or(axis);
        let index = cx.whole(index)?;
        cx.finish("Gather", &[Some(x), index], vec![("axis", int(axis))])
    }),
    Row("index", "self indices", index),
    Row("_unsafe_index", "self indices", index),
    Row("index_select", "self dim index", |cx| {
        let (Some(x), Some(at)) = (cx.tensor("self"), cx.tensor("index")) else { return Ok(None) };
        let axis = cx.int("dim").unwrap_or(0);
        cx.finish("Gather", &[Some(x), Some(at)], vec![("axis", int(axis))])
    }),
    Row("gather", "self|input dim index", |cx| {
        let (Some(x), Some(at)) = (cx.tensor("self"), cx.tensor("index")) else { return Ok(None) };
        let axis = cx.int("dim").unwrap_or(0);
        cx.finish("GatherElements", &[Some(x), Some(at)], vec![("axis", int(axis))])
    }),
    Row("take_along_dim", "self indices dim", |cx| {
        let (Some(x), Some(at)) = (cx.tensor("self"), cx.tensor("indices")) else { return Ok(None) };
        let axis = cx.int("dim").unwrap_or(0);
        cx.finish("GatherElements", &[Some(x), Some(at)], vec![("axis", int(axis))])
    }),
    Row("take", "self index", |cx| {
        let (Some(x), Some(at)) = (cx.tensor("self"), cx.tensor("index")) else { return Ok(None) };
        let flat = cx.known(&[-1])?;
        let flat = cx.node("Reshape", &[Some(x), flat], vec![])?;
        cx.finish("Gather", &[Some(flat), Some(at)], vec![("axis", int(0))])
    }),
    Row("masked_select", "self mask", |cx| {
        let (Some(x), Some(mask)) = (cx.tensor("self"), cx.tensor("mask")) else { return Ok(None) };
        cx.finish("Compress", &[Some(x), Some(mask)], vec![])
    }),
    Row("nonzero", "self", |cx| {
        let Some(x) = cx.tensor("self") else { return Ok(None) };
        let places = cx.node("NonZero", &[Some(x)], vec![])?;
        cx.finish("Transpose", &[Some(places)], vec![("perm", super::cx::ints(&[1, 0]))])
    }),
    Row("flip", "self dims", flip),
    Row("fliplr", "self", flip),
    Row("flipud", "self", flip),
    Row("tril", "self diagonal", |cx| triangle(cx, 0)),
    Row("triu", "self diagonal", |cx| triangle(cx, 1)),
    Row("unique_consecutive", "self", |cx| cx.opaque().map(Some)),
];

fn slice(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(0);
    let axis = cx.axis(x, axis).unwrap_or(axis);
    let start = cx.dim("start").unwrap_or(Dim::Known(0));
    let end = cx.dim("end").unwrap_or(Dim::Known(i64::MAX));
    let step = cx.int("step").unwrap_or(1);
    let size = usize::try_from(axis).ok().and_then(|a| cx.shape(x)?.get(a).cloned());
    // All of it.
    let whole = end.as_known() == Some(i64::MAX)
        || size.as_ref() == Some(&end)
        || matches!((size.as_ref().and_then(Dim::as_known), end.as_known()), (Some(n), Some(e)) if e >= n);
    if whole && start == Dim::Known(0) && step == 1 {
        return cx.same(x);
    }
    cut(cx, x, axis, start, end, step)
}

fn cut(cx: &mut Cx<'_>, x: TensorId, axis: i64, start: Dim, end: Dim, step: i64) -> Built {
    let inputs =
        [Some(x), cx.list(vec![start])?, cx.list(vec![end])?, cx.known(&[axis])?, cx.known(&[step])?];
    cx.finish("Slice", &inputs, vec![])
}

fn narrow(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(axis)) = (cx.tensor("self"), cx.int("dim")) else { return Ok(None) };
    let (Some(start), Some(length)) = (cx.dim("start"), cx.dim("length")) else { return Ok(None) };
    let end = start.plus(&length);
    cut(cx, x, axis, start, end, 1)
}

fn flip(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let Some(axes) = cx.ints("dims") else { return Ok(None) };
    let inputs = [
        Some(x),
        cx.known(&vec![-1; axes.len()])?,
        cx.known(&vec![i64::MIN; axes.len()])?,
        cx.known(&axes)?,
        cx.known(&vec![-1; axes.len()])?,
    ];
    cx.finish("Slice", &inputs, vec![])
}

fn triangle(cx: &mut Cx<'_>, upper: i64) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let diagonal = cx.dim("diagonal").filter(|d| d.as_known() != Some(0));
    let diagonal = match diagonal {
        Some(d) => cx.whole(d)?,
        None => None,
    };
    cx.finish("Trilu", &[Some(x), diagonal], vec![("upper", int(upper))])
}

/// One index along one axis is a look-up; a mask picks what it marks; several indices pick single places.
fn index(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(list)) = (cx.tensor("self"), cx.tensors("indices")) else { return Ok(None) };
    let given: Vec<(usize, TensorId)> =
        list.iter().enumerate().filter_map(|(i, t)| Some((i, (*t)?))).collect();
    let is_mask = |cx: &Cx<'_>, t: TensorId| matches!(cx.dtype(t), Some(DType::Bool | DType::UInt8));
    match given.as_slice() {
        [] => cx.same(x),
        [(axis, at)] if !is_mask(cx, *at) => {
            let axis = i64::try_from(*axis).unwrap_or(0);
            cx.finish("Gather", &[Some(x), Some(*at)], vec![("axis", int(axis))])
        }
        [(0, mask)] if cx.rank(*mask) == Some(1) => {
            cx.finish("Compress", &[Some(x), Some(*mask)], vec![("axis", int(0))])
        }
        [(0, mask)] => {
            let places = cx.node("NonZero", &[Some(*mask)], vec![])?;
            let places = cx.node("Transpose", &[Some(places)], vec![("perm", super::cx::ints(&[1, 0]))])?;
            cx.finish("GatherND", &[Some(x), Some(places)], vec![])
        }
        many if many.iter().any(|(_, t)| is_mask(cx, *t)) => Ok(None),
        many => {
            let first = many[0].0;
            if many.iter().enumerate().any(|(i, (at, _))| *at != first + i) {
                return Ok(None);
            }
            places(cx, x, first, many)
        }
    }
}

/// Indices of neighbouring axes, together a list of places.
fn places(cx: &mut Cx<'_>, x: TensorId, first: usize, many: &[(usize, TensorId)]) -> Built {
    let Some(size) = together(cx, many) else { return Ok(None) };
    let mut columns = Vec::new();
    for (_, at) in many {
        let mut at = *at;
        if cx.shape(at).as_ref() != Some(&size) {
            let size = cx.list(size.clone())?;
            at = cx.node("Expand", &[Some(at), size], vec![])?;
        }
        let axes = cx.known(&[-1])?;
        columns.push(Some(cx.node("Unsqueeze", &[Some(at), axes], vec![])?));
    }
    let places = cx.node("Concat", &columns, vec![("axis", int(-1))])?;
    if first == 0 {
        return cx.finish("GatherND", &[Some(x), Some(places)], vec![]);
    }
    let from = behind(cx, x, first, many.len())?;
    match from {
        Some((moved, back)) => {
            let picked = cx.node("GatherND", &[Some(moved), Some(places)], vec![])?;
            let rank = cx.rank(picked).unwrap_or(0);
            if back + size.len() > rank {
                return cx.finish("Identity", &[Some(picked)], vec![]);
            }
            // The axes that were in front come back to the front.
            let kept = size.len()..size.len() + back;
            let order = kept.chain(0..size.len()).chain(size.len() + back..rank);
            let perm = order.map(|n| i64::try_from(n).unwrap_or(0)).collect();
            cx.finish("Transpose", &[Some(picked)], vec![("perm", netloom_graph::Attribute::Ints(perm))])
        }
        None => Ok(None),
    }
}

/// The tensor with the indexed axes in front, and how many went behind them.
fn behind(cx: &mut Cx<'_>, x: TensorId, first: usize, n: usize) -> Result<Option<(TensorId, usize)>, Error> {
    let Some(rank) = cx.rank(x).filter(|r| first + n <= *r) else { return Ok(None) };
    let order = (first..first + n).chain(0..first).chain(first + n..rank);
    let perm = order.map(|n| i64::try_from(n).unwrap_or(0)).collect();
    let moved = cx.node("Transpose", &[Some(x)], vec![("perm", netloom_graph::Attribute::Ints(perm))])?;
    Ok(Some((moved, first)))
}

/// The shape to which the indices broadcast.
fn together(cx: &Cx<'_>, many: &[(usize, TensorId)]) -> Option<Vec<Dim>> {
    let shapes: Vec<netloom_graph::Shape> =
        many.iter().map(|(_, t)| cx.draft.ty(*t).shape().clone()).collect();
    netloom_graph::layers::rules::broadcast(&shapes).ok()?.dims().map(<[Dim]>::to_vec)
}

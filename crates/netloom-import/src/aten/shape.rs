//! Movement of data without arithmetic: reshape, transpose, join, cut.

use netloom_graph::{Attribute, Dim, TensorId};

use super::cx::{Built, Cx, int};
use super::{Arg, Row};
use crate::Error;

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("view", "self size|shape", view),
    Row("_unsafe_view", "self size", view),
    Row("reshape", "self shape", view),
    Row("_reshape_alias", "self size", view),
    Row("view.dtype", "self dtype", bits),
    Row("view_as", "self other", like),
    Row("reshape_as", "self other", like),
    Row("flatten", "self|input start_dim end_dim", flatten),
    Row("ravel", "self", flatten),
    Row("unflatten", "self dim sizes", unflatten),
    Row("permute", "self|input dims", permute),
    Row("transpose", "self|input dim0 dim1", transpose),
    Row("swapaxes", "self axis0 axis1", transpose),
    Row("swapdims", "self dim0 dim1", transpose),
    Row("t", "self", |cx| swap(cx, -2, -1)),
    Row("mT", "self", |cx| swap(cx, -2, -1)),
    Row("adjoint", "self", |cx| swap(cx, -2, -1)),
    Row("numpy_T", "self", |cx| {
        let Some(rank) = cx.first().and_then(|x| cx.rank(x)) else { return Ok(None) };
        order(cx, (0..rank).rev().collect())
    }),
    Row("movedim", "self source destination", movedim),
    Row("moveaxis", "self source destination", movedim),
    Row("expand", "self size", expand),
    Row("expand_as", "self other", |cx| {
        let Some(size) = cx.tensor("other").and_then(|t| cx.shape(t)) else { return Ok(None) };
        broadcast(cx, size)
    }),
    Row("broadcast_to", "self size", expand),
    Row("repeat", "self repeats", repeat),
    Row("tile", "self dims", repeat),
    Row("unsqueeze", "self dim", |cx| {
        let (Some(x), Some(axis)) = (cx.tensor("self"), cx.int("dim")) else { return Ok(None) };
        let axes = cx.known(&[axis])?;
        cx.finish("Unsqueeze", &[Some(x), axes], vec![])
    }),
    Row("squeeze", "self dim", squeeze),
    Row("cat", "tensors dim", cat),
    Row("concat", "tensors dim", cat),
    Row("concatenate", "tensors dim", cat),
    Row("stack", "tensors dim", stack),
    Row("hstack", "tensors", |cx| cat_at(cx, 1)),
    Row("vstack", "tensors", |cx| cat_at(cx, 0)),
    Row("split", "self split_size|split_sizes|split_size_or_sections dim", split),
    Row("split_with_sizes", "self split_sizes dim", split),
    Row("unsafe_split", "self split_size dim", split),
    Row("unsafe_split_with_sizes", "self split_sizes dim", split),
    Row("chunk", "self chunks dim", split),
    Row("unsafe_chunk", "self chunks dim", split),
    Row("tensor_split", "self sections dim", split),
    Row("unbind", "self dim", unbind),
    Row("pad", "self pad mode value", pad),
    Row("constant_pad_nd", "self pad value", pad),
    Row("reflection_pad1d", "self padding|pad", |cx| pad_with(cx, "reflect")),
    Row("reflection_pad2d", "self padding|pad", |cx| pad_with(cx, "reflect")),
    Row("reflection_pad3d", "self padding|pad", |cx| pad_with(cx, "reflect")),
    Row("replication_pad1d", "self padding|pad", |cx| pad_with(cx, "edge")),
    Row("replication_pad2d", "self padding|pad", |cx| pad_with(cx, "edge")),
    Row("replication_pad3d", "self padding|pad", |cx| pad_with(cx, "edge")),
    Row("_pad_circular", "self pad", |cx| pad_with(cx, "wrap")),
    Row("roll", "self shifts dims", |cx| {
        let (Some(x), Some(shifts)) = (cx.tensor("self"), cx.ints("shifts")) else { return Ok(None) };
        let axes = cx.ints("dims").unwrap_or_default();
        let axes: Option<Vec<i64>> = axes.into_iter().map(|a| cx.axis(x, a)).collect();
        let attributes =
            vec![("axes", Attribute::Ints(axes.unwrap_or_default())), ("shifts", Attribute::Ints(shifts))];
        cx.finish("loom.shift", &[Some(x)], attributes)
    }),
    Row("unfold", "self dimension size step", |cx| cx.opaque().map(Some)),
    Row("as_strided", "self size stride storage_offset", |cx| cx.opaque().map(Some)),
    Row("meshgrid", "tensors indexing", meshgrid),
    Row("broadcast_tensors", "tensors", |cx| {
        let list = cx.full_list("tensors").unwrap_or_default();
        let Some(size) = cx.declared(0).filter(|_| list.len() == cx.outputs.len()) else { return Ok(None) };
        let mut made = Vec::new();
        for (i, t) in list.into_iter().enumerate() {
            let size = cx.list(size.clone())?;
            made.push(cx.finish_one(i, "Expand", &[Some(t), size], vec![])?);
        }
        Ok(Some(made))
    }),
];

fn view(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    if matches!(cx.arg("size"), Arg::DType(_)) {
        return bits(cx);
    }
    let Some(size) = cx.sizes("size").or_else(|| cx.sizes("shape")).or_else(|| cx.declared(0)) else {
        return Ok(None);
    };
    if size.iter().all(|d| d.as_known() != Some(-1)) && cx.shape(x).as_ref() == Some(&size) {
        return cx.same(x);
    }
    let size = cx.list(size)?;
    cx.finish("Reshape", &[Some(x), size], vec![])
}

fn bits(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(dtype)) = (cx.first(), cx.asked_dtype()) else { return Ok(None) };
    cx.finish("BitCast", &[Some(x)], vec![("to", int(dtype.to_onnx()))])
}

fn like(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(size)) = (cx.tensor("self"), cx.tensor("other").and_then(|t| cx.shape(t))) else {
        return Ok(None);
    };
    let size = cx.list(size)?;
    cx.finish("Reshape", &[Some(x), size], vec![])
}

fn flatten(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let (start, end) = (cx.int("start_dim").unwrap_or(0), cx.int("end_dim").unwrap_or(-1));
    let Some(shape) = cx.shape(x) else {
        return if start == 1 && end == -1 {
            cx.finish("Flatten", &[Some(x)], vec![("axis", int(1))])
        } else {
            Ok(None)
        };
    };
    let (Some(start), Some(end)) = (cx.axis(x, start), cx.axis(x, end)) else { return Ok(None) };
    let (from, to) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    if from >= to && !shape.is_empty() {
        return cx.same(x);
    }
    if from == 1 && to + 1 == shape.len() {
        return cx.finish("Flatten", &[Some(x)], vec![("axis", int(1))]);
    }
    let mut size: Vec<Dim> = shape.get(..from).unwrap_or_default().to_vec();
    size.push(Dim::Known(-1));
    size.extend(shape.get(to + 1..).unwrap_or_default().iter().cloned());
    let size = cx.list(size)?;
    cx.finish("Reshape", &[Some(x), size], vec![])
}

fn unflatten(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(sizes)) = (cx.tensor("self"), cx.dims("sizes")) else { return Ok(None) };
    let Some(axis) = cx.int("dim").and_then(|a| cx.axis(x, a)) else { return Ok(None) };
    let Some(mut shape) = cx.shape(x) else { return Ok(None) };
    let at = usize::try_from(axis).unwrap_or(0);
    if at < shape.len() {
        shape.splice(at..=at, sizes);
    }
    let size = cx.list(shape)?;
    cx.finish("Reshape", &[Some(x), size], vec![])
}

/// Writes a transposition; none where nothing moves.
fn order(cx: &mut Cx<'_>, order: Vec<usize>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    if order.iter().copied().eq(0..order.len()) {
        return cx.same(x);
    }
    let perm = order.iter().map(|n| i64::try_from(*n).unwrap_or(0)).collect();
    cx.finish("Transpose", &[Some(x)], vec![("perm", Attribute::Ints(perm))])
}

fn permute(cx: &mut Cx<'_>) -> Built {
    let Some(dims) = cx.sizes("dims") else { return Ok(None) };
    let rank = i64::try_from(dims.len()).unwrap_or(0);
    let at = |d: &Dim| {
        let n = d.as_known()?;
        usize::try_from(if n < 0 { n.checked_add(rank)? } else { n }).ok()
    };
    match dims.iter().map(at).collect() {
        Some(list) => order(cx, list),
        None => Ok(None),
    }
}

fn transpose(cx: &mut Cx<'_>) -> Built {
    let a = cx.int("dim0").or_else(|| cx.int("axis0"));
    let b = cx.int("dim1").or_else(|| cx.int("axis1"));
    match (a, b) {
        (Some(a), Some(b)) => swap(cx, a, b),
        _ => Ok(None),
    }
}

fn swap(cx: &mut Cx<'_>, a: i64, b: i64) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let Some(rank) = cx.rank(x) else { return Ok(None) };
    if rank < 2 {
        return cx.same(x);
    }
    let (Some(a), Some(b)) = (cx.axis(x, a), cx.axis(x, b)) else { return Ok(None) };
    let mut list: Vec<usize> = (0..rank).collect();
    list.swap(usize::try_from(a).unwrap_or(0), usize::try_from(b).unwrap_or(0));
    order(cx, list)
}

fn movedim(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    let (Some(from), Some(to), Some(rank)) = (cx.ints("source"), cx.ints("destination"), cx.rank(x)) else {
        return Ok(None);
    };
    let axes = |list: Vec<i64>| -> Option<Vec<usize>> {
        list.into_iter().map(|a| usize::try_from(cx.axis(x, a)?).ok()).collect()
    };
    let (Some(from), Some(to)) = (axes(from), axes(to)) else { return Ok(None) };
    let mut places: Vec<Option<usize>> = vec![None; rank];
    for (f, t) in from.iter().zip(&to) {
        places[*t] = Some(*f);
    }
    let mut rest = (0..rank).filter(|a| !from.contains(a));
    let list = places.into_iter().map(|p| p.or_else(|| rest.next())).collect::<Option<Vec<usize>>>();
    match list {
        Some(list) => order(cx, list),
        None => Ok(None),
    }
}

fn expand(cx: &mut Cx<'_>) -> Built {
    let Some(mut size) = cx.sizes("size") else { return Ok(None) };
    // Where the size is -1 the dimension stays as it is.
    size.iter_mut().filter(|d| d.as_known() == Some(-1)).for_each(|d| *d = Dim::Known(1));
    broadcast(cx, size)
}

fn broadcast(cx: &mut Cx<'_>, size: Vec<Dim>) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    if let Some(shape) = cx.shape(x)
        && shape.len() == size.len()
        && shape.iter().zip(&size).all(|(a, b)| a == b || b.as_known() == Some(1))
    {
        return cx.same(x);
    }
    let size = cx.list(size)?;
    cx.finish("Expand", &[Some(x), size], vec![])
}

fn repeat(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(times)) = (cx.first(), cx.sizes("repeats").or_else(|| cx.sizes("dims"))) else {
        return Ok(None);
    };
    let Some(rank) = cx.rank(x) else { return Ok(None) };
    let mut from = x;
    let more = times.len().saturating_sub(rank);
    if more > 0 {
        let axes: Vec<i64> = (0..i64::try_from(more).unwrap_or(0)).collect();
        let axes = cx.known(&axes)?;
        from = cx.node("Unsqueeze", &[Some(x), axes], vec![])?;
    }
    let mut all = vec![Dim::Known(1); rank.saturating_sub(times.len())];
    all.extend(times);
    let times = cx.list(all)?;
    cx.finish("Tile", &[Some(from), times], vec![])
}

/// Only dimensions of size 1 go away; others named stay.
fn squeeze(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let asked = cx.ints("dim");
    let Some(shape) = cx.shape(x) else {
        let axes = match asked {
            Some(axes) => cx.known(&axes)?,
            None => None,
        };
        return cx.finish("Squeeze", &[Some(x), axes], vec![]);
    };
    let axes: Vec<i64> = match asked {
        Some(axes) => axes.into_iter().filter_map(|a| cx.axis(x, a)).collect(),
        None => (0..i64::try_from(shape.len()).unwrap_or(0)).collect(),
    };
    let single = |a: &i64| usize::try_from(*a).ok().and_then(|a| shape.get(a)?.as_known()) == Some(1);
    let axes: Vec<i64> = axes.into_iter().filter(single).collect();
    if axes.is_empty() {
        return cx.same(x);
    }
    let axes = cx.known(&axes)?;
    cx.finish("Squeeze", &[Some(x), axes], vec![])
}

fn cat(cx: &mut Cx<'_>) -> Built {
    let axis = cx.int("dim").unwrap_or(0);
    cat_at(cx, axis)
}

fn cat_at(cx: &mut Cx<'_>, axis: i64) -> Built {
    let Some(list) = cx.full_list("tensors") else { return Ok(None) };
    // An empty vector joins anything, as a start with nothing in it.
    let nothing = |t: &TensorId| cx.shape(*t).is_some_and(|d| d == [Dim::Known(0)]);
    let list: Vec<TensorId> =
        if list.len() > 1 { list.into_iter().filter(|t| !nothing(t)).collect() } else { list };
    match list.as_slice() {
        [] => Ok(None),
        [only] => cx.same(*only),
        _ => {
            let axis = cx.axis(list[0], axis).unwrap_or(axis);
            let inputs: Vec<_> = list.into_iter().map(Some).collect();
            cx.finish("Concat", &inputs, vec![("axis", int(axis))])
        }
    }
}

fn stack(cx: &mut Cx<'_>) -> Built {
    let Some(list) = cx.full_list("tensors") else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(0);
    let mut inputs = Vec::new();
    for t in list {
        let axes = cx.known(&[axis])?;
        inputs.push(Some(cx.node("Unsqueeze", &[Some(t), axes], vec![])?));
    }
    cx.finish("Concat", &inputs, vec![("axis", int(axis))])
}

fn split(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let Some(axis) = cx.axis(x, cx.int("dim").unwrap_or(0)).or_else(|| cx.int("dim")) else {
        return Ok(None);
    };
    if cx.outputs.len() == 1 {
        return cx.same(x);
    }
    let parts = cx.outputs.len();
    let sizes = sizes(cx, x, axis, parts);
    match sizes {
        Some(sizes) => {
            let sizes = cx.list(sizes)?;
            cx.finish("Split", &[Some(x), sizes], vec![("axis", int(axis))])
        }
        None => {
            let parts = i64::try_from(parts).unwrap_or(1);
            cx.finish("Split", &[Some(x)], vec![("axis", int(axis)), ("num_outputs", int(parts))])
        }
    }
}

/// How large the parts are: as asked for, as the file declares them, or all alike but the last.
fn sizes(cx: &Cx<'_>, x: TensorId, axis: i64, parts: usize) -> Option<Vec<Dim>> {
    if let Arg::Ints(list) = cx.arg("split_size")
        && list.len() == parts
    {
        return Some(list.clone());
    }
    let at = usize::try_from(axis).ok()?;
    let declared: Option<Vec<Dim>> = (0..parts).map(|i| cx.declared(i)?.get(at).cloned()).collect();
    declared.or_else(|| {
        let total = cx.shape(x)?.get(at)?.as_known()?;
        let count = i64::try_from(parts).ok()?;
        let each = match cx.int("split_size") {
            Some(size) => size,
            None => total.checked_add(count - 1)? / count,
        };
        let last = total.checked_sub(each.checked_mul(count - 1)?)?;
        let mut sizes = vec![Dim::Known(each); parts - 1];
        sizes.push(Dim::Known(last));
        Some(sizes)
    })
}

fn unbind(cx: &mut Cx<'_>) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let axis = cx.int("dim").unwrap_or(0);
    let axis = cx.axis(x, axis).unwrap_or(axis);
    let parts = cx.outputs.len();
    let slices = if parts == 1 {
        vec![x]
    } else {
        let count = i64::try_from(parts).unwrap_or(1);
        cx.node_with("Split", &[Some(x)], vec![("axis", int(axis)), ("num_outputs", int(count))], parts)?
    };
    let mut made = Vec::new();
    for (i, slice) in slices.into_iter().enumerate() {
        let axes = cx.known(&[axis])?;
        made.push(cx.finish_one(i, "Squeeze", &[Some(slice), axes], vec![])?);
    }
    Ok(Some(made))
}

fn pad(cx: &mut Cx<'_>) -> Built {
    let mode = match cx.text("mode") {
        Some("reflect") => "reflect",
        Some("replicate") => "edge",
        Some("circular") => "wrap",
        _ => "constant",
    };
    pad_with(cx, mode)
}

/// PyTorch names the last dimension first, both ends together; ONNX all beginnings, then all ends.
fn pad_with(cx: &mut Cx<'_>, mode: &str) -> Built {
    let (Some(x), Some(pad)) = (cx.tensor("self"), cx.dims("pad").or_else(|| cx.dims("padding"))) else {
        return Ok(None);
    };
    let Some(rank) = cx.rank(x) else { return Ok(None) };
    if pad.iter().all(|d| d.as_known() == Some(0)) {
        return cx.same(x);
    }
    let mut pads = vec![Dim::Known(0); 2 * rank];
    for (i, pair) in pad.chunks(2).enumerate() {
        let ([begin, end], Some(axis)) = (pair, rank.checked_sub(i + 1)) else { return Ok(None) };
        pads[axis] = begin.clone();
        pads[rank + axis] = end.clone();
    }
    let pads = cx.list(pads)?;
    let value = match cx.float("value").filter(|_| mode == "constant") {
        Some(value) => cx.number(value, cx.dtype(x))?,
        None => None,
    };
    cx.finish("Pad", &[Some(x), pads, value], vec![("mode", Attribute::String(mode.to_owned()))])
}

fn meshgrid(cx: &mut Cx<'_>) -> Built {
    let Some(list) = cx.full_list("tensors") else { return Ok(None) };
    let lengths: Option<Vec<Dim>> = list.iter().map(|t| cx.shape(*t)?.first().cloned()).collect();
    let Some(mut lengths) = lengths.filter(|_| list.len() == cx.outputs.len()) else { return Ok(None) };
    let swaps = cx.text("indexing") == Some("xy") && list.len() > 1;
    if swaps {
        lengths.swap(0, 1);
    }
    let mut made = Vec::new();
    for (i, t) in list.iter().enumerate() {
        let axis = if swaps && i < 2 { 1 - i } else { i };
        let grid = upright(cx, *t, axis, list.len())?;
        let size = cx.list(lengths.clone())?;
        made.push(cx.finish_one(i, "Expand", &[Some(grid), size], vec![])?);
    }
    Ok(Some(made))
}

/// A vector along one of so many axes.
fn upright(cx: &mut Cx<'_>, x: TensorId, axis: usize, rank: usize) -> Result<TensorId, Error> {
    let size = (0..rank).map(|a| Dim::Known(if a == axis { -1 } else { 1 })).collect();
    let size = cx.list(size)?;
    cx.node("Reshape", &[Some(x), size], vec![])
}

//! Writing into parts.

use netloom_graph::{Attribute, DType, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("scatter", "self dim index src|value reduce", |cx| scatter(cx, None)),
    Row("scatter_add", "self dim index src", |cx| scatter(cx, Some("add"))),
    Row("scatter_reduce", "self dim index src reduce", |cx| {
        let how = match cx.text("reduce") {
            Some("prod" | "multiply") => "mul",
            Some("amax") => "max",
            Some("amin") => "min",
            _ => "add",
        };
        scatter(cx, Some(how))
    }),
    Row("index_put", "self indices values accumulate", put),
    Row("_unsafe_index_put", "self indices values accumulate", put),
    Row("_index_put_impl", "self indices values accumulate", put),
    Row("index_copy", "self dim index source", |cx| part(cx, "source")),
    Row("index_add", "self dim index source", |cx| part(cx, "source")),
    Row("index_fill", "self dim index value", |cx| part(cx, "value")),
    Row("slice_scatter", "self src dim start end step", |cx| part(cx, "src")),
    Row("select_scatter", "self src dim index", |cx| part(cx, "src")),
    Row("diagonal_scatter", "self src offset dim1 dim2", |cx| part(cx, "src")),
    Row("masked_scatter", "self mask source", |cx| {
        let inputs = ["self", "mask", "source"].map(|n| cx.tensor(n));
        cx.finish("ScatterND", &inputs, vec![])
    }),
    Row("copy", "self src", |cx| {
        let (Some(to), Some(from)) = (cx.tensor("self"), cx.tensor("src")) else { return Ok(None) };
        let (a, b) = (cx.shape(to), cx.shape(from));
        match (cx.dtype(to), a) {
            (_, Some(size)) if b.as_ref() != Some(&size) => {
                let size = cx.list(size)?;
                cx.finish("Expand", &[Some(from), size], vec![])
            }
            (Some(dtype), _) if cx.dtype(from) != Some(dtype) => {
                cx.finish("Cast", &[Some(from)], vec![("to", int(dtype.to_onnx()))])
            }
            _ => cx.same(from),
        }
    }),
    Row("copy_", "self src", |cx| {
        let Some(from) = cx.tensor("src") else { return Ok(None) };
        cx.same(from)
    }),
];

fn scatter(cx: &mut Cx<'_>, how: Option<&str>) -> Built {
    let (Some(x), Some(index)) = (cx.tensor("self"), cx.tensor("index")) else { return Ok(None) };
    let source = cx.operand("src", x)?;
    let mut attributes = vec![("axis", int(cx.int("dim").unwrap_or(0)))];
    attributes.extend(how.map(|h| ("reduction", Attribute::String(h.to_owned()))));
    cx.finish("ScatterElements", &[Some(x), Some(index), source], attributes)
}

/// Values at indices; where a mask alone says where, a choice between the two.
fn put(cx: &mut Cx<'_>) -> Built {
    let (Some(x), Some(values)) = (cx.tensor("self"), cx.tensor("values")) else { return Ok(None) };
    let given: Vec<TensorId> = cx.tensors("indices").unwrap_or_default().iter().flatten().copied().collect();
    if let [mask] = given.as_slice()
        && cx.dtype(*mask) == Some(DType::Bool)
        && cx.rank(values) == Some(0)
    {
        return cx.finish("Where", &[Some(*mask), Some(values), Some(x)], vec![]);
    }
    let mut attributes = Vec::new();
    if cx.flag("accumulate") == Some(true) {
        attributes.push(("reduction", Attribute::String("add".to_owned())));
    }
    let index = match given.as_slice() {
        [] => return Ok(None),
        [one] => *one,
        many => {
            let mut columns = Vec::new();
            for t in many {
                let axes = cx.known(&[-1])?;
                columns.push(Some(cx.node("Unsqueeze", &[Some(*t), axes], vec![])?));
            }
            cx.node("Concat", &columns, vec![("axis", int(-1))])?
        }
    };
    cx.finish("ScatterND", &[Some(x), Some(index), Some(values)], attributes)
}

/// A part replaced by another tensor.
fn part(cx: &mut Cx<'_>, source: &str) -> Built {
    let Some(x) = cx.tensor("self") else { return Ok(None) };
    let source = cx.operand(source, x)?;
    let index = cx.tensor("index");
    cx.finish("ScatterND", &[Some(x), index, source], vec![])
}

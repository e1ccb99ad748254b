//! Look-ups in tables.

use super::Row;
use super::cx::int;

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("embedding", "weight indices padding_idx scale_grad_by_freq sparse", |cx| {
        let (Some(table), Some(index)) = (cx.tensor("weight"), cx.tensor("indices")) else { return Ok(None) };
        cx.finish("Gather", &[Some(table), Some(index)], vec![("axis", int(0))])
    }),
    Row("embedding_renorm", "self indices max_norm norm_type", |cx| {
        let Some(table) = cx.first() else { return Ok(None) };
        cx.same(table)
    }),
    Row("embedding_bag", "weight indices offsets", |cx| cx.opaque().map(Some)),
    Row("_embedding_bag", "weight indices offsets", |cx| cx.opaque().map(Some)),
    Row("_embedding_bag_forward_only", "weight indices offsets", |cx| cx.opaque().map(Some)),
    Row("one_hot", "self num_classes", |cx| {
        let (Some(x), Some(classes)) = (cx.tensor("self"), cx.dim("num_classes")) else { return Ok(None) };
        let classes = cx.whole(classes)?;
        let values = cx.known(&[0, 1])?;
        cx.finish("OneHot", &[Some(x), classes, values], vec![("axis", int(-1))])
    }),
];

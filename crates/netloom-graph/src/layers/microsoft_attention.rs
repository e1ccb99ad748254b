//! Attention in one operator, from the set `com.microsoft`.

use super::rules::same_as_input;
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Dim, Graph, Node, Shape};

const SET: &str = "com.microsoft";
const FUSED: Layer =
    Layer { category: Category::Attention, label: heads_label, macs: |_, _| None, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "fused_attention",
        about: "projects its input to queries, keys and values and attends, in one step",
        names: &[(SET, "Attention"), (SET, "QAttention")],
        infer: packed,
        learned: &[1, 2],
        macs: packed_macs,
        ..FUSED
    },
    Layer {
        name: "fused_multi_head_attention",
        about: "each query takes a mixture of the values whose keys fit it, in several heads",
        names: &[(SET, "MultiHeadAttention"), (SET, "DecoderMaskedMultiHeadAttention")],
        infer: multi_head,
        learned: &[3],
        macs: multi_head_macs,
        ..FUSED
    },
    Layer {
        name: "group_query_attention",
        about: "attention in which several heads of queries share keys and values",
        names: &[(SET, "GroupQueryAttention"), (SET, "SparseAttention")],
        infer: grouped,
        macs: grouped_macs,
        ..FUSED
    },
    Layer {
        name: "other_attention",
        about: "a special form of attention",
        names: &[
            (SET, "DecoderAttention"),
            (SET, "DecoderMaskedSelfAttention"),
            (SET, "LongformerAttention"),
            (SET, "PackedAttention"),
            (SET, "PackedMultiHeadAttention"),
            (SET, "PagedAttention"),
        ],
        infer: |cx| {
            let (dtype, rank) = (cx.dtype(0), cx.rank(0));
            cx.set(0, dtype, rank.map_or(Shape::Unranked, Shape::unknown_dims));
            Ok(())
        },
        ..FUSED
    },
    Layer {
        name: "fused_rotary_embedding",
        about: "turns pairs of features by angles that grow with the position",
        names: &[(SET, "RotaryEmbedding"), (SET, "GemmaRotaryEmbedding")],
        infer: same_as_input,
        state: &[2, 3],
        macs: |_, _| Some(0),
        label: |_, node| Label::new(node.op.as_str()),
        ..FUSED
    },
    Layer {
        name: "relative_position_bias",
        about: "a learned bonus for each distance between query and key",
        names: &[(SET, "RelativePositionBias"), (SET, "GatedRelativePositionBias")],
        category: Category::Embedding,
        learned: &[0],
        macs: |_, _| Some(0),
        label: |_, node| Label::new(node.op.as_str()),
        ..FUSED
    },
];

fn heads_label(_: &Graph, node: &Node) -> Label {
    let label = Label::new(node.op.as_str());
    let label = match node.attributes.int("num_heads") {
        Some(heads) => label.with(format!("{heads} heads")),
        None => label,
    };
    match node.attributes.int("kv_num_heads") {
        Some(heads) => label.with(format!("{heads} of keys and values")),
        None => label,
    }
}

fn setting(cx: &Infer<'_>, name: &str) -> Dim {
    cx.int(name).map_or(Dim::Unknown, Dim::Known)
}

fn dim(graph: &Graph, node: &Node, input: usize, axis: usize) -> Option<u64> {
    graph.tensor(node.input(input)?).ty.shape().dims()?.get(axis)?.as_size()
}

fn multiplied(factors: &[u64]) -> Option<u64> {
    factors.iter().try_fold(1u64, |n, f| n.checked_mul(*f))
}

/// Widths of the value projection: written, or a third of the packed weights.
fn value_width(cx: &Infer<'_>) -> Dim {
    match cx.attributes().ints("qkv_hidden_sizes") {
        Some([_, _, v]) => Dim::Known(*v),
        _ => cx.dim(1, 1).floor_div(&Dim::Known(3)),
    }
}

fn packed(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let quantized = cx.node().op == "QAttention";
    let dtype = if quantized { cx.dtype(3) } else { cx.dtype(0) };
    let (batch, steps, width) = (cx.dim(0, 0), cx.dim(0, 1), value_width(cx));
    cx.set(0, dtype, [batch.clone(), steps.clone(), width.clone()]);
    let past = if quantized { 8 } else { 4 };
    let total = if cx.has_input(past) { cx.dim(past, 3).plus(&steps) } else { steps };
    let heads = setting(cx, "num_heads");
    let size = width.floor_div(&heads);
    cx.set(1, dtype, [Dim::Known(2), batch, heads, total, size]);
    Ok(())
}

/// The projections, then queries by keys and weights by values.
fn packed_macs(graph: &Graph, node: &Node) -> Option<u64> {
    let (batch, steps, features) =
        (dim(graph, node, 0, 0)?, dim(graph, node, 0, 1)?, dim(graph, node, 0, 2)?);
    let weights = dim(graph, node, 1, 1)?;
    let widths = match node.attributes.ints("qkv_hidden_sizes") {
        Some([q, _, v]) => u64::try_from(q.checked_add(*v)?).ok()?,
        _ => (weights / 3).checked_mul(2)?,
    };
    let past = if node.op == "QAttention" { 8 } else { 4 };
    let earlier = if node.input(past).is_some() { dim(graph, node, past, 3)? } else { 0 };
    let projections = multiplied(&[batch, steps, features, weights])?;
    projections.checked_add(multiplied(&[batch, steps, earlier.checked_add(steps)?, widths])?)
}

/// Sizes of attention over separate queries, keys and values, in whichever of the allowed layouts they come.
struct Heads {
    batch: Dim,
    steps: Dim,
    keys: Dim,
    width: Dim,
    value_width: Dim,
}

fn heads(shapes: [&Shape; 3], n_heads: &Dim) -> Heads {
    let at =
        |i: usize, axis: usize| shapes[i].dims().and_then(|d| d.get(axis)).cloned().unwrap_or(Dim::Unknown);
    let rank = |i: usize| shapes[i].rank();
    let (batch, steps) = (at(0, 0), at(0, 1));
    if rank(0) == Some(5) {
        // Queries, keys and values packed: batch, steps, heads, 3, size.
        let width = at(0, 2).times(&at(0, 4));
        return Heads { batch, keys: steps.clone(), steps, width: width.clone(), value_width: width };
    }
    let width = at(0, 2);
    let (keys, value_width) = match (rank(1), rank(2)) {
        // Keys and values packed: batch, steps, heads, 2, size.
        (Some(5), _) => (at(1, 1), at(1, 2).times(&at(1, 4))),
        // Keys and values already split: batch, heads, steps, size.
        (Some(4), _) => (at(1, 2), n_heads.times(&at(2, 3))),
        (Some(3), _) => (at(1, 1), at(2, 2)),
        _ => (Dim::Unknown, Dim::Unknown),
    };
    Heads { batch, steps, keys, width, value_width }
}

fn multi_head(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let n_heads = setting(cx, "num_heads");
    let sizes = heads([cx.shape(0), cx.shape(1), cx.shape(2)], &n_heads);
    let dtype = cx.dtype(0);
    cx.set(0, dtype, [sizes.batch.clone(), sizes.steps, sizes.value_width.clone()]);
    let total = if cx.has_input(6) { cx.dim(6, 2).plus(&sizes.keys) } else { sizes.keys };
    for (output, width) in [(1, sizes.width), (2, sizes.value_width)] {
        let size = width.floor_div(&n_heads);
        cx.set(output, dtype, [sizes.batch.clone(), n_heads.clone(), total.clone(), size]);
    }
    Ok(())
}

fn multi_head_macs(graph: &Graph, node: &Node) -> Option<u64> {
    let shape = |i| node.input(i).map_or(&Shape::Unranked, |t| graph.tensor(t).ty.shape());
    let n_heads = Dim::Known(node.attributes.int("num_heads")?);
    let sizes = heads([shape(0), shape(1), shape(2)], &n_heads);
    let earlier = if node.input(6).is_some() { dim(graph, node, 6, 2)? } else { 0 };
    let keys = earlier.checked_add(sizes.keys.as_size()?)?;
    let widths = sizes.width.plus(&sizes.value_width).as_size()?;
    multiplied(&[sizes.batch.as_size()?, sizes.steps.as_size()?, keys, widths])
}

/// The size of one head: queries may have keys and values packed behind them.
fn head_size(width: &Dim, packed: bool, heads: &Dim, kv_heads: &Dim) -> Dim {
    let parts = if packed { heads.plus(&kv_heads.times(&Dim::Known(2))) } else { heads.clone() };
    width.floor_div(&parts)
}

fn grouped(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let (n_heads, kv_heads) = (setting(cx, "num_heads"), setting(cx, "kv_num_heads"));
    let (dtype, batch, steps) = (cx.dtype(0), cx.dim(0, 0), cx.dim(0, 1));
    let size = head_size(&cx.dim(0, 2), !cx.has_input(1), &n_heads, &kv_heads);
    cx.set(0, dtype, [batch.clone(), steps, n_heads.times(&size)]);
    let total = match cx.ints(6) {
        Some([n]) => n.clone(),
        _ => Dim::Unknown,
    };
    for output in [1, 2] {
        cx.set(output, dtype, [batch.clone(), kv_heads.clone(), total.clone(), size.clone()]);
    }
    Ok(())
}

fn grouped_macs(graph: &Graph, node: &Node) -> Option<u64> {
    let setting = |name| node.attributes.int(name).map(Dim::Known);
    let (n_heads, kv_heads) = (setting("num_heads")?, setting("kv_num_heads")?);
    let (batch, steps) = (dim(graph, node, 0, 0)?, dim(graph, node, 0, 1)?);
    let width = Dim::Known(i64::try_from(dim(graph, node, 0, 2)?).ok()?);
    let size = head_size(&width, node.input(1).is_none(), &n_heads, &kv_heads).as_size()?;
    let present = node.output(1).and_then(|t| graph.tensor(t).ty.shape().dims()?.get(2)?.as_size());
    let keys = match (present, node.input(3)) {
        (Some(keys), _) => keys,
        (None, None) => steps,
        (None, Some(_)) => return None,
    };
    multiplied(&[batch, steps, keys, n_heads.as_size()?, size, 2])
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes() {
        check(
            "com.microsoft.Attention@1",
            "num_heads=4",
            "f32[b,9,32] f32[32,96] f32[96]",
            "f32[b,9,32] f32[2,b,4,9,8]",
        );
        check(
            "com.microsoft.MultiHeadAttention@1",
            "num_heads=4",
            "f32[b,9,32] f32[b,7,32] f32[b,7,16]",
            "f32[b,9,16] f32[b,4,7,8] f32[b,4,7,4]",
        );
        check("com.microsoft.MultiHeadAttention@1", "num_heads=4", "f16[b,s,4,3,8]", "f16[b,s,32]");
        check(
            "com.microsoft.GroupQueryAttention@1",
            "num_heads=8 kv_num_heads=2",
            "f16[1,s,96] _ _ f16[1,2,p,8] f16[1,2,p,8] i32[1] i32[]{t}",
            "f16[1,s,64] f16[1,2,t,8] f16[1,2,t,8]",
        );
    }

    #[test]
    fn costs() {
        let attend = 2 * 9 * 9 * 32;
        let label = "Attention | 4 heads";
        check_label(
            "com.microsoft.Attention@1",
            "num_heads=4",
            "f32[1,9,32] f32[32,96]",
            label,
            Some(9 * 32 * 96 + attend),
        );
        let label = "MultiHeadAttention | 4 heads";
        check_label(
            "com.microsoft.MultiHeadAttention@1",
            "num_heads=4",
            "f32[2,9,32] f32[2,7,32] f32[2,7,16]",
            label,
            Some(2 * 9 * 7 * (32 + 16)),
        );
        let label = "GroupQueryAttention | 8 heads | 2 of keys and values";
        let settings = "num_heads=8 kv_num_heads=2";
        check_label(
            "com.microsoft.GroupQueryAttention@1",
            settings,
            "f16[1,5,96]",
            label,
            Some(5 * 5 * 64 * 2),
        );
    }
}

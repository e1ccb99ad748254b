//! Attention and what belongs to it.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Dim, Graph, Node, Shape};

/// Which input of a lifted attention says what is hidden. The inputs after it up to [`BIAS`] are those of the ONNX
/// operator.
pub(crate) const MASK: usize = 3;

/// Which input of a lifted attention is added to the scores.
pub(crate) const BIAS: usize = 7;

/// Which input of a lifted attention holds the cosines that turn queries and keys.
pub(crate) const COS: usize = 8;

/// Which input of a lifted attention holds the sines that turn queries and keys.
pub(crate) const SIN: usize = 9;

/// Which input of a lifted attention multiplies the scores of each head.
pub(crate) const GAIN: usize = 10;

/// From which input on a lifted attention has further masks.
pub(crate) const MASKS: usize = 11;

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "attention",
        about: "each position gathers what other positions hold, weighted by how well their keys fit its query",
        names: &[("onnx", "Attention"), ("keras", "Attention"), ("loom", "attention")],
        category: Category::Attention,
        infer: attention,
        learned: &[BIAS, GAIN],
        state: &[COS, SIN],
        macs: attention_macs,
        label,
    },
    Layer {
        name: "multi_head_attention",
        about: "several attentions side by side, with learned projections before and after",
        names: &[
            ("torch", "MultiheadAttention"),
            ("keras", "MultiHeadAttention"),
            ("loom", "multi_head_attention"),
        ],
        category: Category::Attention,
        infer: rules::same_as_input,
        macs: |_, _| None,
        label: |_, _| Label::new("multi-head attention"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "linear_attention",
        about: "attention without softmax, so that it can run as a recurrence over positions",
        names: &[("onnx", "LinearAttention")],
        category: Category::Attention,
        infer: linear_attention,
        macs: |_, _| None,
        label: |_, _| Label::new("linear attention"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "causal_conv",
        about: "a depthwise convolution over the past only, with its window kept between calls",
        names: &[("onnx", "CausalConvWithState")],
        category: Category::Conv,
        infer: causal_conv,
        learned: &[1, 2],
        macs: |graph, node| {
            let outputs = rules::count(rules::output_shape(graph, node, 0)?)?;
            outputs.checked_mul(rules::input_shape(graph, node, 1)?.last()?.as_size()?)
        },
        label: |_, _| Label::new("causal conv"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "rotary_embedding",
        about: "rotates pairs of numbers by angles that grow with the position",
        names: &[("onnx", "RotaryEmbedding")],
        category: Category::Embedding,
        infer: rules::same_as_input,
        state: &[1, 2],
        label: |_, _| Label::new("rotary embedding"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "rotary",
        about: "turns pairs of features by angles from a table, more for later positions",
        names: &[("loom", "rotary")],
        infer: rules::same_as_input,
        state: &[1, 2],
        label: |_, node| {
            let label = Label::new("rotary");
            match node.attributes.int("size") {
                Some(size) => label.with(format!("first {size} features")),
                None => label,
            }
        },
        ..Layer::DEFAULT
    },
    Layer {
        name: "rotary_table",
        about: "cosines and sines of angles that grow with the position, a row per position",
        names: &[("loom", "rotary_table")],
        learned: &[1],
        macs: counted,
        label: |_, _| Label::new("rotary table"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "attention_mask",
        about: "says which positions each position may gather from",
        names: &[("loom", "attention_mask")],
        label: |_, node| {
            let causal = node.attributes.int("causal").is_some_and(|n| n != 0);
            Label::new(if causal { "causal mask" } else { "mask" })
        },
        ..Layer::DEFAULT
    },
];

/// What the products of a lifted layer cost, counted before it was lifted.
fn counted(_: &Graph, node: &Node) -> Option<u64> {
    node.attributes.int("macs").and_then(|n| u64::try_from(n).ok())
}

/// Query, key and value with a dimension of heads: `[batch, heads, length, width]`.
fn four(dims: &[Dim], heads: Option<i64>) -> Option<[Dim; 4]> {
    match dims {
        [b, h, s, w] => Some([b.clone(), h.clone(), s.clone(), w.clone()]),
        [b, s, all] => {
            let heads = Dim::Known(heads.filter(|n| *n > 0)?);
            Some([b.clone(), heads.clone(), s.clone(), all.floor_div(&heads)])
        }
        _ => None,
    }
}

fn operands(dims: [Option<&[Dim]>; 3], q_heads: Option<i64>, kv_heads: Option<i64>) -> Option<[[Dim; 4]; 3]> {
    let [q, k, v] = dims;
    Some([four(q?, q_heads)?, four(k?, kv_heads)?, four(v?, kv_heads)?])
}

fn attention(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    // A lifted node may read its operands in any arrangement.
    if cx.node().domain == "loom" {
        let known = cx.output_type(0).shape().rank().is_some();
        if let (false, Some([batch, length, _]), Some(heads), Some(size)) =
            (known, cx.dims(0), cx.int("heads"), cx.int("head_size"))
        {
            let width = Dim::Known(heads).times(&Dim::Known(size));
            let out = vec![batch.clone(), length.clone(), width];
            cx.set(0, dtype, out);
        } else if let (false, Some(4)) = (known, cx.rank(0)) {
            cx.set_like(0, 0);
        }
        return Ok(());
    }
    let rank = cx.rank(0);
    if rank.is_some_and(|r| r != 3 && r != 4) {
        return Err(InferError::new(format!("expected 3 or 4 dimensions, found {}", cx.shape(0))));
    }
    // One matrix holds queries, keys and values side by side.
    if cx.int("packed") == Some(1) {
        let width = cx.int("heads").zip(cx.int("head_size")).and_then(|(n, size)| n.checked_mul(size));
        let shape = match cx.dims(0) {
            Some([batch, length, _]) => {
                vec![batch.clone(), length.clone(), width.map_or(Dim::Unknown, Dim::Known)].into()
            }
            _ => rank.map_or(Shape::Unranked, Shape::unknown_dims),
        };
        cx.set(0, dtype, shape);
        return Ok(());
    }
    let Some([q, k, v]) =
        operands([cx.dims(0), cx.dims(1), cx.dims(2)], cx.int("q_num_heads"), cx.int("kv_num_heads"))
    else {
        cx.set(0, dtype, rank.map_or(Shape::Unranked, Shape::unknown_dims));
        return Ok(());
    };
    let [batch, heads, length, _] = q;
    let [_, kv_heads, new, k_width] = k;
    let v_width = v[3].clone();
    let out = if rank == Some(3) {
        vec![batch.clone(), length.clone(), heads.times(&v_width)]
    } else {
        vec![batch.clone(), heads.clone(), length.clone(), v_width.clone()]
    };
    cx.set(0, dtype, out);
    let past = if cx.has_input(4) { cx.dim(4, 2) } else { Dim::Known(0) };
    let total = past.plus(&new);
    let (k_type, v_type) = (cx.dtype(1), cx.dtype(2));
    cx.set(1, k_type, vec![batch.clone(), kv_heads.clone(), total.clone(), k_width]);
    cx.set(2, v_type, vec![batch.clone(), kv_heads, total.clone(), v_width]);
    cx.set(3, dtype, vec![batch, heads, length, total]);
    Ok(())
}

/// Queries times keys, then weights times values.
fn attention_macs(graph: &Graph, node: &Node) -> Option<u64> {
    // A lifted node may read its operands in any arrangement; what its products cost was counted before.
    if node.attributes.get("head_size").is_some() {
        return counted(graph, node);
    }
    let shape = |i: usize| rules::input_shape(graph, node, i);
    let int = |name: &str| node.attributes.int(name);
    let [q, k, v] = operands([shape(0), shape(1), shape(2)], int("q_num_heads"), int("kv_num_heads"))?;
    let past = match node.input(4) {
        Some(_) => shape(4)?.get(2)?.as_size()?,
        None => 0,
    };
    let total = k[2].as_size()?.checked_add(past)?;
    let widths = q[3].as_size()?.checked_add(v[3].as_size()?)?;
    rules::count(&q[..3])?.checked_mul(total)?.checked_mul(widths)
}

fn label(graph: &Graph, node: &Node) -> Label {
    let int = |name: &str| node.attributes.int(name);
    let kind = match (int("cross"), int("self")) {
        (Some(1), _) => "cross-attention",
        (_, Some(1)) => "self-attention",
        _ => "attention",
    };
    let mut title = kind.to_owned();
    if let Some(heads) = heads(graph, node) {
        title += &format!(", {heads} head{}", if heads == 1 { "" } else { "s" });
        if let Some(kv) = int("kv_heads").filter(|kv| *kv != heads) {
            title += &format!(" ({kv} kv)");
        }
        if let Some(size) = int("head_size") {
            title += &format!(" × {size}");
        }
    }
    let mut label = Label::new(title);
    if let Some(sizes) = node.attributes.ints("window_size") {
        let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
        label = label.with(format!("window {}", sizes.join("×")));
    }
    for (name, word) in [("causal", "causal"), ("rotary", "rotary"), ("cosine", "cosine")] {
        if int(name).is_some_and(|n| n != 0) {
            label = label.with(word);
        }
    }
    for (name, word) in [("scale", "scale"), ("softcap", "scores within")] {
        if let Some(number) = node.attributes.float(name).filter(|_| int("head_size").is_some()) {
            label = label.with(format!("{word} {}", short(number)));
        }
    }
    label
}

/// A number with four digits at most, without noughts at the end.
fn short(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn heads(graph: &Graph, node: &Node) -> Option<i64> {
    let setting = |name| node.attributes.int(name);
    if setting("head_size").is_some() {
        return setting("heads");
    }
    let by_setting = setting("q_num_heads");
    by_setting.or_else(|| match rules::input_shape(graph, node, 0)? {
        [_, heads, _, _] => heads.as_known(),
        _ => None,
    })
}

fn linear_attention(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let heads = |name: &str| cx.int(name).filter(|n| *n > 0).map_or(Dim::Unknown, Dim::Known);
    let (q_heads, kv_heads) = (heads("q_num_heads"), heads("kv_num_heads"));
    let (batch, length) = (cx.dim(0, 0), cx.dim(0, 1));
    let k_width = cx.dim(1, 2).floor_div(&kv_heads);
    let v_width = cx.dim(2, 2).floor_div(&kv_heads);
    cx.set(0, dtype, vec![batch.clone(), length, q_heads.times(&v_width)]);
    let state = cx.dtype(3).or(dtype);
    cx.set(1, state, vec![batch, kv_heads, k_width, v_width]);
    Ok(())
}

fn causal_conv(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    let dtype = cx.dtype(0);
    let kept = cx.dim(1, 2).minus(&Dim::Known(1));
    let state = vec![cx.dim(0, 0), cx.dim(0, 1), kept];
    cx.set(1, dtype, state);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes_labels_and_costs() {
        let four = "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,10]";
        check("Attention", "", four, "f32[2,3,4,10] f32[2,3,6,8] f32[2,3,6,10] f32[2,3,4,6]");
        let three = "f32[b,s,24] f32[b,t,24] f32[b,t,24]";
        let settings = "q_num_heads=3 kv_num_heads=3";
        check("Attention", settings, three, "f32[b,s,24] f32[b,3,t,8] f32[b,3,t,8] f32[b,3,s,t]");
        let past = "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8] _ f32[2,3,12,8] f32[2,3,12,8]";
        check("Attention", "", past, "f32[2,3,4,8] f32[2,3,18,8] f32[2,3,18,8] f32[2,3,4,18]");
        check_label("Attention", "", four, "attention, 3 heads", Some(2 * 3 * 4 * 6 * (8 + 10)));
        check("RotaryEmbedding", "", "f32[2,3,4,8] f32[50,4] f32[50,4] i64[2,4]", "f32[2,3,4,8]");
        check("CausalConvWithState", "", "f32[n,8,s] f32[8,1,4]", "f32[n,8,s] f32[n,8,3]");
    }
}

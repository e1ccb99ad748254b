//! Rules on small graphs, written as the lifting rules' tests write them.

use std::collections::BTreeSet;

use super::{Level, UNITS, Unit, find};
use crate::lift::lift;
use crate::lift::tests::read;

/// One line per unit: title, subtitle in brackets, bands after bars, operands with a name after an arrow.
fn show(units: &[Unit]) -> String {
    let line = |u: &Unit| {
        let mut text = match u.header.as_str() {
            "" => u.title.clone(),
            header => format!("{header}: {}", u.title),
        };
        if !u.subtitle.is_empty() {
            text += &format!(" [{}]", u.subtitle);
        }
        for (band, _) in &u.bands {
            text += &format!(" | {band}");
        }
        if !u.ports.is_empty() {
            let names: Vec<&str> = u.ports.iter().map(|p| p.2).collect();
            text += &format!(" < {}", names.join(", "));
        }
        text
    };
    units.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(text: &str, level: Level, want: &str) {
    let lifted = lift(&read(text));
    assert_eq!(show(&find(&lifted.graph, level)), want, "{text}");
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<&str> = UNITS.iter().map(|r| r.name).collect();
    assert_eq!(names.len(), UNITS.len());
    assert!(UNITS.iter().all(|r| !r.about.is_empty() && !r.pattern.is_empty()));
}

const HEADS: &str = "s = [1,5,4,8]; u = [1,5,32]; c = 0.35355339; wq = stored 32 32; wk = stored 32 32; \
                     wv = stored 32 32; wo = stored 32 32; ";
const DRESSED: &str = "q1 = Reshape q s; q2 = Transpose q1 perm=[0,2,1,3]; v1 = Reshape v s; \
                       v2 = Transpose v1 perm=[0,2,1,3]; k1 = Reshape k s; k2 = Transpose k1 perm=[0,2,3,1]; \
                       p = MatMul q2 k2; a = Mul p c; ";
const MIXED: &str = "w = Softmax a axis=-1; o = MatMul w v2; o1 = Transpose o perm=[0,2,1,3]; o2 = Reshape o1 u; \
                     y = MatMul o2 wo";

#[test]
fn attention_takes_its_projections() {
    let own =
        format!("x: 1 5 32; {HEADS}q = MatMul x wq; k = MatMul x wk; v = MatMul x wv; {DRESSED}{MIXED}");
    check(&own, Level::Paper, "self-attention [4 heads × 8] < Q, K, V");
    let other = format!(
        "x: 1 5 32; z: 1 5 32; {HEADS}q = MatMul x wq; k = MatMul z wk; v = MatMul z wv; {DRESSED}{MIXED}"
    );
    check(&other, Level::Paper, "cross-attention [4 heads × 8] < Q, K, V");
    // Keys that are a result of the model are to be seen, so their projection stays outside.
    let cached = format!("{own}; results k");
    check(&cached, Level::Paper, "self-attention [4 heads × 8] < Q, K, V");
    let lifted = lift(&read(&cached));
    let unit = &find(&lifted.graph, Level::Paper)[0];
    let kinds: Vec<String> = unit.nodes.iter().map(|n| lifted.graph.node(*n).kind()).collect();
    assert_eq!(kinds.iter().filter(|k| *k == "matmul").count(), 3, "{kinds:?}");
    let biased = own.replace(
        "w = Softmax a",
        "t = stored 9 4; i = stored 5 5; g = Gather t i; h = Transpose g perm=[2,0,1]; b = Add a h; w = Softmax b",
    );
    check(&biased, Level::Paper, "self-attention [4 heads × 8, position bias] < Q, K, V");
    let masked = own.replace("w = Softmax a", "m: 1 1 5 5; b = Add a m; w = Softmax b");
    check(&masked, Level::Paper, "self-attention [4 heads × 8] < Q, K, V, mask");
}

#[test]
fn what_only_makes_a_mask_is_one() {
    let text = format!(
        "x: 1 5 32; m: 1 1 5 5; n: 1 1 5 5; zero = 0.0; low = -10000; {HEADS}q = MatMul x wq; k = MatMul x wk; \
         v = MatMul x wv; {DRESSED}g = Greater m n; h = Where g zero low; b = Add a h; {}",
        MIXED.replace("Softmax a", "Softmax b")
    );
    check(&text, Level::Paper, "self-attention [4 heads × 8] < Q, K, V, mask\nmask");
    let read_too = format!("{text}; results h");
    check(&read_too, Level::Paper, "self-attention [4 heads × 8] < Q, K, V, mask");
}

#[test]
fn feed_forward_blocks() {
    let plain = "x: 1 5 8; a = stored 8 32; b = stored 32 8; h = MatMul x a; g = Relu h; y = MatMul g b";
    check(plain, Level::Paper, "feed-forward: linear 32 | ReLU | linear 8");
    let flat = "x: 1 5 8; r = [5,8]; s = [1,5,8]; t = [1,5,32]; u = [5,32]; a = stored 8 32; b = stored 32 8; \
                x1 = Reshape x r; h = Gemm x1 a; h1 = Reshape h t; g = Relu h1; g1 = Reshape g u; \
                z = Gemm g1 b; y = Reshape z s";
    check(flat, Level::Paper, "feed-forward: linear 32 | ReLU | linear 8");
    // A classifier's head is no block of tokens, even behind a flattened image.
    let head = "x: 1 8 2 2; a = stored 32 16; b = stored 16 8; f = Flatten x; h = Gemm f a; g = Relu h; y = Gemm g b";
    check(head, Level::Paper, "");
    check(&format!("{plain}; results g"), Level::Paper, "");
}

#[test]
fn gated_blocks() {
    let two = "x: 1 5 8; a = stored 8 32; b = stored 8 32; c = stored 32 8; g = MatMul x a; s = Sigmoid g; \
               h = Mul g s; u = MatMul x b; p = Mul h u; y = MatMul p c";
    check(two, Level::Paper, "gated MLP: linear [2 × 32] | Swish | linear 8");
    let packed = "x: 1 5 8; a = stored 8 64; c = stored 32 8; i0 = [0]; i1 = [32]; i2 = [64]; ax = [-1]; \
                  t = MatMul x a; g = Slice t i0 i1 ax; u = Slice t i1 i2 ax; h = Relu g; p = Mul h u; y = MatMul p c";
    check(packed, Level::Paper, "gated MLP: linear [2 × 32] | ReLU | linear 8");
    let foreign = two.replace("u = MatMul x b", "z: 1 5 8; u = MatMul z b");
    check(&foreign, Level::Paper, "");
}

#[test]
fn experts() {
    let text = "x: 1 6 8; r = stored 8 2; k = [1]; zero = 0.0; i0 = [0]; i1 = [1]; i2 = [2]; ax = [-1]; \
                a = stored 8 8; b = stored 8 8; t = MatMul x r; q = Softmax t axis=-1; v = TopK q k; g = Less q v; \
                w = Where g zero q; w0 = Slice w i0 i1 ax; w1 = Slice w i1 i2 ax; e0 = MatMul x a; e1 = MatMul x b; \
                p0 = Mul e0 w0; p1 = Mul e1 w1; o = Add p0 p1; y = Add o x";
    check(text, Level::Paper, "mixture of experts [top 1 of 2]");
    let lifted = lift(&read(text));
    let unit = &find(&lifted.graph, Level::Paper)[0];
    let last = unit.nodes.last().map(|n| lifted.graph.node(*n).op.as_str());
    assert_eq!((unit.nodes.len(), last), (12, Some("Add")));
    // The whole choice is no choice.
    check(&text.replace("k = [1]", "k = [2]"), Level::Paper, "");
}

#[test]
fn channels_weighted_by_the_whole_image() {
    let start = "x: 1 16 4 4; a = stored 4 16 1 1; b = stored 16 4 1 1; g = GlobalAveragePool x; h = Conv g a; \
                 r = Relu h; e = Conv r b; ";
    check(&format!("{start}s = Sigmoid e; y = Mul x s"), Level::Paper, "squeeze-excite, /4");
    check(&format!("{start}s = HardSigmoid e; y = Mul s x"), Level::Paper, "squeeze-excite, /4");
    check(&format!("{start}s = Sigmoid e; y = Mul x s; results s"), Level::Paper, "");
    check(&format!("{start}s = Sigmoid e; z: 1 16 4 4; y = Mul z s"), Level::Paper, "");
    let efficient = "x: 1 16 4 4; w = stored 1 1 3; i = [1,1,16]; o = [1,16,1,1]; g = GlobalAveragePool x; \
                     r = Reshape g i; c = Conv r w kernel_shape=[3] pads=[1,1]; s = Sigmoid c; t = Reshape s o; \
                     y = Mul x t";
    check(efficient, Level::Paper, "channel attention, 3");
}

#[test]
fn patches() {
    let conv = "x: 1 3 32 32; w = stored 64 3 8 8; s = [1,64,16]; c = Conv x w strides=[8,8]; r = Reshape c s; \
                y = Transpose r perm=[0,2,1]";
    check(conv, Level::Paper, "patch embedding [8×8, 64]");
    check(
        &conv.replace("strides=[8,8]", "strides=[4,4] pads=[2,2,2,2]").replace("64,16]", "64,64]"),
        Level::Paper,
        "",
    );
    let merging = "x: 1 4 4 8; a = [0]; b = [1]; e = [4]; h = [1]; w = [2]; t = [2]; g = stored 32; l = stored 32 16; \
                   p = Slice x a e h t; q = Slice x b e h t; p0 = Slice p a e w t; p1 = Slice p b e w t; \
                   q0 = Slice q a e w t; q1 = Slice q b e w t; c = Concat p0 q0 p1 q1 axis=-1; \
                   n = LayerNormalization c g; y = MatMul n l";
    check(merging, Level::Paper, "patch merging [2×2, 16]");
}

#[test]
fn shuffles() {
    let channels = "x: 1 8 4 4; a = [1,2,4,4,4]; b = [1,8,4,4]; r = Reshape x a; t = Transpose r perm=[0,2,1,3,4]; \
                    y = Reshape t b";
    check(channels, Level::Paper, "channel shuffle, 2");
    let pixels = "x: 1 8 4 4; a = [1,2,2,2,4,4]; b = [1,2,8,8]; r = Reshape x a; \
                  t = Transpose r perm=[0,1,4,2,5,3]; y = Reshape t b";
    check(pixels, Level::Paper, "pixel shuffle, ×2");
    // Heads of an attention are cut and exchanged in the same way.
    let heads = "x: 1 6 8; a = [1,6,2,4]; b = [1,2,24]; r = Reshape x a; t = Transpose r perm=[0,2,1,3]; y = Reshape t b";
    check(heads, Level::Paper, "");
}

#[test]
fn sketches_join_convolutions() {
    let row = "x: 1 3 8 8; a = stored 16 3 3 3; b = stored 16 16 3 3; c = Conv x a pads=[1,1,1,1]; r = Relu c; \
               d = Conv r b pads=[1,1,1,1]; y = Relu d";
    check(row, Level::Sketch, "2 × 3×3, 16 | ReLU");
    check(row, Level::Paper, "");
    check(&row.replace("16 16 3 3", "32 16 3 3"), Level::Sketch, "");
    let depthwise = "x: 1 8 4 4; a = stored 8 1 3 3; b = stored 16 8 1 1; c = Conv x a group=8 pads=[1,1,1,1]; \
                     r = Relu c; d = Conv r b; y = Relu d";
    check(depthwise, Level::Sketch, "separable 3×3, 16");
    let inverted = "x: 1 8 4 4; e = stored 48 8 1 1; a = stored 48 1 3 3; b = stored 8 48 1 1; h = Conv x e; \
                    i = Relu h; c = Conv i a group=48 pads=[1,1,1,1] strides=[2,2]; r = Relu c; y = Conv r b";
    check(inverted, Level::Sketch, "inverted 3×3, 8, /2 [48 wide inside]");
}

//! Attentions on small graphs: what is taken in, and what the box then says.

use crate::layers::Label;
use crate::lift::tests::check;

/// Lifts a small graph, and compares the nodes that are left and what the attention says.
#[track_caller]
fn attends(text: &str, nodes: &str, title: &str, details: &[&str]) {
    let lifted = check(text, nodes);
    let mut attentions = lifted.graph.nodes().filter(|(_, n)| n.layer.is_some_and(|l| l.name == "attention"));
    let (_, node) = attentions.next().unwrap();
    let label = (node.layer.unwrap().label)(&lifted.graph, node);
    let details = details.iter().map(|d| (*d).to_owned()).collect();
    assert_eq!(label, Label { title: title.to_owned(), details }, "{text}");
}

/// Three linear layers from one tensor or two, and what brings their heads apart.
fn projected(from: &str, kv_heads: i64) -> String {
    let kv = kv_heads * 8;
    format!(
        "x: 1 5 32; m: 1 7 32; wq = stored 32 32; wk = stored 32 {kv}; wv = stored 32 {kv}; s = [1,5,4,8]; \
         t = [1,-1,{kv_heads},8]; u = [1,5,32]; c = 0.35355339; q0 = MatMul x wq; k0 = MatMul {from} wk; \
         v0 = MatMul {from} wv; q1 = Reshape q0 s; q = Transpose q1 perm=[0,2,1,3]; k1 = Reshape k0 t; \
         k = Transpose k1 perm=[0,2,1,3]; v1 = Reshape v0 t; v = Transpose v1 perm=[0,2,1,3]; "
    )
}

const PRODUCT: &str = "kt = Transpose k perm=[0,1,3,2]; p = MatMul q kt; a = Mul p c; ";
const END: &str = "w = Softmax a axis=-1; o = MatMul w v; o1 = Transpose o perm=[0,2,1,3]; y = Reshape o1 u";
const LINEAR: &str = "linear(x, wq), linear(x, wk), linear(x, wv), ";

#[test]
fn streams_are_told_apart() {
    let own = format!("{}{PRODUCT}{END}", projected("x", 4));
    attends(&own, &format!("{LINEAR}attention(q0, k0, v0)"), "self-attention, 4 heads × 8", &[]);
    let other = format!("{}{PRODUCT}{END}", projected("m", 4));
    let nodes = "linear(x, wq), linear(m, wk), linear(m, wv), attention(q0, k0, v0)";
    attends(&other, nodes, "cross-attention, 4 heads × 8", &[]);
    // Keys that are pooled from the same stream are neither proved.
    let pooled = format!("ax = [1]; {}{PRODUCT}{END}", projected("x", 4))
        .replace("k0 = MatMul x wk", "z = Tanh x; k0 = MatMul z wk")
        .replace("v0 = MatMul x wv", "v0 = MatMul z wv");
    let nodes = "tanh(x), linear(x, wq), linear(z, wk), linear(z, wv), attention(q0, k0, v0)";
    let nodes = nodes.replacen("tanh(x), linear(x, wq), ", "linear(x, wq), tanh(x), ", 1);
    attends(&pooled, &nodes, "attention, 4 heads × 8", &[]);
}

#[test]
fn scales_are_checked() {
    let with = |scale: &str| format!("{}{PRODUCT}{END}", projected("x", 4)).replace("0.35355339", scale);
    let nodes = format!("{LINEAR}attention(q0, k0, v0)");
    attends(&with("0.5"), &nodes, "self-attention, 4 heads × 8", &["scale 0.5"]);
    attends(&with("1"), &nodes, "self-attention, 4 heads × 8", &["scale 1"]);
    let capped = "kt = Transpose k perm=[0,1,3,2]; p = MatMul q kt; b = Mul p c; cap = 50; d = Div b cap; e = Tanh d; \
                  a = Mul e cap; ";
    let text = format!("{}{capped}{END}", projected("x", 4));
    attends(&text, &nodes, "self-attention, 4 heads × 8", &["scores within 50"]);
    // Weights of rows that see nothing are set to nought.
    let guard = "g = Softmax a axis=-1; n = IsNaN g; zero = 0.0; w = Where n zero g; o = MatMul w v; \
                 o1 = Transpose o perm=[0,2,1,3]; y = Reshape o1 u";
    attends(&format!("{}{PRODUCT}{guard}", projected("x", 4)), &nodes, "self-attention, 4 heads × 8", &[]);
}

#[test]
fn heads_are_shared_and_counted() {
    let nodes = format!("{LINEAR}attention(q0, k0, v0)");
    let repeat = "ax = [2]; e = [1,2,2,5,8]; f = [1,4,5,8]; ku = Unsqueeze k ax; ke = Expand ku e; kr = Reshape ke f; \
                  vu = Unsqueeze v ax; ve = Expand vu e; vr = Reshape ve f; kt = Transpose kr perm=[0,1,3,2]; \
                  p = MatMul q kt; a = Mul p c; w = Softmax a axis=-1; o = MatMul w vr; \
                  o1 = Transpose o perm=[0,2,1,3]; y = Reshape o1 u";
    attends(&format!("{}{repeat}", projected("x", 2)), &nodes, "self-attention, 4 heads (2 kv) × 8", &[]);
    attends(
        &format!("{}{PRODUCT}{END}", projected("x", 1)),
        &nodes,
        "self-attention, 4 heads (1 kv) × 8",
        &[],
    );
    // Heads that the file gives ready-made are not counted.
    let ready = "q: 1 4 5 8; k: 1 4 5 8; v: 1 4 5 8; c = 0.35355339; u = [1,5,32]; ";
    let nodes = "attention(q, k, v), transpose(o), reshape(o1, u)";
    attends(&format!("{ready}{PRODUCT}{END}"), nodes, "attention", &[]);
}

#[test]
fn packed_operands_are_read_whole() {
    let start =
        "x: 1 5 32; wp = stored 32 96; c = 0.35355339; u = [1,5,32]; s = [1,5,4,8]; h = MatMul x wp; ";
    let nodes = "linear(x, wp), attention(h, h, h)";
    let title = "self-attention, 4 heads × 8";
    let stacked = "r = [1,5,3,4,8]; zero = [0]; one = [1]; two = [2]; f = [1,4,5,8]; h1 = Reshape h r; \
                   h2 = Transpose h1 perm=[2,0,3,1,4]; q3 = Gather h2 zero axis=0; q = Reshape q3 f; \
                   k3 = Gather h2 one axis=0; k = Reshape k3 f; v3 = Gather h2 two axis=0; v = Reshape v3 f; ";
    attends(&format!("{start}{stacked}{PRODUCT}{END}"), nodes, title, &[]);
    let cut = |name: &str, from: i64| {
        format!(
            "b{name} = [{from}]; e{name} = [{}]; ax{name} = [2]; {name}0 = Slice h b{name} e{name} ax{name}; \
             {name}1 = Reshape {name}0 s; {name} = Transpose {name}1 perm=[0,2,1,3]; ",
            from + 32
        )
    };
    let cuts = [cut("q", 0), cut("k", 32), cut("v", 64)].concat();
    attends(&format!("{start}{cuts}{PRODUCT}{END}"), nodes, title, &[]);
}

#[test]
fn masks_become_one_node() {
    let nodes = format!("{LINEAR}attention_mask(pad), attention(q0, k0, v0, mask)");
    let start = projected("x", 4);
    let padding = "pad: 1 5; zero = 0.0; low = -10000; i0 = [1,2]; b = Cast pad to=9; b1 = Unsqueeze b i0; \
                   mask = Where b1 zero low; p0 = Transpose k perm=[0,1,3,2]; p = MatMul q p0; d = Mul p c; \
                   a = Add d mask; ";
    let lifted = format!("{start}{padding}{END}");
    attends(&lifted, &nodes.replace("v0, mask", "v0, b"), "self-attention, 4 heads × 8", &[]);
    let causal = "pad: 1 5; r0 = [0,1,2,3,4]; s1 = [1,1,1,5]; s2 = [1,1,5,1]; kp = Reshape r0 s1; qp = Reshape r0 s2; \
                  le = LessOrEqual kp qp; b = Cast pad to=9; i0 = [1,2]; b1 = Unsqueeze b i0; both = And le b1; \
                  low = -10000; p0 = Transpose k perm=[0,1,3,2]; p = MatMul q p0; d = Mul p c; a = Where both d low; ";
    let title = "self-attention, 4 heads × 8";
    let nodes = nodes.replace("v0, mask", "v0, both");
    attends(&format!("{start}{causal}{END}"), &nodes, title, &["causal"]);
    // The other way round, later keys are seen.
    let turned = causal.replace("LessOrEqual kp qp", "GreaterOrEqual kp qp");
    attends(&format!("{start}{turned}{END}"), &nodes, title, &[]);
}

#[test]
fn biases_are_told_from_masks() {
    let start = format!("{}table = stored 1 4 5 5; pad: 1 1 1 5; ", projected("x", 4));
    let scores =
        "p0 = Transpose k perm=[0,1,3,2]; p = MatMul q p0; d = Mul p c; e = Add d table; a = Add e pad; ";
    let nodes = format!("{LINEAR}attention(q0, k0, v0, pad, _, _, _, table)");
    attends(&format!("{start}{scores}{END}"), &nodes, "self-attention, 4 heads × 8", &[]);
}

#[test]
fn rotations_are_taken_in() {
    let turn = |x: &str, kind: &str| {
        let halves = format!(
            "{x}a = Slice {x} lo mid last; {x}b = Slice {x} mid hi last; {x}n = Neg {x}b; \
             {x}s = Concat {x}n {x}a axis=3; {x}c = Mul {x} cos; {x}d = Mul {x}s sin; {x}r = Add {x}c {x}d; "
        );
        let pairs = format!(
            "{x}a = Slice {x} lo hi last two; {x}b = Slice {x} odd hi last two; {x}n = Neg {x}b; \
             {x}u = Unsqueeze {x}n end; {x}v = Unsqueeze {x}a end; {x}w = Concat {x}u {x}v axis=4; \
             {x}s = Reshape {x}w whole; {x}c = Mul {x} cos; {x}d = Mul {x}s sin; {x}r = Add {x}c {x}d; "
        );
        if kind == "halves" { halves } else { pairs }
    };
    let settings = "lo = [0]; odd = [1]; mid = [4]; hi = [8]; last = [3]; two = [2]; end = [-1]; whole = [1,4,5,8]; \
                    f = stored 4 1; pos: 1 5; ang = MatMul f pos; ang1 = Transpose ang perm=[1,0]; \
                    ang2 = Concat ang1 ang1 axis=1; cos = Cos ang2; sin = Sin ang2; ";
    let end = "kt = Transpose kr perm=[0,1,3,2]; p = MatMul qr kt; a = Mul p c; ";
    let nodes = format!("{LINEAR}rotary_table(pos, f), attention(q0, k0, v0, _, _, _, _, _, cos, sin)");
    for kind in ["halves", "pairs"] {
        let text = format!("{}{settings}{}{}{end}{END}", projected("x", 4), turn("q", kind), turn("k", kind));
        attends(&text, &nodes, "self-attention, 4 heads × 8", &["rotary"]);
    }
    // Tables that the file stores are no parameters; three matrices are.
    let stored =
        settings.replace("cos = Cos ang2", "cos = stored 5 8").replace("sin = Sin ang2", "sin = stored 5 8");
    let text =
        format!("{}{stored}{}{}{end}{END}", projected("x", 4), turn("q", "halves"), turn("k", "halves"));
    let lifted = crate::lift::lift(&crate::lift::tests::read(
        &text.replace("ang = MatMul f pos; ", "ang = MatMul f pos; results ang; "),
    ));
    assert_eq!(crate::summary::summary(&lifted.graph).parameters, 3 * 32 * 32 + 4);
    // Keys that are turned alone stay so.
    let text = format!("{}{settings}{}{end}{END}", projected("x", 4), turn("k", "halves"))
        .replace("MatMul qr", "MatMul q");
    let nodes =
        format!("{LINEAR}transpose(k1), rotary_table(pos, f), rotary(k, cos, sin), attention(q0, kr, v0)");
    let nodes = nodes.replace("transpose(k1)", "reshape(k0, t), transpose(k1)");
    attends(&text, &nodes, "self-attention, 4 heads × 8", &[]);
}

#[test]
fn windows_are_measured() {
    let text = "i: 1 4 6 32; wq = stored 32 32; wk = stored 32 32; wv = stored 32 32; c = 0.35355339; \
                cut = [1,2,2,3,2,32]; flat = [6,4,32]; i1 = Reshape i cut; i2 = Transpose i1 perm=[0,1,3,2,4,5]; \
                x = Reshape i2 flat; s = [6,4,4,8]; u = [6,4,32]; q0 = MatMul x wq; k0 = MatMul x wk; v0 = MatMul x wv; \
                q1 = Reshape q0 s; q = Transpose q1 perm=[0,2,1,3]; k1 = Reshape k0 s; k = Transpose k1 perm=[0,2,1,3]; \
                v1 = Reshape v0 s; v = Transpose v1 perm=[0,2,1,3]; ";
    let nodes = format!("reshape(i, cut), transpose(i1), reshape(i2, flat), {LINEAR}attention(q0, k0, v0)");
    attends(&format!("{text}{PRODUCT}{END}"), &nodes, "self-attention, 4 heads × 8", &["window 2×2"]);
}

#[test]
fn heads_stand_where_those_of_queries_do() {
    // Keys and values that were kept from before are joined to the new ones, and are results themselves.
    let joined = "pk: 1 4 3 8; pv: 1 4 3 8; ka = Concat pk k axis=2; va = Concat pv v axis=2; \
                  kt = Transpose ka perm=[0,1,3,2]; p = MatMul q kt; a = Mul p c; w = Softmax a axis=-1; \
                  o = MatMul w va; o1 = Transpose o perm=[0,2,1,3]; y = Reshape o1 u; results ka va";
    let nodes = "linear(x, wq), linear(x, wk), linear(x, wv), reshape(k0, t), transpose(k1), reshape(v0, t), \
                 transpose(v1), concat(pk, k), concat(pv, v), attention(q0, ka, va)";
    attends(&format!("{}{joined}", projected("x", 4)), nodes, "attention, 4 heads × 8", &[]);
}

#[test]
fn scores_may_have_a_learned_factor() {
    let text =
        format!("gain = stored 4 1 1; {}{PRODUCT}{END}", projected("x", 4)).replace("Mul p c", "Mul p gain");
    let nodes = format!("{LINEAR}attention(q0, k0, v0, _, _, _, _, _, _, _, gain)");
    attends(&text, &nodes, "self-attention, 4 heads × 8", &[]);
    // A factor that data makes is none.
    let text = format!("gain: 4 1 1; {}{PRODUCT}{END}", projected("x", 4)).replace("Mul p c", "Mul p gain");
    assert!(
        !crate::lift::lift(&crate::lift::tests::read(&text)).graph.nodes().any(|(_, n)| n.op == "attention")
    );
}

#[test]
fn sizes_go_with_what_they_serve() {
    let shaped = "sh = Shape q; two = [2]; n = Gather sh two; m4 = [1,4]; m8 = [8]; to = Concat m4 n m8 axis=0; \
                  qe = Expand q to; kt = Transpose k perm=[0,1,3,2]; p = MatMul qe kt; a = Mul p c; ";
    let nodes = format!("{LINEAR}attention(q0, k0, v0)");
    attends(&format!("{}{shaped}{END}", projected("x", 4)), &nodes, "self-attention, 4 heads × 8", &[]);
    // An input of the model that gives nothing but a size is not lost.
    let other = shaped.replace("Shape q", "Shape m").replace("two = [2]", "two = [0]");
    let text = format!("{}{other}{END}", projected("x", 4));
    let graph = crate::lift::tests::read(&text);
    assert_eq!(crate::lift::lift(&graph).graph, graph);
}

#[test]
fn products_may_be_written_in_letters() {
    let letters = |qk: &str, av: &str| {
        format!(
            "x: 1 5 32; wq = stored 32 32; wk = stored 32 32; wv = stored 32 32; s = [1,5,4,8]; u = [1,5,32]; \
             c = 0.35355339; q0 = MatMul x wq; k0 = MatMul x wk; v0 = MatMul x wv; q = Reshape q0 s; k = Reshape k0 s; \
             v = Reshape v0 s; p = Einsum q k equation={qk}; a = Mul p c; w = Softmax a axis=-1; \
             o = Einsum w v equation={av}; y = Reshape o u"
        )
    };
    let nodes = format!("{LINEAR}attention(q0, k0, v0)");
    let title = "self-attention, 4 heads × 8";
    attends(&letters("bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd"), &nodes, title, &[]);
    // Weights that are summed over queries are not mixed.
    let lost = letters("bqhd,bkhd->bhqk", "bhqk,bkhd->bkhd").replace("y = Reshape o u", "y = Relu o");
    assert!(
        !crate::lift::lift(&crate::lift::tests::read(&lost)).graph.nodes().any(|(_, n)| n.op == "attention")
    );
}

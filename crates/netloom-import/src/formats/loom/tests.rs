//! Texts and what they become; mistakes and what is said of them.

use netloom_graph::{Graph, TensorId};

use super::*;

/// One line per node: path, operator, names of what flows in, shapes of its results.
fn listing(graph: &Graph) -> String {
    let name = |t: &TensorId| graph.tensor(*t).name.clone();
    let mut out = String::new();
    for (id, node) in graph.nodes() {
        let inputs: Vec<String> = node
            .inputs
            .iter()
            .flatten()
            .filter(|t| !graph.tensor(**t).is_stored())
            .map(name)
            .collect();
        let shapes: Vec<String> =
            node.outputs.iter().flatten().map(|t| graph.tensor(*t).ty.shape().to_string()).collect();
        out += &format!("{} {}({}) {}\n", graph.node_path(id), node.op, inputs.join(", "), shapes.join(", "));
    }
    let outputs: Vec<String> = graph.outputs.iter().map(name).collect();
    out + &format!("→ {}\n", outputs.join(", "))
}

fn read(text: &str) -> Graph {
    parse(text).unwrap_or_else(|problems| {
        let report: Vec<String> = problems.iter().map(|p| p.render("text", text)).collect();
        panic!("{}", report.join("\n"))
    })
}

fn check(text: &str, expected: &str) {
    let trim = |s: &str| s.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(trim(&listing(&read(text))), trim(expected), "\n{text}");
}

#[test]
fn first_look() {
    for text in [
        "input x [1, 3, 32, 32]\nconv(8, 3, pad=1) > batch_norm > relu > max_pool(2) > flatten > linear(10)",
        "input x [1, 3, 32, 32]\n[conv(3, 3, pad=same) > relu, same] > add > relu",
        "input x [b, t, 16]\ny, h, c = lstm(32, layers=2, bidirectional=true)\noutput y, h",
        "input x [b, t, 16]\nmulti_head_attention(4) > layer_norm > linear(8) > select(0) > softmax",
        "input a [1, 4]\ninput b [1, 4]\nleft = a > tower: { linear(8) > relu }\nright = b > tower\nadd(left, right)",
        "input x [1, 3, 32, 32]\nlayer1: Basic(8, 2) * 2\nblock Basic(c, s=1) { conv(c, 3, stride=s, pad=1) > relu }",
    ] {
        println!("{text}\n{}", listing(&read(text)));
    }
}

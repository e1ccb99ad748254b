//! Texts and what they become; mistakes and what is said of them.

use netloom_graph::{Graph, TensorId};

use super::*;

/// One line per node: path, operator, names of what flows in, shapes of its results.
fn listing(graph: &Graph) -> String {
    let name = |t: &TensorId| graph.tensor(*t).name.clone();
    let mut out = String::new();
    for (id, node) in graph.nodes() {
        let inputs: Vec<String> =
            node.inputs.iter().flatten().filter(|t| !graph.tensor(**t).is_stored()).map(name).collect();
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

/// Every fixture: name, text, learned elements.
macro_rules! fixtures {
    ($($name:literal $parameters:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../tests/fixtures/", $name, ".loom")), $parameters)),*]
    };
}

const FIXTURES: &[(&str, &str, u64)] = fixtures! {
    "densenet" 0,
    "inception" 0,
    "lenet5" 0,
    "lstm_classifier" 0,
    "mask" 0,
    "mlp" 0,
    "resnet18" 11_689_512,
    "seq2seq" 0,
    "siamese" 0,
    "transformer" 0,
    "unet" 0,
    "vae" 0,
};

#[test]
fn fixtures_are_read() {
    for (name, text, parameters) in FIXTURES {
        let graph = read(text);
        println!("== {name}\n{}", listing(&graph));
        for d in &graph.diagnostics {
            println!("{d:?}");
        }
        let mut again = graph.clone();
        netloom_graph::infer::infer(&mut again);
        for d in &again.diagnostics {
            println!("{d:?}");
        }
        println!("{} {parameters}", netloom_graph::summary::summary(&again).parameters);
    }
}

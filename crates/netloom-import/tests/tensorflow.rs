//! TensorFlow files: those of the corpus agree with what their makers say of them, damaged ones are refused.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod common;
mod targets;

use std::path::Path;

use common::{Msg, Random};
use netloom_graph::{Graph, infer, summary};
use netloom_import::{Bytes, read};
use serde_json::Value;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models");

fn file(name: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(Path::new(CORPUS).join(name));
    if bytes.is_err() {
        println!("skipped: no {name}");
    }
    bytes.ok()
}

fn open(name: &str, bytes: Vec<u8>) -> Graph {
    let mut graph = read(&Bytes::new(name, bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
    infer::infer(&mut graph);
    graph
}

/// Parameters, trainable ones, shapes, and layers with their weights agree with the truth of a model.
fn check(model: &str) {
    let name = format!("keras/{model}.savedmodel/saved_model.pb");
    let (Some(bytes), Some(truth)) = (file(&name), file("truth.json")) else { return };
    let graph = open(&name, bytes);
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let truth = &truth["models"][model];
    let summary = summary::summary(&graph);
    assert_eq!(summary.parameters, truth["params_total"].as_u64().unwrap(), "{model}");
    assert_eq!(summary.trainable_parameters, truth["params_trainable"].as_u64(), "{model}");
    for (place, layer) in truth["top_level"].as_array().unwrap().iter().enumerate() {
        let path = layer["name"].as_str().unwrap();
        let Some((id, _)) = graph.modules().find(|(_, m)| m.path == path) else {
            // Layers that do nothing when a model runs are no part of the graph.
            assert!(
                layer["type"] == "Dropout" || layer["type"] == "InputLayer",
                "{model}: no {path}, {place}"
            );
            continue;
        };
        let row = &summary.modules[id.index()];
        assert_eq!(row.parameters, layer["params"].as_u64().unwrap(), "{model}: {path}");
        let out: Vec<String> = row.outputs.iter().map(|t| graph.tensor(*t).ty.shape().to_string()).collect();
        let expected = layer["out"][0].as_array().unwrap().iter();
        let expected: Vec<String> =
            expected.map(|d| d.as_u64().map_or_else(|| "batch".to_owned(), |n| n.to_string())).collect();
        assert_eq!(out, [expected.join("×")], "{model}: {path}");
    }
    assert!(graph.diagnostics.is_empty(), "{model}: {:?}", graph.diagnostics);
}

#[test]
fn saved_models_agree_with_their_truth() {
    check("keras_lenet5");
    check("keras_mlp");
}

fn setting(key: &str, value: Msg) -> Msg {
    Msg::new().bytes(1, key).msg(2, value)
}

fn node(name: &str, op: &str, inputs: &str) -> Msg {
    let node = Msg::new().bytes(1, name).bytes(2, op);
    node.all(inputs.split_whitespace(), |m, i| m.bytes(3, i))
}

fn shape(dims: &[i64]) -> Msg {
    Msg::new().all(dims, |m, n| m.msg(2, Msg::new().int(1, *n)))
}

fn constant(name: &str, dims: &[i64]) -> Msg {
    let tensor = Msg::new().int(1, 1).msg(2, shape(dims)).packed(5, &[]);
    node(name, "Const", "").msg(5, setting("value", Msg::new().msg(8, tensor)))
}

fn placeholder(name: &str, dims: &[i64]) -> Msg {
    let node = node(name, "Placeholder", "");
    node.msg(5, setting("dtype", Msg::new().int(6, 1)))
        .msg(5, setting("shape", Msg::new().msg(7, shape(dims))))
}

fn call(name: &str, function: &str, inputs: &str) -> Msg {
    let function = Msg::new().msg(10, Msg::new().bytes(1, function));
    node(name, "PartitionedCall", inputs).msg(5, setting("f", function))
}

fn function(name: &str, nodes: impl IntoIterator<Item = Msg>, result: &str) -> Msg {
    let argument = |name: &str| Msg::new().bytes(1, name);
    let signature = Msg::new().bytes(1, name).msg(2, argument("x")).msg(3, argument("y"));
    Msg::new()
        .msg(1, signature)
        .all(nodes, |m, n| m.msg(3, n))
        .msg(4, Msg::new().bytes(1, "y").bytes(2, result))
}

fn graph(nodes: impl IntoIterator<Item = Msg>, functions: impl IntoIterator<Item = Msg>) -> Vec<u8> {
    let library = Msg::new().all(functions, |m, f| m.msg(1, f));
    Msg::new().all(nodes, |m, n| m.msg(1, n)).msg(2, library).0
}

fn small() -> Vec<u8> {
    graph(
        [
            placeholder("images", &[-1, 8]),
            call("net/block/PartitionedCall", "dense", "images"),
            node("net/out/Relu", "Relu", "net/block/PartitionedCall"),
            node("save/control", "Identity", "net/out/Relu"),
        ],
        [function(
            "dense",
            [
                constant("kernel", &[8, 4]),
                constant("bias", &[4]),
                node("MatMul", "MatMul", "x kernel:output:0"),
            ]
            .into_iter()
            .chain([node("BiasAdd", "BiasAdd", "MatMul:product:0 bias:output:0")]),
            "BiasAdd:output:0",
        )],
    )
}

#[test]
fn frozen_graphs_need_no_shapes() {
    let graph = open("frozen.pb", small());
    let layers: Vec<String> = graph.nodes().map(|(_, n)| n.kind()).collect();
    assert_eq!(layers, ["linear", "relu"]);
    let linear = graph.nodes().next().unwrap().1;
    assert_eq!(graph.module(linear.module).path, "block");
    assert_eq!(linear.inputs.len(), 3);
    let outputs: Vec<String> =
        graph.outputs.iter().map(|t| graph.tensor(*t).ty.shape().to_string()).collect();
    assert_eq!(outputs, ["batch×4"]);
    assert_eq!(summary::summary(&graph).parameters, 36);
}

#[test]
fn functions_that_call_themselves_are_refused() {
    let call_self = function("f", [call("again", "f", "x")], "again:output:0");
    let bytes = graph([placeholder("x", &[2]), call("start", "f", "x")], [call_self]);
    let error = read(&Bytes::new("a.pb", bytes)).unwrap_err();
    assert!(error.to_string().contains("functions call one another more than 48 deep"), "{error}");
    // Each function calls the next twice: written out they would be 2^40 nodes.
    let twice = |i: usize| {
        let next = format!("f{}", i + 1);
        let nodes = [call("a", &next, "x"), call("b", &next, "a:output:0"), node("c", "Neg", "b:output:0")];
        function(&format!("f{i}"), nodes, "c:y:0")
    };
    let bytes = graph([placeholder("x", &[2]), call("start", "f0", "x")], (0..40).map(twice));
    let error = read(&Bytes::new("a.pb", bytes)).unwrap_err();
    assert!(error.to_string().contains("once its functions are written out"), "{error}");
}

#[test]
fn damaged_files_are_refused_or_read() {
    let mut seeds = vec![small()];
    seeds.extend(file("keras/keras_mlp.savedmodel/saved_model.pb"));
    let mut random = Random(3);
    for bytes in seeds {
        for round in 0..500 {
            let mut bytes = bytes.clone();
            match round % 3 {
                0 => bytes.truncate(random.below(bytes.len())),
                _ => {
                    for _ in 0..=random.below(8) {
                        let at = random.below(bytes.len());
                        bytes[at] = random.next() as u8;
                    }
                }
            }
            targets::tensorflow_read(&bytes);
        }
    }
}

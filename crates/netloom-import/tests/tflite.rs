//! TensorFlow Lite files: those of the corpus agree with what their makers say of them, damaged ones are refused.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod common;
mod targets;

use std::path::Path;

use common::Random;
use netloom_graph::{DType, Graph, infer, summary};
use netloom_import::{Bytes, ErrorKind, read};
use serde_json::Value;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models");

fn file(name: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(Path::new(CORPUS).join(name));
    if bytes.is_err() {
        println!("skipped: no {name}");
    }
    bytes.ok()
}

fn open(name: &str) -> Option<Graph> {
    let mut graph = read(&Bytes::new(name, file(name)?)).unwrap_or_else(|e| panic!("{name}: {e}"));
    infer::infer(&mut graph);
    Some(graph)
}

fn shapes(graph: &Graph, ids: &[netloom_graph::TensorId]) -> Vec<String> {
    ids.iter().map(|t| graph.tensor(*t).ty.shape().to_string()).collect()
}

/// A shape of the corpus, where -1 stands for any batch.
fn shape(value: &Value) -> String {
    let dims = value.as_array().unwrap().iter();
    let dims: Vec<String> = dims.map(|d| if d == -1 { "batch".to_owned() } else { d.to_string() }).collect();
    dims.join("×")
}

/// Parameters, and how many nodes of some kinds there are.
fn check(name: &str, parameters: u64, kinds: &[(&str, u64)]) {
    let Some(graph) = open(name) else { return };
    let summary = summary::summary(&graph);
    assert_eq!(summary.parameters, parameters, "{name}");
    for (kind, count) in kinds {
        assert_eq!(summary.layers.get(*kind).copied().unwrap_or(0), *count, "{name}: {kind}");
    }
    let truth: Value = serde_json::from_slice(&file("truth.json").unwrap()).unwrap();
    let truth = &truth["files"][name]["tflite"];
    let side = |side: &str| -> Vec<String> {
        truth[side].as_array().unwrap().iter().map(|t| shape(&t["shape_signature"])).collect()
    };
    assert_eq!(shapes(&graph, &graph.inputs), side("inputs"), "{name}");
    let outputs = shapes(&graph, &graph.outputs);
    assert!(outputs.iter().zip(side("outputs")).all(|(a, b)| *a == b), "{name}: {outputs:?}");
    for diagnostic in &graph.diagnostics {
        assert_eq!(diagnostic.severity, netloom_graph::Severity::Note, "{name}: {diagnostic:?}");
    }
}

/// What the converter leaves out is missing from the counts: biases of zeros, and norms that it joins with
/// convolutions.
#[test]
fn files_agree_with_their_truth() {
    check("tflite/keras_lenet5.tflite", 61_706 - 120 - 84 - 10, &[("conv", 2), ("linear", 3), ("tanh", 4)]);
    check("tflite/keras_lenet5.int8.tflite", 61_706 - 214, &[("conv", 2), ("linear", 3), ("quantize", 1)]);
    check("tflite/keras_mlp.tflite", 109_386 - 202, &[("linear", 3), ("relu", 2), ("softmax", 1)]);
    check("tflite/keras_nested.tflite", 3_792, &[("conv", 4), ("linear", 4), ("add", 2), ("sub", 1)]);
    check("tflite/keras_efficientnetb0.tflite", 5_241_196, &[("conv", 81), ("sigmoid", 65), ("add", 9)]);
    check("tflite/keras_mobilenetv3.tflite", 2_531_192, &[("conv", 54), ("hard_swish", 19), ("add", 7)]);
}

#[test]
fn names_of_tensors_tell_the_modules() {
    let Some(graph) = open("tflite/keras_nested.tflite") else { return };
    let paths: Vec<&str> = graph.modules().map(|(_, m)| m.path.as_str()).collect();
    for path in
        ["twin", "twin.stem", "twin.stem.stem_conv", "twin.twin_dense", "difference", "head.head_dense1"]
    {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    let calls: Vec<(&str, &str)> = (graph.nodes().filter(|(_, n)| n.op == "Conv"))
        .map(|(_, n)| (graph.module(n.module).path.as_str(), graph.tensor(n.input(1).unwrap()).name.as_str()))
        .filter(|(path, _)| path.ends_with("stem_conv"))
        .collect();
    let kernel = "twin.stem.stem_conv.kernel";
    assert_eq!(calls, [("twin.stem.stem_conv", kernel), ("twin_1.stem.stem_conv", kernel)]);
    let inputs: Vec<&str> = graph.inputs.iter().map(|t| graph.tensor(*t).name.as_str()).collect();
    assert_eq!(inputs, ["left", "right"]);
}

#[test]
fn quantised_numbers_keep_their_types() {
    let Some(graph) = open("tflite/keras_lenet5.int8.tflite") else { return };
    let conv = graph.nodes().find(|(_, n)| n.op == "Conv").unwrap().1;
    let dtypes = [0, 1, 2].map(|i| graph.tensor(conv.input(i).unwrap()).ty.dtype());
    assert_eq!(dtypes, [Some(DType::Int8), Some(DType::Int8), Some(DType::Int32)]);
    let label = (conv.layer.unwrap().label)(&graph, conv);
    assert!(label.details.iter().any(|d| d == "quantised"), "{label:?}");
}

#[test]
fn damaged_files_are_refused_or_read() {
    if let Some(bytes) = file("malformed/bad_offset.tflite") {
        let error = read(&Bytes::new("bad_offset.tflite", bytes)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged { offset: 0 });
        assert!(error.to_string().contains("expected an offset inside 72 bytes"), "{error}");
    }
    let error = read(&Bytes::new("a.tflite", &b"\x00\x00\x00\x00CIR0 and more"[..])).unwrap_err();
    assert!(error.to_string().contains("found a Circle header"), "{error}");
    let mut random = Random(5);
    for name in ["tflite/keras_nested.tflite", "tflite/keras_multi_io.tflite"] {
        let Some(bytes) = file(name) else { return };
        for round in 0..600 {
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
            targets::tflite_read(&bytes);
        }
    }
}

/// Tables that lead to themselves, lists of absurd length and lists that share their elements.
#[test]
fn hostile_tables_end() {
    let file = |tail: &[u8]| {
        // The root table is at byte 8 with an index of its own behind it.
        let mut bytes = 8_u32.to_le_bytes().to_vec();
        bytes.extend(b"TFL3");
        bytes.extend(tail);
        bytes
    };
    let le = |n: i32| n.to_le_bytes();
    // An index before the file, behind it, and a table that is its own index.
    for back in [100, -2_000_000, 0] {
        targets::tflite_read(&file(&[le(back), le(0), le(0), le(0)].concat()));
    }
    // A list of graphs of 2^31 entries.
    let index =
        [&14_u16.to_le_bytes()[..], &8_u16.to_le_bytes(), &[0; 4], &4_u16.to_le_bytes(), &[0; 4]].concat();
    let bytes = file(&[&le(-8)[..], &le(20), &index, &le(i32::MAX), &[0; 32]].concat());
    assert!(read(&Bytes::new("a.tflite", bytes)).is_err());
}

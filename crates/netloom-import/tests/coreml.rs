//! Core ML models made by coremltools: a network of layers and a program.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;

use netloom_graph::summary;
use netloom_import::{Bytes, read};

const LENET: &[u8] = include_bytes!("fixtures/coreml/lenet.mlmodel.gz");
const PROGRAM: &[u8] = include_bytes!("fixtures/coreml/program.mlmodel.gz");

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut out).unwrap();
    out
}

/// Checks parameters, multiply-adds, the shape of the result, and the operators in order.
#[track_caller]
fn check(name: &str, gzip: &[u8], parameters: u64, output: &str, operators: &str) {
    let mut graph = read(&Bytes::new(name, unpacked(gzip))).unwrap_or_else(|e| panic!("{name}: {e}"));
    netloom_graph::infer::infer(&mut graph);
    let counted = summary::summary(&graph);
    assert_eq!(counted.parameters, parameters, "{name}");
    assert_eq!(
        graph.tensor(graph.outputs[0]).ty.shape().to_string(),
        output,
        "{name}: {:?}",
        graph.diagnostics
    );
    let found: Vec<String> = graph.nodes().map(|(_, n)| n.kind()).collect();
    assert_eq!(found.join(" "), operators, "{name}");
    assert_eq!(graph.diagnostics, [], "{name}");
}

#[test]
fn models() {
    check(
        "lenet.mlmodel",
        LENET,
        61_706,
        "batch×10",
        "conv tanh avg_pool conv tanh avg_pool flatten linear tanh linear tanh linear softmax",
    );
    // The normalisation has become part of the convolution before it; coremltools does that.
    check(
        "model.mlmodel",
        PROGRAM,
        (27 + 1) * 16 + (144 + 1) * 16 + 17 * 10,
        "1×10",
        "conv relu conv swish add max_pool global_avg_pool linear softmax",
    );
}

#[test]
fn what_is_no_network_is_named() {
    let trees = [0x08, 4, 0x12, 0, 0x92, 0x19, 0];
    let error = read(&Bytes::new("a.mlmodel", trees.to_vec())).unwrap_err();
    assert_eq!(error.to_string(), "this Core ML file holds an ensemble of trees, not a neural network");
}

#[test]
fn damaged_files_get_an_answer() {
    for gzip in [LENET, PROGRAM] {
        let whole = unpacked(gzip);
        let step = (whole.len() / 400).max(1);
        for cut in (0..whole.len()).step_by(step) {
            let _ = read(&Bytes::new("a.mlmodel", &whole[..cut])).map(|g| g.nodes().len());
        }
        for at in (0..whole.len()).step_by(step) {
            for flip in [0xff, 0x01, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let _ = read(&Bytes::new("a.mlmodel", bytes)).map(|mut graph| {
                    netloom_graph::infer::infer(&mut graph);
                    summary::summary(&graph).parameters
                });
            }
        }
    }
}

//! OpenVINO's files against the ONNX files they were made from.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read as _;

use netloom_graph::{Graph, lift, summary};
use netloom_import::{Bytes, Source, SourceError, read};

/// A network with its weights beside it.
struct Pair(Bytes, Bytes);

impl Source for Pair {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.0.read_at(offset, buf)
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        (path == self.1.name()).then(|| Box::new(self.1.clone()) as Box<dyn Source>)
    }
}

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut out).unwrap();
    out
}

fn open(name: &str, network: &[u8], weights: &[u8]) -> Graph {
    let network = Bytes::new(format!("{name}.xml"), unpacked(network));
    let pair = Pair(network, Bytes::new(format!("{name}.bin"), unpacked(weights)));
    let mut graph = read(&pair).unwrap_or_else(|e| panic!("{name}: {e}"));
    netloom_graph::infer::infer(&mut graph);
    graph
}

const LENET: [&[u8]; 2] =
    [include_bytes!("fixtures/openvino/lenet5.xml.gz"), include_bytes!("fixtures/openvino/lenet5.bin.gz")];
const BERT: [&[u8]; 2] = [
    include_bytes!("fixtures/openvino/bert_tiny.xml.gz"),
    include_bytes!("fixtures/openvino/bert_tiny.bin.gz"),
];

/// Checks parameters, multiply-adds and kinds of layers after lifting, data movement left out.
#[track_caller]
fn check(
    name: &str,
    [network, weights]: [&[u8]; 2],
    parameters: u64,
    macs: Option<u64>,
    layers: &[(&str, u64)],
) {
    let graph = open(name, network, weights);
    let lifted = lift::lift(&graph).graph;
    let counted = summary::summary(&lifted);
    assert_eq!((counted.parameters, counted.macs), (parameters, macs), "{name}");
    let wanted: BTreeMap<&str, u64> = layers.iter().copied().collect();
    let found: BTreeMap<&str, u64> = counted
        .layers
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .filter(|(k, _)| wanted.contains_key(k))
        .collect();
    assert_eq!(found, wanted, "{name}: {:?}", counted.layers);
    assert!(graph.nodes().all(|(_, n)| n.layer.is_some()), "{name}: every operator is known");
}

#[test]
fn networks_are_those_of_their_onnx_files() {
    check(
        "lenet5.xml",
        LENET,
        61_706,
        Some(416_520),
        &[("conv", 2), ("avg_pool", 2), ("tanh", 4), ("linear", 3)],
    );
    let layers = [("attention", 2), ("layer_norm", 5), ("gelu", 2), ("linear", 13)];
    // The table of positions is a constant of its sum here, a row per position of the example.
    check("bert_tiny", BERT, 33_984, Some(295_936), &layers);
}

#[test]
fn damaged_files_get_an_answer() {
    let whole = unpacked(LENET[0]);
    for cut in (0..whole.len() - 8).step_by(41) {
        assert!(read(&Bytes::new("a.xml", &whole[..cut])).is_err(), "{cut}");
    }
    let text = String::from_utf8_lossy(&whole);
    for (from, to) in [
        ("\"1\"", "\"-1\""),
        ("<dim>1</dim>", "<dim>9223372036854775807</dim>"),
        ("from-layer=\"", "from-layer=\"9"),
        ("to-layer=\"1", "to-layer=\""),
        ("Convolution", "MatMul"),
        ("offset=\"0\"", "offset=\"18446744073709551615\""),
    ] {
        let _ = read(&Bytes::new("a.xml", text.replace(from, to).into_bytes())).map(|mut graph| {
            netloom_graph::infer::infer(&mut graph);
            summary::summary(&lift::lift(&graph).graph).parameters
        });
    }
    let bomb = "<!DOCTYPE net [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><net name=\"&b;\"><layers/></net>";
    assert!(read(&Bytes::new("bomb.xml", bomb.as_bytes())).is_err());
}

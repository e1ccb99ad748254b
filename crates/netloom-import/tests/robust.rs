//! Damaged files never panic, and weights are never read.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod common;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use common::{Msg, Random, body, graph, model, node, tensor};
use netloom_import::{Bytes, ErrorKind, Source, SourceError, read};

/// Small files with a bit of everything.
fn seeds() -> Vec<Vec<u8>> {
    let function =
        Msg::new().bytes(1, "F").bytes(10, "my").bytes(4, "a").bytes(5, "r").msg(7, node("Relu", "a", "r"));
    let inner = graph([node("Neg", "x", "t")], "", "t").msg(5, tensor("w", 7, &[1], &[0; 8]));
    let sparse = Msg::new().msg(1, tensor("s", 1, &[2], &[0; 8])).packed(3, &[4, 5]);
    let attribute = Msg::new().bytes(1, "axes").int(20, 7).packed(8, &[1, 2]);
    let nodes = [
        node("Conv", "x layer1.0.conv1.weight", "a")
            .bytes(3, "/layer1/layer1.0/conv1/Conv")
            .msg(5, attribute),
        node("If", "a", "b").msg(5, body("then_branch", inner)),
        node("F", "b", "y").bytes(7, "my"),
    ];
    let all =
        graph(nodes, "x", "y").msg(5, tensor("layer1.0.conv1.weight", 1, &[2, 2], &[0; 16])).msg(15, sparse);
    let mut seeds = vec![model(all).msg(25, function).0];
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models"));
    for file in [
        "onnx/resnet18.ts.op17.onnx",
        "onnx/siamese.dynamo.op18.onnx",
        "onnx/lstm_classifier.ts.op17.dynamic.onnx",
        "malformed/cyclic.onnx",
        "malformed/no_shapes_dynamic.onnx",
        "malformed/duplicate_names.onnx",
    ] {
        match std::fs::read(corpus.join(file)) {
            Ok(bytes) => seeds.push(bytes),
            Err(_) => println!("skipped: no {file}"),
        }
    }
    seeds
}

#[test]
fn mutated_and_cut_files_are_read_or_refused() {
    let mut random = Random(7);
    let (mut read_ones, mut refused) = (0, 0);
    let seeds = seeds();
    for round in 0..2000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        match round / seeds.len() % 4 {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => {
                let (a, b) = (random.below(bytes.len()), random.below(bytes.len()));
                bytes.drain(a.min(b)..a.max(b).min(a.min(b) + 32));
            }
            _ => {
                for _ in 0..=random.below(8) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.next() as u8;
                }
            }
        }
        match read(&Bytes::new("m.onnx", bytes)) {
            Ok(_) => read_ones += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty() && error.kind() != ErrorKind::Source);
            }
        }
    }
    println!("{read_ones} read, {refused} refused");
    assert!(
        read_ones > 100 && refused > 100,
        "{read_ones} read, {refused} refused: the seeds do not test both"
    );
}

/// A file of which most is zeros that exist nowhere, and a count of the bytes that were read.
struct Sparse {
    head: Vec<u8>,
    gap: u64,
    tail: Vec<u8>,
    read: Rc<Cell<u64>>,
}

impl Source for Sparse {
    fn name(&self) -> &str {
        "big.onnx"
    }

    fn len(&self) -> u64 {
        self.head.len() as u64 + self.gap + self.tail.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let n = buf.len().min(usize::try_from(self.len().saturating_sub(offset)).unwrap());
        let tail = self.head.len() as u64 + self.gap;
        for (i, byte) in buf[..n].iter_mut().enumerate() {
            let at = offset + i as u64;
            *byte = match at {
                _ if at < self.head.len() as u64 => self.head[at as usize],
                _ if at >= tail => self.tail[(at - tail) as usize],
                _ => 0,
            };
        }
        self.read.set(self.read.get() + n as u64);
        Ok(n)
    }

    fn sibling(&self, _: &str) -> Option<Box<dyn Source>> {
        None
    }
}

#[test]
fn weights_are_never_read() {
    // 24 GB: one stored tensor of 6 · 2^30 numbers, before the nodes.
    let gap = 6u64 << 32;
    let facts = Msg::new().packed(1, &[6 << 20, 1 << 10]).int(2, 1).bytes(8, "w").0;
    let length = |mut n: u64| {
        let mut out = Vec::new();
        while n >= 0x80 {
            out.push(0x80 | (n & 0x7f) as u8);
            n >>= 7;
        }
        out.push(n as u8);
        out
    };
    let raw = [vec![9 << 3 | 2], length(gap)].concat();
    let stored = [vec![5 << 3 | 2], length((facts.len() + raw.len()) as u64 + gap), facts, raw].concat();
    let rest = graph([node("MatMul", "x w", "a"), node("Relu", "a", "y")], "x", "y").0;
    let network = [vec![7 << 3 | 2], length((stored.len() + rest.len()) as u64 + gap), stored].concat();
    let head = [Msg::new().int(1, 8).0, network].concat();
    let read_bytes = Rc::new(Cell::new(0));
    let source = Sparse { head, gap, tail: rest, read: Rc::clone(&read_bytes) };
    let graph = read(&source).unwrap();
    assert_eq!(graph.nodes().len(), 2);
    let weight = graph.tensors().find(|(_, t)| t.name == "w").unwrap().1;
    assert_eq!(weight.ty.shape().elements(), Some(6 << 30));
    assert!(graph.diagnostics.iter().all(|d| !d.message.contains("bytes")), "{:?}", graph.diagnostics);
    assert!(read_bytes.get() < 256 << 10, "{} bytes were read", read_bytes.get());
}

#[test]
fn a_hundred_thousand_nodes() {
    let nodes = (0..100_000).map(|i| {
        let (input, output) = (format!("value_of_layer_{i}"), format!("value_of_layer_{}", i + 1));
        node("Relu", &input, &output).bytes(3, format!("/layers/layers.{}/act/Relu_{i}", i / 10))
    });
    let bytes = model(graph(nodes, "value_of_layer_0", "value_of_layer_100000")).0;
    let graph = read(&Bytes::new("m.onnx", bytes)).unwrap();
    assert_eq!(graph.nodes().len(), 100_000);
    assert_eq!(graph.modules().len(), 2 + 2 * 10_000);
    assert!(graph.diagnostics.iter().all(|d| d.message.contains("is not known")));
}

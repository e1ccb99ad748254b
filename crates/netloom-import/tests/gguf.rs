//! GGUF: files of the corpus agree with the truth beside them, every version and byte order is read, damage is told.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::path::Path;

use netloom_graph::summary::summary;
use netloom_graph::{Graph, Severity, infer};
use netloom_import::formats::gguf::{Key, read_header};
use netloom_import::{Bytes, ErrorKind, read};

fn warnings(graph: &Graph) -> Vec<&str> {
    let odd = graph.diagnostics.iter().filter(|d| d.severity != Severity::Note);
    odd.map(|d| d.message.as_str()).collect()
}

#[test]
fn files_equal_the_truth() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models"));
    let Ok(truth) = std::fs::read(root.join("truth.json")) else {
        println!("skipped: no corpus at {}", root.display());
        return;
    };
    let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
    for (file, container, stored) in [
        ("gguf/llama_dev.f16.gguf", "model.layers", ""),
        ("gguf/gpt2_dev.q8_0.gguf", "transformer.h", "tensors are stored 14 as Q8_0, 26 as F32"),
    ] {
        let model = &truth["models"][truth["files"][file]["model"].as_str().unwrap()];
        let mut graph = read(&Bytes::new(file, std::fs::read(root.join(file)).unwrap())).unwrap();
        infer::infer(&mut graph);
        assert_eq!(warnings(&graph), Vec::<&str>::new(), "{file}");
        let found = summary(&graph);
        assert_eq!(Some(found.parameters), model["params_total"].as_u64(), "{file}");
        assert_eq!(model["architecture"]["general.name"], graph.name.as_str());
        let (_, module) = graph.modules().find(|(_, m)| m.path == container).unwrap();
        assert_eq!(Some(module.children.len() as u64), model["repeats"][0]["count"].as_u64(), "{file}");
        let notes: Vec<&str> = graph.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(notes.join("|"), stored, "{file}");
        // Weights keep the names of the file.
        assert!(graph.tensors().any(|(_, t)| t.name == "blk.0.ffn_up.weight"), "{file}");
        let logits = graph.tensor(graph.outputs[0]).ty.shape().to_string();
        assert!(logits.ends_with("×512"), "{file}: {logits}");
    }
}

/// Writes a file as llama.cpp would, in any version and byte order.
struct Writer {
    bytes: Vec<u8>,
    version: u32,
    is_big: bool,
}

impl Writer {
    fn new(version: u32, is_big: bool, tensors: u64, keys: u64) -> Self {
        let mut writer = Self { bytes: b"GGUF".to_vec(), version, is_big };
        writer.u32(version).length(tensors).length(keys);
        writer
    }

    fn raw(&mut self, mut bytes: Vec<u8>) -> &mut Self {
        if self.is_big {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
        self
    }

    fn u32(&mut self, n: u32) -> &mut Self {
        self.raw(n.to_le_bytes().to_vec())
    }

    fn u64(&mut self, n: u64) -> &mut Self {
        self.raw(n.to_le_bytes().to_vec())
    }

    fn length(&mut self, n: u64) -> &mut Self {
        if self.version == 1 { self.u32(n as u32) } else { self.u64(n) }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.length(text.len() as u64);
        self.bytes.extend(text.bytes());
        self
    }
}

/// A file with a key of each kind and one tensor of 2 rows of 32.
fn sample(version: u32, is_big: bool) -> Vec<u8> {
    let mut w = Writer::new(version, is_big, 1, 5);
    w.text("general.architecture").u32(8).text("mystery");
    w.text("count").u32(4).u32(7);
    w.text("list").u32(9).u32(4).length(3).u32(1).u32(2).u32(3);
    w.text("words").u32(9).u32(8).length(2).text("a").text("bc");
    w.text("factor").u32(6).u32(1.5_f32.to_bits());
    w.text("blk.0.weight").u32(2).length(32).length(2).u32(8).u64(0);
    let end = w.bytes.len().next_multiple_of(32) + 68;
    w.bytes.resize(end, 0);
    w.bytes
}

#[test]
fn every_version_and_byte_order_is_read() {
    for version in 1..=3 {
        for is_big in [false, true] {
            let bytes = sample(version, is_big);
            let header = read_header(&Bytes::new("m", &bytes)).unwrap();
            assert_eq!((header.version, header.remarks.len()), (version, 0), "{version} {is_big}");
            assert_eq!(header.int("count"), Some(7));
            assert_eq!(header.keys["list"], Key::Ints(vec![1, 2, 3]));
            assert_eq!(header.keys["words"], Key::Skipped);
            assert_eq!(header.keys["factor"], Key::Float(1.5));
            assert_eq!(header.tensors[0].dims, [2, 32]);
            assert_eq!(header.tensors[0].kind.name, "Q8_0");
            let graph = read(&Bytes::new("m", bytes)).unwrap();
            let expected = "there is no template for networks of the architecture `mystery`";
            assert_eq!(warnings(&graph), [expected]);
            assert_eq!(summary(&graph).parameters, 64);
        }
    }
}

#[test]
fn damage_is_told() {
    let check = |bytes: &[u8], expected: &str| {
        let found = match read(&Bytes::new("m.gguf", bytes)) {
            Ok(graph) => warnings(&graph).join("|"),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    };
    check(b"GGUF\x09\0\0\0", "expected version 1, 2 or 3, found 9");
    check(&Writer::new(3, false, 1 << 61, 0).u64(0).bytes, "promised");
    let mut text = Writer::new(3, false, 0, 1);
    check(&text.length(u64::MAX).u64(0).bytes, "more bytes");
    let mut list = Writer::new(3, false, 0, 1);
    check(&list.text("k").u32(9).u32(8).length(1 << 50).bytes, "a list that fits");
    let mut deep = Writer::new(3, false, 0, 1);
    deep.text("k").u32(9);
    (0..1000).for_each(|_| {
        deep.u32(9).length(1);
    });
    check(&deep.u32(4).length(0).bytes, "lists inside one another");
    let mut wide = Writer::new(3, false, 1, 0);
    check(&wide.text("w").u32(2).length(u64::MAX).length(u64::MAX).u32(0).u64(0).bytes, "do not fit");
    let whole = sample(3, false);
    check(&whole[..whole.len() - 1], "end beyond the file");
    for n in 0..whole.len() {
        for change in [0xff, 0x01] {
            let mut bytes = whole.clone();
            bytes[n] ^= change;
            for part in [&bytes[..], &bytes[..n]] {
                if let Err(error) = read(&Bytes::new("m.gguf", part)) {
                    assert!(error.kind() != ErrorKind::Source && !error.to_string().is_empty());
                }
            }
        }
    }
}

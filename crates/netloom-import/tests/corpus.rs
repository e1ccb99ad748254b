//! Every file of the model corpus gets the stated answer.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom_graph::{Graph, Producer, Severity, TensorId};
use netloom_import::{Bytes, Error, read};
use serde_json::Value;

fn corpus(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).join(folder);
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: no corpus at {}", root.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn open(path: &Path) -> Result<Graph, Error> {
    read(&Bytes::new(name(path), std::fs::read(path).unwrap()))
}

#[test]
fn every_onnx_file_opens_and_holds_what_it_holds() {
    let files = corpus("onnx");
    let Some(folder) = files.first().and_then(|f| f.parent()?.parent()) else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let facts: BTreeMap<String, &Value> = match &truth["files"] {
        Value::Object(all) => all.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(all) => all.iter().map(|v| (v["path"].as_str().unwrap().to_owned(), v)).collect(),
        other => panic!("expected facts about files, found {other}"),
    };
    for path in files {
        let graph = open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let fact = facts[&format!("onnx/{}", name(&path))];
        check_facts(&name(&path), &graph, fact);
        let doubts: Vec<_> = graph.diagnostics.iter().filter(|d| d.severity > Severity::Note).collect();
        assert!(doubts.is_empty(), "{}: {doubts:?}", path.display());
    }
}

/// Operators, stored tensors, inputs, outputs and operator set are those that the Python package `onnx` finds.
fn check_facts(file: &str, graph: &Graph, fact: &Value) {
    let fact = &fact["onnx"];
    let mut ops: BTreeMap<&str, u64> = BTreeMap::new();
    graph.nodes().for_each(|(_, n)| *ops.entry(&n.op).or_insert(0) += 1);
    let expected: BTreeMap<&str, u64> = fact["op_counts"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_u64().unwrap()))
        .collect();
    assert_eq!(ops, expected, "{file}");

    let mut inputs = values(&fact["inputs"]);
    let stored: Vec<_> = graph.tensors().filter_map(|(_, t)| t.weight.as_ref()).collect();
    if file.contains("params_as_inputs") {
        assert_eq!(stored.len() + 1, inputs.len(), "{file}");
        inputs.truncate(1);
    } else {
        let elements: u64 = stored.iter().map(|w| w.shape.elements().unwrap()).sum();
        assert_eq!(Some(stored.len() as u64), fact["initializers"].as_u64(), "{file}");
        assert_eq!(Some(elements), fact["initializer_elements"].as_u64(), "{file}");
    }
    let described = |ids: &[TensorId]| -> Vec<String> {
        let tensors = ids.iter().map(|t| graph.tensor(*t));
        tensors.map(|t| format!("{} {} {}", t.name, t.ty.dtype().unwrap(), t.ty.shape())).collect()
    };
    assert_eq!(described(&graph.inputs), inputs, "{file}");
    assert_eq!(described(&graph.outputs), values(&fact["outputs"]), "{file}");
    let opset = fact["opsets"]["ai.onnx"].as_i64().unwrap();
    assert!(graph.nodes().all(|(_, n)| n.opset == opset), "{file}");
    assert_eq!(Some(graph.producer.as_str()), fact["producer"].as_str(), "{file}");
}

fn values(list: &Value) -> Vec<String> {
    let describe = |value: &Value| {
        let dtype = value["dtype"].as_str().unwrap().replace("float", "float32");
        let dim = |d: &Value| d.as_str().map_or_else(|| d.to_string(), str::to_owned);
        let shape: Vec<String> = value["shape"].as_array().unwrap().iter().map(dim).collect();
        format!("{} {dtype} {}", value["name"].as_str().unwrap(), shape.join("×"))
    };
    list.as_array().unwrap().iter().map(describe).collect()
}

/// The bad files: what the message holds, or the worst remark.
const MALFORMED: &[(&str, &str)] = &[
    (
        "bad_count.gguf",
        "damaged at byte 8: expected tensors that fit into 40 bytes, found 2 305 843 009 213 693 952 promised",
    ),
    (
        "bad_offset.tflite",
        "damaged at byte 0: expected an offset inside 72 bytes, found one to byte 2 147 483 632",
    ),
    ("cyclic.onnx", "ok: nodes feed each other in a cycle: 'first', 'second'"),
    ("dangling_input.onnx", "ok: expected an input, a stored value or a node that makes it, found none"),
    ("deep.json", "expected JSON of at most 128 levels, found more"),
    ("deep_nesting.onnx", "nested more than 100 messages deep at byte 1 392"),
    (
        "duplicate_names.onnx",
        "ok: expected one node that makes each value, found another: later readers see the later one",
    ),
    ("empty.onnx", "the file is empty: expected a model, found 0 bytes"),
    ("evil_pickle.pt", "refused: names the global os.system"),
    (
        "huge_dims.onnx",
        "ok: expected a number of elements below 2^64, found dimensions whose product is larger",
    ),
    (
        "huge_header.safetensors",
        "damaged at byte 0: expected a header of 1 152 921 504 606 846 976 bytes, found 7 bytes",
    ),
    ("negative_dims.onnx", "ok: expected dimensions of zero or more, found a negative one: taken as unknown"),
    ("no_shapes_dynamic.onnx", "ok: "),
    ("non_utf8_names.onnx", "ok: expected a name in UTF-8, found other bytes"),
    ("overlapping_offsets.safetensors", "ok: the bytes of `a` and `b` overlap"),
    (
        "truncated.onnx",
        "damaged at byte 11: expected 16 479 bytes in field 7, found 8 986 before the end of the file",
    ),
    ("wrong_magic.onnx", "not an ONNX file: found a PNG header"),
    ("zip_bomb.keras", "`config.json` grows from 260 917 to more than 52 183 400 bytes when unpacked"),
];

#[test]
fn malformed_files_get_the_stated_answer() {
    for path in corpus("malformed") {
        let Some((_, expected)) = MALFORMED.iter().find(|(file, _)| *file == name(&path)) else { continue };
        let found = match open(&path) {
            Err(error) => error.to_string(),
            Ok(graph) => {
                let worst = graph
                    .diagnostics
                    .iter()
                    .filter(|d| d.severity > Severity::Note)
                    .max_by_key(|d| d.severity);
                format!("ok: {}", worst.map_or("", |d| d.message.as_str()))
            }
        };
        assert_eq!(&found, expected, "{}", path.display());
    }
}

#[test]
fn bad_names_keep_their_edges() {
    for path in corpus("malformed") {
        let nodes = match name(&path).as_str() {
            "non_utf8_names.onnx" => 1,
            "duplicate_names.onnx" => 3,
            _ => continue,
        };
        let graph = open(&path).unwrap();
        assert_eq!(graph.nodes().len(), nodes, "{}", path.display());
        let last = graph.nodes().last().unwrap().1;
        let maker = graph.tensor(last.inputs[0].unwrap()).producer;
        assert!(matches!(maker, Producer::Node(..) | Producer::Input(_)), "{}: {maker:?}", path.display());
    }
}

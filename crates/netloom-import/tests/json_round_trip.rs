//! Graphs written as JSON and read back are the graphs they were.
#![expect(clippy::disallowed_methods, reason = "tests read fixtures and the model corpus")]

use std::path::{Path, PathBuf};

use netloom_import::{Bytes, formats::loom, read, writers::json};

fn check(name: &str, graph: &netloom_graph::Graph) {
    let text = json::write(graph);
    let back = read(&Bytes::new("graph.json", text.as_bytes())).unwrap_or_else(|e| panic!("{name}: {e}"));
    let again = json::write(&back);
    if let Some((a, b)) = text.lines().zip(again.lines()).find(|(a, b)| a != b) {
        panic!("{name}:\n{a}\n{b}");
    }
    assert_eq!(text.len(), again.len(), "{name}");
    assert_eq!(back.nodes().len(), graph.nodes().len(), "{name}");
    for ((_, a), (_, b)) in graph.tensors().zip(back.tensors()) {
        assert_eq!((a.producer, &a.consumers), (b.producer, &b.consumers), "{name}: {}", a.name);
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    found.retain(|p| p.extension().is_some_and(|e| e == extension));
    found.sort();
    found
}

#[test]
fn fixtures_come_back() {
    let found = files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")), "loom");
    assert!(found.len() >= 12);
    for path in found {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let graph = loom::parse(&text).unwrap_or_else(|p| panic!("{}", p[0].render(&name, &text)));
        check(&name, &graph);
    }
}

#[test]
fn models_of_the_corpus_come_back() {
    let found = files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx")), "onnx");
    if found.is_empty() {
        println!("skipped: no model corpus");
    }
    for path in found {
        if std::fs::metadata(&path).map_or(0, |m| m.len()) > 64 << 20 {
            continue;
        }
        let name = path.display().to_string();
        let Ok(mut graph) = read(&Bytes::new(name.clone(), std::fs::read(&path).unwrap())) else { continue };
        netloom_graph::infer::infer(&mut graph);
        check(&name, &graph);
    }
}

#[test]
fn broken_json_is_told() {
    for (text, message) in [
        ("{\"netloom_graph\": 1,\n\"modules\": [", "damaged at byte 33: expected more JSON, found the end"),
        (
            "{\"netloom_graph\": 2, \"modules\": [], \"tensors\": [], \"nodes\": [], \"inputs\": [], \"outputs\": []}",
            "expected version 1 of `netloom_graph`, found 2",
        ),
        (
            "{\"netloom_graph\": 1, \"modules\": [], \"tensors\": [], \"nodes\": [], \"inputs\": [], \"outputs\": []}",
            "expected at least the root module, found none",
        ),
        (
            "{\"netloom_graph\": 1, \"modules\": [{\"name\": \"\", \"parent\": null}], \"tensors\": [], \"nodes\": [], \"inputs\": [3], \"outputs\": []}",
            "expected one of 0 tensors, found index 3",
        ),
        (
            "{\"netloom_graph\": 1, \"modules\": [{\"name\": \"\", \"parent\": null}, {\"name\": \"a\", \"parent\": 1}], \"tensors\": [], \"nodes\": [], \"inputs\": [], \"outputs\": []}",
            "expected one of 1 modules, found index 1",
        ),
    ] {
        let error = read(&Bytes::new("g.json", text.as_bytes())).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

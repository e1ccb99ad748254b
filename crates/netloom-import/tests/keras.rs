//! Keras models of the corpus agree with what Keras says of them; damaged ones are refused.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod common;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::Random;
use netloom_graph::summary::{Summary, summary};
use netloom_graph::{Dim, Graph, ModuleId, Shape};
use netloom_import::{Bytes, ErrorKind, read};
use serde_json::Value;

fn corpus() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_path_buf()
}

fn load(path: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: no {}", path.display());
    }
    bytes
}

fn truth() -> Option<Value> {
    Some(serde_json::from_slice(&load(&corpus().join("truth.json"))?).unwrap())
}

fn open(name: &str, bytes: &[u8]) -> (Graph, Summary) {
    let mut graph = read(&Bytes::new(name, bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
    netloom_graph::infer::infer(&mut graph);
    let facts = summary(&graph);
    (graph, facts)
}

/// Shapes, with `None` for what is open.
type Shapes = Vec<Vec<Option<i64>>>;

/// Rows of a summary by the path of their module.
fn rows<'a>(graph: &'a Graph, facts: &'a Summary) -> BTreeMap<&'a str, (ModuleId, u64, Shapes)> {
    let dims = |shape: &Shape| shape.dims().unwrap_or_default().iter().map(Dim::as_known).collect();
    let row = |m: &'a netloom_graph::summary::ModuleSummary| {
        let made = m.outputs.iter().map(|t| dims(graph.tensor(*t).ty.shape())).collect();
        (graph.module(m.id).path.as_str(), (m.id, m.parameters, made))
    };
    facts.modules.iter().map(row).collect()
}

/// Layers of a model as Keras lists them: name, class, parameters, shapes that come out.
fn layers(model: &Value) -> Vec<(String, String, u64, Shapes)> {
    let shape = |s: &Value| s.as_array().unwrap().iter().map(Value::as_i64).collect();
    let layer = |l: &Value| {
        (
            l["name"].as_str().unwrap().to_owned(),
            l["type"].as_str().unwrap().to_owned(),
            l["params"].as_u64().unwrap(),
            l["out"].as_array().into_iter().flatten().map(shape).collect(),
        )
    };
    model["top_level"].as_array().unwrap().iter().map(layer).collect()
}

fn check(name: &str, file: &str, bytes: &[u8], model: &Value) {
    let (graph, facts) = open(file, bytes);
    assert_eq!(graph.format, "keras", "{file}");
    let (total, trainable) = (model["params_total"].as_u64(), model["params_trainable"].as_u64());
    // An architecture alone does not say what weights a custom layer has.
    let complete = !(name == "keras_custom" && file.ends_with(".json"));
    if complete {
        assert_eq!(Some(facts.parameters), total, "{file}");
    }
    let rows = rows(&graph, &facts);
    if file.ends_with(".weights.h5") {
        assert!(
            graph.nodes().len() == 0
                && graph.diagnostics.iter().any(|d| d.message.contains("without a network"))
        );
    } else {
        assert!(!complete || facts.trainable_parameters == trainable, "{file}");
        for (key, ends) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
            let names: Vec<&str> = ends.iter().map(|t| graph.tensor(*t).name.as_str()).collect();
            let said: Vec<&str> =
                model[key].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
            // The last layer of a model in a model is called by its whole path.
            assert!(
                names.iter().zip(&said).all(|(n, s)| n.split('.').any(|p| p == *s)),
                "{file}: {names:?} {said:?}"
            );
            assert_eq!(names.len(), said.len(), "{file}");
        }
        for message in graph.diagnostics.iter().map(|d| &d.message) {
            assert!(message.contains("custom layer"), "{file}: {message}");
        }
    }
    for (layer, class, parameters, shapes) in layers(model) {
        if class == "InputLayer" {
            continue;
        }
        let (id, found, made) = rows.get(layer.as_str()).unwrap_or_else(|| panic!("{file}: no {layer}"));
        if complete || class != "ScaledResidualDense" {
            assert_eq!(*found, parameters, "{file}: {layer}");
        }
        if !file.ends_with(".weights.h5") {
            assert_eq!(graph.module(*id).class.as_deref(), Some(class.as_str()), "{file}: {layer}");
            assert_eq!(*made, shapes, "{file}: {layer}");
        }
    }
}

#[test]
fn the_corpus_agrees_with_keras() {
    let Some(truth) = truth() else { return };
    let mut files = 0;
    for (name, model) in
        truth["models"].as_object().unwrap().iter().filter(|(_, m)| m["framework"] == "keras")
    {
        for ending in ["keras", "h5", "json", "weights.h5"] {
            let file = format!("{name}.{ending}");
            let path = corpus().join("keras").join(&file);
            if let Ok(bytes) = std::fs::read(path) {
                check(name, &file, &bytes, model);
                files += 1;
            }
        }
    }
    assert!(files >= 24, "{files} files");
}

#[test]
fn weights_are_not_read() {
    let file = corpus().join("keras/keras_lenet5.keras");
    let Some(bytes) = load(&file) else { return };
    let (graph, _) = open("m.keras", &bytes);
    let stored = graph.tensors().filter(|(_, t)| t.is_stored() && t.name.ends_with("kernel"));
    assert_eq!(stored.filter(|(_, t)| t.value.is_none()).count(), 5);
}

#[test]
fn malformed_files_get_their_answer() {
    for (file, kind, part) in
        [("zip_bomb.keras", ErrorKind::Limit, "when unpacked"), ("deep.json", ErrorKind::Limit, "128 levels")]
    {
        let Some(bytes) = load(&corpus().join("malformed").join(file)) else { return };
        let error = read(&Bytes::new(file, bytes)).expect_err(file);
        assert_eq!(error.kind(), kind, "{file}: {error}");
        assert!(error.to_string().contains(part), "{file}: {error}");
    }
}

#[test]
fn mutated_and_cut_files_are_read_or_refused() {
    let names = [
        "keras_nested.keras",
        "keras_nested.h5",
        "keras_nested.json",
        "keras_custom.h5",
        "keras_bilstm.keras",
    ];
    let seeds: Vec<Vec<u8>> = names.iter().filter_map(|n| load(&corpus().join("keras").join(n))).collect();
    if seeds.is_empty() {
        return;
    }
    let mut random = Random(11);
    for round in 0..600 {
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
        targets::keras_read(&bytes);
    }
}

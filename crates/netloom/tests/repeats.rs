//! Repeats found in the files of the corpus equal the truth beside it.

use std::path::Path;

use netloom::{Bytes, FigureOptions, draw, read, report};
use serde_json::Value;

/// Models of the truth, with the blocks that `--fold identical` draws as one.
const MODELS: &[(&str, &[u64])] = &[
    ("resnet18", &[2]),
    ("resnet50", &[2, 3, 5, 2]),
    ("bert_base", &[12]),
    ("vit_b_16", &[12]),
    ("gpt2_small", &[12]),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads models")]
fn repeats_of_the_corpus_are_found() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models"));
    let Ok(truth) = std::fs::read_to_string(shared.join("truth.json")) else {
        println!("skipped: no corpus at {}", shared.display());
        return;
    };
    let truth: Value = serde_json::from_str(&truth).expect("the truth is JSON");
    let mut compared = 0;
    let mut files: Vec<_> = std::fs::read_dir(shared.join("onnx"))
        .expect("the corpus has ONNX files")
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or_default();
        let Some((model, folds)) = MODELS.iter().find(|m| m.0 == stem && name.ends_with(".onnx")) else {
            continue;
        };
        let bytes = std::fs::read(&path).expect("a model can be read");
        let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let json: Value = serde_json::from_str(&report::json(&graph, &name)).expect("the report is JSON");
        let want: Vec<Value> = truth["models"][model]["repeats"]
            .as_array()
            .expect("the truth lists repeats")
            .iter()
            .map(|r| row(&r["container"], r, &r["identical_runs"]))
            .collect();
        let found = json["repeats"].as_array().expect("the report lists repeats");
        let rows: Vec<Value> = found.iter().map(|r| row(&r["path"], r, &r["runs"])).collect();
        assert_eq!(rows, want, "{name}");
        for (repeat, truth) in
            found.iter().zip(truth["models"][model]["repeats"].as_array().expect("as above"))
        {
            let one = truth["identical_runs"].as_array().map(Vec::len) == Some(1);
            assert_eq!(repeat["identical"], one, "{name}");
            assert!(repeat["type"].is_null() || repeat["type"] == truth["type"], "{name}");
        }
        for fold in [1, 2, 3, 4, 12] {
            let depth = Some(netloom::Depth::Levels(fold));
            let options = FigureOptions { depth, ..FigureOptions::default() };
            let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
            let counts: Vec<u64> =
                figure.view.nodes.iter().map(|n| u64::from(n.repeat)).filter(|n| *n > 1).collect();
            assert!(counts.is_empty() || counts == *folds, "{name} at depth {fold}: {counts:?}");
            assert!(fold < 12 || counts == *folds, "{name}: nothing is folded when all is open");
        }
        compared += 1;
    }
    assert!(compared >= 10, "{compared} files");
}

/// What truth and report both say of a repeat.
fn row(container: &Value, repeat: &Value, runs: &Value) -> Value {
    serde_json::json!([container, repeat["first"], repeat["last"], repeat["count"], runs])
}

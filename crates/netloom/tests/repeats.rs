//! Repeats found in the files of the corpus equal the truth beside it, and figures draw them with their counts.

use std::path::Path;

use netloom::{Bytes, Depth, Detail, FigureOptions, Fold, draw, read, report};
use serde_json::Value;

/// The blocks that a figure draws once with a count, all modules being open: how often each comes, and what is said of
/// those that differ; for equal blocks alone and for blocks of one make.
const FOLDS: &[(&str, &[u32], Similar)] = &[
    ("resnet18", &[2], &[(2, ""), (2, FIRST), (2, FIRST), (2, FIRST)]),
    ("resnet50", &[2, 3, 5, 2], &[(3, "first: skip 1×1"), (4, FIRST), (6, FIRST), (3, FIRST)]),
    (
        "mobilenet_v2",
        &[2, 3, 2, 2],
        &[(2, HALVES), (3, HALVES), (4, HALVES), (3, "first: no skip"), (3, HALVES)],
    ),
    ("densenet121", &[], &[(6, DENSE[0]), (12, DENSE[1]), (24, DENSE[2]), (16, DENSE[3])]),
    ("bert_base", &[12], &[(12, "")]),
    ("vit_b_16", &[12], &[(12, "")]),
    ("gpt2_small", &[12], &[(12, "")]),
    ("squeezenet1_1", &[], &[(2, ""), (2, ""), (2, ""), (2, "")]),
    ("googlenet", &[], &[]),
    ("unet", &[], &[]),
    ("unet_small", &[], &[]),
];
/// Counts and remarks of blocks of one make.
type Similar = &'static [(u32, &'static str)];

const FIRST: &str = "first: /2, skip 1×1";
const HALVES: &str = "first: /2, no skip";
const DENSE: [&str; 4] = [
    "inputs 64 … 224 channels",
    "inputs 128 … 480 channels",
    "inputs 256 … 992 channels",
    "inputs 512 … 992 channels",
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
    let mut files: Vec<_> = ["onnx", "torch"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(shared.join(folder)).expect("the corpus has such files"))
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx" || e == "pt2"))
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let model = name.split('.').next().unwrap_or_default();
        let bytes = std::fs::read(&path).expect("a model can be read");
        let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let json: Value = serde_json::from_str(&report::json(&graph, &name)).expect("the report is JSON");
        let truths = truth["models"][model]["repeats"].as_array().expect("the truth lists repeats");
        let found = json["repeats"].as_array().expect("the report lists repeats");
        let want: Vec<Value> = truths.iter().map(|r| row(&r["container"], r, &r["identical_runs"])).collect();
        let rows: Vec<Value> = found.iter().map(|r| row(&r["path"], r, &r["runs"])).collect();
        assert_eq!(sorted(&rows), sorted(&want), "{name}");
        for (repeat, row) in found.iter().zip(&rows) {
            let truth = &truths[want.iter().position(|w| w == row).expect("rows are equal")];
            let one = truth["identical_runs"].as_array().map(Vec::len) == Some(1);
            assert_eq!(repeat["identical"], one, "{name}");
            assert!(repeat["type"].is_null() || repeat["type"] == truth["type"], "{name}");
        }
        compared += 1;
        let Some((_, identical, similar)) = FOLDS.iter().find(|f| f.0 == model) else { continue };
        for detail in [Detail::Paper, Detail::Implement] {
            let folds = |fold| {
                let options = FigureOptions {
                    style: "layered".to_owned(),
                    depth: Some(Depth::Full),
                    fold,
                    detail,
                    ..FigureOptions::default()
                };
                let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
                let nodes = figure.view.nodes.into_iter().filter(|n| n.repeat > 1);
                nodes.map(|n| (n.repeat, n.notes.join("; "))).collect::<Vec<_>>()
            };
            let counts: Vec<u32> = folds(Fold::Identical).iter().map(|f| f.0).collect();
            assert_eq!(counts, *identical, "{name}, {detail:?}");
            let found = folds(Fold::Similar);
            let found: Vec<(u32, &str)> = found.iter().map(|(n, note)| (*n, note.as_str())).collect();
            assert!(detail == Detail::Implement || found == *similar, "{name}: {found:?}");
            let counts = |f: &[(u32, &str)]| f.iter().map(|f| f.0).collect::<Vec<_>>();
            assert_eq!(counts(&found), counts(similar), "{name}, {detail:?}");
        }
    }
    assert!(compared >= 30, "{compared} files");
}

/// What truth and report both say of a repeat.
fn row(container: &Value, repeat: &Value, runs: &Value) -> Value {
    serde_json::json!([container, repeat["first"], repeat["last"], repeat["count"], runs])
}

/// The truth lists containers in order of definition, the report runs in order of use.
fn sorted(rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    rows.sort();
    rows
}

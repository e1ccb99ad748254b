//! Lifting keeps what every ONNX file of the model corpus and every fixture in the notation amounts to, and finds the
//! layers that their models have.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read the corpus from disk")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read a file fails")]

#[path = "common/invariants.rs"]
mod invariants;

use std::path::{Path, PathBuf};

use netloom_graph::lift::lift;
use netloom_graph::summary::summary;
use netloom_graph::{Graph, infer};
use netloom_import::{Bytes, read};

/// How many nodes of some kinds each file has once it is lifted.
const COUNTS: &[(&str, &str)] = &[
    (
        "bert_base.dynamo.op18.dynamic.onnx",
        "attention 12, gelu 12, layer_norm 25, linear 73, softmax 0, matmul 0",
    ),
    (
        "bert_base.dynamo.op18.onnx",
        "attention 12, attention_mask 1, gelu 12, layer_norm 25, linear 73, reshape 0, add 26, where 0",
    ),
    (
        "bert_base.ts.op17.onnx",
        "attention 12, attention_mask 1, gelu 12, layer_norm 25, linear 73, transpose 0, identity 0, where 0",
    ),
    ("bert_tiny.dynamo.op20.onnx", "attention 2, gelu 2, layer_norm 5, linear 13, add 6"),
    ("densenet121.ts.op18.onnx", "conv 120, global_avg_pool 1, identity 0"),
    (
        "gpt2_small.dynamo.op18.onnx",
        "attention 12, attention_mask 1, gelu 12, layer_norm 25, linear 49, add 25, pow 0, split 0",
    ),
    (
        "gpt2_small.ts.op17.onnx",
        "attention 12, attention_mask 1, gelu 12, layer_norm 25, linear 49, identity 0, split 0",
    ),
    // Additive attention over rank 3 sums products: it is no scaled dot product.
    ("gru_seq2seq.ts.op17.onnx", "attention 0, softmax 5, linear 20, gru 1, gru_cell 5, split 0, identity 0"),
    ("mobilenet_v2.dynamo.op20.onnx", "conv 52, relu6 35, add 10, global_avg_pool 1, linear 1"),
    ("mobilenet_v2.ts.op17.onnx", "conv 52, relu6 35, add 10, global_avg_pool 1, linear 1, identity 0"),
    ("resnet50.dynamo.op18.onnx", "conv 53, relu 49, add 16, global_avg_pool 1, reduce_mean 0"),
    ("resnet50.ts.op19.onnx", "conv 53, relu 49, add 16, global_avg_pool 1, identity 0"),
    ("vit_b_16.dynamo.op20.onnx", "attention 12, gelu 12, layer_norm 25, linear 49, add 25, gather 1"),
    ("vit_b_16.ts.op17.onnx", "attention 12, gelu 12, layer_norm 25, linear 49, sqrt 0, div 0, erf 0"),
    ("mask.loom", "attention 12, gelu 12, layer_norm 25, linear 72, softmax 0"),
    ("transformer.loom", "attention 2, gelu 2, layer_norm 5, linear 13, softmax 0"),
];

fn files() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for (folder, ending) in [("../../../shared/models/onnx", "onnx"), ("tests/fixtures", "loom")] {
        let Ok(entries) = std::fs::read_dir(here.join(folder)) else {
            println!("skipped: no folder {folder}");
            continue;
        };
        files.extend(
            entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == ending)),
        );
    }
    files.sort();
    files
}

fn open(path: &Path) -> Option<Graph> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut graph = read(&Bytes::new(name, std::fs::read(path).unwrap())).ok()?;
    infer::infer(&mut graph);
    Some(graph)
}

#[test]
fn what_a_model_amounts_to_stays() {
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(graph) = open(&path) else { continue };
        let lifted = lift(&graph);
        invariants::check(&name, &graph, &lifted);
        assert_eq!(lift(&lifted.graph).graph, lifted.graph, "lifting {name} again changes nothing");
    }
}

#[test]
fn the_layers_of_the_models_are_found() {
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((_, expected)) = COUNTS.iter().find(|(file, _)| *file == name) else { continue };
        let found = summary(&lift(&open(&path).unwrap()).graph).layers;
        let kinds = expected.split(", ").map(|part| part.split_once(' ').unwrap());
        for (kind, count) in kinds {
            assert_eq!(found.get(kind).copied().unwrap_or(0).to_string(), count, "{kind} in {name}");
        }
    }
}

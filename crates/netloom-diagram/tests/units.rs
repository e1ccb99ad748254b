//! Units found in the model corpus: how many of each, against what the models are made of.

use std::collections::BTreeMap;
use std::path::Path;

use netloom_graph::infer::infer;
use netloom_graph::lift::lift;
use netloom_graph::units::{Level, find};
use netloom_import::{Bytes, read};

#[test]
#[ignore = "prints"]
fn list() {
    let folder = std::env::var("MODELS").unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "onnx")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        println!("{name:45} {:?}", counts(file, Level::Paper));
    }
}

fn counts(file: &Path, level: Level) -> BTreeMap<String, usize> {
    let bytes = std::fs::read(file).unwrap();
    let mut graph = read(&Bytes::new(file.file_name().unwrap().to_str().unwrap(), bytes)).unwrap();
    infer(&mut graph);
    let lifted = lift(&graph);
    let mut counts = BTreeMap::new();
    for unit in find(&lifted.graph, level) {
        let text = format!("{}:{} [{}]", unit.rule, unit.title, unit.subtitle);
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

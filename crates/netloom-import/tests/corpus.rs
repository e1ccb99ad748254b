//! Every file of the model corpus gets the stated answer.
#![expect(clippy::disallowed_methods, reason = "tests read the corpus from disk")]

use std::path::{Path, PathBuf};

use netloom_graph::Graph;
use netloom_import::{Bytes, Error, read};

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

fn open(path: &Path) -> Result<Graph, Error> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    read(&Bytes::new(name, std::fs::read(path).unwrap()))
}

#[test]
fn every_onnx_file_opens() {
    for path in corpus("onnx") {
        let graph = open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        println!(
            "{} {} nodes {} modules {:?}",
            path.display(),
            graph.nodes().len(),
            graph.modules().len(),
            graph.diagnostics.iter().filter(|d| !d.message.contains("is not known")).collect::<Vec<_>>()
        );
    }
}

#[test]
fn malformed() {
    for path in corpus("malformed") {
        println!("{} {:?}", path.display(), open(&path).map(|g| g.diagnostics));
    }
}

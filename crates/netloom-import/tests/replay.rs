//! Every seed of the fuzzers, and every input that once failed, runs through the fuzz targets.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::path::Path;

mod targets;

/// Runs a target over every file of a folder, and over every file cut at a few places.
fn replay(folder: &str, target: fn(&[u8])) {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&root)
        .unwrap_or_else(|e| panic!("{}: {e}", root.display()))
        .map(|f| f.unwrap().path())
        .filter(|f| f.is_file())
        .collect();
    files.sort();
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        target(&bytes);
        (1..4).for_each(|quarter| target(&bytes[..bytes.len() * quarter / 4]));
    }
}

#[test]
fn onnx_read() {
    replay("corpus/onnx", targets::onnx_read);
    replay("crashes/onnx", targets::onnx_read);
}

#[test]
fn shape_inference() {
    replay("corpus/onnx", targets::shape_inference);
    replay("crashes/onnx", targets::shape_inference);
}

#[test]
fn loom_read() {
    replay("corpus/loom", targets::loom_read);
}

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
    replay_with(folder, &target);
}

fn replay_with(folder: &str, target: &dyn Fn(&[u8])) {
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

#[test]
fn templates_read() {
    replay("corpus/templates", targets::templates_read);
}

/// Formats whose target is their reader alone: the folder of seeds and the name that a source has.
const READERS: &[(&str, &str)] = &[
    ("caffe", "a.prototxt"),
    ("coreml", "a.mlmodel"),
    ("darknet", "a.cfg"),
    ("dot", "a.dot"),
    ("gguf", "a.gguf"),
    ("hugging_face", "config.json"),
    ("json", "a.json"),
    ("keras", "a.keras"),
    ("mxnet", "a-symbol.json"),
    ("openvino", "a.xml"),
    ("safetensors", "a.safetensors"),
    ("torch", "a.pt"),
    ("torch-export", "a.pt2"),
    ("torchscript", "a.pt"),
];

#[test]
fn readers_of_formats() {
    for (format, name) in READERS {
        let target = |data: &[u8]| targets::format_read(format, name, data);
        replay_with(&format!("corpus/{format}"), &target);
        replay_with(&format!("corpus/{format}"), &targets::any_read);
    }
}

#[test]
fn pickles_and_code() {
    replay("corpus/torch", targets::pickle_read);
    replay("corpus/torchscript", targets::torchscript_read);
}

#[test]
fn every_format_has_seeds_and_a_target() {
    let fuzz = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz"));
    for format in netloom_import::FORMATS {
        let name = format.name().replace('-', "_");
        let target = fuzz.join(format!("fuzz_targets/{name}_read.rs"));
        assert!(target.exists(), "{}", target.display());
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("\"{name}_read\"")), "{name}");
    }
}

#[test]
fn loom_format() {
    replay("corpus/loom", targets::loom_format);
}

#[test]
fn loom_write() {
    replay("corpus/loom", targets::loom_write);
    replay("corpus/onnx", targets::loom_write);
    replay("crashes/onnx", targets::loom_write);
}

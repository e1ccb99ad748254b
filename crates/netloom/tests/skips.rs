//! Residual additions found in the files of the corpus equal the truth beside it.

use std::path::Path;

use netloom::{Bytes, read, report};
use serde_json::Value;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads models")]
fn residual_additions_of_the_corpus_are_counted() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models"));
    let Ok(truth) = std::fs::read_to_string(shared.join("truth.json")) else {
        println!("skipped: no corpus at {}", shared.display());
        return;
    };
    let truth: Value = serde_json::from_str(&truth).expect("the truth is JSON");
    let mut files: Vec<_> = ["onnx", "torch"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(shared.join(folder)).expect("the corpus has such files"))
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx" || e == "pt2"))
        .collect();
    files.sort();
    assert!(files.len() >= 30, "{} files", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let model = name.split('.').next().unwrap_or_default();
        let want = &truth["models"][model]["skip_adds"];
        let bytes = std::fs::read(&path).expect("a model can be read");
        let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let json: Value = serde_json::from_str(&report::json(&graph, &name)).expect("the report is JSON");
        if !want.is_u64() || json["skips"] != *want {
            wrong.push(format!("{name}: {} instead of {want}", json["skips"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

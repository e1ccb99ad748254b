//! The models that tests of every model read: the corpus where it is present, and those that ship with the project.

use std::path::{Path, PathBuf};

use netloom::{Bytes, Graph, read};

/// Every model, by path.
pub fn models() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("../../../shared/models/onnx"), root.join("../../examples")];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|p| p.extension().is_some_and(|e| e == "onnx" || e == "loom"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "models ship with the project");
    files
}

/// A model and the name of its file.
pub fn open(path: &Path) -> (String, Graph) {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    #[expect(clippy::disallowed_methods, reason = "a test reads models")]
    let bytes = std::fs::read(path).expect("a model can be read");
    let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
    (name, graph)
}

//! Scene lint of every model of the corpus, at three depths, in every theme.

use std::path::{Path, PathBuf};

use netloom::{Bytes, Depth, FigureOptions, draw, lint, read};

/// The corpus where it is present, else the models that ship with the project.
fn models() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../../../shared/models/onnx");
    let folder = if corpus.is_dir() { corpus } else { root.join("../../examples") };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("there are models")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|p| p.extension().is_some_and(|e| e == "onnx" || e == "loom"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no models in {}", folder.display());
    files
}

#[test]
fn figures_of_every_model_are_clean() {
    let mut wrong = Vec::new();
    let (mut figures, mut crossings, mut bends) = (0, 0, 0);
    for path in models() {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        #[expect(clippy::disallowed_methods, reason = "a test reads models")]
        let bytes = std::fs::read(&path).expect("a model can be read");
        let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        for depth in [Depth::Levels(1), Depth::Levels(2), Depth::Full] {
            for theme in ["light", "dark", "print"] {
                let options =
                    FigureOptions { depth: Some(depth), theme: theme.to_owned(), ..FigureOptions::default() };
                let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
                let report = lint(&graph, &figure);
                figures += 1;
                if theme == "light" {
                    crossings += report.crossings;
                    bends += report.bends;
                }
                for defect in report.defects.iter().take(3) {
                    let keys: Vec<String> = defect.keys.iter().map(ToString::to_string).collect();
                    wrong.push(format!(
                        "{name} {depth:?} {theme}: {} {} [{}]",
                        defect.rule.message(),
                        defect.detail,
                        keys.join(", ")
                    ));
                }
            }
        }
    }
    println!("{figures} figures, {crossings} crossings and {bends} bends in the light theme");
    assert!(wrong.is_empty(), "{} defects:\n{}", wrong.len(), wrong.join("\n"));
}

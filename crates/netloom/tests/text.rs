//! Plain-text figures of every model: lines no wider than asked, one per box, ASCII where nothing else is wanted.

use std::path::{Path, PathBuf};

use netloom::{Bytes, read};
use netloom_diagram::plain::{PlainOptions, plain};
use netloom_diagram::view::{NodeKind, View};
use netloom_diagram::{Depth, Fold, ViewOptions, view};
use netloom_graph::{Graph, hierarchy, lift};

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
    files
}

/// How many lines carry the mark of a box on a rail: on the left, before two spaces and a name.
fn marked(text: &str, marks: &[char]) -> usize {
    let is_rail = |c: char| marks.contains(&c) || " │├╮┤┼─╯┴|\\/-".contains(c);
    text.lines().filter(|l| l.chars().take_while(|c| is_rail(*c)).any(|c| marks.contains(&c))).count()
}

#[track_caller]
fn check(name: &str, graph: &Graph, options: &ViewOptions, width: usize) {
    let shown: View = view(graph, options);
    let boxes =
        shown.nodes.iter().filter(|n| !matches!(n.kind, NodeKind::Container | NodeKind::Stub)).count();
    let text = plain(graph, &shown, options, PlainOptions { ascii: false, width });
    assert_eq!(marked(&text, &['●', '○', '⊕', '⊗', '■']), boxes, "{name}: boxes\n{text}");
    let ascii = plain(graph, &shown, options, PlainOptions { ascii: true, width });
    assert!(ascii.is_ascii(), "{name}: {ascii}");
    assert_eq!(ascii.lines().count(), text.lines().count(), "{name}");
    for line in text.lines().chain(ascii.lines()) {
        assert!(line.chars().count() <= width, "{name}: wider than {width}: {line}");
        assert_eq!(line.trim_end(), line, "{name}: space at the end");
    }
    assert_eq!(text, plain(graph, &shown, options, PlainOptions { ascii: false, width }), "{name}: twice");
}

#[test]
fn every_box_has_a_line_of_bounded_width() {
    for path in models() {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        #[expect(clippy::disallowed_methods, reason = "a test reads models")]
        let bytes = std::fs::read(&path).expect("a model can be read");
        let graph = read(&Bytes::new(name.clone(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let graph = hierarchy::infer(&lift::lift(&graph).graph);
        for (depth, fold, plumbing, width) in [
            (Depth::Levels(1), Fold::Similar, false, 100),
            (Depth::Levels(2), Fold::Similar, false, 80),
            (Depth::Full, Fold::Similar, false, 100),
            (Depth::Full, Fold::None, true, 120),
        ] {
            check(&name, &graph, &ViewOptions { depth, fold, plumbing, ..ViewOptions::default() }, width);
        }
    }
}

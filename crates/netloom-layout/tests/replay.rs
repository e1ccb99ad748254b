//! Replays what the fuzz target found, and its seeds.
#![expect(clippy::disallowed_methods, reason = "the corpus is files")]

use netloom_layout::sample::probe;

#[test]
fn corpus_is_sound() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/layout");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is checked in")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let (_, defects) = probe(&std::fs::read(&file).expect("the file can be read"));
        assert!(defects.is_empty(), "{}: {defects:?}", file.display());
    }
}

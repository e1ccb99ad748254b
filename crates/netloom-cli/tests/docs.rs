//! The figures of the docs are what the commands printed beside them draw today.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn figures_of_the_gallery_are_up_to_date() {
    let page = std::fs::read_to_string(root().join("docs/gallery.md")).expect("the gallery is there");
    let mut compared = 0;
    for line in page.lines().filter(|l| l.starts_with("netloom draw ")) {
        let mut words: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
        let at = words.iter().position(|w| w == "-o").expect("a command of the gallery writes a figure") + 1;
        let figure = words[at].clone();
        if !root().join(&words[1]).is_file() {
            println!("not compared: {} is not here", words[1]);
            continue;
        }
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs").join(&figure);
        std::fs::create_dir_all(fresh.parent().expect("a figure is in a folder"))
            .expect("a folder can be made");
        words[at] = fresh.to_string_lossy().into_owned();
        let status = Command::new(env!("CARGO_BIN_EXE_netloom"))
            .args(&words)
            .current_dir(root())
            .status()
            .expect("it starts");
        assert!(status.success(), "{line}");
        let (old, new) = (std::fs::read(root().join(&figure)), std::fs::read(&fresh));
        assert!(
            old.expect("the figure is there") == new.expect("the figure was drawn"),
            "{figure} differs from what its command draws: run `cargo xtask docs` and look at it"
        );
        assert!(page.contains(figure.trim_start_matches("docs/")), "the gallery shows {figure}");
        compared += 1;
    }
    assert!(compared >= 1, "the model that ships with the project is always compared");
}

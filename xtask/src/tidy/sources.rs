//! Everything built comes from the public registries by name: no other address, no path of one machine.

use super::{Check, Problem};
use crate::workspace::{File, Workspace};

/// The row of this check.
pub const CHECK: Check =
    Check { name: "sources", about: "packages come from the public registries by name only", find };

/// The only source that the lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What binds a build to an address or to one machine, by the files in which it would stand.
const MARKS: &[(&str, &[&str])] = &[
    ("Cargo.toml", &["git = \"", "registry = \"", "http://"]),
    (
        ".cargo/config.toml",
        &["registry = \"", "index = \"", "replace-with", "proxy", "directory = \"", "target-dir"],
    ),
    (".ci/run", &["--index-url", "--registry", "http://", "https://", "/work/", "/home/"]),
    (".mjs", &["http://", "https://"]),
    ("package.json", &["http://", "https://", "file:"]),
    ("package-lock.json", &["http://"]),
];

fn find(workspace: &Workspace) -> Vec<Problem> {
    workspace
        .files
        .iter()
        .flat_map(|file| if file.path == "Cargo.lock" { locked(file) } else { marked(file) })
        .collect()
}

fn locked(file: &File) -> Vec<Problem> {
    let source = |l: &str| l.strip_prefix("source = \"").map(|s| s.trim_end_matches('"').to_owned());
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(i, line)| source(line).filter(|s| s != REGISTRY).map(|s| (i + 1, s)))
        .map(|(line, s)| Problem::new(&file.path, line, format!("expected {REGISTRY}, found {s}")))
        .collect()
}

fn marked(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (end, marks) in MARKS.iter().filter(|(end, _)| file.path.ends_with(end)) {
        for (i, line) in file.text.lines().enumerate() {
            for mark in marks.iter().filter(|m| line.contains(**m)) {
                problems.push(Problem::new(&file.path, i + 1, format!("`{mark}` binds {end} to one place")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn other_places_are_found() {
        let said = |path, text: &str| said(&CHECK, &[(path, text)]);
        assert_eq!(
            said("Cargo.lock", &format!("[[package]]\nsource = \"{REGISTRY}\"\n")),
            Vec::<String>::new()
        );
        assert_eq!(
            said("Cargo.lock", "source = \"registry+https://mirror.example/index\"\n"),
            [format!("Cargo.lock:1: expected {REGISTRY}, found registry+https://mirror.example/index")]
        );
        assert_eq!(
            said("crates/a/Cargo.toml", "x = { git = \"https://example.org/x\" }"),
            ["crates/a/Cargo.toml:1: `git = \"` binds Cargo.toml to one place"]
        );
        assert_eq!(said(".ci/run", "pip install --index-url http://10.0.0.1 onnx").len(), 2);
        assert_eq!(said("crates/a/Cargo.toml", "repository = \"https://example.org\""), Vec::<String>::new());
    }
}

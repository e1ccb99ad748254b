//! Nothing is left for later: no marks of unfinished work in code.

use super::{Check, Problem};
use crate::workspace::Workspace;

/// The row of this check.
pub const CHECK: Check = Check { name: "words", about: "no marks of unfinished work", find };

/// The words, in halves so that this file does not hold them.
const WORDS: &[[&str; 2]] = &[
    ["TO", "DO"],
    ["FIX", "ME"],
    ["HA", "CK"],
    ["XX", "X"],
    ["unimplem", "ented!"],
    ["to", "do!"],
    ["//! Stu", "b."],
];

fn find(workspace: &Workspace) -> Vec<Problem> {
    let words: Vec<String> = WORDS.iter().map(|halves| halves.concat()).collect();
    let mut problems = Vec::new();
    for file in workspace.files.iter().filter(|f| is_code(&f.path)) {
        for (i, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|w| contains_word(line, w)) {
                problems.push(Problem::new(
                    &file.path,
                    i + 1,
                    format!("`{word}`: finish it, or open an issue"),
                ));
            }
        }
    }
    problems
}

fn is_code(path: &str) -> bool {
    [".rs", ".mjs", ".js", ".py", ".sh", ".css", ".html"].iter().any(|e| path.ends_with(e))
        || path.starts_with(".ci/")
}

/// Whether the word stands in the line apart from other letters.
fn contains_word(line: &str, word: &str) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_end = word.ends_with(|c: char| c.is_alphanumeric());
        !(joined(before) || open_end && joined(after))
    })
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn marks_are_found_and_look_alikes_pass() {
        for halves in WORDS {
            let word = halves.concat();
            let text = format!("//! Planted.\n    // {word} later\n").replace("// //!", "//!");
            let said = said(&CHECK, &[("crates/a/src/lib.rs", &text)]);
            assert_eq!(said.len(), 1, "{word}: {said:?}");
            assert!(said[0].starts_with("crates/a/src/lib.rs:2: "), "{said:?}");
        }
        for harmless in ["AUTODOC", "XXXL", "hacksaw", "let TODOS = 1;"] {
            assert_eq!(
                said(&CHECK, &[("crates/a/src/lib.rs", harmless)]),
                Vec::<String>::new(),
                "{harmless}"
            );
        }
        let elsewhere = format!("{}: buy milk", WORDS[0].concat());
        assert_eq!(said(&CHECK, &[("notes.md", &elsewhere)]), Vec::<String>::new());
    }
}

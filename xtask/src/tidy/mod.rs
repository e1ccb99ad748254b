//! `cargo xtask tidy`: invariants of the workspace that the compiler does not check, as pure functions over its texts.
//!
//! The same checks run as an ordinary test, so `cargo test --workspace` keeps them too.

use std::fmt;

use crate::workspace::Workspace;
use crate::{Command, Outcome};

mod arrows;
mod colors;
mod headers;
mod length;
mod names;
mod promises;
mod registries;
mod sources;
mod words;

/// The row of this command.
pub const COMMAND: Command =
    Command { name: "tidy", about: "arrows, registries, headers, words, promises", run };

/// One invariant.
struct Check {
    name: &'static str,
    /// What holds when it finds nothing.
    about: &'static str,
    find: fn(&Workspace) -> Vec<Problem>,
}

/// Every invariant, one per file, in order of file name.
const CHECKS: &[Check] = &[
    arrows::CHECK,
    colors::CHECK,
    headers::CHECK,
    length::CHECK,
    names::CHECK,
    promises::CHECK,
    registries::CHECK,
    sources::CHECK,
    words::CHECK,
];

/// A place where an invariant does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Problem {
    path: String,
    /// Counted from one; zero for the file as a whole.
    line: usize,
    message: String,
}

impl Problem {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

fn run(_args: &[String]) -> Outcome {
    let workspace = Workspace::load()?;
    let mut count = 0;
    for check in CHECKS {
        for problem in (check.find)(&workspace) {
            count += 1;
            println!("{problem} [{}: {}]", check.name, check.about);
        }
    }
    for (path, lines) in length::long(&workspace) {
        println!("note: {path} has {lines} lines of code: one long thing, or a drawer to split?");
    }
    if count > 0 {
        return Err(format!("{count} places are not tidy"));
    }
    println!("tidy: {} checks over {} files, all well", CHECKS.len(), workspace.files.len());
    Ok(())
}

/// The part of a Rust file before its unit tests, which stand last.
fn before_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

/// Whether a whole file is for tests or for trying things.
fn is_test_file(path: &str) -> bool {
    let folder = |name: &str| path.split('/').any(|part| part == name);
    folder("tests") || folder("examples") || folder("fuzz") || path.ends_with("/tests.rs")
}

/// What a check says of planted texts: `path:line: message`, one per line.
#[cfg(test)]
fn said(check: &Check, files: &[(&str, &str)]) -> Vec<String> {
    (check.find)(&Workspace::of(files)).iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let workspace = Workspace::load().unwrap();
        let problems: Vec<String> =
            CHECKS.iter().flat_map(|c| (c.find)(&workspace)).map(|p| p.to_string()).collect();
        assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    }

    #[test]
    fn tests_are_cut_off() {
        assert_eq!(before_tests("fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), "fn a() {}\n\n");
        assert_eq!(before_tests("#[cfg(test)]\nuse x;\n"), "#[cfg(test)]\nuse x;\n");
    }

    #[test]
    fn checks_are_in_order() {
        assert!(CHECKS.is_sorted_by(|a, b| a.name < b.name));
    }
}

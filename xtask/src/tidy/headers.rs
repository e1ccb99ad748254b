//! Every Rust file begins by saying what it is.

use super::{Check, Problem};
use crate::workspace::Workspace;

/// The row of this check.
pub const CHECK: Check =
    Check { name: "headers", about: "every Rust file starts with one sentence after `//!`", find };

fn find(workspace: &Workspace) -> Vec<Problem> {
    workspace.rust().filter_map(|f| fault(&f.text).map(|message| Problem::new(&f.path, 1, message))).collect()
}

/// What is wrong with the first paragraph, if anything.
fn fault(text: &str) -> Option<String> {
    let sentence: Vec<&str> = text
        .lines()
        .map_while(|l| l.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|l| !l.is_empty())
        .collect();
    let sentence = sentence.join(" ");
    if sentence.is_empty() {
        return Some(format!(
            "expected `//!` and a sentence, found `{}`",
            text.lines().next().unwrap_or_default().trim()
        ));
    }
    if !sentence.ends_with(['.', '?', '!', ':']) {
        return Some(format!("expected a full stop after `{sentence}`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let said = said(&CHECK, &[("crates/a/src/lib.rs", text), ("notes.md", "no Rust")]);
        assert_eq!(said.first().map(String::as_str), expected, "{text}");
    }

    #[test]
    fn a_file_says_what_it_is() {
        check("//! Points and\n//! sizes of boxes.\n\nfn a() {}\n", None);
        check("fn a() {}\n", Some("crates/a/src/lib.rs:1: expected `//!` and a sentence, found `fn a() {}`"));
        check(
            "//! Points and sizes\n\n",
            Some("crates/a/src/lib.rs:1: expected a full stop after `Points and sizes`"),
        );
    }
}

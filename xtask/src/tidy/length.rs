//! Files stay short enough to be read at once, but for long tables.

use super::{Check, Problem, before_tests, is_test_file};
use crate::workspace::Workspace;

/// The row of this check.
pub const CHECK: Check = Check { name: "length", about: "no file of more than 1 500 lines of code", find };

/// Lines of code above which a file must be argued.
const MOST: usize = 1500;

/// Lines of code above which `cargo xtask tidy` asks whether the file is one thing.
const LONG: usize = 400;

/// Files that may be longer, each with its reason.
const ARGUED: &[(&str, &str)] = &[];

fn find(workspace: &Workspace) -> Vec<Problem> {
    lengths(workspace)
        .filter(|(path, lines)| *lines > MOST && !ARGUED.iter().any(|(argued, _)| argued == path))
        .map(|(path, lines)| {
            Problem::new(path, 0, format!("expected at most {MOST} lines of code, found {lines}"))
        })
        .collect()
}

/// Files worth a second look, longest first.
pub fn long(workspace: &Workspace) -> Vec<(&str, usize)> {
    let mut found: Vec<(&str, usize)> =
        lengths(workspace).filter(|(path, lines)| *lines > LONG && !is_test_file(path)).collect();
    found.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    found
}

/// Lines that are neither empty, nor comments, nor unit tests.
fn lengths(workspace: &Workspace) -> impl Iterator<Item = (&str, usize)> {
    workspace.rust().map(|file| {
        let code = |l: &&str| !l.trim().is_empty() && !l.trim_start().starts_with("//");
        (file.path.as_str(), before_tests(&file.text).lines().filter(code).count())
    })
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn code_counts_and_comments_do_not() {
        let code = "fn a() {}\n".repeat(MOST);
        let path = "crates/a/src/lib.rs";
        assert!(said(&CHECK, &[(path, &code)]).is_empty());
        assert!(
            said(&CHECK, &[(path, &format!("{code}// note\n\n#[cfg(test)]\nmod tests {{\n}}\n"))]).is_empty()
        );
        assert_eq!(
            said(&CHECK, &[(path, &format!("{code}fn b() {{}}\n"))]),
            ["crates/a/src/lib.rs: expected at most 1500 lines of code, found 1501"]
        );
        assert_eq!(long(&Workspace::of(&[(path, &code)])), [(path, MOST)]);
    }
}

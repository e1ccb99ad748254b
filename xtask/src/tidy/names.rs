//! No crate is a drawer: each is named for what it knows.

use super::{Check, Problem, is_test_file};
use crate::workspace::Workspace;

/// The row of this check.
pub const CHECK: Check = Check { name: "names", about: "no crate or file is a drawer", find };

const CRATES: &[&str] = &["-utils", "-util", "-common", "-macros", "-types", "-helpers", "-core", "-shared"];

const FILES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager"];

fn find(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &workspace.files {
        if let Some(folder) = file.path.strip_suffix("/Cargo.toml")
            && let Some(end) = CRATES.iter().find(|end| folder.ends_with(**end))
        {
            problems.push(Problem::new(
                &file.path,
                0,
                format!("a crate named `…{end}` is a drawer: say what it knows"),
            ));
        }
        let parts = file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
        if file.path.ends_with(".rs")
            && !is_test_file(&file.path)
            && let Some(part) = parts.into_iter().find(|part| FILES.contains(part))
        {
            problems.push(Problem::new(&file.path, 0, format!("`{part}` is a drawer: say what it holds")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn drawers_are_found() {
        let said = |path| said(&CHECK, &[(path, "")]);
        assert_eq!(
            said("crates/netloom-utils/Cargo.toml"),
            ["crates/netloom-utils/Cargo.toml: a crate named `…-utils` is a drawer: say what it knows"]
        );
        assert_eq!(
            said("crates/a/src/utils.rs"),
            ["crates/a/src/utils.rs: `utils` is a drawer: say what it holds"]
        );
        assert_eq!(said("crates/a/src/common/mod.rs").len(), 1);
        assert_eq!(said("crates/netloom-scene/Cargo.toml"), Vec::<String>::new());
        assert_eq!(
            said("crates/a/tests/common/mod.rs"),
            Vec::<String>::new(),
            "cargo's own name for what tests share"
        );
        assert_eq!(said("crates/a/src/commonality.rs"), Vec::<String>::new());
    }
}

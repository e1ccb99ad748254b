//! Crates depend on each other only along the arrows of `ARCHITECTURE.md`.

use super::{Check, Problem};
use crate::workspace::{File, Workspace};

/// The row of this check.
pub const CHECK: Check = Check { name: "arrows", about: "crates depend along the allowed arrows only", find };

/// Every crate and the crates of ours that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("netloom-scene", &[]),
    ("netloom-graph", &[]),
    ("netloom-layout", &[]),
    ("netloom-import", &["netloom-graph"]),
    ("netloom-nn", &["netloom-graph"]),
    ("netloom-diagram", &["netloom-scene", "netloom-graph", "netloom-layout"]),
    ("netloom-film", &["netloom-diagram", "netloom-nn", "netloom-scene", "netloom-graph"]),
    ("netloom-export", &["netloom-scene"]),
    (
        "netloom",
        &[
            "netloom-scene",
            "netloom-graph",
            "netloom-layout",
            "netloom-import",
            "netloom-nn",
            "netloom-diagram",
            "netloom-film",
            "netloom-export",
        ],
    ),
    ("netloom-cli", &["netloom"]),
    ("netloom-py", &["netloom", "netloom-cli"]),
    ("netloom-web", &["netloom"]),
    (
        "xtask",
        // The bench measures steps apart, so it may name the crates of those steps.
        &["netloom", "netloom-graph", "netloom-layout", "netloom-import"],
    ),
];

/// What tests may depend on beyond the arrows, each with its reason.
const FOR_TESTS: &[(&str, &str, &str)] = &[
    ("netloom-diagram", "netloom-import", "test networks are written in the notation"),
    ("netloom-diagram", "netloom-export", "snapshots of scenes are read as SVG and text"),
    ("netloom-film", "netloom-import", "test networks are written in the notation"),
];

fn find(workspace: &Workspace) -> Vec<Problem> {
    let manifests = workspace.files.iter().filter(|f| {
        (f.path.starts_with("crates/") || f.path.starts_with("xtask/")) && f.path.ends_with("/Cargo.toml")
    });
    manifests.flat_map(check).collect()
}

fn check(manifest: &File) -> Vec<Problem> {
    let name = manifest
        .text
        .lines()
        .find_map(|l| l.strip_prefix("name = \""))
        .and_then(|l| l.strip_suffix('"'))
        .unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        return vec![Problem::new(
            &manifest.path,
            0,
            format!("crate `{name}` is not in the table of arrows"),
        )];
    };
    let mut problems = Vec::new();
    for Arrow { line, to, for_tests } in arrows(&manifest.text) {
        let argued = || FOR_TESTS.iter().any(|(from, target, _)| *from == name && *target == to);
        if !allowed.contains(&to.as_str()) && to != name && !(for_tests && argued()) {
            let expected =
                if allowed.is_empty() { "no crate of ours".to_owned() } else { allowed.join(", ") };
            problems.push(Problem::new(
                &manifest.path,
                line,
                format!("`{name}` may not depend on `{to}`: expected {expected}"),
            ));
        }
    }
    problems
}

/// A dependency on a crate of ours.
struct Arrow {
    line: usize,
    to: String,
    for_tests: bool,
}

/// Reads every table of dependencies: plain, per target, of tests and of build scripts, with renamed crates.
fn arrows(manifest: &str) -> Vec<Arrow> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut for_tests = false;
    for (i, line) in manifest.lines().enumerate() {
        let line_text = line.trim();
        let key = if let Some(header) = line_text.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header.contains("dependencies");
            for_tests = header.contains("dev-dependencies");
            header.rsplit_once("dependencies.").map_or("", |(_, key)| key)
        } else {
            line_text.split(['.', '=', ' ']).next().unwrap_or_default()
        };
        if !inside {
            continue;
        }
        let renamed = line_text.split("package = \"").nth(1).and_then(|rest| rest.split('"').next());
        let to = renamed.unwrap_or(key).trim_matches('"');
        if to == "netloom" || to.starts_with("netloom-") || to == "xtask" {
            found.push(Arrow { line: i + 1, to: to.to_owned(), for_tests });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    fn check(name: &str, dependencies: &str, expected: &[&str]) {
        let text = format!("[package]\nname = \"{name}\"\n\n{dependencies}\n");
        let path = format!("crates/{name}/Cargo.toml");
        let said = said(&CHECK, &[(&path, &text)]);
        assert_eq!(said.len(), expected.len(), "{name}: {said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn only_arrows_of_the_table_pass() {
        check("netloom-import", "[dependencies]\nnetloom-graph.workspace = true", &[]);
        check("netloom-cli", "[dependencies]\nnetloom.workspace = true\nclap = \"4\"", &[]);
        check(
            "netloom-scene",
            "[dependencies]\nkurbo = \"1\"\nnetloom-graph.workspace = true",
            &[
                "crates/netloom-scene/Cargo.toml:6: `netloom-scene` may not depend on `netloom-graph`: expected no crate of ours",
            ],
        );
        check(
            "netloom-cli",
            "[dependencies.netloom-layout]\nworkspace = true",
            &["`netloom-layout`: expected netloom"],
        );
        check("netloom-export", "[dependencies]\ng = { package = \"netloom-graph\" }", &["`netloom-graph`"]);
        check(
            "netloom-export",
            "[target.'cfg(unix)'.dependencies]\nnetloom-graph = \"1\"",
            &["`netloom-graph`"],
        );
        check("netloom-extra", "", &["not in the table"]);
    }

    #[test]
    fn tests_may_reach_further_where_argued() {
        check("netloom-diagram", "[dev-dependencies]\nnetloom-import.workspace = true", &[]);
        check("netloom-diagram", "[dependencies]\nnetloom-import.workspace = true", &["`netloom-import`"]);
        check("netloom-layout", "[dev-dependencies]\nnetloom-import.workspace = true", &["`netloom-import`"]);
        for (.., reason) in FOR_TESTS {
            assert!(!reason.is_empty());
        }
    }
}

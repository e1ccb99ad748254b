//! Colours come from themes: nothing else makes one.

use super::{Check, Problem, before_tests, is_test_file};
use crate::workspace::Workspace;

/// The row of this check.
pub const CHECK: Check = Check { name: "colors", about: "colours are made by themes only", find };

/// Where colours may be made, each with its reason.
const MAKERS: &[(&str, &str)] = &[
    ("crates/netloom-scene/src/color.rs", "the type itself"),
    ("crates/netloom-scene/src/theme", "themes read their colours from their files"),
    ("crates/netloom-scene/themes/", "themes"),
    ("crates/netloom-scene/src/lint/", "contrast on a page without a colour is taken on white paper"),
    ("xtask/", "pages for maintainers, not figures"),
];

fn find(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in workspace.rust().filter(|f| !is_test_file(&f.path)) {
        if MAKERS.iter().any(|(start, _)| file.path.starts_with(start)) {
            continue;
        }
        for (i, line) in before_tests(&file.text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            if let Some(literal) = literal(line) {
                problems.push(Problem::new(
                    &file.path,
                    i + 1,
                    format!("`{literal}`: take the colour from the theme"),
                ));
            }
        }
    }
    problems
}

/// A colour made in this line out of nothing.
fn literal(line: &str) -> Option<String> {
    let hex = |text: &str| matches!(text.len(), 3 | 4 | 6 | 8) && text.bytes().all(|b| b.is_ascii_hexdigit());
    for (at, _) in line.match_indices("\"#") {
        let rest = &line[at + 2..];
        let text = rest.split('"').next().unwrap_or_default();
        if hex(text) {
            return Some(format!("#{text}"));
        }
    }
    for (at, start) in line.match_indices("Color { ") {
        let fields = &line[at + start.len()..];
        let number = |name: &str| {
            fields
                .split(name)
                .nth(1)
                .is_some_and(|value| value.trim_start().starts_with(|c: char| c.is_ascii_digit()))
        };
        if ["r:", "g:", "b:"].into_iter().any(number) {
            return Some(line[at..].trim_end().to_owned());
        }
    }
    line.find("Color::parse(\"").map(|at| line[at..].trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn colours_out_of_nothing_are_found() {
        let said = |path, text| said(&CHECK, &[(path, text)]);
        let path = "crates/netloom-diagram/src/styles/graph.rs";
        assert_eq!(
            said(path, "let a = \"#77aadd\";"),
            ["crates/netloom-diagram/src/styles/graph.rs:1: `#77aadd`: take the colour from the theme"]
        );
        assert_eq!(said(path, "Color { r: 0, g: 0, b: 0, a: 255 }").len(), 1);
        assert_eq!(said(path, "Color::parse(\"77aadd\")").len(), 1);
        assert_eq!(said(path, "let a = theme.page; // was \"#77aadd\"").len(), 1);
        assert_eq!(said(path, "/// such as \"#77aadd\""), Vec::<String>::new());
        assert_eq!(said(path, "let id = \"#box\"; Color { a: 128, ..ink }"), Vec::<String>::new());
        assert_eq!(said(path, "a();\n#[cfg(test)]\nmod tests {\n \"#77aadd\" }"), Vec::<String>::new());
        assert_eq!(said("crates/netloom-scene/src/color.rs", "\"#77aadd\""), Vec::<String>::new());
    }
}

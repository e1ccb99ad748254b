//! What the written pages tell a reader to run or to open exists.

use super::{Check, Problem};
use crate::workspace::{File, Workspace};

/// The row of this check.
pub const CHECK: Check = Check { name: "promises", about: "commands and links of the pages exist", find };

fn find(workspace: &Workspace) -> Vec<Problem> {
    let pages =
        workspace.files.iter().filter(|f| f.path.ends_with(".md") && !f.path.starts_with("examples/"));
    pages.flat_map(|page| check(workspace, page)).collect()
}

fn check(workspace: &Workspace, page: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut in_code, mut in_shell) = (false, false);
    for (i, line) in page.text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            in_code = !in_code;
            in_shell = in_code && matches!(language.trim(), "sh" | "bash" | "console");
            continue;
        }
        if in_shell && let Some(fault) = command(workspace, line.trim()) {
            problems.push(Problem::new(&page.path, i + 1, fault));
        }
        if !in_code {
            let inline = line.split('`').skip(1).step_by(2);
            let faults =
                inline.filter(|code| code.starts_with("cargo ")).filter_map(|code| command(workspace, code));
            problems.extend(faults.map(|fault| Problem::new(&page.path, i + 1, fault)));
            let broken = links(line).filter(|link| !exists(workspace, &page.path, link));
            problems.extend(
                broken.map(|link| Problem::new(&page.path, i + 1, format!("`{link}` does not exist"))),
            );
        }
    }
    problems
}

/// What is wrong with a command line, if it is one of ours.
fn command(workspace: &Workspace, line: &str) -> Option<String> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split(" #").next().unwrap_or(line);
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "xtask", name, ..] => {
            let plain = name.starts_with(|c: char| c.is_ascii_lowercase());
            let known = crate::COMMANDS.iter().any(|c| c.name == *name);
            (plain && !known).then(|| format!("`cargo xtask {name}` does not exist"))
        }
        ["cargo", "run" | "install" | "test" | "build" | "clippy", rest @ ..] => {
            let package = rest.iter().skip_while(|w| !matches!(**w, "-p" | "--package")).nth(1);
            if let Some(package) = package
                && workspace.text(&format!("crates/{package}/Cargo.toml")).is_none()
                && *package != "xtask"
                && !package.starts_with('<')
            {
                return Some(format!("there is no package `{package}`"));
            }
            let after = rest.iter().position(|w| *w == "--").map(|at| &rest[at + 1..])?;
            if package.is_some_and(|p| *p == "netloom-cli") { netloom(workspace, after) } else { None }
        }
        ["netloom", rest @ ..] => netloom(workspace, rest),
        _ => None,
    }
}

/// What is wrong with the arguments of the netloom command.
fn netloom(workspace: &Workspace, words: &[&str]) -> Option<String> {
    let (name, rest) = words.split_first()?;
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && !is_subcommand(workspace, name) {
        return Some(format!("`netloom {name}` does not exist"));
    }
    let mut missing = rest.iter().filter(|w| w.starts_with("examples/") && workspace.text(w).is_none());
    missing.next().map(|file| format!("`{file}` does not exist"))
}

/// Whether the command line has a verb: a file of its name, or a variant of an enumeration.
fn is_subcommand(workspace: &Workspace, name: &str) -> bool {
    let variant: String =
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
    let starts = |line: &str| {
        line.trim_start()
            .strip_prefix(&variant)
            .is_some_and(|rest| rest.starts_with(['(', ' ', ',']) || rest.is_empty())
    };
    workspace.rust().filter(|f| f.path.starts_with("crates/netloom-cli/src/")).any(|f| {
        f.path.ends_with(&format!("/{name}.rs"))
            || f.text.lines().any(starts)
            || f.text.contains(&format!("name: \"{name}\""))
            || f.text.contains(&format!("Command::new(\"{name}\")"))
    })
}

/// The targets of links to files of the workspace.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let sources = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    targets
        .chain(sources)
        .filter(|link| !link.contains("://") && !link.starts_with('#') && !link.starts_with("mailto:"))
}

/// Whether a link from a page leads to a file or a folder.
fn exists(workspace: &Workspace, page: &str, link: &str) -> bool {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('#').next().unwrap_or_default().split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    workspace
        .files
        .iter()
        .any(|f| f.path == path || f.path.strip_prefix(&path).is_some_and(|r| r.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    fn check(page: &str, expected: &[&str]) {
        let files = [
            ("README.md", page),
            ("docs/dev/adding-a-layer.md", ""),
            ("crates/netloom-cli/Cargo.toml", ""),
            ("crates/netloom-cli/src/main.rs", "enum Verb {\n    Draw(Draw),\n}\n"),
            ("crates/netloom-cli/src/summary.rs", ""),
            ("examples/resnet18.onnx", ""),
        ];
        assert_eq!(said(&CHECK, &files), expected, "{page}");
    }

    #[test]
    fn commands_exist() {
        check("```sh\ncargo run --release -p netloom-cli -- draw examples/resnet18.onnx -o a.svg\n```", &[]);
        check("```sh\n$ netloom summary model.onnx\ncargo xtask tidy # quick\n```", &[]);
        check("```sh\ncargo xtask dance\n```", &["README.md:2: `cargo xtask dance` does not exist"]);
        check("Run `cargo xtask dance` first.", &["README.md:1: `cargo xtask dance` does not exist"]);
        check("Run `cargo xtask <command>`.", &[]);
        check("```text\nnetloom sings\n```", &[]);
        check("```sh\nnetloom sing a.onnx\n```", &["README.md:2: `netloom sing` does not exist"]);
        check(
            "```sh\ncargo run -p netloom-tui -- draw\n```",
            &["README.md:2: there is no package `netloom-tui`"],
        );
        check(
            "```sh\nnetloom draw examples/vgg.onnx\n```",
            &["README.md:2: `examples/vgg.onnx` does not exist"],
        );
    }

    #[test]
    fn links_lead_somewhere() {
        check("[a](docs/dev/adding-a-layer.md#steps) [b](docs/dev) [c](https://example.org) [d](#here)", &[]);
        check("[a](docs/gone.md)", &["README.md:1: `docs/gone.md` does not exist"]);
        check("<img src=\"docs/gone.svg\">", &["README.md:1: `docs/gone.svg` does not exist"]);
        check("[a](../outside.md)", &["README.md:1: `../outside.md` does not exist"]);
    }
}

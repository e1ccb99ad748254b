//! `cargo xtask docs`: draws the figures of the pages again, by the very commands that the pages print.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use crate::{Command, Outcome, workspace};

/// The row of this command.
pub const COMMAND: Command =
    Command { name: "docs", about: "draws the figures of the pages again, by the commands they print", run };

/// The pages that print commands.
const PAGES: &[&str] = &["docs/gallery.md", "docs/diff.md"];

fn run(_args: &[String]) -> Outcome {
    let root = workspace::root();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Process::new(&cargo)
        .args(["build", "--quiet", "--release", "-p", "netloom-cli"])
        .current_dir(&root)
        .status()
        .map_err(|e| format!("cargo cannot be run: {e}"))?;
    if !built.success() {
        return Err("the command does not build".to_owned());
    }
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page)).map_err(|e| format!("{page}: {e}"))?;
        for words in commands(&text) {
            let is_diff = words[0] == "diff";
            let models = words.iter().skip(1).take(if is_diff { 2 } else { 1 });
            if let Some(missing) = models.into_iter().find(|m| !root.join(m).is_file()) {
                println!("left as it is: {missing} is not here");
                continue;
            }
            let status = Process::new(&cargo)
                .args(["run", "--quiet", "--release", "-p", "netloom-cli", "--"])
                .args(&words)
                .current_dir(&root)
                .status()
                .map_err(|e| format!("cargo cannot be run: {e}"))?;
            // A comparison leaves with 1 where the models differ.
            if status.code() != Some(i32::from(is_diff)) {
                return Err(format!("`netloom {}` fails", words.join(" ")));
            }
            println!("drawn: netloom {}", words.join(" "));
        }
    }
    tour(&root, &cargo)
}

/// The page of small networks, each with its figure.
const TOUR: &str = "docs/tour.md";

/// Draws the figure below each text of the tour.
fn tour(root: &Path, cargo: &OsStr) -> Outcome {
    let page = std::fs::read_to_string(root.join(TOUR)).map_err(|e| format!("{TOUR}: {e}"))?;
    std::fs::create_dir_all(root.join("docs/figures/tour")).map_err(|e| format!("docs/figures/tour: {e}"))?;
    for (i, text) in texts(&page).into_iter().enumerate() {
        let figure = format!("docs/figures/tour/{:02}.svg", i + 1);
        let mut child = Process::new(cargo)
            .args(["run", "--quiet", "--release", "-p", "netloom-cli", "--", "draw", "-", "-o", &figure])
            .args(["--width", "5.5in", "--no-caption"])
            .current_dir(root)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cargo cannot be run: {e}"))?;
        let written = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
        let status = child.wait().map_err(|e| format!("cargo cannot be run: {e}"))?;
        if !status.success() || !matches!(written, Some(Ok(()))) {
            return Err(format!("the text of {figure} cannot be drawn"));
        }
        println!("drawn: {figure}");
    }
    Ok(())
}

/// The texts in the notation on a page.
fn texts(page: &str) -> Vec<&str> {
    page.split("```loom\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(text, _)| text).collect()
}

/// The words after `netloom` of each command in a page that writes a figure of the docs.
fn commands(page: &str) -> Vec<Vec<String>> {
    page.lines()
        .filter_map(|line| line.trim().strip_prefix("netloom "))
        .filter(|rest| rest.starts_with("draw ") || rest.starts_with("diff "))
        .filter(|rest| rest.contains("docs/figures/"))
        .map(|rest| rest.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_among_prose() {
        let page = "A.\n```loom\ninput x\nrelu\n```\n```sh\nls\n```\n```loom\ninput y\n```\n";
        assert_eq!(texts(page), ["input x\nrelu\n", "input y\n"]);
    }

    #[test]
    fn commands_are_found_among_prose() {
        let page = "Text.\n```sh\nnetloom draw a.onnx -o docs/figures/a.svg --depth 2\nnetloom draw b.onnx -o b.svg\n\
                    netloom diff a.onnx b.onnx -o docs/figures/d.svg --width 3in\n```\n";
        let (draw, diff) = (
            "draw a.onnx -o docs/figures/a.svg --depth 2",
            "diff a.onnx b.onnx -o docs/figures/d.svg --width 3in",
        );
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(commands(page), [words(draw), words(diff)]);
    }
}

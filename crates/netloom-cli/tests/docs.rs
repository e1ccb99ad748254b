//! The figures of the docs are what the commands printed beside them draw today.
#![expect(clippy::print_stdout, reason = "a test says what it leaves out")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn figures_of_the_gallery_are_up_to_date() {
    check("docs/gallery.md", &["draw"]);
}

#[test]
fn figures_of_comparisons_are_up_to_date() {
    check("docs/diff.md", &["diff"]);
}

#[test]
fn figures_of_the_tour_are_up_to_date() {
    let page = std::fs::read_to_string(root().join("docs/tour.md")).expect("the page is there");
    let texts = page.split("```loom\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut count = 0;
    for (i, (text, _)) in texts.enumerate() {
        let name = format!("figures/tour/{:02}.svg", i + 1);
        let mut child = Command::new(env!("CARGO_BIN_EXE_netloom"))
            .args(["draw", "-", "-o", "-", "--to", "svg", "--width", "5.5in", "--no-caption"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take();
        stdin.expect("it is piped").write_all(text.as_bytes()).expect("it is read");
        let done = child.wait_with_output().expect("it ends");
        assert!(done.status.success(), "{text}");
        let old = std::fs::read(root().join("docs").join(&name)).expect("the figure is there");
        assert!(
            old == done.stdout,
            "{name} differs from what its text draws: run `cargo xtask docs` and look at it"
        );
        assert!(page.contains(&name), "the tour shows {name}");
        count += 1;
    }
    assert!(count >= 50, "{count}");
}

/// Runs every command of a page that writes a figure and holds the figure against that of the page.
fn check(page: &str, verbs: &[&str]) {
    let page = std::fs::read_to_string(root().join(page)).expect("the page is there");
    let mut compared = 0;
    let is_figure = |l: &&str| {
        let verb = l.strip_prefix("netloom ").and_then(|rest| rest.split_whitespace().next());
        verb.is_some_and(|v| verbs.contains(&v)) && l.contains(" -o docs/figures/")
    };
    for line in page.lines().filter(is_figure) {
        let mut words: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
        let at = words.iter().position(|w| w == "-o").expect("a command of the gallery writes a figure") + 1;
        let figure = words[at].clone();
        let models = if words[0] == "diff" { 1..3 } else { 1..2 };
        if let Some(missing) = words[models].iter().find(|m| !root().join(m).is_file()) {
            println!("not compared: {missing} is not here");
            continue;
        }
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs").join(&figure);
        std::fs::create_dir_all(fresh.parent().expect("a figure is in a folder"))
            .expect("a folder can be made");
        words[at] = fresh.to_string_lossy().into_owned();
        let status = Command::new(env!("CARGO_BIN_EXE_netloom"))
            .args(&words)
            .current_dir(root())
            .status()
            .expect("it starts");
        // A comparison leaves with 1 where the models differ.
        assert_eq!(status.code(), Some(i32::from(words[0] == "diff")), "{line}");
        let (old, new) = (std::fs::read(root().join(&figure)), std::fs::read(&fresh));
        assert!(
            old.expect("the figure is there") == new.expect("the figure was drawn"),
            "{figure} differs from what its command draws: run `cargo xtask docs` and look at it"
        );
        assert!(page.contains(figure.trim_start_matches("docs/")), "the gallery shows {figure}");
        compared += 1;
    }
    assert!(compared >= 1, "the model that ships with the project is always compared");
}

/// The words of a command line, with single quotes as a shell has them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is always a word").push(c),
        }
    }
    words
}

#[test]
fn commands_and_files_of_the_page_on_customising_work() {
    let page = std::fs::read_to_string(root().join("docs/customising.md")).expect("the page is there");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("customising");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let into = |file: &str| folder.join(file).to_string_lossy().into_owned();
    let mut run = 0;
    for line in page.lines().filter(|l| l.starts_with("netloom draw ")) {
        let mut words: Vec<String> = words(line).split_off(1);
        for i in 0..words.len() {
            if matches!(words[i].as_str(), "-o" | "--save-figure") {
                words[i + 1] = into(&words[i + 1]);
            }
        }
        if !words.contains(&"-o".to_owned()) {
            words.extend(["-o".to_owned(), into("own.svg")]);
        }
        let done = Command::new(env!("CARGO_BIN_EXE_netloom"))
            .args(&words)
            .current_dir(root())
            .output()
            .expect("it starts");
        assert!(done.status.success(), "{line}\n{}", String::from_utf8_lossy(&done.stderr));
        run += 1;
    }
    assert!(run > 8, "{run} commands");
    // The files that are printed are those that are there.
    let mut shown = 0;
    for block in page.split("```toml\n# ").skip(1) {
        let (name, text) = block.split_once('\n').expect("a block has lines");
        let text = text.split("```").next().expect("a block ends");
        let file = std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(file, text, "{name}");
        shown += 1;
    }
    assert_eq!(shown, 2);
}

#[test]
fn commands_of_the_checklists_work() {
    let page = std::fs::read_to_string(root().join("docs/checklists.md")).expect("the page is there");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checklists");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let spans = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let commands: BTreeSet<&str> = spans.filter(|s| s.starts_with("netloom ")).collect();
    for command in &commands {
        let mut words: Vec<String> = command.split_whitespace().skip(1).map(str::to_owned).collect();
        let output = words.iter().position(|w| w == "-o").map(|at| {
            words[at + 1] = folder.join(&words[at + 1]).to_string_lossy().into_owned();
            PathBuf::from(&words[at + 1])
        });
        let done = Command::new(env!("CARGO_BIN_EXE_netloom"))
            .args(&words)
            .current_dir(root())
            .output()
            .expect("it starts");
        // A comparison leaves with 1 where the models differ.
        let expected = i32::from(words[0] == "diff");
        let says = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(expected), "{command}\n{says}");
        match output {
            Some(path) => assert!(std::fs::metadata(&path).is_ok_and(|m| m.len() > 100), "{command}"),
            None => assert!(!done.stdout.is_empty(), "{command}"),
        }
    }
    assert!(commands.len() > 30, "{}", commands.len());
}

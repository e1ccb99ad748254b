//! The command as a user meets it: results, messages and exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netloom")).args(args).output().expect("the command starts")
}

/// A folder of its own for each test, emptied first.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the temporary folder can be made");
    path
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn draws_every_output_format() {
    let folder = folder("formats");
    let model = example("resnet18.onnx");
    for (extension, magic) in
        [("svg", "<"), ("pdf", "%PDF"), ("png", "\u{fffd}PNG"), ("txt", "resnet18"), ("json", "{")]
    {
        let out = folder.join(format!("figure.{extension}"));
        let done = run(&["draw", model.to_str().unwrap(), "-o", out.to_str().unwrap()]);
        assert!(done.status.success(), "{extension}: {}", stderr(&done));
        let bytes = std::fs::read(&out).unwrap();
        assert!(String::from_utf8_lossy(&bytes).starts_with(magic), "{extension} begins like {extension}");
        assert!(done.stdout.is_empty(), "a result in a file leaves standard output alone");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 5, "no temporary file stays behind");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let model = example("resnet18.onnx");
    for format in ["svg", "pdf", "png"] {
        let once = run(&["draw", model.to_str().unwrap(), "-o", "-", "--to", format]);
        let twice = run(&["draw", model.to_str().unwrap(), "-o", "-", "--to", format]);
        assert!(once.status.success(), "{}", stderr(&once));
        assert_eq!(once.stdout, twice.stdout, "{format}");
    }
}

#[test]
fn a_model_may_come_from_standard_input() {
    let file = std::fs::File::open(example("resnet18.onnx")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_netloom"))
        .args(["summary", "-", "--json"])
        .stdin(Stdio::from(file))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    let json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(json["source"]["name"], "standard input");
}

#[test]
fn the_summary_for_scripts_keeps_its_promise() {
    let done = run(&["summary", example("resnet18.onnx").to_str().unwrap(), "--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(json["netloom"], 1);
    assert_eq!(json["source"]["format"], "onnx");
    assert_eq!(json["source"]["name"], "resnet18.onnx");
    // The framework has 11 689 512. The export folded 9 600 norm weights into the convolutions and gained biases, of
    // which it stores equal ones once: this is what the file holds.
    assert_eq!(json["totals"]["parameters"], 11_680_872);
    assert_eq!(json["totals"]["macs"], 1_814_073_344_u64);
    assert_eq!(json["totals"]["trainable_parameters"], serde_json::Value::Null);
    assert_eq!(json["layers"]["conv"], 20);
    assert_eq!(json["layers"]["linear"], 1);
    assert_eq!(json["layers"]["add"], 8);
    assert_eq!(json["inputs"][0]["shape"], serde_json::json!([1, 3, 224, 224]));
    assert_eq!(json["outputs"][0]["shape"], serde_json::json!([1, 1000]));
    assert_eq!(json["tree"]["path"], "");
    assert_eq!(json["tree"]["outputs"], serde_json::json!([[1, 1000]]));
    assert_eq!(json["repeats"][1]["path"], "layer1");
    assert_eq!(json["repeats"][1]["count"], 2);
    assert_eq!(json["repeats"][1]["identical"], true);
    assert!(json["diagnostics"].is_array());
}

#[test]
fn a_comparison_says_by_its_exit_code_whether_models_differ() {
    let folder = folder("diff");
    let [small, large] =
        ["resnet18.loom", "resnet34.loom"].map(|n| example(n).to_string_lossy().into_owned());
    let same = run(&["diff", &small, &small]);
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert!(String::from_utf8_lossy(&same.stdout).contains("no structural difference"));
    let differ = run(&["diff", &small, &large]);
    assert_eq!(differ.status.code(), Some(1), "{}", stderr(&differ));
    let text = String::from_utf8_lossy(&differ.stdout).into_owned();
    assert!(text.contains("BasicBlock ×2 → ×3") && !text.contains('\u{1b}'), "{text}");
    for (file, start) in [("a.svg", "<"), ("a.pdf", "%PDF"), ("a.txt", "resnet18"), ("a.json", "{")] {
        let path = folder.join(file);
        let done = run(&["diff", &small, &large, "-o", &path.to_string_lossy()]);
        assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
        let bytes = std::fs::read(&path).expect("it was written");
        assert!(bytes.starts_with(start.as_bytes()), "{file}");
    }
    for args in [
        vec!["diff", &small, "nowhere.onnx"],
        vec!["diff", "-", "-"],
        vec!["diff", &small],
        vec!["diff", &small, &large, "-o", "figure.swg"],
    ] {
        let done = run(&args);
        assert_eq!(done.status.code(), Some(2), "{args:?}: {}", stderr(&done));
    }
}

#[test]
fn mistakes_have_messages_and_exit_codes() {
    let folder = folder("mistakes");
    let model = example("resnet18.onnx");
    let model = model.to_str().unwrap();
    let svg = folder.join("a.svg");
    let svg = svg.to_str().unwrap();
    let picture = folder.join("picture.onnx");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\nnoise").unwrap();
    let broken = folder.join("broken.onnx");
    let whole = std::fs::read(example("resnet18.onnx")).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let empty = folder.join("empty.onnx");
    std::fs::write(&empty, b"").unwrap();
    let typo = folder.join("typo.loom");
    std::fs::write(&typo, "input x [1, 8]\nlinaer(4)\n").unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["draw", model, "-o", svg, "--theme", "lihgt"], 2, "did you mean `light`?"),
        (&["draw", model, "-o", svg, "--style", "layerd"], 2, "did you mean `layered`?"),
        (&["draw", model, "-o", "figure.swg"], 2, "did you mean `svg`?"),
        (&["draw", model, "-o", "figure"], 2, "no extension"),
        (&["draw", model, "-o", svg, "--open", "layer1.9"], 2, "did you mean `layer1.0`?"),
        (&["draw", model, "-o", svg, "--width", "3.25inch"], 2, "width"),
        (&["draw", model, "--depth", "deep"], 2, "expected a number, `full` or `auto`"),
        (&["draw"], 2, "MODEL"),
        (&["darw", model], 2, "draw"),
        (&["draw", "nowhere.onnx"], 1, "cannot read nowhere.onnx"),
        (&["draw", picture.to_str().unwrap()], 1, "not an ONNX file: found a PNG header"),
        (&["draw", broken.to_str().unwrap()], 1, "damaged at byte"),
        (&["summary", empty.to_str().unwrap()], 1, "empty"),
        (&["draw", typo.to_str().unwrap()], 1, "linear"),
    ];
    for (args, code, message) in cases {
        let done = run(args);
        assert_eq!(done.status.code(), Some(*code), "{args:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(message), "{args:?}: {}", stderr(&done));
        assert!(done.stdout.is_empty(), "{args:?}: messages go to standard error");
    }
    assert!(!Path::new(svg).exists(), "a failed command writes nothing");
}

#[test]
fn lists_name_what_is_registered() {
    for (list, entry) in [("formats", "onnx"), ("styles", "layered"), ("themes", "dark"), ("outputs", "svg")]
    {
        let done = run(&[list]);
        assert!(done.status.success());
        assert!(String::from_utf8_lossy(&done.stdout).contains(entry), "{list}");
    }
}

#[test]
fn without_an_output_a_plain_figure_is_printed() {
    let done = run(&["draw", example("resnet18.onnx").to_str().unwrap(), "--ascii"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("conv 7x7, 64, /2"), "{text}");
}

/// Runs in the folder of the project, where the examples are named from.
fn draw_in_root(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let words: Vec<&str> = std::iter::once("draw").chain(args.iter().copied()).collect();
    Command::new(env!("CARGO_BIN_EXE_netloom"))
        .args(words)
        .current_dir(root)
        .output()
        .expect("the command starts")
}

#[test]
fn a_saved_figure_is_drawn_again_from_anywhere() {
    let folder = folder("saved");
    let (file, svg) = (folder.join("fig.toml"), folder.join("a.svg"));
    let (file, svg) = (file.to_str().unwrap(), svg.to_str().unwrap());
    let done = draw_in_root(&[
        "examples/resnet18.onnx",
        "-o",
        svg,
        "--width=3.25in",
        "--style=layered",
        "--theme=examples/figures/brand.toml",
        "--overlay=macs",
        "--overlay-as=badge",
        "--set=label.size=10",
        "--rule=kind=input { image: examples/figures/scene.png; label: \"a \\\"photo\\\"\" }",
        "--rule=kind=max_pool { hide }",
        "--note=so it was \\ drawn",
        "--no-details",
        "--save-figure",
        file,
    ]);
    assert!(done.status.success(), "{}", stderr(&done));
    let first = std::fs::read(svg).unwrap();
    std::fs::remove_file(svg).unwrap();
    let again = run(&["draw", file]);
    assert!(again.status.success(), "{}\n{}", stderr(&again), std::fs::read_to_string(file).unwrap());
    assert!(first == std::fs::read(svg).unwrap(), "{}", std::fs::read_to_string(file).unwrap());
    // What is typed beside wins.
    let other = folder.join("b.svg");
    let typed =
        run(&["draw", file, "-o", other.to_str().unwrap(), "--theme", "dark", "--set", "label.size=12"]);
    assert!(typed.status.success(), "{}", stderr(&typed));
    assert!(first != std::fs::read(other).unwrap());
}

#[test]
fn figure_files_say_what_is_wrong_and_where() {
    let folder = folder("figure_files");
    let check = |text: &str, message: &str| {
        let file = folder.join("fig.toml");
        std::fs::write(&file, text).unwrap();
        let done = run(&["draw", file.to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(2), "{text}");
        let said = stderr(&done).replace(file.to_str().unwrap(), "fig.toml");
        assert!(said.contains(message), "{text}\n{said}");
    };
    check(
        "model = \"m\"\nstlye = \"strip\"\n",
        "fig.toml, line 2, column 1: unknown key `stlye`\n  hint: did you mean `style`?",
    );
    check(
        "model = \"m\"\ndepth = \"deep\"\n",
        "fig.toml, line 2, column 9: `depth`: expected a number, `full` or `auto`, found `deep`",
    );
    check("model = \"m\"\nbatch = 1\n", "fig.toml, line 2, column 9: `batch`: expected true or false");
    check("style = \"strip\"\n", "fig.toml, line 1, column 1: expected `model = \"FILE\"`");
    check("model = \"m\"\nopen = [\n", "fig.toml, line 2, column 9: unclosed array");
    check("model = \"m\"\nwidth = [1, 2]\n", "`width`: expected text or a number");
    check(
        "model = \"m\"\n[[rule]]\nselect = \"a\"\nhdie = true\n",
        "line 4, column 1: unknown key `hdie` of a rule\n  hint: did you mean `hide`?",
    );
    check("model = \"m\"\n[[rule]]\nhide = true\n", "expected `select = \"…\"` in a rule");
    check("model = \"m\"\nrule = \"a { hdie }\"\n", "unknown effect `hdie`");
    check("model = \"m\"\nhelp = true\n", "unknown key `help`");
}

#[test]
fn every_option_of_draw_has_a_key() {
    let help = run(&["draw", "--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let lines = help.lines().map(str::trim_start).filter(|l| l.starts_with('-'));
    let words = lines.flat_map(str::split_whitespace).filter_map(|w| w.strip_prefix("--"));
    let options: std::collections::BTreeSet<&str> = words
        .map(|w| w.trim_end_matches(|c: char| !c.is_ascii_lowercase()))
        .filter(|w| !w.is_empty())
        .collect();
    assert!(options.len() > 30, "{options:?}");
    let folder = folder("keys");
    for option in options {
        if matches!(option, "help" | "save-figure" | "verbose" | "version" | "watch") {
            continue;
        }
        // A table is nothing that an option takes, so a known key is refused for its value only.
        let file = folder.join("fig.toml");
        std::fs::write(&file, format!("model = \"m\"\n{option} = {{ no_such_thing = [[1]] }}\n")).unwrap();
        let said = stderr(&run(&["draw", file.to_str().unwrap()]));
        assert!(said.contains("line 2"), "{option}: {said}");
        assert!(!said.contains(&format!("unknown key `{option}`")), "{option}: {said}");
    }
}

#[test]
fn themes_are_shown_as_files() {
    let done = run(&["themes", "--show", "light"]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("[swatch]"));
    let wrong = run(&["themes", "--show", "lihgt"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("did you mean `light`?"));
}

#[test]
fn models_are_converted_into_the_notation_and_json() {
    let folder = folder("convert");
    let (loom, again) = (folder.join("r.loom"), folder.join("again.loom"));
    let model = example("resnet18.onnx");
    let done = run(&["convert", model.to_str().unwrap(), "-o", loom.to_str().unwrap()]);
    assert!(done.status.success(), "{}", stderr(&done));
    let text = std::fs::read_to_string(&loom).unwrap();
    assert!(text.contains("block BasicBlock") || text.contains("block Layer"), "{text}");
    assert!(text.lines().count() < 40, "a page holds it: {text}");
    let done = run(&["convert", loom.to_str().unwrap(), "-o", again.to_str().unwrap()]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(std::fs::read_to_string(&again).unwrap(), text);
    let done = run(&["convert", loom.to_str().unwrap(), "--to", "json"]);
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("{\"netloom_graph\": 1"));
    let done = run(&["diff", model.to_str().unwrap(), loom.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
    let done = run(&["convert", model.to_str().unwrap(), "-o", folder.join("x.onnx").to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
}

#[test]
fn texts_are_laid_out() {
    let folder = folder("fmt");
    let file = folder.join("net.loom");
    std::fs::write(&file, "input x[1,8] # eight\n\n\nlinear( 4 )>relu\n").unwrap();
    let path = file.to_str().unwrap();
    let done = run(&["fmt", "--check", path]);
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), path);
    assert_eq!(run(&["fmt", path]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "input x [1, 8]  # eight\n\nlinear(4) > relu\n");
    assert_eq!(run(&["fmt", "--check", path]).status.code(), Some(0));
    std::fs::write(&file, "input x [1, 8\n").unwrap();
    let done = run(&["fmt", path]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("net.loom:2:1"), "{}", stderr(&done));
    let all: Vec<PathBuf> = std::fs::read_dir(example("")).unwrap().map(|e| e.unwrap().path()).collect();
    for path in all.iter().filter(|p| p.extension().is_some_and(|e| e == "loom")) {
        assert_eq!(
            run(&["fmt", "--check", path.to_str().unwrap()]).status.code(),
            Some(0),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_watched_model_is_drawn_again_when_it_is_saved() {
    let folder = folder("watch");
    let (model, figure) = (folder.join("net.loom"), folder.join("net.svg"));
    let (stdin, errors) = (Stdio::null(), std::fs::File::create(folder.join("errors")).unwrap());
    std::fs::write(&model, "input x [1, 8]\nlinear(4) > relu\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_netloom"))
        .args(["draw", model.to_str().unwrap(), "-o", figure.to_str().unwrap(), "--watch"])
        .stdin(stdin)
        .stderr(errors)
        .spawn()
        .expect("the command starts");
    let wait = |what: &dyn Fn() -> bool| {
        // Generous: machines that build many things at once are slow.
        (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            what()
        })
    };
    let said = || std::fs::read_to_string(folder.join("errors")).unwrap_or_default();
    assert!(wait(&|| said().matches("drawn:").count() == 1), "{}", said());
    let first = std::fs::read(&figure).unwrap();
    std::fs::write(&model, "input x [1, 8]\nlinaer(4) > relu\n").unwrap();
    assert!(wait(&|| said().contains("net.loom:2:1")), "{}", said());
    assert!(said().contains("did you mean `linear`"), "{}", said());
    assert_eq!(std::fs::read(&figure).unwrap(), first, "the last figure stays");
    std::fs::write(&model, "input x [1, 8]\nlinear(4) > relu > linear(2)\n").unwrap();
    assert!(wait(&|| said().matches("drawn:").count() == 2), "{}", said());
    assert_ne!(std::fs::read(&figure).unwrap(), first);
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    child.kill().unwrap();
    child.wait().unwrap();
}

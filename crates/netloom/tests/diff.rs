//! Comparisons of real models: what is said, and figures that are drawn without a fault.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read models from disk")]

use std::path::{Path, PathBuf};

use netloom::{Bytes, Comparison, DiffOptions, FigureOptions, Graph, diff, lint, read};

fn load(path: &Path) -> Graph {
    let bytes = std::fs::read(path).expect("the model can be read");
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    read(&Bytes::new(name, bytes)).expect("the model is one")
}

fn example(name: &str) -> Graph {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name))
}

fn shared(name: &str) -> Option<Graph> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx")).join(name);
    if path.is_file() {
        return Some(load(&path));
    }
    println!("not compared: {name} is not here");
    None
}

fn loom(text: &str) -> Graph {
    read(&Bytes::new("net.loom", text.as_bytes().to_vec())).expect("the notation is right")
}

fn compare(before: &Graph, after: &Graph) -> Comparison {
    diff(before, after, &DiffOptions::default())
}

/// Each line is part of the report, and both figures are clean.
#[track_caller]
fn check(before: &Graph, after: &Graph, want: &[&str]) {
    let found = compare(before, after);
    let text = found.text(false);
    for line in want {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    assert!(!found.is_empty(), "{text}");
    let back = compare(after, before);
    let counts = |c: &Comparison| (c.diff.added.len(), c.diff.removed.len(), c.diff.changed());
    let (there, home) = (counts(&found), counts(&back));
    assert_eq!(there, (home.1, home.0, home.2), "a mirrored comparison gives the mirrored answer");
    for found in [&found, &back] {
        for (theme, width) in [("light", Some(312.0)), ("print", None)] {
            let options = FigureOptions {
                style: "layered".to_owned(),
                theme: theme.to_owned(),
                width_px: width,
                ..FigureOptions::default()
            };
            let figure = found.draw(&options).expect("it can be drawn");
            let report = lint(&found.union(), &figure);
            assert!(report.defects.is_empty(), "{:#?}", report.defects);
        }
    }
}

#[test]
fn resnets_differ_in_their_numbers_of_blocks() {
    check(
        &example("resnet18.loom"),
        &example("resnet34.loom"),
        &[
            "layer1.basic_block  BasicBlock ×2 → ×3",
            "layer2.basic_block  BasicBlock ×1 → ×3",
            "layer3.basic_block  BasicBlock ×1 → ×5",
            "layer4.basic_block  BasicBlock ×1 → ×2",
            "added: 56 operators",
            "+56 −0 ~0",
        ],
    );
}

#[test]
fn berts_differ_in_layers_and_widths() {
    let (Some(tiny), Some(base)) =
        (shared("bert_tiny.dynamo.op20.onnx"), shared("bert_base.dynamo.op18.onnx"))
    else {
        return;
    };
    check(
        &tiny,
        &base,
        &[
            "encoder.layer  BertLayer ×2 → ×12",
            "added: 120 operators",
            "features 32 → 768 in 29 operators",
            "features 64 → 3072 in 4 operators",
            "heads 4 → 12",
        ],
    );
}

#[test]
fn a_pruned_model_has_fewer_channels() {
    check(
        &example("cnn.loom"),
        &example("cnn_pruned.loom"),
        &["channels 64 → 40", "channels 32 → 20", "features 128 → 96", "+0 −0 ~"],
    );
}

#[test]
fn a_quantised_model_has_rounded_tensors() {
    let quantized = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cnn_qdq.onnx")));
    check(
        &example("cnn.loom"),
        &quantized,
        &[
            "QuantizeLinear / DequantizeLinear pairs on activations: 0 → 6",
            "stored tensors in whole numbers: 0 → 10",
            "weight dtype float32 → int8 in 5 operators",
            "bias dtype float32 → int32 in 5 operators",
            "4 × ReLU",
        ],
    );
}

#[test]
fn single_edits_are_found() {
    let net = "input x [1, 3, 32, 32]\nconv(8, 3, pad=1) > relu > max_pool(2)\n\
               conv(16, 3, pad=1) > batch_norm > relu > max_pool(2)\nflatten > linear(10) > softmax\n";
    for (old, new, want) in [
        ("relu > max_pool(2)\nconv", "gelu > max_pool(2)\nconv", "relu → gelu"),
        ("conv(16, 3, pad=1)", "conv(16, 5, pad=2)", "kernel 3×3 → 5×5"),
        (" > batch_norm", "", "BatchNorm"),
        ("linear(10) > softmax", "linear(10)", "softmax"),
        ("linear(10)", "linear(100)", "features 10 → 100"),
        ("conv(8, 3, pad=1)", "conv(8, 3, pad=1, bias=false)", "bias 8 → none"),
        ("flatten", "tanh > flatten", "added: 1 operator"),
        ("max_pool(2)\nflatten", "avg_pool(2)\nflatten", "max_pool → avg_pool"),
    ] {
        assert!(net.contains(old), "{old}");
        check(&loom(net), &loom(&net.replacen(old, new, 1)), &[want]);
    }
}

#[test]
fn names_and_order_do_not_count() {
    let named =
        "input x [1, 8]\nblock Cell(n) { [linear(n) > relu, same] > add }\nfirst: Cell(8)\nlast: Cell(8)\n";
    let other = "input signal [1, 8]\nblock Other(n) { [same, linear(n) > relu] > add }\nhead: Other(8)\ntail: Other(8)\n";
    let found = compare(&loom(named), &loom(other));
    assert!(found.is_empty(), "{}", found.text(false));
    assert!(found.text(false).contains("no structural difference; parameters equal"));
}

#[test]
fn the_report_is_json_for_scripts() {
    let found = compare(&example("resnet18.loom"), &example("resnet34.loom"));
    let json: serde_json::Value = serde_json::from_str(&found.json()).expect("it is JSON");
    assert_eq!(json["netloom_diff"], 1);
    assert_eq!(json["equal"], false);
    assert_eq!(json["counts"]["added"], 56);
    assert_eq!(json["added"].as_array().map(Vec::len), Some(56));
    assert_eq!(json["repeats"][0]["before"], 2);
    assert_eq!(json["repeats"][0]["after"], 3);
    assert!(!found.text(false).contains('\u{1b}') && found.text(true).contains('\u{1b}'));
}

/// Every model of the corpus against itself, and the same model from two exporters.
#[test]
fn a_model_equals_itself() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx"));
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("not compared: the corpus is not here");
        return;
    };
    for entry in entries.flatten() {
        let graph = load(&entry.path());
        let found = compare(&graph, &graph);
        assert!(found.is_empty(), "{}: {}", entry.path().display(), found.text(false));
    }
}

/// What two exports of one model differ in.
#[test]
fn exporters_do_not_count() {
    for (before, after, want) in [
        ("siamese.ts.op17.onnx", "siamese.dynamo.op18.onnx", "no structural difference; parameters equal"),
        ("lenet5.ts.op17.onnx", "lenet5.dynamo.op18.onnx", "no structural difference"),
        // The older exporter writes the biases that folded norms leave behind; the newer one drops those of zeros.
        ("resnet18.ts.op17.onnx", "resnet18.dynamo.op20.onnx", "+0 −0 ~20"),
        ("bert_base.ts.op17.onnx", "bert_base.dynamo.op18.onnx", "bias 768 → none: pooler.dense"),
        ("resnet18.ts.op17.onnx", "resnet18.ts.op17.training.onnx", "20 × BatchNorm"),
        ("lenet5.ts.op17.onnx", "lenet5.ts.op17.dynamic.onnx", "batch 1 → ? in 11 operators"),
    ] {
        let (Some(a), Some(b)) = (shared(before), shared(after)) else { continue };
        let text = compare(&a, &b).text(false);
        assert!(text.contains(want), "{before} and {after}: expected `{want}` in\n{text}");
    }
}

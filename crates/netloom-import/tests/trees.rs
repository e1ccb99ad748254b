//! The module trees of exported files equal the framework's.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use netloom_graph::Graph;
use netloom_import::{Bytes, read};
use serde_json::Value;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models");

/// Class by path, without the root, whose class is at the empty path.
type Framework = BTreeMap<String, String>;

fn truth(model: &str) -> Option<Value> {
    let Ok(text) = std::fs::read(Path::new(CORPUS).join("truth.json")) else {
        println!("skipped: no corpus at {CORPUS}");
        return None;
    };
    let truth: Value = serde_json::from_slice(&text).unwrap();
    Some(truth["models"][model].clone())
}

/// The modules that forward hooks saw.
fn called(truth: &Value) -> Framework {
    let rows = truth["layer_shapes"]["rows"].as_array().unwrap().iter();
    rows.map(|r| (r["path"].as_str().unwrap().to_owned(), r["type"].as_str().unwrap().to_owned())).collect()
}

/// Whether a tree has as many modules of each class as the framework counted.
fn check_counts(tree: &Framework, truth: &Value) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    tree.values().for_each(|class| *counts.entry(class).or_insert(0) += 1);
    let expected: BTreeMap<&str, u64> = ["leaf_types", "container_types"]
        .iter()
        .flat_map(|k| truth[k].as_object().unwrap())
        .map(|(class, n)| (class.as_str(), n.as_u64().unwrap()))
        .collect();
    assert_eq!(counts, expected);
}

fn resnet18(truth: &Value) -> Framework {
    let mut tree = called(truth);
    tree.insert(String::new(), "ResNet".to_owned());
    tree
}

/// The two-layer network's rows, repeated for twelve layers.
fn bert_base(tiny: &Value) -> Framework {
    let mut tree = Framework::new();
    for (path, class) in called(tiny) {
        match path.strip_prefix("encoder.layer.0") {
            Some(rest) => tree.extend((0..12).map(|i| (format!("encoder.layer.{i}{rest}"), class.clone()))),
            None => drop(tree.insert(path, class)),
        }
    }
    // Never called: the container, and the dropout inside fused attention.
    tree.extend((0..12).map(|i| (format!("encoder.layer.{i}.attention.self.dropout"), "Dropout".to_owned())));
    tree.insert("encoder.layer".to_owned(), "ModuleList".to_owned());
    tree.insert(String::new(), "BertModel".to_owned());
    tree
}

fn vit_b_16() -> Framework {
    let mut rows = vec![
        (String::new(), "VisionTransformer"),
        ("conv_proj".to_owned(), "Conv2d"),
        ("encoder".to_owned(), "Encoder"),
        ("encoder.dropout".to_owned(), "Dropout"),
        ("encoder.layers".to_owned(), "Sequential"),
        ("encoder.ln".to_owned(), "LayerNorm"),
        ("heads".to_owned(), "Sequential"),
        ("heads.head".to_owned(), "Linear"),
    ];
    for i in 0..12 {
        for (own, class) in [
            ("", "EncoderBlock"),
            (".ln_1", "LayerNorm"),
            (".self_attention", "MultiheadAttention"),
            (".self_attention.out_proj", "NonDynamicallyQuantizableLinear"),
            (".dropout", "Dropout"),
            (".ln_2", "LayerNorm"),
            (".mlp", "MLPBlock"),
            (".mlp.0", "Linear"),
            (".mlp.1", "GELU"),
            (".mlp.2", "Dropout"),
            (".mlp.3", "Linear"),
            (".mlp.4", "Dropout"),
        ] {
            rows.push((format!("encoder.layers.encoder_layer_{i}{own}"), class));
        }
    }
    rows.into_iter().map(|(path, class)| (path, class.to_owned())).collect()
}

fn open(file: &str) -> Graph {
    let bytes = std::fs::read(Path::new(CORPUS).join("onnx").join(file)).unwrap();
    read(&Bytes::new(file, bytes)).unwrap()
}

/// Every module of the file is one of the framework, of that class where the file has classes; the framework's others
/// left no node in the file, and those are exactly the leaves of the classes in `gone`.
fn check(file: &str, framework: &Framework, has_classes: bool, gone: &[&str]) {
    let graph = open(file);
    let mut found = BTreeSet::new();
    for (_, module) in graph.modules() {
        let expected = framework.get(&module.path);
        assert!(expected.is_some(), "{file}: {} is no module of the framework", module.path);
        assert!(found.insert(module.path.clone()), "{file}: {} stands there twice", module.path);
        assert!(!module.nodes.is_empty() || !module.children.is_empty(), "{file}: {} is empty", module.path);
        if let Some(class) = &module.class {
            assert_eq!(Some(class), expected, "{file}: class of {}", module.path);
        }
        // The file names classes of called modules; a folded norm takes the place of its convolution's.
        let is_silent = matches!(expected.map(String::as_str), Some("ModuleList" | "Conv2d"));
        assert!(!has_classes || is_silent || module.class.is_some(), "{file}: {} has no class", module.path);
    }
    let missing: BTreeSet<&str> = framework
        .iter()
        .filter(|(path, _)| !found.contains(*path))
        .map(|(_, class)| class.as_str())
        .collect();
    assert_eq!(missing, gone.iter().copied().collect(), "{file}: classes that left no node");
    for class in gone {
        let left = framework.iter().filter(|(path, c)| c == class && found.contains(*path)).count();
        assert_eq!(left, 0, "{file}: either all {class} or none leave nodes");
    }
}

#[test]
fn resnet18_is_the_frameworks() {
    let Some(truth) = truth("resnet18") else { return };
    let tree = resnet18(&truth);
    check_counts(&tree, &truth);
    let folded = ["BatchNorm2d"];
    check("resnet18.ts.op17.onnx", &tree, false, &folded);
    check("resnet18.ts.op17.dynamic.onnx", &tree, false, &folded);
    check("resnet18.ts.op18.params_as_inputs.onnx", &tree, false, &folded);
    check("resnet18.ts.op17.training.onnx", &tree, false, &[]);
    check("resnet18.dynamo.op20.onnx", &tree, true, &folded);
}

#[test]
fn bert_is_the_frameworks() {
    let (Some(truth), Some(tiny)) = (truth("bert_base"), truth("bert_tiny")) else { return };
    let tree = bert_base(&tiny);
    check_counts(&tree, &truth);
    check("bert_base.ts.op17.onnx", &tree, false, &["Dropout"]);
    check("bert_base.dynamo.op18.onnx", &tree, true, &["Dropout"]);
    check("bert_base.dynamo.op18.dynamic.onnx", &tree, true, &["Dropout"]);
}

#[test]
fn vit_is_the_frameworks() {
    let Some(truth) = truth("vit_b_16") else { return };
    let tree = vit_b_16();
    check_counts(&tree, &truth);
    // The output projection runs inside one fused operator of its parent.
    let gone = ["Dropout", "NonDynamicallyQuantizableLinear"];
    check("vit_b_16.ts.op17.onnx", &tree, false, &gone);
    check("vit_b_16.dynamo.op20.onnx", &tree, true, &gone);
}

#[test]
fn parts_stand_in_order_of_first_use() {
    for model in ["resnet18", "bert_base", "vit_b_16"] {
        let Some(truth) = truth(model) else { return };
        let rows = truth["top_level_execution_order"].as_array().unwrap();
        let expected: Vec<&str> =
            rows.iter().map(|r| r["name"].as_str().unwrap()).filter(|n| *n != "bn1").collect();
        let files =
            std::fs::read_dir(Path::new(CORPUS).join("onnx")).unwrap().map(|f| f.unwrap().file_name());
        for file in files.map(|f| f.into_string().unwrap()) {
            if file.starts_with(model) && !file.contains("training") {
                let graph = open(&file);
                let root = graph.module(graph.root());
                let found: Vec<&str> = root.children.iter().map(|c| graph.module(*c).name.as_str()).collect();
                assert_eq!(found, expected, "{file}");
            }
        }
    }
}

#[test]
fn a_module_called_twice_is_one_module() {
    for (model, files) in [
        ("siamese", &["siamese.ts.op17.onnx", "siamese.dynamo.op18.onnx"][..]),
        ("gru_seq2seq", &["gru_seq2seq.ts.op17.onnx"]),
    ] {
        let Some(truth) = truth(model) else { return };
        for file in files {
            let modules = open(file).modules().len() as u64;
            assert_eq!(Some(modules), truth["modules"].as_u64(), "{file}");
        }
    }
}

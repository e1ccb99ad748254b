//! Shapes, parameters and multiply-adds of every ONNX file of the model corpus equal the truth beside it.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read the corpus from disk")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read the truth fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom_graph::summary::summary;
use netloom_graph::{DType, Graph, Severity, infer};
use netloom_import::{Bytes, read};
use serde_json::Value;

const MERGED: &str = "equal tensors are stored once";
const FOLDED: &str = "norms are folded into convolutions, which gain a bias; equal tensors are stored once";
const ZERO: &str = "additions of zero are left out; equal tensors are stored once";
const FOLDED_ZERO: &str =
    "norms are folded into convolutions, additions of zero left out; equal tensors are stored once";
const TIED: &str =
    "the tied matrix is used twice, additions of zero are left out; equal tensors are stored once";
const TIED_TWICE: &str = "the tied matrix is stored twice, once transposed; equal tensors are stored once";

/// Files whose parameters differ from the framework's, because of what the exporter did to them: the elements that the
/// file holds; what the framework says minus the elements that nodes use, each use counted; and why.
const PARAMETERS: &[(&str, u64, i64, &str)] = &[
    ("onnx/bert_base.dynamo.op18.dynamic.onnx", 109_398_528, 768, ZERO),
    ("onnx/bert_base.dynamo.op18.onnx", 109_398_528, 768, ZERO),
    ("onnx/bert_base.ts.op17.onnx", 109_364_736, 0, MERGED),
    ("onnx/bert_tiny.dynamo.op20.onnx", 49_984, 32, ZERO),
    ("onnx/dcgan_discriminator.ts.op17.onnx", 2_764_672, 896, FOLDED),
    ("onnx/densenet121.dynamo.op18.onnx", 7_927_936, 15_976, FOLDED_ZERO),
    ("onnx/densenet121.ts.op18.onnx", 7_928_936, 7_488, FOLDED),
    ("onnx/googlenet.ts.op17.onnx", 6_613_040, 7_280, FOLDED),
    ("onnx/gpt2_small.dynamo.op18.onnx", 124_320_000, -38_514_432, TIED),
    ("onnx/gpt2_small.ts.op17.onnx", 162_922_752, -38_597_376, TIED_TWICE),
    ("onnx/mobilenet_v2.dynamo.op20.onnx", 3_469_760, 35_112, FOLDED_ZERO),
    ("onnx/mobilenet_v2.ts.op17.onnx", 3_475_008, 17_056, FOLDED),
    ("onnx/resnet18.dynamo.op20.onnx", 11_679_912, 9_600, FOLDED_ZERO),
    ("onnx/resnet18.ts.op17.dynamic.onnx", 11_680_872, 4_800, FOLDED),
    ("onnx/resnet18.ts.op17.onnx", 11_680_872, 4_800, FOLDED),
    ("onnx/resnet18.ts.op18.params_as_inputs.onnx", 11_684_712, 4_800, FOLDED),
    ("onnx/resnet50.dynamo.op18.onnx", 25_503_912, 53_120, FOLDED_ZERO),
    ("onnx/resnet50.ts.op19.onnx", 25_507_944, 26_560, FOLDED),
    ("onnx/squeezenet1_1.ts.op17.onnx", 1_233_288, 0, MERGED),
    ("onnx/unet.dynamo.op18.onnx", 31_025_922, 11_776, FOLDED_ZERO),
    ("onnx/unet.ts.op19.onnx", 31_027_906, 5_888, FOLDED),
    ("onnx/unet_small.dynamo.op18.onnx", 121_362, 736, FOLDED_ZERO),
    ("onnx/vgg16.ts.op17.onnx", 138_350_184, 0, MERGED),
    ("onnx/vit_b_16.dynamo.op20.onnx", 86_519_808, 10_984, ZERO),
    ("onnx/vit_b_16.ts.op17.onnx", 86_495_464, 0, MERGED),
];

/// Files with free sizes: they do not say how many multiply-adds a run takes.
const FREE: &[&str] = &[
    "onnx/bert_base.dynamo.op18.dynamic.onnx",
    "onnx/lenet5.dynamo.op18.dynamic.onnx",
    "onnx/lenet5.ts.op17.dynamic.onnx",
    "onnx/lstm_classifier.ts.op17.dynamic.onnx",
    "onnx/resnet18.ts.op17.dynamic.onnx",
];

fn models() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_owned();
    if !root.join("truth.json").exists() {
        println!("skipped: no corpus at {}", root.display());
        return None;
    }
    Some(root)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn open(root: &Path, file: &str) -> Graph {
    let mut graph = read(&Bytes::new(file, std::fs::read(root.join(file)).unwrap())).unwrap();
    infer::infer(&mut graph);
    graph
}

#[test]
fn parameters_and_multiply_adds() {
    let Some(root) = models() else { return };
    let truth = json(&root.join("truth.json"));
    for (file, facts) in truth["files"].as_object().unwrap() {
        if facts["format"] != "onnx" {
            continue;
        }
        let model = &truth["models"][facts["model"].as_str().unwrap()];
        let found = summary(&open(&root, file));
        let framework = model["params_total"].as_u64().unwrap();
        match PARAMETERS.iter().find(|(f, ..)| f == file) {
            None => assert_eq!(found.parameters, framework, "{file}"),
            Some((_, held, removed, why)) => {
                let used: u64 = found.nodes.iter().map(|n| n.parameters).sum();
                assert_eq!(found.parameters, *held, "{file}: {why}");
                assert_eq!(framework.cast_signed() - used.cast_signed(), *removed, "{file}: {why}");
            }
        }
        let macs = model["macs"]["reference"]["value"].as_u64();
        assert_eq!(found.macs, macs.filter(|_| !FREE.contains(&file.as_str())), "{file}");
    }
}

/// What the free sizes of a model are for the inputs that the truth was taken with.
fn sizes(graph: &Graph, inputs: &Value) -> BTreeMap<String, i64> {
    let mut sizes = BTreeMap::new();
    for (tensor, input) in graph.inputs.iter().zip(inputs.as_array().unwrap()) {
        let dims = graph.tensor(*tensor).ty.shape().dims().unwrap();
        for (dim, size) in dims.iter().zip(input["shape"].as_array().unwrap()) {
            if let Some(name) = dim.as_symbol() {
                sizes.insert(name.to_owned(), size.as_i64().unwrap());
            }
        }
    }
    sizes
}

#[test]
fn shapes() {
    let Some(root) = models() else { return };
    let models = json(&root.join("truth.json"));
    let truth = json(&root.join("truth_onnx_shapes.json"));
    let mut wrong = Vec::new();
    for (file, values) in truth["files"].as_object().unwrap() {
        let graph = open(&root, file);
        let model = models["files"][file]["model"].as_str().unwrap();
        let sizes = sizes(&graph, &models["models"][model]["inputs"]);
        let by_name: BTreeMap<&str, _> = graph.tensors().map(|(_, t)| (t.name.as_str(), t)).collect();
        for (name, answer) in values.as_object().unwrap() {
            let ty = by_name.get(name.as_str()).map(|t| &t.ty);
            let dims = ty.and_then(|t| t.shape().dims());
            let shape: Option<Vec<i64>> = dims.and_then(|d| d.iter().map(|d| d.eval(&sizes)).collect());
            let expected: Vec<i64> =
                answer[1].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
            let dtype = ty.and_then(|t| t.dtype()).map(DType::name);
            if shape.as_ref() != Some(&expected) || dtype != answer[0].as_str() {
                wrong.push(format!("{file} {name}: {dtype:?} {dims:?}, not {answer}"));
            }
        }
        let warnings: Vec<_> = graph.diagnostics.iter().filter(|d| d.severity > Severity::Note).collect();
        assert!(warnings.is_empty(), "{file}: {warnings:?}");
    }
    assert!(wrong.is_empty(), "{} wrong, such as {:#?}", wrong.len(), &wrong[..wrong.len().min(9)]);
}

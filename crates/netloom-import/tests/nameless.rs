//! The blocks of models are found from their operators alone: names, scopes and metadata are taken away first.
//!
//! Equal to the framework's modules, for every file of [`MODELS`]: the runs of blocks, with their counts and their
//! stretches of equal structure, and the operators of every block and stage but for those named in the table. Not
//! looked for are modules that wrap one layer (a convolution with its norm and activation) and the halves of a model
//! that only share a class (`features` and `classifier`); that is why `truth.json` lists more for some models.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read the corpus from disk")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read a file fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use netloom_graph::lift::{Lifted, lift};
use netloom_graph::repeats::repeats;
use netloom_graph::{Graph, ModuleId, Node, NodeId, Producer, Tensor, hierarchy, infer};
use netloom_import::{Bytes, read};
use serde_json::Value;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models");

/// A model whose file says what its blocks are, and what is found without that.
struct Model {
    name: &'static str,
    files: &'static [&'static str],
    /// Classes of the framework whose runs are found; the others of `truth.json` wrap single layers.
    classes: &'static [&'static str],
    /// Runs that are found where the framework has no container for them: class and stretches of equal structure.
    more: &'static [(&'static str, &'static [usize])],
    /// Kinds of operators that may stand on the other side of a block's border.
    border: &'static [&'static str],
}

const MODELS: &[Model] = &[
    Model {
        name: "resnet18",
        files: &[
            "resnet18.ts.op17.onnx",
            "resnet18.ts.op17.dynamic.onnx",
            "resnet18.ts.op17.training.onnx",
            "resnet18.ts.op18.params_as_inputs.onnx",
            "resnet18.dynamo.op20.onnx",
        ],
        classes: &["Sequential", "BasicBlock"],
        more: &[],
        border: &[],
    },
    Model {
        name: "resnet50",
        files: &["resnet50.ts.op19.onnx", "resnet50.dynamo.op18.onnx"],
        classes: &["Sequential", "Bottleneck"],
        more: &[],
        border: &[],
    },
    // Pooling parts the framework's runs; here it begins the stages that hold them.
    Model {
        name: "googlenet",
        files: &["googlenet.ts.op17.onnx"],
        classes: &["Inception"],
        more: &[("stage", &[1, 1, 1])],
        border: &[],
    },
    Model {
        name: "squeezenet1_1",
        files: &["squeezenet1_1.ts.op17.onnx"],
        classes: &["Fire"],
        more: &[("stage", &[1, 1, 1])],
        border: &[],
    },
    // The framework's layer begins by joining what it reads, a found one may end by joining what it adds.
    Model {
        name: "densenet121",
        files: &["densenet121.ts.op18.onnx", "densenet121.dynamo.op18.onnx"],
        classes: &["_DenseLayer"],
        more: &[],
        border: &["concat"],
    },
    Model {
        name: "mobilenet_v2",
        files: &["mobilenet_v2.ts.op17.onnx", "mobilenet_v2.dynamo.op20.onnx"],
        classes: &["InvertedResidual"],
        more: &[],
        border: &[],
    },
    Model {
        name: "unet",
        files: &["unet.ts.op19.onnx", "unet.dynamo.op18.onnx"],
        classes: &["Down", "Up"],
        more: &[],
        border: &[],
    },
    Model {
        name: "unet_small",
        files: &["unet_small.dynamo.op18.onnx"],
        classes: &["Down", "Up"],
        more: &[],
        border: &[],
    },
    Model {
        name: "vit_b_16",
        files: &["vit_b_16.ts.op17.onnx", "vit_b_16.dynamo.op20.onnx"],
        classes: &["EncoderBlock"],
        more: &[],
        border: &[],
    },
    Model {
        name: "bert_base",
        files: &[
            "bert_base.ts.op17.onnx",
            "bert_base.dynamo.op18.onnx",
            "bert_base.dynamo.op18.dynamic.onnx",
        ],
        classes: &["BertLayer"],
        more: &[],
        border: &[],
    },
    Model {
        name: "bert_tiny",
        files: &["bert_tiny.dynamo.op20.onnx"],
        classes: &["BertLayer"],
        more: &[],
        border: &[],
    },
    Model {
        name: "gpt2_small",
        files: &["gpt2_small.ts.op17.onnx", "gpt2_small.dynamo.op18.onnx"],
        classes: &["GPT2Block"],
        more: &[],
        border: &[],
    },
];

fn truth(model: &str) -> Option<Value> {
    let Ok(text) = std::fs::read(Path::new(CORPUS).join("truth.json")) else {
        println!("skipped: no corpus at {CORPUS}");
        return None;
    };
    let truth: Value = serde_json::from_slice(&text).unwrap();
    Some(truth["models"][model].clone())
}

/// The graph of the file, lifted; the same without names, with the modules that are found.
fn open(file: &str) -> (Lifted, Graph) {
    let bytes = std::fs::read(Path::new(CORPUS).join("onnx").join(file)).unwrap();
    let mut named = read(&Bytes::new(file, bytes)).unwrap();
    infer::infer(&mut named);
    let bare = lift(&bare(&named)).graph;
    let named = lift(&named);
    let found = hierarchy::infer(&bare);
    let operators =
        |g: &Graph| -> Vec<_> { g.nodes().map(|(_, n)| (n.op.clone(), n.outputs.clone())).collect() };
    assert_eq!(operators(&bare), operators(&named.graph), "{file}: lifting reads no names");
    assert_eq!(operators(&found), operators(&bare), "{file}: nodes and tensors keep their ids");
    (named, found)
}

/// The graph built anew from operators, settings, types and stored facts: no name of a model, module, node or tensor,
/// no metadata.
fn bare(named: &Graph) -> Graph {
    let mut graph = Graph::new("");
    for (_, tensor) in named.tensors() {
        let mut bare = Tensor::new("", tensor.ty.clone());
        bare.value.clone_from(&tensor.value);
        bare.weight.clone_from(&tensor.weight);
        if tensor.is_stored() {
            bare.producer = Producer::Stored;
        }
        graph.add_tensor(bare);
    }
    named.inputs.iter().for_each(|t| graph.mark_input(*t));
    let root = graph.root();
    for (_, node) in named.nodes() {
        assert_eq!(node.region, None, "the corpus has no control flow");
        let mut bare = Node::in_domain(node.domain.clone(), node.op.clone(), node.opset, root)
            .with_inputs(node.inputs.iter().copied())
            .with_outputs(node.outputs.iter().copied());
        bare.attributes = node.attributes.clone();
        graph.add_node(bare);
    }
    named.outputs.iter().for_each(|t| graph.mark_output(*t));
    assert!(hierarchy::is_flat(&graph));
    graph
}

/// The operators of a module that carry data, everything inside included.
fn operators(graph: &Graph, module: ModuleId) -> BTreeSet<NodeId> {
    let mut inside = BTreeSet::new();
    let mut work = vec![module];
    while let Some(id) = work.pop() {
        work.extend(&graph.module(id).children);
        inside.extend(
            graph.module(id).nodes.iter().copied().filter(|n| {
                !graph.node(*n).outputs.iter().flatten().all(|t| graph.tensor(*t).value.is_some())
            }),
        );
    }
    inside
}

/// The framework's runs of these classes: paths of the members, and stretches of equal structure.
fn runs_of(named: &Graph, truth: &Value, classes: &[&str]) -> Vec<(Vec<ModuleId>, Vec<usize>)> {
    let module = |path: &str| named.modules().find(|(_, m)| m.path == path).map(|(id, _)| id);
    let wanted = truth["repeats"].as_array().unwrap().iter().filter(|r| {
        // The halves of a model share nothing but a class.
        classes.contains(&r["type"].as_str().unwrap()) && r["first"] != "features"
    });
    wanted
        .map(|run| {
            let container = module(run["container"].as_str().unwrap()).unwrap();
            let children = &named.module(container).children;
            let place = |end: &str| {
                let name = run[end].as_str().unwrap();
                children.iter().position(|c| named.module(*c).name == name).unwrap()
            };
            let stretches = run["identical_runs"].as_array().unwrap().iter();
            (
                children[place("first")..=place("last")].to_vec(),
                stretches.map(|n| usize::try_from(n.as_u64().unwrap()).unwrap()).collect(),
            )
        })
        .collect()
}

fn check(model: &Model) {
    let Some(truth) = truth(model.name) else { return };
    for file in model.files {
        let (Lifted { graph: named, .. }, found) = open(file);
        let mut expected: Vec<Vec<usize>> = Vec::new();
        let parts: Vec<BTreeSet<NodeId>> = found.modules().map(|(id, _)| operators(&found, id)).collect();
        for (members, stretches) in runs_of(&named, &truth, model.classes) {
            expected.push(stretches);
            for member in members {
                let own = operators(&named, member);
                let path = &named.module(member).path;
                let best = parts.iter().min_by_key(|p| p.symmetric_difference(&own).count()).unwrap();
                let differing: Vec<String> = best
                    .symmetric_difference(&own)
                    .map(|n| named.node(*n).kind())
                    .filter(|kind| !model.border.contains(&kind.as_str()))
                    .collect();
                assert!(differing.is_empty(), "{file}: {path} differs from what is found by {differing:?}");
            }
        }
        expected.extend(model.more.iter().map(|(_, stretches)| stretches.to_vec()));
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for run in repeats(&found) {
            let class = found.module(run.members[0]).class.as_deref().unwrap();
            println!("{file}: {} × {} {:?}", run.members.len(), class, run.runs);
            runs.push(run.runs);
        }
        expected.sort();
        runs.sort();
        assert_eq!(runs, expected, "{file}: runs of blocks");
    }
}

#[test]
fn blocks_are_those_of_the_framework() {
    MODELS.iter().for_each(check);
}

#[test]
fn steps_of_a_loop_hold_one_call_of_everything() {
    if truth("gru_seq2seq").is_none() {
        return;
    }
    let file = "gru_seq2seq.ts.op17.onnx";
    let (lifted, found) = open(file);
    let bytes = std::fs::read(Path::new(CORPUS).join("onnx").join(file)).unwrap();
    let named = read(&Bytes::new(file, bytes)).unwrap();
    let runs = repeats(&found);
    let [run] = runs.as_slice() else { panic!("{file}: one run, found {runs:?}") };
    assert_eq!(run.runs, [5], "{file}: five equal steps");
    let mut calls: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, step) in run.members.iter().enumerate() {
        assert_eq!(found.module(*step).class.as_deref(), Some("step"));
        let inside = operators(&found, *step);
        let in_file = inside.iter().flat_map(|n| &lifted.stands_for[n.index()]);
        for node in in_file.map(|n| named.node(*n)).filter(|n| n.op != "Constant") {
            let path = named.module(node.module).path.as_str();
            calls.entry(path).or_insert_with(|| vec![0; 5])[i] += 1;
        }
    }
    for (path, counts) in &calls {
        assert!(path.starts_with("decoder") && counts.iter().all(|n| *n == counts[0]), "{path}: {counts:?}");
    }
    // The loop itself only slices its input and stacks its results.
    let mut inside: Vec<&str> = calls.keys().copied().filter(|p| *p != "decoder").collect();
    inside.sort_unstable();
    let expected =
        ["attention", "attention.v", "attention.w_key", "attention.w_query", "cell", "embedding", "out"];
    assert_eq!(inside, expected.map(|e| format!("decoder.{e}")));
}

#[test]
fn a_plain_network_has_stages() {
    if truth("vgg16").is_none() {
        return;
    }
    let (_, found) = open("vgg16.ts.op17.onnx");
    let root = found.module(found.root());
    let convolutions = |stage: &ModuleId| {
        let inside = operators(&found, *stage);
        inside.iter().filter(|n| found.node(**n).kind() == "conv").count()
    };
    assert_eq!(root.children.iter().map(convolutions).collect::<Vec<_>>(), [2, 2, 3, 3, 3]);
    for stage in &root.children {
        let last = operators(&found, *stage).pop_last().unwrap();
        assert_eq!(found.node(last).kind(), "max_pool");
    }
}

#[test]
fn two_layers_in_a_row_are_no_blocks() {
    if truth("lstm_classifier").is_none() {
        return;
    }
    for file in
        ["lstm_classifier.ts.op17.onnx", "lstm_classifier.ts.op17.dynamic.onnx", "lenet5.ts.op17.onnx"]
    {
        let (_, found) = open(file);
        assert_eq!(found.modules().len(), 1, "{file}");
    }
}

/// Whatever the file, every node stands in one module, which is not empty, and siblings have names of their own.
#[test]
fn every_file_keeps_its_nodes() {
    if truth("lenet5").is_none() {
        return;
    }
    for entry in std::fs::read_dir(Path::new(CORPUS).join("onnx")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let (_, found) = open(&file);
        let mut homes = vec![0; found.nodes().len()];
        for (id, module) in found.modules() {
            for node in &module.nodes {
                assert_eq!(found.node(*node).module, id, "{file}");
                homes[node.index()] += 1;
            }
            let is_empty = module.nodes.is_empty() && module.children.is_empty();
            assert!(!is_empty, "{file}: {} is empty", module.path);
            let names: BTreeSet<&str> =
                module.children.iter().map(|c| found.module(*c).name.as_str()).collect();
            assert_eq!(names.len(), module.children.len(), "{file}: names in {} differ", module.path);
        }
        assert!(homes.iter().all(|n| *n == 1), "{file}");
    }
}

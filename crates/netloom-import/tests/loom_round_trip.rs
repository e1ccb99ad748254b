//! Graphs written in the notation and read back are the networks they were.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom_graph::summary::summary;
use netloom_graph::{Graph, NodeId, Producer, TensorId, hierarchy, infer, layers, lift};
use netloom_import::{Bytes, formats::loom, read, writers};

/// What a figure draws: with shapes, lifted, in modules.
fn drawn(mut graph: Graph) -> Graph {
    infer::infer(&mut graph);
    let lifted = lift::lift(&graph).graph;
    if hierarchy::is_flat(&lifted) { hierarchy::infer(&lifted) } else { lifted }
}

/// Modules that hold more than one operator, by path; those of one are names of operators.
fn modules(graph: &Graph) -> Vec<String> {
    let mut inside = vec![0usize; graph.modules().len()];
    for (_, node) in graph.nodes().filter(|(_, n)| n.op != "Constant") {
        let mut at = Some(node.module);
        while let Some(module) = at {
            inside[module.index()] += 1;
            at = graph.module(module).parent;
        }
    }
    let mut paths: Vec<String> =
        graph.modules().filter(|(id, _)| inside[id.index()] > 0).map(|(_, m)| m.path.clone()).collect();
    paths.sort();
    paths
}

/// What each operator is: kind, label, shapes of results, weights, and in which module it stands.
fn word(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    let layer = layers::effective(graph, node);
    let label = layer.map(|l| (l.label)(graph, node));
    let kind = layer.map_or_else(|| node.op.clone(), |l| l.name.to_owned());
    let shapes: Vec<String> = node
        .outputs
        .iter()
        .flatten()
        .filter(|t| !graph.tensor(**t).consumers.is_empty() || graph.outputs.contains(t))
        .map(|t| graph.tensor(*t).ty.shape().to_string())
        .collect();
    let mut weights: Vec<String> = Vec::new();
    for (position, tensor) in node.inputs.iter().enumerate() {
        let Some(tensor) = tensor.map(|t| graph.tensor(t)) else { continue };
        let learned = layer.is_some_and(|l| l.learned.contains(&position) || l.state.contains(&position));
        if tensor.is_stored() && learned && tensor.ty.shape().elements() != Some(1) {
            let mut dims: Vec<String> =
                tensor.ty.shape().dims().unwrap_or(&[]).iter().map(|d| d.to_string()).collect();
            dims.sort();
            weights.push(dims.join("x"));
        }
    }
    weights.sort();
    let module = &graph.module(node.module).path;
    format!("{kind} {label:?} {shapes:?} {weights:?} {module}")
}

/// A name for every tensor that says how it came to be, computed from its producers; equal in both graphs where the
/// networks are equal.
fn wiring(graph: &Graph) -> (Vec<String>, Vec<u64>) {
    let mut of: BTreeMap<TensorId, u64> = BTreeMap::new();
    let hash = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    };
    for (i, t) in graph.inputs.iter().enumerate() {
        of.insert(*t, hash(&format!("input {i} {:?}", graph.tensor(*t).ty)));
    }
    let mut words = Vec::new();
    for id in infer::topological(graph).0 {
        // Values that operators hold are stored ones in the text.
        if graph.node(id).op == "Constant" {
            continue;
        }
        let own = word(graph, id);
        let mut reads: Vec<u64> = Vec::new();
        for tensor in graph.node(id).inputs.iter().flatten() {
            match graph.tensor(*tensor).producer {
                Producer::Stored | Producer::Missing => {}
                Producer::Node(id, _) if graph.node(id).op == "Constant" => {}
                _ => reads.push(of.get(tensor).copied().unwrap_or(0)),
            }
        }
        let all = hash(&format!("{own} {reads:?}"));
        for (i, tensor) in graph.node(id).outputs.iter().enumerate() {
            if let Some(tensor) = tensor {
                of.insert(*tensor, hash(&format!("{all} {i}")));
            }
        }
        words.push(own);
    }
    words.sort();
    (words, graph.outputs.iter().map(|t| of.get(t).copied().unwrap_or(1)).collect())
}

/// What differs between a graph and what is read from its text; nothing where they are one network.
fn differences(name: &str, graph: &Graph) -> Vec<String> {
    let text = writers::loom::write(graph);
    let parsed = match loom::parse(&text) {
        Ok(parsed) => parsed,
        Err(problems) => {
            let shown: Vec<String> = problems.iter().take(3).map(|p| p.render(name, &text)).collect();
            return vec![shown.join("\n")];
        }
    };
    let back = drawn(parsed);
    let mut out = Vec::new();
    let (a, b) = (summary(graph), summary(&back));
    if a.parameters != b.parameters {
        out.push(format!("{} parameters became {}", a.parameters, b.parameters));
    }
    if a.macs != b.macs {
        out.push(format!("{:?} multiply-adds became {:?}", a.macs, b.macs));
    }
    let (left, right) = (modules(graph), modules(&back));
    for path in left.iter().filter(|p| !right.contains(p)).take(3) {
        out.push(format!("module {path} is lost"));
    }
    for path in right.iter().filter(|p| !left.contains(p)).take(3) {
        out.push(format!("module {path} is new"));
    }
    let ((words, ends), (words_back, ends_back)) = (wiring(graph), wiring(&back));
    for word in words.iter().filter(|w| !words_back.contains(w)).take(3) {
        out.push(format!("lost: {word}"));
    }
    for word in words_back.iter().filter(|w| !words.contains(w)).take(3) {
        out.push(format!("new: {word}"));
    }
    if words.len() != words_back.len() {
        out.push(format!("{} operators became {}", words.len(), words_back.len()));
    }
    if out.is_empty() && ends != ends_back {
        out.push("the wiring differs".to_owned());
    }
    if out.is_empty() {
        let mut again = writers::loom::write(&back);
        let mut text = text;
        // A module whose calls are interleaved with those of others may be cut elsewhere once.
        if again != text && text.contains("more ") {
            text = again;
            again = writers::loom::write(&drawn(loom::parse(&text).unwrap()));
        }
        if again != text {
            let line = text.lines().zip(again.lines()).find(|(a, b)| a != b);
            out.push(format!("written again it differs: {line:?}"));
        }
    }
    out
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    found.retain(|p| p.extension().is_some_and(|e| e == extension));
    found.sort();
    found
}

/// Checks every model of a folder and says what came of each.
fn check(folder: &str, extension: &str) -> usize {
    let mut failed = Vec::new();
    let found = files(Path::new(folder), extension);
    for path in &found {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if std::fs::metadata(path).map_or(0, |m| m.len()) > 64 << 20 {
            continue;
        }
        let Ok(graph) = read(&Bytes::new(name.clone(), std::fs::read(path).unwrap())) else { continue };
        let graph = drawn(graph);
        let differences = differences(&name, &graph);
        if !differences.is_empty() {
            failed.push(format!("{name}\n  {}", differences.join("\n  ")));
        }
        if let Ok(out) = std::env::var("LOOM_OUT") {
            std::fs::write(Path::new(&out).join(format!("{name}.loom")), writers::loom::write(&graph))
                .unwrap();
        }
    }
    assert!(failed.is_empty(), "{} of {} models differ\n{}", failed.len(), found.len(), failed.join("\n"));
    found.len()
}

#[test]
fn fixtures_come_back() {
    assert!(check(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), "loom") >= 12);
}

#[test]
fn examples_come_back() {
    assert!(check(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"), "loom") >= 20);
}

#[test]
fn models_of_the_corpus_come_back() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx");
    if check(corpus, "onnx") == 0 {
        println!("skipped: no model corpus");
    }
}

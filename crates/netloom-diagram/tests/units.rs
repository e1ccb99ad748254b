//! Units found in the model corpus, against what the models are made of.

use std::collections::BTreeMap;

use netloom_diagram::view::NodeKind;
use netloom_diagram::{Depth, Detail, Fold, ViewOptions, view};
use netloom_graph::Graph;
use netloom_graph::infer::infer;
use netloom_graph::lift::lift;
use netloom_graph::units::{Level, find};
use netloom_import::{Bytes, read};

/// A model of the corpus, lifted; `None`, with a note, where the corpus is not there.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test reads models")]
fn model(name: &str) -> Option<Graph> {
    let path = format!("{}/../../../shared/models/onnx/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {path} is not there");
        return None;
    };
    let mut graph = read(&Bytes::new(name, bytes)).expect("the corpus is well-formed");
    infer(&mut graph);
    Some(lift(&graph).graph)
}

/// Compares the units of a model of the corpus, by rule and words.
#[track_caller]
fn check(name: &str, level: Level, want: &[(&str, usize)]) {
    let Some(graph) = model(name) else { return };
    let mut found = BTreeMap::new();
    for unit in find(&graph, level) {
        let mut text = format!("{}: {}", unit.rule, unit.title);
        if !unit.subtitle.is_empty() {
            text += &format!(", {}", unit.subtitle);
        }
        *found.entry(text).or_insert(0) += 1;
    }
    let want: BTreeMap<String, usize> = want.iter().map(|(t, n)| ((*t).to_owned(), *n)).collect();
    assert_eq!(found, want, "{name}");
}

#[test]
fn transformers_are_attention_and_feed_forward() {
    let attention = ("multi_head_attention: self-attention, 12 heads × 64", 12);
    let feed_forward = ("feed_forward: linear 3072", 12);
    for name in ["bert_base.ts.op17", "bert_base.dynamo.op18", "bert_base.dynamo.op18.dynamic"] {
        check(name, Level::Paper, &[attention, feed_forward, ("mask: mask", 1)]);
    }
    let masked = ("multi_head_attention: masked self-attention, 12 heads × 64", 12);
    for name in ["gpt2_small.ts.op17", "gpt2_small.dynamo.op18"] {
        check(name, Level::Paper, &[masked, feed_forward, ("mask: mask", 1)]);
    }
    for name in ["vit_b_16.ts.op17", "vit_b_16.dynamo.op20"] {
        check(
            name,
            Level::Paper,
            &[attention, feed_forward, ("patch_embedding: patch embedding, 16×16, 768", 1)],
        );
    }
}

#[test]
fn convolutional_networks_have_no_units_in_a_paper() {
    for name in
        ["alexnet.ts.op17.cleared", "lenet5.ts.op17", "vgg16.ts.op17", "resnet50.ts.op19", "unet.ts.op19"]
    {
        check(name, Level::Paper, &[]);
    }
}

#[test]
fn sketches_count_convolutions() {
    let row = |n: usize, width: usize| format!("double_conv: {n} × 3×3, {width}");
    let rows = [row(2, 64), row(2, 128), row(3, 256), row(3, 512)];
    let want = [(rows[0].as_str(), 1), (&rows[1], 1), (&rows[2], 1), (&rows[3], 2)];
    check("vgg16.ts.op17", Level::Sketch, &want);
}

/// Boxes of a figure by what they say, in file order; sums as the number of streams that meet in them.
fn boxes(graph: &Graph, detail: Detail) -> Vec<String> {
    let options = ViewOptions { depth: Depth::Full, detail, fold: Fold::Identical, ..ViewOptions::default() };
    let shown = view(graph, &options);
    let degrees = shown.degrees();
    let mut text = Vec::new();
    for (i, node) in shown.nodes.iter().enumerate() {
        match node.kind {
            NodeKind::Layer | NodeKind::Module => {
                let bands = node.bands.iter().map(|b| b.title.as_str());
                text.push(std::iter::once(node.title.as_str()).chain(bands).collect::<Vec<_>>().join(" | "));
            }
            NodeKind::Merge => text.push(format!("{}{}", node.title, degrees[i].0)),
            _ => {}
        }
    }
    text
}

#[test]
fn bert_is_drawn_as_its_paper_draws_it() {
    for name in ["bert_base.ts.op17", "bert_base.dynamo.op18"] {
        let Some(graph) = model(name) else { return };
        let mut found = boxes(&graph, Detail::Paper);
        assert!(found.len() <= 25, "{found:?}");
        found.sort();
        let want = [
            "+2",
            "+2",
            "+3",
            "LayerNorm",
            "LayerNorm",
            "LayerNorm",
            "first token",
            "linear 3072 | GELU | linear 768",
            "linear 768 | tanh",
            "position embedding",
            "segment embedding",
            "self-attention",
            "token embedding",
        ];
        assert_eq!(found, want, "{name}");
        let options = ViewOptions { depth: Depth::Full, fold: Fold::Identical, ..ViewOptions::default() };
        let shown = view(&graph, &options);
        let ports: Vec<&str> = shown.edges.iter().filter_map(|e| e.port).collect();
        assert_eq!(ports, ["Q", "K", "V", "mask"], "{name}");
    }
}

#[test]
fn stored_rows_of_a_vision_transformer_have_names() {
    for name in ["vit_b_16.ts.op17", "vit_b_16.dynamo.op20"] {
        let Some(graph) = model(name) else { return };
        let found = boxes(&graph, Detail::Paper);
        for want in ["patch embedding", "prepend class token", "+ position embedding", "first token"] {
            assert_eq!(found.iter().filter(|t| *t == want).count(), 1, "{want} of {name}: {found:?}");
        }
    }
}

#[test]
fn full_detail_has_no_units() {
    let Some(graph) = model("bert_tiny.dynamo.op20") else { return };
    let found = boxes(&graph, Detail::Implement);
    let linear = found.iter().filter(|t| t.starts_with("linear")).count();
    assert!(linear >= 6 && !found.iter().any(|t| t == "self-attention"), "{found:?}");
}

//! Units found in the model corpus, against what the models are made of.

use std::collections::BTreeMap;

use netloom_graph::infer::infer;
use netloom_graph::lift::lift;
use netloom_graph::units::{Level, find};
use netloom_import::{Bytes, read};

/// Compares the units of a model of the corpus, by rule and words; without the corpus, says so.
#[track_caller]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test reads models")]
fn check(name: &str, level: Level, want: &[(&str, usize)]) {
    let path = format!("{}/../../../shared/models/onnx/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {path} is not there");
        return;
    };
    let mut graph = read(&Bytes::new(name, bytes)).expect("the corpus is well-formed");
    infer(&mut graph);
    let mut found = BTreeMap::new();
    for unit in find(&lift(&graph).graph, level) {
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

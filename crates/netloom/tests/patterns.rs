//! Blocks that a person describes are drawn as one box each.

use std::path::Path;

use netloom::{Bytes, Depth, FigureOptions, Fold, Graph, diagram::view::NodeKind, draw, read};

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test reads models")]
fn model(name: &str) -> Option<Graph> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx")).join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(read(&Bytes::new(name, bytes)).expect("the corpus is well-formed"))
}

fn options(patterns: &[&str]) -> FigureOptions {
    FigureOptions {
        depth: Some(Depth::Full),
        fold: Fold::None,
        patterns: patterns.iter().map(|p| (*p).to_owned()).collect(),
        style: "layered".to_owned(),
        ..FigureOptions::default()
    }
}

/// The first lines of all boxes, runs of equal ones counted.
#[track_caller]
fn check(graph: &Graph, patterns: &[&str], want: &[&str]) {
    let figure = draw(graph, &options(patterns)).expect("the patterns are right");
    let boxes = figure.view.nodes.iter().filter(|n| matches!(n.kind, NodeKind::Layer | NodeKind::Merge));
    let mut found: Vec<(String, usize)> = Vec::new();
    for node in boxes {
        match found.last_mut() {
            Some((title, times)) if *title == node.title => *times += 1,
            _ => found.push((node.title.clone(), 1)),
        }
    }
    let found: Vec<String> =
        found.into_iter().map(|(t, n)| if n > 1 { format!("{n} {t}") } else { t }).collect();
    assert_eq!(found, want, "{patterns:?}");
}

const RESIDUAL: &[&str] = &[
    "ConvRelu = Conv > Relu",
    "Residual = (ConvRelu > Conv | ) > Add > Relu",
    "Projected = (ConvRelu > Conv | Conv) > Add > Relu",
];

#[test]
fn residual_blocks_of_a_resnet_are_one_box_each() {
    let Some(graph) = model("resnet18.ts.op17.onnx") else { return };
    let blocks = [
        "ConvRelu",
        "max-pool 3×3, /2",
        "2 Residual",
        "Projected",
        "Residual",
        "Projected",
        "Residual",
        "Projected",
        "Residual",
        "global avg-pool",
        "linear 1000",
    ];
    check(&graph, RESIDUAL, &blocks);
}

#[test]
fn modules_go_by_their_class() {
    let Some(graph) = model("resnet18.dynamo.op20.onnx") else { return };
    let figure = draw(&graph, &options(&["Stage = BasicBlock > BasicBlock"])).expect("the pattern is right");
    let stages = figure.view.nodes.iter().filter(|n| n.title == "Stage").count();
    assert_eq!(stages, 4);
}

#[test]
fn a_box_stands_for_all_its_operators() {
    let Some(graph) = model("resnet18.ts.op17.onnx") else { return };
    let operators = |patterns: &[&str]| {
        let figure = draw(&graph, &options(patterns)).expect("the patterns are right");
        let mut all: Vec<_> = figure.view.nodes.iter().flat_map(|n| n.operators.clone()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(operators(RESIDUAL), operators(&[]));
}

#[test]
fn a_wrong_pattern_is_told_with_its_place() {
    let Some(graph) = model("resnet18.ts.op17.onnx") else { return };
    let error = draw(&graph, &options(&["Block = Conv > Reluu"])).expect_err("there is no such layer");
    assert_eq!(
        error.to_string(),
        "pattern `Block = Conv > Reluu`, column 16: unknown layer, class or pattern `Reluu`"
    );
    assert_eq!(error.hints(), ["did you mean `Relu`?"]);
}

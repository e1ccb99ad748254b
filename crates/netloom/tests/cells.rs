//! Cells and trees: every view of them is clean, and their numbers are those of the summary.

use netloom::{FigureOptions, Graph, draw, lint};

mod corpus;

/// The models of the corpus whose names hold one of some words, and the examples.
fn models(words: &[&str]) -> Vec<(String, Graph)> {
    corpus::models()
        .iter()
        .filter(|p| words.iter().any(|w| p.to_string_lossy().contains(w)))
        .map(|p| corpus::open(p))
        .collect()
}

fn check(name: &str, graph: &Graph, style: &str, settings: &[(&str, &str)], width_in: f64) -> String {
    let options = FigureOptions {
        style: style.to_owned(),
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        width_px: Some(width_in * 96.0),
        ..FigureOptions::default()
    };
    let figure = draw(graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
    let report = lint(graph, &figure);
    assert!(report.is_clean(), "{name} {style} {settings:?} {width_in}: {report}");
    let svg =
        netloom::export(&figure, "svg", &netloom::ExportOptions::default()).expect("a figure can be written");
    String::from_utf8(svg).expect("SVG is text")
}

#[test]
fn every_view_of_a_cell_is_clean() {
    let models = models(&["lstm", "gru"]);
    assert!(models.len() >= 3, "the examples are there");
    for (name, graph) in &models {
        for view in ["cell", "rolled", "unrolled", "three"] {
            for width_in in [3.25, 5.5] {
                let svg = check(name, graph, "cells", &[("view", view)], width_in);
                // Indices are lowered, not written with a low line.
                assert!(!svg.contains(">h_t"), "{name} {view}");
            }
        }
        check(name, graph, "cells", &[("view", "unrolled"), ("steps", "16")], 7.0);
        check(name, graph, "cells", &[("gates", "no"), ("overview", "no")], 5.5);
    }
}

#[test]
fn every_tree_is_clean() {
    for (name, graph) in &models(&[""]) {
        check(name, graph, "tree", &[("as", "treemap")], 5.5);
        check(name, graph, "tree", &[("as", "treemap"), ("size", "macs"), ("color", "depth")], 3.25);
    }
}

#[test]
fn numbers_of_a_tree_are_those_of_the_summary() {
    let models = models(&["resnet50", "bert_base.ts", "vgg16", "googlenet", "gpt2_small.ts"]);
    if models.is_empty() {
        println!("skipped: the corpus is absent");
    }
    for (name, graph) in &models {
        let summary = netloom::graph::summary::summary(graph);
        let svg = check(name, graph, "tree", &[], 5.5);
        let mut told = 0;
        for row in &summary.modules {
            let module = graph.module(row.id);
            let (Some(macs), true) = (row.macs, !module.path.is_empty()) else { continue };
            // Rows that stand for several count all of them, so only those of one are looked up.
            let Some((_, rest)) = svg.split_once(&format!("<title>{}: ", module.path)) else { continue };
            let Some((said, _)) = rest.split_once("</title>") else { continue };
            let grouped = netloom::diagram::number::grouped;
            let expected = format!("{} parameters, {} MACs", grouped(row.parameters), grouped(macs));
            if !said.contains(" of them") {
                assert_eq!(said, expected, "{name}: {}", module.path);
                told += 1;
            }
        }
        assert!(told >= 3, "{name}: only {told} rows are told");
    }
}

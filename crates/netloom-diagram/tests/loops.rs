//! Loops that files hold written out are drawn as one step.

use netloom_diagram::view::NodeKind;
use netloom_diagram::{Depth, Fold, ViewOptions, view};
use netloom_graph::{Graph, lift};
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
    netloom_graph::infer::infer(&mut graph);
    Some(lift::lift(&graph).graph)
}

/// The same graph without a name: every operator in the root.
fn without_names(mut graph: Graph) -> Graph {
    let nodes: Vec<_> = graph.nodes().map(|(id, _)| id).collect();
    for id in nodes {
        graph.move_node(id, graph.root());
        graph.node_mut(id).name.clear();
    }
    graph
}

/// Boxes and frames with their counts, then arrows back, by title.
fn shown(graph: &Graph, options: &ViewOptions) -> String {
    let view = view(graph, options);
    let mut text = String::new();
    for node in &view.nodes {
        let frame = if node.kind == NodeKind::Container { "frame " } else { "" };
        let times = if node.repeat > 1 { format!(" ×{}", node.repeat) } else { String::new() };
        text += &format!("{frame}{}{times}\n", node.title);
    }
    for edge in view.edges.iter().filter(|e| e.back) {
        text += &format!("{} back to {}\n", view.nodes[edge.source].title, view.nodes[edge.target].title);
    }
    text
}

#[track_caller]
fn check(graph: &Graph, depth: u32, fold: Fold, want: &str) {
    let options = ViewOptions { depth: Depth::Levels(depth), fold, ..ViewOptions::default() };
    let want: String = want.lines().skip(1).map(|l| format!("{}\n", l.trim())).collect();
    let found = shown(graph, &options);
    assert_eq!(found, want, "\nfound:\n{found}");
}

#[test]
fn a_decoder_of_five_steps_is_one_step_with_arrows_back() {
    let Some(graph) = model("gru_seq2seq.ts.op17") else { return };
    check(
        &graph,
        2,
        Fold::Identical,
        "
        src
        tgt
        frame encoder
        embedding
        GRU 256
        select
        frame decoder ×5
        attention
        embedding
        GRU cell 256
        concat
        linear 8000
        output
        GRU cell 256 back to attention
        GRU cell 256 back to GRU cell 256",
    );
}

#[test]
fn the_step_is_found_without_names() {
    let Some(graph) = model("gru_seq2seq.ts.op17") else { return };
    let view = view(&without_names(graph), &ViewOptions { fold: Fold::Identical, ..ViewOptions::default() });
    let frames: Vec<(&str, u32)> = view
        .nodes
        .iter()
        .filter(|n| n.kind == NodeKind::Container)
        .map(|n| (n.title.as_str(), n.repeat))
        .collect();
    assert_eq!(frames, [("step", 5)]);
    assert!(view.edges.iter().any(|e| e.back));
}

#[test]
fn every_operator_of_the_loop_is_in_one_box_or_frame() {
    let Some(graph) = model("gru_seq2seq.ts.op17") else { return };
    let unfolded = view(&graph, &ViewOptions::default());
    let folded = view(&graph, &ViewOptions { fold: Fold::Identical, ..ViewOptions::default() });
    let operators = |view: &netloom_diagram::view::View| {
        let mut all: Vec<_> = view.nodes.iter().flat_map(|n| n.operators.clone()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(operators(&folded), operators(&unfolded));
    assert!(folded.nodes.len() < unfolded.nodes.len());
}

#[test]
fn nothing_is_folded_unasked() {
    let Some(graph) = model("gru_seq2seq.ts.op17") else { return };
    let view = view(&graph, &ViewOptions { fold: Fold::None, ..ViewOptions::default() });
    assert!(view.edges.iter().all(|e| !e.back));
    assert_eq!(view.nodes.iter().filter(|n| n.title == "attention").count(), 5);
}

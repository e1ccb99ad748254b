//! Several models in one figure.

use netloom::{Bytes, FigureOptions, Graph, draw_beside, lint};

const PLAIN: &str = "
model Plain
input x [1, 3, 32, 32]
conv(16, 3, pad=1) > relu > max_pool(2)
conv(32, 3, pad=1) > relu > global_avg_pool > flatten > linear(10)
";

fn graph(text: &str) -> Graph {
    netloom::read(&Bytes::new("plain.loom", text.as_bytes().to_vec())).expect("the notation is sound")
}

#[test]
fn keys_of_models_side_by_side_differ_and_resolve() {
    let graph = graph(PLAIN);
    let options = FigureOptions { style: "strip".to_owned(), ..FigureOptions::default() };
    let figure = draw_beside(&[(&graph, "a"), (&graph, "b")], &options).expect("a strip draws several");
    assert_eq!(figure.beside.len(), 1);
    let report = lint(&graph, &figure);
    assert!(report.defects.is_empty(), "{:?}", report.defects);
    let mut keys: Vec<_> =
        figure.view.nodes.iter().chain(&figure.beside[0].nodes).map(|n| n.key.clone()).collect();
    let n_keys = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), n_keys);
}

#[test]
fn a_style_of_one_model_says_which_style_takes_more() {
    let graph = graph(PLAIN);
    let layered = FigureOptions { style: "layered".to_owned(), ..FigureOptions::default() };
    let error = draw_beside(&[(&graph, "a"), (&graph, "b")], &layered).expect_err("one model only");
    assert!(error.to_string().contains("--style strip"), "{error}");
}

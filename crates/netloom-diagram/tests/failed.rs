//! A live model that broke off is drawn as far as it came, with a mark where it did.

use netloom_diagram::{ViewOptions, view};
use netloom_graph::Attribute;
use netloom_import::{Bytes, read};

#[test]
fn the_box_that_failed_says_so() {
    let text = "input x [1, 8]; linear(4) > relu > linear(2)";
    let mut graph =
        read(&Bytes::new("m.loom", text.as_bytes().to_vec())).expect("the notation is well-formed");
    let last = graph.nodes().map(|(id, _)| id).last().expect("it has layers");
    graph.node_mut(last).attributes.set("failed", Attribute::String("shapes differ".to_owned()));
    let view = view(&graph, &ViewOptions::default());
    let told: Vec<_> =
        view.nodes.iter().filter(|n| n.look.dashed).map(|n| (n.title.as_str(), n.notes.join(", "))).collect();
    assert_eq!(told, [("linear 2", "failed here".to_owned())]);
}

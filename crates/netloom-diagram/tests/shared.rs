//! Modules that are applied several times say so, and only those.

use netloom_diagram::view::NodeKind;
use netloom_diagram::{Depth, ViewOptions, view};
use netloom_import::{Bytes, read};

fn check(body: &str, depth: Depth, expected: &[(&str, bool)]) {
    let text = format!("input left [1, 32]\ninput right [1, 32]\n{body}\nsub(a, b) > abs > linear(1)");
    let mut graph = read(&Bytes::new("m.loom", text.into_bytes())).expect("a network");
    netloom_graph::infer::infer(&mut graph);
    let view = view(&graph, &ViewOptions { depth, ..ViewOptions::default() });
    let found: Vec<(&str, bool)> = view
        .nodes
        .iter()
        .filter(|n| matches!(n.kind, NodeKind::Container | NodeKind::Module))
        .map(|n| (n.title.as_str(), n.notes.iter().any(|n| n == "shared weights")))
        .collect();
    assert_eq!(found, expected, "{body}");
}

#[test]
fn shared_modules_say_so() {
    let tower = "tower: { linear(16) > relu > linear(16) > relu > linear(8) }";
    let shared = format!("a = left > {tower}\nb = right > tower");
    check(&shared, Depth::Full, &[("tower", true), ("tower", true)]);
    check(&shared, Depth::Levels(1), &[("tower", true), ("tower", true)]);
    let own = format!("a = left > {tower}\nb = right > {}", tower.replace("tower", "tower2"));
    check(&own, Depth::Levels(1), &[("tower", false), ("tower2", false)]);
}

//! Notations of other programs: what they say of a small model, and that no name of a file is obeyed.

use netloom_diagram::notations::{NOTATIONS, Sheet, find};
use netloom_diagram::{Depth, Fold, ViewOptions, view};
use netloom_import::{Bytes, read};
use netloom_layout::Direction;
use netloom_scene::Theme;

fn written(text: &str, notation: &str, name: &str) -> String {
    let mut graph = read(&Bytes::new("m.loom", text.as_bytes().to_vec())).expect("a network");
    netloom_graph::infer::infer(&mut graph);
    let spec = ViewOptions { depth: Depth::Full, fold: Fold::Identical, ..ViewOptions::default() };
    let view = view(&graph, &spec);
    let theme = Theme::light();
    let name = name.to_owned();
    let sheet =
        Sheet { graph: &graph, view: &view, theme: &theme, direction: Direction::Down, name, batch: false };
    (find(notation).expect("a notation").write)(&sheet)
}

const RESIDUAL: &str = "input x [1, 8]\nblock Res(n) { [linear(n) > relu > linear(n), same] > add }\nbody: Res(8) * 3\n\"odd \\ | <b> #1; ${x}\"";

fn check(notation: &str, expected: &[&str]) {
    let found = written(RESIDUAL, notation, "my \"net\"");
    for line in expected {
        assert!(found.lines().any(|l| l.trim() == *line), "{notation} lacks\n{line}\nin\n{found}");
    }
}

#[test]
fn boxes_frames_and_arrows_are_written() {
    check("dot", &["digraph \"my \\\"net\\\"\" {", "subgraph cluster_1 {", "n2 -> n3 [weight=8]"]);
    check("mermaid", &["flowchart TB", "subgraph n1 [\"body ×3<br/>Res\"]", "n2 --> n3", "end"]);
    check("d2", &["direction: down", "n1: \"body ×3\\nRes\" {", "n1.n2 -> n1.n3"]);
}

#[test]
fn nothing_in_a_name_is_obeyed() {
    let of = |notation: &str| written(RESIDUAL, notation, "n");
    let odd = |text: &str| -> String {
        text.lines().find(|l| l.contains("odd")).unwrap_or_else(|| panic!("shown in {text}")).to_owned()
    };
    assert!(odd(&of("dot")).contains("odd \\\\ | <b> #1; ${x}"), "{}", odd(&of("dot")));
    assert!(
        odd(&of("mermaid")).contains("odd #92; #124; #60;b#62; #35;1#59; $#123;x#125;"),
        "{}",
        odd(&of("mermaid"))
    );
    assert!(odd(&of("d2")).contains("odd \\\\ | <b> #1; \\${x}"), "{}", odd(&of("d2")));
}

#[test]
fn notations_stand_in_order_and_are_found() {
    assert!(NOTATIONS.is_sorted_by(|a, b| a.name < b.name));
    for notation in NOTATIONS {
        assert!(!notation.about.is_empty() && !notation.about.ends_with('.'));
        for extension in notation.extensions {
            assert_eq!(find(&extension.to_uppercase()).map(|n| n.name), Some(notation.name));
        }
    }
    assert!(find("svg").is_none());
}

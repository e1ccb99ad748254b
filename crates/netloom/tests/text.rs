//! Plain-text figures of every model: lines no wider than asked, one per box, ASCII where nothing else is wanted.

use netloom_diagram::plain::{PlainOptions, plain};
use netloom_diagram::view::{NodeKind, View};
use netloom_diagram::{Depth, Fold, ViewOptions, view};
use netloom_graph::{Graph, hierarchy, lift};

mod corpus;

/// How many lines carry the mark of a box on a rail: on the left, before two spaces and a name.
fn marked(text: &str, marks: &[char]) -> usize {
    let is_rail = |c: char| marks.contains(&c) || " │├╮┤┼─╯┴|\\/-".contains(c);
    text.lines().filter(|l| l.chars().take_while(|c| is_rail(*c)).any(|c| marks.contains(&c))).count()
}

#[track_caller]
fn check(name: &str, graph: &Graph, options: &ViewOptions, width: usize) {
    let shown: View = view(graph, options);
    let boxes =
        shown.nodes.iter().filter(|n| !matches!(n.kind, NodeKind::Container | NodeKind::Stub)).count();
    let text = plain(graph, &shown, options, PlainOptions { ascii: false, width });
    assert_eq!(marked(&text, &['●', '○', '⊕', '⊗', '■']), boxes, "{name}: boxes\n{text}");
    let ascii = plain(graph, &shown, options, PlainOptions { ascii: true, width });
    assert!(ascii.is_ascii(), "{name}: {ascii}");
    assert_eq!(ascii.lines().count(), text.lines().count(), "{name}");
    for line in text.lines().chain(ascii.lines()) {
        assert!(line.chars().count() <= width, "{name}: wider than {width}: {line}");
        assert_eq!(line.trim_end(), line, "{name}: space at the end");
    }
    assert_eq!(text, plain(graph, &shown, options, PlainOptions { ascii: false, width }), "{name}: twice");
}

#[test]
fn every_box_has_a_line_of_bounded_width() {
    for path in corpus::models() {
        let (name, graph) = corpus::open(&path);
        let graph = hierarchy::infer(&lift::lift(&graph).graph);
        for (depth, fold, plumbing, width) in [
            (Depth::Levels(1), Fold::Similar, false, 100),
            (Depth::Levels(2), Fold::Similar, false, 80),
            (Depth::Full, Fold::Similar, false, 100),
            (Depth::Full, Fold::None, true, 120),
        ] {
            check(&name, &graph, &ViewOptions { depth, fold, plumbing, ..ViewOptions::default() }, width);
        }
    }
}

//! What rules say is done.

use netloom_graph::{Graph, infer};
use netloom_import::Bytes;
use netloom_scene::{Key, Theme};

use super::*;
use crate::view::{Depth, Fold, View, ViewOptions, view};

const NET: &str = "input a, b [1, 4, 8, 8]
x = a > stem: { conv(4, 3, pad=1) > batch_norm > relu }
y = b > side: conv(4, 1)
[x, y] > add > max_pool(2) > flatten > out: linear(10)
";

fn graph() -> Graph {
    let mut graph = netloom_import::read(&Bytes::new("net.loom", NET.as_bytes().to_vec()))
        .unwrap_or_else(|e| panic!("{e}"));
    infer::infer(&mut graph);
    graph
}

fn shown(rules: &[&str]) -> View {
    let mut rules: Vec<Rule> =
        rules.iter().map(|r| Rule::parse(r).unwrap_or_else(|e| panic!("{r}: {e}"))).collect();
    for rule in rules.iter_mut().filter(|r| r.effects.colour.is_some()) {
        rule.effects.swatch = Some(Theme::light().swatch(rule.effects.colour.as_deref().unwrap()));
    }
    let graph = graph();
    view(&graph, &ViewOptions { depth: Depth::Full, fold: Fold::None, rules, ..ViewOptions::default() })
}

/// Boxes and arrows in words.
fn words(view: &View) -> Vec<String> {
    let name = |i: usize| view.nodes[i].title.clone();
    let mut words: Vec<String> =
        view.edges.iter().map(|e| format!("{} > {}", name(e.source), name(e.target))).collect();
    words.sort();
    words
}

#[test]
fn hidden_boxes_are_led_past() {
    let all = words(&shown(&[]));
    assert!(all.contains(&"max-pool 2×2, /2 > linear 10".to_owned()), "{all:?}");
    let without = words(&shown(&["kind=max_pool { hide }"]));
    assert!(without.contains(&"+ > linear 10".to_owned()), "{without:?}");
    assert_eq!(words(&shown(&["kind=max_pool { hide }", "kind=pool { show }"])), all);
    // An input that is hidden takes its arrows with it; nothing is left hanging.
    let without = words(&shown(&["b { hide }"]));
    assert_eq!(without.len(), all.len() - 1);
    assert!(!words(&shown(&["* { hide }"])).is_empty(), "a figure is never empty");
}

#[test]
fn boxes_take_words_and_colours() {
    let view = shown(&[
        "kind=conv { colour: attention; legend: \"filters\" }",
        "side { label: \"1 × 1; plain\"; caption: from the side }",
        "out { colour: norm }",
        "out { colour: pool }",
    ]);
    let of =
        |key: &str| view.nodes.iter().find(|n| n.key == Key::new(key)).unwrap_or_else(|| panic!("{key}"));
    let theme = Theme::light();
    assert_eq!(of("side/conv").title, "1 × 1; plain");
    assert_eq!(of("side/conv").notes, ["from the side"]);
    assert_eq!(of("side/conv").look.swatch, Some(theme.swatch("attention")));
    assert_eq!(of("out/linear").look.swatch, Some(theme.swatch("pool")), "later rules win");
    assert!(matches!(&view.legend, Some(crate::view::Legend::Beside(e)) if e[0].1 == "filters"));
}

#[test]
fn boxes_come_in_the_order_asked_for() {
    let inputs = |rules: &[&str]| -> Vec<String> {
        let view = shown(rules);
        let inputs = view.nodes.iter().filter(|n| n.kind == crate::view::NodeKind::Input);
        inputs.map(|n| n.title.clone()).collect()
    };
    assert_eq!(inputs(&[]), ["a", "b"]);
    assert_eq!(inputs(&["a { order: 2 }", "b { order: 1 }"]), ["b", "a"]);
}

#[test]
fn rules_say_whether_they_are_about_anything() {
    let graph = graph();
    for (rule, expected) in [
        ("stem", true),
        ("st?m", true),
        ("kind=conv", true),
        ("kind=input", true),
        ("kind=lstm", false),
        ("stme", false),
        ("/^si/", true),
        ("/^it/", false),
        ("a", true),
    ] {
        assert_eq!(Rule::parse(&format!("{rule} {{ hide }}")).unwrap().finds(&graph), expected, "{rule}");
    }
}

#[test]
fn errors_say_what_was_expected() {
    for (rule, message, hint) in [
        (
            "conv",
            "expected `SELECTOR { EFFECT; … }`, found `conv`",
            "such as `kind=conv { colour: #77aadd }`",
        ),
        ("a { hdie }", "unknown effect `hdie`: expected colour, legend,", "did you mean `hide`?"),
        ("a { colour }", "`colour`: expected a value, found none", ""),
        ("a { hide: 1 }", "`hide`: expected no value, found one", ""),
        ("a { order: first }", "`order`: expected a whole number, found `first`", ""),
        ("a { fold: all }", "`fold`: expected none, found `all`", ""),
        ("/a{2}( { hide }", "expected `SELECTOR", "such as"),
        ("{ hide }", "expected kind=…", ""),
    ] {
        let error = Rule::parse(rule).expect_err(rule);
        assert!(error.to_string().starts_with(message), "{rule}: {error}");
        assert!(error.hint.unwrap_or_default().starts_with(hint), "{rule}");
    }
    assert_eq!(Rule::parse("/a{2}/ { hide }").unwrap().select.text(), "/a{2}/");
}

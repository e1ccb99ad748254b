//! What figures of maps and units say and show of small networks.

use netloom_diagram::styles::{DrawOptions, find};
use netloom_diagram::{Depth, ViewOptions, view};
use netloom_import::{Bytes, read};
use netloom_scene::kurbo::Shape as _;
use netloom_scene::{Group, Item, Path, Theme};

/// All texts and paths of a figure.
fn drawn(group: &Group, texts: &mut Vec<String>, paths: &mut Vec<Path>) {
    for item in &group.children {
        match item {
            Item::Group(group) => drawn(group, texts, paths),
            Item::Text(text) => texts.push(text.run.text.clone()),
            Item::Path(path) => paths.push(path.clone()),
            Item::Image(_) => {}
        }
    }
}

fn figure(loom: &str, style: &str, settings: &[(&str, &str)]) -> (Vec<String>, Vec<Path>) {
    let mut graph = read(&Bytes::new("test.loom", loom.as_bytes().to_vec())).expect("the notation is right");
    netloom_graph::infer::infer(&mut graph);
    let style = find(style).expect("the style is there");
    let mut options = DrawOptions::new(Theme::light());
    for (name, value) in settings {
        options.settings.set(style.settings, name, value).expect("the setting is right");
    }
    let view = view(&graph, &ViewOptions { depth: Depth::Full, ..ViewOptions::default() });
    let scene = (style.draw)(&graph, &view, &options);
    let (mut texts, mut paths) = (Vec::new(), Vec::new());
    drawn(&scene.root, &mut texts, &mut paths);
    (texts, paths)
}

const LENET: &str = include_str!("../../../examples/lenet5_1998.loom");
const DROPOUT: &str = include_str!("../../../examples/dropout_mlp.loom");

#[track_caller]
fn check(loom: &str, style: &str, settings: &[(&str, &str)], said: &[&str]) {
    let (texts, _) = figure(loom, style, settings);
    for words in said {
        assert!(texts.iter().any(|t| t == words), "no `{words}` in {texts:?}");
    }
}

#[test]
fn tensors_have_their_own_sizes_and_operations() {
    let sizes = ["1@32×32", "6@28×28", "6@14×14", "16@10×10", "16@5×5", "120@1×1", "84", "10"];
    check(LENET, "lenet", &[], &sizes);
    check(LENET, "lenet", &[], &["convolution", "5×5", "avg-pool", "2×2, /2", "full connection", "tanh"]);
    let classic = ["C1: feature", "S2: f. maps", "C5: layer", "F6: layer", "output", "subsampling"];
    check(LENET, "lenet", &[("names", "classic")], &classic);
    check(LENET, "lenet", &[("names", "modules")], &["c1", "s2", "f6"]);
    check("input x [1, 3, h, 8]\nmax_pool(2) > conv(4, 3, pad=1)", "lenet", &[], &["3@h×8", "max-pool"]);
    check("input x [1, 4, 6, 6]\nconv_transpose(2, 2, stride=2)", "lenet", &[], &["2@12×12", "2×2, ×2"]);
    check("input x [1, 2, 4, 4]\nflatten > linear(5)", "lenet", &[], &["flatten", "5"]);
    check(DROPOUT, "neurons", &[], &["ReLU", "dropout 0.5", "sigmoid"]);
}

#[track_caller]
fn check_count(loom: &str, style: &str, settings: &[(&str, &str)], piece: &str, expected: usize) {
    let (_, paths) = figure(loom, style, settings);
    let found = paths.iter().filter(|p| p.key.as_str().contains(piece)).count();
    assert_eq!(found, expected, "{piece} with {settings:?}");
}

#[test]
fn maps_and_units_are_counted() {
    // 1 + 6 + 6 + 9 of 16 twice; bars have none.
    check_count(LENET, "lenet", &[], "#map", 1 + 6 + 6 + 9 + 9);
    check_count(LENET, "lenet", &[("cap", "20")], "#map", 1 + 6 + 6 + 16 + 16);
    check_count(LENET, "lenet", &[("cap", "2")], "#map", 1 + 2 + 2 + 2 + 2);
    check_count(DROPOUT, "neurons", &[], "#unit", 5 + 5 + 5 + 1);
    // Two of five at 0.4, and half of five, rounded, twice.
    check_count(DROPOUT, "neurons", &[], "#cross", 2 + 3 + 3);
    check_count(DROPOUT, "neurons", &[("dropout", "no")], "#cross", 0);
    check_count(DROPOUT, "neurons", &[("dropout", "both")], "#unit", 2 * 16);
    check_count(DROPOUT, "neurons", &[("bias", "yes")], "#bias", 3);
    check_count("input x [1, 100]\nlinear(4)", "neurons", &[("cap", "6")], "#unit", 5 + 4);
}

#[test]
fn squares_of_kernels_have_the_true_ratio() {
    let (_, paths) = figure("input x [1, 1, 32, 32]\nconv(6, 5)", "lenet", &[]);
    let width = |piece: &str| {
        let path = paths.iter().find(|p| p.key.as_str().ends_with(piece)).expect("it is drawn");
        path.shape.bounding_box().width()
    };
    let (square, map) = (width("~0#line2"), width("x#map0"));
    assert!((square / map - 5.0 / 32.0).abs() < 1e-9, "{square} of {map}");
}

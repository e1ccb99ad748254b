//! What is shown of small networks, as plain text: one line per box, the flow as rails.

use netloom_diagram::plain::{PlainOptions, plain};
use netloom_diagram::view::{Elision, Kept, NodeKind, View, elide};
use netloom_diagram::{Depth, Detail, Fold, ViewOptions, view};
use netloom_graph::{Graph, ModuleId};
use netloom_import::{Bytes, read};

fn graph(loom: &str) -> Graph {
    let mut graph = read(&Bytes::new("test.loom", loom.as_bytes().to_vec())).expect("the notation is right");
    netloom_graph::infer::infer(&mut graph);
    graph
}

fn options(depth: Depth) -> ViewOptions {
    ViewOptions { depth, ..ViewOptions::default() }
}

/// With every frame, however little it says.
fn framed(depth: Depth) -> ViewOptions {
    ViewOptions { detail: Detail::Implement, ..options(depth) }
}

fn text(graph: &Graph, options: &ViewOptions) -> String {
    let text = plain(graph, &view(graph, options), options, PlainOptions::default());
    text.lines().map(|l| format!("{}\n", l.trim_end())).collect()
}

#[track_caller]
fn check(loom: &str, depth: Depth, want: &str) {
    let found = text(&graph(loom), &options(depth)).replace('\u{a0}', " ");
    let want: String = want.lines().skip(1).map(|l| format!("{}\n", l.trim_end())).collect();
    assert_eq!(found, want, "\nfound:\n{found}");
}

const RESIDUAL: &str = "
input x [1, 16, 8, 8]
block Basic(c) {
  [conv(c, 3, pad=1) > batch_norm > relu > conv(c, 3, pad=1) > batch_norm, same] > add > relu
}
layer: Basic(16) * 2
global_avg_pool > flatten > linear(10)
";

#[test]
fn layers_carry_their_norm_and_activation_as_bands() {
    check(
        RESIDUAL,
        Depth::Full,
        "
     layer                       output  parameters   share
○    x                           16×8×8
│    layer.0 · Basic
├─╮
● │    conv 3×3, 16 | BN | ReLU  16×8×8      2.35 k  24.6 %
● │    conv 3×3, 16 | BN         16×8×8      2.35 k  24.6 %
⊕─╯    add                       16×8×8
●      ReLU                      16×8×8
│    layer.1 · Basic
├─╮
● │    conv 3×3, 16 | BN | ReLU  16×8×8      2.35 k  24.6 %
● │    conv 3×3, 16 | BN         16×8×8      2.35 k  24.6 %
⊕─╯    add                       16×8×8
●      ReLU                      16×8×8
●    global avg-pool             16×1×1
●    linear 10                   10             170   1.8 %
○    output
",
    );
}

#[test]
fn a_frame_that_begins_with_a_number_takes_the_name_before_it() {
    let loom = "
input x [1, 16, 8, 8]
block Basic(c) { conv(c, 3, pad=1) > batch_norm > relu > conv(c, 3, pad=1) > sigmoid }
block Stage(c) { layers: Basic(c) * 2 }
blocks: Stage(16) * 2
";
    let shown = view(&graph(loom), &framed(Depth::Levels(2)));
    let titles: Vec<&str> =
        shown.nodes.iter().filter(|n| n.kind == NodeKind::Container).map(|n| n.title.as_str()).collect();
    assert_eq!(
        titles,
        ["blocks", "blocks.0", "blocks.1"],
        "the only part of a numbered one goes by its number"
    );
}

#[test]
fn what_fits_no_page_keeps_counts_ends_or_what_weighs_most() {
    let graph = graph(RESIDUAL);
    let check = |view: &View, boxes: usize, kept: Kept, want: &[&str]| {
        let few = elide(&graph, &options(Depth::Full), view, Elision { boxes, ports: 2, kept });
        let found: Vec<String> = few
            .nodes
            .iter()
            .map(|n| if n.repeat > 1 { format!("{} ×{}", n.title, n.repeat) } else { n.title.clone() })
            .map(|title| title.replace('\u{a0}', " "))
            .collect();
        assert_eq!(found, want);
    };
    let folded = view(&graph, &ViewOptions { fold: Fold::Identical, ..options(Depth::Full) });
    check(&folded, 4, Kept::Ends, &["x", "layer ×2", "global avg-pool", "linear 10", "output"]);
    check(&folded, 1, Kept::Ends, &["x", "… 4 more", "output"]);
    check(&folded, 1, Kept::Heaviest, &["x", "layer ×2", "… 2 more", "output"]);
}

#[test]
fn depth_closes_modules_and_open_opens_one_more() {
    let graph = graph(RESIDUAL);
    let titles = |options: &ViewOptions| -> Vec<String> {
        let shown = view(&graph, options);
        let modules =
            shown.nodes.iter().filter(|n| n.kind == NodeKind::Module || n.kind == NodeKind::Container);
        modules.map(|n| format!("{:?} {}", n.kind, n.title)).collect()
    };
    assert_eq!(titles(&framed(Depth::Levels(1))), ["Module layer"]);
    assert_eq!(titles(&framed(Depth::Levels(2))), ["Container layer", "Module layer.0", "Module layer.1"]);
    let open = ViewOptions { open: vec!["layer.1".to_owned()], ..framed(Depth::Levels(1)) };
    assert_eq!(titles(&open), ["Container layer", "Module layer.0", "Container layer.1"]);
}

#[test]
fn by_passes_are_skips_and_the_longest_way_is_the_trunk() {
    let graph = graph(RESIDUAL);
    let shown = view(&graph, &options(Depth::Full));
    let skips: Vec<(&str, &str)> = shown
        .edges
        .iter()
        .filter(|e| e.skip)
        .map(|e| (shown.nodes[e.source].title.as_str(), shown.nodes[e.target].title.as_str()))
        .collect();
    assert_eq!(skips, [("x", "+"), ("ReLU", "+")]);
    let trunk: Vec<&str> = shown.trunk.iter().map(|n| shown.nodes[*n].title.as_str()).collect();
    assert_eq!(
        trunk,
        [
            "x",
            "conv 3×3, 16",
            "conv 3×3, 16",
            "+",
            "ReLU",
            "conv 3×3, 16",
            "conv 3×3, 16",
            "+",
            "ReLU",
            "global avg-pool",
            "linear 10",
            shown.nodes[*shown.trunk.last().expect("a trunk")].title.as_str(),
        ]
    );
    assert_eq!(shown.nodes[*shown.trunk.last().expect("a trunk")].kind, NodeKind::Output);
}

#[test]
fn a_mask_that_every_layer_reads_becomes_stubs() {
    let shown =
        view(&graph(include_str!("../../netloom-import/tests/fixtures/mask.loom")), &options(Depth::Full));
    let stubs = shown.nodes.iter().filter(|n| n.kind == NodeKind::Stub && n.title == "mask").count();
    assert_eq!(stubs, 12, "one for each of the twelve layers");
    let mask = shown.nodes.iter().position(|n| n.kind == NodeKind::Input && n.title == "mask");
    let mask = mask.expect("an input is always shown");
    assert!(shown.edges.iter().all(|e| e.source != mask), "no long arrow is left");
}

#[test]
fn data_movement_is_shown_on_request_only() {
    let graph = graph("input x [1, 4, 6]\nreshape([1, 24]) > linear(3) > reshape([1, 3, 1])\n");
    let hidden = options(Depth::Full);
    let shown = ViewOptions { plumbing: true, ..hidden.clone() };
    let titles = |o: &ViewOptions| -> Vec<String> {
        view(&graph, o).nodes.iter().filter(|n| n.kind == NodeKind::Layer).map(|n| n.title.clone()).collect()
    };
    assert_eq!(titles(&hidden), ["linear 3"]);
    assert_eq!(titles(&shown), ["reshape", "linear 3", "reshape"]);
}

/// What must hold of any view of any network.
fn sound(name: &str, shown: &View) {
    let mut keys: Vec<&str> = shown.nodes.iter().map(|n| n.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), shown.nodes.len(), "{name}: keys are unique");
    for edge in &shown.edges {
        assert!(edge.source < shown.nodes.len() && edge.target < shown.nodes.len(), "{name}");
        assert_ne!(shown.nodes[edge.source].kind, NodeKind::Container, "{name}: no arrow leaves a frame");
        assert_ne!(shown.nodes[edge.target].kind, NodeKind::Container, "{name}: no arrow ends at a frame");
    }
    for (i, node) in shown.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            assert_eq!(shown.nodes[parent].kind, NodeKind::Container, "{name}: only frames hold boxes");
            assert!(parent < i, "{name}: frames stand before what they hold");
        }
        if node.kind == NodeKind::Container {
            let held = shown.nodes.iter().filter(|n| n.parent == Some(i)).count();
            assert!(held > 0, "{name}: no frame is empty");
        }
    }
}

#[test]
fn views_of_all_fixtures_are_sound_and_repeatable() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../netloom-import/tests/fixtures");
    let mut n = 0;
    #[expect(clippy::disallowed_methods, reason = "a test reads fixtures")]
    for entry in std::fs::read_dir(folder).expect("there are fixtures") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|e| e != "loom") {
            continue;
        }
        let name = path.display().to_string();
        let graph = graph(&std::fs::read_to_string(&path).expect("a fixture is text"));
        for depth in [Depth::Levels(0), Depth::Levels(1), Depth::Levels(2), Depth::Levels(3), Depth::Full] {
            let folds = [Fold::None, Fold::Identical, Fold::Similar];
            for (plumbing, fold) in [false, true].into_iter().flat_map(|p| folds.map(|f| (p, f))) {
                let options = ViewOptions { plumbing, fold, ..options(depth) };
                let shown = view(&graph, &options);
                sound(&name, &shown);
                assert_eq!(shown, view(&graph, &options), "{name}: twice the same");
                // Every operator that is shown is shown once.
                let mut operators: Vec<_> = shown.nodes.iter().flat_map(|n| &n.operators).collect();
                let all = operators.len();
                operators.sort_unstable();
                operators.dedup();
                assert_eq!(operators.len(), all, "{name}: an operator stands in two boxes");
            }
        }
        n += 1;
    }
    assert!(n >= 10, "{n} fixtures");
}

/// The blocks and frames of a view with how often each comes.
fn blocks(shown: &View) -> Vec<String> {
    let blocks = shown.nodes.iter().filter(|n| matches!(n.kind, NodeKind::Module | NodeKind::Container));
    blocks.map(|n| format!("{} ×{}", n.title, n.repeat)).collect()
}

#[track_caller]
fn check_fold(loom: &str, depth: Depth, want: &[&str]) {
    let graph = graph(loom);
    let folded = view(&graph, &ViewOptions { fold: Fold::Identical, ..options(depth) });
    assert_eq!(blocks(&folded), want);
    sound(loom, &folded);
    // Every operator still traces to a box, and parameters add up.
    let operators = |v: &View| {
        let mut all: Vec<_> = v.nodes.iter().flat_map(|n| n.operators.clone()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(operators(&folded), operators(&view(&graph, &options(depth))));
}

#[test]
fn equal_blocks_in_a_row_are_one_with_a_count() {
    let four = RESIDUAL.replace("* 2", "* 4");
    check_fold(&four, Depth::Levels(1), &["layer ×1"]);
    check_fold(&four, Depth::Levels(2), &["layer ×4"]);
    check_fold(&four, Depth::Full, &["layer ×4"]);
    let graph = graph(&four);
    let text = text(&graph, &ViewOptions { fold: Fold::Identical, ..options(Depth::Levels(2)) })
        .replace('\u{a0}', " ");
    assert!(text.contains("■  layer · Basic ×4"), "{text}");
    let shown = view(&graph, &ViewOptions { fold: Fold::Identical, ..options(Depth::Levels(2)) });
    let words = netloom_diagram::describe::describe(&graph, &shown, "").replace('\u{a0}', " ");
    assert!(words.contains("layer (Basic), 4 times"), "{words}");
}

/// Stages of blocks whose first one halves the map.
const STAGES: &str = "
input x [1, 16, 8, 8]
block Basic(c, s) {
  [conv(c, 3, stride=s, pad=1) > batch_norm > relu > conv(c, 3, pad=1), SIDE] > add > relu
}
stage: {
  b0: Basic(32, 2)
  b1: Basic(32, 1)
  b2: Basic(32, 1)
  b3: Basic(32, 1)
}
global_avg_pool > flatten > linear(10)
";

#[test]
fn a_block_that_differs_stands_alone_where_equal_ones_fold() {
    let stages = STAGES.replace("SIDE", "conv(c, 1, stride=s)");
    let shown = view(&graph(&stages), &ViewOptions { fold: Fold::Identical, ..framed(Depth::Full) });
    assert_eq!(blocks(&shown), ["stage ×1", "b0 ×1", "b1–3 ×3"]);
}

/// Blocks with their counts and what is said of those that differ, when similar ones fold.
#[track_caller]
fn check_similar(loom: &str, depth: Depth, want: &[&str]) {
    let graph = graph(loom);
    let folded = view(&graph, &ViewOptions { fold: Fold::Similar, ..options(depth) });
    let blocks = folded.nodes.iter().filter(|n| n.repeat > 1);
    let found: Vec<String> = blocks
        .map(|n| format!("{} ×{} {}", n.title, n.repeat, n.notes.join("; ")).trim_end().to_owned())
        .collect();
    assert_eq!(found, want);
    sound(loom, &folded);
    let operators = |v: &View| {
        let mut all: Vec<_> = v.nodes.iter().flat_map(|n| n.operators.clone()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(
        operators(&folded),
        operators(&view(&graph, &options(depth))),
        "every operator traces to a box"
    );
}

#[test]
fn blocks_of_one_make_fold_with_what_tells_them_apart() {
    let stages = STAGES.replace("SIDE", "conv(c, 1, stride=s)");
    check_similar(&stages, Depth::Full, &["stage ×4 first: /2"]);
    check_similar(&stages, Depth::Levels(2), &["stage ×4 first: /2"]);
    // Too many words make different blocks.
    let odd =
        stages.replace("b1: Basic(32, 1)", "b1: conv(32, 3, pad=1) > sigmoid > conv(32, 5, pad=2) > tanh");
    check_similar(&odd, Depth::Full, &["stage.b2–3 ×2"]);
}

#[test]
fn a_projected_skip_is_told_and_marked() {
    const NET: &str = "
input x [1, 16, 8, 8]
block First(c) {
  [conv(c, 3, stride=2, pad=1) > relu > conv(c, 3, pad=1), conv(c, 1, stride=2)] > add > relu
}
block Next(c) {
  [conv(c, 3, pad=1) > relu > conv(c, 3, pad=1), same] > add > relu
}
stage0: First(32)
stage1: Next(32)
stage2: Next(32)
global_avg_pool > flatten > linear(10)
";
    // Without classes it is the numbers of their names that make blocks of one make.
    let mut graph = graph(NET);
    let ids: Vec<_> = graph.modules().map(|(id, _)| id).collect();
    for id in ids {
        graph.module_mut(id).class = None;
    }
    let shown = view(&graph, &ViewOptions { fold: Fold::Similar, ..options(Depth::Full) });
    let folded: Vec<_> = shown.nodes.iter().filter(|n| n.repeat > 1).collect();
    assert_eq!(folded.len(), 1, "{:?}", blocks(&shown));
    assert_eq!((folded[0].repeat, folded[0].notes.join("; ").as_str()), (3, "first: /2, skip 1×1"));
    let projected: Vec<_> = shown.edges.iter().filter(|e| e.projected).collect();
    assert_eq!(projected.len(), 1);
    assert!(projected[0].skip && shown.nodes[projected[0].target].title == "+");
    let conv = shown.nodes.iter().filter(|n| n.title.starts_with("conv")).count();
    assert_eq!(conv, 2, "the typical block has two");
}

#[test]
fn blocks_that_take_turns_are_one_round_with_a_count() {
    const TURNS: &str = "
input x [1, 16, 8, 8]
block A() {
  conv(16, 3, pad=1) > relu > conv(16, 3, pad=1) > relu
}
block B() {
  conv(16, 5, pad=2) > tanh > conv(16, 5, pad=2) > tanh
}
a0: A()
b0: B()
a1: A()
b1: B()
a2: A()
b2: B()
global_avg_pool > flatten > linear(10)
";
    let graph = graph(TURNS);
    for depth in [Depth::Levels(1), Depth::Full] {
        let shown = view(&graph, &ViewOptions { fold: Fold::Identical, ..options(depth) });
        sound(TURNS, &shown);
        let counts: Vec<u32> = shown.nodes.iter().map(|n| n.repeat).filter(|n| *n > 1).collect();
        assert_eq!(counts, [3], "{:?}", blocks(&shown));
        let round = shown.nodes.iter().position(|n| n.repeat == 3).expect("as counted");
        let held =
            shown.nodes.iter().filter(|n| n.kind != NodeKind::Merge && n.parent == Some(round)).count();
        assert!(held == if depth == Depth::Full { 4 } else { 2 }, "{held} parts in a round");
    }
}

#[test]
fn equal_layers_fold_from_three_on() {
    let folded = |n: usize, detail| {
        let layers = "conv(16, 3, pad=1) > relu > ".repeat(n);
        let net = graph(&format!("input x [1, 16, 8, 8]\n{layers}global_avg_pool > flatten > linear(10)\n"));
        let shown = view(&net, &ViewOptions { fold: Fold::Similar, detail, ..options(Depth::Full) });
        shown.nodes.iter().map(|n| n.repeat).max()
    };
    assert_eq!(folded(2, Detail::Paper), Some(1));
    assert_eq!(folded(3, Detail::Paper), Some(3));
    assert_eq!(folded(3, Detail::Implement), Some(1));
}

#[test]
fn frames_that_say_nothing_go() {
    let frames = |loom: &str, fold, detail| {
        let shown = view(&graph(loom), &ViewOptions { fold, detail, ..options(Depth::Full) });
        let frames = shown.nodes.iter().filter(|n| n.kind == NodeKind::Container);
        frames.map(|n| n.title.clone()).collect::<Vec<_>>()
    };
    const NET: &str = "
input x [1, 16, 8, 8]
block Inner() {
  conv(16, 3, pad=1) > relu > conv(16, 3, pad=1) > relu > conv(16, 1)
}
block Outer() {
  part: Inner()
  conv(16, 1) > tanh > conv(16, 1)
}
body: {
  conv(16, 3, pad=1) > relu > conv(16, 3, pad=1)
  o0: Outer()
  o1: Outer()
}
global_avg_pool > flatten > linear(10)
";
    assert_eq!(frames(NET, Fold::None, Detail::Implement), ["body", "o0", "part", "o1", "part"]);
    assert_eq!(frames(NET, Fold::None, Detail::Paper), ["body.o0", "body.o1"]);
    assert_eq!(frames(NET, Fold::Identical, Detail::Paper), ["body.o0–1"]);
}

#[test]
fn blocks_that_are_read_from_elsewhere_are_not_folded() {
    // What each block makes is read at the end, as in a dense block.
    const CHAIN: &str = "
input x [1, 16, 8, 8]
block Layer() {
  conv(16, 3, pad=1) > relu > conv(16, 3, pad=1) > relu
}
first = a: Layer()
second = b: Layer()
c: Layer()
";
    let folded =
        |loom: &str, depth| view(&graph(loom), &ViewOptions { fold: Fold::Identical, ..options(depth) });
    let dense = format!("{CHAIN}concat(second, first) > conv(4, 1)\n");
    for depth in [Depth::Levels(1), Depth::Full] {
        assert!(folded(CHAIN, depth).nodes.iter().any(|n| n.repeat == 3), "a plain chain folds");
        let shown = folded(&dense, depth);
        assert!(shown.nodes.iter().all(|n| n.repeat == 1), "{:?}", blocks(&shown));
    }
}

#[test]
fn layers_that_read_one_mask_fold_and_keep_one_stub() {
    let graph = graph(include_str!("../../netloom-import/tests/fixtures/mask.loom"));
    let shown = view(&graph, &ViewOptions { fold: Fold::Identical, ..options(Depth::Full) });
    let stubs = shown.nodes.iter().filter(|n| n.kind == NodeKind::Stub && n.title == "mask").count();
    assert_eq!(stubs, 1);
    assert!(shown.nodes.iter().any(|n| n.repeat == 12), "{:?}", blocks(&shown));
}

#[test]
fn a_recurrent_layer_of_several_levels_is_a_box_for_each() {
    let check = |inside: &str, depth: Depth, want: &[&str]| {
        let loom = format!("input x [1, 5, 16]\nlevels: Levels\nlinear(4)\nblock Levels {{ {inside} }}\n");
        let mut graph = graph(&loom);
        let (levels, _) = graph.modules().find(|(_, m)| m.name == "levels").expect("it is there");
        graph.module_mut(levels).class = Some("LSTM".to_owned());
        // As files of a framework have it: operators stand in the module itself.
        let within = |m: ModuleId| graph.module(m).path.starts_with("levels");
        let nodes: Vec<_> = graph.nodes().filter(|(_, n)| within(n.module)).map(|(id, _)| id).collect();
        nodes.into_iter().for_each(|n| graph.move_node(n, levels));
        let view = view(&graph, &options(depth));
        let found: Vec<_> = view.nodes.iter().map(|n| n.title.as_str()).collect();
        assert_eq!(found, want, "{inside}");
    };
    let two = "lstm(8) > lstm(8)";
    check(two, Depth::Full, &["x", "LSTM 8", "LSTM 8", "linear 4", "output"]);
    check(two, Depth::Levels(1), &["x", "2 × LSTM 8", "linear 4", "output"]);
    check("add(1) > lstm(8) > mul(2)", Depth::Full, &["x", "LSTM 8", "linear 4", "output"]);
}

//! What the figure shows of networks written as text, and where.

use netloom_graph::Graph;
use netloom_graph::infer::infer;
use netloom_graph::lift::lift;
use netloom_import::{Bytes, read};
use netloom_layout::Direction;
use netloom_scene::Theme;

use super::grammar::{Figure, Mark};
use super::{Choices, STYLE, grammar, measure, place};
use crate::styles::DrawOptions;
use crate::view::{NodeKind, ViewOptions};
use crate::{Depth, Fold, view};

const CHOICES: Choices = Choices {
    merges_norms: true,
    shows_masks: false,
    counts_outside: true,
    shows_titles: true,
    is_brief: false,
};

/// An encoder and a decoder that attends to it.
const TWO: &str = "input a: int64[1, 8]\ninput b: int64[1, 8]
    block Feed { linear(32) > relu > linear(16) }
    block Enc { [multi_head_attention(2), same] > add > layer_norm\n [Feed, same] > add > layer_norm }
    block Dec(m) {
        x = [multi_head_attention(2, causal=true), same] > add > layer_norm
        c = multi_head_attention(x, m, 2)
        add(x, c) > layer_norm\n [Feed, same] > add > layer_norm
    }
    p = parameter([1, 8, 16])
    m = a > embedding(50, 16) > mul(4) > add(p) > encoder: Enc * 3
    output b > embedding(50, 16) > decoder: Dec(m) * 2 > linear(50) > softmax";

fn graph(text: &str) -> Graph {
    let mut graph = read(&Bytes::new("m.loom", text.as_bytes().to_vec())).expect("a network");
    infer(&mut graph);
    lift(&graph).graph
}

fn figure(graph: &Graph, choices: Choices) -> Figure {
    let spec = ViewOptions { depth: Depth::Full, fold: Fold::Similar, ..ViewOptions::default() };
    grammar::read(graph, &view(graph, &spec), choices, &Theme::light())
}

/// Boxes, sums and waves in order, with the column of each where there are two.
fn shown(figure: &Figure) -> String {
    let words = figure.view.nodes.iter().enumerate().filter_map(|(i, node)| {
        let word = match (node.kind, figure.mark(i)) {
            (_, Some(Mark::Wave)) => "~".to_owned(),
            (NodeKind::Layer | NodeKind::Merge, _) => node.title.clone(),
            (NodeKind::Container, _) => format!("{}×", node.repeat),
            _ => return None,
        };
        Some(figure.towers.as_ref().map_or(word.clone(), |t| format!("{}:{word}", t.of[i])))
    });
    words.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(text: &str, choices: Choices, expected: &str) {
    assert_eq!(shown(&figure(&graph(text), choices)), expected, "{text}");
}

#[test]
fn sums_join_the_norm_behind_them_only() {
    let post = "input x [1, 8, 16]\n[linear(16) > gelu > linear(16), same] > add > layer_norm > linear(4)";
    check(post, CHOICES, "feed-forward, add & norm, linear 4");
    check(post, Choices { merges_norms: false, ..CHOICES }, "feed-forward, +, LayerNorm, linear 4");
    // A norm inside the branch stays before what it norms, and so does a sum that is read twice.
    let pre = "input x [1, 8, 16]\na = [layer_norm > linear(16) > gelu > linear(16), same] > add
        [layer_norm > linear(16) > gelu > linear(16), same] > add";
    check(pre, CHOICES, "LayerNorm, feed-forward, +, LayerNorm, feed-forward, +");
    let rms = post.replace("layer_norm", "rms_norm");
    check(&rms, CHOICES, "feed-forward, add & RMSNorm, linear 4");
}

#[test]
fn positions_are_waves_and_factors_go_into_tables() {
    let text = "input t: int64[1, 8]\np = parameter([1, 8, 16])\nt > embedding(50, 16) > mul(4) > add(p) > linear(4)";
    check(text, CHOICES, "embedding, +, linear 4, ~");
    let found = figure(&graph(text), CHOICES);
    assert!(found.view.nodes.iter().any(|n| n.subtitle == "50 → 16, × 4"));
}

#[test]
fn attentions_have_three_operands() {
    let found = figure(&graph("input x [1, 8, 16]\nmulti_head_attention(2)"), CHOICES);
    let mut ports: Vec<&str> = found.view.edges.iter().filter_map(|e| e.port).collect();
    ports.sort_unstable();
    assert_eq!(ports, ["K", "Q", "V"]);
}

#[test]
fn a_decoder_stands_beside_its_encoder() {
    let expected = "0:3×, 1:2×, 0:embedding, 0:+, 0:self-attention, 0:add & norm, 0:feed-forward, 0:add & norm, \
                    1:embedding, 1:masked self-attention, 1:add & norm, 1:cross-attention, 1:add & norm, \
                    1:feed-forward, 1:add & norm, 1:linear 50, 1:softmax, 0:~";
    let mut words: Vec<&str> = expected.split(", ").collect();
    let graph = graph(TWO);
    let found = figure(&graph, CHOICES);
    let text = shown(&found);
    let mut got: Vec<&str> = text.split(", ").collect();
    words.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, words);
    for direction in [Direction::Down, Direction::Up, Direction::Right, Direction::Left] {
        let options = DrawOptions { direction, ..DrawOptions::new(Theme::light()) };
        let mut measured = measure::measure(&found, CHOICES, &options);
        let placed = place::place(&found, &mut measured);
        assert!(placed.has_columns, "{direction:?}");
        let towers = found.towers.as_ref().expect("two columns");
        let is_across = place::runs_across(direction);
        let frames: Vec<_> = (0..2)
            .map(|k| {
                let at = (0..found.view.nodes.len())
                    .find(|n| towers.of[*n] == k && found.view.nodes[*n].kind == NodeKind::Container);
                placed.layout.nodes[at.expect("a frame")]
            })
            .collect();
        let (first, second) = (frames[0], frames[1]);
        assert!(
            if is_across { first.bottom() < second.y } else { first.right() < second.x },
            "{direction:?}"
        );
        // Blocks begin at one height, and what crosses ends on the border of the box that reads it.
        let begins = match direction {
            Direction::Down => first.y - second.y,
            Direction::Up => first.bottom() - second.bottom(),
            Direction::Right => first.x - second.x,
            Direction::Left => first.right() - second.right(),
        };
        assert!(begins.abs() < 0.5, "{direction:?}: {begins}");
        for (e, edge) in found.view.edges.iter().enumerate().filter(|(e, _)| towers.crosses[*e]) {
            let (end, r) =
                (*placed.layout.routes[e].points.last().expect("a course"), placed.layout.nodes[edge.target]);
            let on = [end.x - r.x, end.x - r.right(), end.y - r.y, end.y - r.bottom()];
            assert!(on.iter().any(|d| d.abs() < 0.01), "{direction:?}: {end:?} {r:?}");
        }
    }
}

#[test]
fn styles_say_when_they_suit() {
    let suits = |text: &str| {
        let graph = graph(text);
        let spec = ViewOptions { depth: Depth::Full, fold: Fold::Similar, ..ViewOptions::default() };
        let subject = crate::styles::auto::Subject { graph: &graph, view: view(&graph, &spec) };
        (STYLE.suits)(&subject).map(|s| s.why)
    };
    assert_eq!(suits(TWO).as_deref(), Some("an encoder and a decoder that attends to it"));
    let many = "input x [1, 8, 16]\nblock B { [multi_head_attention(2), same] > add > layer_norm }\nB * 4";
    assert_eq!(suits(many).as_deref(), Some("4 equal blocks of attention in a row"));
    assert_eq!(suits("input x [1, 8]\nlinear(4) > relu > linear(2)"), None);
    // Gates of channels are no attention that looks things up.
    let gated = "input x [1, 16, 8, 8]\nblock S { [global_avg_pool > conv(4, 1) > relu > conv(16, 1) > sigmoid, same] > mul }\nS * 4";
    assert_eq!(suits(gated), None);
    // What looks up another stream, and nothing of its own, is a pooling or a reading, not a decoder.
    let reads = "input x [1, 8, 16]\ninput q [1, 2, 16]\nq > multi_head_attention(x, 2) > linear(4)";
    assert_eq!(suits(reads), None);
    let block = |i: usize| {
        let feed = "> linear(32) > relu > linear(16) ".repeat(i);
        format!("block B{i} {{ [multi_head_attention(2), same] > add {feed}}}\nB{i} * 2")
    };
    let varied: Vec<String> = (1..=6).map(block).collect();
    assert_eq!(suits(&format!("input x [1, 8, 16]\n{}", varied.join("\n"))), None);
}

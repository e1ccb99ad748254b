//! Odd and huge inputs: always a layout, never a panic.

use netloom_layout::sample::Sketch;
use netloom_layout::{Insets, Layout, LayoutInput, Node, Size, layout, verify};

fn boxes(n: usize) -> Sketch {
    let mut sketch = Sketch::default();
    for _ in 0..n {
        sketch.node(2);
    }
    sketch
}

fn check(name: &str, input: &LayoutInput) -> Layout {
    let out = layout(input);
    let defects = verify(input, &out);
    assert!(defects.is_empty(), "{name}: {} defects, first {:?}", defects.len(), defects[0]);
    assert!(out.size.width.is_finite() && out.size.height.is_finite(), "{name}");
    out
}

#[test]
fn nothing() {
    assert_eq!(check("empty", &LayoutInput::default()), Layout::default());
    check("one", &boxes(1).input);
}

#[test]
fn bad_numbers() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e308] {
        let mut s = boxes(4);
        s.edge(0, 1);
        s.edge(1, 2);
        s.input.nodes[0].size = Size::new(odd, 10.0);
        s.input.nodes[1].note = Size::new(odd, odd);
        s.input.nodes[2].size = Size::new(10.0, odd);
        s.input.nodes[2].padding = Insets { top: odd, right: odd, bottom: odd, left: odd };
        s.input.nodes[3].parent = Some(2);
        s.input.edges[0].label = Size::new(odd, odd);
        check("odd sizes", &s.input);
        s.input.spacing.rank = odd;
        s.input.spacing.node = odd;
        s.input.spacing.lane = odd;
        check("odd spacing", &s.input);
    }
}

#[test]
fn bad_indices() {
    let mut s = boxes(3);
    s.edge(0, 7);
    s.edge(9, 1);
    s.edge(0, 1);
    s.input.edges[2].source.port = Some(4);
    s.input.nodes[2].parent = Some(40);
    let out = check("indices", &s.input);
    assert!(out.routes[0].points.is_empty() && out.routes[1].points.is_empty());
    assert!(out.routes[2].points.len() >= 2);
}

#[test]
fn cycles() {
    let mut s = boxes(5);
    for (node, parent) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        s.input.nodes[node].parent = Some(parent);
        s.input.nodes[node].padding.left = 5.0;
    }
    // The cycle is cut at node 0, so node 2 stands in it, node 1 in node 2.
    let out = check("parents", &s.input);
    assert!(out.nodes[0].width > out.nodes[2].width && out.nodes[2].width > out.nodes[1].width);
    let mut s = boxes(3);
    for (a, b) in [(0, 1), (1, 2), (2, 0), (1, 1)] {
        s.edge(a, b);
    }
    let out = check("edges", &s.input);
    let reversed: Vec<bool> = out.routes.iter().map(|r| r.reversed).collect();
    assert_eq!(reversed, [false, false, true, true]);
}

#[test]
fn deep() {
    let n = 20_000usize;
    let mut input = LayoutInput::default();
    for i in 0..n {
        input.nodes.push(Node { parent: i.checked_sub(1), size: Size::new(20.0, 10.0), ..Node::default() });
    }
    let mut s = Sketch { input };
    s.node(2);
    s.edge(n - 1, n);
    s.edge(n, n - 1);
    check("containers", &s.input);
    let mut s = boxes(n);
    for i in 1..n {
        s.edge(i - 1, i);
    }
    s.edge(0, n - 1);
    check("chain", &s.input);
}

#[test]
fn wide() {
    let n = 5_000;
    let mut s = boxes(n);
    check("apart", &s.input);
    s.input.nodes[n - 1].size.width = 20_000.0;
    for i in 1..n - 1 {
        s.edge(0, i);
        s.edge(i, n - 1);
    }
    check("star", &s.input);
    let mut s = boxes(80);
    s.input.nodes.iter_mut().for_each(|node| node.size.width = 200.0);
    for a in 0..40 {
        for b in 40..80 {
            s.edge(a, b);
        }
    }
    check("all to all", &s.input);
}

#[test]
fn many_far_skips() {
    let n = 3_000;
    let mut s = boxes(n);
    for i in 1..n {
        s.edge(i - 1, i);
        if i + n / 2 < n {
            s.edge(i, i + n / 2);
        }
    }
    check("half of the nodes skip half of the rows", &s.input);
}

//! Series-parallel graphs: no crossing, a straight trunk, symmetrical columns, and steady places when a box is opened.

use netloom_layout::sample::{self, Random, Sketch};
use netloom_layout::{Layout, LayoutInput, layout, verify};

/// Distances below this are rounding, px.
const CLOSE: f64 = 1e-3;

fn towers(count: u32) -> impl Iterator<Item = (u32, LayoutInput)> {
    (0..count).map(|seed| {
        let mut random = Random(seed);
        let (blocks, depth) = (1 + random.below(6), random.below(4));
        (seed, sample::tower(&mut random, blocks, depth))
    })
}

fn center(out: &Layout, node: usize) -> f64 {
    out.nodes[node].center().x
}

fn is_leaf(input: &LayoutInput, node: usize) -> bool {
    input.nodes.iter().all(|n| n.parent != Some(node))
}

#[test]
fn no_crossings_and_a_straight_trunk() {
    for (seed, input) in towers(250) {
        let out = layout(&input);
        assert_eq!(verify(&input, &out), [], "seed {seed}");
        assert_eq!(out.stats.crossings, 0, "seed {seed}");
        for (edge, route) in input.edges.iter().zip(&out.routes) {
            assert!(edge.weight < 8 || route.points.len() == 2, "seed {seed}: {:?}", route.points);
        }
    }
}

/// A fork into branches of so many boxes each and their join: the columns stand mirrored about the line through both.
fn columns(branches: &[&[f64]]) {
    let mut s = Sketch::default();
    let fork = s.boxed(None, 60.0);
    let mut ends = Vec::new();
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for branch in branches {
        let mut last = fork;
        let mut column = Vec::new();
        for &width in *branch {
            let next = s.boxed(None, width);
            s.edge(last, next);
            column.push(next);
            last = next;
        }
        columns.push(column);
        ends.push(last);
    }
    let join = s.boxed(None, 160.0);
    ends.into_iter().for_each(|end| s.edge(end, join));
    let out = layout(&s.input);
    let axis = center(&out, fork);
    assert!((center(&out, join) - axis).abs() < CLOSE, "{branches:?}: the join is not below the fork");
    assert_eq!(out.stats.crossings, 0, "{branches:?}");
    let tops: Vec<f64> = columns.iter().map(|c| out.nodes[c[0]].y).collect();
    assert!(tops.iter().all(|t| (t - tops[0]).abs() < CLOSE), "{branches:?}: tops {tops:?}");
    for column in &columns {
        let xs: Vec<f64> = column.iter().map(|&v| center(&out, v)).collect();
        assert!(xs.iter().all(|x| (x - xs[0]).abs() < CLOSE), "{branches:?}: a crooked column {xs:?}");
    }
    for (left, right) in columns.iter().zip(columns.iter().rev()) {
        let (l, r) = (center(&out, left[0]) - axis, center(&out, right[0]) - axis);
        assert!((l + r).abs() < CLOSE, "{branches:?}: {l} against {r}");
    }
}

#[test]
fn branches_stand_symmetrical() {
    columns(&[&[60.0], &[60.0]]);
    columns(&[&[60.0], &[90.0]]);
    columns(&[&[60.0], &[60.0, 90.0], &[60.0]]);
    columns(&[&[60.0], &[60.0, 60.0], &[60.0, 60.0, 60.0], &[70.0, 60.0]]);
    columns(&[&[60.0], &[60.0, 120.0], &[60.0], &[80.0], &[60.0]]);
}

/// The same graph with a box replaced by a container of three boxes in a row.
fn opened(input: &LayoutInput, node: usize) -> LayoutInput {
    let mut s = Sketch { input: input.clone() };
    s.input.nodes[node].padding = netloom_layout::Insets { top: 26.0, right: 12.0, bottom: 12.0, left: 12.0 };
    let inside = [90.0, 150.0, 60.0].map(|width| s.boxed(Some(node), width));
    for edge in &mut s.input.edges {
        if edge.target.node == node {
            edge.target.node = inside[0];
        }
        if edge.source.node == node {
            (edge.source.node, edge.bundle) = (inside[2], edge.bundle.map(|_| inside[2]));
        }
    }
    s.trunk(&inside);
    s.input
}

/// Whether neighbours keep their order and columns stay columns when a box is opened.
fn steady(name: &str, input: &LayoutInput, node: usize) {
    let (before, now) = (layout(input), layout(&opened(input, node)));
    let leaves: Vec<usize> = (0..input.nodes.len()).filter(|&v| v != node && is_leaf(input, v)).collect();
    let level = |out: &Layout, a: usize, b: usize| {
        let (a, b) = (&out.nodes[a], &out.nodes[b]);
        a.y < b.bottom() - CLOSE && b.y < a.bottom() - CLOSE
    };
    for &a in &leaves {
        for &b in &leaves {
            if level(&before, a, b) && level(&now, a, b) && before.nodes[a].right() <= before.nodes[b].x {
                assert!(now.nodes[a].right() <= now.nodes[b].x + CLOSE, "{name}: {a} and {b} changed sides");
            }
            let column = (center(&before, a) - center(&before, b)).abs() < CLOSE;
            let level =
                input.nodes[a].parent == input.nodes[b].parent && before.nodes[a].y < before.nodes[b].y;
            if column && level && (center(&now, a) - center(&now, b)).abs() < CLOSE {
                assert!(now.nodes[a].y < now.nodes[b].y, "{name}: {a} was above {b}");
            }
        }
    }
    for (k, edge) in input.edges.iter().enumerate() {
        let (a, b) = (edge.source.node, edge.target.node);
        let column =
            before.routes[k].points.len() == 2 && (center(&before, a) - center(&before, b)).abs() < CLOSE;
        if a != node && b != node && column {
            let shift = (center(&now, a) - center(&before, a)) - (center(&now, b) - center(&before, b));
            assert!(shift.abs() < CLOSE, "{name}: the line from {a} to {b} was straight: {shift}");
        }
    }
}

#[test]
fn opening_a_box_leaves_the_others_in_order() {
    for (seed, input) in towers(50) {
        let boxes = (1..input.nodes.len()).filter(|&v| is_leaf(&input, v) && !input.nodes[v].merge);
        for node in boxes {
            steady(&format!("seed {seed}, opened {node}"), &input, node);
        }
    }
}

#[test]
fn opening_a_box_of_the_trunk_moves_the_others_along_the_flow_only() {
    for (name, input) in sample::shapes() {
        if !["chain", "residual", "resnet"].contains(&name) {
            continue;
        }
        for node in 1..input.nodes.len() {
            if !is_leaf(&input, node) || input.nodes[node].merge {
                continue;
            }
            let (before, now) = (layout(&input), layout(&opened(&input, node)));
            let by = center(&now, 0) - center(&before, 0);
            for other in (0..input.nodes.len()).filter(|&v| v != node) {
                let moved = center(&now, other) - center(&before, other);
                // A container may grow on the side of a by-pass.
                let leaf = is_leaf(&input, other);
                assert!(
                    !leaf || (moved - by).abs() < CLOSE,
                    "{name}, opened {node}: {other} moved by {moved}"
                );
            }
        }
    }
}

//! Parts the fork into query, key and value from the by-pass that leaves the same line.

use netloom_layout::{Layout, LayoutInput, Side};

use super::axes::{Axes, Span};

/// Room before a box for its fork, px.
const ROOM: f64 = 8.0;

/// Makes boxes longer by the room for their forks.
pub(super) fn reserve(input: &mut LayoutInput) {
    let axes = Axes(input.direction);
    let forked: Vec<usize> = (0..input.nodes.len()).filter(|n| is_forked(input, *n)).collect();
    for n in forked {
        axes.lengthen(&mut input.nodes[n].size, ROOM);
    }
}

/// Moves forks into the room that was made for them, and gives boxes their own length back.
pub(super) fn part(input: &LayoutInput, layout: &mut Layout) {
    let axes = Axes(input.direction);
    for (edge, route) in input.edges.iter().zip(&mut layout.routes) {
        if !is_forked(input, edge.target.node) {
            continue;
        }
        let mut points: Vec<(f64, f64)> = route.points.iter().map(|p| axes.along(*p)).collect();
        let n = points.len();
        let Some(&end) = points.last() else { continue };
        let top = axes.span_of(layout.nodes[edge.target.node]).u0;
        if n < 2 || (end.0 - top).abs() > 0.5 {
            continue;
        }
        points[n - 1].0 += ROOM;
        // The way across to the place of the operand moves too, unless it leaves the box before it.
        if n >= 4 && (points[n - 2].0 - points[n - 3].0).abs() < 1e-6 {
            points[n - 2].0 += ROOM;
            points[n - 3].0 += ROOM;
        }
        route.points = points.into_iter().map(|p| axes.to_page(p)).collect();
    }
    for n in (0..input.nodes.len()).filter(|n| is_forked(input, *n)) {
        let span = axes.span_of(layout.nodes[n]);
        layout.nodes[n] = axes.rect(Span { u0: span.u0 + ROOM, ..span });
    }
}

/// Whether operands enter a box at places of their own.
fn is_forked(input: &LayoutInput, node: usize) -> bool {
    input.nodes[node].ports.iter().filter(|p| p.side == Side::Top).count() > 1
}

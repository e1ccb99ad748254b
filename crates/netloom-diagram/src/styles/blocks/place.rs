//! Where everything stands: one drawing, or two columns side by side with arrows from the one into the other.

use std::collections::BTreeMap;

use netloom_layout::{Direction, Edge, Layout, LayoutInput, Node, Point, Rect, Route, Side, Size};

use super::axes::{Axes, Span};
use super::bus::{self, BAND};
use super::forks;
use super::grammar::Figure;
use super::towers::Towers;
use crate::styles::layered::Measured;
use crate::view::{NodeKind, View};

/// A drawing, and whether it has two columns.
pub(super) struct Placed {
    pub(super) layout: Layout,
    pub(super) has_columns: bool,
}

/// Places the boxes and arrows of a figure; frames that only keep room for counts are left out of what is returned.
/// Where there are two columns, attentions of the second read their memory from its side.
pub(super) fn place(figure: &Figure, measured: &mut Measured) -> Placed {
    let columns = figure.towers.as_ref().and_then(|t| side_by_side(figure, measured, t));
    let has_columns = columns.is_some();
    let mut layout = columns.unwrap_or_else(|| forked(&mut measured.input));
    layout.nodes.truncate(figure.view.nodes.len());
    if let (true, Some(towers)) = (has_columns, &figure.towers) {
        for (edge, _) in figure.view.edges.iter().zip(&towers.crosses).filter(|(_, c)| **c) {
            bus::order(&mut measured.boxes[edge.target].ports);
        }
    }
    Placed { layout, has_columns }
}

/// A layout in which forks into operands stand apart from by-passes.
fn forked(input: &mut LayoutInput) -> Layout {
    forks::reserve(input);
    let mut layout = netloom_layout::layout(input);
    forks::part(input, &mut layout);
    layout
}

/// One column: its input, and which nodes and edges of the whole it holds.
struct Column {
    input: LayoutInput,
    nodes: Vec<usize>,
    edges: Vec<usize>,
}

fn side_by_side(figure: &Figure, measured: &Measured, towers: &Towers) -> Option<Layout> {
    let input = &measured.input;
    let axes = Axes(input.direction);
    let view = &figure.view;
    let memory = bus::memory(view, towers)?;
    let mut column_of = towers.of.clone();
    column_of.resize(input.nodes.len(), usize::MAX);
    // Frames that keep room stand in the column of what they hold.
    for i in 0..view.nodes.len() {
        if let Some(parent) = input.nodes[i].parent.filter(|p| *p >= view.nodes.len()) {
            column_of[parent] = column_of[i];
        }
    }
    let mut parts: Vec<Layout> = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    for k in 0..2 {
        let mut column = column(input, &column_of, towers, k)?;
        for (at, &n) in column.nodes.iter().enumerate() {
            let node = &mut column.input.nodes[at];
            // The first column is turned over below; counts stand on the outer sides, so those of the second move.
            let padding = &mut node.padding;
            match (axes.is_across(), k == 0 || n >= view.nodes.len()) {
                (false, true) => std::mem::swap(&mut padding.left, &mut padding.right),
                (true, _) if k == 0 => std::mem::swap(&mut padding.top, &mut padding.bottom),
                _ => {}
            }
            if k == 0 {
                for port in node.ports.iter_mut().filter(|p| p.side == Side::Top) {
                    port.at = 1.0 - port.at;
                }
            } else if memory.readers.contains(&n) {
                axes.lengthen(&mut node.size, BAND);
                node.ports.clear();
            }
        }
        for edge in &mut column.input.edges {
            if column.input.nodes[edge.target.node].ports.is_empty() {
                edge.target.port = None;
            }
        }
        let layout = forked(&mut column.input);
        columns.push(column);
        parts.push(layout);
    }
    let mut whole = Layout {
        nodes: vec![Rect::default(); input.nodes.len()],
        routes: vec![Route::default(); input.edges.len()],
        ..Layout::default()
    };
    // Blocks begin at one height; where a column has none, the columns do.
    let start = |k: usize, is_counted: bool| {
        let all = columns[k].nodes.iter().zip(&parts[k].nodes);
        let counted =
            all.filter(|(n, _)| !is_counted || **n < view.nodes.len() && view.nodes[**n].repeat > 1);
        counted.map(|(_, r)| axes.span_of(*r).u0).reduce(f64::min)
    };
    let shift = match (start(0, true), start(1, true)) {
        (Some(a), Some(b)) => a - b,
        _ => start(0, false)? - start(1, false)?,
    };
    // The first column is turned over, so that by-passes run on the outer side of both.
    let width = axes.size(parts[0].size).1;
    let turned = |p: Point| {
        let (u, v) = axes.along(p);
        (u - shift.min(0.0), width - v)
    };
    let straight = |p: Point| {
        let (u, v) = axes.along(p);
        (u + shift.max(0.0), v)
    };
    let profiles = [
        profile(view, &columns[0].nodes, &parts[0], turned, input.spacing.node),
        profile(view, &columns[1].nodes, &parts[1], straight, input.spacing.node),
    ];
    let aside = bus::apart(&profiles[0], &profiles[1])?;
    for k in 0..2 {
        let put = |p: Point| {
            if k == 0 {
                return turned(p);
            }
            let (u, v) = straight(p);
            (u, v + aside)
        };
        for (at, &n) in columns[k].nodes.iter().enumerate() {
            let r = parts[k].nodes[at];
            let mut span = Span::between(put(Point::new(r.x, r.y)), put(Point::new(r.right(), r.bottom())));
            if k == 1 && memory.readers.contains(&n) {
                span.u0 += BAND;
            }
            whole.nodes[n] = axes.rect(span);
        }
        for (at, route) in parts[k].routes.iter().enumerate() {
            let points: Vec<(f64, f64)> = route.points.iter().map(|p| put(*p)).collect();
            let Some(&e) = columns[k].edges.get(at) else { continue };
            let mut points = points;
            if k == 1 && memory.readers.contains(&view.edges[e].target) {
                bus::enter(&mut points, axes.span_of(whole.nodes[view.edges[e].target]));
            }
            let points = points.into_iter().map(|p| axes.to_page(p)).collect();
            whole.routes[e] = Route { points, reversed: route.reversed, label: None };
        }
    }
    let obstacles: Vec<(usize, Span)> = (0..view.nodes.len())
        .filter(|n| view.nodes[*n].kind != NodeKind::Container)
        .map(|n| (n, axes.span_of(whole.nodes[n])))
        .collect();
    // The arrows turn behind the outermost frame around what they leave.
    let mut outermost = memory.source;
    while let Some(parent) = view.nodes[outermost].parent.filter(|p| *p < outermost) {
        outermost = parent;
    }
    let end = axes.span_of(whole.nodes[outermost]).u1;
    let reached = memory.readers.iter().map(|n| axes.span_of(whole.nodes[*n]));
    let between = reached.fold((end, end), |b, r| (b.0.min(r.u0), b.1.max(r.u0)));
    let middle = bus::middle(&profiles, aside, between);
    for (e, edge) in view.edges.iter().enumerate().filter(|(e, _)| towers.crosses[*e]) {
        let at = bus::place_of(&measured.boxes[edge.target].ports, edge.port)?;
        let target = axes.span_of(whole.nodes[edge.target]);
        let points = bus::course((axes.span_of(whole.nodes[edge.source]), end), middle, (target, at));
        if !bus::is_free(&points, &obstacles, (edge.source, edge.target)) {
            return None;
        }
        whole.routes[e].points = points.into_iter().map(|p| axes.to_page(p)).collect();
    }
    settle(&mut whole);
    Some(whole)
}

/// What of the whole stands in one column.
fn column(input: &LayoutInput, column_of: &[usize], towers: &Towers, k: usize) -> Option<Column> {
    let nodes: Vec<usize> = (0..input.nodes.len()).filter(|n| column_of[*n] == k).collect();
    let place: BTreeMap<usize, usize> = nodes.iter().enumerate().map(|(at, n)| (*n, at)).collect();
    let edges: Vec<usize> = (0..input.edges.len())
        .filter(|e| !towers.crosses[*e] && column_of[input.edges[*e].source.node] == k)
        .collect();
    let mut own =
        LayoutInput { direction: input.direction, spacing: input.spacing, ..LayoutInput::default() };
    for n in &nodes {
        let node = &input.nodes[*n];
        own.nodes.push(Node { parent: node.parent.and_then(|p| place.get(&p).copied()), ..node.clone() });
    }
    for e in &edges {
        let mut edge: Edge = input.edges[*e].clone();
        edge.source.node = *place.get(&edge.source.node)?;
        edge.target.node = *place.get(&edge.target.node)?;
        own.edges.push(edge);
    }
    Some(Column { input: own, nodes, edges })
}

/// What a column takes up: boxes and frames, and the space to keep around each.
fn profile(
    view: &View,
    nodes: &[usize],
    part: &Layout,
    put: impl Fn(Point) -> (f64, f64),
    gap: f64,
) -> Vec<(Span, f64)> {
    let shown = nodes.iter().zip(&part.nodes).filter(|(n, _)| **n < view.nodes.len());
    shown
        .map(|(n, r)| {
            let span = Span::between(put(Point::new(r.x, r.y)), put(Point::new(r.right(), r.bottom())));
            let is_words = matches!(view.nodes[*n].kind, NodeKind::Stub | NodeKind::Input | NodeKind::Output);
            (span, if is_words { gap / 4.0 } else { bus::CORRIDOR / 2.0 })
        })
        .collect()
}

/// Moves a drawing so that its content begins at the origin.
fn settle(layout: &mut Layout) {
    let (mut x0, mut y0, mut x1, mut y1) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    let corners = layout.nodes.iter().flat_map(|r| [Point::new(r.x, r.y), Point::new(r.right(), r.bottom())]);
    for p in corners.chain(layout.routes.iter().flat_map(|r| r.points.iter().copied())) {
        (x0, y0, x1, y1) = (x0.min(p.x), y0.min(p.y), x1.max(p.x), y1.max(p.y));
    }
    for r in &mut layout.nodes {
        (r.x, r.y) = (r.x - x0, r.y - y0);
    }
    for p in layout.routes.iter_mut().flat_map(|r| &mut r.points) {
        (p.x, p.y) = (p.x - x0, p.y - y0);
    }
    layout.size = Size::new(x1 - x0, y1 - y0);
}

/// Whether the flow of a direction runs from side to side.
pub(super) fn runs_across(direction: Direction) -> bool {
    matches!(direction, Direction::Left | Direction::Right)
}

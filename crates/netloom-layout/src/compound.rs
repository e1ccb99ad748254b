//! Nested graphs: every container is a small problem of its own, solved from the inside out, then one box in its parent.
//!
//! An edge between containers is cut at their borders. All edges of a bundle pass a border at one gate; the place of
//! the gate comes from the inner layout, and the outer one treats it as a port, so that the trunk runs straight through.

use crate::clean::{Clean, MAX_WEIGHT, NONE, clean, size};
use crate::count::stats;
use crate::level::solve;
use crate::problem::{Item, Link, Pin, Problem, Role, Solution};
use crate::route::append;
use crate::{Direction, Edge, Layout, LayoutInput, Point, Rect, Route, Side, Size};

/// A part of an edge inside one container.
#[derive(Clone, Copy)]
struct Piece {
    /// The container; the number of nodes stands for the top level.
    level: u32,
    net: u32,
    /// The node it comes from, or `NONE` for the gate above.
    from: u32,
    /// The node it leads to, or `NONE` for the gate below.
    to: u32,
    from_port: u32,
    to_port: u32,
    edge: u32,
    /// Its place among the pieces of the edge.
    part: u32,
}

/// Where a net passes the border of a container, from its left.
#[derive(Clone, Copy)]
struct Gate {
    net: u32,
    entry: bool,
    x: f64,
}

#[derive(Default)]
struct Level {
    /// Pieces of this level in the sorted list, and the link that each became.
    pieces: std::ops::Range<usize>,
    solution: Solution,
    gates: Vec<Gate>,
}

/// Lays out a graph.
///
/// Total: odd input gives an odd layout, never a panic. Bad indices are ignored, sizes clamped to
/// [`MAX_SIZE`](crate::clean::MAX_SIZE), containers deeper than [`MAX_DEPTH`](crate::clean::MAX_DEPTH) flattened. Equal
/// inputs give equal layouts.
///
/// # Cost
/// Near-linear in nodes and edges.
pub fn layout(input: &LayoutInput) -> Layout {
    let clean = clean(input);
    let n = input.nodes.len();
    let (mut pieces, parts) = cut(input, &clean);
    let mut sorted: Vec<u32> = (0..pieces.len() as u32).collect();
    let key = |i: &u32| {
        let p = &pieces[*i as usize];
        (p.level, p.net, p.to, p.to_port, *i)
    };
    sorted.sort_unstable_by_key(key);
    let mut levels: Vec<Level> = Vec::new();
    levels.resize_with(n + 1, Level::default);
    let mut at = 0;
    for chunk in sorted.chunk_by(|a, b| pieces[*a as usize].level == pieces[*b as usize].level) {
        levels[pieces[chunk[0] as usize].level as usize].pieces = at..at + chunk.len();
        at += chunk.len();
    }
    let mut box_size = clean.size.clone();
    let mut link_of = vec![0u32; pieces.len()];
    let inside_out = clean.sequence.iter().rev().map(|&c| c as usize).filter(|&c| clean.is_container(c));
    for level in inside_out.chain([n]) {
        let own = &sorted[levels[level].pieces.clone()];
        let (problem, gates) = problem(input, &clean, level, own, &pieces, &levels, &box_size, &mut link_of);
        let solution = solve(&problem);
        if level < n {
            box_size[level] = solution.size;
        }
        let kids = clean.children(level).len();
        levels[level].gates = (gates.into_iter().enumerate())
            .map(|(i, (net, entry))| Gate { net, entry, x: solution.corners[kids + i].x })
            .collect();
        levels[level].solution = solution;
    }
    pieces.shrink_to_fit();
    assemble(input, &clean, &levels, &box_size, &pieces, &parts, &link_of)
}

/// Cuts every edge at the borders it passes; pieces of edge `i` are `parts[i]..parts[i + 1]`, from source to target.
fn cut(input: &LayoutInput, clean: &Clean) -> (Vec<Piece>, Vec<u32>) {
    let n = input.nodes.len();
    let nets = nets(input);
    let mut pieces: Vec<Piece> = Vec::with_capacity(input.edges.len());
    let mut parts = vec![0u32];
    let mut downward: Vec<(u32, u32)> = Vec::new();
    for (i, edge) in input.edges.iter().enumerate() {
        let (s, t) = (edge.source.node, edge.target.node);
        if s < n && t < n {
            let mut piece = Piece {
                level: 0,
                net: nets[i],
                from: NONE,
                to: NONE,
                from_port: port(input, edge.source),
                to_port: NONE,
                edge: i as u32,
                part: 0,
            };
            let to_port = port(input, edge.target);
            let mut from_port = piece.from_port;
            let up = |v: u32| clean.parent[v as usize];
            // Climb from both ends to the level that holds both; an end inside the other stops at its border.
            let (mut a, mut b) = (s as u32, t as u32);
            let mut push = |level: u32, from: u32, to: u32, from_port: u32, to_port: u32| {
                let level = if level == NONE { n as u32 } else { level };
                (piece.level, piece.from, piece.to) = (level, from, to);
                (piece.from_port, piece.to_port) = (from_port, to_port);
                pieces.push(piece);
                piece.part += 1;
            };
            downward.clear();
            let mut last_port = to_port;
            let depth = |v: u32| clean.depth[v as usize];
            let mut inside_source = false;
            let mut inside_target = false;
            while depth(a) > depth(b) {
                let parent = up(a);
                push(parent, a, NONE, from_port, NONE);
                from_port = NONE;
                a = parent;
                inside_target |= a == t as u32 && depth(a) == depth(b);
            }
            while depth(b) > depth(a) {
                let parent = up(b);
                downward.push((parent, b));
                b = parent;
                inside_source |= b == s as u32 && depth(a) == depth(b);
            }
            if a == b && (inside_source || inside_target) {
                // One end is the container of the other.
            } else {
                while up(a) != up(b) {
                    let (pa, pb) = (up(a), up(b));
                    push(pa, a, NONE, from_port, NONE);
                    from_port = NONE;
                    downward.push((pb, b));
                    (a, b) = (pa, pb);
                }
                let port = if downward.is_empty() { std::mem::replace(&mut last_port, NONE) } else { NONE };
                push(up(a), a, b, from_port, port);
            }
            for k in (0..downward.len()).rev() {
                let (level, node) = downward[k];
                let port = if k == 0 { last_port } else { NONE };
                push(level, NONE, node, NONE, port);
            }
        }
        parts.push(pieces.len() as u32);
    }
    (pieces, parts)
}

fn port(input: &LayoutInput, end: crate::End) -> u32 {
    end.port.filter(|&p| p < input.nodes[end.node].ports.len()).map_or(NONE, |p| p as u32)
}

/// The net of every edge: edges of one bundle, source and port share one. Numbered by first appearance.
fn nets(input: &LayoutInput) -> Vec<u32> {
    let n = input.nodes.len();
    let mut keyed: Vec<(usize, u32, Option<usize>, usize)> = Vec::with_capacity(input.edges.len());
    for (i, e) in input.edges.iter().enumerate() {
        if e.source.node < n {
            let port = port(input, e.source);
            keyed.push((e.source.node, port, e.bundle, i));
        }
    }
    keyed.sort_unstable();
    let mut leader = vec![NONE; input.edges.len()];
    for group in keyed.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        for k in group {
            leader[k.3] = if k.2.is_some() { group[0].3 as u32 } else { k.3 as u32 };
        }
    }
    let mut next = 0;
    let mut number = vec![NONE; input.edges.len()];
    for i in 0..leader.len() {
        if leader[i] == NONE {
            continue;
        }
        if leader[i] as usize == i {
            number[i] = next;
            next += 1;
        } else {
            number[i] = number[leader[i] as usize];
        }
    }
    number
}

/// The flat problem of a level, with the gates that follow the children among its items.
#[expect(
    clippy::too_many_arguments,
    reason = "one call, and a struct for it would only rename the arguments"
)]
fn problem(
    input: &LayoutInput,
    clean: &Clean,
    level: usize,
    own: &[u32],
    pieces: &[Piece],
    levels: &[Level],
    box_size: &[Size],
    link_of: &mut [u32],
) -> (Problem, Vec<(u32, bool)>) {
    let n = input.nodes.len();
    let kids = clean.children(level);
    let mut items: Vec<Item> = Vec::with_capacity(kids.len());
    for &k in kids {
        let k = k as usize;
        let merge = input.nodes[k].merge && !clean.is_container(k);
        items.push(Item { role: Role::Box, size: box_size[k], note: clean.note[k], merge });
    }
    let mut gates: Vec<(u32, bool)> = Vec::new();
    let gate = |items: &mut Vec<Item>, gates: &mut Vec<(u32, bool)>, net: u32, entry: bool| -> u32 {
        // Pieces come sorted by net, so a net's gates are the last ones.
        let found = gates.iter().rposition(|g| *g == (net, entry)).filter(|&i| i + 2 >= gates.len());
        let index = found.unwrap_or_else(|| {
            gates.push((net, entry));
            let role = if entry { Role::Entry } else { Role::Exit };
            items.push(Item { role, size: Size::default(), note: Size::default(), merge: false });
            gates.len() - 1
        });
        (kids.len() + index) as u32
    };
    let mut links: Vec<Link> = Vec::new();
    let (mut nets, mut last) = (0u32, None);
    for (k, &i) in own.iter().enumerate() {
        let p = &pieces[i as usize];
        let edge = &input.edges[p.edge as usize];
        let same = k > 0 && {
            let q = &pieces[own[k - 1] as usize];
            (q.net, q.to, q.to_port, q.from) == (p.net, p.to, p.to_port, p.from)
        };
        let weight = edge.weight.clamp(1, MAX_WEIGHT);
        if same {
            let link = links.last_mut().expect("a repeated piece follows its link");
            link.weight = link.weight.max(weight);
            link.kind = link.kind.min(edge.kind);
            link.label = widest(link.label, label(input, edge));
        } else {
            if last != Some(p.net) {
                nets += u32::from(last.is_some());
                last = Some(p.net);
            }
            let end = |node: u32, port: u32, entry: bool, net: u32| -> Option<Pin> {
                (node != NONE).then(|| {
                    let item = kids.binary_search(&node).map_or(0, |i| i as u32);
                    pin(input, clean, levels, box_size, node as usize, item, port, entry, net, p)
                })
            };
            let source = end(p.from, p.from_port, false, p.net).unwrap_or_else(|| {
                let item = gate(&mut items, &mut gates, p.net, true);
                Pin { item, side: Side::Bottom, at: Some(0.0) }
            });
            let target = end(p.to, p.to_port, true, p.net).unwrap_or_else(|| {
                let item = gate(&mut items, &mut gates, p.net, false);
                Pin { item, side: Side::Top, at: Some(0.0) }
            });
            let label = if p.part == 0 { label(input, edge) } else { Size::default() };
            links.push(Link { net: nets, source, target, weight, kind: edge.kind, label });
        }
        link_of[i as usize] = links.len() as u32 - 1;
    }
    let top = level == n;
    let problem = Problem {
        items,
        links,
        nets: nets as usize + 1,
        spacing: clean.spacing,
        padding: if top { crate::Insets::default() } else { clean.padding[level] },
        least: if top { Size::default() } else { clean.size[level] },
    };
    (problem, gates)
}

fn label(input: &LayoutInput, edge: &Edge) -> Size {
    let s = size(edge.label);
    match input.direction {
        Direction::Down | Direction::Up => s,
        Direction::Right | Direction::Left => Size::new(s.height, s.width),
    }
}

fn widest(a: Size, b: Size) -> Size {
    Size::new(a.width.max(b.width), a.height.max(b.height))
}

/// Where a piece meets a node: a gate of a container, a port of a leaf, or anywhere.
#[expect(
    clippy::too_many_arguments,
    reason = "one call, and a struct for it would only rename the arguments"
)]
fn pin(
    input: &LayoutInput,
    clean: &Clean,
    levels: &[Level],
    box_size: &[Size],
    node: usize,
    item: u32,
    port: u32,
    entry: bool,
    net: u32,
    piece: &Piece,
) -> Pin {
    let size = box_size[node];
    let free = Pin { item, side: if entry { Side::Top } else { Side::Bottom }, at: None };
    if clean.is_container(node) {
        let edge = &input.edges[piece.edge as usize];
        let end = if entry { edge.target.node } else { edge.source.node };
        if end == node {
            return free;
        }
        let gates = &levels[node].gates;
        let near = &gates[gates.partition_point(|g| g.net < net)..];
        let gate = near.iter().take(2).find(|g| (g.net, g.entry) == (net, entry));
        return Pin { at: gate.map(|g| g.x - size.width / 2.0), ..free };
    }
    let Some(port) = input.nodes[node].ports.get(port as usize) else { return free };
    let along = if matches!(port.side, Side::Top | Side::Bottom) { size.width } else { size.height };
    let at = if port.at.is_nan() { 0.5 } else { port.at.clamp(0.0, 1.0) };
    Pin { item, side: port.side, at: Some((at - 0.5) * along) }
}

/// Puts the solutions of all levels together and turns the drawing into its direction.
fn assemble(
    input: &LayoutInput,
    clean: &Clean,
    levels: &[Level],
    box_size: &[Size],
    pieces: &[Piece],
    parts: &[u32],
    link_of: &[u32],
) -> Layout {
    let n = input.nodes.len();
    let mut rects = vec![Rect::default(); n];
    let mut origin = vec![Point::default(); n + 1];
    for level in std::iter::once(n).chain(clean.sequence.iter().map(|&c| c as usize)) {
        if level < n && !clean.is_container(level) {
            continue;
        }
        for (i, &k) in clean.children(level).iter().enumerate() {
            let corner = levels[level].solution.corners[i];
            let at = Point::new(origin[level].x + corner.x, origin[level].y + corner.y);
            let s = box_size[k as usize];
            rects[k as usize] = Rect::new(at.x, at.y, s.width, s.height);
            origin[k as usize] = at;
        }
    }
    let mut routes: Vec<Route> = Vec::with_capacity(input.edges.len());
    for edge in 0..input.edges.len() {
        let mut route = Route::default();
        for i in parts[edge] as usize..parts[edge + 1] as usize {
            let piece = &pieces[i];
            let solution = &levels[piece.level as usize].solution;
            let link = link_of[i] as usize;
            let from = origin[piece.level as usize];
            let course = &solution.points[solution.first[link] as usize..solution.first[link + 1] as usize];
            append(&mut route.points, course.iter().map(|p| Point::new(p.x + from.x, p.y + from.y)));
            route.reversed |= piece.from != NONE && piece.to != NONE && solution.reversed[link];
            if let (None, Some(at)) = (route.label, solution.labels[link]) {
                let s = label(input, &input.edges[edge]);
                if s.width > 0.0 {
                    route.label = Some(Rect::new(at.x + from.x, at.y + from.y, s.width, s.height));
                }
            }
        }
        if let [only] = route.points[..] {
            route.points.push(only);
        }
        routes.push(route);
    }
    let size = turn(input.direction, levels[n].solution.size, &mut rects, &mut routes);
    let stats = stats(input, &routes);
    Layout { size, nodes: rects, routes, stats }
}

/// Turns a downward drawing into another direction; gives its size.
fn turn(direction: Direction, size: Size, rects: &mut [Rect], routes: &mut [Route]) -> Size {
    let place = |p: Point| match direction {
        Direction::Down => p,
        Direction::Up => Point::new(p.x, size.height - p.y),
        Direction::Right => Point::new(p.y, p.x),
        Direction::Left => Point::new(size.height - p.y, p.x),
    };
    if direction == Direction::Down {
        return size;
    }
    let rect = |r: &mut Rect| {
        let (a, b) = (place(Point::new(r.x, r.y)), place(Point::new(r.right(), r.bottom())));
        *r = Rect::new(a.x.min(b.x), a.y.min(b.y), (b.x - a.x).abs(), (b.y - a.y).abs());
    };
    rects.iter_mut().for_each(rect);
    for route in routes {
        route.points.iter_mut().for_each(|p| *p = place(*p));
        route.label.iter_mut().for_each(rect);
    }
    if direction == Direction::Up { size } else { Size::new(size.height, size.width) }
}

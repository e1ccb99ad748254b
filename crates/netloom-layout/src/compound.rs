//! Nested graphs: every container is a small problem of its own, solved from the inside out, then one box in its parent.
//!
//! An edge between containers is cut at their borders. All edges of a bundle pass a border at one gate; the place of
//! the gate comes from the inner layout, and the outer one treats it as a port, so that the trunk runs straight through.

use crate::clean::{Clean, MAX_WEIGHT, NONE, clean, size};
use crate::count::stats;
use crate::cut::{Piece, cut};
use crate::doors::{Door, doors, unblock};
use crate::problem::{Item, Link, Pin, Problem, Role, Solution};
use crate::route::append;
use crate::satellite::solve;
use crate::{Direction, Edge, Layout, LayoutInput, Point, Rect, Route, Side, Size};

/// Most nodes for which gates are placed a second time, with what is outside in view.
const SECOND_ROUND: usize = 20_000;
/// Most nodes for which doors are tried in several places.
const MANY_ROUNDS: usize = 2_000;

/// Most points of the course of a by-pass through a door: down, aside, down, aside.
const PLAIN: usize = 5;

/// Where a net passes the border of a container.
#[derive(Clone, Copy)]
struct Gate {
    net: u32,
    entry: bool,
    side: Side,
    /// Distance from the left or top end of that side.
    at: f64,
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
    let (pieces, parts) = cut(input, &clean);
    let mut sorted: Vec<u32> = (0..pieces.len() as u32).collect();
    sorted.sort_unstable_by_key(|&i| {
        let p = &pieces[i as usize];
        (p.level, p.net, p.to, p.to_port, i)
    });
    let mut leads = vec![0u32; input.edges.len()];
    pieces.iter().filter(|p| p.part == 0).for_each(|p| leads[p.net as usize] += 1);
    let mut nest = Nest {
        input,
        clean: &clean,
        pieces: &pieces,
        parts: &parts,
        sorted: &sorted,
        leads: &leads,
        shy: false,
    };
    let (best, doors) = nest.best();
    if best.stats.crossings == 0 || !doors || input.nodes.len() > MANY_ROUNDS {
        return best;
    }
    nest.shy = true;
    let (other, _) = nest.best();
    if cost(&other) < cost(&best) { other } else { best }
}

/// What makes a drawing worse, the worst first.
fn cost(layout: &Layout) -> (usize, usize) {
    (layout.stats.crossings, layout.stats.bends)
}

/// Everything that stays the same from round to round.
struct Nest<'a> {
    input: &'a LayoutInput,
    clean: &'a Clean,
    pieces: &'a [Piece],
    parts: &'a [u32],
    sorted: &'a [u32],
    /// How many edges each net has.
    leads: &'a [u32],
    /// Whether only by-passes come through doors into boxes.
    shy: bool,
}

/// All levels solved.
struct Round {
    levels: Vec<Level>,
    box_size: Vec<Size>,
    link_of: Vec<u32>,
}

/// On which side of a container lies what a gate leads to: `(level, net, entry, side)`, left negative.
type Hint = (u32, u32, bool, i8);

/// The doors that a round is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those whose lines turn more often than by-passes have to.
    Crooked,
    /// Others of the containers that such lines pass.
    Near,
    All,
}

/// What becomes of the door of a net in a container: `(level, net, at the right)`, closed if `None`.
type Wish = (u32, u32, Option<bool>);

impl Nest<'_> {
    /// The best of some rounds, and whether there is a door anywhere.
    fn best(&self) -> (Layout, bool) {
        let first = self.solve(&[], &[]);
        let aside = |g: &Gate| matches!(g.side, Side::Left | Side::Right);
        let doors = first.levels.iter().any(|l| l.gates.iter().any(aside));
        let rects = self.rects(&first);
        let mut best = self.assemble(&first, rects.clone());
        // Gates were placed without knowing what is outside. Where that lies to a side, a second round may do better.
        if self.input.nodes.len() > SECOND_ROUND {
            return (best, doors);
        }
        let better = |best: &mut Layout, hints: &[Hint], wishes: &[Wish]| {
            let round = self.solve(hints, wishes);
            let other = self.assemble(&round, self.rects(&round));
            let gain = cost(&other) < cost(best);
            if gain {
                *best = other;
            }
            gain
        };
        let mut hints = self.hints(&rects);
        if !hints.is_empty() && !better(&mut best, &hints, &[]) {
            hints.clear();
        }
        if !doors || self.input.nodes.len() > MANY_ROUNDS {
            return (best, doors);
        }
        let mut wishes: Vec<Wish> = Vec::new();
        // The door is at the left, or those of others in its way are, or it is closed.
        let left = Some(false);
        for (which, side) in
            [(Which::Crooked, left), (Which::Near, left), (Which::Crooked, None), (Which::All, left)]
        {
            if which == Which::All && best.stats.crossings == 0 {
                continue;
            }
            let mut more = self.crooked(&first, &best, which, side);
            if more.is_empty() {
                continue;
            }
            let known = |w: &&Wish| more.binary_search_by_key(&(w.0, w.1), |m| (m.0, m.1)).is_ok();
            let kept: Vec<Wish> = wishes.iter().filter(|w| !known(w)).copied().collect();
            more.extend(kept);
            more.sort_unstable();
            if better(&mut best, &hints, &more) {
                wishes = more;
            }
        }
        (best, doors)
    }

    /// Wishes for some doors.
    fn crooked(&self, round: &Round, layout: &Layout, which: Which, side: Option<bool>) -> Vec<Wish> {
        let mut wishes: Vec<Wish> = Vec::new();
        let (mut straight, mut touched): (Vec<&[Piece]>, Vec<u32>) = (Vec::new(), Vec::new());
        for (edge, route) in layout.routes.iter().enumerate() {
            let pieces = &self.pieces[self.parts[edge] as usize..self.parts[edge + 1] as usize];
            let Some(last) = pieces.last().filter(|p| p.from == NONE) else { continue };
            let gates = &round.levels[last.level as usize].gates;
            let from = gates.partition_point(|g| g.net < last.net);
            let mut near = gates[from..].iter().take(2);
            if !near.any(|g| g.net == last.net && matches!(g.side, Side::Left | Side::Right)) {
                continue;
            }
            if which != Which::All && route.points.len() <= PLAIN {
                straight.push(pieces);
            } else if which == Which::Near {
                touched.extend(pieces.iter().map(|p| p.level));
            } else {
                wishes.push((last.level, last.net, side));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched.retain(|&level| (level as usize) < self.input.nodes.len());
        let near = |p: &Piece| touched.binary_search(&p.level).is_ok();
        if !touched.is_empty() {
            let neighbours = straight.into_iter().filter(|pieces| pieces.iter().any(near));
            wishes.extend(neighbours.filter_map(|p| p.last()).map(|last| (last.level, last.net, side)));
        }
        wishes.sort_unstable();
        wishes.dedup();
        wishes
    }

    /// Solves all levels from the inside out.
    fn solve(&self, hints: &[Hint], wishes: &[Wish]) -> Round {
        let Self { input, clean, pieces, sorted, .. } = *self;
        let n = input.nodes.len();
        let mut levels: Vec<Level> = Vec::new();
        levels.resize_with(n + 1, Level::default);
        let mut at = 0;
        for chunk in sorted.chunk_by(|a, b| pieces[*a as usize].level == pieces[*b as usize].level) {
            levels[pieces[chunk[0] as usize].level as usize].pieces = at..at + chunk.len();
            at += chunk.len();
        }
        let mut round = Round { levels, box_size: clean.size.clone(), link_of: vec![0u32; pieces.len()] };
        let inside_out = clean.sequence.iter().rev().map(|&c| c as usize).filter(|&c| clean.is_container(c));
        for level in inside_out.chain([n]) {
            let own = &sorted[round.levels[level].pieces.clone()];
            let kids = clean.children(level).len();
            let open = |node: usize, net: u32| {
                let gates = &round.levels[node].gates;
                let near = &gates[gates.partition_point(|g| g.net < net)..];
                let gate = near.iter().take(2).find(|g| (g.net, g.entry) == (net, true));
                gate.filter(|g| g.side != Side::Top).map(|g| g.side == Side::Right)
            };
            let wish = |net: u32| {
                let found = wishes.binary_search_by_key(&(level as u32, net), |w| (w.0, w.1));
                found.ok().map(|i| wishes[i].2)
            };
            let forks = |net: u32| !self.shy || self.leads[net as usize] > 1;
            let mut doors = doors(input, clean, own, pieces, forks, wish, open);
            let mut tries = 0;
            let (problem, gates, solution) = loop {
                let Round { levels, box_size, link_of } = &mut round;
                let (mut problem, gates) =
                    problem(input, clean, level, own, pieces, levels, box_size, link_of, &doors);
                for (i, &(net, entry)) in gates.iter().enumerate() {
                    let key = (level as u32, net, entry);
                    if let (false, Ok(k)) = (
                        problem.items[kids + i].role.is_door(),
                        hints.binary_search_by_key(&key, |h| (h.0, h.1, h.2)),
                    ) {
                        problem.items[kids + i].hint = hints[k].3;
                    }
                }
                let solution = solve(&problem);
                let gate = |net: u32| {
                    let from = gates.partition_point(|g| g.0 < net);
                    (from..gates.len()).take(2).find(|&i| gates[i] == (net, true)).map(|i| kids + i)
                };
                if !unblock(&mut doors, clean, &problem, &solution, tries, gate) {
                    break (problem, gates, solution);
                }
                tries += 1;
            };
            if level < n {
                round.box_size[level] = solution.size;
            }
            round.levels[level].gates = (gates.into_iter().enumerate())
                .map(|(i, (net, entry))| {
                    let corner = solution.corners[kids + i];
                    let (side, at) = match problem.items[kids + i].role {
                        Role::Door { right: true } => (Side::Right, corner.y),
                        Role::Door { right: false } => (Side::Left, corner.y),
                        _ if entry => (Side::Top, corner.x),
                        _ => (Side::Bottom, corner.x),
                    };
                    Gate { net, entry, side, at }
                })
                .collect();
            round.levels[level].solution = solution;
        }
        round
    }

    /// Where every node stands in a downward flow.
    fn rects(&self, round: &Round) -> Vec<Rect> {
        let n = self.input.nodes.len();
        let mut rects = vec![Rect::default(); n];
        for level in std::iter::once(n).chain(self.clean.sequence.iter().map(|&c| c as usize)) {
            let origin = rects.get(level).map_or(Point::default(), |r| Point::new(r.x, r.y));
            for (&k, corner) in self.clean.children(level).iter().zip(&round.levels[level].solution.corners) {
                let s = round.box_size[k as usize];
                rects[k as usize] = Rect::new(origin.x + corner.x, origin.y + corner.y, s.width, s.height);
            }
        }
        rects
    }

    /// Sides of what gates lead to, for containers with several gates in one border, by a finished round.
    fn hints(&self, rects: &[Rect]) -> Vec<Hint> {
        let mut votes: Vec<(u32, bool, u32, i64)> = Vec::new();
        for p in self
            .pieces
            .iter()
            .filter(|p| (p.from == NONE || p.to == NONE) && (p.level as usize) < rects.len())
        {
            let (entry, edge) = (p.from == NONE, &self.input.edges[p.edge as usize]);
            let outer = &rects[if entry { edge.source.node } else { edge.target.node }];
            let own = &rects[p.level as usize];
            let side = i64::from(outer.center().x > own.right()) - i64::from(outer.center().x < own.x);
            votes.push((p.level, entry, p.net, side));
        }
        votes.sort_unstable();
        let mut hints: Vec<Hint> = Vec::new();
        for border in votes.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            if border[0].2 == border[border.len() - 1].2 {
                continue;
            }
            for gate in border.chunk_by(|a, b| a.2 == b.2) {
                let side = gate.iter().map(|v| v.3).sum::<i64>().signum() as i8;
                if side != 0 {
                    hints.push((gate[0].0, gate[0].2, gate[0].1, side));
                }
            }
        }
        hints.sort_unstable();
        hints
    }

    /// Puts the solutions of all levels together and turns the drawing into its direction.
    fn assemble(&self, round: &Round, mut rects: Vec<Rect>) -> Layout {
        let Self { input, pieces, parts, .. } = *self;
        let Round { levels, link_of, .. } = round;
        let n = input.nodes.len();
        let mut routes: Vec<Route> = Vec::with_capacity(input.edges.len());
        for edge in 0..input.edges.len() {
            let mut route = Route::default();
            for i in parts[edge] as usize..parts[edge + 1] as usize {
                let piece = &pieces[i];
                let solution = &levels[piece.level as usize].solution;
                let link = link_of[i] as usize;
                let from = rects.get(piece.level as usize).map_or(Point::default(), |r| Point::new(r.x, r.y));
                let course =
                    &solution.points[solution.first[link] as usize..solution.first[link + 1] as usize];
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
    doors: &[Door],
) -> (Problem, Vec<(u32, bool)>) {
    let n = input.nodes.len();
    let kids = clean.children(level);
    let mut items: Vec<Item> = Vec::with_capacity(kids.len());
    for &k in kids {
        let k = k as usize;
        let merge = input.nodes[k].merge && !clean.is_container(k);
        let beside = input.nodes[k].beside && !clean.is_container(k);
        items.push(Item { size: box_size[k], note: clean.note[k], merge, beside, ..Item::of(Role::Box) });
    }
    let mut gates: Vec<(u32, bool)> = Vec::new();
    let gate = |items: &mut Vec<Item>, gates: &mut Vec<(u32, bool)>, net: u32, entry: bool| -> u32 {
        // Pieces come sorted by net, so a net's gates are the last ones.
        let found = gates.iter().rposition(|g| *g == (net, entry)).filter(|&i| i + 2 >= gates.len());
        let index = found.unwrap_or_else(|| {
            gates.push((net, entry));
            let door = doors.binary_search_by_key(&net, |d| d.net).ok().filter(|_| entry);
            let role = match door {
                Some(door) => Role::Door { right: doors[door].right },
                None if entry => Role::Entry,
                None => Role::Exit,
            };
            items.push(Item::of(role));
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
            link.weight = (link.weight + weight).min(MAX_WEIGHT);
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
                    pin(input, clean, levels, box_size, node as usize, item, port, entry, net)
                })
            };
            let source = end(p.from, p.from_port, false, p.net).unwrap_or_else(|| {
                let item = gate(&mut items, &mut gates, p.net, true);
                let side = match items[item as usize].role {
                    Role::Door { right: true } => Side::Left,
                    Role::Door { right: false } => Side::Right,
                    _ => Side::Bottom,
                };
                Pin { item, side, at: Some(0.0) }
            });
            let mut target = end(p.to, p.to_port, true, p.net).unwrap_or_else(|| {
                let item = gate(&mut items, &mut gates, p.net, false);
                Pin { item, side: Side::Top, at: Some(0.0) }
            });
            if let Role::Door { right } = items[source.item as usize].role {
                target.side = if right { Side::Right } else { Side::Left };
            }
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
) -> Pin {
    let size = box_size[node];
    let free = Pin { item, side: if entry { Side::Top } else { Side::Bottom }, at: None };
    if clean.is_container(node) {
        // Where some edge of the net passes the border, one that ends there ends at the same place.
        let gates = &levels[node].gates;
        let near = &gates[gates.partition_point(|g| g.net < net)..];
        let gate = near.iter().take(2).find(|g| (g.net, g.entry) == (net, entry));
        let Some(gate) = gate else { return free };
        let along = if matches!(gate.side, Side::Top | Side::Bottom) { size.width } else { size.height };
        return Pin { item, side: gate.side, at: Some(gate.at - along / 2.0) };
    }
    let Some(port) = input.nodes[node].ports.get(port as usize) else { return free };
    let along = if matches!(port.side, Side::Top | Side::Bottom) { size.width } else { size.height };
    let at = if port.at.is_nan() { 0.5 } else { port.at.clamp(0.0, 1.0) };
    Pin { item, side: port.side, at: Some((at - 0.5) * along) }
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

//! The arrows from what is attended to into the attentions that look things up in it.

use std::collections::BTreeSet;

use netloom_scene::TextRun;

use super::axes::Span;
use super::towers::Towers;
use crate::view::View;

/// Room before an attention where keys and values arrive from the side, px.
pub(super) const BAND: f64 = 24.0;

/// Space between the columns, px.
pub(super) const CORRIDOR: f64 = 24.0;

/// How far before the room the query turns to its own place, px.
const TURN: f64 = 2.0;

/// How far into the room keys and values arrive, px.
const BUS: f64 = 9.0;

/// How far behind the first column the arrows turn, px.
const OUT: f64 = 10.0;

/// Where keys and values enter a box, and where the query does, as shares of its side; the memory's side comes first.
const PLACES: (&[f64], f64) = (&[0.2, 0.5], 0.8);
/// The same where keys and values enter as one.
const PAIR: (f64, f64) = (0.3, 0.7);

/// What is attended to, and by which boxes.
pub(super) struct Memory {
    pub(super) source: usize,
    pub(super) readers: BTreeSet<usize>,
}

/// The one tensor that the second column reads from the first; none where there are several.
pub(super) fn memory(view: &View, towers: &Towers) -> Option<Memory> {
    let crossing = || view.edges.iter().zip(&towers.crosses).filter(|(_, c)| **c).map(|(e, _)| e);
    let first = crossing().next()?;
    let is_one = crossing().all(|e| (e.source, e.tensor) == (first.source, first.tensor));
    is_one.then(|| Memory { source: first.source, readers: crossing().map(|e| e.target).collect() })
}

fn is_query(name: &str) -> bool {
    name.starts_with('Q')
}

/// Puts the names of operands in the order in which they arrive: memory first.
pub(super) fn order(ports: &mut [(TextRun, f64)]) {
    ports.sort_by_key(|(run, _)| is_query(&run.text));
    let places = places(ports);
    for (port, at) in ports.iter_mut().zip(places) {
        port.1 = at;
    }
}

/// Where operands in their order enter.
fn places(ports: &[(TextRun, f64)]) -> Vec<f64> {
    if ports.len() == 2 { vec![PAIR.0, PAIR.1] } else { PLACES.0.iter().copied().chain([PLACES.1]).collect() }
}

/// Where an operand enters, once they are in order.
pub(super) fn place_of(ports: &[(TextRun, f64)], port: Option<&str>) -> Option<f64> {
    let mut ports = ports.to_vec();
    order(&mut ports);
    ports.iter().find(|(run, _)| Some(run.text.as_str()) == port).map(|(_, at)| *at)
}

/// Leads the arrow of a query, which ends in the middle before the room, to its place.
pub(super) fn enter(points: &mut Vec<(f64, f64)>, target: Span) {
    let (Some(&last), true) = (points.last(), points.len() > 1) else { return };
    // What says where to look arrives at a side of the box.
    if (last.0 - (target.u0 - BAND)).abs() > 0.5 {
        return;
    }
    let at = target.v0 + (target.v1 - target.v0) * PLACES.1;
    let turn = last.0 - TURN;
    points.pop();
    points.extend([(turn, last.1), (turn, at), (target.u0, at)]);
}

/// The course of an arrow out of a box, around the `end` of the frames that it stands in, through the `middle` of the space
/// between the columns, and into another box at a share of its side.
pub(super) fn course((from, end): (Span, f64), middle: f64, (to, at): (Span, f64)) -> Vec<(f64, f64)> {
    let (out, turn) = ((from.v0 + from.v1) / 2.0, end + OUT);
    let (v, bus) = (to.v0 + (to.v1 - to.v0) * at, to.u0 - BAND + BUS);
    vec![(from.u1, out), (turn, out), (turn, middle), (bus, middle), (bus, v), (to.u0, v)]
}

/// The most pairs of boxes that are compared to bring columns close.
const MAX_PAIRS: usize = 4_000_000;

/// How far aside the second column has to stand so that it keeps clear of the first.
pub(super) fn apart(first: &[(Span, f64)], second: &[(Span, f64)]) -> Option<f64> {
    let reach = |spans: &[(Span, f64)]| spans.iter().map(|(s, gap)| s.v1 + gap).fold(0.0, f64::max);
    if first.len().saturating_mul(second.len()) > MAX_PAIRS {
        return Some(reach(first) + CORRIDOR);
    }
    let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
    let needed = pairs.filter(|(a, b)| a.0.u0 - NEAR < b.0.u1 && b.0.u0 - NEAR < a.0.u1);
    needed.map(|(a, b)| a.0.v1 - b.0.v0 + a.1 + b.1).reduce(f64::max).or(Some(reach(first)))
}

/// The middle of the space between the columns over some of their length, the second standing `aside`.
pub(super) fn middle(profiles: &[Vec<(Span, f64)>; 2], aside: f64, between: (f64, f64)) -> f64 {
    let near = |s: &&(Span, f64)| s.0.u0 - NEAR < between.1 && between.0 - BAND - NEAR < s.0.u1;
    let left = profiles[0].iter().filter(near).map(|s| s.0.v1).reduce(f64::max);
    let right = profiles[1].iter().filter(near).map(|s| s.0.v0 + aside).reduce(f64::min);
    match (left, right) {
        (Some(left), Some(right)) => (left + right) / 2.0,
        (left, right) => left.or(right).unwrap_or(aside),
    }
}

/// Boxes of two columns whose lengths are nearer than this stand beside one another, px.
const NEAR: f64 = 14.0;

/// Whether a course runs through no box but those at its ends.
pub(super) fn is_free(points: &[(f64, f64)], boxes: &[(usize, Span)], ends: (usize, usize)) -> bool {
    points.windows(2).all(|pair| {
        let piece = Span::between(pair[0], pair[1]);
        let wide = Span { u0: piece.u0 - 1.0, u1: piece.u1 + 1.0, v0: piece.v0 - 1.0, v1: piece.v1 + 1.0 };
        boxes.iter().all(|(n, r)| *n == ends.0 || *n == ends.1 || !wide.overlaps(r))
    })
}

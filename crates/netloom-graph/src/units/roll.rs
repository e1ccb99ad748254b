//! Feature maps turned around: what leaves at one end comes in at the other.

use super::{Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, Dim, NodeId, TensorId, infer};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "roll",
    about: "the end of a tensor put before its beginning, along one axis or several, is a cyclic shift",
    pattern: "Concat(Slice(x, k, end), Slice(x, 0, k))",
    at_paper: true,
    find,
};

/// The most axes of one shift.
const MAX_AXES: usize = 4;

/// A tensor turned along one axis.
struct Turn {
    x: TensorId,
    nodes: [NodeId; 3],
    steps: i64,
}

fn find(source: &Source<'_>, last: NodeId) -> Option<Unit> {
    let turn = turn(source, last)?;
    // A shift along several axes is told at its last.
    let goes_on = source.node(last).output(0).and_then(|t| {
        let reader = seek::readers(source, t).next()?;
        let concat = seek::only_reader(source, source.node(reader).output(0)?)?;
        self::turn(source, concat).filter(|next| next.x == t)
    });
    if goes_on.is_some() {
        return None;
    }
    let mut nodes = turn.nodes.to_vec();
    let mut steps = vec![turn.steps];
    let mut x = turn.x;
    while let (Some(maker), true) = (source.maker(x), steps.len() < MAX_AXES) {
        let Some(before) = self::turn(source, maker) else { break };
        nodes.extend(before.nodes);
        steps.push(before.steps);
        x = before.x;
    }
    steps.reverse();
    let words: Vec<String> = steps.iter().map(|n| n.to_string().replace('-', "−")).collect();
    Some(Unit {
        nodes: seek::private(source, &nodes, last),
        title: format!("cyclic shift {}", words.join(", ")),
        category: Category::Shape,
        ..Unit::default()
    })
}

fn turn(source: &Source<'_>, concat: NodeId) -> Option<Turn> {
    if source.kind(concat) != "concat" {
        return None;
    }
    let (end, start) = source.pair(concat)?;
    let (end, start) = (source.made_by(end, "slice")?, source.made_by(start, "slice")?);
    let x = source.node(end).input(0).filter(|x| source.node(start).input(0) == Some(*x))?;
    let rank = source.shape(x).rank()?;
    let axis = |n: NodeId| infer::normal_axis(seek::setting(source, n, 3, "axes")?, rank).ok();
    let along = infer::normal_axis(source.node(concat).attributes.int("axis")?, rank).ok()?;
    if axis(end)? != along || axis(start)? != along {
        return None;
    }
    let length = source.dims(x)?.get(along).and_then(Dim::as_known)?;
    let at = |n: i64| if n < 0 { n.checked_add(length).unwrap_or(0).max(0) } else { n.min(length) };
    let (from, to) =
        (at(seek::setting(source, end, 1, "starts")?), at(seek::setting(source, end, 2, "ends")?));
    let (zero, cut) =
        (at(seek::setting(source, start, 1, "starts")?), at(seek::setting(source, start, 2, "ends")?));
    let is_whole = zero == 0 && to == length && cut == from && from > 0 && from < length;
    let is_plain = |n: NodeId| source.node(n).input(4).is_none_or(|t| source.number(t) == Some(1.0));
    let steps = if from <= length / 2 { -from } else { length - from };
    (is_whole && is_plain(end) && is_plain(start)).then_some(Turn { x, nodes: [end, start, concat], steps })
}

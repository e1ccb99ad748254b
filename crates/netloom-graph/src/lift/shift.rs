//! A tensor turned round in a ring, written as two slices laid in the other order.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::{Attribute, Dim, NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "shift",
    about: "the end of a tensor laid before its start, along some axes, is a cyclic shift",
    pattern: "Concat(Slice(x, n.., axis), Slice(x, ..n, axis), axis), and again along other axes",
    find,
};

/// The most axes that one shift is along.
const MAX_AXES: usize = 4;

fn find(source: &Source<'_>, last: NodeId) -> Option<Found> {
    // What goes on along another axis is told with the axis after.
    let result = source.node(last).output(0)?;
    let goes_on = source.readers(result).any(|n| {
        let joined = source.node(n).output(0).and_then(|t| source.only_reader(t));
        joined.and_then(|n| ring(source, n)).is_some_and(|(x, ..)| x == result)
    });
    if goes_on && !source.is_result(result) {
        return None;
    }
    let (mut x, mut nodes) = (result, Vec::new());
    let (mut axes, mut shifts) = (Vec::new(), Vec::new());
    while axes.len() < MAX_AXES {
        let Some((from, parts, axis, by)) = source.maker(x).and_then(|n| ring(source, n)) else { break };
        let inside = x == result || source.is_private(&nodes, x);
        if !inside || axes.contains(&axis) {
            break;
        }
        nodes.extend(parts);
        axes.push(axis);
        shifts.push(by);
        x = from;
    }
    if nodes.is_empty() {
        return None;
    }
    axes.reverse();
    shifts.reverse();
    let mut node = source.lifted("shift", &[last], &[Some(x)], result);
    node.attributes.set("axes", Attribute::Ints(axes));
    node.attributes.set("shifts", Attribute::Ints(shifts));
    Some(Found { nodes, becomes: Becomes::Node(Box::new(node)) })
}

/// The end of a tensor before its start: the tensor, the nodes, the axis and how far numbers move up.
fn ring(source: &Source<'_>, concat: NodeId) -> Option<(TensorId, [NodeId; 3], i64, i64)> {
    let (first, second) = source.pair(concat).filter(|_| source.kind(concat) == "concat")?;
    let (a, b) = (source.made_by(first, "slice")?, source.made_by(second, "slice")?);
    let x = source.node(a).input(0).filter(|x| source.node(b).input(0) == Some(*x))?;
    let rank = source.shape(x).rank()?;
    let axis =
        crate::infer::normal_axis(source.node(concat).attributes.int("axis").unwrap_or(1), rank).ok()?;
    let size = |t: TensorId| source.dims(t)?.get(axis)?.as_known();
    let (whole, end, start) = (size(x)?, size(first)?, size(second)?);
    let same = |t: TensorId| {
        let dims = source.dims(t).into_iter().flatten().zip(source.dims(x).into_iter().flatten());
        dims.enumerate().all(|(i, (a, b)): (usize, (&Dim, &Dim))| i == axis || a == b)
    };
    let from = |n: NodeId| start_of(source, n, axis, whole);
    let fits =
        end + start == whole && from(a) == Some(start) && from(b) == Some(0) && same(first) && same(second);
    // The shorter way round.
    let by = if start > end { end } else { -start };
    (fits && end > 0 && start > 0).then_some((x, [concat, a, b], i64::try_from(axis).ok()?, by))
}

/// Where a slice along one axis in steps of one starts.
fn start_of(source: &Source<'_>, slice: NodeId, axis: usize, whole: i64) -> Option<i64> {
    let node = source.node(slice);
    let setting = |name: &str, input: usize| match node.attributes.ints(name) {
        Some(ints) => Some(ints.to_vec()),
        None => source.graph.tensor(node.input(input)?).value.as_ref()?.known_ints(),
    };
    let rank = source.shape(node.input(0)?).rank()?;
    let (starts, axes) = (setting("starts", 1)?, setting("axes", 3)?);
    let ([start], [along]) = (starts.as_slice(), axes.as_slice()) else { return None };
    let step = if node.inputs.len() > 4 { setting("steps", 4)?.first().copied()? } else { 1 };
    let start = if *start < 0 { start.checked_add(whole)? } else { *start };
    (step == 1 && crate::infer::normal_axis(*along, rank).ok()? == axis).then_some(start)
}

#[cfg(test)]
mod tests {
    use crate::lift::tests::check;

    #[test]
    fn rings_are_told_from_other_joins() {
        let one = "x: 1 6 8 4; a1 = [1]; a2 = [2]; n0 = [0]; n2 = [2]; n8 = [8]; m3 = [-3]; big = [100]; \
                   e = Slice x n2 big a1; s = Slice x n0 n2 a1; r = Concat e s axis=1; ";
        let lifted = check(one, "shift(x)");
        let (_, node) = lifted.graph.nodes().next().unwrap();
        assert_eq!(node.attributes.ints("shifts"), Some(&[-2][..]));
        let two = format!("{one}f = Slice r m3 big a2; t = Slice r n0 m3 a2; y = Concat f t axis=2");
        let lifted = check(&two, "shift(x)");
        let (_, node) = lifted.graph.nodes().next().unwrap();
        assert_eq!(node.attributes.ints("shifts"), Some(&[-2, 3][..]));
        check(&format!("{two}; results r"), "shift(x), shift(r)");
        let straight = one.replace("Concat e s", "Concat s e");
        check(&straight, "slice(x, n2, big, a1), slice(x, n0, n2, a1), concat(s, e)");
        let overlap = one.replace("Slice x n0 n2 a1", "Slice x n0 a1 a1");
        check(&overlap, "slice(x, n2, big, a1), slice(x, n0, a1, a1), concat(e, s)");
    }
}

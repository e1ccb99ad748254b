//! Rotary embeddings written out: halves or neighbours of a feature vector turned by angles from a table.

use super::Rule;
use super::cone;
use super::rewrite::{Becomes, Found};
use super::source::{Source, rearranges};
use crate::{Attribute, Dim, NodeId, Producer, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "rotary",
    about: "pairs of features turned by angles from a table are a rotary embedding",
    pattern: "let (a, b) = halves or neighbours of x: x * cos + Concat(-b, a) * sin | \
              Concat(a * cos - b * sin, b * cos + a * sin); with features that pass beside it",
    find,
};

/// The most operators between a tensor and its parts.
const MAX_STEPS: usize = 4;

/// Which of the pairs' members a part of a tensor holds.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Member {
    /// The first or second half of the features.
    Half(bool),
    /// Every other feature, from the first or second on.
    Neighbour(bool),
}

impl Member {
    fn is_second(self) -> bool {
        matches!(self, Self::Half(true) | Self::Neighbour(true))
    }

    fn pairs_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Half(a), Self::Half(b)) | (Self::Neighbour(a), Self::Neighbour(b)) => a != b,
            _ => false,
        }
    }
}

/// A part of a tensor: what it is of, which, and the nodes that pick it.
struct Picked {
    of: TensorId,
    member: Member,
    nodes: Vec<NodeId>,
}

/// A turned tensor.
struct Turned {
    x: TensorId,
    tables: [TensorId; 2],
    interleaved: bool,
    nodes: Vec<NodeId>,
    result: TensorId,
}

fn find(source: &Source<'_>, anchor: NodeId) -> Option<Found> {
    let turned = match source.kind(anchor) {
        "add" => whole(source, anchor),
        "concat" => by_parts(source, anchor),
        _ => None,
    }?;
    let Turned { mut x, tables: [cos, sin], interleaved, mut nodes, mut result } = turned;
    let mut core = nodes.clone();
    core.sort_unstable();
    let mut size = None;
    if let Some((whole, beside, joined)) = partial(source, x, result) {
        size = source.dims(x).and_then(<[Dim]>::last).and_then(Dim::as_known);
        nodes.extend(beside);
        (x, result) = (whole, joined);
    }
    let mut node = source.lifted("rotary", &core, &[Some(x), Some(cos), Some(sin)], result);
    if interleaved {
        node.attributes.set("interleaved", Attribute::Int(1));
    }
    if let Some(size) = size {
        node.attributes.set("size", Attribute::Int(size));
    }
    let nodes = cone::with_sizes(source, &nodes);
    Some(Found { nodes, becomes: Becomes::Node(Box::new(node)) })
}

/// `x * cos + Concat(-b, a) * sin`.
fn whole(source: &Source<'_>, add: NodeId) -> Option<Turned> {
    let (one, two) = source.pair(add)?;
    let factors = |t| source.made_by(t, "mul").and_then(|n| Some((n, source.pair(n)?)));
    let ((p, (a, b)), (q, (c, d))) = (factors(one)?, factors(two)?);
    let sides = [(a, b, c, d), (a, b, d, c), (b, a, c, d), (b, a, d, c)];
    let all = sides.into_iter().chain(sides.map(|(a, b, c, d)| (c, d, a, b)));
    for (x, cos, swapped, sin) in all {
        if let Some((interleaved, mut nodes)) = swap(source, swapped, x) {
            nodes.extend([add, p, q]);
            let result = source.node(add).output(0)?;
            let fits = source.shape(x) == source.shape(result) && x != cos;
            return fits.then_some(Turned { x, tables: [cos, sin], interleaved, nodes, result });
        }
    }
    None
}

/// Whether a tensor is `Concat(-b, a)` of the members of `x`, side by side or alternating.
fn swap(source: &Source<'_>, swapped: TensorId, x: TensorId) -> Option<(bool, Vec<NodeId>)> {
    let (first, second, mut nodes) = joined(source, swapped)?;
    let neg = source.made_by(first.0, "neg")?;
    let minus = picked(source, source.node(neg).input(0)?)?;
    let plus = picked(source, second.0)?;
    let fits =
        minus.of == x && plus.of == x && minus.member.is_second() && minus.member.pairs_with(plus.member);
    let interleaved = matches!(minus.member, Member::Neighbour(_));
    if !fits || interleaved != first.1 {
        return None;
    }
    nodes.push(neg);
    nodes.extend(minus.nodes);
    nodes.extend(plus.nodes);
    Some((interleaved, nodes))
}

/// `Concat(a * cos - b * sin, b * cos + a * sin)`.
fn by_parts(source: &Source<'_>, concat: NodeId) -> Option<Turned> {
    let end = source.node(concat).output(0)?;
    // Neighbours are stacked, then laid side by side.
    let stacked = source.only_reader(end).filter(|n| rearranges(source.node(*n)));
    let end = stacked
        .and_then(|n| source.node(n).output(0))
        .filter(|t| joined(source, *t).is_some())
        .unwrap_or(end);
    let (first, second, mut nodes) = joined(source, end)?;
    let less = source.made_by(first.0, "sub")?;
    let more = source.made_by(second.0, "add")?;
    let product = |t| {
        let node = source.made_by(t, "mul")?;
        let (a, b) = source.pair(node)?;
        match (picked(source, a), picked(source, b)) {
            (Some(part), None) => Some((node, part, b)),
            (None, Some(part)) => Some((node, part, a)),
            _ => None,
        }
    };
    let (l, m) = (source.pair(less)?, source.pair(more)?);
    let [ac, bs, mut bc, mut as_] = [product(l.0)?, product(l.1)?, product(m.0)?, product(m.1)?];
    if bc.1.member == ac.1.member {
        std::mem::swap(&mut bc, &mut as_);
    }
    let [a, b] = [ac.1.member, bs.1.member];
    let (cos, sin) = (ac.2, bs.2);
    let fits = !a.is_second()
        && a.pairs_with(b)
        && (bc.1.member, as_.1.member) == (b, a)
        && source.same_view(bc.2, cos)
        && source.same_view(as_.2, sin)
        && [&bs, &bc, &as_].iter().all(|p| p.1.of == ac.1.of)
        && matches!(a, Member::Neighbour(_)) == first.1;
    if !fits {
        return None;
    }
    let x = ac.1.of;
    nodes.extend([less, more]);
    for (node, part, _) in [ac, bs, bc, as_] {
        nodes.push(node);
        nodes.extend(part.nodes);
    }
    let fits = source.shape(x) == source.shape(end);
    fits.then_some(Turned { x, tables: [cos, sin], interleaved: first.1, nodes, result: end })
}

/// Two tensors joined along the features, one after the other or, with `true`, alternating.
#[expect(clippy::type_complexity, reason = "a pair of pairs and the nodes between")]
fn joined(
    source: &Source<'_>,
    tensor: TensorId,
) -> Option<((TensorId, bool), (TensorId, bool), Vec<NodeId>)> {
    let maker = source.maker(tensor)?;
    let dims = source.dims(tensor)?;
    if source.kind(maker) == "concat" {
        let (a, b) = source.pair(maker)?;
        let last = source.joins_last(maker);
        // A dimension of 1 is a stack that was not flattened.
        return (last && source.dims(a)?.last() != Some(&Dim::Known(1))).then_some((
            (a, false),
            (b, false),
            vec![maker],
        ));
    }
    let inner = source.node(maker).input(0).filter(|_| rearranges(source.node(maker)))?;
    let concat = source.made_by(inner, "concat").filter(|n| source.joins_last(*n))?;
    let (a, b) = source.pair(concat)?;
    let fits = matches!(source.dims(inner)?, [.., half, two]
        if *two == Dim::Known(2) && dims.last() == Some(&half.times(&Dim::Known(2))));
    let mut nodes = vec![maker, concat];
    let mut bare = |t: TensorId| {
        let unsqueeze = source.maker(t).filter(|n| matches!(source.kind(*n), "unsqueeze" | "reshape"))?;
        nodes.push(unsqueeze);
        source.node(unsqueeze).input(0)
    };
    let (a, b) = (bare(a)?, bare(b)?);
    fits.then_some(((a, true), (b, true), nodes))
}

/// What a tensor is a half or every other feature of.
fn picked(source: &Source<'_>, part: TensorId) -> Option<Picked> {
    let mut nodes = Vec::new();
    let mut at = part;
    // What was picked from pairs may have lost or kept its dimension of 1.
    for _ in 0..MAX_STEPS {
        let maker = source.maker(at)?;
        nodes.push(maker);
        let from = source.node(maker).input(0)?;
        match source.kind(maker) {
            "squeeze" | "reshape" => at = from,
            "slice" | "split" | "gather" => {
                let (start, step, size) = source.pick(at, maker)?;
                let whole = source.dims(from)?.last()?.as_known()?;
                let member = match (start, step, size) {
                    (0, 1, n) if n * 2 == whole && n > 1 => Member::Half(false),
                    (s, 1, n) if n * 2 == whole && s == n && n > 1 => Member::Half(true),
                    (s @ (0 | 1), 2, n) if n * 2 == whole => Member::Neighbour(s == 1),
                    (s @ (0 | 1), 1, 1) if whole == 2 => {
                        let pairs = source.maker(from).filter(|n| source.kind(*n) == "reshape")?;
                        nodes.push(pairs);
                        let of = source.node(pairs).input(0)?;
                        let [outer @ .., features] = source.dims(of)? else { return None };
                        let [same @ .., half, _] = source.dims(from)? else { return None };
                        let fits = outer == same && *features == half.times(&Dim::Known(2));
                        return fits.then_some(Picked { of, member: Member::Neighbour(s == 1), nodes });
                    }
                    _ => return None,
                };
                return (at == part).then_some(Picked { of: from, member, nodes });
            }
            _ => return None,
        }
    }
    None
}

/// Features that are not turned and join the others after: the whole, the nodes that part and join, the result.
fn partial(source: &Source<'_>, x: TensorId, result: TensorId) -> Option<(TensorId, Vec<NodeId>, TensorId)> {
    let join = source.only_reader(result).filter(|n| source.kind(*n) == "concat" && source.joins_last(*n))?;
    let (a, b) = source.pair(join)?;
    let beside = if a == result { b } else { a };
    let (first, second) = (source.maker(x)?, source.maker(beside)?);
    let [(s, one, n), (t, same, m)] = [source.pick(x, first)?, source.pick(beside, second)?];
    let whole = source.node(first).input(0)?;
    let total = source.dims(whole)?.last()?.as_known()?;
    let (low, high) = if a == result { ((s, n), (t, m)) } else { ((t, m), (s, n)) };
    let fits = (one, same) == (1, 1)
        && source.node(second).input(0) == Some(whole)
        && low.0 == 0
        && high.0 == low.1
        && high.0 + high.1 == total;
    fits.then(|| Some((whole, vec![join, first, second], source.node(join).output(0)?))).flatten()
}

impl Source<'_> {
    /// Whether a concatenation is along the last dimension.
    pub(super) fn joins_last(&self, concat: NodeId) -> bool {
        let node = self.node(concat);
        let rank = node.output(0).and_then(|t| self.shape(t).rank());
        let axis = node.attributes.int("axis").unwrap_or(1);
        rank.is_some_and(|r| crate::infer::normal_axis(axis, r).is_ok_and(|a| a + 1 == r))
    }

    /// Which range of the last dimension a node picks: start, step and size.
    fn pick(&self, part: TensorId, id: NodeId) -> Option<(i64, i64, i64)> {
        let node = self.node(id);
        let from = node.input(0)?;
        let dims = self.dims(from)?;
        let rank = dims.len();
        let is_last = |axis: i64| crate::infer::normal_axis(axis, rank).is_ok_and(|a| a + 1 == rank);
        let whole = dims.last()?.as_known()?;
        let size = self.dims(part)?.last()?.as_known()?;
        match self.kind(id) {
            "slice" => {
                let setting = |name: &str, input: usize| match node.attributes.ints(name) {
                    Some(ints) => Some(ints.to_vec()),
                    None => self.graph.tensor(node.input(input)?).value.as_ref()?.known_ints(),
                };
                let (starts, axes) = (setting("starts", 1)?, setting("axes", 3)?);
                let step = setting("steps", 4).and_then(|s| s.first().copied()).unwrap_or(1);
                let ([start], [axis]) = (starts.as_slice(), axes.as_slice()) else { return None };
                let start = if *start < 0 { start.checked_add(whole)? } else { *start };
                is_last(*axis).then_some((start, step, size))
            }
            "split" => {
                let Producer::Node(_, at) = self.graph.tensor(part).producer else { return None };
                let before = node.outputs.iter().take(at);
                let start = before.map(|t| self.dims((*t)?)?.last()?.as_known()).sum::<Option<i64>>()?;
                is_last(node.attributes.int("axis").unwrap_or(0)).then_some((start, 1, size))
            }
            "gather" => {
                let index = self.graph.tensor(node.input(1)?).value.as_ref()?.known_ints()?;
                let [index] = index.as_slice() else { return None };
                let index = if *index < 0 { index.checked_add(whole)? } else { *index };
                is_last(node.attributes.int("axis").unwrap_or(0)).then_some((index, 1, 1))
            }
            _ => None,
        }
    }

    /// Whether two tensors are one and the same, or two equal views of one tensor.
    fn same_view(&self, a: TensorId, b: TensorId) -> bool {
        let view = |t: TensorId| {
            let node = self.node(self.maker(t)?);
            let settings: Vec<_> = node.attributes.iter().collect();
            Some((node.op.as_str(), node.inputs.as_slice(), settings)).filter(|_| rearranges(node))
        };
        a == b || (view(a).is_some() && view(a) == view(b) && self.shape(a) == self.shape(b))
    }
}

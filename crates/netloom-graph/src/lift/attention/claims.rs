//! What can be proved of an attention: how many heads, of what width, over which windows, of whose positions.

use super::axes::{Axes, Part, count, own};
use super::operand::{Step, step};
use super::product::Sides;
use crate::lift::source::{Source, rearranges};
use crate::{Category, NodeId, TensorId, layers};

/// The most operators that one operand is followed back over.
const MAX_TRACE: usize = 40;

/// How far back the source of keys is searched for the source of queries.
const MAX_BEHIND: usize = 256;

/// How far back the source of queries is searched for the source of keys.
const MAX_NEAR: usize = 12;

/// How the features of an operand are divided into heads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Heads {
    pub count: i64,
    /// How many heads of queries share each.
    pub shared: i64,
}

/// An operand of a product, traced back to the layer that makes it.
pub(super) struct Trace {
    /// What the layer reads, or what is left where no layer is found.
    pub stream: TensorId,
    /// The same, in the arrangement in which the layer reads it.
    pub read: TensorId,
    axes: Option<(Axes, Option<usize>)>,
}

/// Traces an operand of a product back over whatever keeps its axes apart.
pub(super) fn trace(source: &Source<'_>, bare: TensorId) -> Trace {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = bare;
    while let Some(step) = step(source, at).or_else(|| keeps_axes(source, at)) {
        if steps.len() >= MAX_TRACE {
            break;
        }
        at = step.from;
        steps.push(step);
    }
    let maker = source.maker(at).filter(|m| projects(source, *m));
    let rank = source.shape(at).rank();
    let features = match maker.map(|m| source.kind(m)) {
        Some("conv") => Some(1),
        Some(_) => rank.and_then(|r| r.checked_sub(1)),
        None => rank.filter(|r| *r <= 3).and_then(|r| r.checked_sub(1)),
    };
    let forward = |steps: &[Step]| {
        let base = steps.last().map_or(bare, |s| s.from);
        let start = own(source.dims(base)?);
        steps.iter().rev().try_fold(start, |axes, s| axes.through(source, s.node, s.from, s.to))
    };
    let axes = forward(&steps).map(|axes| (axes, features)).or_else(|| {
        // Where what comes first cannot be followed, the rest may still divide features.
        (0..steps.len()).rev().find_map(|n| forward(&steps[..n])).map(|axes| (axes, None))
    });
    let read = maker.and_then(|m| source.node(m).input(0)).unwrap_or(at);
    Trace { stream: bare_stream(source, read), read, axes }
}

fn projects(source: &Source<'_>, id: NodeId) -> bool {
    let layer = layers::effective(source.graph, source.node(id));
    let stored = |t| layers::is_stored(source.graph, t);
    match layer.map_or("", |l| l.name) {
        "linear" => source.node(id).input(0).is_some_and(|x| !stored(x)),
        "conv" => true,
        _ => false,
    }
}

/// A normalisation of an operand, or a learned number added to each feature, which leave axes alone.
fn keeps_axes(source: &Source<'_>, to: TensorId) -> Option<Step> {
    let node = source.maker(to)?;
    let from = match source.kind(node) {
        "layer_norm" | "rms_norm" | "lp_norm" => source.node(node).input(0)?,
        "add" | "mul" => {
            let (a, b) = source.pair(node)?;
            if layers::is_stored(source.graph, b) {
                a
            } else {
                Some(b).filter(|_| layers::is_stored(source.graph, a))?
            }
        }
        _ => return None,
    };
    (source.shape(from) == source.shape(to)).then_some(Step { node, from, to, number: None })
}

fn bare_stream(source: &Source<'_>, tensor: TensorId) -> TensorId {
    let mut at = tensor;
    for _ in 0..MAX_TRACE {
        match source.maker(at).filter(|m| rearranges(source.node(*m))).and_then(|m| source.node(m).input(0)) {
            Some(before) => at = before,
            None => break,
        }
    }
    at
}

impl Trace {
    /// The heads of an operand that has its features and its positions there.
    pub fn heads(&self, Sides { features, positions }: Sides) -> Option<Heads> {
        let (axes, whole) = self.axes.as_ref()?;
        let at = |from_end: usize| axes.0.len().checked_sub(from_end);
        let (features, positions) = (at(features)?, at(positions)?);
        let axis = axes.0[features].first()?.axis?;
        let is_feature = |p: &Part| p.axis == Some(axis);
        if !axes.0[features].iter().all(is_feature) || axes.0[positions].iter().any(is_feature) {
            return None;
        }
        let leads = || axes.0.iter().enumerate().filter(|(i, _)| *i != features && *i != positions);
        let parts = || leads().flat_map(|(_, parts)| parts);
        let heads = count(parts().filter(|p| is_feature(p)))?;
        let shared = count(parts().filter(|p| p.axis.is_none()))?;
        (heads > 1 || *whole == Some(axis)).then_some(Heads { count: heads, shared })
    }
}

impl Trace {
    /// Which dimensions hold the heads of queries and nothing else.
    pub fn places(&self, sides @ Sides { features, positions }: Sides) -> Option<Vec<usize>> {
        self.heads(sides)?;
        let (axes, _) = self.axes.as_ref()?;
        let at = |from_end: usize| axes.0.len().checked_sub(from_end);
        let (features, positions) = (at(features)?, at(positions)?);
        let axis = axes.0[features].first()?.axis?;
        let held = |parts: &Vec<Part>| parts.iter().any(|p| p.axis == Some(axis));
        let pure = |parts: &Vec<Part>| parts.iter().all(|p| p.axis == Some(axis));
        let leads = axes.0.iter().enumerate().filter(|(i, _)| *i != features && *i != positions);
        let holding: Vec<(usize, &Vec<Part>)> = leads.filter(|(_, parts)| held(parts)).collect();
        let all = holding.iter().all(|(_, parts)| pure(parts));
        (all && !holding.is_empty()).then(|| holding.iter().map(|(i, _)| *i).collect())
    }

    /// How many heads stand in the dimensions that queries, of this rank, have theirs in.
    pub fn heads_in(&self, places: &[usize], rank: usize) -> Option<Heads> {
        let (axes, _) = self.axes.as_ref().filter(|(axes, _)| axes.0.len() == rank)?;
        let parts = || places.iter().filter_map(|p| axes.0.get(*p)).flatten();
        let heads = count(parts().filter(|p| p.axis.is_some()))?;
        Some(Heads { count: heads, shared: count(parts().filter(|p| p.axis.is_none()))? })
    }
}

/// The window that the positions of an attention are cut into: sizes along the axes of the whole.
pub(super) fn window(source: &Source<'_>, stream: TensorId, read: TensorId) -> Option<Vec<i64>> {
    let mut steps = Vec::new();
    let mut at = read;
    while at != stream && steps.len() < MAX_TRACE {
        let node = source.maker(at)?;
        let from = source.node(node).input(0)?;
        steps.push((node, from, at));
        at = from;
    }
    let start = own(source.dims(stream)?);
    let axes =
        steps.iter().rev().try_fold(start, |axes, (n, from, to)| axes.through(source, *n, *from, *to))?;
    let [leads @ .., positions, _] = axes.0.as_slice() else { return None };
    let cut = |p: &Part| {
        let outside = |q: &Part| q.axis == p.axis && q.step == p.size.times(&p.step);
        p.axis.is_some() && leads.iter().flatten().any(outside)
    };
    let whole = |p: &Part| p.axis.and_then(|a| source.dims(stream)?.get(a)) == Some(&p.size);
    let is_window =
        positions.len() >= 2 && positions.iter().any(cut) && positions.iter().all(|p| cut(p) || whole(p));
    is_window.then(|| positions.iter().map(|p| p.size.as_known()).collect()).flatten()
}

/// Whose positions queries, keys and values are of.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Between {
    /// All three come from one tensor.
    Own,
    /// Keys and values come from a tensor that queries do not come from.
    Other,
    /// Nothing is proved.
    Unknown,
}

/// Compares the streams that queries, keys and values are projected from.
pub(super) fn between(source: &Source<'_>, [q, k, v]: [TensorId; 3]) -> Between {
    // Positions are often added to queries and keys alone.
    let bare = |t: TensorId| addend(source, t);
    let same = |a: TensorId, b: TensorId| a == b || bare(a).contains(&b) || bare(b).contains(&a);
    if (q == k && same(k, v)) || (same(q, v) && same(k, v) && bare(q).iter().any(|t| bare(k).contains(t))) {
        return Between::Own;
    }
    let apart = same(k, v)
        && !same(q, k)
        && !same(q, v)
        && [k, v]
            .iter()
            .all(|t| !is_behind(source, *t, q, MAX_BEHIND) && !is_behind(source, q, *t, MAX_NEAR));
    if apart { Between::Other } else { Between::Unknown }
}

/// The two terms of a sum of tensors of equal shape.
fn addend(source: &Source<'_>, tensor: TensorId) -> Vec<TensorId> {
    let terms = source.made_by(tensor, "add").and_then(|n| source.pair(n));
    terms.map_or_else(Vec::new, |(a, b)| vec![bare_stream(source, a), bare_stream(source, b)])
}

/// Whether a tensor is computed from another, as far as the last few operators tell.
fn is_behind(source: &Source<'_>, tensor: TensorId, other: TensorId, most: usize) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut work = std::collections::VecDeque::from([tensor]);
    while let Some(at) = work.pop_front() {
        if at == other {
            return true;
        }
        let Some(maker) = source.maker(at) else { continue };
        if seen.len() < most && seen.insert(maker) {
            let shape_only = source.node(maker).layer.is_some_and(|l| l.category == Category::Constant);
            work.extend(source.node(maker).inputs.iter().flatten().filter(|_| !shape_only));
        }
    }
    false
}

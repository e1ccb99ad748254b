//! What changed about operators that stand for one another, and about the ends of the model.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Op, Side};
use super::{Change, Pair, Port, What};
use crate::{Category, Graph, TensorId};

/// The most operators that are walked over to find what an input comes from.
const MAX_WALK: usize = 4096;

type Sizes = [Option<i64>];

pub(super) fn pairs(a: &Side<'_>, b: &Side<'_>, places: &[(usize, usize)]) -> Vec<Pair> {
    let mut compare = Compare { a, b, to_b: vec![None; a.ops.len()], to_a: vec![None; b.ops.len()] };
    for &(x, y) in places {
        compare.to_b[x] = Some(y);
        compare.to_a[y] = Some(x);
    }
    let pair = |&(x, y): &(usize, usize)| Pair {
        before: a.ops[x].id,
        after: b.ops[y].id,
        changes: compare.changes(x, y),
    };
    places.iter().map(pair).collect()
}

struct Compare<'a> {
    a: &'a Side<'a>,
    b: &'a Side<'a>,
    to_b: Vec<Option<usize>>,
    to_a: Vec<Option<usize>>,
}

fn change(what: What, before: impl Into<String>, after: impl Into<String>) -> Change {
    Change { what, before: before.into(), after: after.into(), implied: false }
}

impl Compare<'_> {
    fn changes(&self, x: usize, y: usize) -> Vec<Change> {
        let (p, q) = (&self.a.ops[x], &self.b.ops[y]);
        let mut found = Vec::new();
        if p.kind != q.kind {
            found.push(change(What::Operator, &p.kind, &q.kind));
        }
        let names: BTreeSet<&String> = p.settings.keys().chain(q.settings.keys()).collect();
        for name in names {
            let (before, after) = (p.settings.get(name), q.settings.get(name));
            if before != after {
                let text = |v: Option<&String>| v.cloned().unwrap_or_else(|| absent(name));
                found.push(change(What::Attribute(name.clone()), text(before), text(after)));
            }
        }
        let mut sizes = output(p, q);
        let reads = self.reads(x, y);
        // What learns nothing takes its sizes from what it reads.
        if found.is_empty() && q.weights.is_empty() && !reads.is_empty() {
            sizes.iter_mut().for_each(|c| c.implied = true);
        }
        found.extend(sizes.iter().cloned());
        if p.output.1 != q.output.1 {
            found.push(change(What::Dtype, &p.output.1, &q.output.1));
        }
        self.weights(p, q, &sizes, &reads, &mut found);
        if p.rounded != q.rounded {
            let text =
                |types: &[String]| if types.is_empty() { "float".to_owned() } else { types.join(", ") };
            found.push(change(What::Quantized, text(&p.rounded), text(&q.rounded)));
        }
        found.extend(self.wiring(x, y));
        found
    }

    /// How the sizes of what they read differ.
    fn reads(&self, x: usize, y: usize) -> Vec<(Option<i64>, Option<i64>)> {
        let types = |side: &Side<'_>, at: usize| -> Vec<Vec<Option<i64>>> {
            let node = side.graph.node(side.ops[at].id);
            let dims = |t: TensorId| side.graph.tensor(t).ty.shape().dims().unwrap_or_default().to_vec();
            let known = |t| dims(t).iter().map(crate::Dim::as_known).collect();
            node.inputs.iter().flatten().map(|t| known(*t)).collect()
        };
        let (left, right) = (types(self.a, x), types(self.b, y));
        let together = left.iter().zip(&right).filter(|(l, r)| l.len() == r.len());
        together.flat_map(|(l, r)| l.iter().copied().zip(r.iter().copied())).filter(|(l, r)| l != r).collect()
    }

    fn weights(
        &self,
        p: &Op,
        q: &Op,
        sizes: &[Change],
        reads: &[(Option<i64>, Option<i64>)],
        found: &mut Vec<Change>,
    ) {
        let by_role = |op: &Op| -> BTreeMap<String, (Vec<Option<i64>>, String)> {
            op.weights
                .iter()
                .map(|(role, sizes, dtype)| (role.clone(), (sizes.clone(), dtype.clone())))
                .collect()
        };
        let (left, right) = (by_role(p), by_role(q));
        let roles: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        let follows = |before: &Sizes, after: &Sizes| {
            let (before, after) = (without(before, after), without(after, before));
            before.len() == after.len()
                && before.iter().zip(&after).filter(|(l, r)| l != r).all(|(l, r)| {
                    let (l, r) = (number(*l), number(*r));
                    sizes.iter().any(|c| c.before == l && c.after == r)
                        || reads.iter().any(|(x, y)| number(*x) == l && number(*y) == r)
                })
        };
        for role in roles {
            match (left.get(role), right.get(role)) {
                (Some((s, d)), Some((t, e))) => {
                    if s != t {
                        let what = What::Weight(role.clone());
                        let implied = follows(s, t);
                        found.push(Change { implied, ..change(what, shape(s), shape(t)) });
                    }
                    if d != e {
                        found.push(change(What::WeightDtype(role.clone()), d, e));
                    }
                }
                (before, after) => {
                    let text = |w: Option<&(Vec<Option<i64>>, String)>| {
                        w.map_or_else(|| "none".to_owned(), |(sizes, _)| shape(sizes))
                    };
                    found.push(change(What::Weight(role.clone()), text(before), text(after)));
                }
            }
        }
    }

    /// What comes from somewhere else; an operator that was put in or taken out between is no change of wiring.
    fn wiring(&self, x: usize, y: usize) -> Option<Change> {
        let (p, q) = (&self.a.ops[x], &self.b.ops[y]);
        if p.makers.len() == q.makers.len()
            && p.makers.iter().zip(&q.makers).all(|(m, n)| match (m, n) {
                (Some(m), Some(n)) => self.to_b[*m] == Some(*n),
                (None, None) => true,
                _ => false,
            })
        {
            return None;
        }
        // As sets, since operators with exchangeable inputs may list them in any order.
        let left = frontier(self.a, &self.to_b, x);
        let right = frontier(self.b, &self.to_a, y);
        let (Some(left), Some(right)) = (left, right) else { return None };
        let there: BTreeSet<Option<usize>> = left.iter().map(|m| m.and_then(|m| self.to_b[m])).collect();
        if there == right
            || p.makers.len() == q.makers.len() && !there.is_disjoint(&right) && is_cut(self, x, y)
        {
            return None;
        }
        // Where something was put in or taken out that joins streams, more or fewer sources are what follows.
        if is_cut(self, x, y) && (there.is_subset(&right) || right.is_subset(&there)) {
            return None;
        }
        let name = |side: &Side<'_>, from: &BTreeSet<Option<usize>>| {
            let names = from
                .iter()
                .map(|m| m.map_or_else(|| "input".to_owned(), |m| side.graph.node_path(side.ops[m].id)));
            names.collect::<Vec<_>>().join(", ")
        };
        Some(change(What::Wiring("reads".to_owned()), name(self.a, &left), name(self.b, &right)))
    }
}

/// Whether something that only one model has stands right before one of two operators.
fn is_cut(compare: &Compare<'_>, x: usize, y: usize) -> bool {
    let alone =
        |makers: &[Option<usize>], to: &[Option<usize>]| makers.iter().flatten().any(|m| to[*m].is_none());
    alone(&compare.a.ops[x].makers, &compare.to_b) || alone(&compare.b.ops[y].makers, &compare.to_a)
}

/// The operators with a counterpart that an operator reads from, over those without one; `None` where that is far.
fn frontier(side: &Side<'_>, to: &[Option<usize>], at: usize) -> Option<BTreeSet<Option<usize>>> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut work = side.ops[at].makers.clone();
    while let Some(maker) = work.pop() {
        match maker {
            Some(m) if to[m].is_none() => {
                if seen.insert(m) {
                    work.extend(&side.ops[m].makers);
                }
                if seen.len() > MAX_WALK {
                    return None;
                }
            }
            _ => {
                found.insert(maker);
            }
        }
    }
    Some(found)
}

/// Sizes without those that another list has too.
fn without(sizes: &Sizes, other: &Sizes) -> Vec<Option<i64>> {
    let mut other = other.to_vec();
    let mut rest = Vec::new();
    for n in sizes {
        match other.iter().position(|m| m == n) {
            Some(at) => {
                other.swap_remove(at);
            }
            None => rest.push(*n),
        }
    }
    rest
}

/// What is printed where a setting is left out.
fn absent(name: &str) -> String {
    match name {
        "strides" | "dilations" | "group" | "alpha" | "beta" => "1",
        "pads" | "output_padding" | "axis" => "0",
        "epsilon" => "0.00001",
        _ => "none",
    }
    .to_owned()
}

fn number(n: Option<i64>) -> String {
    n.map_or_else(|| "?".to_owned(), |n| n.to_string())
}

fn shape(sizes: &Sizes) -> String {
    if sizes.is_empty() {
        return "scalar".to_owned();
    }
    sizes.iter().map(|n| number(*n)).collect::<Vec<_>>().join("×")
}

/// How the sizes of what two operators make differ, axis by axis; equal changes of height and width are one.
fn output(p: &Op, q: &Op) -> Vec<Change> {
    let (before, after) = (&p.output.0, &q.output.0);
    let content = |sizes: &Sizes| sizes.iter().copied().filter(|n| *n != Some(1)).collect::<Vec<_>>();
    if before.len() != after.len() {
        // Only the way it is written differs.
        if content(before) == content(after) {
            return Vec::new();
        }
        return vec![change(What::Size("shape".to_owned()), shape(before), shape(after))];
    }
    let mut found: Vec<Change> = Vec::new();
    for (axis, (l, r)) in before.iter().zip(after).enumerate() {
        if l == r {
            continue;
        }
        let (l, r) = (number(*l), number(*r));
        let name = axis_name(q.category, axis, before.len());
        match found.last_mut() {
            Some(last)
                if name == "width"
                    && last.what == What::Size("height".to_owned())
                    && last.before == l
                    && last.after == r =>
            {
                last.what = What::Size("height, width".to_owned());
            }
            _ => found.push(change(What::Size(name), l, r)),
        }
    }
    found
}

fn axis_name(category: Option<Category>, axis: usize, rank: usize) -> String {
    let is_map = rank >= 4
        && !matches!(category, Some(Category::Linear | Category::Attention | Category::Loss))
        || rank == 3 && matches!(category, Some(Category::Conv | Category::Pool));
    let name = match (axis, rank, is_map) {
        (0, ..) => "batch",
        (1, _, true) => "channels",
        (2, 3, true) | (1, 3, false) => "length",
        (2, 4, true) | (3, 5, true) => "height",
        (3, 4, true) | (4, 5, true) => "width",
        (2, 5, true) => "depth",
        _ if axis + 1 == rank => "features",
        _ => return format!("axis {axis}"),
    };
    name.to_owned()
}

/// What changed about the inputs and outputs of the model, by place.
pub(super) fn ports(a: &Graph, b: &Graph) -> Vec<Port> {
    let mut found = Vec::new();
    for is_output in [false, true] {
        let of = |graph: &Graph| -> Vec<String> {
            let ports = if is_output { &graph.outputs } else { &graph.inputs };
            ports.iter().map(|t| port(graph, *t)).collect()
        };
        let (left, right) = (of(a), of(b));
        for index in 0..left.len().max(right.len()) {
            let (before, after) = (left.get(index), right.get(index));
            if before != after {
                found.push(Port { is_output, index, before: before.cloned(), after: after.cloned() });
            }
        }
    }
    found
}

fn port(graph: &Graph, tensor: TensorId) -> String {
    let ty = &graph.tensor(tensor).ty;
    let sizes: Vec<Option<i64>> =
        ty.shape().dims().unwrap_or_default().iter().map(crate::Dim::as_known).collect();
    let sizes = if ty.shape().rank().is_some() { shape(&sizes) } else { "?".to_owned() };
    match ty.dtype() {
        Some(dtype) => format!("{dtype} {sizes}"),
        None => sizes,
    }
}

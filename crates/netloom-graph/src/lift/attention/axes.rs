//! Where the numbers of an operand come from: which part of which axis of an earlier tensor each dimension counts along.

use crate::lift::source::Source;
use crate::{Dim, NodeId, TensorId, layers::rules};

/// A part of a dimension that counts along one axis of the base in equal steps.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Part {
    /// The axis of the base; none where numbers are repeated.
    pub axis: Option<usize>,
    pub size: Dim,
    pub step: Dim,
}

/// The dimensions of a tensor as parts of the axes of its base, outermost first; a dimension of 1 has no part.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Axes(pub Vec<Vec<Part>>);

/// Dimensions as the base's own.
pub(super) fn own(dims: &[Dim]) -> Axes {
    let part =
        |(axis, size): (usize, &Dim)| Part { axis: Some(axis), size: size.clone(), step: Dim::Known(1) };
    let one = |(axis, size)| if size == &Dim::Known(1) { Vec::new() } else { vec![part((axis, size))] };
    Axes(dims.iter().enumerate().map(one).collect())
}

/// A name for the one dimension that is not known, as what is left must be equal before and after a reshape.
const REST: &str = "?";

/// Dimensions with the only unknown one named, where the others hold as many numbers as these parts.
fn one_unknown(dims: &[Dim], parts: &[Part]) -> Vec<Dim> {
    let rest = Dim::symbol(REST);
    let known = rules::product(dims.iter().filter(|d| !d.is_unknown()));
    let others = parts.iter().filter(|p| p.size != rest).map(|p| &p.size);
    let fits = parts.is_empty()
        || (rules::product(others) == known && parts.iter().filter(|p| p.size == rest).count() == 1);
    let single = dims.iter().filter(|d| d.is_unknown()).count() == 1;
    let named = |d: &Dim| if d.is_unknown() && single && fits { rest.clone() } else { d.clone() };
    dims.iter().map(named).collect()
}

impl Axes {
    /// What the axes of a node's data input become in one of its outputs; none where that cannot be told.
    pub fn through(self, source: &Source<'_>, id: NodeId, from: TensorId, to: TensorId) -> Option<Self> {
        let node = source.node(id);
        let (before, after) = (source.dims(from)?, source.dims(to)?);
        match source.kind(id) {
            "transpose" => {
                let rank = i64::try_from(self.0.len()).ok()?;
                let backwards: Vec<i64> = (0..rank).rev().collect();
                let perm = node.attributes.ints("perm").unwrap_or(&backwards);
                let pick = |axis: &i64| self.0.get(usize::try_from(*axis).ok()?).cloned();
                Some(Self(perm.iter().map(pick).collect::<Option<_>>()?))
            }
            "reshape" | "flatten" | "squeeze" | "unsqueeze" => self.reshaped(after),
            "expand" | "tile" => self.stretched(before, after),
            "slice" | "split" => self.cut(before, after),
            "gather" | "gather_nd" => {
                let axis = node.attributes.int("axis").unwrap_or(0);
                let axis = crate::infer::normal_axis(axis, before.len()).ok()?;
                let mut dims = self.0;
                if after.len() + 1 == before.len() {
                    dims.remove(axis);
                } else if after.len() == before.len() && after.get(axis) == Some(&Dim::Known(1)) {
                    *dims.get_mut(axis)? = Vec::new();
                } else {
                    return None;
                }
                Some(Self(dims))
            }
            _ if before == after => Some(self),
            _ => None,
        }
    }

    /// Row-major order kept, other dimensions.
    fn reshaped(self, dims: &[Dim]) -> Option<Self> {
        let mut left: Vec<Part> = self.0.into_iter().flatten().collect();
        let dims = one_unknown(dims, &left);
        left.reverse();
        let mut out = Vec::with_capacity(dims.len());
        for dim in &dims {
            let (mut need, mut parts) = (dim.clone(), Vec::new());
            while need != Dim::Known(1) {
                let part = left.pop().filter(|p| !p.size.is_unknown() && !need.is_unknown())?;
                if let Some(rest) = need.exact_div(&part.size) {
                    parts.push(part);
                    need = rest;
                    continue;
                }
                let inner = part.size.exact_div(&need)?;
                parts.push(Part { axis: part.axis, size: need, step: part.step.times(&inner) });
                left.push(Part { size: inner, ..part });
                need = Dim::Known(1);
            }
            out.push(parts);
        }
        left.is_empty().then_some(Self(out))
    }

    fn stretched(self, before: &[Dim], after: &[Dim]) -> Option<Self> {
        let more = after.len().checked_sub(before.len())?;
        let mut dims = vec![Vec::new(); more];
        dims.extend(self.0);
        for (at, parts) in dims.iter_mut().enumerate() {
            let old = at.checked_sub(more).and_then(|i| before.get(i)).cloned().unwrap_or(Dim::Known(1));
            if old != after[at] {
                if old != Dim::Known(1) || !parts.is_empty() {
                    return None;
                }
                parts.push(Part { axis: None, size: after[at].clone(), step: Dim::Known(0) });
            }
        }
        Some(Self(dims))
    }

    /// A range of some dimensions.
    fn cut(self, before: &[Dim], after: &[Dim]) -> Option<Self> {
        if before.len() != after.len() {
            return None;
        }
        let mut dims = self.0;
        for (at, parts) in dims.iter_mut().enumerate() {
            if before[at] == after[at] {
                continue;
            }
            if after[at] == Dim::Known(1) {
                parts.clear();
                continue;
            }
            let [part] = parts.as_mut_slice() else { return None };
            part.size = after[at].clone();
        }
        Some(Self(dims))
    }
}

/// How many numbers some parts count.
pub(super) fn count<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Option<i64> {
    rules::product(parts.into_iter().map(|p| &p.size)).as_known()
}

//! Queries, keys and values followed back from their products over what only dresses them.

use crate::lift::cone;
use crate::lift::source::{Source, rearranges};
use crate::{DType, Dim, NodeId, TensorId};

/// The most operators that dress one operand.
const MAX_DRESSING: usize = 24;

/// One operator that dresses an operand: what it reads and what it makes.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub node: NodeId,
    pub from: TensorId,
    pub to: TensorId,
    /// The number that it multiplies by (`true`) or divides by.
    pub number: Option<(TensorId, bool)>,
}

/// An operand and what dresses it, from the product towards the source.
pub(super) struct Operand {
    pub bare: TensorId,
    pub steps: Vec<Step>,
}

impl Operand {
    /// What is read when every step is taken into the attention.
    pub fn base(&self) -> TensorId {
        self.steps.last().map_or(self.bare, |s| s.from)
    }

    /// The first step of this kind.
    pub fn position(&self, source: &Source<'_>, kind: &str) -> Option<usize> {
        self.steps.iter().position(|s| source.kind(s.node) == kind)
    }
}

/// A tensor times or over a fixed number: the tensor and the number, and whether it multiplies.
pub(super) fn scaled(source: &Source<'_>, id: NodeId) -> Option<(TensorId, (TensorId, bool))> {
    let (a, b) = source.pair(id)?;
    let times = source.kind(id) == "mul";
    if source.is_fixed_number(b) {
        return Some((a, (b, times)));
    }
    (times && source.is_fixed_number(a)).then_some((b, (a, true)))
}

/// Whether a cast keeps numbers with fractions such.
pub(super) fn is_float_cast(source: &Source<'_>, id: NodeId) -> bool {
    let float = |t| source.graph.tensor(t).ty.dtype().is_some_and(DType::is_float);
    source.ends(id).is_some_and(|(from, to)| source.kind(id) == "cast" && float(from) && float(to))
}

/// The step that makes a tensor, if it only rearranges, repeats, picks, scales or turns what it reads.
pub(super) fn step(source: &Source<'_>, to: TensorId) -> Option<Step> {
    let node = source.maker(to)?;
    let operator = source.node(node);
    let first = operator.input(0);
    let known = |t: &TensorId| source.graph.tensor(*t).value.is_some();
    let settings_known = || operator.inputs.iter().skip(1).flatten().all(known);
    let from = match source.kind(node) {
        "mul" | "div" => {
            let (from, number) = scaled(source, node)?;
            return Some(Step { node, from, to, number: Some(number) });
        }
        "cast" if is_float_cast(source, node) => first,
        "expand" | "tile" | "rotary" | "split" => first,
        "slice" => first.filter(|_| settings_known()),
        "gather" => first.filter(|x| {
            let one = operator.input(1).is_some_and(|i| source.shape(i).elements() == Some(1) && known(&i));
            one && source.maker(*x).is_some()
        }),
        "gather_nd" => first.filter(|_| {
            let one = operator.input(1).is_some_and(|i| source.shape(i).elements() == Some(1) && known(&i));
            one && operator.attributes.int("batch_dims").unwrap_or(0) == 0
        }),
        _ if rearranges(operator) => first,
        _ => None,
    };
    Some(Step { node, from: from?, to, number: None })
}

/// Walks from an operand of a product back over its dressing, up to the last tensor that holds the features of a
/// position side by side.
pub(super) fn undress(source: &Source<'_>, bare: TensorId) -> Operand {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = bare;
    while let Some(step) = step(source, at).filter(|_| steps.len() < MAX_DRESSING) {
        at = step.from;
        steps.push(step);
    }
    let last = |t: TensorId| source.dims(t).and_then(<[Dim]>::last);
    // What only regroups examples and positions belongs to what comes before.
    while let Some(step) = steps.last() {
        let regroups = rearranges(source.node(step.node)) && last(step.from) == last(step.to);
        if !regroups
            || source.shape(step.to).rank().is_none_or(|r| r > 3)
            || source.shape(step.to).rank() < Some(2)
        {
            break;
        }
        steps.pop();
    }
    Operand { bare, steps }
}

/// Cuts dressings where something else reads what flows inside, until all that is left is private to the group, which
/// is given back with the operators that only compute its numbers.
pub(super) fn settle(
    source: &Source<'_>,
    inner: &[NodeId],
    operands: &mut [Operand],
    numbers: &[TensorId],
) -> Vec<NodeId> {
    loop {
        let steps = || operands.iter().flat_map(|o| &o.steps);
        let mut nodes: Vec<NodeId> = inner.iter().copied().chain(steps().map(|s| s.node)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let numbers: Vec<TensorId> =
            numbers.iter().copied().chain(steps().filter_map(|s| Some(s.number?.0))).collect();
        let group = cone::with_sizes(source, &source.with_feeders(&nodes, &numbers));
        let mut cut = false;
        for operand in operands.iter_mut() {
            let public = operand.steps.iter().position(|s| !source.is_inside(&group, s.node));
            if let Some(public) = public {
                operand.steps.truncate(public);
                cut = true;
            }
        }
        if !cut {
            return group;
        }
    }
}

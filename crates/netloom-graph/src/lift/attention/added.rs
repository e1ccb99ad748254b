//! What is added to scores before their softmax: a bias, masks, or both in one.

use super::causal;
use super::operand::Step;
use super::scores::Scores;
use crate::lift::source::Source;
use crate::{DType, NodeId, TensorId, layers};

/// The most operators that a bias is searched for what is learned.
const MAX_BIAS: usize = 48;

/// The most operators that dress a mask.
const MAX_DRESSING: usize = 12;

/// What is added to scores: at most one learned or computed bias, and masks.
pub(super) struct Added {
    pub bias: Option<TensorId>,
    pub masks: Vec<TensorId>,
}

impl Added {
    /// What the operators between the product and the softmax add.
    pub fn of(source: &Source<'_>, scores: &Scores) -> Self {
        let mut found = Self { bias: None, masks: Vec::new() };
        let mut added = scores.added.clone();
        // What is learned is the bias, whatever else is added.
        let learned = |(t, by): &(TensorId, NodeId)| {
            let stored = layers::is_stored(source.graph, *t);
            if stored { source.learns(*by) } else { nature(source, *t) == Nature::Learned }
        };
        added.sort_by_key(|a| !learned(a));
        for (tensor, by) in added {
            let stored = layers::is_stored(source.graph, tensor);
            let hides = if stored { !source.learns(by) } else { nature(source, tensor) == Nature::Hides };
            if found.bias.is_some() || hides {
                found.masks.push(tensor);
                continue;
            }
            // A bias and a mask may be added to each other before both are added to the scores of every layer.
            let terms = source.made_by(tensor, "add").and_then(|n| Some((n, source.pair(n)?)));
            match terms {
                Some((sum, (a, b))) if !stored => {
                    let hides = |t: TensorId| nature(source, t) == Nature::Hides && source.maker(t).is_some();
                    match [hides(a), hides(b)] {
                        [true, false] if splits(source, [a, b], sum) => found.push(b, a),
                        [false, true] if splits(source, [a, b], sum) => found.push(a, b),
                        _ => found.bias = Some(tensor),
                    }
                }
                _ => found.bias = Some(tensor),
            }
        }
        found
    }

    fn push(&mut self, bias: TensorId, mask: TensorId) {
        self.bias = Some(bias);
        self.masks.push(mask);
    }
}

/// Whether both terms of a sum may be read apart: each is of its rank, and what it learns is learned as a bias too.
fn splits(source: &Source<'_>, terms: [TensorId; 2], sum: NodeId) -> bool {
    let rank = source.node(sum).output(0).and_then(|t| source.shape(t).rank());
    terms.iter().all(|t| source.shape(*t).rank() == rank) && !source.learns(sum)
}

/// What a tensor does that is added to scores.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Nature {
    /// It depends on something learned.
    Learned,
    /// It hides positions, by truth values or very low numbers.
    Hides,
    /// Neither is found.
    Other,
}

fn nature(source: &Source<'_>, tensor: TensorId) -> Nature {
    let mut hides =
        source.graph.tensor(tensor).ty.dtype() == Some(DType::Bool) || source.maker(tensor).is_none();
    let mut work = vec![tensor];
    let mut seen: Vec<NodeId> = Vec::new();
    while let Some(at) = work.pop() {
        hides |= causal::is_low(source, at);
        let Some(maker) = source.maker(at).filter(|m| !seen.contains(m)) else { continue };
        if source.learns(maker) {
            return Nature::Learned;
        }
        // Its sizes may come from data without any number of it.
        if seen.len() < MAX_BIAS && source.kind(maker) != "shape" {
            seen.push(maker);
            work.extend(source.node(maker).inputs.iter().flatten());
        }
    }
    if hides { Nature::Hides } else { Nature::Other }
}

/// What only brings a mask into the form in which it is added.
pub(super) fn mask_steps(source: &Source<'_>, bare: TensorId) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = bare;
    while steps.len() < MAX_DRESSING {
        let Some(node) = source.maker(at) else { break };
        let inputs = &source.node(node).inputs;
        let from = match (source.kind(node), inputs.as_slice()) {
            // Hidden or not becomes a number that is added.
            ("where", [Some(hidden), Some(a), Some(b)]) => {
                Some(*hidden).filter(|_| source.number(*a).is_some() && source.number(*b).is_some())
            }
            // A mask may be added to a bias that is nowhere.
            ("add", [Some(a), Some(b)]) => match [a, b].map(|t| causal::fill(source, *t) == Some(0.0)) {
                [true, false] => Some(*b),
                [false, true] => Some(*a),
                _ => None,
            },
            ("cast" | "expand" | "unsqueeze" | "slice", _) => inputs.first().copied().flatten(),
            _ => None,
        };
        let Some(from) = from.filter(|t| source.maker(*t).is_some()) else { break };
        steps.push(Step { node, from, to: at, number: None });
        at = from;
    }
    steps
}

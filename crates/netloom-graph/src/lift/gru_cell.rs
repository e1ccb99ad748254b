//! One step of a GRU written out.

use super::Rule;
use super::gates::{Cell, gate, gated};
use super::rewrite::Found;
use super::source::Source;
use crate::{NodeId, TensorId, layers};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "gru_cell",
    about: "a state mixed with a candidate by one gate, where another resets it, is a step of a GRU",
    pattern: "let r, z = Sigmoid(Linear(x) + Linear(h)), n = Tanh(Linear(x) + r * Linear(h)): \
              n + z * (h - n) | (1 - z) * n + z * h",
    find,
};

/// The parts of a mixture.
struct Mixed {
    nodes: Vec<NodeId>,
    /// What the sigmoid of the gate reads.
    gate: TensorId,
    candidate: TensorId,
    state: TensorId,
}

fn find(source: &Source<'_>, add: NodeId) -> Option<Found> {
    if source.kind(add) != "add" {
        return None;
    }
    let (a, b) = source.pair(add)?;
    let result = source.node(add).output(0)?;
    [(a, b), (b, a)].into_iter().find_map(|(first, second)| {
        let mixed = toward(source, first, second).or_else(|| weighted(source, first, second))?;
        let (tanh, sum) = gate(source, mixed.candidate, "tanh")?;
        let plus = source.made_by(sum, "add")?;
        let (c, d) = source.pair(plus)?;
        [(c, d), (d, c)].into_iter().find_map(|(reset, from_input)| {
            let (mul, r, from_r, from_state) = gated(source, reset)?[0];
            let mut nodes = mixed.nodes.clone();
            nodes.extend([add, tanh, plus, mul, r]);
            let state = Some(mixed.state).filter(|t| !layers::is_stored(source.graph, *t));
            let mut cell = Cell::new(nodes, state);
            for gate in [mixed.gate, from_r, from_input, from_state] {
                cell.follow(source, gate)?;
            }
            cell.found(source, "gru_cell", &[result])
        })
    })
}

/// `n + z * (h - n)`.
fn toward(source: &Source<'_>, candidate: TensorId, product: TensorId) -> Option<Mixed> {
    gated(source, product)?.into_iter().find_map(|(mul, z, gate, difference)| {
        let sub = source.made_by(difference, "sub")?;
        let (state, less) = source.pair(sub)?;
        (less == candidate).then(|| Mixed { nodes: vec![mul, z, sub], gate, candidate, state })
    })
}

/// `(1 - z) * n + z * h`.
fn weighted(source: &Source<'_>, new: TensorId, old: TensorId) -> Option<Mixed> {
    let times = source.made_by(new, "mul")?;
    let (a, b) = source.pair(times)?;
    gated(source, old)?.into_iter().find_map(|(mul, z, gate, state)| {
        [(a, b), (b, a)].into_iter().find_map(|(rest, candidate)| {
            let sub = source.made_by(rest, "sub")?;
            let (one, less) = source.pair(sub)?;
            let fits = source.number(one) == Some(1.0) && Some(less) == source.node(z).output(0);
            fits.then(|| Mixed { nodes: vec![times, mul, z, sub], gate, candidate, state })
        })
    })
}

//! One step of an LSTM written out.

use super::Rule;
use super::gates::{Cell, gate, gated};
use super::rewrite::Found;
use super::source::Source;
use crate::{NodeId, TensorId, layers};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "lstm_cell",
    about: "gates that decide what a memory keeps, takes in and shows are a step of an LSTM",
    pattern: "let i, f, o = Sigmoid(Linear(x) + Linear(h)), g = Tanh(Linear(x) + Linear(h)), c' = f * c + i * g: \
              o * Tanh(c')",
    find,
};

fn find(source: &Source<'_>, shown: NodeId) -> Option<Found> {
    if source.kind(shown) != "mul" {
        return None;
    }
    let state = source.node(shown).output(0)?;
    gated(source, state)?.into_iter().find_map(|(_, o, from_o, bent)| {
        let (tanh, memory) = gate(source, bent, "tanh")?;
        let add = source.made_by(memory, "add")?;
        let (a, b) = source.pair(add)?;
        [(a, b), (b, a)].into_iter().find_map(|(kept, taken)| {
            let (new, i, from_i, candidate) = takes(source, taken)?;
            let (g, from_g) = gate(source, candidate, "tanh")?;
            gated(source, kept)?.into_iter().find_map(|(keep, f, from_f, before)| {
                let data = Some(before).filter(|t| !layers::is_stored(source.graph, *t));
                let mut cell = Cell::new(vec![shown, o, tanh, add, new, i, g, keep, f], data);
                for gate in [from_i, from_f, from_g, from_o] {
                    cell.follow(source, gate)?;
                }
                (g != tanh).then(|| cell.found(source, "lstm_cell", &[state, memory]))?
            })
        })
    })
}

/// A product of a sigmoid and a tanh.
fn takes(source: &Source<'_>, product: TensorId) -> Option<(NodeId, NodeId, TensorId, TensorId)> {
    gated(source, product)?.into_iter().find(|(.., other)| gate(source, *other, "tanh").is_some())
}

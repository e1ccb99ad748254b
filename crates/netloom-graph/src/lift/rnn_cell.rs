//! One step of a simple recurrent network written out.

use super::Rule;
use super::gates::{Cell, gate};
use super::rewrite::Found;
use super::source::Source;
use crate::{NodeId, TensorId, layers};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "rnn_cell",
    about: "the tanh of two linear layers, of which one reads the same tanh a step before, is a step of an RNN",
    pattern: "Tanh(Linear(x) + Linear(h)), where h or what it makes is such a tanh with the same matrices",
    find,
};

/// The most operators between a state and the tanh of the next step.
const MAX_STEPS: usize = 4;

fn find(source: &Source<'_>, tanh: NodeId) -> Option<Found> {
    let state = source.node(tanh).output(0)?;
    let cell = cell(source, state)?;
    let learned = cell.learned(source);
    let related = |other: &Cell| {
        let others = other.learned(source);
        let matrix = |t: &TensorId| source.shape(*t).rank() == Some(2);
        // The first step may have no state, or one that is nought.
        learned.iter().any(|t| matrix(t) && others.binary_search(t).is_ok())
    };
    let before = || cell.data.iter().any(|t| self::cell(source, *t).is_some_and(|c| related(&c)));
    let after = || next(source, state).iter().any(|c| related(c) && c.data.contains(&state));
    if !before() && !after() {
        return None;
    }
    cell.found(source, "rnn_cell", &[state])
}

fn cell(source: &Source<'_>, state: TensorId) -> Option<Cell> {
    let (tanh, sum) = gate(source, state, "tanh")?;
    let mut cell = Cell::new(vec![tanh], None);
    cell.follow(source, sum)?;
    Some(cell)
}

/// Cells that a linear layer brings a state to.
fn next(source: &Source<'_>, state: TensorId) -> Vec<Cell> {
    let reached = |reader: NodeId| {
        let is_linear =
            layers::effective(source.graph, source.node(reader)).is_some_and(|l| l.name == "linear");
        let mut at = source.node(reader).output(0).filter(|_| is_linear)?;
        for _ in 0..MAX_STEPS {
            let step = source.only_reader(at)?;
            at = source.node(step).output(0)?;
            if source.kind(step) == "tanh" {
                return cell(source, at);
            }
        }
        None
    };
    source.readers(state).filter_map(reached).collect()
}

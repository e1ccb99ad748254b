//! What belongs together becomes one operator: biases, norms, products over the last dimension, recurrent loops.

mod bias;
mod conv1d;
mod dense;
mod gelu;
mod norm;
mod reshape;
mod weights;

pub(crate) use bias::place_of_bias;

use super::program::{Body, Op, Program, Val, View, prune};

/// Operators to put at places of a body; what they leave unread is dropped afterwards.
type Changes = Vec<(usize, Op)>;

/// Every pass, in order: later ones see what earlier ones made.
const PASSES: &[fn(&View<'_>) -> Changes] = &[
    weights::find,
    norm::find,
    gelu::find,
    conv1d::find,
    dense::find,
    bias::find,
    bias::find_reshaped,
    reshape::find,
];

/// Applies every pass to every body.
pub(crate) fn run(program: &mut Program) {
    let Program { values, main, bodies, .. } = program;
    for body in std::iter::once(main).chain(bodies) {
        one(values, body);
    }
}

fn one(values: &[Val], body: &mut Body) {
    prune(body);
    for pass in PASSES {
        let changes = pass(&View::new(values, body));
        if changes.is_empty() {
            continue;
        }
        for (place, op) in changes {
            body.ops[place] = op;
        }
        prune(body);
    }
}

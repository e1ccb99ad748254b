//! Normalisation by the root mean square written out.

use super::Rule;
use super::layer_norm::{mean_square, norm, over, stored_operand};
use super::rewrite::Found;
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "rms_norm",
    about: "numbers over the root of the mean of their squares, scaled, are an RMS norm",
    pattern: "x / Sqrt(ReduceMean(x * x) + eps) * w | x * Reciprocal(Sqrt(ReduceMean(x * x) + eps)) * w",
    find,
};

fn find(source: &Source<'_>, root: NodeId) -> Option<Found> {
    let (x, mut nodes, epsilon) = mean_square(source, root)?;
    let mean = nodes.iter().copied().find(|n| source.kind(*n) == "reduce_mean")?;
    let (y, last) = over(source, root, &mut nodes).filter(|(y, _)| *y == x)?;
    let (scale, result) =
        stored_operand(source, last, "mul", &mut nodes).map_or((None, last), |(w, t)| (Some(w), t));
    Some(norm(source, "rms_norm", nodes, &[Some(y), scale], result, (epsilon, mean)))
}

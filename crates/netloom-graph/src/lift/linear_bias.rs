//! A product with a stored matrix and the addition of a stored vector are one linear layer.

use super::Rule;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::{NodeId, layers};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "linear_bias",
    about: "a product with a stored matrix, then a stored vector added, is a linear layer",
    pattern: "Add(MatMul(x, W), b) | Add(Gemm(x, W), b)",
    find,
};

fn find(source: &Source<'_>, product: NodeId) -> Option<Found> {
    let node = source.node(product);
    if !matches!((source.kind(product), node.op.as_str()), ("matmul", _) | ("linear", "Gemm")) {
        return None;
    }
    let (x, matrix) = source.pair(product)?;
    let output = node.output(0)?;
    let add = source.only_reader(output).filter(|a| source.kind(*a) == "add" && *a != product)?;
    let bias = source.beside(add, output)?;
    let stored = |t, rank| source.shape(t).rank() == Some(rank) && layers::is_stored(source.graph, t);
    let (sum, scaled) = (source.node(add).output(0)?, node.attributes.float("alpha").unwrap_or(1.0));
    // A vector that stretches the product would add dimensions.
    let same_shape = source.shape(sum) == source.shape(output);
    #[expect(clippy::float_cmp, reason = "a setting that is left alone is exactly 1")]
    if !stored(matrix, 2) || !stored(bias, 1) || scaled != 1.0 || !same_shape {
        return None;
    }
    let nodes = vec![product, add];
    let mut lifted = source.lifted("linear", &nodes, &[Some(x), Some(matrix), Some(bias)], sum);
    for (name, value) in node.attributes.iter() {
        lifted.attributes.set(name, value.clone());
    }
    Some(Found { nodes, becomes: Becomes::Node(Box::new(lifted)) })
}

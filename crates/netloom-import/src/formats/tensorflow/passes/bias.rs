//! Stored summands right behind a convolution or a linear layer are its bias.

use super::Changes;
use crate::formats::tensorflow::program::{Op, ValueId, View};

/// Operators that take a bias.
const TAKERS: &[&str] = &[
    "Conv2D",
    "Conv3D",
    "Conv",
    "DepthwiseConv2dNative",
    "Conv2DBackpropInput",
    "Conv3DBackpropInputV2",
    "Linear",
];

const SUMS: &[&str] = &["BiasAdd", "BiasAddV1", "Add", "AddV2"];

/// Where the bias stands among the inputs of an operator.
pub(crate) fn place_of_bias(kind: &str) -> usize {
    if kind.contains("BackpropInput") { 3 } else { 2 }
}

/// Finds sums of a product and a stored vector.
pub(super) fn find(view: &View<'_>) -> Changes {
    let sums = view.body.ops.iter().enumerate().filter(|(_, op)| SUMS.contains(&op.kind.as_str()));
    sums.filter_map(|(place, add)| {
        let (product, bias) = operands(view, add, TAKERS)?;
        Some((place, with_bias(product, bias, add.outputs.clone())))
    })
    .collect()
}

/// Finds `Reshape(product) + stored`, as projections to several heads are written.
pub(super) fn find_reshaped(view: &View<'_>) -> Changes {
    let mut changes = Changes::new();
    for (place, add) in view.body.ops.iter().enumerate() {
        if !SUMS.contains(&add.kind.as_str()) {
            continue;
        }
        let Some((reshape, bias)) = operands(view, add, &["Reshape"]) else { continue };
        let product = reshape.input(0).filter(|v| view.only_reader(*v).is_some());
        let Some(before) = product.and_then(|v| view.maker(v)) else { continue };
        let product = &view.body.ops[before];
        let wide = |v: ValueId| view.values[v].dims().and_then(|d| d.last()?.as_known());
        let features = product.output().and_then(wide);
        let bias_size = view.values[bias].ty.shape().elements().and_then(|n| i64::try_from(n).ok());
        if product.kind != "Linear" || product.inputs.len() > 2 || features != bias_size || features.is_none()
        {
            continue;
        }
        let mut moved = reshape.clone();
        moved.outputs.clone_from(&add.outputs);
        changes.push((before, with_bias(product, bias, product.outputs.clone())));
        changes.push((place, moved));
    }
    changes
}

/// The product that a sum adds to, and the stored summand.
fn operands<'a>(view: &View<'a>, add: &Op, kinds: &[&str]) -> Option<(&'a Op, ValueId)> {
    View::pairs(add).find_map(|(product, bias)| {
        let op = view.made(Some(product), kinds).filter(|op| op.output() == Some(product))?;
        let root = view.root(bias)?;
        let taken = op.inputs.len() > place_of_bias(&op.kind);
        let several = view.values[root].ty.shape().rank().is_some_and(|r| r >= 1);
        let long = |v: ValueId| view.values[v].ty.shape().elements();
        let vector = kinds == ["Reshape"]
            || view.values[root].ty.shape().rank() == Some(1)
            || long(root).zip(last(view, product)).is_some_and(|(n, c)| n == c);
        view.only_reader(product)?;
        (!taken && several && vector).then_some((op, root))
    })
}

fn last(view: &View<'_>, value: ValueId) -> Option<u64> {
    view.values[value].dims()?.last()?.as_size()
}

fn with_bias(product: &Op, bias: ValueId, outputs: Vec<ValueId>) -> Op {
    let mut new = product.clone();
    new.inputs.resize(place_of_bias(&new.kind), None);
    new.inputs.push(Some(bias));
    new.outputs = outputs;
    new
}

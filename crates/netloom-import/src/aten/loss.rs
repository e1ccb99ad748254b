//! Losses.

use netloom_graph::Attribute;

use super::Row;
use super::cx::{Built, Cx};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("cross_entropy_loss", "self target weight reduction ignore_index label_smoothing", |cx| {
        loss(cx, "SoftmaxCrossEntropyLoss")
    }),
    Row("nll_loss", "self target weight reduction ignore_index", |cx| loss(cx, "NegativeLogLikelihoodLoss")),
    Row("nll_loss_nd", "self target weight reduction ignore_index", |cx| {
        loss(cx, "NegativeLogLikelihoodLoss")
    }),
    Row("nll_loss2d", "self target weight reduction ignore_index", |cx| {
        loss(cx, "NegativeLogLikelihoodLoss")
    }),
    Row("nll_loss_forward", "self target weight reduction ignore_index", |cx| {
        loss(cx, "NegativeLogLikelihoodLoss")
    }),
    Row("nll_loss2d_forward", "self target weight reduction ignore_index", |cx| {
        loss(cx, "NegativeLogLikelihoodLoss")
    }),
    Row("mse_loss", "self target reduction", |cx| mean_of(cx, "Mul")),
    Row("l1_loss", "self target reduction", |cx| mean_of(cx, "Abs")),
];

fn loss(cx: &mut Cx<'_>, op: &str) -> Built {
    let (Some(x), Some(target)) = (cx.tensor("self"), cx.tensor("target")) else { return Ok(None) };
    let how = match cx.int("reduction").unwrap_or(1) {
        0 => "none",
        2 => "sum",
        _ => "mean",
    };
    let weight = cx.tensor("weight");
    cx.finish_first(
        op,
        &[Some(x), Some(target), weight],
        vec![("reduction", Attribute::String(how.to_owned()))],
    )
}

/// The squares or sizes of differences, all in one number.
fn mean_of(cx: &mut Cx<'_>, of: &str) -> Built {
    let (Some(x), Some(target)) = (cx.tensor("self"), cx.tensor("target")) else { return Ok(None) };
    let rest = cx.node("Sub", &[Some(x), Some(target)], vec![])?;
    let inputs = if of == "Mul" { vec![Some(rest), Some(rest)] } else { vec![Some(rest)] };
    let how = cx.int("reduction").unwrap_or(1);
    if how == 0 {
        return cx.finish(of, &inputs, vec![]);
    }
    let each = cx.node(of, &inputs, vec![])?;
    let op = if how == 2 { "ReduceSum" } else { "ReduceMean" };
    cx.finish(op, &[Some(each)], vec![("keepdims", super::cx::int(0))])
}

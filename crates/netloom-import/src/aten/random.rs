//! Random numbers.

use netloom_graph::Attribute;

use super::Row;
use super::cx::{Built, Cx};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("rand_like", "self", |cx| like(cx, "RandomUniformLike")),
    Row("randn_like", "self", |cx| like(cx, "RandomNormalLike")),
    Row("normal_functional", "self", |cx| like(cx, "RandomNormalLike")),
    Row("uniform", "self", |cx| like(cx, "RandomUniformLike")),
    Row("exponential", "self", |cx| like(cx, "RandomUniformLike")),
    Row("rand", "size", |cx| draw(cx, "RandomUniform")),
    Row("randn", "size", |cx| draw(cx, "RandomNormal")),
    Row("bernoulli", "self p", |cx| like(cx, "Bernoulli")),
    Row("multinomial", "self num_samples", |cx| like(cx, "Multinomial")),
    Row("randint", "high size", |cx| cx.opaque().map(Some)),
    Row("randperm", "n", |cx| cx.opaque().map(Some)),
];

fn like(cx: &mut Cx<'_>, op: &str) -> Built {
    let Some(x) = cx.first() else { return Ok(None) };
    cx.finish(op, &[Some(x)], vec![])
}

fn draw(cx: &mut Cx<'_>, op: &str) -> Built {
    match cx.ints("size").filter(|_| op.starts_with("Random")) {
        Some(shape) => cx.finish(op, &[], vec![("shape", Attribute::Ints(shape))]),
        None => cx.finish(op, &[], vec![]),
    }
}

//! Norms written out: data times a factor plus a summand, both made of mean and variance.

use netloom_graph::Attribute;

use super::Changes;
use crate::formats::tensorflow::program::{Op, ValueId, View};

/// `x · f + s` with `f = Rsqrt(variance + ε) [· γ]` and `s = [β] − mean · f`: a batch norm when mean and variance are
/// stored, a layer norm when they are those of the last dimensions.
pub(super) fn find(view: &View<'_>) -> Changes {
    let ops = view.body.ops.iter().enumerate();
    let found = ops.filter(|(_, op)| matches!(op.kind.as_str(), "Add" | "AddV2" | "Sub"));
    found.filter_map(|(place, op)| Some((place, one(view, op)?))).collect()
}

/// The parts of a norm.
struct Parts {
    gamma: Option<ValueId>,
    beta: Option<ValueId>,
    mean: ValueId,
    variance: ValueId,
    epsilon: f64,
}

fn one(view: &View<'_>, add: &Op) -> Option<Op> {
    if add.kind == "Sub" {
        // Without a shift the summand is taken away: x · f − mean · f.
        let (scaled, summand) = (add.input(0)?, add.input(1)?);
        let scaled = view.made(Some(scaled), &["Mul"])?;
        let away = view.made(Some(summand), &["Mul"])?;
        return View::pairs(scaled).find_map(|(x, factor)| {
            let (_, mean) = View::pairs(away).map(|(a, b)| (b, a)).find(|(f, _)| *f == factor)?;
            norm(view, add, x, parts(view, factor, mean, None)?)
        });
    }
    View::pairs(add).find_map(|(scaled, summand)| {
        let scaled = view.made(Some(scaled), &["Mul"])?;
        View::pairs(scaled).find_map(|(x, factor)| {
            let (mean, beta) = summand_of(view, summand, factor)?;
            norm(view, add, x, parts(view, factor, mean, beta)?)
        })
    })
}

/// From the summand to mean and shift.
fn summand_of(view: &View<'_>, summand: ValueId, factor: ValueId) -> Option<(ValueId, Option<ValueId>)> {
    let made = view.made_by(summand)?;
    let times = |value: ValueId| {
        let product = view.made(Some(value), &["Mul"])?;
        View::pairs(product).find(|(_, f)| *f == factor).map(|(mean, _)| mean)
    };
    let negative = |value: ValueId| view.made(Some(times(value)?), &["Neg"])?.input(0);
    match made.kind.as_str() {
        "Sub" => Some((times(made.input(1)?)?, made.input(0))),
        "Add" | "AddV2" => View::pairs(made).find_map(|(a, beta)| Some((negative(a)?, Some(beta)))),
        "Mul" => Some((negative(summand)?, None)),
        _ => None,
    }
}

fn parts(view: &View<'_>, factor: ValueId, mean: ValueId, beta: Option<ValueId>) -> Option<Parts> {
    let (root, gamma) = match view.made(Some(factor), &["Mul"]) {
        Some(product) => View::pairs(product)
            .find_map(|(a, gamma)| Some((view.made(Some(a), &["Rsqrt"])?, Some(gamma))))?,
        None => (view.made(Some(factor), &["Rsqrt"])?, None),
    };
    let sum = view.made(root.input(0), &["Add", "AddV2"])?;
    let (variance, epsilon) = View::pairs(sum)
        .find_map(|(v, e)| Some((v, view.number(e)?)).filter(|_| view.number(v).is_none()))?;
    Some(Parts { gamma, beta, mean, variance, epsilon })
}

fn norm(view: &View<'_>, last: &Op, x: ValueId, parts: Parts) -> Option<Op> {
    let stored = |v: Option<ValueId>| match v {
        Some(v) => view.root(v).map(Some),
        None => Some(None),
    };
    let (gamma, beta) = (stored(parts.gamma)?, stored(parts.beta)?);
    let output = last.output()?;
    let mut op = if let (Some(mean), Some(variance)) = (view.root(parts.mean), view.root(parts.variance)) {
        let mut op =
            Op::new("BatchNorm", &last.name, vec![Some(x), gamma, beta, Some(mean), Some(variance)], output);
        op.settings.set("data_format", Attribute::String(format_of(view, x, mean).to_owned()));
        op
    } else {
        let mean = view.made(Some(parts.mean), &["Mean"])?;
        let variance = view.made(Some(parts.variance), &["Mean"])?;
        let square = view.made(variance.input(0), &["SquaredDifference", "Square", "Mul"])?;
        let own_mean = square.kind != "SquaredDifference" || square.inputs.contains(&mean.output());
        let rank = view.values[x].dims()?.len();
        let axes = last_axes(view, mean, rank)?;
        if mean.input(0) != Some(x) || !own_mean || last_axes(view, variance, rank)? != axes {
            return None;
        }
        let mut op = Op::new("LayerNorm", &last.name, vec![Some(x), gamma, beta], output);
        op.settings.set("axis", Attribute::Int(-i64::try_from(axes).ok()?));
        op
    };
    op.settings.set("epsilon", Attribute::Float(parts.epsilon));
    Some(op)
}

/// Whether channels stand first: where the dimensions of the mean say so.
fn format_of(view: &View<'_>, x: ValueId, mean: ValueId) -> &'static str {
    let (Some(x), Some([n])) = (view.values[x].dims(), view.values[mean].dims()) else { return "NHWC" };
    if x.len() > 2 && x.last() != Some(n) && x.get(1) == Some(n) { "NCHW" } else { "NHWC" }
}

/// How many of the last dimensions a reduction is over.
fn last_axes(view: &View<'_>, op: &Op, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axes = match op.settings.ints("axes") {
        Some(axes) => axes.to_vec(),
        None => view.ints(op.input(1)?)?,
    };
    let mut axes: Vec<i64> = axes.into_iter().map(|a| if a < 0 { a + rank } else { a }).collect();
    axes.sort_unstable();
    let count = i64::try_from(axes.len()).ok()?;
    (count > 0 && axes.iter().copied().eq(rank - count..rank)).then_some(axes.len())
}

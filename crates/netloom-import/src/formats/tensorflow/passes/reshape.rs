//! Reshapes whose new dimensions the file declares need no computed ones.

use netloom_graph::{Attribute, Dim};

use super::Changes;
use crate::formats::tensorflow::program::{Op, View};

/// Finds reshapes to dimensions that are known but for one.
pub(super) fn find(view: &View<'_>) -> Changes {
    let ops = view.body.ops.iter().enumerate().filter(|(_, op)| op.kind == "Reshape");
    ops.filter_map(|(place, op)| Some((place, one(view, op)?))).collect()
}

fn one(view: &View<'_>, op: &Op) -> Option<Op> {
    let known = op.input(1).and_then(|v| view.ints(v));
    let (from, to) = (view.values[op.input(0)?].dims(), view.values[op.output()?].dims());
    let mut new = Op { inputs: vec![op.input(0)], ..op.clone() };
    if from.zip(to).is_some_and(|(from, to)| flattens(from, to)) {
        new.settings.set("flatten", Attribute::Int(1));
    } else {
        let list = known.or_else(|| sizes(from, to?))?;
        new.settings.set("shape", Attribute::Ints(list));
    }
    Some(new)
}

/// Whether everything but the first dimension is joined.
fn flattens(from: &[Dim], to: &[Dim]) -> bool {
    let product = |dims: &[Dim]| dims.iter().try_fold(1_i64, |n, d| n.checked_mul(d.as_known()?));
    let ([first, rest @ ..], [same, all]) = (from, to) else { return false };
    let same = first.as_known() == same.as_known();
    same && rest.len() > 1 && product(rest).is_some_and(|n| all.as_known() == Some(n))
}

/// The new dimensions as the file declares them, with 0 for one that stays and -1 for one that follows.
fn sizes(from: Option<&[Dim]>, to: &[Dim]) -> Option<Vec<i64>> {
    let known: Vec<Option<i64>> = to.iter().map(Dim::as_known).collect();
    let open = known.iter().filter(|d| d.is_none()).count();
    if open > 1 {
        return None;
    }
    let product = |dims: &[Dim]| dims.iter().try_fold(1_i64, |n, d| n.checked_mul(d.as_known()?));
    let keeps_first = from.is_some_and(|from| {
        let rests = from.get(1..).and_then(product).zip(to.get(1..).and_then(product));
        from.first().is_some_and(|d| d.as_known().is_none()) && rests.is_some_and(|(a, b)| a == b)
    });
    let mark = if known.first() == Some(&None) && keeps_first { 0 } else { -1 };
    Some(known.into_iter().map(|d| d.unwrap_or(mark)).collect())
}

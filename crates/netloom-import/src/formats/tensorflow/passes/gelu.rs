//! The GELU written with the complementary error function, as Keras writes it: `x/2 · erfc(−x/√2)`.

use super::Changes;
use crate::formats::tensorflow::program::{Op, ValueId, View};

/// Half of the data times the complementary error function of the data.
pub(super) fn find(view: &View<'_>) -> Changes {
    let ops = view.body.ops.iter().enumerate().filter(|(_, op)| op.kind == "Mul");
    ops.filter_map(|(place, op)| Some((place, one(view, op)?))).collect()
}

fn one(view: &View<'_>, product: &Op) -> Option<Op> {
    View::pairs(product).find_map(|(half, gate)| {
        let erfc = view.made(Some(gate), &["Erfc"])?;
        let (x, factor) = times(view, half)?;
        let (y, scale) = times(view, erfc.input(0)?)?;
        let (y, scale) = match view.made(Some(y), &["Neg"]) {
            Some(negative) => (negative.input(0)?, -scale),
            None => (y, scale),
        };
        let close = |a: f64, b: f64| (a - b).abs() < 1e-4;
        let fits = x == y && close(factor, 0.5) && close(scale, -std::f64::consts::FRAC_1_SQRT_2);
        fits.then(|| Op::new("Gelu", &product.name, vec![Some(x)], product.outputs[0]))
    })
}

/// A value times a number.
fn times(view: &View<'_>, value: ValueId) -> Option<(ValueId, f64)> {
    let product = view.made(Some(value), &["Mul"])?;
    View::pairs(product).find_map(|(x, n)| Some((x, view.number(n)?)))
}

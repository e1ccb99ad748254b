//! Products with stored matrices: linear layers over the last dimension of data of any rank.

use netloom_graph::Attribute;

use super::Changes;
use crate::formats::tensorflow::program::{Op, View};

/// Finds products with stored matrices.
pub(super) fn find(view: &View<'_>) -> Changes {
    let mut changes = Changes::new();
    for (place, op) in view.body.ops.iter().enumerate() {
        let change = match op.kind.as_str() {
            "MatMul" => tensordot(view, op).or_else(|| Some((place, linear(view, op)?))),
            "Linear" if op.inputs.len() == 2 => tensordot(view, op),
            "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" => linear(view, op).map(|op| (place, op)),
            _ => None,
        };
        changes.extend(change);
    }
    changes
}

/// A product whose right side is a stored matrix.
fn linear(view: &View<'_>, op: &Op) -> Option<Op> {
    let flag = |names: [&str; 2]| names.iter().any(|n| op.settings.int(n) == Some(1));
    let matrix = op.input(1)?;
    let root = view.root(matrix)?;
    let dims = view.values[matrix].dims()?;
    if flag(["transpose_a", "adj_x"]) || dims.len() != 2 {
        return None;
    }
    let mut new = Op::new("Linear", &op.name, vec![op.input(0), Some(root)], op.output()?);
    // A matrix may be stored with more dimensions.
    if view.values[root].dims() != Some(dims) {
        new.settings.set("matrix", Attribute::Ints(view.sizes(matrix)?));
    }
    if flag(["transpose_b", "adj_y"]) {
        new.settings.set("transB", Attribute::Int(1));
    }
    Some(new)
}

/// A product over the last dimension with a reshape on both sides.
fn tensordot(view: &View<'_>, op: &Op) -> Option<(usize, Op)> {
    let mut new = if op.kind == "Linear" { op.clone() } else { linear(view, op)? };
    let flat = view.made(op.input(0), &["Reshape"])?;
    let place = view.only_reader(op.output()?)?;
    let back = &view.body.ops[place];
    if back.kind != "Reshape" || back.input(0) != op.output() {
        return None;
    }
    let mut x = flat.input(0)?;
    if let Some(turn) = view.made(Some(x), &["Transpose"]) {
        let order = turn.settings.ints("perm").map(<[i64]>::to_vec).or_else(|| view.ints(turn.input(1)?))?;
        if (0..).zip(&order).any(|(i, o)| i != *o) {
            return None;
        }
        x = turn.input(0)?;
    }
    let (from, to) = (view.values[x].dims()?, view.values[back.output()?].dims()?);
    let matrix = view.values[op.input(1)?].dims()?;
    let (inner, outer) = if new.settings.int("transB") == Some(1) { (1, 0) } else { (0, 1) };
    let (before, features) = (from.split_last()?, to.split_last()?);
    // The dimensions in front are the same, as far as both sides know them.
    let agree = |(a, b): (&netloom_graph::Dim, &netloom_graph::Dim)| {
        a.as_known().is_none() || b.as_known().is_none() || a == b
    };
    let same = before.1.len() == features.1.len() && before.1.iter().zip(features.1).all(agree);
    if !same || before.0 != &matrix[inner] || features.0 != &matrix[outer] {
        return None;
    }
    new.inputs[0] = Some(x);
    new.outputs = back.outputs.clone();
    Some((place, new))
}

//! Linear layers, matrix products and sums over named dimensions.

use netloom_graph::{Attribute, Node, Shape, TensorId};

use super::{Done, Emit};
use crate::Error;
use crate::formats::tensorflow::program::Op;

/// Products of matrices.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "Linear" => linear(cx, op),
        "MatMul" => matmul(cx, op, ["transpose_a", "transpose_b"]),
        "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" => matmul(cx, op, ["adj_x", "adj_y"]),
        "Einsum" => einsum(cx, op),
        _ => Ok(false),
    }
}

fn linear(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(x), Some(matrix)) = (op.input(0), op.input(1)) else { return Ok(false) };
    let weight = match op.settings.ints("matrix") {
        Some(dims) => cx.shaped(matrix, Shape::known(dims.iter().copied()))?,
        None => cx.get(matrix)?,
    };
    let mut inputs = vec![Some(cx.get(x)?), Some(weight)];
    if let Some(bias) = op.input(2) {
        let features = cx.made(op).and_then(|d| d.last().cloned());
        let bias = match features {
            Some(features) => cx.shaped(bias, Shape::Ranked(vec![features]))?,
            None => cx.get(bias)?,
        };
        inputs.push(Some(bias));
    }
    let mut node = Node::in_domain("loom", "linear", 1, cx.module);
    if op.settings.int("transB") == Some(1) {
        node.attributes.set("transB", Attribute::Int(1));
    }
    cx.add(op, node, inputs)?;
    Ok(true)
}

fn matmul(cx: &mut Emit<'_>, op: &Op, flags: [&str; 2]) -> Done {
    let mut inputs = Vec::new();
    for (position, flag) in flags.into_iter().enumerate() {
        let Some(value) = op.input(position) else { return Ok(false) };
        let turned = op.settings.int(flag) == Some(1);
        let rank = cx.dims(op, position).map(|d| d.len());
        let order = match (turned, rank) {
            (false, _) => None,
            (true, Some(rank)) if rank >= 2 => {
                let mut order: Vec<usize> = (0..rank).collect();
                order.swap(rank - 1, rank - 2);
                Some(order)
            }
            _ => return Ok(false),
        };
        let tensor = cx.get(value)?;
        inputs.push(Some(turn(cx, op, tensor, order)?));
    }
    cx.last(op, "MatMul", inputs, Vec::new())
}

/// A tensor with its dimensions in another order.
fn turn(cx: &mut Emit<'_>, op: &Op, tensor: TensorId, order: Option<Vec<usize>>) -> Result<TensorId, Error> {
    let Some(order) = order.filter(|o| o.iter().copied().ne(0..o.len())) else { return Ok(tensor) };
    let order = order.into_iter().map(|n| i64::try_from(n).unwrap_or(0)).collect();
    cx.step(op, "Transpose", vec![Some(tensor)], vec![("perm", Attribute::Ints(order))])
}

/// A sum over named dimensions that is a product of stacks of matrices is written as one, so that attention is seen.
fn einsum(cx: &mut Emit<'_>, op: &Op) -> Done {
    let Some(equation) = op.settings.string("equation").map(str::to_owned) else { return Ok(false) };
    let inputs = cx.get_all(&op.inputs)?;
    let stored = op.inputs.iter().flatten().any(|v| cx.program.values[*v].stored.is_some());
    if let ([Some(a), Some(b)], Some(plan)) = (inputs.as_slice(), Plan::of(&equation).filter(|_| !stored)) {
        let a = turn(cx, op, *a, Some(plan.a))?;
        let b = turn(cx, op, *b, Some(plan.b))?;
        if plan.out.iter().copied().eq(0..plan.out.len()) {
            return cx.last(op, "MatMul", vec![Some(a), Some(b)], Vec::new());
        }
        let product = cx.step(op, "MatMul", vec![Some(a), Some(b)], Vec::new())?;
        let order = plan.out.into_iter().map(|n| i64::try_from(n).unwrap_or(0)).collect();
        return cx.last(op, "Transpose", vec![Some(product)], vec![("perm", Attribute::Ints(order))]);
    }
    cx.last(op, "Einsum", inputs, vec![("equation", Attribute::String(equation))])
}

/// The orders that make a sum over named dimensions a product of stacks of matrices.
#[derive(PartialEq, Debug)]
struct Plan {
    a: Vec<usize>,
    b: Vec<usize>,
    out: Vec<usize>,
}

impl Plan {
    fn of(equation: &str) -> Option<Self> {
        let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (sides, out) = equation.split_once("->")?;
        let (a, b) = sides.split_once(',')?;
        let letters = |s: &str| -> Option<Vec<char>> {
            let mut sorted: Vec<char> = s.chars().collect();
            let all = sorted.clone();
            sorted.sort_unstable();
            sorted.dedup();
            (sorted.len() == all.len() && all.iter().all(char::is_ascii_alphabetic)).then_some(all)
        };
        let (a, b, out) = (letters(a)?, letters(b)?, letters(out)?);
        let batch: Vec<char> = out.iter().copied().filter(|c| a.contains(c) && b.contains(c)).collect();
        let left: Vec<char> = out.iter().copied().filter(|c| a.contains(c) && !b.contains(c)).collect();
        let right: Vec<char> = out.iter().copied().filter(|c| b.contains(c) && !a.contains(c)).collect();
        let inner: Vec<char> = a.iter().copied().filter(|c| b.contains(c) && !out.contains(c)).collect();
        if left.len() != 1 || right.len() != 1 || inner.len() != 1 || batch.is_empty() {
            return None;
        }
        let order = |wanted: &[&[char]], from: &[char]| -> Option<Vec<usize>> {
            let wanted = wanted.concat();
            let order =
                wanted.iter().map(|c| from.iter().position(|f| f == c)).collect::<Option<Vec<_>>>()?;
            (order.len() == from.len()).then_some(order)
        };
        let product = [&batch[..], &left, &right].concat();
        Some(Self {
            a: order(&[&batch, &left, &inner], &a)?,
            b: order(&[&batch, &inner, &right], &b)?,
            out: order(&[&out], &product)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_names_as_products() {
        let check = |equation: &str, expected: Option<(&[usize], &[usize], &[usize])>| {
            let expected = expected.map(|(a, b, out)| Plan { a: a.into(), b: b.into(), out: out.into() });
            assert_eq!(Plan::of(equation), expected, "{equation}");
        };
        check("BTNH,BSNH->BNTS", Some((&[0, 2, 1, 3], &[0, 2, 3, 1], &[0, 1, 2, 3])));
        check("BNTS,BSNH->BTNH", Some((&[0, 1, 2, 3], &[0, 2, 1, 3], &[0, 2, 1, 3])));
        check("abc,cd->abd", None);
        check("...ab,bc->...ac", None);
        check("aa,ab->ab", None);
        check("ab", None);
    }
}

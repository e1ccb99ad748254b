//! Calls that make plain numbers: sizes of tensors and arithmetic on them.

use netloom_graph::Dim;

use super::{Arg, Call};
use crate::draft::Draft;

/// The number, list or truth value that a call makes, where it is one and can be told without running it.
pub fn evaluate(draft: &Draft, call: &Call) -> Option<Arg> {
    let name = call.op.rsplit('.').next().unwrap_or(&call.op);
    let args: Vec<&Arg> = call.args.iter().chain(call.kwargs.iter().map(|(_, a)| a)).collect();
    let dim = |i: usize| match args.get(i)? {
        Arg::Int(n) => Some(n.clone()),
        Arg::Bool(b) => Some(Dim::Known(i64::from(*b))),
        _ => None,
    };
    let known = |i: usize| dim(i)?.as_known();
    match name {
        "size" | "sym_size" => {
            let Some(Arg::Tensor(t)) = args.first() else { return None };
            let dims = draft.ty(*t).shape().dims()?;
            match args.get(1) {
                None | Some(Arg::None) => Some(Arg::Ints(dims.to_vec())),
                Some(_) => {
                    let at = known(1)?;
                    let rank = i64::try_from(dims.len()).ok()?;
                    let at = if at < 0 { at.checked_add(rank)? } else { at };
                    dims.get(usize::try_from(at).ok()?).cloned().map(Arg::Int)
                }
            }
        }
        "numel" | "sym_numel" => {
            let Some(Arg::Tensor(t)) = args.first() else { return None };
            let dims = draft.ty(*t).shape().dims()?;
            Some(Arg::Int(dims.iter().fold(Dim::Known(1), |n, d| n.times(d))))
        }
        "dim" | "ndimension" => {
            let Some(Arg::Tensor(t)) = args.first() else { return None };
            let rank = draft.ty(*t).shape().rank()?;
            Some(Arg::Int(Dim::Known(i64::try_from(rank).ok()?)))
        }
        "len" => match args.first()? {
            Arg::Ints(list) => Some(Arg::Int(Dim::Known(i64::try_from(list.len()).ok()?))),
            Arg::Tensors(list) => Some(Arg::Int(Dim::Known(i64::try_from(list.len()).ok()?))),
            _ => None,
        },
        "Int" | "ScalarImplicit" | "IntImplicit" | "item" | "NumToTensor" => match args.first()? {
            Arg::Tensor(t) => match draft.graph.tensor(*t).value.as_ref()?.as_ints()? {
                [n] => Some(Arg::Int(n.clone())),
                _ => None,
            },
            Arg::Int(n) => Some(Arg::Int(n.clone())),
            _ => None,
        },
        "add" => Some(Arg::Int(dim(0)?.plus(&dim(1)?))),
        "sub" => Some(Arg::Int(dim(0)?.minus(&dim(1)?))),
        "mul" => Some(Arg::Int(dim(0)?.times(&dim(1)?))),
        "floordiv" | "floor_divide" => Some(Arg::Int(dim(0)?.floor_div(&dim(1)?))),
        "neg" => Some(Arg::Int(Dim::Known(0).minus(&dim(0)?))),
        "remainder" => {
            let (a, b) = (dim(0)?, dim(1)?);
            Some(Arg::Int(a.minus(&a.floor_div(&b).times(&b))))
        }
        "eq" => Some(Arg::Bool(known(0)? == known(1)?)),
        "ne" => Some(Arg::Bool(known(0)? != known(1)?)),
        "lt" => Some(Arg::Bool(known(0)? < known(1)?)),
        "le" => Some(Arg::Bool(known(0)? <= known(1)?)),
        "gt" => Some(Arg::Bool(known(0)? > known(1)?)),
        "ge" => Some(Arg::Bool(known(0)? >= known(1)?)),
        "__not__" => Some(Arg::Bool(known(0)? == 0)),
        _ => None,
    }
}

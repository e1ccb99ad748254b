//! Tensors that share memory: what is written through one shows in the other.

use std::collections::BTreeMap;

use netloom_graph::{Dim, TensorId};

use super::build::Build;
use super::schema::Node;
use crate::Error;
use crate::aten::{Arg, Call};

/// The most tensors through which a write is followed.
const MAX_CHAIN: usize = 16;

/// Operators whose result is a part or another view of their first argument, and what writes through them.
const VIEWS: &[(&str, &str)] = &[
    ("aten.select", "aten.select_scatter"),
    ("aten.slice", "aten.slice_scatter"),
    ("aten.narrow", "aten.slice_scatter"),
    ("aten.diagonal", "aten.diagonal_scatter"),
    ("aten.split", "aten.slice_scatter"),
    ("aten.chunk", "aten.slice_scatter"),
    ("aten.unbind", "aten.select_scatter"),
    ("aten.view", "aten.reshape"),
    ("aten.reshape", "aten.reshape"),
    ("aten.flatten", "aten.reshape"),
    ("aten.unsqueeze", "aten.reshape"),
    ("aten.squeeze", "aten.reshape"),
    ("aten.detach", ""),
    ("aten.alias", ""),
    ("aten.contiguous", ""),
];

/// Which names are views, and of what.
#[derive(Default)]
pub(super) struct Views(BTreeMap<String, (String, &'static str)>);

impl Views {
    /// Notes that a call made a view.
    pub(super) fn note(&mut self, name: &str, source: &str, call: &Call) {
        if let Some((_, back)) = VIEWS.iter().find(|(op, _)| *op == call.op) {
            self.0.insert(name.to_owned(), (source.to_owned(), back));
        }
    }
}

/// Whether the result of an operator shares the memory of its first argument.
pub(super) fn is_view(op: &str) -> bool {
    VIEWS.iter().any(|(view, _)| *view == op)
}

/// Whether an operator writes into its first argument.
pub(super) fn is_written(op: &str) -> bool {
    op.ends_with('_') && !op.ends_with("__") && op.starts_with("aten.")
}

/// The new value of a name, and of everything that it is a part of.
pub(super) fn written(build: &mut Build<'_>, node: &Node, name: &str, new: TensorId) -> Result<(), Error> {
    let (mut name, mut new) = (name.to_owned(), new);
    for _ in 0..MAX_CHAIN {
        let old = build.scope_mut().names.insert(name.clone(), new);
        let Some((whole, back)) = build.scope().views.0.get(&name).cloned() else { return Ok(()) };
        let Some(before) = build.scope().names.get(&whole).copied() else { return Ok(()) };
        if back.is_empty() || old == Some(before) {
            name = whole;
            continue;
        }
        let ty = build.draft.ty(before).clone();
        let mut args = vec![Arg::Tensor(before), Arg::Tensor(new)];
        if back == "aten.reshape" {
            let dims: Vec<Dim> = ty.shape().dims().map(<[Dim]>::to_vec).unwrap_or_default();
            args = vec![Arg::Tensor(new), Arg::Ints(dims)];
        }
        let call = Call { op: back.to_owned(), args, ..Call::default() };
        let outputs = vec![(format!("{name}.written"), ty)];
        let made = build.write(node, &call, outputs)?;
        let Some(made) = made.first() else { return Ok(()) };
        (name, new) = (whole, *made);
    }
    Ok(())
}

//! Layers of classes that are not known: a box with what the file says of it.

use netloom_graph::{Dim, TensorId};

use super::super::build::{Builder, Part};
use super::super::network::open_dims;
use super::Built;

/// Adds one node: its settings, its inputs, all weights that the file stores for it.
///
/// # Errors
/// When the graph passes a limit.
pub fn build<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let mut inputs: Vec<Option<TensorId>> = part.inputs.iter().map(|t| Some(*t)).collect();
    let mut named = Vec::new();
    part.named.values().for_each(|g| g.tensors(&mut named));
    inputs.extend(named.into_iter().map(Some));
    let weights = builder.rest(part)?;
    if weights.is_empty() && part.layer.custom && !part.place.known() {
        let path = builder.draft.graph.module(part.module).path.clone();
        let class = part.layer.class;
        builder.draft.note(path, format!("what weights the custom layer `{class}` has is not in the file"));
    }
    inputs.extend(weights.into_iter().map(Some));
    let said = part.declared.first().cloned().flatten();
    let dims: Option<Vec<Dim>> = said.map(|s| open_dims(&s));
    builder.own(part, inputs, dims)
}

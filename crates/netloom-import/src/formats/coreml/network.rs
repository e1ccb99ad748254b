//! Neural networks: layers joined by names of blobs; shapes follow from the inputs.

use std::collections::BTreeMap;

use netloom_graph::{Dim, Shape, TensorId, ValueType};

use super::fields::Fields;
use super::layers::{self, At};
use crate::Error;
use crate::draft::Draft;
use crate::wire::{Message, Reader};

/// The numbers of fields of a layer that say which it is.
const KINDS: std::ops::RangeInclusive<u32> = 100..=1999;

/// Reads a network into a draft.
pub fn read(
    reader: &mut Reader<'_>,
    message: Message,
    draft: &mut Draft,
    inputs: &[(String, ValueType)],
    outputs: &[(String, ValueType)],
) -> Result<(), Error> {
    let network = Fields::read(reader, message)?;
    // With exact shapes an array is as described; by the older rule three dimensions are of one image.
    let exact = network.int(5) == Some(1);
    let mut blobs: BTreeMap<String, TensorId> = BTreeMap::new();
    for (name, ty) in inputs {
        let id = draft.input(name, batched(ty, exact))?;
        blobs.insert(name.clone(), id);
    }
    for layer in network.messages(reader, 1)? {
        let layer = Fields::read(reader, layer)?;
        let name = layer.text(reader, 1)?;
        let mut read = Vec::new();
        for input in layer.texts(reader, 2)? {
            let id = match blobs.get(&input) {
                Some(id) => *id,
                None => {
                    draft.warn(&name, format!("expected a layer that makes `{input}`, found none"));
                    let id = draft.tensor(&input, ValueType::Unknown)?;
                    blobs.insert(input, id);
                    id
                }
            };
            read.push(id);
        }
        let made = layer.texts(reader, 3)?;
        let kind = layer.one_of(KINDS).unwrap_or(0);
        let params = match layer.message(reader, kind)? {
            Some(params) => Fields::read(reader, params)?,
            None => Fields::default(),
        };
        let module = match name.rsplit_once('/') {
            Some((scope, _)) => draft.module_at(&scope.replace('.', "_").replace('/', "."))?,
            None => draft.graph.root(),
        };
        let at = At { module, name: &name, kind, outputs: made.len() };
        let ids = layers::build(reader, draft, at, &params, &read)?;
        for (name, id) in made.into_iter().zip(ids) {
            name.clone_into(&mut draft.graph.tensor_mut(id).name);
            blobs.insert(name, id);
        }
    }
    for (name, _) in outputs {
        if let Some(id) = blobs.get(name) {
            draft.graph.mark_output(*id);
        }
    }
    Ok(())
}

fn batched(ty: &ValueType, exact: bool) -> ValueType {
    match (ty.dtype(), ty.shape().dims()) {
        (Some(dtype), Some(dims)) if !exact && matches!(dims.len(), 1 | 3) => {
            let mut dims = dims.to_vec();
            dims.insert(0, Dim::symbol("batch"));
            ValueType::tensor(dtype, Shape::Ranked(dims))
        }
        _ => ty.clone(),
    }
}

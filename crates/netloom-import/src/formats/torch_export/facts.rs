//! What is known of stored tensors: from the list in the archive, the signature, and a live model.

use netloom_graph::{DType, Dim, Role, Storage, Value};

use super::schema::{Live, PayloadMeta, TensorMeta};
use super::types::{Sizes, dtype};
use crate::draft::Stored;

/// A tensor stored in the archive.
pub(super) struct Payload {
    /// The member that holds it; tied tensors have the same.
    pub path: String,
    /// Where its bytes are.
    pub storage: Storage,
    /// Its elements, where they are few and whole.
    pub value: Option<Value>,
    /// What the list says of it.
    pub meta: PayloadMeta,
}

/// A stored tensor as the program describes it.
pub(super) fn stored(
    name: &str,
    meta: Option<&TensorMeta>,
    payload: Option<&Payload>,
    is_parameter: bool,
    live: Option<&Live>,
    sizes: &Sizes,
) -> Stored {
    let meta = payload.and_then(|p| p.meta.tensor_meta.as_ref()).or(meta);
    let fact = live.and_then(|l| l.weights.get(name));
    let is_parameter = fact.map_or(is_parameter, |f| f.kind == "parameter");
    let trainable = fact.map(|f| f.trainable).or(meta.map(|m| m.requires_grad));
    let dims: Vec<Dim> = match (meta, fact.and_then(|f| f.sizes.as_ref())) {
        (Some(meta), _) => meta.sizes.iter().map(|s| sizes.dim(s)).collect(),
        (None, Some(list)) => list.iter().map(|n| Dim::Known(*n)).collect(),
        (None, None) => Vec::new(),
    };
    let of_name = || fact.and_then(|f| DType::from_name(&f.dtype));
    let role = if is_parameter { Role::Parameter { trainable } } else { Role::Buffer };
    let storage = payload.map_or(Storage::Absent, |p| p.storage.clone());
    Stored::new(meta.and_then(|m| dtype(m.dtype)).or_else(of_name), dims).with_role(role).at(storage)
}

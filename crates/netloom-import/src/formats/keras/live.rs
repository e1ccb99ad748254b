//! What the Python package adds to the architecture of a live model: its weights by layer.

use std::collections::BTreeMap;

use netloom_graph::{DType, Diagnostic, Dim, Graph, Role};
use serde_json::Value;

use super::build::{Builder, clean};
use super::model::Layer;
use super::weights::{Store, Stored};
use crate::Error;
use crate::draft;

/// The key under which it stands.
const KEY: &str = "netloom";

/// Weights of every layer, by the names of the models and layers that lead to it.
pub fn weights(value: &Value) -> Option<BTreeMap<String, Vec<Stored>>> {
    let layers = value.get(KEY)?.get("weights")?.as_object()?;
    let stored = |w: &Value| {
        Some(Stored {
            name: Some(w.get("name")?.as_str()?.to_owned()),
            dtype: w.get("dtype").and_then(Value::as_str).and_then(DType::from_name),
            dims: w.get("shape")?.as_array()?.iter().filter_map(Value::as_u64).collect(),
            trainable: w.get("trainable").and_then(Value::as_bool),
        })
    };
    let list = |v: &Value| v.as_array().into_iter().flatten().filter_map(stored).collect();
    Some(layers.iter().map(|(path, all)| (path.clone(), list(all))).collect())
}

/// Weights that the model holds beside its layers.
///
/// # Errors
/// When the graph passes a limit.
pub fn own_weights<'a>(builder: &mut Builder<'a>, layer: &Layer<'a>) -> Result<(), Error> {
    let Store::Paths(paths) = builder.store else { return Ok(()) };
    if layer.network.as_ref().is_some_and(|n| n.layers.iter().any(|l| l.name == layer.name)) {
        return Ok(());
    }
    for stored in paths.get(layer.name).into_iter().flatten() {
        let name = stored.name.as_deref().unwrap_or_default().replace('/', ".");
        let dims = stored.dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX)));
        let role = Role::Parameter { trainable: stored.trainable };
        builder.draft.weight(&clean(&name), draft::Stored::new(stored.dtype, dims).with_role(role))?;
    }
    Ok(())
}

/// The model's class and what is worth knowing about how it was captured.
pub fn finish(value: &Value, graph: &mut Graph) {
    let Some(facts) = value.get(KEY) else { return };
    if let Some(class) = facts.get("class").and_then(Value::as_str) {
        let root = graph.root();
        graph.module_mut(root).class = Some(class.to_owned());
    }
    for note in facts.get("notes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        graph.diagnostics.push(Diagnostic::note("", note));
    }
}

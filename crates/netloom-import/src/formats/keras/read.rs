//! Finds the architecture and the weights in each kind of file.

use std::collections::BTreeMap;

use netloom_graph::{DType, Dim, Graph, ModuleId, Role};
use serde_json::Value;

use super::build::{Builder, clean, join};
use super::hdf::{Folder, Hdf};
use super::model::Layer;
use super::network::Scope;
use super::weights::{self, Store, Stored, named};
use super::{build, live};
use crate::archive::zip::Zip;
use crate::draft::{self, Draft};
use crate::error::Grouped;
use crate::source::take;
use crate::{Error, ErrorKind, Source};

/// The architecture in an archive.
pub const CONFIG: &str = "config.json";

/// The most bytes of an architecture.
pub const MAX_CONFIG: u64 = 256 << 20;

/// The weights in an archive.
const WEIGHTS: &str = "model.weights.h5";

/// Whether an archive with a configuration is one of Keras: it has weights or facts beside it.
pub fn is_keras(zip: &Zip<'_>) -> bool {
    [WEIGHTS, "metadata.json", "model.weights.npz"].iter().any(|n| zip.below_top(n).is_some())
}

/// Reads a `.keras` archive.
///
/// # Errors
/// When it is damaged, is no model, or passes a limit.
pub fn archive(source: &dyn Source) -> Result<Graph, Error> {
    let zip = Zip::open(source)?;
    let Some(config) = zip.below_top(CONFIG) else {
        return Err(not_keras(format!("expected `{CONFIG}` in the archive, found none")));
    };
    let text = zip.bytes(config, MAX_CONFIG)?;
    let value = parse(&text)?;
    let mut version = None;
    if let Some(facts) = zip.below_top("metadata.json") {
        let facts = zip.bytes(facts, 1 << 20)?;
        let facts: Option<Value> = serde_json::from_slice(&facts).ok();
        version = facts.and_then(|f| Some(f.get("keras_version")?.as_str()?.to_owned()));
    }
    let mut store = Store::None;
    if let Some(member) = zip.below_top(WEIGHTS) {
        let inner = zip.open_member(member)?;
        store = Store::Tree(Hdf::open(inner.as_ref())?.read(TRAINING)?);
    }
    model(&value, &store, source, version.as_deref())
}

/// Groups that hold how a model is trained.
const TRAINING: &[&str] = &["optimizer_weights", "optimizer", "_optimizer", "metrics", "loss_tracker"];

/// Reads an HDF5 file: a model with its weights, or weights alone.
///
/// # Errors
/// When it is damaged, is no file of Keras, or passes a limit.
pub fn hdf(source: &dyn Source) -> Result<Graph, Error> {
    let root = Hdf::open(source)?.read(TRAINING)?;
    let version = root.list("keras_version").and_then(|v| v.into_iter().next());
    let stored = root.folders.get("model_weights").and_then(named).or_else(|| named(&root));
    if let Some(config) = root.list("model_config") {
        let value = parse(config.concat().as_bytes())?;
        let store = Store::Named(stored.unwrap_or_default());
        return model(&value, &store, source, version.as_deref());
    }
    let mut draft = Draft::new("keras", stem(source));
    draft.graph.producer = producer(version.as_deref());
    draft.note(
        "",
        "the file holds weights without a network: expected an architecture beside them, found none",
    );
    match stored {
        Some(layers) => {
            for (layer, weights) in layers {
                for stored in weights {
                    let name = stored.name.clone().unwrap_or_default();
                    let path = inside(&layer, &name);
                    loose(&mut draft, &path, &stored)?;
                }
            }
        }
        None if root.folders.contains_key("layers") || root.folders.contains_key("vars") => {
            let root_module = draft.graph.root();
            tree(&mut draft, &root, root_module)?;
        }
        None if root.data.is_empty() && root.folders.is_empty() => {
            return Err(not_keras("expected a model or weights of Keras, found an empty HDF5 file"));
        }
        None => {
            return Err(not_keras("expected a model or weights of Keras, found an HDF5 file of other data")
                .with_hint("files of Keras have the attribute `model_config`, the attribute `layer_names` or a group `layers`"));
        }
    }
    Ok(draft.finish())
}

/// The path of a weight below its layer: names often repeat the layer's.
fn inside(layer: &str, name: &str) -> String {
    let name = name.split(':').next().unwrap_or(name);
    let rest = name.strip_prefix(layer).map_or(name, |r| r.trim_start_matches('/'));
    let parts = std::iter::once(layer).chain(rest.split('/')).filter(|p| !p.is_empty());
    parts.map(clean).collect::<Vec<_>>().join(".")
}

/// A weight that no node reads.
fn loose(draft: &mut Draft, path: &str, stored: &Stored) -> Result<(), Error> {
    if let Some((module, _)) = path.rsplit_once('.') {
        draft.module_at(module)?;
    }
    let dims = stored.dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX)));
    let role = Role::Parameter { trainable: stored.trainable };
    draft.weight(path, draft::Stored::new(stored.dtype, dims).with_role(role))?;
    Ok(())
}

/// Groups of layers as modules; names of layers where the file has them.
fn tree(draft: &mut Draft, folder: &Folder, module: ModuleId) -> Result<(), Error> {
    let path = draft.graph.module(module).path.clone();
    for (i, stored) in weights::numbered(folder).iter().enumerate() {
        let name = stored.name.clone().unwrap_or_else(|| i.to_string());
        loose(draft, &join(&path, &name), stored)?;
    }
    for (name, inner) in &folder.folders {
        if name == "vars" || name.contains("seed_generator") || name.contains("random_generator") {
            continue;
        }
        if name == "layers" {
            tree(draft, inner, module)?;
            continue;
        }
        let said = inner.folders.get("vars").and_then(|v| v.texts.get("name")?.first().cloned());
        let shown = draft.free_name(module, &clean(&said.unwrap_or_else(|| name.clone())));
        let class = build::class_of(name);
        let child = draft.module(module, &shown, class.as_deref())?;
        tree(draft, inner, child)?;
    }
    Ok(())
}

/// Reads an architecture.
///
/// # Errors
/// When it is no JSON, no architecture, or passes a limit.
pub fn json(source: &dyn Source) -> Result<Graph, Error> {
    if source.len() > MAX_CONFIG {
        return Err(Error::limit(format!(
            "expected an architecture of at most {} bytes, found {}",
            Grouped(MAX_CONFIG),
            Grouped(source.len())
        )));
    }
    let text = take(source, 0, usize::try_from(source.len()).unwrap_or(usize::MAX))?;
    let value = parse(&text)?;
    // TensorFlow.js and some of TensorFlow's files put the model inside.
    let topology = value.get("modelTopology").unwrap_or(&value);
    let inner = topology.get("model_config").unwrap_or(topology);
    let version = [topology, &value].iter().find_map(|v| v.get("keras_version")?.as_str());
    let store = match (live::weights(&value), manifest(&value)) {
        (Some(paths), _) => Store::Paths(paths),
        (None, Some(layers)) => Store::Named(layers),
        _ => Store::None,
    };
    let mut graph = match inner {
        Value::String(text) => model(&parse(text.as_bytes())?, &store, source, version)?,
        _ => model(inner, &store, source, version)?,
    };
    live::finish(&value, &mut graph);
    Ok(graph)
}

/// Names and shapes of weights as TensorFlow.js lists them.
fn manifest(value: &Value) -> Option<BTreeMap<String, Vec<Stored>>> {
    let groups = value.get("weightsManifest")?.as_array()?;
    let mut layers: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for weight in groups.iter().filter_map(|g| g.get("weights")?.as_array()).flatten() {
        let Some(name) = weight.get("name").and_then(Value::as_str) else { continue };
        let dims = weight.get("shape").and_then(Value::as_array).into_iter().flatten();
        let stored = Stored {
            name: Some(name.to_owned()),
            dtype: weight.get("dtype").and_then(Value::as_str).and_then(DType::from_name),
            dims: dims.filter_map(Value::as_u64).collect(),
            trainable: None,
        };
        let layer = name.split('/').next().unwrap_or(name).to_owned();
        layers.entry(layer).or_default().push(stored);
    }
    Some(layers)
}

fn model(value: &Value, store: &Store, source: &dyn Source, version: Option<&str>) -> Result<Graph, Error> {
    let Some(layer) = Layer::read(value) else {
        return Err(not_keras("expected an architecture with `class_name` and `config`, found neither"));
    };
    let own = [layer.config.text("name"), value.get("netloom").and_then(|n| n.get("name")?.as_str())];
    let name = own.into_iter().flatten().next().map_or_else(|| stem(source), str::to_owned);
    let mut builder = Builder::new(&name, store);
    let root = builder.draft.graph.root();
    builder.draft.graph.module_mut(root).class = Some(layer.class.to_owned());
    let version = version.or_else(|| value.get("keras_version")?.as_str());
    builder.draft.graph.producer = producer(version);
    match &layer.network {
        Some(network) => {
            let scope = Scope {
                module: root,
                path: String::new(),
                slashed: String::new(),
                place: store.root(),
                outermost: true,
                trainable: layer.trainable(),
            };
            let outputs = builder.network(network, &scope, &[])?;
            live::own_weights(&mut builder, &layer)?;
            outputs.iter().for_each(|t| builder.draft.graph.mark_output(*t));
        }
        None => bare(&mut builder, &layer, store)?,
    }
    Ok(builder.draft.finish())
}

/// A model whose class is its author's: what it does is a program, which is not in the file.
fn bare<'a>(builder: &mut Builder<'a>, layer: &Layer<'a>, store: &'a Store) -> Result<(), Error> {
    let class = layer.class;
    builder.draft.note(
        "",
        format!(
            "`{class}` is a class of its author's: the file holds its settings and weights, not the layers it calls; \
             pass the live model to the Python package to draw it"
        ),
    );
    let root = builder.draft.graph.root();
    match store {
        Store::Tree(folder) => tree(&mut builder.draft, folder, root)?,
        Store::Named(layers) => {
            for (layer, weights) in layers {
                for stored in weights {
                    let path = inside(layer, stored.name.as_deref().unwrap_or_default());
                    loose(&mut builder.draft, &path, stored)?;
                }
            }
        }
        Store::Paths(paths) => {
            for (layer, weights) in paths {
                for stored in weights {
                    let path = inside(layer, stored.name.as_deref().unwrap_or_default()).replace('/', ".");
                    loose(&mut builder.draft, &path, stored)?;
                }
            }
        }
        Store::None => {}
    }
    Ok(())
}

fn producer(version: Option<&str>) -> String {
    version.map_or_else(|| "keras".to_owned(), |v| format!("keras {v}"))
}

fn stem(source: &dyn Source) -> String {
    let name = source.name();
    name.split('.').next().filter(|s| !s.is_empty()).unwrap_or(name).to_owned()
}

fn parse(text: &[u8]) -> Result<Value, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    serde_json::from_slice(text).map_err(|error| {
        let message = error.to_string();
        if message.starts_with("recursion limit") {
            return Error::limit("expected JSON of at most 128 levels, found more").with_hint(
                "no description of a model nests so deep: the file may be made to exhaust memory",
            );
        }
        let before =
            text.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len);
        let offset = before.sum::<usize>().saturating_add(error.column().saturating_sub(1)).min(text.len());
        let what =
            if error.is_eof() { "the end" } else { message.split(" at line ").next().unwrap_or(&message) };
        Error::damaged(offset as u64, format_args!("expected a JSON text, found {what}"))
    })
}

fn not_keras(message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::NotThisFormat, format!("not a Keras file: {message}"))
}

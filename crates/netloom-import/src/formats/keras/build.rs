//! Adds nodes, weights and modules of layers to the graph.

use std::collections::BTreeMap;

use netloom_graph::infer::Infer;
use netloom_graph::{
    Attribute, DType, Dim, ModuleId, Node, Role, Shape, TensorId, Value as Elements, ValueType,
};
use serde_json::Value;

use super::config::Config;
use super::hdf::Folder;
use super::model::Layer;
use super::weights::{Place, Shelf, Store, last, numbered};
use crate::Error;
use crate::draft::{Draft, Stored};
use crate::error::Grouped;

/// A graph of a Keras model under construction.
#[derive(Debug)]
pub struct Builder<'a> {
    /// The graph.
    pub draft: Draft,
    /// The weights of the file.
    pub store: &'a Store,
    /// How many modules of a name each module has: layers may be called very often.
    used: BTreeMap<(ModuleId, String), usize>,
    calls: usize,
}

/// The most calls of layers, those of models in models each time counted: doubled often enough, they have no end.
pub const MAX_CALLS: usize = 100_000;

/// An argument of a call, resolved.
#[derive(Clone, Debug)]
pub enum Given<'a> {
    /// A tensor.
    Tensor(TensorId),
    /// Several.
    List(Vec<Given<'a>>),
    /// Anything else.
    Value(&'a Value),
}

impl<'a> Given<'a> {
    /// The tensors in it, in order.
    pub fn tensors(&self, found: &mut Vec<TensorId>) {
        match self {
            Self::Tensor(t) => found.push(*t),
            Self::List(list) => list.iter().for_each(|g| g.tensors(found)),
            Self::Value(_) => {}
        }
    }

    /// The one tensor that it is.
    pub fn tensor(&self) -> Option<TensorId> {
        if let Self::Tensor(t) = self { Some(*t) } else { None }
    }
}

/// One call of one layer: what is to be built.
#[derive(Debug)]
pub struct Part<'p, 'a> {
    /// The layer.
    pub layer: &'p Layer<'a>,
    /// Where its nodes go.
    pub module: ModuleId,
    /// The path of its weights, of names separated by dots: that of its first call.
    pub path: String,
    /// The same with slashes, without changes to names.
    pub slashed: String,
    /// Where its weights are stored.
    pub place: Place<'a>,
    /// Its stored weights.
    pub shelf: Shelf<'a>,
    /// Whether training changes its weights.
    pub trainable: bool,
    /// Arguments by position.
    pub args: Vec<Given<'a>>,
    /// Arguments by name.
    pub named: BTreeMap<&'a str, Given<'a>>,
    /// The tensors among the arguments by position.
    pub inputs: Vec<TensorId>,
    /// How many results are used.
    pub wanted: usize,
    /// What the file says of the shape of each result.
    pub declared: Vec<Option<Vec<Option<i64>>>>,
}

impl<'p, 'a> Part<'p, 'a> {
    /// Its settings.
    pub fn config(&self) -> Config<'a> {
        self.layer.config
    }

    /// The first input.
    pub fn input(&self) -> Result<TensorId, Error> {
        self.inputs.first().copied().ok_or_else(|| {
            let name = &self.layer.name;
            Error::damaged(0, format_args!("expected the layer `{name}` to have an input, found none"))
        })
    }

    /// The same call for a layer inside this one, that this one holds under a name such as `cell`.
    pub fn inner<'q>(&self, layer: &'q Layer<'a>, module: ModuleId, attribute: &str) -> Part<'q, 'a> {
        let place = self.place.held(attribute);
        let slashed = format!("{}/{}", self.slashed, layer.name);
        Part {
            layer,
            module,
            path: format!("{}.{}", self.path, clean(layer.name)),
            place,
            shelf: Shelf::new(place, &slashed),
            slashed,
            trainable: self.trainable && layer.trainable(),
            args: self.args.clone(),
            named: self.named.clone(),
            inputs: self.inputs.clone(),
            wanted: 1,
            declared: Vec::new(),
        }
    }

    /// Whether channels are the last dimension.
    pub fn channels_last(&self) -> bool {
        !matches!(self.config().text("data_format"), Some("channels_first" | "th"))
    }
}

/// A name as part of a path: dots would begin a new part.
pub fn clean(name: &str) -> String {
    name.replace('.', "_")
}

impl<'a> Builder<'a> {
    /// Begins a graph.
    pub fn new(name: &str, store: &'a Store) -> Self {
        Self { draft: Draft::new("keras", name), store, used: BTreeMap::new(), calls: 0 }
    }

    /// A new module for a call of a layer: of the layer's name, with a number from its second call on.
    pub fn module(&mut self, parent: ModuleId, layer: &Layer<'a>) -> Result<ModuleId, Error> {
        self.calls += 1;
        if self.calls > MAX_CALLS {
            let most = Grouped(MAX_CALLS as u64);
            return Err(Error::limit(format!("the model calls layers more than {most} times")));
        }
        let name = clean(layer.name);
        let used = self.used.entry((parent, name.clone())).or_insert(0);
        *used += 1;
        let numbered = if *used == 1 { name } else { format!("{name}_{}", *used - 1) };
        let name = self.draft.free_name(parent, &numbered);
        self.draft.module(parent, &name, Some(layer.class))
    }

    /// Adds a node of the standard ONNX set with one result.
    pub fn op(
        &mut self,
        part: &Part<'_, 'a>,
        op: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
    ) -> Result<TensorId, Error> {
        let node = Node::new(op, part.module);
        Ok(self.add(node, inputs, attributes, 1)?.0)
    }

    /// Adds a node of one of this program's own layers with one result.
    pub fn loom(
        &mut self,
        part: &Part<'_, 'a>,
        op: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
    ) -> Result<TensorId, Error> {
        let node = Node::in_domain("loom", op, 0, part.module);
        Ok(self.add(node, inputs, attributes, 1)?.0)
    }

    /// Adds a node of Keras's own, with its plain settings, whose result has dimensions as given.
    pub fn own(
        &mut self,
        part: &Part<'_, 'a>,
        inputs: Vec<Option<TensorId>>,
        dims: Option<Vec<Dim>>,
    ) -> Result<Vec<TensorId>, Error> {
        let mut node = Node::in_domain("keras", part.layer.class, 0, part.module);
        // Rules of the standard set read other inputs and settings than those of Keras.
        let other = part.layer.custom || OTHERWISE.contains(&part.layer.class);
        if other {
            node.layer = None;
        }
        let attributes = plain_settings(part.config());
        let (first, all) = self.add(node, inputs, attributes, part.wanted.max(1))?;
        if let Some(dims) = dims {
            let dtype = part.inputs.first().and_then(|t| self.draft.ty(*t).dtype());
            self.draft.graph.tensor_mut(first).ty =
                ValueType::Tensor { dtype: dtype.or(Some(DType::Float32)), shape: Shape::Ranked(dims) };
        }
        Ok(all)
    }

    /// Adds a node and works out the types of its results.
    pub fn add(
        &mut self,
        mut node: Node,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
    ) -> Result<(TensorId, Vec<TensorId>), Error> {
        let path = self.draft.graph.module(node.module).path.clone();
        node.name = node.op.to_lowercase();
        let mut made = Vec::new();
        for i in 0..outputs.max(1) {
            let suffix = if i == 0 { String::new() } else { format!(".{i}") };
            let nodes = self.draft.graph.module(node.module).nodes.len();
            let name = if nodes == 0 { format!("{path}{suffix}") } else { format!("{path}.{nodes}{suffix}") };
            made.push(self.draft.tensor(&name, ValueType::Unknown)?);
        }
        for (key, value) in attributes {
            node.attributes.set(key, value);
        }
        let node = node.with_inputs(inputs).with_outputs(made.iter().copied().map(Some));
        let rule = node.layer.map(|l| l.infer);
        let id = self.draft.add(node)?;
        if let Some(rule) = rule {
            let before = self.draft.graph.diagnostics.len();
            // What contradicts itself is remarked when shapes are inferred over the whole graph.
            let _ = rule(&mut Infer::new(&mut self.draft.graph, id));
            self.draft.graph.diagnostics.truncate(before);
        }
        let first = made.first().copied().unwrap_or(TensorId::new(0));
        Ok((first, made))
    }

    /// A weight of a layer: as stored in the file, or as the layer's settings make it.
    pub fn weight(
        &mut self,
        part: &Part<'_, 'a>,
        name: &str,
        dims: Vec<Dim>,
        trainable: bool,
    ) -> Result<Option<TensorId>, Error> {
        let path = format!("{}.{name}", part.path);
        if let Some(known) = self.draft.weight_of(&path) {
            return Ok(Some(known));
        }
        let wanted: Vec<Option<u64>> = dims.iter().map(Dim::as_size).collect();
        let mut trainable = trainable && part.trainable;
        let mut dtype = Some(variable_dtype(part.config()));
        let mut dims = dims;
        match part.shelf.take(name, &wanted) {
            Some(stored) => {
                let found = known(&stored.dims);
                let same = found.len() == dims.len()
                    && found.iter().zip(&dims).all(|(a, b)| b.as_known().is_none() || a == b);
                if !same {
                    let (expected, found) = (Shape::Ranked(dims), Shape::Ranked(found.clone()));
                    self.draft.warn(
                        path.clone(),
                        format!("expected a weight of {expected} by the layer's settings, found {found}"),
                    );
                }
                dims = found;
                dtype = stored.dtype.or(dtype);
                trainable = stored.trainable.unwrap_or(trainable);
            }
            None if part.shelf.lists() => {
                self.draft.warn(path.clone(), "the file has no weight here, its size is from the settings");
            }
            None => {}
        }
        let role = Role::Parameter { trainable: Some(trainable) };
        Ok(Some(self.draft.weight(&path, Stored::new(dtype, dims).with_role(role))?))
    }

    /// All stored weights of a layer whose class is not known, its inner layers' included.
    pub fn rest(&mut self, part: &Part<'_, 'a>) -> Result<Vec<TensorId>, Error> {
        let mut found = Vec::new();
        for (i, stored) in part.shelf.rest().into_iter().enumerate() {
            let name = stored.name.as_deref().map_or_else(|| i.to_string(), |n| tail(n, part.layer.name));
            let path = format!("{}.{name}", part.path);
            let trainable = stored.trainable.or_else(|| trained(&name).then_some(part.trainable));
            let role = Role::Parameter { trainable };
            let kept = Stored::new(stored.dtype, known(&stored.dims)).with_role(role);
            found.push(self.draft.weight(&path, kept)?);
        }
        if let Place::Folder(folder) = part.place {
            self.folder(folder, &part.path, part.trainable, &mut found)?;
        }
        Ok(found)
    }

    /// The weights of groups inside a group, by the names under which layers hold each other.
    pub fn folder(
        &mut self,
        folder: &Folder,
        path: &str,
        trainable: bool,
        found: &mut Vec<TensorId>,
    ) -> Result<(), Error> {
        for (name, inner) in &folder.folders {
            // Random generators keep a state that no one counts as a weight.
            if name == "vars" || name.contains("seed_generator") || name.contains("random_generator") {
                continue;
            }
            let path = if name == "layers" { path.to_owned() } else { join(path, &clean(name)) };
            let batch_norm = name.starts_with("batch_norm");
            for (i, stored) in numbered(inner).into_iter().enumerate() {
                // The moving statistics of a batch norm come last.
                let learned = trainable && !(batch_norm && i >= 2);
                let name = stored.name.clone().unwrap_or_else(|| i.to_string());
                let role = Role::Parameter { trainable: Some(learned) };
                let kept = Stored::new(stored.dtype, known(&stored.dims)).with_role(role);
                found.push(self.draft.weight(&format!("{path}.{name}"), kept)?);
            }
            self.folder(inner, &path, trainable, found)?;
        }
        Ok(())
    }

    /// The dimensions of a tensor, if their number is known.
    pub fn dims(&self, tensor: TensorId) -> Option<Vec<Dim>> {
        self.draft.ty(tensor).shape().dims().map(<[Dim]>::to_vec)
    }

    /// The number of dimensions of a tensor, if known.
    pub fn rank(&self, tensor: TensorId) -> Option<usize> {
        self.draft.ty(tensor).shape().rank()
    }

    /// One dimension of a tensor, counted from the end where negative.
    pub fn dim(&self, tensor: TensorId, axis: i64) -> Dim {
        let Some(dims) = self.dims(tensor) else { return Dim::Unknown };
        place(axis, dims.len()).and_then(|i| dims.get(i).cloned()).unwrap_or(Dim::Unknown)
    }

    /// A constant list of integers.
    pub fn ints(
        &mut self,
        part: &Part<'_, 'a>,
        name: &str,
        elements: &[i64],
    ) -> Result<Option<TensorId>, Error> {
        let path = format!("{}.{name}", self.draft.graph.module(part.module).path);
        Ok(Some(self.draft.ints(&path, elements.iter().map(|n| Dim::Known(*n)).collect())?))
    }

    /// A constant number of the type of the data.
    pub fn number(&mut self, part: &Part<'_, 'a>, name: &str, x: f64) -> Result<Option<TensorId>, Error> {
        self.numbers(part, name, vec![x], true)
    }

    /// Constant numbers: a list, or a single one without dimensions.
    pub fn numbers(
        &mut self,
        part: &Part<'_, 'a>,
        name: &str,
        elements: Vec<f64>,
        scalar: bool,
    ) -> Result<Option<TensorId>, Error> {
        let path = format!("{}.{name}", self.draft.graph.module(part.module).path);
        let mut value = Elements::floats(elements);
        if scalar {
            value.dims.clear();
        }
        let dtype = part.inputs.first().and_then(|t| self.draft.ty(*t).dtype()).filter(|d| d.is_float());
        Ok(Some(self.draft.constant(&path, dtype.unwrap_or(DType::Float32), value)?))
    }

    /// Notes what the file says of a tensor's shape; it wins over what is worked out.
    pub fn declare(&mut self, tensor: TensorId, shape: &[Option<i64>]) {
        let found = self.dims(tensor);
        let dtype = self.draft.ty(tensor).dtype();
        let dims = shape.iter().enumerate().map(|(i, said)| match said {
            Some(n) => Dim::Known(*n),
            None => {
                let worked_out = found.as_ref().filter(|f| f.len() == shape.len()).and_then(|f| f.get(i));
                worked_out.filter(|d| d.as_known().is_none()).cloned().unwrap_or(Dim::Unknown)
            }
        });
        let shape = Shape::Ranked(dims.collect());
        self.draft.graph.tensor_mut(tensor).ty = ValueType::Tensor { dtype, shape };
    }
}

/// Which dimension of so many an axis means, counted from the end where negative.
pub fn place(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let at = if axis < 0 { axis + rank } else { axis };
    (0..rank).contains(&at).then_some(at as usize)
}

fn known(dims: &[u64]) -> Vec<Dim> {
    dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX))).collect()
}

/// Joins two parts of a path.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What follows the layer's own name in the name of a weight, with dots.
fn tail(name: &str, layer: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    let own = parts.iter().rposition(|p| *p == layer).map_or(parts.len().saturating_sub(1), |i| i + 1);
    let mut rest: Vec<String> = parts.iter().skip(own).map(|p| clean(p)).collect();
    if let Some(end) = rest.last_mut() {
        *end = clean(last(end));
    }
    if rest.is_empty() { clean(last(name)) } else { rest.join(".") }
}

/// Whether a weight of this name is one that training changes.
fn trained(name: &str) -> bool {
    !name.ends_with("moving_mean") && !name.ends_with("moving_variance")
}

/// The element type of a layer's weights, by its policy.
pub fn variable_dtype(config: Config<'_>) -> DType {
    let policy = config.text("dtype").or_else(|| config.inside("dtype").inside("config").text("name"));
    match policy {
        Some("bfloat16") => DType::BFloat16,
        // Mixed policies keep weights at full precision.
        Some(name) if !name.starts_with("mixed") => {
            DType::from_name(name).filter(|d| d.is_float()).unwrap_or(DType::Float32)
        }
        _ => DType::Float32,
    }
}

/// Layers that compute what an operator of ONNX does, but not from such inputs.
const OTHERWISE: &[&str] = &["CategoryEncoding", "CenterCrop", "StringLookup", "TextVectorization"];

/// The most elements of a list that a node shows as its setting.
const MAX_SETTING: usize = 16;

/// Settings that say nothing about what a layer computes.
const SILENT: &[&str] = &["name", "trainable", "dtype", "batch_input_shape", "batch_shape", "seed"];

/// Settings of a layer that are plain numbers or texts.
fn plain_settings(config: Config<'_>) -> Vec<(&str, Attribute)> {
    let mut found = Vec::new();
    for (key, value) in config.iter().filter(|(k, _)| !SILENT.contains(k)) {
        let attribute = match value {
            Value::Bool(b) => Attribute::Int(i64::from(*b)),
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(i), _) => Attribute::Int(i),
                (None, Some(x)) => Attribute::Float(x),
                _ => continue,
            },
            // Longer texts are programs, as those of a `Lambda`.
            Value::String(s) if s.len() <= 64 => Attribute::String(s.clone()),
            Value::Array(list) if !list.is_empty() && list.len() <= MAX_SETTING => {
                match list.iter().map(Value::as_i64).collect::<Option<Vec<i64>>>() {
                    Some(ints) => Attribute::Ints(ints),
                    None => continue,
                }
            }
            _ => continue,
        };
        found.push((key, attribute));
    }
    found
}

/// The class that a group of a file is named after, as far as its name tells; Keras keeps classes in small letters.
pub fn class_of(group: &str) -> Option<String> {
    let name = match group.rsplit_once('_') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => group,
    };
    let layers = netloom_graph::layers::all().flat_map(|l| l.names.iter());
    let mut keras = layers.filter(|(framework, _)| *framework == "keras").map(|(_, class)| *class);
    keras.find(|class| super::weights::snake_case(class) == name).map(str::to_owned)
}

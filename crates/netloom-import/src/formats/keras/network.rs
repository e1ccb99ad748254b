//! Models: the calls of their layers in order, models inside models included.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{DType, Dim, ModuleId, Producer, Shape, TensorId, ValueType};

use super::build::{Builder, Given, Part, clean, join};
use super::calls::{Arg, Call};
use super::layers;
use super::model::{Layer, Network};
use super::weights::{Counter, Place, Shelf};
use crate::Error;

/// Where a model is being built.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// The module its layers go into.
    pub module: ModuleId,
    /// The path of its weights, of names separated by dots.
    pub path: String,
    /// The same with slashes.
    pub slashed: String,
    /// Where its weights are stored.
    pub place: Place<'a>,
    /// Whether it is the outermost model.
    pub outermost: bool,
    /// Whether training changes its weights.
    pub trainable: bool,
}

/// What calls say of a result they read: shape and element type.
type Said<'a> = (Option<Vec<Option<i64>>>, Option<&'a str>);

/// Results of calls: by layer and call.
type Results = BTreeMap<(usize, usize), Vec<TensorId>>;

impl<'a> Builder<'a> {
    /// Builds a model on given inputs, or on new inputs of the graph where it is the outermost one.
    pub fn network(
        &mut self,
        network: &Network<'a>,
        scope: &Scope<'a>,
        inputs: &[TensorId],
    ) -> Result<Vec<TensorId>, Error> {
        let mut counter = Counter::default();
        let places: Vec<Place<'a>> = network
            .layers
            .iter()
            .map(|layer| {
                // A sequential model does not keep its input layer.
                if network.sequential && layer.class == "InputLayer" {
                    return Place::None;
                }
                let top = if scope.outermost { self.store.top(layer.name) } else { None };
                top.unwrap_or_else(|| scope.place.layer(&mut counter, layer.class, layer.name))
            })
            .collect();
        if network.sequential {
            self.sequential(network, scope, inputs, &places)
        } else {
            Functional::new(network).build(self, scope, inputs, &places)
        }
    }

    fn sequential(
        &mut self,
        network: &Network<'a>,
        scope: &Scope<'a>,
        inputs: &[TensorId],
        places: &[Place<'a>],
    ) -> Result<Vec<TensorId>, Error> {
        let mut at: Vec<TensorId> = inputs.to_vec();
        for (i, (layer, place)) in network.layers.iter().zip(places).enumerate() {
            if layer.class == "InputLayer" {
                if at.is_empty() {
                    at = vec![self.input(layer, layer.name, None)?];
                }
                continue;
            }
            if at.is_empty() && scope.outermost {
                let name = format!("{}_input", layer.name);
                at = vec![self.input(layer, &name, None)?];
            }
            // Where the next layer says what it was built for, that is what this one makes.
            let next = network.layers.get(i + 1).and_then(|l| l.input_shape.clone());
            let call = Resolved {
                args: at.iter().map(|t| Given::Tensor(*t)).collect(),
                wanted: 1,
                declared: vec![next],
                ..Resolved::default()
            };
            at = self.call(layer, scope, *place, call)?;
            at.truncate(1);
        }
        Ok(at)
    }

    /// An input of the graph.
    fn input(&mut self, layer: &Layer<'a>, name: &str, seen: Option<&Said<'_>>) -> Result<TensorId, Error> {
        let config = layer.config;
        let keys = ["batch_shape", "batch_input_shape"];
        let whole = keys.iter().find_map(|k| super::config::shape(config.get(k)?));
        let without_batch = config.get("input_shape").and_then(super::config::shape);
        let shape = whole
            .or_else(|| without_batch.map(|s| std::iter::once(None).chain(s).collect()))
            .or_else(|| seen.and_then(|s| s.0.clone()))
            .or_else(|| layer.input_shape.clone())
            .or_else(|| inner_shape(layer, 0));
        let said = if layer.class == "InputLayer" { config.text("dtype") } else { None };
        let said = said.or_else(|| config.text("input_dtype")).or_else(|| seen.and_then(|s| s.1));
        let fallback = if layer.class == "Embedding" { DType::Int32 } else { DType::Float32 };
        let dtype = said.and_then(DType::from_name).unwrap_or(fallback);
        let shape = shape.map_or(Shape::Unranked, |s| Shape::Ranked(open_dims(&s)));
        self.draft.input(name, ValueType::Tensor { dtype: Some(dtype), shape })
    }

    /// Builds one call of one layer.
    fn call(
        &mut self,
        layer: &Layer<'a>,
        scope: &Scope<'a>,
        place: Place<'a>,
        call: Resolved<'a>,
    ) -> Result<Vec<TensorId>, Error> {
        let module = self.module(scope.module, layer)?;
        let path = join(&scope.path, &clean(layer.name));
        let slashed = if scope.slashed.is_empty() {
            layer.name.to_owned()
        } else {
            format!("{}/{}", scope.slashed, layer.name)
        };
        let mut inputs = Vec::new();
        call.args.iter().for_each(|a| a.tensors(&mut inputs));
        let trainable = scope.trainable && layer.trainable();
        let results = match &layer.network {
            Some(network) if !layer.custom || !network.outputs.is_empty() => {
                call.named.values().for_each(|a| a.tensors(&mut inputs));
                let inner = Scope { module, path, slashed, place, outermost: false, trainable };
                self.network(network, &inner, &inputs)?
            }
            _ => {
                let part = Part {
                    layer,
                    module,
                    path,
                    shelf: Shelf::new(place, &slashed),
                    slashed,
                    place,
                    trainable,
                    args: call.args,
                    named: call.named,
                    inputs,
                    wanted: call.wanted,
                    declared: call.declared.clone(),
                };
                let made = layers::build(self, &part)?;
                self.name(part.module, made.first().copied());
                made
            }
        };
        for (tensor, shape) in results.iter().zip(&call.declared) {
            if let Some(shape) = shape {
                self.declare(*tensor, shape);
            }
        }
        Ok(results)
    }
}

impl Builder<'_> {
    /// The result of a layer is called as the layer, what is between its nodes otherwise.
    fn name(&mut self, module: ModuleId, result: Option<TensorId>) {
        let graph = &mut self.draft.graph;
        let Some(result) = result else { return };
        let Producer::Node(node, _) = graph.tensor(result).producer else { return };
        let mut above = std::iter::successors(Some(graph.node(node).module), |m| graph.module(*m).parent);
        if !above.any(|m| m == module) {
            return;
        }
        let first = graph.module(module).nodes.first().and_then(|n| graph.node(*n).output(0));
        let name = match first {
            Some(first) => std::mem::take(&mut graph.tensor_mut(first).name),
            None => graph.module(module).path.clone(),
        };
        let between = std::mem::replace(&mut graph.tensor_mut(result).name, name);
        if let Some(first) = first.filter(|f| *f != result) {
            graph.tensor_mut(first).name = between;
        }
    }
}

/// A call whose arguments are tensors of the graph.
#[derive(Clone, Default, Debug)]
struct Resolved<'a> {
    args: Vec<Given<'a>>,
    named: BTreeMap<&'a str, Given<'a>>,
    wanted: usize,
    declared: Vec<Option<Vec<Option<i64>>>>,
}

/// The shape that the first layer inside a model was given, as far as models begin with models.
fn inner_shape(layer: &Layer<'_>, depth: usize) -> Option<Vec<Option<i64>>> {
    const MAX_STEPS: usize = 16;
    let first = layer.network.as_ref()?.layers.first().filter(|_| depth < MAX_STEPS)?;
    let keys = ["batch_shape", "batch_input_shape"];
    let own = keys.iter().find_map(|k| super::config::shape(first.config.get(k)?));
    own.or_else(|| first.input_shape.clone()).or_else(|| inner_shape(first, depth + 1))
}

/// Dimensions with names for what is open: the batch, and what else may vary by what it usually is.
pub fn open_dims(shape: &[Option<i64>]) -> Vec<Dim> {
    let name = |i: usize| match (i, shape.len()) {
        (0, _) => Some("batch"),
        (1, 2 | 3) => Some("time"),
        (1, 4) => Some("height"),
        (2, 4) => Some("width"),
        _ => None,
    };
    let dims = shape.iter().enumerate();
    dims.map(|(i, n)| match (n, name(i)) {
        (Some(n), _) => Dim::Known(*n),
        (None, Some(name)) => Dim::symbol(name),
        (None, None) => Dim::Unknown,
    })
    .collect()
}

/// A model whose layers call each other.
struct Functional<'n, 'a> {
    network: &'n Network<'a>,
    by_name: BTreeMap<&'a str, usize>,
    /// How much the file's numbers of calls are ahead: some models count a call that is not in the file.
    ahead: Vec<usize>,
    /// What calls say of the results they read.
    seen: BTreeMap<(usize, usize, usize), Said<'a>>,
}

impl<'n, 'a> Functional<'n, 'a> {
    fn new(network: &'n Network<'a>) -> Self {
        let by_name = network.layers.iter().enumerate().map(|(i, l)| (l.name, i)).collect();
        let mut this = Self { network, by_name, ahead: vec![0; network.layers.len()], seen: BTreeMap::new() };
        let refs: Vec<_> = network
            .layers
            .iter()
            .flat_map(|l| &l.calls)
            .flat_map(|c| c.tensors().into_iter().cloned().collect::<Vec<_>>())
            .collect();
        let ends = network.outputs.iter().map(|(l, c, _)| (*l, *c));
        for (name, call) in refs.iter().map(|r| (r.layer, r.call)).chain(ends) {
            if let Some(&i) = this.by_name.get(name) {
                let calls = network.layers.get(i).map_or(1, |l| l.calls.len().max(1));
                if let Some(ahead) = this.ahead.get_mut(i) {
                    *ahead = (*ahead).max((call + 1).saturating_sub(calls));
                }
            }
        }
        for r in refs {
            if let Some((layer, call)) = this.place(r.layer, r.call) {
                let entry = this.seen.entry((layer, call, r.output)).or_default();
                *entry = (entry.0.take().or(r.shape), entry.1.or(r.dtype));
            }
        }
        for (layer, call, output) in &network.outputs {
            if let Some((layer, call)) = this.place(layer, *call) {
                this.seen.entry((layer, call, *output)).or_default();
            }
        }
        this
    }

    /// The layer of a name and which of its calls is meant.
    fn place(&self, name: &str, call: usize) -> Option<(usize, usize)> {
        let layer = *self.by_name.get(name)?;
        let calls = self.network.layers.get(layer)?.calls.len().max(1);
        Some((layer, call.saturating_sub(*self.ahead.get(layer)?).min(calls - 1)))
    }

    /// Every call in an order in which each comes after those it reads, as far as there is one; else as in the file.
    fn order(&self) -> (Vec<(usize, usize)>, usize) {
        let mut tasks = Vec::new();
        let mut number = BTreeMap::new();
        for (i, layer) in self.network.layers.iter().enumerate() {
            for c in 0..layer.calls.len().max(1) {
                number.insert((i, c), tasks.len());
                tasks.push((i, c));
            }
        }
        let mut waits = vec![0_usize; tasks.len()];
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
        for (t, (i, c)) in tasks.iter().enumerate() {
            let call = self.network.layers.get(*i).and_then(|l| l.calls.get(*c));
            let reads: BTreeSet<usize> = call
                .map(Call::tensors)
                .unwrap_or_default()
                .iter()
                .filter_map(|r| number.get(&self.place(r.layer, r.call)?).copied())
                .collect();
            for from in reads {
                waits[t] += 1;
                next[from].push(t);
            }
        }
        let mut ready: BTreeSet<usize> = (0..tasks.len()).filter(|t| waits[*t] == 0).collect();
        let mut order = Vec::with_capacity(tasks.len());
        while let Some(t) = ready.pop_first() {
            order.push(tasks[t]);
            for n in &next[t] {
                waits[*n] -= 1;
                if waits[*n] == 0 {
                    ready.insert(*n);
                }
            }
        }
        let sorted = order.len();
        order.extend((0..tasks.len()).filter(|t| waits[*t] > 0).map(|t| tasks[t]));
        (order, sorted)
    }

    fn build(
        &self,
        builder: &mut Builder<'a>,
        scope: &Scope<'a>,
        inputs: &[TensorId],
        places: &[Place<'a>],
    ) -> Result<Vec<TensorId>, Error> {
        let mut results: Results = BTreeMap::new();
        self.bind(builder, scope, inputs, &mut results)?;
        let (order, sorted) = self.order();
        if sorted < order.len() {
            builder.draft.warn(
                scope.path.clone(),
                format!("{} calls of layers wait for each other in a cycle", order.len() - sorted),
            );
        }
        for (i, c) in order {
            let Some(layer) = self.network.layers.get(i) else { continue };
            if results.contains_key(&(i, c)) {
                continue;
            }
            let place = places.get(i).copied().unwrap_or(Place::None);
            let call = self.resolve(builder, scope, i, c, &results)?;
            let made = builder.call(layer, scope, place, call)?;
            results.insert((i, c), made);
        }
        let mut outputs = Vec::new();
        for (name, call, output) in &self.network.outputs {
            let found = self.place(name, *call).and_then(|at| results.get(&at)?.get(*output).copied());
            match found {
                Some(tensor) => outputs.push(tensor),
                None => {
                    builder.draft.warn(*name, "an output of the model comes from a layer that is not there")
                }
            }
        }
        Ok(outputs)
    }

    /// Gives the input layers their tensors.
    fn bind(
        &self,
        builder: &mut Builder<'a>,
        scope: &Scope<'a>,
        inputs: &[TensorId],
        results: &mut Results,
    ) -> Result<(), Error> {
        let mut names: Vec<&str> = self.network.inputs.iter().map(|(name, ..)| *name).collect();
        let layers = self.network.layers.iter().filter(|l| l.class == "InputLayer").map(|l| l.name);
        let more: Vec<&str> = layers.filter(|n| !names.contains(n)).collect();
        names.extend(more);
        for (i, name) in names.into_iter().enumerate() {
            let Some(&at) = self.by_name.get(name) else { continue };
            let Some(layer) = self.network.layers.get(at).filter(|l| l.calls.is_empty()) else { continue };
            let tensor = match inputs.get(i) {
                Some(given) => *given,
                None if scope.outermost => builder.input(layer, name, self.seen.get(&(at, 0, 0)))?,
                None => {
                    builder
                        .draft
                        .warn(scope.path.clone(), format!("the input `{name}` of the model is not given"));
                    continue;
                }
            };
            results.insert((at, 0), vec![tensor]);
        }
        Ok(())
    }

    fn resolve(
        &self,
        builder: &mut Builder<'a>,
        scope: &Scope<'a>,
        layer: usize,
        call: usize,
        results: &Results,
    ) -> Result<Resolved<'a>, Error> {
        let mut resolved = Resolved::default();
        if let Some(read) = self.network.layers.get(layer).and_then(|l| l.calls.get(call)) {
            let mut lost = 0;
            resolved.args = read.args.iter().filter_map(|a| self.given(a, results, &mut lost)).collect();
            for (name, arg) in &read.named {
                if let Some(given) = self.given(arg, results, &mut lost) {
                    resolved.named.insert(name, given);
                }
            }
            if lost > 0 {
                let name = self.network.layers.get(layer).map_or("", |l| l.name);
                let path = join(&scope.path, &clean(name));
                builder.draft.warn(path, format!("{lost} inputs come from layers that are not there"));
            }
        }
        let alone = self.network.layers.get(layer).filter(|l| l.calls.is_empty() && l.class != "InputLayer");
        if let Some(shape) = alone.and_then(|l| l.input_shape.as_ref()) {
            // A list of layers whose connections nobody knows: each stands for itself, on data of the shape it was made for.
            let ty =
                ValueType::Tensor { dtype: Some(DType::Float32), shape: Shape::Ranked(open_dims(shape)) };
            let name = alone.map_or("", |l| l.name);
            let input = builder.draft.tensor(&format!("{}.input", join(&scope.path, &clean(name))), ty)?;
            resolved.args.push(Given::Tensor(input));
        }
        let outputs = self.seen.range((layer, call, 0)..=(layer, call, MAX_OUTPUTS));
        for ((.., output), (shape, _)) in outputs {
            resolved.declared.resize((*output).max(resolved.declared.len()), None);
            resolved.declared.push(shape.clone());
        }
        resolved.wanted = resolved.declared.len().max(1);
        Ok(resolved)
    }

    fn given(&self, arg: &Arg<'a>, results: &Results, lost: &mut usize) -> Option<Given<'a>> {
        Some(match arg {
            Arg::Value(value) => Given::Value(value),
            Arg::List(list) => {
                Given::List(list.iter().filter_map(|a| self.given(a, results, lost)).collect())
            }
            Arg::Tensor(r) => {
                let found = self.place(r.layer, r.call).and_then(|at| results.get(&at)?.get(r.output));
                if found.is_none() {
                    *lost += 1;
                }
                Given::Tensor(*found?)
            }
        })
    }
}

/// The most results of one call.
const MAX_OUTPUTS: usize = 1023;

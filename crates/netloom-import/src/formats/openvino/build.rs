//! From layers and edges to the graph: constants become weights, a constant added to a convolution its bias.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{
    Attribute, DType, Dim, Graph, ModuleId, Node, Role, Storage, TensorId, Value, ValueType,
};

use super::ops::{self, Operator};
use super::xml::{Layer, Net, precision};
use crate::draft::{Draft, Stored};
use crate::{Error, ErrorKind, Source};

/// The most elements of a constant that is read, since shapes depend on it.
const MAX_VALUE: usize = 64;

/// Builds the graph.
pub fn build(net: &Net, source: &dyn Source) -> Result<Graph, Error> {
    if net.layers.is_empty() {
        return Err(Error::new(
            ErrorKind::NotThisFormat,
            "expected layers of an OpenVINO network, found none",
        ));
    }
    let stem = source.name().rsplit_once('.').map_or(source.name(), |(stem, _)| stem);
    let location = format!("{stem}.bin");
    let mut draft = Draft::new("openvino", net.name.as_str());
    draft.graph.producer = format!("OpenVINO IR {}", net.version).trim().to_owned();
    let by_id: BTreeMap<i64, &Layer> = net.layers.iter().map(|l| (l.id, l)).collect();
    let mut builder = Builder {
        weights: source.sibling(&location),
        location,
        readers: readers(net),
        by_id,
        net,
        draft,
        made: BTreeMap::new(),
        folded: BTreeMap::new(),
        tails: BTreeMap::new(),
    };
    builder.fold_constants();
    for layer in order(net) {
        builder.layer(layer)?;
    }
    Ok(builder.draft.finish())
}

/// Which layers read each layer, once per port.
fn readers(net: &Net) -> BTreeMap<i64, Vec<i64>> {
    let mut out: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for ((to, _), (from, _)) in &net.edges {
        out.entry(*from).or_default().push(*to);
    }
    out
}

/// Whether a constant holds a number per channel: the second dimension of maps, else the last.
fn is_vector(constant: &Layer, of_maps: bool) -> bool {
    let dims = constant.outputs.first().and_then(|p| p.ty.shape().dims());
    dims.is_some_and(|d| {
        let channel = if of_maps { 1 } else { d.len().wrapping_sub(1) };
        (!of_maps || d.len() > 2)
            && !d.is_empty()
            && d.iter().enumerate().all(|(i, n)| i == channel || n.as_known() == Some(1))
    })
}

/// The layers, makers before readers as far as there is no cycle.
fn order(net: &Net) -> Vec<&Layer> {
    let at: BTreeMap<i64, usize> = net.layers.iter().enumerate().map(|(i, l)| (l.id, i)).collect();
    let mut waits = vec![0_usize; net.layers.len()];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); net.layers.len()];
    for ((to, _), (from, _)) in &net.edges {
        if let (Some(to), Some(from)) = (at.get(to), at.get(from)) {
            waits[*to] += 1;
            next[*from].push(*to);
        }
    }
    let mut ready: BTreeSet<usize> = (0..waits.len()).filter(|i| waits[*i] == 0).collect();
    let (mut out, mut seen) = (Vec::new(), vec![false; waits.len()]);
    while let Some(i) = ready.pop_first() {
        seen[i] = true;
        out.push(&net.layers[i]);
        for j in &next[i] {
            waits[*j] -= 1;
            if waits[*j] == 0 {
                ready.insert(*j);
            }
        }
    }
    // What stands in a cycle keeps the order of the file.
    out.extend(net.layers.iter().enumerate().filter(|(i, _)| !seen[*i]).map(|(_, l)| l));
    out
}

struct Builder<'a> {
    net: &'a Net,
    by_id: BTreeMap<i64, &'a Layer>,
    readers: BTreeMap<i64, Vec<i64>>,
    draft: Draft,
    /// What each port gives.
    made: BTreeMap<(i64, i64), TensorId>,
    /// Layers that are part of the one before them, which is given.
    folded: BTreeMap<i64, i64>,
    /// The constants of those, by the first layer.
    tails: BTreeMap<i64, Vec<i64>>,
    weights: Option<Box<dyn Source>>,
    location: String,
}

impl<'a> Builder<'a> {
    /// The layer that an input port reads.
    fn maker(&self, layer: &Layer, position: usize) -> Option<&'a Layer> {
        let port = layer.inputs.get(position)?;
        let (from, _) = self.net.edges.get(&(layer.id, *port))?;
        self.by_id.get(from).copied()
    }

    /// Finds the constants that are part of the layer before them: the bias of a convolution or product, scale and
    /// shift of a normalisation.
    fn fold_constants(&mut self) {
        for layer in &self.net.layers {
            let wanted: &[&str] = match layer.kind.as_str() {
                "MVN" => &["Multiply", "Add"],
                "MatMul" => &["Add"],
                kind if ops::is_convolution(kind) => &["Add"],
                _ => continue,
            };
            let mut tail = Vec::new();
            let mut at = layer;
            for kind in wanted {
                let Some(next) = self.only_reader(at).filter(|l| l.kind == *kind && l.inputs.len() == 2)
                else {
                    break;
                };
                let constant = (0..2).filter_map(|i| self.maker(next, i)).find(|m| m.kind == "Const");
                let Some(constant) = constant.filter(|c| is_vector(c, ops::is_convolution(&layer.kind)))
                else {
                    break;
                };
                tail.push(constant.id);
                at = next;
            }
            if tail.len() == wanted.len() {
                let mut at = layer;
                for _ in wanted {
                    let Some(next) = self.only_reader(at) else { break };
                    self.folded.insert(next.id, at.id);
                    at = next;
                }
                self.tails.insert(layer.id, tail);
            }
        }
    }

    /// The only layer that reads what another makes.
    fn only_reader(&self, layer: &Layer) -> Option<&'a Layer> {
        match self.readers.get(&layer.id).map(Vec::as_slice) {
            Some([one]) => self.by_id.get(one).copied(),
            _ => None,
        }
    }

    fn layer(&mut self, layer: &'a Layer) -> Result<(), Error> {
        match layer.kind.as_str() {
            "Const" => return self.constant(layer),
            "Parameter" => {
                for port in &layer.outputs {
                    let ty = named(&port.ty);
                    let id = self.draft.input(&layer.name, ty)?;
                    self.made.insert((layer.id, port.id), id);
                }
                return Ok(());
            }
            "Result" => {
                if let Some(id) = self.inputs(layer)?.into_iter().flatten().next() {
                    self.draft.graph.mark_output(id);
                }
                return Ok(());
            }
            _ => {}
        }
        let mut inputs = self.inputs(layer)?;
        if let Some(before) = self.folded.get(&layer.id) {
            // The layer before has made this tensor already.
            let made = self.by_id.get(before).and_then(|l| self.made.get(&(l.id, l.outputs.first()?.id)));
            if let (Some(id), Some(port)) = (made.copied(), layer.outputs.first()) {
                self.made.insert((layer.id, port.id), id);
            }
            return Ok(());
        }
        let Operator { op, domain, attributes, inputs: keep } =
            ops::operator(layer, self.tails.contains_key(&layer.id), &self.draft, &inputs);
        if let Some(keep) = keep {
            inputs = keep.into_iter().map(|i| i.and_then(|i| inputs.get(i).copied().flatten())).collect();
        }
        let inputs = self.constants(layer, op.as_str(), inputs)?;
        let module = self.module(&layer.name)?;
        let mut node = Node::in_domain(domain, op, if domain.is_empty() { 18 } else { 0 }, module);
        for (name, value) in attributes {
            node.attributes.set(name, value);
        }
        let mut read = inputs;
        for constant in self.tails.get(&layer.id).cloned().unwrap_or_default() {
            read.push(self.constant_of(constant)?);
        }
        node.name.clone_from(&layer.name);
        let mut outputs = Vec::new();
        for port in &layer.outputs {
            let name = port.names.split(',').next().filter(|n| !n.is_empty()).unwrap_or(&layer.name);
            let id = self.draft.tensor(name, port.ty.clone())?;
            self.made.insert((layer.id, port.id), id);
            outputs.push(Some(id));
        }
        self.draft.add(node.with_inputs(read).with_outputs(outputs))?;
        Ok(())
    }

    /// Inputs that ONNX has as constants and OpenVINO as settings.
    fn constants(
        &mut self,
        layer: &Layer,
        op: &str,
        mut inputs: Vec<Option<TensorId>>,
    ) -> Result<Vec<Option<TensorId>>, Error> {
        if op == "Clip" {
            for (name, place) in [("min", 1), ("max", 2)] {
                let Some(x) = layer.float(name) else { continue };
                let value = Value { dims: Vec::new(), ..Value::floats(vec![x]) };
                let id = self.draft.constant(&format!("{}.{name}", layer.name), DType::Float32, value)?;
                inputs.resize(inputs.len().max(place + 1), None);
                inputs[place] = Some(id);
            }
        }
        Ok(inputs)
    }

    /// What a constant gives, made when it is not there yet.
    fn constant_of(&mut self, id: i64) -> Result<Option<TensorId>, Error> {
        let Some(constant) = self.by_id.get(&id).copied() else { return Ok(None) };
        self.constant(constant)?;
        Ok(constant.outputs.first().and_then(|p| self.made.get(&(id, p.id))).copied())
    }

    fn inputs(&mut self, layer: &Layer) -> Result<Vec<Option<TensorId>>, Error> {
        let mut out = Vec::new();
        for port in &layer.inputs {
            let from = self.net.edges.get(&(layer.id, *port));
            let id = from.and_then(|f| self.made.get(f)).copied();
            out.push(match (id, from) {
                (Some(id), _) => Some(id),
                (None, Some((from, _))) => {
                    self.draft.warn(
                        &layer.name,
                        format!("expected layer {from} before its reader, found a cycle or none"),
                    );
                    Some(self.draft.tensor("", ValueType::Unknown)?)
                }
                (None, None) => None,
            });
        }
        Ok(out)
    }

    /// Names of layers repeat the scopes of the framework they came from.
    fn module(&mut self, name: &str) -> Result<ModuleId, Error> {
        let scope = name.trim_start_matches('/').rsplit_once('/').map_or("", |(scope, _)| scope);
        // A layer such as `/conv1/Conv/WithoutBiases` stands in `conv1`.
        let scope = if name.ends_with("/WithoutBiases") {
            scope.rsplit_once('/').map_or("", |(s, _)| s)
        } else {
            scope
        };
        self.draft.module_at(&scope.replace('.', "_").replace('/', "."))
    }

    fn constant(&mut self, layer: &Layer) -> Result<(), Error> {
        for port in &layer.outputs {
            if self.made.contains_key(&(layer.id, port.id)) {
                continue;
            }
            let dtype = layer.word("element_type").and_then(precision).or_else(|| port.ty.dtype());
            let dims: Vec<Dim> = port.ty.shape().dims().unwrap_or_default().to_vec();
            let (offset, size) = (layer.int("offset").unwrap_or(0), layer.int("size").unwrap_or(0));
            let (offset, size) = (u64::try_from(offset).unwrap_or(0), u64::try_from(size).unwrap_or(0));
            let storage = Storage::External { location: self.location.clone(), offset, len: Some(size) };
            let value = self.value(dtype, &dims, offset, size);
            let float = dtype.is_some_and(DType::is_float);
            let many = port.ty.shape().elements().is_some_and(|n| n > 1);
            let id = match value {
                Some(value) if !float || !many => {
                    let id = self.draft.constant(&layer.name, dtype.unwrap_or(DType::Int64), value)?;
                    if let Some(weight) = self.draft.graph.tensor_mut(id).weight.as_mut() {
                        weight.storage = storage;
                    }
                    id
                }
                value => {
                    let mut stored = Stored::new(dtype, dims).at(storage);
                    if !float {
                        stored = stored.with_role(Role::Buffer);
                    }
                    let id = self.draft.weight(&format!("{}#{}", layer.name, layer.id), stored)?;
                    self.draft.graph.tensor_mut(id).name.clone_from(&layer.name);
                    self.draft.graph.tensor_mut(id).value = value;
                    id
                }
            };
            self.made.insert((layer.id, port.id), id);
        }
        Ok(())
    }

    /// The elements of a small constant, read from the file beside.
    fn value(&self, dtype: Option<DType>, dims: &[Dim], offset: u64, size: u64) -> Option<Value> {
        let dims: Vec<usize> =
            dims.iter().map(|d| d.as_known().and_then(|n| usize::try_from(n).ok())).collect::<Option<_>>()?;
        let n = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d)).filter(|n| *n <= MAX_VALUE)?;
        let bytes = crate::source::take(
            self.weights.as_deref()?,
            offset,
            usize::try_from(size).ok()?.min(8 * MAX_VALUE),
        )
        .ok()?;
        let each = |width: usize| bytes.chunks_exact(width).take(n);
        let elements = match dtype? {
            DType::Int64 => ints(each(8).map(|b| i64::from_le_bytes(b.try_into().unwrap_or_default()))),
            DType::Int32 => {
                ints(each(4).map(|b| i64::from(i32::from_le_bytes(b.try_into().unwrap_or_default()))))
            }
            DType::UInt8 | DType::Bool => ints(each(1).map(|b| i64::from(b[0]))),
            DType::Float32 => netloom_graph::Elements::Floats(
                each(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap_or_default()))).collect(),
            ),
            _ => return None,
        };
        let value = Value { dims, elements };
        (value.len() == n).then_some(value)
    }
}

fn ints(elements: impl Iterator<Item = i64>) -> netloom_graph::Elements {
    netloom_graph::Elements::Ints(elements.map(Dim::Known).collect())
}

/// A free first dimension of an input is the batch.
fn named(ty: &ValueType) -> ValueType {
    match (ty.shape().dims(), ty.dtype()) {
        (Some(dims), dtype) if dims.first().is_some_and(Dim::is_unknown) => {
            let mut dims = dims.to_vec();
            dims[0] = Dim::symbol("batch");
            ValueType::Tensor { dtype, shape: netloom_graph::Shape::Ranked(dims) }
        }
        _ => ty.clone(),
    }
}

/// A list of integers as a setting.
pub fn list(name: &'static str, ints: Vec<i64>) -> (&'static str, Attribute) {
    (name, Attribute::Ints(ints))
}

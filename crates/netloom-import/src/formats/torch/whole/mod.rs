//! Whole modules that were pickled with their classes: the tree of parts, their settings and their weights.
//!
//! What a module computes stands in its class, in Python, and is not read. Known classes of PyTorch are drawn as the
//! operators that they are, with the settings that their objects hold; they are connected only inside `Sequential`,
//! whose parts follow one another by definition.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Graph, ModuleId, Role, Shape, TensorId, ValueType};

use super::container::Container;
use crate::Error;
use crate::aten::{self, Arg, Call};
use crate::draft::{Draft, MAX_DEPTH, Stored};
use crate::pickle::tensor::Place;
use crate::pickle::{Id, Value};

mod classes;

/// The most modules that stand ready to be read.
const MAX_READY: usize = 1_000_000;

/// Reads a module and everything in it.
pub(super) fn read(container: &Container<'_>, object: Value, notes: Vec<String>) -> Result<Graph, Error> {
    let name = container.pickle.class(object).map(|(_, name)| name.to_owned()).unwrap_or_default();
    let mut draft = Draft::new("torch", name.clone());
    draft.graph.producer = format!("pytorch ({})", container.kind);
    for note in notes {
        draft.note("", note);
    }
    let top = draft.graph.root();
    draft.graph.module_mut(top).class = Some(name).filter(|n| !n.is_empty());
    let mut reader =
        Reader { container, draft, places: BTreeMap::new(), seen: BTreeSet::new(), chained: false };
    reader.tree(object)?;
    let Reader { mut draft, chained, .. } = reader;
    if !chained {
        draft.note(
            "",
            "a pickled module keeps its parts and not how they are connected: order is that of the file; for the \
             network, export it with `torch.export`",
        );
    }
    Ok(draft.finish())
}

struct Reader<'a> {
    container: &'a Container<'a>,
    draft: Draft,
    places: BTreeMap<(String, i64, Vec<i64>), TensorId>,
    seen: BTreeSet<Id>,
    /// Whether the outermost module is a chain.
    chained: bool,
}

/// A module to be read: its object, where it stands, and the chain that it is a link of.
struct Ready {
    object: Value,
    module: ModuleId,
    chain: Option<usize>,
}

impl Reader<'_> {
    fn tree(&mut self, root: Value) -> Result<(), Error> {
        let pickle = &self.container.pickle;
        // The tensor that the next link of each chain reads.
        let mut chains: Vec<Option<TensorId>> = Vec::new();
        let top = self.draft.graph.root();
        let mut ready = vec![Ready { object: root, module: top, chain: None }];
        if self.class(root) == "Sequential" {
            let input =
                self.draft.input("input", ValueType::Tensor { dtype: None, shape: Shape::Unranked })?;
            chains.push(Some(input));
            ready[0].chain = Some(0);
            self.chained = true;
        }
        while let Some(Ready { object, module, chain }) = ready.pop() {
            let Value::Item(id) = object else { continue };
            if !self.seen.insert(id) {
                let path = self.draft.graph.module(module).path.clone();
                self.draft.note(path, "this module stands in the tree a second time: its weights are shared");
                continue;
            }
            let weights = self.weights(object, module)?;
            let class = self.class(object);
            let parts = pickle.attribute(object, "_modules").and_then(|m| pickle.entries(m)).unwrap_or(&[]);
            let parts: Vec<(Value, String)> =
                parts.iter().filter_map(|(k, v)| Some((*v, pickle.text(*k)?.to_owned()))).collect();
            let has_parts = parts.iter().any(|(v, _)| pickle.object(*v).is_some());
            if !has_parts || classes::is_whole(&class) {
                let data = match chain.and_then(|c| chains[c]) {
                    Some(data) => data,
                    None => self.draft.tensor("?", ValueType::Unknown)?,
                };
                let made = self.layer(object, &class, module, data, &weights)?;
                if let Some(chain) = chain {
                    chains[chain] = made.or(chains[chain]);
                }
            }
            // Parts of a chain inside a chain are links of the outer one; any other part breaks what is known.
            let inner = match (class.as_str(), chain) {
                ("Sequential", Some(chain)) => Some(chain),
                ("Sequential", None) => {
                    chains.push(None);
                    Some(chains.len() - 1)
                }
                (_, Some(chain)) if has_parts => {
                    chains[chain] = None;
                    self.chained = false;
                    None
                }
                _ => None,
            };
            for (part, name) in parts.into_iter().rev() {
                if pickle.object(part).is_none() || ready.len() >= MAX_READY {
                    continue;
                }
                let class = self.class(part);
                if self.draft.graph.module(module).path.split('.').count() >= MAX_DEPTH - 1 {
                    continue;
                }
                ready.push(Ready { object: part, module, chain: inner });
                let last = ready.len() - 1;
                ready[last].module = self.draft.module(module, &name, Some(&class))?;
            }
        }
        if self.chained
            && let Some(Some(last)) = chains.first().copied()
        {
            self.draft.graph.mark_output(last);
        }
        Ok(())
    }

    fn class(&self, object: Value) -> String {
        self.container.pickle.class(object).map(|(_, name)| name.to_owned()).unwrap_or_default()
    }

    /// The parameters and buffers of a module, by name.
    fn weights(&mut self, object: Value, module: ModuleId) -> Result<BTreeMap<String, TensorId>, Error> {
        let pickle = &self.container.pickle;
        let mut found = BTreeMap::new();
        let path = self.draft.graph.module(module).path.clone();
        for (list, is_parameter) in [("_parameters", true), ("_buffers", false)] {
            let entries = pickle.attribute(object, list).and_then(|d| pickle.entries(d)).unwrap_or(&[]);
            for (name, value) in entries {
                let (Some(name), Some(tensor)) = (pickle.text(*name), self.container.tensor(*value)) else {
                    continue;
                };
                let place = match &tensor.place {
                    Some(Place::Storage { key, offset, .. }) => {
                        Some((key.clone(), *offset, tensor.dims.clone()))
                    }
                    _ => None,
                };
                if let Some(shared) = place.as_ref().and_then(|p| self.places.get(p)) {
                    found.insert(name.to_owned(), *shared);
                    continue;
                }
                let trainable = tensor.parameter.or(tensor.requires_grad);
                let role = if is_parameter { Role::Parameter { trainable } } else { Role::Buffer };
                let dims = tensor.dims.iter().map(|n| (*n).into());
                let stored =
                    Stored::new(tensor.dtype, dims).with_role(role).at(self.container.place(&tensor));
                let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                let made = self.draft.weight(&full, stored)?;
                if let Some(place) = place {
                    self.places.insert(place, made);
                }
                found.insert(name.to_owned(), made);
            }
        }
        Ok(found)
    }

    /// The operator that a module of a known class is; a node of its class otherwise.
    fn layer(
        &mut self,
        object: Value,
        class: &str,
        module: ModuleId,
        data: TensorId,
        weights: &BTreeMap<String, TensorId>,
    ) -> Result<Option<TensorId>, Error> {
        let settings = classes::Settings { pickle: &self.container.pickle, object, weights };
        let call = classes::call(class, &settings, data).unwrap_or_else(|| Call {
            op: format!("torch.{class}"),
            args: std::iter::once(Arg::Tensor(data))
                .chain(weights.values().map(|t| Arg::Tensor(*t)))
                .collect(),
            ..Call::default()
        });
        if call.op.is_empty() {
            return Ok(Some(data));
        }
        let results = classes::results(class);
        let outputs = (0..results).map(|i| (format!("{class}.{i}"), ValueType::Unknown)).collect();
        let made = aten::apply(&mut self.draft, module, class, &call, outputs)?;
        Ok(made.first().copied())
    }
}

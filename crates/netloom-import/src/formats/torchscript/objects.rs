//! The objects of an archive: which modules there are, and what they store.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use netloom_graph::{Role, TensorId};

use super::program::{Program, plain};
use super::value::Val;
use crate::Error;
use crate::Source;
use crate::draft::{Draft, MAX_DEPTH, Stored};
use crate::formats::torch::container::Container;
use crate::formats::torch::elements;
use crate::pickle::tensor::{Place, Tensor};
use crate::pickle::{Id, Item, Value};

/// How deep lists and dictionaries are taken out of the file.
const MAX_LISTS: usize = 16;

/// The most values that attributes may hold together.
const MAX_VALUES: usize = 4_000_000;

/// What is known of the objects of a file.
pub(super) struct Objects<'a> {
    source: &'a dyn Source,
    pub container: &'a Container<'a>,
    /// Every module in order of definition: where it is first found, its class and its object.
    pub modules: Vec<(String, String, Value)>,
    paths: BTreeMap<Id, String>,
    weights: BTreeMap<Id, TensorId>,
    places: BTreeMap<(String, i64, Vec<i64>), TensorId>,
    values: usize,
}

fn id(value: Value) -> Option<Id> {
    match value {
        Value::Item(id) => Some(id),
        _ => None,
    }
}

impl<'a> Objects<'a> {
    /// Finds the modules below the outermost object, and makes their weights.
    pub fn find(
        source: &'a dyn Source,
        container: &'a Container<'a>,
        program: &Program<'_>,
        draft: &mut Draft,
    ) -> Result<Self, Error> {
        let mut objects = Self {
            source,
            container,
            modules: Vec::new(),
            paths: BTreeMap::new(),
            weights: BTreeMap::new(),
            places: BTreeMap::new(),
            values: 0,
        };
        let pickle = &container.pickle;
        let mut seen = BTreeSet::new();
        let mut stack = vec![(pickle.root, String::new())];
        while let Some((module, path)) = stack.pop() {
            let (Some(key), Some(class)) = (id(module), objects.class(module)) else { continue };
            if !seen.insert(key) || path.split('.').count() >= MAX_DEPTH {
                continue;
            }
            draft.count(1)?;
            objects.paths.insert(key, path.clone());
            objects.modules.push((path.clone(), class.clone(), module));
            let declared = program.class(&class)?;
            let entries = pickle.attributes(module).and_then(|a| pickle.entries(a)).unwrap_or(&[]);
            let mut inner = Vec::new();
            for (name, value) in entries {
                let (Some(name), Some(item)) = (pickle.text(*name), id(*value)) else { continue };
                let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                if let Some(tensor) = container.tensor(*value) {
                    let is_parameter = match &declared {
                        Some(class) => class.parameters.iter().any(|p| **p == *name),
                        None => tensor.requires_grad == Some(true),
                    };
                    let role = if is_parameter {
                        Role::Parameter { trainable: tensor.requires_grad }
                    } else {
                        Role::Buffer
                    };
                    objects.weight(draft, item, &below, &tensor, role)?;
                } else if objects.class(*value).is_some() {
                    inner.push((*value, below));
                }
            }
            stack.extend(inner.into_iter().rev());
        }
        Ok(objects)
    }

    /// The qualified name of an object's class, such as `__torch__.models.Net`.
    pub fn class(&self, value: Value) -> Option<String> {
        let (module, name) = self.container.pickle.class(value)?;
        let own = module == "__torch__" || module.starts_with("__torch__.");
        own.then(|| format!("{module}.{name}"))
    }

    /// Where a module stands in the tree.
    pub fn path(&self, value: Value) -> Option<&str> {
        self.paths.get(&id(value)?).map(String::as_str)
    }

    /// The stored tensor; what shares its numbers with another one is that one.
    fn weight(
        &mut self,
        draft: &mut Draft,
        item: Id,
        path: &str,
        tensor: &Tensor,
        role: Role,
    ) -> Result<TensorId, Error> {
        if let Some(made) = self.weights.get(&item) {
            return Ok(*made);
        }
        let place = match &tensor.place {
            Some(Place::Storage { key, offset, .. }) => Some((key.clone(), *offset, tensor.dims.clone())),
            _ => None,
        };
        let shared = place.as_ref().and_then(|p| self.places.get(p).copied());
        let made = match shared {
            Some(made) => made,
            None => {
                let made = draft.weight(path, stored(self.container, tensor, role))?;
                draft.graph.tensor_mut(made).value = elements::read(self.source, self.container, tensor);
                made
            }
        };
        self.weights.insert(item, made);
        if let Some(place) = place {
            self.places.entry(place).or_insert(made);
        }
        Ok(made)
    }

    /// A value of the file as the code sees it; `name` is what a tensor would be called.
    pub fn load(&mut self, draft: &mut Draft, value: Value, name: &str) -> Result<Val, Error> {
        self.load_within(draft, value, name, 0)
    }

    fn load_within(
        &mut self,
        draft: &mut Draft,
        value: Value,
        name: &str,
        depth: usize,
    ) -> Result<Val, Error> {
        let container = self.container;
        let pickle = &container.pickle;
        let value = pickle.untagged(value);
        self.values += 1;
        if depth > MAX_LISTS || self.values > MAX_VALUES {
            return Ok(Val::Unknown);
        }
        let Value::Item(item) = value else {
            return Ok(match value {
                Value::None | Value::Item(_) => Val::None,
                Value::Bool(b) => Val::Bool(b),
                Value::Int(n) => Val::Int(n.into()),
                Value::Float(x) => Val::Float(x),
            });
        };
        if let Some(tensor) = container.tensor(value) {
            return self.weight(draft, item, name, &tensor, Role::Buffer).map(Val::Tensor);
        }
        Ok(match pickle.item(value) {
            Some(Item::Text(text)) => Val::Text(Rc::from(text.as_str())),
            Some(Item::List(list)) => {
                let list = list.iter().enumerate();
                let list = list.map(|(i, v)| self.load_within(draft, *v, &format!("{name}.{i}"), depth + 1));
                Val::list(list.collect::<Result<_, _>>()?)
            }
            Some(Item::Tuple(list)) => {
                let list = list.iter().enumerate();
                let list = list.map(|(i, v)| self.load_within(draft, *v, &format!("{name}.{i}"), depth + 1));
                Val::Tuple(Rc::new(list.collect::<Result<_, _>>()?))
            }
            Some(Item::Dict(entries)) => {
                let mut made = Vec::new();
                for (key, value) in entries {
                    let key = self.load_within(draft, *key, name, depth + 1)?;
                    made.push((key, self.load_within(draft, *value, name, depth + 1)?));
                }
                Val::Dict(Rc::new(std::cell::RefCell::new(made)))
            }
            Some(Item::Object(_)) if pickle.class(value) == Some(("torch", "device")) => Val::Device,
            Some(Item::Object(_)) => Val::Object(value),
            _ => Val::Unknown,
        })
    }

    /// Makes every module that no code has come by, so that the tree is whole.
    pub fn finish(&self, draft: &mut Draft) -> Result<(), Error> {
        for (path, class, _) in &self.modules {
            let module = draft.module_at(path)?;
            if draft.graph.module(module).class.is_none() {
                draft.graph.module_mut(module).class = Some(plain(class).to_owned());
            }
        }
        Ok(())
    }
}

/// The facts of a stored tensor.
pub(super) fn stored(container: &Container<'_>, tensor: &Tensor, role: Role) -> Stored {
    let dims = tensor.dims.iter().map(|n| (*n).into());
    Stored::new(tensor.dtype, dims).with_role(role).at(container.place(tensor))
}

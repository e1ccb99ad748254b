//! Where the weights are in what was saved: a state dict, a checkpoint around one, or whole modules.

use std::collections::{BTreeMap, BTreeSet};

use super::container::Container;
use crate::Error;
use crate::error::Grouped;
use crate::pickle::tensor::Tensor;
use crate::pickle::{Id, Item, Value};

/// The most tensors of a file.
const MAX_TENSORS: usize = 1_000_000;

/// How deep dictionaries of weights may stand in one another.
const MAX_DEPTH: usize = 16;

/// The most values that are looked at.
const MAX_STEPS: usize = 4_000_000;

/// What a file turned out to hold.
pub(super) enum Found {
    /// Named tensors, and what else was noticed.
    Weights {
        /// In order of the file.
        tensors: Vec<(String, Tensor)>,
        /// Remarks.
        notes: Vec<String>,
    },
    /// A module with everything in it.
    Module {
        /// The object.
        object: Value,
        /// Remarks.
        notes: Vec<String>,
    },
    /// Neither: what the outermost object is, in words.
    Nothing(String),
}

/// Keys under which checkpoints keep a model, the likeliest first.
const MODELS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model_state",
    "model_dict",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params_ema",
    "params",
    "ema_state_dict",
    "model_ema",
    "ema",
    "state",
];

/// Parts of keys under which there is no model: what optimisers and training loops remember.
const OTHERS: &[&str] = &[
    "optim", "sched", "scaler", "rng", "callback", "loop", "history", "hyper", "config", "args", "metric",
    "loss", "sampler", "exp_avg", "momentum", "grad",
];

/// Finds the weights.
///
/// # Errors
/// When there are more than [`MAX_TENSORS`].
pub(super) fn find(container: &Container<'_>) -> Result<Found, Error> {
    let mut search = Search { container, steps: 0 };
    search.below(container.pickle.untagged(container.pickle.root), 0, "")
}

struct Search<'a> {
    container: &'a Container<'a>,
    steps: usize,
}

impl Search<'_> {
    fn below(&mut self, value: Value, depth: usize, at: &str) -> Result<Found, Error> {
        let pickle = &self.container.pickle;
        let mut notes = Vec::new();
        if !at.is_empty() {
            notes.push(format!("weights are those under `{at}` of the checkpoint"));
        }
        if is_module(self.container, value) {
            return Ok(Found::Module { object: value, notes });
        }
        if depth > 3 {
            return Ok(Found::Nothing(self.describe(value)));
        }
        let entries = self.named(value);
        let own = entries.iter().any(|(name, v)| self.container.tensor(*v).is_some() && !is_other(name));
        let holders: Vec<(String, Value)> =
            entries.iter().filter(|(name, v)| !is_other(name) && self.holds(*v)).cloned().collect();
        let by_name = MODELS.iter().find_map(|key| holders.iter().find(|(name, _)| name == key));
        let likely = by_name.or(match holders.as_slice() {
            [one] if !own => Some(one),
            _ => None,
        });
        if let Some((name, inner)) = likely.cloned() {
            // A model may itself have a part called `model` or `net`, beside other parts with dotted names.
            let dotted = entries.iter().any(|(n, v)| n.contains('.') && self.container.tensor(*v).is_some());
            if !dotted && (by_name_is_checkpoint(&entries, &name) || !own) {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let mut found = self.below(inner, depth + 1, &at)?;
                let rest: Vec<&str> =
                    holders.iter().map(|(n, _)| n.as_str()).filter(|n| *n != name).collect();
                if let (Found::Weights { notes, .. } | Found::Module { notes, .. }, false) =
                    (&mut found, rest.is_empty())
                {
                    notes.push(format!(
                        "more weights stand under `{}`, which are not shown",
                        rest.join("`, `")
                    ));
                }
                return Ok(found);
            }
        }
        let mut tensors = Vec::new();
        self.collect(value, "", &mut tensors, 0, &mut BTreeSet::new())?;
        if tensors.is_empty() {
            // What holds the model may be an object of any class with it as an attribute.
            if let [(name, inner)] = holders.as_slice() {
                return self.below(*inner, depth + 1, name);
            }
            return Ok(Found::Nothing(self.describe(pickle.untagged(value))));
        }
        for prefix in ["module.", "_orig_mod.", "module."] {
            if tensors.iter().all(|(name, _)| name.starts_with(prefix)) {
                for (name, _) in &mut tensors {
                    name.drain(..prefix.len());
                }
                notes.push(format!("`{prefix}` was taken off all names"));
            }
        }
        Ok(Found::Weights { tensors, notes })
    }

    /// The entries of a dictionary or the attributes of an object, by name, each once.
    fn named(&mut self, value: Value) -> Vec<(String, Value)> {
        let pickle = &self.container.pickle;
        let entries = match pickle.entries(value) {
            Some(entries) => entries,
            None => pickle.attributes(value).and_then(|a| pickle.entries(a)).unwrap_or(&[]),
        };
        self.steps += entries.len();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut named: Vec<(String, Value)> = Vec::new();
        for (key, value) in entries {
            let name = match key {
                Value::Int(n) => n.to_string(),
                key => match pickle.text(*key) {
                    Some(text) => text.to_owned(),
                    None => continue,
                },
            };
            let value = pickle.untagged(*value);
            match places.get(&name) {
                Some(at) => named[*at].1 = value,
                None => {
                    places.insert(name.clone(), named.len());
                    named.push((name, value));
                }
            }
        }
        named
    }

    /// Whether a value is a module, or a dictionary or object with tensors in it or one level down.
    fn holds(&mut self, value: Value) -> bool {
        self.holds_within(value, 2)
    }

    fn holds_within(&mut self, value: Value, levels: usize) -> bool {
        if is_module(self.container, value) {
            return true;
        }
        let entries = self.named(value);
        if self.steps > MAX_STEPS {
            return false;
        }
        entries.iter().any(|(_, v)| self.container.tensor(*v).is_some())
            || levels > 0
                && entries.iter().any(|(name, v)| {
                    !is_other(name)
                        && self.container.pickle.item(*v).is_some()
                        && self.holds_within(*v, levels - 1)
                })
    }

    /// Every tensor inside, named by the way to it.
    fn collect(
        &mut self,
        value: Value,
        path: &str,
        tensors: &mut Vec<(String, Tensor)>,
        depth: usize,
        open: &mut BTreeSet<Id>,
    ) -> Result<(), Error> {
        let pickle = &self.container.pickle;
        if let Some(tensor) = self.container.tensor(value) {
            if tensors.len() >= MAX_TENSORS {
                return Err(Error::limit(format!(
                    "the file has more than {} tensors",
                    Grouped(MAX_TENSORS as u64)
                )));
            }
            tensors.push((path.to_owned(), tensor));
            return Ok(());
        }
        let Value::Item(id) = value else { return Ok(()) };
        // A dictionary that holds itself is walked once.
        if depth > MAX_DEPTH || self.steps > MAX_STEPS || !open.insert(id) {
            return Ok(());
        }
        let join = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let packed = path
            .strip_suffix("_packed_params")
            .map(|p| p.trim_end_matches("_packed_params.").trim_end_matches('.'));
        let list = match pickle.item(value) {
            Some(Item::List(list) | Item::Tuple(list)) => list.clone(),
            _ => Vec::new(),
        };
        match packed {
            // A quantised layer: its matrix and its bias.
            Some(owner) if list.len() >= 2 => {
                for (value, name) in list.iter().zip(["weight", "bias"]) {
                    let name = if owner.is_empty() { name.to_owned() } else { format!("{owner}.{name}") };
                    self.collect(*value, &name, tensors, depth + 1, open)?;
                }
            }
            _ => {
                self.steps += list.len();
                for (i, value) in list.iter().enumerate() {
                    self.collect(pickle.untagged(*value), &join(&i.to_string()), tensors, depth + 1, open)?;
                }
            }
        }
        // Attributes of objects are nothing that a state dict keeps.
        if pickle.entries(value).is_some() {
            for (name, value) in self.named(value) {
                if !(depth == 0 && is_other(&name) && self.container.tensor(value).is_none()) {
                    self.collect(value, &join(&name), tensors, depth + 1, open)?;
                }
            }
        }
        open.remove(&id);
        Ok(())
    }

    fn describe(&self, value: Value) -> String {
        let pickle = &self.container.pickle;
        match pickle.item(value) {
            None => "a single value".to_owned(),
            Some(Item::List(_) | Item::Tuple(_)) => "a list without weights".to_owned(),
            Some(Item::Dict(entries)) => {
                let keys: Vec<String> = entries
                    .iter()
                    .take(6)
                    .filter_map(|(k, _)| pickle.text(*k).map(|t| format!("`{t}`")))
                    .collect();
                match keys.is_empty() {
                    true => "a dictionary without weights".to_owned(),
                    false => format!("a dictionary without weights, with {}", keys.join(", ")),
                }
            }
            Some(Item::Object(_)) => match pickle.class(value) {
                Some((module, name)) => format!("an object of class {module}.{name}"),
                None => "an object".to_owned(),
            },
            Some(_) => "a single value".to_owned(),
        }
    }
}

/// Whether a checkpoint has that key, rather than a model a part of that name: it has other keys of training loops, or
/// nothing but models.
fn by_name_is_checkpoint(entries: &[(String, Value)], name: &str) -> bool {
    name.contains("state")
        || entries.len() == 1
        || entries.iter().any(|(n, _)| is_other(n) || ["epoch", "step", "iter"].iter().any(|w| n.contains(w)))
        || entries.iter().any(|(_, v)| !matches!(v, Value::Item(_)))
}

fn is_other(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.contains('.') && OTHERS.iter().any(|o| name.contains(o))
}

/// Whether a value is a module: an object with parts, parameters and buffers.
pub(super) fn is_module(container: &Container<'_>, value: Value) -> bool {
    let pickle = &container.pickle;
    pickle
        .attributes(value)
        .is_some_and(|a| pickle.get(a, "_modules").is_some() && pickle.get(a, "_parameters").is_some())
}

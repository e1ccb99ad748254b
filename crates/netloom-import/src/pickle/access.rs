//! Questions to a pickle that has been read.

use super::{Item, Object, Pickle, Value};

/// The longest list that is copied out as sizes.
const MAX_SIZES: usize = 64;

impl Pickle {
    /// What a value refers to; `None` for a small one.
    pub fn item(&self, value: Value) -> Option<&Item> {
        match value {
            Value::Item(id) => self.items.get(id.index()),
            _ => None,
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Every item.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// The text that a value is.
    pub fn text(&self, value: Value) -> Option<&str> {
        match self.item(value)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer that a value is; a Boolean counts.
    pub fn int(&self, value: Value) -> Option<i64> {
        match value {
            Value::Int(n) => Some(n),
            Value::Bool(b) => Some(b.into()),
            _ => None,
        }
    }

    /// The module and name of the class or function that a value is.
    pub fn global(&self, value: Value) -> Option<(&str, &str)> {
        match self.item(value)? {
            Item::Global { module, name } => Some((module, name)),
            _ => None,
        }
    }

    /// The object that a value is.
    pub fn object(&self, value: Value) -> Option<&Object> {
        match self.item(value)? {
            Item::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The class of an object or the function it is made by: module and name.
    pub fn class(&self, value: Value) -> Option<(&str, &str)> {
        let object = self.object(value)?;
        match self.global(object.callee)? {
            // The generic ways to make an object name its class as the first argument.
            ("copy_reg" | "copyreg", "_reconstructor" | "__newobj__") => {
                self.global(*self.list(object.arguments)?.first()?)
            }
            global => Some(global),
        }
    }

    /// The elements of a list, tuple or set.
    pub fn list(&self, value: Value) -> Option<&[Value]> {
        match self.item(value)? {
            Item::List(list) | Item::Tuple(list) | Item::Set(list) => Some(list),
            Item::Object(object) if !object.appended.is_empty() => Some(&object.appended),
            _ => None,
        }
    }

    /// The entries of a dictionary, or of an object that was filled like one, in order; keys may come again.
    pub fn entries(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.item(value)? {
            Item::Dict(entries) => Some(entries),
            Item::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            _ => None,
        }
    }

    /// The entry of that name.
    pub fn get(&self, dict: Value, key: &str) -> Option<Value> {
        self.entries(dict)?.iter().rev().find(|(k, _)| self.text(*k) == Some(key)).map(|(_, v)| *v)
    }

    /// The attributes of an object: the dictionary it is set up with.
    pub fn attributes(&self, value: Value) -> Option<Value> {
        let state = self.object(value)?.state?;
        // With `__slots__` the state is a pair of dictionaries.
        match self.item(state)? {
            Item::Dict(_) => Some(state),
            Item::Tuple(pair) if pair.len() == 2 => {
                pair.iter().copied().find(|v| matches!(self.item(*v), Some(Item::Dict(_))))
            }
            _ => None,
        }
    }

    /// An attribute of an object.
    pub fn attribute(&self, value: Value, name: &str) -> Option<Value> {
        self.get(self.attributes(value)?, name)
    }

    /// A short list of integers.
    pub fn ints(&self, value: Value) -> Option<Vec<i64>> {
        let list = self.list(self.untagged(value))?;
        if list.len() > MAX_SIZES {
            return None;
        }
        list.iter().map(|v| self.int(*v)).collect()
    }

    /// What stands behind the tags of types that TorchScript puts around lists and dictionaries.
    pub fn untagged(&self, mut value: Value) -> Value {
        // Tags do not nest; the bound ends circles.
        for _ in 0..8 {
            let Some(object) = self.object(value) else { break };
            let Some(("torch.jit._pickle", name)) = self.global(object.callee) else { break };
            let is_tag = name == "restore_type_tag" || name.starts_with("build_");
            let Some(first) = self.list(object.arguments).and_then(<[Value]>::first).filter(|_| is_tag)
            else {
                break;
            };
            value = *first;
        }
        value
    }
}

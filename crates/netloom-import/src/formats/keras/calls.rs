//! How layers are connected: the calls of a layer, in the words of every Keras.
//!
//! # Source
//! The functional configuration of Keras 3 (`inbound_nodes` with `args` and `kwargs`, tensors as `__keras_tensor__`) and of
//! Keras 1 and 2 (lists of `[layer, node, tensor, kwargs]`): <https://keras.io/guides/serialization_and_saving/>.

use std::collections::BTreeMap;

use serde_json::Value;

use super::config::{int, shape};

/// A tensor as a call names it.
#[derive(Clone, PartialEq, Debug)]
pub struct Ref<'a> {
    /// The layer that makes it.
    pub layer: &'a str,
    /// Which of that layer's calls.
    pub call: usize,
    /// Which of the call's results.
    pub output: usize,
    /// Its shape, where the file says it.
    pub shape: Option<Vec<Option<i64>>>,
    /// Its element type, where the file says it.
    pub dtype: Option<&'a str>,
}

/// An argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg<'a> {
    /// A tensor.
    Tensor(Ref<'a>),
    /// Several arguments, as lists and tuples are.
    List(Vec<Arg<'a>>),
    /// Anything else.
    Value(&'a Value),
}

/// One call of a layer.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Call<'a> {
    /// Arguments by position.
    pub args: Vec<Arg<'a>>,
    /// Arguments by name.
    pub named: BTreeMap<&'a str, Arg<'a>>,
}

impl<'a> Arg<'a> {
    /// The tensors in it, in order.
    pub fn tensors<'b>(&'b self, found: &mut Vec<&'b Ref<'a>>) {
        match self {
            Self::Tensor(one) => found.push(one),
            Self::List(list) => list.iter().for_each(|a| a.tensors(found)),
            Self::Value(_) => {}
        }
    }
}

impl<'a> Call<'a> {
    /// Every tensor that the call reads, in order.
    pub fn tensors(&self) -> Vec<&Ref<'a>> {
        let mut found = Vec::new();
        self.args.iter().chain(self.named.values()).for_each(|a| a.tensors(&mut found));
        found
    }
}

/// The calls of a layer, from its `inbound_nodes`.
pub fn read(nodes: Option<&Value>) -> Vec<Call<'_>> {
    let Some(Value::Array(nodes)) = nodes else { return Vec::new() };
    nodes.iter().map(call).collect()
}

fn call(node: &Value) -> Call<'_> {
    match node {
        Value::Object(map) => {
            let args = match map.get("args") {
                Some(Value::Array(args)) => args.iter().map(modern).collect(),
                _ => Vec::new(),
            };
            let named = match map.get("kwargs") {
                Some(Value::Object(named)) => named.iter().map(|(k, v)| (k.as_str(), modern(v))).collect(),
                _ => BTreeMap::new(),
            };
            Call { args, named }
        }
        // One tensor without a list around it, as layers of operators have.
        Value::Array(list) if list.first().is_some_and(Value::is_string) => old(std::slice::from_ref(node)),
        Value::Array(list) => old(list),
        _ => Call::default(),
    }
}

fn modern(value: &Value) -> Arg<'_> {
    match value {
        Value::Array(list) => Arg::List(list.iter().map(modern).collect()),
        Value::Object(map) => match (map.get("class_name").and_then(Value::as_str), map.get("config")) {
            (Some("__keras_tensor__"), Some(config)) => {
                let history = config.get("keras_history").and_then(Value::as_array);
                let Some((layer, call, output)) = history.and_then(|h| place(h)) else {
                    return Arg::Value(value);
                };
                Arg::Tensor(Ref {
                    layer,
                    call,
                    output,
                    shape: config.get("shape").and_then(shape),
                    dtype: config.get("dtype").and_then(Value::as_str),
                })
            }
            (Some("__tuple__"), _) => match map.get("items") {
                Some(Value::Array(items)) => Arg::List(items.iter().map(modern).collect()),
                _ => Arg::Value(value),
            },
            (None, _) if has_tensor(value) => Arg::List(map.values().map(modern).collect()),
            _ => Arg::Value(value),
        },
        _ => Arg::Value(value),
    }
}

fn has_tensor(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(has_tensor),
        Value::Object(map) => {
            map.get("class_name").and_then(Value::as_str) == Some("__keras_tensor__")
                || map.values().any(has_tensor)
        }
        _ => false,
    }
}

/// Tensors of one call, `[layer, node, tensor, kwargs]` each; more than one make a list argument.
fn old(list: &[Value]) -> Call<'_> {
    let mut args = Vec::new();
    let mut named = BTreeMap::new();
    for item in list {
        let Some(parts) = item.as_array() else { continue };
        args.push(match (place(parts), parts.first().and_then(Value::as_str)) {
            (Some((layer, call, output)), _) => tensor(layer, call, output),
            (None, Some("_CONSTANT_VALUE")) => parts.get(2).map_or(Arg::Value(&Value::Null), Arg::Value),
            _ => Arg::List(old(parts).args),
        });
        if let Some(Value::Object(more)) = parts.get(3) {
            for (name, value) in more {
                named.insert(name.as_str(), old_value(value));
            }
        }
    }
    if args.len() > 1 {
        args = vec![Arg::List(args)];
    }
    Call { args, named }
}

/// A value of a keyword: a tensor is `[layer, node, tensor]`.
fn old_value(value: &Value) -> Arg<'_> {
    match value {
        Value::Array(list) => match place(list) {
            Some((layer, call, output)) => tensor(layer, call, output),
            None if list.first().and_then(Value::as_str) == Some("_CONSTANT_VALUE") => {
                list.get(2).map_or(Arg::Value(value), Arg::Value)
            }
            None if list.iter().any(|v| v.is_array()) => Arg::List(list.iter().map(old_value).collect()),
            None => Arg::Value(value),
        },
        _ => Arg::Value(value),
    }
}

fn tensor(layer: &str, call: usize, output: usize) -> Arg<'_> {
    Arg::Tensor(Ref { layer, call, output, shape: None, dtype: None })
}

/// `[layer, node, tensor, …]`.
fn place(list: &[Value]) -> Option<(&str, usize, usize)> {
    let [layer, call, output, ..] = list else { return None };
    Some((layer.as_str()?, usize::try_from(int(call)?).ok()?, usize::try_from(int(output)?).ok()?))
}

/// The places that a model's `input_layers` or `output_layers` name, in any nesting.
pub fn ends(value: Option<&Value>) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    if let Some(value) = value {
        collect(value, &mut found);
    }
    found
}

fn collect<'a>(value: &'a Value, found: &mut Vec<(&'a str, usize, usize)>) {
    match value {
        Value::Array(list) => match place(list) {
            Some(end) => found.push(end),
            None => list.iter().for_each(|v| collect(v, found)),
        },
        Value::Object(map) => map.values().for_each(|v| collect(v, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, tensors: &[(&str, usize, usize)], named: &[&str]) {
        let value: Value = serde_json::from_str(text).unwrap();
        let calls = read(Some(&value));
        let call = calls.first().unwrap();
        let found: Vec<_> = call.tensors().iter().map(|r| (r.layer, r.call, r.output)).collect();
        assert_eq!(found, tensors, "{text}");
        assert_eq!(call.named.keys().copied().collect::<Vec<_>>(), named, "{text}");
    }

    #[test]
    fn calls_of_all_ages() {
        check(r#"[[["a", 0, 0], ["b", 1, 2]]]"#, &[("a", 0, 0), ("b", 1, 2)], &[]);
        check(r#"[[["a", 0, 0, {"mask": null}]]]"#, &[("a", 0, 0)], &["mask"]);
        check(
            r#"[["a", 0, 0, {"y": ["b", 0, 0], "name": null}]]"#,
            &[("a", 0, 0), ("b", 0, 0)],
            &["name", "y"],
        );
        check(r#"[["_CONSTANT_VALUE", -1, 2.0, {"y": ["b", 0, 1]}]]"#, &[("b", 0, 1)], &["y"]);
        check(
            r#"[{"args": [[{"class_name": "__keras_tensor__", "config": {"shape": [null, 4], "dtype": "float32",
            "keras_history": ["a", 0, 1]}}], 3], "kwargs": {"mask": null}}]"#,
            &[("a", 0, 1)],
            &["mask"],
        );
        let value: Value = serde_json::from_str(r#"{"x": ["a", 0, 0], "y": [["b", 0, 1]]}"#).unwrap();
        assert_eq!(ends(Some(&value)), [("a", 0, 0), ("b", 0, 1)]);
    }
}

//! Arguments of nodes.

use netloom_graph::Dim;
use serde_json::Value;

use super::build::Build;
use super::schema::Union;
use super::types::dtype;
use crate::Error;
use crate::aten::Arg;

impl Build<'_> {
    /// An argument in the terms of the operators.
    pub(super) fn argument(&mut self, arg: &Union) -> Result<Arg, Error> {
        let body = &arg.body;
        Ok(match arg.kind.as_str() {
            "as_none" => Arg::None,
            "as_tensor" => match arg.name() {
                Some(name) => Arg::Tensor(self.named(name)?),
                None => Arg::None,
            },
            "as_tensors" | "as_optional_tensors" | "as_nested_tensors" => self.tensors(body)?,
            "as_optional_tensor" => match inner_name(body) {
                Some(name) => Arg::Tensor(self.named(name)?),
                None => Arg::None,
            },
            "as_int" => body.as_i64().map_or(Arg::None, |n| Arg::Int(Dim::Known(n))),
            "as_ints" => Arg::Ints(list(body, |v| v.as_i64().map_or(Dim::Unknown, Dim::Known))),
            "as_float" => Arg::Float(number(body)),
            "as_floats" => Arg::Floats(list(body, number)),
            "as_bool" => Arg::Bool(body.as_bool().unwrap_or(false)),
            "as_bools" => Arg::Bools(list(body, |v| v.as_bool().unwrap_or(false))),
            "as_string" => Arg::Str(body.as_str().unwrap_or_default().to_owned()),
            "as_sym_int" | "as_sym_bool" => Arg::Int(self.symbolic(body)),
            "as_sym_ints" => Arg::Ints(list(body, |v| self.symbolic(v))),
            "as_sym_float" => {
                body.get("as_float").map_or(Arg::Other("a number".into()), |v| Arg::Float(number(v)))
            }
            "as_scalar_type" => body.as_i64().and_then(dtype).map_or(Arg::Device, Arg::DType),
            "as_device" | "as_layout" | "as_memory_format" => Arg::Device,
            "as_operator" => Arg::Str(body.as_str().unwrap_or_default().to_owned()),
            other => Arg::Other(other.trim_start_matches("as_").to_owned()),
        })
    }

    fn tensors(&mut self, body: &Value) -> Result<Arg, Error> {
        let mut all = Vec::new();
        for item in body.as_array().map(Vec::as_slice).unwrap_or_default() {
            if let Some(nested) = item.as_array() {
                for item in nested {
                    let name = inner_name(item);
                    all.push(name.map(|n| self.named(n)).transpose()?);
                }
            } else {
                let name = inner_name(item);
                all.push(name.map(|n| self.named(n)).transpose()?);
            }
        }
        Ok(Arg::Tensors(all))
    }

    /// A number that may be a symbol, by the name it has in the graph.
    pub(super) fn symbolic(&self, body: &Value) -> Dim {
        if let Some(n) = body.get("as_int").and_then(Value::as_i64) {
            return Dim::Known(n);
        }
        if let Some(b) = body.get("as_bool").and_then(Value::as_bool) {
            return Dim::Known(i64::from(b));
        }
        let name = body.get("as_name").and_then(Value::as_str);
        name.and_then(|n| self.graph().sym_int_values.get(n)).map_or(Dim::Unknown, |s| self.sizes.dim(s))
    }
}

/// The name of a tensor, perhaps inside a union.
pub(super) fn inner_name(item: &Value) -> Option<&str> {
    item.get("name").or_else(|| item.get("as_tensor")?.get("name"))?.as_str()
}

/// The names of all tensors that an argument speaks of.
pub(super) fn names(arg: &Union) -> Vec<&str> {
    match arg.kind.as_str() {
        "as_tensor" => arg.name().into_iter().collect(),
        "as_optional_tensor" => inner_name(&arg.body).into_iter().collect(),
        "as_tensors" | "as_optional_tensors" | "as_nested_tensors" => {
            let items = arg.body.as_array().map(Vec::as_slice).unwrap_or_default();
            let flat = items.iter().flat_map(|i| i.as_array().map_or(std::slice::from_ref(i), Vec::as_slice));
            flat.filter_map(inner_name).collect()
        }
        _ => Vec::new(),
    }
}

fn list<T>(body: &Value, each: impl Fn(&Value) -> T) -> Vec<T> {
    body.as_array().map(|a| a.iter().map(each).collect()).unwrap_or_default()
}

/// JSON has no infinite numbers: they are written as words.
fn number(body: &Value) -> f64 {
    body.as_f64().unwrap_or_else(|| match body.as_str() {
        Some("Infinity" | "inf") => f64::INFINITY,
        Some("-Infinity" | "-inf") => f64::NEG_INFINITY,
        _ => f64::NAN,
    })
}

//! The settings of a layer: a JSON object read by name, in today's words or those of Keras 1.

use serde_json::{Map, Value};

/// What Keras 1 called a setting that has another name today; nothing is renamed where the new name is there.
const OLD_NAMES: &[(&str, &[&str])] = &[
    ("data_format", &["dim_ordering"]),
    ("dilation_rate", &["atrous_rate"]),
    ("filters", &["nb_filter"]),
    ("groups", &["nb_group"]),
    ("kernel_size", &["filter_length"]),
    ("negative_slope", &["alpha"]),
    ("padding", &["border_mode"]),
    ("pool_size", &["pool_length"]),
    ("rate", &["p"]),
    ("recurrent_activation", &["inner_activation"]),
    ("strides", &["subsample", "subsample_length", "stride"]),
    ("units", &["output_dim"]),
    ("use_bias", &["bias"]),
];

/// The settings of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a>(Option<&'a Map<String, Value>>);

impl<'a> Config<'a> {
    /// The settings that a value holds; none where it is no object.
    pub fn new(value: Option<&'a Value>) -> Self {
        Self(value.and_then(Value::as_object))
    }

    /// A setting; what is null is not set.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        let map = self.0?;
        let old = || {
            let names = OLD_NAMES.iter().find(|(new, _)| *new == name)?.1;
            names.iter().find_map(|n| map.get(*n))
        };
        map.get(name).or_else(old).filter(|v| !v.is_null())
    }

    /// Every setting, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.into_iter().flatten().map(|(k, v)| (k.as_str(), v))
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        int(self.get(name)?)
    }

    /// A number.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    /// Whether something is so; `default` where it is not said.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        match self.get(name) {
            Some(Value::Bool(b)) => *b,
            Some(Value::Number(n)) => n.as_f64() != Some(0.0),
            _ => default,
        }
    }

    /// Whole numbers, one or a list of them.
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        ints(self.get(name)?)
    }

    /// As many whole numbers as there are sides: one stands for all of them.
    pub fn sides(&self, name: &str, n: usize) -> Option<Vec<i64>> {
        let found = self.ints(name)?;
        match found.as_slice() {
            [one] => Some(vec![*one; n]),
            all if all.len() == n => Some(found),
            _ => None,
        }
    }

    /// An object inside.
    pub fn inside(&self, name: &str) -> Config<'a> {
        Config::new(self.get(name))
    }
}

/// A whole number, also where it is written as `3.0`.
pub fn int(value: &Value) -> Option<i64> {
    let whole = |x: f64| (x.fract() == 0.0 && x.abs() < 9e15).then_some(x as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

/// Whole numbers: one, or a list, or a tuple as Keras writes it.
pub fn ints(value: &Value) -> Option<Vec<i64>> {
    match value {
        Value::Array(list) => list.iter().map(int).collect(),
        Value::Object(map) => {
            let inner = map.get("items").or_else(|| map.get("config")).or_else(|| map.get("value"))?;
            inner.is_array().then(|| ints(inner)).flatten()
        }
        _ => int(value).map(|n| vec![n]),
    }
}

/// A shape: whole numbers with `None` for what is open.
pub fn shape(value: &Value) -> Option<Vec<Option<i64>>> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(map) => map.get("items").or_else(|| map.get("config"))?.as_array()?,
        _ => return None,
    };
    list.iter().map(|v| if v.is_null() { Some(None) } else { int(v).map(Some) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_all_ages() {
        let value: Value = serde_json::from_str(
            r#"{"nb_filter": 8, "subsample": [2, 2], "kernel_size": 3, "rate": null, "p": 0.5, "bias": false,
                "target": {"class_name": "__tuple__", "items": [1, 2]}, "shape": [null, 3.0]}"#,
        )
        .unwrap();
        let config = Config::new(Some(&value));
        assert_eq!(config.int("filters"), Some(8));
        assert_eq!(config.sides("strides", 2), Some(vec![2, 2]));
        assert_eq!(config.sides("strides", 3), None);
        assert_eq!(config.sides("kernel_size", 3), Some(vec![3, 3, 3]));
        assert!(!config.flag("use_bias", true));
        assert_eq!(config.ints("target"), Some(vec![1, 2]));
        assert_eq!(shape(&value["shape"]), Some(vec![None, Some(3)]));
        assert_eq!(config.get("rate"), None);
    }
}

//! The documented shape of the JSON, as types for writing and reading.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The whole file, for reading.
#[derive(Deserialize)]
pub struct File {
    pub netloom_graph: u64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub format: String,
    #[serde(default)]
    pub producer: String,
    pub modules: Vec<Module>,
    pub tensors: Vec<Tensor>,
    pub nodes: Vec<Node>,
    #[serde(default)]
    pub regions: Vec<Region>,
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Serialize, Deserialize)]
pub struct Module {
    pub name: String,
    #[serde(default)]
    pub path: String,
    pub parent: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Tensor {
    pub name: String,
    #[serde(default)]
    pub dtype: Option<String>,
    #[serde(default)]
    pub shape: Option<Vec<Extent>>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<Type>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A number, a symbol or expression as text, or nothing.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extent {
    Known(i64),
    Expr(String),
    Unknown(()),
}

/// What flows along an edge and is no dense tensor; exactly one of `sequence`, `optional`, `map`, `sparse` and `dense`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    Unknown,
    Dense(Dense),
    Sparse(Dense),
    Sequence(Box<Type>),
    Optional(Box<Type>),
    Map(String, Box<Type>),
}

#[derive(Serialize, Deserialize)]
pub struct Dense {
    #[serde(default)]
    pub dtype: Option<String>,
    #[serde(default)]
    pub shape: Option<Vec<Extent>>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sparse: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trainable: Option<bool>,
    /// The stored type, where it is another one than the tensor's.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub dense: Option<Dense>,
}

#[derive(Serialize, Deserialize)]
pub struct Value {
    pub dims: Vec<usize>,
    #[serde(flatten)]
    pub elements: Elements,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Elements {
    Ints(Vec<Extent>),
    Floats(Vec<Number>),
    Strings(Vec<String>),
}

/// A number, or `"nan"`, `"inf"` or `"-inf"`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    Finite(f64),
    Other(String),
}

#[derive(Serialize, Deserialize)]
pub struct Node {
    #[serde(default)]
    pub name: String,
    pub op: String,
    #[serde(default)]
    pub domain: String,
    #[serde(default)]
    pub opset: i64,
    #[serde(default)]
    pub kind: String,
    pub module: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<usize>,
    pub inputs: Vec<Option<usize>>,
    pub outputs: Vec<Option<usize>>,
    #[serde(default)]
    pub attributes: Attributes,
}

/// Settings by name, in order.
#[derive(Default)]
pub struct Attributes(pub Vec<(String, Attribute)>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    Int(i64),
    Float(f64),
    String(String),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Strings(Vec<String>),
    Tagged(Tagged),
}

/// A setting that plain JSON cannot say.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tagged {
    /// Numbers of which some are not finite, or an empty list of numbers.
    Floats(Vec<Number>),
    /// An empty list of texts.
    Strings(Vec<String>),
    Tensor(Literal),
    Region(usize),
    Regions(Vec<usize>),
    Type(Type),
    Other(String),
    /// A number that is not finite.
    Float(Number),
}

#[derive(Serialize, Deserialize)]
pub struct Literal {
    #[serde(default)]
    pub dtype: Option<String>,
    #[serde(default)]
    pub shape: Option<Vec<Extent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sparse: bool,
}

#[derive(Serialize, Deserialize)]
pub struct Region {
    pub name: String,
    pub parent: Option<usize>,
    pub module: usize,
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
pub struct Diagnostic {
    pub severity: String,
    pub path: String,
    pub message: String,
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("settings by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Attributes(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

//! The JSON of a program, read leniently: unknown keys are passed over, missing ones are empty.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The whole text.
#[derive(Deserialize)]
pub(super) struct Program {
    pub graph_module: GraphModule,
    #[serde(default)]
    pub schema_version: Value,
    #[serde(default)]
    pub torch_version: Value,
    #[serde(default)]
    pub netloom: Option<Live>,
}

/// The graph and what its ends are.
#[derive(Deserialize)]
pub(super) struct GraphModule {
    pub graph: Graph,
    #[serde(default)]
    pub signature: Signature,
    #[serde(default)]
    pub module_call_graph: Vec<Value>,
}

/// What Netloom adds to a live model.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Live {
    pub name: String,
    pub weights: BTreeMap<String, LiveWeight>,
    pub modules: BTreeMap<String, String>,
    pub failed_at: Option<Failure>,
    pub notes: Vec<String>,
}

/// A parameter or buffer of a live model.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct LiveWeight {
    pub dtype: String,
    pub sizes: Option<Vec<i64>>,
    pub trainable: bool,
    pub kind: String,
    pub shared_with: Option<String>,
}

/// Where a live pass broke off.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Failure {
    pub module: String,
    pub class: Option<String>,
    pub op: Option<String>,
    pub node: Option<String>,
    pub message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Graph {
    pub inputs: Vec<Union>,
    pub outputs: Vec<Union>,
    pub nodes: Vec<Node>,
    pub tensor_values: BTreeMap<String, TensorMeta>,
    pub sym_int_values: BTreeMap<String, Union>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Node {
    pub target: String,
    pub inputs: Vec<NamedArgument>,
    pub outputs: Vec<Union>,
    pub metadata: Metadata,
    pub name: Option<String>,
}

/// Of the metadata only the modules are kept.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Metadata {
    pub nn_module_stack: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NamedArgument {
    pub name: String,
    pub arg: Union,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct TensorMeta {
    pub dtype: i64,
    pub sizes: Vec<Union>,
    pub requires_grad: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Signature {
    pub input_specs: Vec<Union>,
    pub output_specs: Vec<Union>,
    // PyTorch 2.1.
    pub inputs_to_parameters: BTreeMap<String, String>,
    pub inputs_to_buffers: BTreeMap<String, String>,
    pub user_outputs: Vec<Value>,
}

/// The list of stored tensors.
#[derive(Deserialize)]
pub(super) struct Payloads {
    pub config: BTreeMap<String, PayloadMeta>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PayloadMeta {
    pub path_name: String,
    pub use_pickle: bool,
    pub tensor_meta: Option<TensorMeta>,
}

/// One of several kinds of thing: the kind and the thing.
#[derive(Clone, Default)]
pub(super) struct Union {
    pub kind: String,
    pub body: Value,
}

impl Union {
    /// The name in a body that has one.
    pub(super) fn name(&self) -> Option<&str> {
        self.body.get("name")?.as_str()
    }

    /// The whole number, if that is what it is.
    pub(super) fn known(&self) -> Option<i64> {
        if self.kind == "as_int" { self.body.as_i64() } else { None }
    }
}

impl<'de> Deserialize<'de> for Union {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = Union;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the kind of a value as its key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Union, A::Error> {
                let mut found = Union::default();
                while let Some(kind) = map.next_key::<String>()? {
                    if found.kind.is_empty() || found.body.is_null() {
                        found = Union { kind, body: map.next_value()? };
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(found)
            }

            // Early versions wrote plain numbers and names.
            fn visit_i64<E>(self, n: i64) -> Result<Union, E> {
                Ok(Union { kind: "as_int".to_owned(), body: n.into() })
            }

            fn visit_u64<E>(self, n: u64) -> Result<Union, E> {
                Ok(Union { kind: "as_int".to_owned(), body: n.into() })
            }

            fn visit_str<E>(self, name: &str) -> Result<Union, E> {
                let body = serde_json::json!({ "name": name });
                Ok(Union { kind: "as_tensor".to_owned(), body })
            }

            fn visit_unit<E>(self) -> Result<Union, E> {
                Ok(Union { kind: "as_none".to_owned(), body: Value::Bool(true) })
            }
        }
        from.deserialize_any(Kinds)
    }
}

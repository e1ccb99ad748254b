//! A model as its configuration describes it: layers, each with settings and calls.
//!
//! # Source
//! `get_config` of Keras 1, 2 and 3: <https://keras.io/guides/serialization_and_saving/>.

use serde_json::Value;

use super::calls::{self, Call};
use super::config::{Config, shape};

/// One layer, or a model as a layer.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// Its class, such as `Conv2D`.
    pub class: &'a str,
    /// The Python module of its class, such as `keras.layers`; empty where the file does not say it.
    pub package: &'a str,
    /// Whether its class was registered by its author: it is none of Keras, whatever its name.
    pub custom: bool,
    /// Its name, unique in its model.
    pub name: &'a str,
    /// Its settings.
    pub config: Config<'a>,
    /// The shape of its first input, where the file says it.
    pub input_shape: Option<Vec<Option<i64>>>,
    /// Its calls in its model.
    pub calls: Vec<Call<'a>>,
    /// The layers inside, of a model; none for a layer.
    pub network: Option<Network<'a>>,
}

/// The inside of a model.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    /// Whether each layer follows the one before it.
    pub sequential: bool,
    /// Its layers, in the order of the file.
    pub layers: Vec<Layer<'a>>,
    /// The inputs: layer, call, result.
    pub inputs: Vec<(&'a str, usize, usize)>,
    /// The outputs: layer, call, result.
    pub outputs: Vec<(&'a str, usize, usize)>,
}

impl<'a> Layer<'a> {
    /// Reads a layer and all in it. Depth is bounded by that of the JSON text.
    pub fn read(value: &'a Value) -> Option<Self> {
        let class = value.get("class_name")?.as_str()?;
        // `package>Class` is how authors register their own.
        let registered = value.get("registered_name").and_then(Value::as_str).unwrap_or_default();
        let custom = registered.contains('>') || class.contains('>');
        let class = class.rsplit('>').next().unwrap_or(class);
        let config = Config::new(value.get("config"));
        let name = [value.get("name").and_then(Value::as_str), config.text("name")];
        let build = Config::new(value.get("build_config"));
        let declared = [build.get("input_shape"), build.get("shapes_dict"), config.get("build_input_shape")];
        Some(Self {
            class,
            package: value.get("module").and_then(Value::as_str).unwrap_or_default(),
            custom,
            name: name.into_iter().flatten().next().unwrap_or(class),
            config,
            input_shape: declared.into_iter().flatten().find_map(first_shape),
            calls: calls::read(value.get("inbound_nodes")),
            network: Network::read(value.get("config")),
        })
    }

    /// Whether training changes its weights as far as the layer itself says.
    pub fn trainable(&self) -> bool {
        self.config.flag("trainable", true)
    }
}

/// A shape, or the first of several by name.
fn first_shape(value: &Value) -> Option<Vec<Option<i64>>> {
    match value {
        Value::Object(map) if !map.contains_key("items") => map.values().find_map(shape),
        _ => shape(value),
    }
}

impl<'a> Network<'a> {
    fn read(config: Option<&'a Value>) -> Option<Self> {
        let config = config?;
        // In Keras 1 and early Keras 2 a sequential model is but a list.
        let list = config.as_array().or_else(|| config.get("layers")?.as_array())?;
        let layers: Vec<Layer<'a>> = list.iter().filter_map(Layer::read).collect();
        if layers.is_empty() && !list.is_empty() {
            return None;
        }
        let outputs = calls::ends(config.get("output_layers"));
        // A graph of layers says what comes out, even where nothing is known to.
        let sequential = config.get("output_layers").is_none() && layers.iter().all(|l| l.calls.is_empty());
        Some(Self { sequential, layers, inputs: calls::ends(config.get("input_layers")), outputs })
    }
}

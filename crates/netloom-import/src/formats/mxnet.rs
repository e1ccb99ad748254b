//! MXNet's `-symbol.json`: operators in topological order, joined by numbers.
//!
//! # Source
//! <https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/symbol/>

use std::collections::BTreeMap;

use netloom_graph::{Attribute, DType, Dim, Graph, Node, Role, Shape, TensorId, ValueType};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::assemble::{Filters, Place, Window};
use crate::draft::{Draft, Stored};
use crate::error::Grouped;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source, sniff};

/// The most bytes of a file.
pub const MAX_BYTES: u64 = 256 << 20;

/// MXNet as a format.
pub struct Mxnet;

impl Format for Mxnet {
    fn name(&self) -> &'static str {
        "mxnet"
    }

    fn about(&self) -> &'static str {
        "MXNet symbols (-symbol.json)"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 4096).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        // The other keys stand behind the nodes, far down in a large file.
        let nodes = sniff::json_keys(source).first().is_some_and(|k| k == "nodes");
        let symbol = text.contains("\"op\"") && text.contains("\"inputs\"") && text.contains("\"name\"");
        if nodes && symbol { Confidence::Content } else { Confidence::No }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES {
            return Err(Error::limit(format!(
                "expected at most {} bytes of JSON, found {}",
                Grouped(MAX_BYTES),
                Grouped(source.len())
            )));
        }
        let bytes = take(source, 0, usize::try_from(MAX_BYTES).unwrap_or(usize::MAX))?;
        let symbol: Symbol = serde_json::from_slice(&bytes).map_err(|e| {
            Error::new(ErrorKind::Damaged { offset: 0 }, format!("expected a symbol of MXNet, found {e}"))
        })?;
        let name = source.name().trim_end_matches(".json").trim_end_matches("-symbol");
        Reader::new(name).run(&symbol)
    }
}

#[derive(Deserialize)]
struct Symbol {
    nodes: Vec<Entry>,
    #[serde(default)]
    heads: Vec<Vec<Json>>,
}

#[derive(Deserialize)]
struct Entry {
    op: String,
    name: String,
    /// Settings; older versions call them `attr` or `param`.
    #[serde(default, alias = "attr", alias = "param")]
    attrs: BTreeMap<String, Json>,
    #[serde(default)]
    inputs: Vec<Vec<Json>>,
}

impl Entry {
    fn word(&self, name: &str) -> Option<&str> {
        self.attrs.get(name)?.as_str()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.word(name)?.parse().ok()
    }

    fn float(&self, name: &str) -> Option<f64> {
        self.word(name)?.parse().ok()
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.word(name), Some("True" | "true" | "1"))
    }

    /// A tuple such as `(3, 3)`.
    fn ints(&self, name: &str) -> Vec<i64> {
        let text = self.word(name).unwrap_or_default();
        let words = text.trim_matches(|c| "()[] ".contains(c)).split(',');
        words.filter_map(|w| w.trim().trim_end_matches('L').parse().ok()).collect()
    }
}

struct Reader {
    draft: Draft,
    /// What each node makes; nothing yet for weights, whose shapes their readers tell.
    made: Vec<Vec<TensorId>>,
}

impl Reader {
    fn new(name: &str) -> Self {
        Self { draft: Draft::new("mxnet", name), made: Vec::new() }
    }

    fn run(mut self, symbol: &Symbol) -> Result<Graph, Error> {
        let weights = weights(symbol);
        for (i, entry) in symbol.nodes.iter().enumerate() {
            let made = match (entry.op.as_str(), weights.contains(&i)) {
                ("null", true) => Vec::new(),
                ("null", false) => vec![self.input(entry)?],
                _ => self.layer(entry)?,
            };
            self.made.push(made);
        }
        for head in &symbol.heads {
            if let Some(id) = self.reference(head) {
                self.draft.graph.mark_output(id);
            }
        }
        if self.draft.graph.nodes().len() == 0 {
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                "expected operators of an MXNet symbol, found none",
            ));
        }
        Ok(self.draft.finish())
    }

    fn input(&mut self, entry: &Entry) -> Result<TensorId, Error> {
        let dims = entry.ints("__shape__");
        let shape = if dims.is_empty() {
            Shape::Unranked
        } else {
            Shape::Ranked(
                dims.into_iter().map(|n| if n > 0 { Dim::Known(n) } else { Dim::symbol("batch") }).collect(),
            )
        };
        self.draft.input(&entry.name, ValueType::Tensor { dtype: Some(DType::Float32), shape })
    }

    /// What a pair or triple of node, output and version refers to.
    fn reference(&self, pair: &[Json]) -> Option<TensorId> {
        let at = |i: usize| pair.get(i)?.as_u64().and_then(|n| usize::try_from(n).ok());
        let made = self.made.get(at(0)?)?;
        made.get(at(1).unwrap_or(0)).copied()
    }

    fn layer(&mut self, entry: &Entry) -> Result<Vec<TensorId>, Error> {
        let module = self.draft.graph.root();
        let place = Place { module, name: &entry.name };
        let data: Vec<Option<TensorId>> =
            entry.inputs.iter().filter_map(|p| self.reference(p)).map(Some).collect();
        let Some(Some(input)) = data.first().copied() else {
            let node = Node::in_domain("mxnet", &entry.op, 0, module);
            return self.draft.worked_out(place, node, &[], settings(entry), 1);
        };
        let first = [Some(input)];
        let int = |name: &'static str, n: i64| (name, Attribute::Int(n));
        let float = |name: &'static str, x: f64| (name, Attribute::Float(x));
        let plain = |reader: &mut Self, op: &str| reader.draft.op(place, op, &data, vec![], 1);
        Ok(match entry.op.as_str() {
            "Convolution" | "Convolution_v1" | "Deconvolution" => {
                let filters = Filters {
                    outputs: entry.int("num_filter").unwrap_or(0),
                    groups: entry.int("num_group").unwrap_or(1),
                    bias: !entry.flag("no_bias") && (entry.op != "Deconvolution" || entry.inputs.len() > 2),
                    transposed: entry.op == "Deconvolution",
                };
                vec![self.draft.conv(place, input, &window(entry), filters)?]
            }
            "FullyConnected" => {
                let bias = !entry.flag("no_bias");
                vec![self.draft.dense(place, input, entry.int("num_hidden").unwrap_or(0), bias)?]
            }
            "BatchNorm" | "BatchNorm_v1" | "SyncBatchNorm" => {
                vec![self.draft.batch_norm(place, input, true)?]
            }
            "Pooling" | "Pooling_v1" => {
                let max = entry.word("pool_type").unwrap_or("max") == "max";
                if entry.flag("global_pool") {
                    let op = if max { "GlobalMaxPool" } else { "GlobalAveragePool" };
                    self.draft.op(place, op, &first, vec![], 1)?
                } else {
                    let mut window = window(entry);
                    window.ceil = entry.word("pooling_convention") == Some("full");
                    let op = if max { "MaxPool" } else { "AveragePool" };
                    self.draft.op(place, op, &first, window.attributes(), 1)?
                }
            }
            "Activation" | "LeakyReLU" => self.activation(place, entry, input)?,
            "relu" => plain(self, "Relu")?,
            "sigmoid" => plain(self, "Sigmoid")?,
            "tanh" => plain(self, "Tanh")?,
            "SoftmaxOutput" | "Softmax" => {
                self.draft.op(place, "Softmax", &first, vec![int("axis", 1)], 1)?
            }
            "softmax" | "SoftmaxActivation" => {
                let axis = entry.int("axis").unwrap_or(-1);
                self.draft.op(place, "Softmax", &first, vec![int("axis", axis)], 1)?
            }
            "log_softmax" => self.draft.op(place, "LogSoftmax", &first, vec![int("axis", -1)], 1)?,
            "Flatten" | "flatten" => plain(self, "Flatten")?,
            "Dropout" => self.draft.op(place, "Dropout", &first, vec![], 1)?,
            "Concat" | "concat" => {
                let axis = entry.int("dim").unwrap_or(1);
                self.draft.op(place, "Concat", &data, vec![int("axis", axis)], 1)?
            }
            "elemwise_add" | "_Plus" | "_plus" | "broadcast_add" | "_add" | "broadcast_plus" => {
                plain(self, "Add")?
            }
            "ElementWiseSum" | "add_n" => plain(self, if data.len() == 2 { "Add" } else { "Sum" })?,
            "elemwise_mul" | "_Mul" | "_mul" | "broadcast_mul" => plain(self, "Mul")?,
            "elemwise_sub" | "_Minus" | "_minus" | "broadcast_sub" | "broadcast_minus" => plain(self, "Sub")?,
            "elemwise_div" | "_Div" | "broadcast_div" => plain(self, "Div")?,
            "LRN" => {
                self.draft.op(place, "LRN", &first, vec![int("size", entry.int("nsize").unwrap_or(5))], 1)?
            }
            "clip" if entry.float("a_min") == Some(0.0) && entry.float("a_max") == Some(6.0) => {
                let node = Node::in_domain("loom", "relu6", 0, module);
                self.draft.worked_out(place, node, &first, vec![], 1)?
            }
            "transpose" => {
                let order = entry.ints("axes");
                let order = (!order.is_empty()).then_some(("perm", Attribute::Ints(order)));
                self.draft.op(place, "Transpose", &first, order.into_iter().collect(), 1)?
            }
            "Reshape" | "reshape" => {
                let dims = entry.ints("shape");
                // Codes below -1 have no equal in ONNX.
                if dims.iter().any(|n| *n < -1) || dims.is_empty() {
                    self.other(place, entry, &data)?
                } else {
                    let shape = self
                        .draft
                        .ints(&format!("{}.shape", entry.name), dims.into_iter().map(Dim::Known).collect())?;
                    self.draft.op(place, "Reshape", &[Some(input), Some(shape)], vec![], 1)?
                }
            }
            "UpSampling" => {
                let scale = f64::from(i32::try_from(entry.int("scale").unwrap_or(2)).unwrap_or(2));
                let scales = netloom_graph::Value::floats(vec![1.0, 1.0, scale, scale]);
                let scales =
                    self.draft.constant(&format!("{}.scales", entry.name), DType::Float32, scales)?;
                let mode = if entry.word("sample_type") == Some("bilinear") { "linear" } else { "nearest" };
                let mode = vec![("mode", Attribute::String(mode.to_owned()))];
                self.draft.op(place, "Resize", &[Some(input), None, Some(scales)], mode, 1)?
            }
            "Embedding" => {
                let dims = [entry.int("input_dim"), entry.int("output_dim")];
                let dims = dims.map(|n| n.map_or(Dim::Unknown, Dim::Known));
                let role = Role::Parameter { trainable: None };
                let stored = Stored::new(Some(DType::Float32), dims).with_role(role);
                let table = self.draft.weight(&format!("{}.weight", entry.name), stored)?;
                self.draft.op(place, "Gather", &[Some(table), Some(input)], vec![int("axis", 0)], 1)?
            }
            "_mul_scalar" | "_plus_scalar" | "_minus_scalar" | "_div_scalar" => {
                let op = match entry.op.as_str() {
                    "_mul_scalar" => "Mul",
                    "_plus_scalar" => "Add",
                    "_minus_scalar" => "Sub",
                    _ => "Div",
                };
                let value = netloom_graph::Value {
                    dims: Vec::new(),
                    ..netloom_graph::Value::floats(vec![entry.float("scalar").unwrap_or(0.0)])
                };
                let value = self.draft.constant(&format!("{}.scalar", entry.name), DType::Float32, value)?;
                self.draft.op(place, op, &[Some(input), Some(value)], vec![], 1)?
            }
            // Casts between precisions and what only stops gradients.
            "amp_cast" | "BlockGrad" | "identity" | "_copy" | "IdentityAttachKLSparseReg" | "make_loss" => {
                vec![input]
            }
            "mean" if entry.ints("axis") == [2, 3] && !entry.flag("keepdims") => {
                let attributes = vec![int("keepdims", 0)];
                self.draft.op(place, "GlobalAveragePool", &first, attributes, 1)?
            }
            "L2Normalization" => self.draft.op(place, "LpNormalization", &first, vec![int("axis", 1)], 1)?,
            "SliceChannel" | "split" => {
                let n = entry.int("num_outputs").unwrap_or(1).clamp(1, 4096);
                let attributes = vec![int("axis", entry.int("axis").unwrap_or(1)), int("num_outputs", n)];
                self.draft.op(place, "Split", &first, attributes, usize::try_from(n).unwrap_or(1))?
            }
            "exp" => plain(self, "Exp")?,
            "sqrt" => plain(self, "Sqrt")?,
            "LayerNorm" => {
                let dims = vec![self.draft.dim(input, -1)];
                let role = Role::Parameter { trainable: None };
                let mut read = vec![Some(input)];
                for name in ["gamma", "beta"] {
                    let stored = Stored::new(Some(DType::Float32), dims.clone()).with_role(role);
                    read.push(Some(self.draft.weight(&format!("{}.{name}", entry.name), stored)?));
                }
                self.draft.op(
                    place,
                    "LayerNormalization",
                    &read,
                    vec![float("epsilon", 1e-5), int("axis", -1)],
                    1,
                )?
            }
            _ => self.other(place, entry, &data)?,
        })
    }

    fn activation(
        &mut self,
        place: Place<'_>,
        entry: &Entry,
        input: TensorId,
    ) -> Result<Vec<TensorId>, Error> {
        let (op, attributes) = match entry.word("act_type").unwrap_or("leaky") {
            "relu" => ("Relu", vec![]),
            "sigmoid" => ("Sigmoid", vec![]),
            "tanh" => ("Tanh", vec![]),
            "softrelu" => ("Softplus", vec![]),
            "softsign" => ("Softsign", vec![]),
            "gelu" => ("Gelu", vec![]),
            "elu" => ("Elu", vec![]),
            "selu" => ("Selu", vec![]),
            "leaky" => ("LeakyRelu", vec![("alpha", Attribute::Float(entry.float("slope").unwrap_or(0.25)))]),
            "prelu" => {
                let stored = Stored::new(
                    Some(DType::Float32),
                    [self.draft.dim(input, 1), Dim::Known(1), Dim::Known(1)],
                )
                .with_role(Role::Parameter { trainable: None });
                let slope = self.draft.weight(&format!("{}.gamma", entry.name), stored)?;
                return self.draft.op(place, "PRelu", &[Some(input), Some(slope)], vec![], 1);
            }
            _ => return self.other(place, entry, &[Some(input)]),
        };
        self.draft.op(place, op, &[Some(input)], attributes, 1)
    }

    fn other(
        &mut self,
        place: Place<'_>,
        entry: &Entry,
        data: &[Option<TensorId>],
    ) -> Result<Vec<TensorId>, Error> {
        let node = Node::in_domain("mxnet", &entry.op, 0, place.module);
        let outputs =
            entry.int("num_outputs").and_then(|n| usize::try_from(n).ok()).unwrap_or(1).clamp(1, 64);
        self.draft.worked_out(place, node, data, settings(entry), outputs)
    }
}

/// The nodes without operator that hold weights: what layers read behind their data.
fn weights(symbol: &Symbol) -> std::collections::BTreeSet<usize> {
    let endings = [
        "weight",
        "bias",
        "gamma",
        "beta",
        "moving_mean",
        "moving_var",
        "running_mean",
        "running_var",
        "label",
        "parameters",
    ];
    let mut out = std::collections::BTreeSet::new();
    for entry in &symbol.nodes {
        for (position, pair) in entry.inputs.iter().enumerate() {
            let Some(at) = pair.first().and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok()) else {
                continue;
            };
            let Some(read) = symbol.nodes.get(at).filter(|n| n.op == "null") else { continue };
            let named = endings.iter().any(|e| read.name.ends_with(e));
            if named
                || (position > 0
                    && matches!(entry.op.as_str(), "Convolution" | "FullyConnected" | "BatchNorm"))
            {
                out.insert(at);
            }
        }
    }
    out
}

fn window(entry: &Entry) -> Window {
    let kernel = entry.ints("kernel");
    let n = kernel.len();
    let list = |name: &str, default: i64| {
        let found = entry.ints(name);
        if found.len() == n { found } else { vec![default; n] }
    };
    let pad = list("pad", 0);
    Window {
        strides: list("stride", 1),
        pads: [pad.clone(), pad].concat(),
        dilations: list("dilate", 1),
        kernel,
        ceil: false,
    }
}

/// The settings of an operator that is known by name only.
fn settings(entry: &Entry) -> Vec<(&str, Attribute)> {
    let words = entry.attrs.iter().filter(|(n, _)| !n.starts_with("__"));
    words.filter_map(|(n, v)| Some((n.as_str(), Attribute::String(v.as_str()?.to_owned())))).collect()
}

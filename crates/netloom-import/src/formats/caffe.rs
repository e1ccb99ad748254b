//! Caffe's `.prototxt`: layers with settings, joined by the names of blobs.
//!
//! # Source
//! `caffe.proto`, <https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto>

use std::collections::BTreeMap;

use netloom_graph::{Attribute, Dim, Graph, ModuleId, Node, TensorId, ValueType};

use crate::assemble::{Filters, Place, Window};
use crate::draft::Draft;
use crate::prototxt::{self, Message};
use crate::sniff::has_extension;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// Caffe as a format.
pub struct Caffe;

impl Format for Caffe {
    fn name(&self) -> &'static str {
        "caffe"
    }

    fn about(&self) -> &'static str {
        "Caffe networks as text (.prototxt), for training or deployment"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["prototxt"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 8192).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        let is_text = !head.contains(&0) && has_extension(source, &["prototxt", "pbtxt", "txt"]);
        let mut lines = text.lines().map(|l| l.trim_start());
        let has = |line: &str, name: &str| {
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['{', ':']))
        };
        let layers = lines.clone().any(|l| has(l, "layer") || has(l, "layers"));
        if is_text && layers && lines.any(|l| has(l, "top") || has(l, "bottom") || l.contains("top:")) {
            Confidence::Content
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let net = prototxt::read(source)?;
        let mut reader = Reader {
            draft: Draft::new("caffe", net.word("name").unwrap_or_default()),
            blobs: BTreeMap::new(),
            used: BTreeMap::new(),
        };
        reader.inputs(&net)?;
        // Older files call a layer `layers` and write types in capitals.
        for layer in net.messages("layer").chain(net.messages("layers")) {
            if in_phase(layer) {
                reader.layer(layer)?;
            }
        }
        if reader.draft.graph.nodes().len() == 0 {
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                "expected layers of a Caffe network, found none",
            ));
        }
        reader.finish()
    }
}

struct Reader {
    draft: Draft,
    /// What each name of a blob stands for at this line: layers may work in place.
    blobs: BTreeMap<String, TensorId>,
    used: BTreeMap<String, bool>,
}

/// Whether a layer takes part in deployment.
fn in_phase(layer: &Message) -> bool {
    let phase = |rule: &Message| rule.word("phase").map(str::to_owned);
    let mut include = layer.messages("include").filter_map(phase).peekable();
    let left_out = layer.messages("exclude").filter_map(phase).any(|p| p == "TEST");
    let included = include.peek().is_none() || include.any(|p| p == "TEST");
    included && !left_out
}

impl Reader {
    fn inputs(&mut self, net: &Message) -> Result<(), Error> {
        let flat = net.ints("input_dim");
        let mut shapes = net.messages("input_shape");
        for (i, name) in net.words("input").enumerate() {
            let dims = shapes
                .next()
                .map(|s| s.ints("dim"))
                .or_else(|| flat.get(4 * i..4 * i + 4).map(<[i64]>::to_vec));
            self.input(name, dims.unwrap_or_default())?;
        }
        Ok(())
    }

    fn input(&mut self, name: &str, dims: Vec<i64>) -> Result<(), Error> {
        let ty = if dims.is_empty() { ValueType::Unknown } else { float(&dims) };
        let id = self.draft.input(name, ty)?;
        self.blobs.insert(name.to_owned(), id);
        self.used.insert(name.to_owned(), false);
        Ok(())
    }

    fn layer(&mut self, layer: &Message) -> Result<(), Error> {
        let kind = layer.word("type").unwrap_or_default().to_ascii_lowercase().replace('_', "");
        let tops: Vec<&str> = layer.words("top").collect();
        let name = layer.word("name").or_else(|| tops.first().copied()).unwrap_or_default();
        if layer.words("bottom").next().is_none() {
            return self.data(layer, &kind, &tops);
        }
        let mut inputs = Vec::new();
        for bottom in layer.words("bottom") {
            self.used.insert(bottom.to_owned(), true);
            let id = match self.blobs.get(bottom) {
                Some(id) => *id,
                None => {
                    self.draft.warn(name, format!("expected a layer that makes `{bottom}`, found none"));
                    let id = self.draft.tensor(bottom, ValueType::Unknown)?;
                    self.blobs.insert(bottom.to_owned(), id);
                    id
                }
            };
            inputs.push(id);
        }
        // Names with slashes are grouped by them, as Caffe's own inception networks are.
        let module = match name.rsplit_once('/') {
            Some((scope, _)) => self.draft.module_at(&scope.replace('/', "."))?,
            None => self.draft.graph.root(),
        };
        let at = At { module, name, kind: &kind };
        let made = build(&mut self.draft, at, layer, &inputs, tops.len())?;
        for (top, id) in tops.iter().zip(made) {
            self.blobs.insert((*top).to_owned(), id);
            self.used.insert((*top).to_owned(), false);
        }
        Ok(())
    }

    /// A layer that reads nothing: the input of a deployed network, or a data set.
    fn data(&mut self, layer: &Message, kind: &str, tops: &[&str]) -> Result<(), Error> {
        let shape = layer.message("input_param").and_then(|p| p.message("shape"));
        for (i, top) in tops.iter().enumerate() {
            // A data set gives images, then labels, and says at most how they are cut.
            let batch = ["data_param", "image_data_param", "hdf5_data_param", "memory_data_param"];
            let batch = batch.iter().find_map(|p| layer.message(p)?.int("batch_size"));
            let crop = layer.message("transform_param").and_then(|p| p.int("crop_size"));
            match (shape, crop) {
                (Some(shape), _) => self.input(top, shape.ints("dim"))?,
                (None, Some(side)) if i == 0 => self.input(top, vec![batch.unwrap_or(1), 3, side, side])?,
                _ => self.input(top, Vec::new())?,
            }
        }
        if kind != "input" && !tops.is_empty() {
            self.draft.note(tops[0], "a data set is taken as an input");
        }
        Ok(())
    }

    /// What nothing reads is a result, apart from labels.
    fn finish(mut self) -> Result<Graph, Error> {
        let graph = &self.draft.graph;
        let loose = self.used.iter().filter(|(_, used)| !**used).filter_map(|(name, _)| self.blobs.get(name));
        let mut loose: Vec<TensorId> = loose.copied().filter(|id| !graph.inputs.contains(id)).collect();
        loose.sort_unstable();
        loose.dedup();
        for id in loose {
            self.draft.graph.mark_output(id);
        }
        Ok(self.draft.finish())
    }
}

fn float(dims: &[i64]) -> ValueType {
    let dims = dims.iter().map(|n| if *n > 0 { Dim::Known(*n) } else { Dim::Unknown });
    ValueType::tensor(netloom_graph::DType::Float32, netloom_graph::Shape::Ranked(dims.collect()))
}

#[derive(Clone, Copy)]
struct At<'a> {
    module: ModuleId,
    name: &'a str,
    kind: &'a str,
}

/// One setting that is written once for both sides or as two.
fn sides(p: &Message, name: &str, default: i64) -> [i64; 2] {
    let listed = if name == "kernel_size" { p.ints("kernel_size") } else { p.ints(name) };
    let short = name.strip_suffix("_size").unwrap_or(name);
    let one = |letter: &str| p.int(&format!("{short}_{letter}"));
    match (one("h"), one("w"), listed.as_slice()) {
        (None, None, []) => [default; 2],
        (None, None, [both]) => [*both; 2],
        (None, None, [h, w, ..]) => [*h, *w],
        (h, w, _) => [h.or(w).unwrap_or(default), w.or(h).unwrap_or(default)],
    }
}

fn build(
    draft: &mut Draft,
    at: At<'_>,
    layer: &Message,
    inputs: &[TensorId],
    tops: usize,
) -> Result<Vec<TensorId>, Error> {
    let empty = Message::default();
    let param = |name: &str| layer.message(name).unwrap_or(&empty);
    let place = Place { module: at.module, name: at.name };
    let all: Vec<Option<TensorId>> = inputs.iter().copied().map(Some).collect();
    let Some(input) = inputs.first().copied() else { return Ok(Vec::new()) };
    let first = [Some(input)];
    let ints = |name: &'static str, n: i64| (name, Attribute::Int(n));
    let floats = |name: &'static str, n: f64| (name, Attribute::Float(n));
    Ok(match at.kind {
        "convolution" | "deconvolution" | "convolutiondepthwise" | "depthwiseconvolution" => {
            let p = param("convolution_param");
            let mut window =
                Window::square(sides(p, "kernel_size", 1), sides(p, "stride", 1), sides(p, "pad", 0));
            window.dilations = match p.ints("dilation").as_slice() {
                [] => Vec::new(),
                [both] => vec![*both; 2],
                several => several.to_vec(),
            };
            let channels = draft.dim(input, 1).as_known().unwrap_or(1);
            let groups = if at.kind.contains("depthwise") { channels } else { p.int("group").unwrap_or(1) };
            let filters = Filters {
                outputs: p.int("num_output").unwrap_or(0),
                groups,
                bias: p.flag("bias_term").unwrap_or(true),
                transposed: at.kind == "deconvolution",
            };
            vec![draft.conv(place, input, &window, filters)?]
        }
        "innerproduct" => {
            let p = param("inner_product_param");
            let bias = p.flag("bias_term").unwrap_or(true);
            vec![draft.dense(place, input, p.int("num_output").unwrap_or(0), bias)?]
        }
        "pooling" => {
            let p = param("pooling_param");
            let max = matches!(p.word("pool"), None | Some("MAX" | "0"));
            if p.flag("global_pooling") == Some(true) {
                let op = if max { "GlobalMaxPool" } else { "GlobalAveragePool" };
                draft.op(place, op, &first, vec![], 1)?
            } else {
                let mut window =
                    Window::square(sides(p, "kernel_size", 1), sides(p, "stride", 1), sides(p, "pad", 0));
                window.ceil = p.word("round_mode") != Some("FLOOR") && p.flag("ceil_mode") != Some(false);
                let op = if max { "MaxPool" } else { "AveragePool" };
                draft.op(place, op, &first, window.attributes(), 1)?
            }
        }
        "batchnorm" => vec![draft.batch_norm(place, input, false)?],
        "bn" => vec![draft.batch_norm(place, input, true)?],
        "scale" if inputs.len() == 1 => {
            vec![draft.scale(place, input, param("scale_param").flag("bias_term").unwrap_or(false))?]
        }
        "scale" => draft.op(place, "Mul", &all, vec![], 1)?,
        "relu" => match param("relu_param").float("negative_slope").filter(|s| *s != 0.0) {
            Some(slope) => draft.op(place, "LeakyRelu", &first, vec![floats("alpha", slope)], 1)?,
            None => draft.op(place, "Relu", &first, vec![], 1)?,
        },
        "relu6" => {
            draft.worked_out(place, Node::in_domain("loom", "relu6", 0, at.module), &first, vec![], 1)?
        }
        "sigmoid" => draft.op(place, "Sigmoid", &first, vec![], 1)?,
        "tanh" => draft.op(place, "Tanh", &first, vec![], 1)?,
        "elu" => draft.op(place, "Elu", &first, vec![], 1)?,
        "absval" => draft.op(place, "Abs", &first, vec![], 1)?,
        "exp" => draft.op(place, "Exp", &first, vec![], 1)?,
        "log" => draft.op(place, "Log", &first, vec![], 1)?,
        "bnll" => draft.op(place, "Softplus", &first, vec![], 1)?,
        "softmax" | "softmaxwithloss" | "softmaxloss" => {
            let axis = param("softmax_param").int("axis").unwrap_or(1);
            draft.op(place, "Softmax", &first, vec![ints("axis", axis)], 1)?
        }
        "lrn" => {
            let size = param("lrn_param").int("local_size").unwrap_or(5);
            draft.op(place, "LRN", &first, vec![ints("size", size)], 1)?
        }
        "dropout" => draft.op(place, "Dropout", &first, vec![], 1)?,
        "concat" => {
            let p = param("concat_param");
            let axis = p.int("axis").or_else(|| p.int("concat_dim")).unwrap_or(1);
            draft.op(place, "Concat", &all, vec![ints("axis", axis)], 1)?
        }
        "eltwise" => {
            let op = match param("eltwise_param").word("operation") {
                Some("PROD" | "0") => "Mul",
                Some("MAX" | "2") => "Max",
                _ if inputs.len() == 2 => "Add",
                _ => "Sum",
            };
            draft.op(place, op, &all, vec![], 1)?
        }
        "flatten" => draft.op(place, "Flatten", &first, vec![], 1)?,
        "reshape" => {
            let dims = param("reshape_param").message("shape").map(|s| s.ints("dim")).unwrap_or_default();
            let shape =
                draft.ints(&format!("{}.shape", at.name), dims.into_iter().map(Dim::Known).collect())?;
            draft.op(place, "Reshape", &[Some(input), Some(shape)], vec![], 1)?
        }
        "permute" => {
            let order = param("permute_param").ints("order");
            draft.op(place, "Transpose", &first, vec![("perm", Attribute::Ints(order))], 1)?
        }
        // A split only gives a blob second names.
        "split" => vec![input; tops],
        "slice" => {
            let p = param("slice_param");
            let axis = p.int("axis").or_else(|| p.int("slice_dim")).unwrap_or(1);
            let mut attributes = vec![ints("axis", axis)];
            let mut read = first.to_vec();
            let (points, end) = (p.ints("slice_point"), draft.dim(input, axis).as_known());
            if let Some(end) = end.filter(|_| !points.is_empty()) {
                let starts = [0].iter().chain(&points).copied();
                let ends = points.iter().chain(std::iter::once(&end)).copied();
                let parts = starts.zip(ends).map(|(a, b)| Dim::Known(b.saturating_sub(a))).collect();
                read.push(Some(draft.ints(&format!("{}.sizes", at.name), parts)?));
            } else {
                attributes.push(ints("num_outputs", i64::try_from(tops).unwrap_or(1)));
            }
            draft.op(place, "Split", &read, attributes, tops)?
        }
        "reduction" => draft.op(place, "ReduceMean", &first, vec![], 1)?,
        // Losses, accuracy, detection heads and what users add: known by name only.
        _ => {
            let kind = layer.word("type").unwrap_or("layer");
            let node = Node::in_domain("caffe", kind, 0, at.module);
            draft.worked_out(place, node, &all, vec![], tops)?
        }
    })
}

//! What inputs and outputs of a model are called: the file's names, where a person gave them.

use netloom_graph::{Category, Dim, Graph, Producer, TensorId};

use super::flow::{self, Flow};

/// Names of inputs that say nothing, without numbers and marks.
const PLAIN_INPUTS: &[&str] = &[
    "",
    "arg",
    "args",
    "data",
    "image",
    "images",
    "img",
    "input",
    "inputs",
    "lx",
    "onnx",
    "pixelvalues",
    "x",
];

/// Names that exporters give to what an operator makes, without numbers and marks.
const PLAIN_OUTPUTS: &[&str] = &[
    "",
    "add",
    "addmm",
    "avgpoold",
    "batchnorm",
    "bmm",
    "cat",
    "clamp",
    "clone",
    "convd",
    "convolution",
    "div",
    "embedding",
    "flatten",
    "gelu",
    "getitem",
    "identity",
    "input",
    "layernorm",
    "linear",
    "logsoftmax",
    "matmul",
    "maxpoold",
    "mean",
    "mul",
    "onnx",
    "out",
    "output",
    "outputs",
    "permute",
    "relu",
    "reshape",
    "select",
    "sigmoid",
    "slice",
    "softmax",
    "squeeze",
    "stack",
    "statefulpartitionedcall",
    "sub",
    "sum",
    "t",
    "tanh",
    "transpose",
    "unsafeview",
    "unsqueeze",
    "upsamplebilineard",
    "upsamplenearestd",
    "view",
    "y",
];

/// Numbers of classes that image classifiers are trained on.
const CLASSES: &[i64] = &[10, 100, 1000, 21_841, 21_843];
/// Channels of a picture.
const CHANNELS: &[i64] = &[1, 3, 4];
/// The least side of a picture, px.
const LEAST_SIDE: i64 = 16;

/// What to print for an input: its own name, or `image` where the name says nothing and the shape is a picture's.
pub(super) fn input(graph: &Graph, tensor: TensorId) -> String {
    let tensor = graph.tensor(tensor);
    let name = readable(&tensor.name);
    if !PLAIN_INPUTS.contains(&letters(&tensor.name).as_str()) {
        return name;
    }
    if is_image(tensor.ty.shape().dims().unwrap_or_default()) {
        return "image".to_owned();
    }
    if name.chars().any(char::is_alphabetic) && !tensor.name.contains("::") {
        name
    } else {
        "input".to_owned()
    }
}

/// What to print for an output: its own name; `class scores` where the name says nothing and the last layer of an
/// image classifier makes it; else `output`.
pub(super) fn output(graph: &Graph, flow: &Flow, tensor: TensorId) -> String {
    let own = graph.tensor(tensor);
    let last = own.name.rsplit(['/', ':']).next().unwrap_or(&own.name);
    let generic = own.name.starts_with("onnx::")
        || PLAIN_OUTPUTS.contains(&letters(last).as_str())
        || last.rsplit_once("_output_").is_some_and(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()));
    if !generic {
        return readable(&own.name);
    }
    let (Producer::Node(id, _), [_, classes]) =
        (graph.tensor(flow.origin(graph, tensor)).producer, own.ty.shape().dims().unwrap_or_default())
    else {
        return "output".to_owned();
    };
    let from_image = matches!(graph.inputs.as_slice(), [one] if input(graph, *one) == "image");
    let known = classes.as_known().is_some_and(|n| CLASSES.contains(&n));
    let node = graph.node(id);
    match flow::category(graph, node) {
        Category::Linear if from_image && known && graph.outputs.len() == 1 => "class scores".to_owned(),
        _ if node.op == "Softmax" && from_image && known => "class probabilities".to_owned(),
        _ => "output".to_owned(),
    }
}

/// A name in small letters without anything else.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a shape is that of pictures, channels first or last.
fn is_image(dims: &[Dim]) -> bool {
    let [_, a, b, c] = dims else { return false };
    let channels = |d: &Dim| d.as_known().is_some_and(|n| CHANNELS.contains(&n));
    let side = |d: &Dim| d.as_known().map_or(!d.is_unknown(), |n| n >= LEAST_SIDE);
    channels(a) && side(b) && side(c) || channels(c) && side(a) && side(b)
}

/// A tensor name for people: the last part of a path, without the framework's numbering marks.
fn readable(name: &str) -> String {
    let last = name.rsplit('/').find(|s| !s.is_empty()).unwrap_or(name);
    last.trim_end_matches(":0").replace("::", " ")
}

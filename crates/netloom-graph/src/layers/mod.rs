//! Layer kinds: what each operator is called, what shape it makes, what it costs and how it is labelled.
//!
//! A family of close kinds is one file that exports `FAMILY`, a slice of [`Layer`]; [`FAMILIES`] lists the files.

use crate::infer::{Infer, InferError};
use crate::{Graph, Node, Producer, TensorId};

mod activation;
mod arithmetic;
pub(crate) mod attention;
pub mod channels;
#[cfg(test)]
pub(crate) mod check;
mod compare;
mod concat;
mod constant;
mod control;
mod conv;
mod dropout;
mod einsum;
mod expand;
mod flex_attention;
mod gather;
mod image;
mod linear;
mod math;
mod microsoft;
mod microsoft_attention;
mod microsoft_quantized;
mod ml;
mod norm;
mod optional;
mod pool;
mod quantize;
mod random;
pub mod recurrent;
mod reduce;
mod reshape;
mod resize;
pub mod rules;
mod select;
mod sequence;
mod signal;
mod slice;
mod softmax;
mod text;
mod training;
mod transpose;
pub mod window;

/// The newest version of the standard ONNX operator set that the rules know.
pub const NEWEST_OPSET: i64 = 28;

/// The families, one per file, in order of file name.
pub const FAMILIES: &[&[Layer]] = &[
    activation::FAMILY,
    arithmetic::FAMILY,
    attention::FAMILY,
    compare::FAMILY,
    concat::FAMILY,
    constant::FAMILY,
    control::FAMILY,
    conv::FAMILY,
    dropout::FAMILY,
    einsum::FAMILY,
    expand::FAMILY,
    flex_attention::FAMILY,
    gather::FAMILY,
    image::FAMILY,
    linear::FAMILY,
    math::FAMILY,
    microsoft::FAMILY,
    microsoft_attention::FAMILY,
    microsoft_quantized::FAMILY,
    ml::FAMILY,
    norm::FAMILY,
    optional::FAMILY,
    pool::FAMILY,
    quantize::FAMILY,
    random::FAMILY,
    recurrent::FAMILY,
    reduce::FAMILY,
    reshape::FAMILY,
    resize::FAMILY,
    select::FAMILY,
    sequence::FAMILY,
    signal::FAMILY,
    slice::FAMILY,
    softmax::FAMILY,
    text::FAMILY,
    training::FAMILY,
    transpose::FAMILY,
];

/// One kind of layer: a row of the table that everything else reads.
#[derive(Debug)]
pub struct Layer {
    /// The canonical name, such as `conv` or `batch_norm`; unique.
    pub name: &'static str,
    /// What it does, in a learner's words, one sentence without a full stop.
    pub about: &'static str,
    /// What each framework calls it: pairs of framework and name. The frameworks are `onnx` (standard set),
    /// `onnx.ml`, `com.microsoft` and other ONNX domains by their name, `torch`, `keras`, `loom`.
    pub names: &'static [(&'static str, &'static str)],
    /// What role it plays; chooses the colour.
    pub category: Category,
    /// Sets the types of the outputs from the types of the inputs.
    pub infer: fn(&mut Infer<'_>) -> Result<(), InferError>,
    /// Which inputs hold what the layer learns when they are stored, by position.
    pub learned: &'static [usize],
    /// Which inputs hold stored state that is not learned (running statistics, masks), by position.
    pub state: &'static [usize],
    /// Multiply-adds of one run: matrix products, convolutions, attention and recurrent cells count, nothing else.
    /// `None` where the shapes do not tell.
    pub macs: fn(&Graph, &Node) -> Option<u64>,
    /// The short text of a box.
    pub label: fn(&Graph, &Node) -> Label,
}

impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Layer {
    /// A row with no cost, no weights and its name as label; families override fields.
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        names: &[],
        category: Category::Elementwise,
        infer: |_| Ok(()),
        learned: &[],
        state: &[],
        macs: |_, _| Some(0),
        label: |_, node| Label::new(node.layer.map_or(node.op.as_str(), |l| l.name)),
    };
}

/// What role a kind plays in a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Category {
    /// Convolutions of any sort.
    Conv,
    /// Dense matrix products.
    Linear,
    /// Attention.
    Attention,
    /// Recurrent cells.
    Recurrent,
    /// Normalisation.
    Norm,
    /// Pointwise nonlinearities with a name.
    Activation,
    /// Pooling and other reduction of resolution.
    Pool,
    /// Resizing and other increase of resolution.
    Upsample,
    /// Table look-ups by token.
    Embedding,
    /// Dropout and other noise.
    Dropout,
    /// Joins of branches: addition, concatenation, products of two streams.
    Merge,
    /// Plain arithmetic and logic.
    Elementwise,
    /// Reductions over axes.
    Reduce,
    /// Movement of data without arithmetic: reshape, transpose, slice, gather.
    Shape,
    /// Numbers made from nothing: constants, ranges, random draws.
    Constant,
    /// Losses and softmax.
    Loss,
    /// Change of number format.
    Quantize,
    /// If, loops, scans, sequences and optionals.
    Control,
    /// Signal and image processing, text, trees: whatever is not a neural layer.
    Other,
}

impl Category {
    /// Every category, in the order of a legend.
    pub const ALL: &[Self] = &[
        Self::Conv,
        Self::Linear,
        Self::Attention,
        Self::Recurrent,
        Self::Norm,
        Self::Activation,
        Self::Pool,
        Self::Upsample,
        Self::Embedding,
        Self::Dropout,
        Self::Merge,
        Self::Elementwise,
        Self::Reduce,
        Self::Shape,
        Self::Constant,
        Self::Loss,
        Self::Quantize,
        Self::Control,
        Self::Other,
    ];

    /// The name by which themes and legends call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv => "conv",
            Self::Linear => "linear",
            Self::Attention => "attention",
            Self::Recurrent => "recurrent",
            Self::Norm => "norm",
            Self::Activation => "activation",
            Self::Pool => "pool",
            Self::Upsample => "upsample",
            Self::Embedding => "embedding",
            Self::Dropout => "dropout",
            Self::Merge => "merge",
            Self::Elementwise => "elementwise",
            Self::Reduce => "reduce",
            Self::Shape => "shape",
            Self::Constant => "constant",
            Self::Loss => "loss",
            Self::Quantize => "quantize",
            Self::Control => "control",
            Self::Other => "other",
        }
    }
}

/// The short text of a box: `7×7, 64, /2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The first line: what a figure shows at the least, such as `conv 7×7, 64, /2`.
    pub title: String,
    /// Further settings that a reader needs to re-implement the layer, such as `pad 3` or `groups 32`, most
    /// important first; empty when there are none.
    pub details: Vec<String>,
}

impl Label {
    /// A label without details.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), details: Vec::new() }
    }

    /// The same label with one more detail.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }
}

/// The layer that an operator of a domain is; the standard ONNX domain is empty.
pub fn find(domain: &str, op: &str) -> Option<&'static Layer> {
    let framework = match domain {
        "" | "ai.onnx" => "onnx",
        "ai.onnx.ml" => "onnx.ml",
        other => other,
    };
    find_by_name(framework, op)
}

/// The layer that a node acts as: a product with a stored matrix is a linear layer, a look-up in a stored table of
/// vectors an embedding, a clip from 0 to 6 a relu6; any other node is what its operator says.
pub fn effective(graph: &Graph, node: &Node) -> Option<&'static Layer> {
    let layer = node.layer?;
    let learned_matrix = |input: usize| {
        node.input(input).is_some_and(|tensor| {
            let matrix = graph.tensor(tensor).ty.shape().rank() == Some(2);
            let float = graph.tensor(tensor).ty.dtype().is_none_or(|d| d.is_float());
            matrix && float && is_stored(graph, tensor)
        })
    };
    match layer.name {
        "matmul" if learned_matrix(0) || learned_matrix(1) => find_by_name("loom", "linear"),
        "gather" if node.attributes.int("axis").unwrap_or(0) == 0 && learned_matrix(0) => {
            find_by_name("loom", "embedding")
        }
        "clip" if activation::is_relu6(graph, node) => find_by_name("loom", "relu6"),
        _ => Some(layer),
    }
}

/// Whether a tensor is stored in the file, or a rearranged stored tensor.
pub(crate) fn is_stored(graph: &Graph, tensor: TensorId) -> bool {
    // Exporters chain a few rearrangements at most.
    const MAX_STEPS: usize = 8;
    let mut at = tensor;
    for _ in 0..MAX_STEPS {
        match graph.tensor(at).producer {
            Producer::Stored => return true,
            Producer::Node(id, _) if rules::passes(graph.node(id), 0) => match graph.node(id).input(0) {
                Some(input) => at = input,
                None => return false,
            },
            _ => return false,
        }
    }
    false
}

/// The layer that a framework calls by this name.
pub fn find_by_name(framework: &str, name: &str) -> Option<&'static Layer> {
    // Sorted once: files with a hundred thousand nodes look up every one.
    static INDEX: std::sync::OnceLock<Vec<(&str, &str, &Layer)>> = std::sync::OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut rows: Vec<_> =
            all().flat_map(|layer| layer.names.iter().map(move |(f, n)| (*f, *n, layer))).collect();
        rows.sort_by_key(|(f, n, _)| (*f, *n));
        rows
    });
    let at = index.binary_search_by_key(&(framework, name), |(f, n, _)| (*f, *n)).ok()?;
    Some(index[at].2)
}

/// Every layer, family by family.
pub fn all() -> impl Iterator<Item = &'static Layer> {
    FAMILIES.iter().flat_map(|f| f.iter())
}

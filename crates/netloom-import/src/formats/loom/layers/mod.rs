//! The layers that the notation knows by name, and how each becomes nodes of the standard ONNX set.
//!
//! What stands here needs weights, settings under short names, or more than one node. Every other operator of
//! [`netloom_graph::layers`] can be called by its canonical name, with the settings of its definition.

mod attention;
mod conv;
mod dense;
mod merge;
mod norm;
mod pointwise;
mod pool;
mod recurrent;
mod shape;

use netloom_graph::{Attribute, Dim, TensorId, layers as kinds};

use super::call::{Arg, Call};
use super::make::{Made, Maker};

/// One layer of the notation.
#[derive(Debug)]
pub struct Row {
    /// What a text calls it.
    pub name: &'static str,
    /// Its settings, in the order in which they are given without name.
    pub settings: &'static [&'static str],
    /// The fewest and the most inputs.
    pub inputs: (usize, usize),
    /// Whether plain numbers may stand among the inputs, as in `mul(0.5)`.
    pub numbers: bool,
    /// Adds its nodes and gives its results, as many as are wanted if it has so many.
    pub build: fn(&mut Maker, &Call) -> Made<Vec<TensorId>>,
}

impl Row {
    const DEFAULT: Self = Self {
        name: "",
        settings: &[],
        inputs: (1, 1),
        numbers: false,
        build: |_, call| Ok(call.inputs.clone()),
    };
}

/// The families, one per file, in order of file name.
pub const FAMILIES: &[&[Row]] = &[
    attention::FAMILY,
    conv::FAMILY,
    dense::FAMILY,
    merge::FAMILY,
    norm::FAMILY,
    pointwise::FAMILY,
    pool::FAMILY,
    recurrent::FAMILY,
    shape::FAMILY,
];

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    all().find(|r| r.name == name)
}

/// Names that other frameworks and papers use beside those in [`kinds::all`].
const ALIASES: &[(&str, &str)] = &[
    ("AdaptiveAvgPool1d", "adaptive_avg_pool"),
    ("AdaptiveAvgPool2d", "adaptive_avg_pool"),
    ("AdaptiveAvgPool3d", "adaptive_avg_pool"),
    ("Add", "add"),
    ("AvgPool1d", "avg_pool"),
    ("AvgPool2d", "avg_pool"),
    ("AvgPool3d", "avg_pool"),
    ("BatchNorm", "batch_norm"),
    ("Concatenate", "concat"),
    ("Conv1D", "conv"),
    ("Conv2D", "conv"),
    ("Conv3D", "conv"),
    ("Conv2DTranspose", "conv_transpose"),
    ("Dense", "linear"),
    ("DepthwiseConv2D", "depthwise_conv"),
    ("Flatten", "flatten"),
    ("GlobalAveragePooling2D", "global_avg_pool"),
    ("GlobalMaxPooling2D", "global_max_pool"),
    ("Hardswish", "hard_swish"),
    ("MaxPool1d", "max_pool"),
    ("MaxPool2d", "max_pool"),
    ("MaxPool3d", "max_pool"),
    ("MaxPooling2D", "max_pool"),
    ("Permute", "transpose"),
    ("SeparableConv2D", "separable_conv"),
    ("SiLU", "silu"),
    ("ZeroPad2d", "zero_pad"),
    ("ZeroPadding2D", "zero_pad"),
    ("swish", "silu"),
];

/// The row of a name, or of what another framework calls the same, and whether it was found by such a name.
pub fn find_or_alias(name: &str) -> Option<(&'static Row, bool)> {
    if let Some(row) = find(name) {
        return Some((row, false));
    }
    if let Some((_, own)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return find(own).map(|row| (row, true));
    }
    if !name.starts_with(char::is_uppercase) {
        return None;
    }
    let kind = kinds::find_by_name("torch", name).or_else(|| kinds::find_by_name("keras", name))?;
    find(kind.name).map(|row| (row, true))
}

/// What other frameworks call settings, and what the notation does.
pub const SETTING_ALIASES: &[(&str, &str)] = &[
    ("alpha", "alpha"),
    ("ceil_mode", "ceil"),
    ("dilation_rate", "dilation"),
    ("dim", "axis"),
    ("embedding_dim", "features"),
    ("eps", "epsilon"),
    ("filters", "channels"),
    ("hidden_size", "hidden"),
    ("input_dim", "size"),
    ("kernel_size", "kernel"),
    ("negative_slope", "alpha"),
    ("num_embeddings", "size"),
    ("num_groups", "groups"),
    ("num_heads", "heads"),
    ("num_layers", "layers"),
    ("out_channels", "channels"),
    ("out_features", "features"),
    ("output_dim", "features"),
    ("output_padding", "output_pad"),
    ("p", "rate"),
    ("padding", "pad"),
    ("pool_size", "kernel"),
    ("scale_factor", "scale"),
    ("start_dim", "axis"),
    ("strides", "stride"),
    ("units", "features"),
    ("use_bias", "bias"),
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().flat_map(|f| f.iter())
}

impl Call {
    /// Adds the one node that a simple layer is.
    fn node(
        &self,
        maker: &mut Maker,
        op: &str,
        inputs: impl IntoIterator<Item = TensorId>,
        attributes: Vec<(&str, Attribute)>,
    ) -> Made<Vec<TensorId>> {
        maker.node(op, &self.name, inputs.into_iter().map(Some).collect(), attributes, 1, &self.span)
    }

    /// Refuses the number of input channels, which other frameworks want and which follows here.
    ///
    /// # Errors
    /// When the first numbers look like those of input and output.
    pub(super) fn refuse_channels(&self, maker: &Maker, name: &str) -> Made<()> {
        let int = |name: &str| match self.get(name) {
            Some((Arg::Dim(Dim::Known(n)), _)) => Some(*n),
            _ => None,
        };
        // What stands in the places of the first two settings of these layers.
        let (first, second, least) = match self.layer.as_str() {
            "conv" | "conv_transpose" => (int("channels"), int("kernel"), 8),
            "linear" => (int("features"), int("bias"), 1),
            _ => return Ok(()),
        };
        let Some(found) = second.filter(|n| *n >= least) else { return Ok(()) };
        let from = match self.layer.as_str() {
            "linear" => self.features(maker, self.input()?)?,
            _ => self.channels(maker)?,
        };
        if first.map(Dim::Known) != Some(from) {
            return Ok(());
        }
        let rest = if self.layer == "linear" { "" } else { ", …" };
        Err(self
            .problem(format!("`{name}` expected only the number of outputs, found that of inputs before it"))
            .with_hint(format!("what flows in has its size: write `{name}({found}{rest})`")))
    }

    /// The number of channels, which is dimension 1.
    fn channels(&self, maker: &Maker) -> Made<Dim> {
        let input = self.input()?;
        match maker.dims(input) {
            None => Ok(Dim::Unknown),
            Some(dims) => dims.get(1).cloned().ok_or_else(|| {
                let shape = maker.graph.tensor(input).ty.shape();
                self.problem(format!(
                    "`{}` expected an input of batch and channels, found {shape}",
                    self.layer
                ))
            }),
        }
    }

    /// The number of spatial dimensions: what follows batch and channels, else `listed`, else 2.
    fn spatial(&self, maker: &Maker, listed: Option<usize>) -> Made<usize> {
        let input = self.input()?;
        let Some(dims) = maker.dims(input) else { return Ok(listed.unwrap_or(2)) };
        match dims.len().checked_sub(2) {
            Some(n) if n > 0 => Ok(n),
            _ => {
                let shape = maker.graph.tensor(input).ty.shape();
                Err(self.problem(format!(
                    "`{}` expected an input of batch, channels and space, found {shape}",
                    self.layer
                )))
            }
        }
    }

    /// The last dimension of a tensor.
    fn features(&self, maker: &Maker, tensor: TensorId) -> Made<Dim> {
        match maker.dims(tensor) {
            None => Ok(Dim::Unknown),
            Some(dims) => dims.last().cloned().ok_or_else(|| {
                self.problem(format!(
                    "`{}` expected an input with at least 1 dimension, found a scalar",
                    self.layer
                ))
            }),
        }
    }
}

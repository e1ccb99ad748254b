//! Layers around a layer.

use netloom_graph::{Dim, TensorId};

use super::super::build::{Builder, Part};
use super::super::model::Layer;
use super::super::network::Scope;
use super::{Built, Row};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["SpectralNormalization"], build: spectral },
    Row { classes: &["TimeDistributed"], build: distributed },
    Row {
        classes: &["Wrapper"],
        build: |builder, part| match held(part, "layer") {
            Some(layer) => {
                let input = part.inputs.clone();
                inside(builder, part, &layer, "layer", input)
            }
            None => super::custom::build(builder, part),
        },
    },
];

/// A layer that a setting holds.
pub fn held<'a>(part: &Part<'_, 'a>, setting: &str) -> Option<Layer<'a>> {
    Layer::read(part.config().get(setting)?)
}

/// Builds a layer inside another one, or a model.
///
/// # Errors
/// When the graph passes a limit.
pub fn inside<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    layer: &Layer<'a>,
    attribute: &str,
    inputs: Vec<TensorId>,
) -> Built {
    let module = builder.module(part.module, layer)?;
    let inner =
        Part { inputs, args: Vec::new(), named: part.named.clone(), ..part.inner(layer, module, attribute) };
    match &layer.network {
        Some(network) if !layer.custom => {
            let scope = Scope {
                module,
                path: inner.path,
                slashed: inner.slashed,
                place: inner.place,
                outermost: false,
                trainable: inner.trainable,
            };
            builder.network(network, &scope, &inner.inputs)
        }
        _ => super::build(builder, &inner),
    }
}

/// Layers that work on the last dimension, or on each number, so that further dimensions before do no harm.
const ANY_RANK: &[&str] = &[
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "Dense",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "ReLU",
    "Rescaling",
    "RMSNormalization",
    "Softmax",
];

/// One layer for every step of a sequence: steps become further examples, and afterwards steps again.
fn distributed<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(layer) = held(part, "layer") else { return super::custom::build(builder, part) };
    let input = part.input()?;
    if ANY_RANK.contains(&layer.class) && !layer.custom {
        return inside(builder, part, &layer, "layer", vec![input]);
    }
    let Some(dims) = builder.dims(input).filter(|d| d.len() >= 2) else {
        return super::custom::build(builder, part);
    };
    let rest = dims.get(2..).unwrap_or_default();
    let joined = [vec![-1], plain(rest)].concat();
    let shape = builder.ints(part, "steps_as_examples", &joined)?;
    let flat = builder.op(part, "Reshape", vec![Some(input), shape], vec![])?;
    // What a reshape makes of an open batch is an open number of examples; here it is known to be the product.
    let known = dims.first().zip(dims.get(1)).map(|(b, t)| b.times(t));
    set_dims(builder, flat, known.into_iter().chain(rest.iter().cloned()).collect());
    let made = inside(builder, part, &layer, "layer", vec![flat])?;
    let mut results = Vec::new();
    for one in made.into_iter().take(1) {
        let after = builder.dims(one).and_then(|d| d.get(1..).map(<[Dim]>::to_vec)).unwrap_or_default();
        let steps = dims.get(1).and_then(Dim::as_known).unwrap_or(-1);
        let batch = if steps < 0 { 0 } else { -1 };
        let target = [vec![batch, steps], plain(&after)].concat();
        let shape = builder.ints(part, "examples_as_steps", &target)?;
        let back = builder.op(part, "Reshape", vec![Some(one), shape], vec![])?;
        let whole = dims.iter().take(2).cloned().chain(after).collect();
        set_dims(builder, back, whole);
        results.push(back);
    }
    Ok(results)
}

/// Dimensions as a reshape takes them; what is open stays as it is.
fn plain(dims: &[Dim]) -> Vec<i64> {
    dims.iter().map(|d| d.as_known().unwrap_or(-1)).collect()
}

fn set_dims(builder: &mut Builder<'_>, tensor: TensorId, dims: Vec<Dim>) {
    let dtype = builder.draft.ty(tensor).dtype();
    builder.draft.graph.tensor_mut(tensor).ty =
        netloom_graph::ValueType::Tensor { dtype, shape: netloom_graph::Shape::Ranked(dims) };
}

/// A layer whose kernel is divided by its largest singular value, which a stored vector follows.
fn spectral<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(layer) = held(part, "layer") else { return super::custom::build(builder, part) };
    let made = inside(builder, part, &layer, "layer", part.inputs.clone())?;
    let outputs = spectral_size(builder, part, &layer, &made)?;
    builder.weight(part, "vector_u", vec![Dim::Known(1), outputs], false)?;
    Ok(made)
}

fn spectral_size<'a>(
    builder: &Builder<'a>,
    part: &Part<'_, 'a>,
    layer: &Layer<'a>,
    made: &[TensorId],
) -> Result<Dim, Error> {
    let table = layer.config.int("output_dim").filter(|_| layer.class == "Embedding");
    let said = table.or_else(|| layer.config.int("units")).or_else(|| layer.config.int("filters"));
    // A transposed convolution keeps its inputs last.
    Ok(match said {
        Some(_) if layer.class.ends_with("Transpose") => builder.dim(part.input()?, -1),
        Some(n) => Dim::Known(n),
        None => made.first().map_or(Dim::Unknown, |t| builder.dim(*t, -1)),
    })
}

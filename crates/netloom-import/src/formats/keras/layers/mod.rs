//! The layers of Keras, and how each becomes nodes of the standard ONNX set.
//!
//! # Source
//! <https://keras.io/api/layers/>: what each class computes, its settings, the names and sizes of its weights.

mod activation;
mod attention;
mod conv;
mod custom;
mod dense;
mod image;
mod merge;
mod norm;
mod ops;
mod pool;
mod recurrent;
mod reshape;
mod wrapper;

use netloom_graph::{Attribute, TensorId};

use super::build::{Builder, Part};
use crate::Error;

/// What a layer's call makes.
pub type Built = Result<Vec<TensorId>, Error>;

/// Some classes that are built alike.
pub struct Row {
    /// Their names, old ones included.
    pub classes: &'static [&'static str],
    /// Adds their nodes.
    pub build: for<'p, 'a> fn(&mut Builder<'a>, &Part<'p, 'a>) -> Built,
}

/// The families, one per file, in order of file name.
const FAMILIES: &[&[Row]] = &[
    activation::FAMILY,
    attention::FAMILY,
    conv::FAMILY,
    dense::FAMILY,
    image::FAMILY,
    merge::FAMILY,
    norm::FAMILY,
    pool::FAMILY,
    recurrent::FAMILY,
    reshape::FAMILY,
    wrapper::FAMILY,
];

/// Builds one call of a layer.
///
/// # Errors
/// When the graph passes a limit.
pub fn build<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    if ops::is(part.layer) {
        return ops::build(builder, part);
    }
    match find(part.layer.class).filter(|_| !part.layer.custom && !part.inputs.is_empty()) {
        Some(row) => (row.build)(builder, part),
        None => custom::build(builder, part),
    }
}

fn find(class: &str) -> Option<&'static Row> {
    FAMILIES.iter().flat_map(|f| f.iter()).find(|r| r.classes.contains(&class))
}

/// Whether a class is a layer that is known.
fn is_layer(class: &str) -> bool {
    find(class).is_some()
}

fn int(n: i64) -> Attribute {
    Attribute::Int(n)
}

fn ints(n: impl Into<Vec<i64>>) -> Attribute {
    Attribute::Ints(n.into())
}

fn text(s: &str) -> Attribute {
    Attribute::String(s.to_owned())
}

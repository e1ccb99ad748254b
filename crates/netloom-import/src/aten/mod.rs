//! The operators of PyTorch (`aten` and its kin) in the standard vocabulary, a row each.
//!
//! [`apply`] writes one call into a graph. A family of close operators is one file with a table of rows: the operator's
//! name, the names of its arguments in order, and how it is built. What no row knows stays a node of its own domain.
//!
//! # Source
//! <https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/native_functions.yaml>

mod activation;
mod arithmetic;
mod attention;
mod compare;
mod control;
mod conv;
mod create;
mod cx;
mod embedding;
mod index;
mod linear;
mod loss;
mod norm;
mod nothing;
mod pool;
mod quantize;
mod random;
mod recurrent;
mod reduce;
mod resize;
mod scatter;
mod shape;
pub mod symbolic;
#[cfg(test)]
mod tests;
mod vision;

use netloom_graph::{DType, Dim, ModuleId, RegionId, TensorId, ValueType};

use crate::Error;
use crate::draft::Draft;
use cx::{Built, Cx};

/// The families, one per file, in order of file name.
const FAMILIES: &[&[Row]] = &[
    activation::FAMILY,
    arithmetic::FAMILY,
    attention::FAMILY,
    compare::FAMILY,
    control::FAMILY,
    conv::FAMILY,
    create::FAMILY,
    embedding::FAMILY,
    index::FAMILY,
    linear::FAMILY,
    loss::FAMILY,
    norm::FAMILY,
    nothing::FAMILY,
    pool::FAMILY,
    quantize::FAMILY,
    random::FAMILY,
    recurrent::FAMILY,
    reduce::FAMILY,
    resize::FAMILY,
    scatter::FAMILY,
    shape::FAMILY,
    vision::FAMILY,
];

/// One operator: its name without `aten.`, or with the overload as `max.other`; the names of its arguments in order,
/// alternatives joined by bars; and what writes it into the graph.
struct Row(&'static str, &'static str, fn(&mut Cx<'_>) -> Built);

/// What an operator is given.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A tensor.
    Tensor(TensorId),
    /// A list of tensors, some of which may be left out.
    Tensors(Vec<Option<TensorId>>),
    /// A whole number, known or symbolic.
    Int(Dim),
    /// A list of whole numbers.
    Ints(Vec<Dim>),
    /// A number.
    Float(f64),
    /// A list of numbers.
    Floats(Vec<f64>),
    /// Yes or no.
    Bool(bool),
    /// A list of these.
    Bools(Vec<bool>),
    /// Text.
    Str(String),
    /// An element type.
    DType(DType),
    /// A body of a control-flow operator.
    Region(RegionId),
    /// A device, memory format or layout: nothing that shows.
    Device,
    /// Nothing, as Python's `None`.
    None,
    /// Anything else, by a short description.
    Other(String),
}

/// One call of an operator.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Call {
    /// The operator with its namespace, such as `aten.conv2d`; in-place forms keep their underscore.
    pub op: String,
    /// The overload, such as `Tensor`; may be empty where the file does not say.
    pub overload: String,
    /// Arguments by position.
    pub args: Vec<Arg>,
    /// Arguments by name.
    pub kwargs: Vec<(String, Arg)>,
}

/// Where a call stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    /// The module.
    pub module: ModuleId,
    /// The body of a control-flow operator, if any.
    pub region: Option<RegionId>,
}

impl From<ModuleId> for Place {
    fn from(module: ModuleId) -> Self {
        Self { module, region: None }
    }
}

/// Writes a call into the graph and returns its results, as many as `outputs` names; their types are trusted as far as
/// the file has them and inferred otherwise. A result may be a tensor that was there before: what only changes how
/// a tensor lies in memory makes no node.
///
/// # Errors
/// When the graph has too many parts.
pub fn apply(
    draft: &mut Draft,
    place: impl Into<Place>,
    name: &str,
    call: &Call,
    outputs: Vec<(String, ValueType)>,
) -> Result<Vec<TensorId>, Error> {
    let mut cx = Cx::new(draft, place.into(), name, call, outputs);
    if let Some(row) = find(&call.op, &call.overload) {
        cx.names = row.1;
        if let Some(made) = (row.2)(&mut cx)? {
            return Ok(made);
        }
    }
    cx.opaque()
}

/// Whether a row knows the operator.
pub fn is_known(op: &str, overload: &str) -> bool {
    find(op, overload).is_some()
}

/// The row of an operator: by name and overload, by name, then without the marks of forms that differ only in where
/// the result is put.
fn find(op: &str, overload: &str) -> Option<&'static Row> {
    let bare = bare(op)?;
    let by_name = |name: &str| {
        let with_overload = format!("{name}.{overload}");
        row(&with_overload).or_else(|| row(name))
    };
    by_name(bare).or_else(|| {
        let name = if bare.ends_with("__") { bare } else { bare.strip_suffix('_').unwrap_or(bare) };
        let name = name.strip_suffix("_copy").unwrap_or(name);
        by_name(name).or_else(|| by_name(name.strip_prefix('_').unwrap_or(name)))
    })
}

/// Namespaces whose operators have rows by their own names.
const NAMESPACES: &[&str] = &["aten", "prims", "quantized", "quantized_decomposed", "torchvision"];

fn bare(op: &str) -> Option<&str> {
    match op.split_once('.') {
        Some((namespace, name)) => NAMESPACES.contains(&namespace).then_some(name),
        None => Some(op),
    }
}

fn row(name: &str) -> Option<&'static Row> {
    // Sorted once: files have tens of thousands of calls.
    static INDEX: std::sync::OnceLock<Vec<&Row>> = std::sync::OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut rows: Vec<&Row> = FAMILIES.iter().flat_map(|f| f.iter()).collect();
        rows.sort_by_key(|r| r.0);
        rows
    });
    index.binary_search_by_key(&name, |r| r.0).ok().map(|at| index[at])
}

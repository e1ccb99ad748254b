//! Models written as text: in the notation, or as documented JSON.

use netloom_graph::{Graph, hierarchy, lift};
use netloom_import::writers;

use crate::Error;

/// The names of the texts that a model can be written as.
pub const TEXTS: &[&str] = &["json", "loom"];

/// Writes a model as text: `loom`, folded, of the layers that a person would draw, or `json`, of the operators as the
/// file has them. With `plumbing` the notation has the operators of the file too.
///
/// # Errors
/// When there is no such format.
pub fn convert(graph: &Graph, format: &str, plumbing: bool) -> Result<String, Error> {
    match format {
        "json" => Ok(writers::json::write(graph)),
        "loom" if plumbing => Ok(writers::loom::write(graph)),
        "loom" => Ok(writers::loom::write(&hierarchy::infer(&lift::lift(graph).graph))),
        _ => Err(Error::unknown("format to convert to", format, TEXTS.iter().copied())),
    }
}

//! Safetensors: named tensors without a network; with a `config.json` beside, the network too.

mod header;
mod index;

pub use header::{Header, MAX_HEADER, MAX_RANK, MAX_TENSORS, read as read_header};
pub use index::MAX_SHARDS;

use netloom_graph::Graph;

use crate::sniff::{has_extension, json_keys};
use crate::templates::{self, Weights};
use crate::{Confidence, Error, Format, Source};

/// Safetensors as a format, one file or an index of several.
pub struct Safetensors;

impl Format for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn about(&self) -> &'static str {
        "weights by name, with the network that config.json beside them describes"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let is_index = || json_keys(source).iter().any(|k| k == "weight_map");
        if header::begins_like_one(source) || is_index() {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        templates::with_config_beside(source, weights(source)?)
    }
}

/// The tensors of a file or of the files that an index lists.
///
/// # Errors
/// When a header or the index is damaged.
pub fn weights(source: &dyn Source) -> Result<Weights, Error> {
    if json_keys(source).iter().any(|k| k == "weight_map") {
        return index::weights(source);
    }
    let header = read_header(source)?;
    let mut weights = Weights::new("safetensors", header.entries);
    weights.warnings = header.remarks;
    if header.is_bare {
        weights
            .notes
            .push("the file ends after its header: names and dimensions are known, no bytes".to_owned());
    }
    weights.is_sorted = true;
    Ok(weights)
}

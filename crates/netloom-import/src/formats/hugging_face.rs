//! A `config.json` of Hugging Face: the network that it describes, checked against weights that lie beside it.

use netloom_graph::{Diagnostic, Graph};

use super::safetensors;
use crate::sniff::json_keys;
use crate::templates::{self, Weights};
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The configuration of a model as a format.
pub struct HuggingFace;

/// Files that may hold the weights, the first one that is there counts.
const WEIGHTS: &[&str] = &["model.safetensors", "model.safetensors.index.json"];

impl Format for HuggingFace {
    fn name(&self) -> &'static str {
        "hugging_face"
    }

    fn about(&self) -> &'static str {
        "config.json of a Hugging Face model, by the templates of its family"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if json_keys(source).iter().any(|k| k == "model_type" || k == "architectures") {
            Confidence::Content
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let config = templates::read_config(source)?;
        for name in WEIGHTS {
            if let Some(beside) = source.sibling(name) {
                let weights = safetensors::weights(&*beside)?;
                return templates::with_config(&config, Weights { format: self.name(), ..weights });
            }
        }
        let mut graph = templates::network(&config).map_err(|reason| {
            Error::new(ErrorKind::UnknownFormat, reason)
                .with_hint("open the file of weights beside it, such as model.safetensors")
        })?;
        self.name().clone_into(&mut graph.format);
        let note = "the network is that of the configuration; no weights were there to check it against";
        graph.diagnostics.push(Diagnostic::note("", note));
        Ok(graph)
    }
}

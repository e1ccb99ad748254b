//! Keras: archives `.keras`, HDF5 files of models and of weights, architectures as JSON.
//!
//! The architecture is a JSON text everywhere; weights stand in HDF5 or are not there. Shapes that the file does not say,
//! those of weights included, follow from the settings of the layers. Nothing of a file is ever run: the program of a
//! `Lambda` stays unread.
//!
//! # Source
//! <https://keras.io/guides/serialization_and_saving/>, <https://keras.io/api/layers/>.

mod build;
mod calls;
mod config;
mod hdf;
mod layers;
mod live;
mod model;
mod network;
mod read;
mod weights;

use netloom_graph::Graph;

use crate::archive::zip::Zip;
use crate::sniff::{has_extension, json_keys};
use crate::source::take;
use crate::{Confidence, Error, Format, Source};

/// The format of Keras.
pub struct Keras;

impl Format for Keras {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn about(&self) -> &'static str {
        "Keras models: .keras archives, HDF5 files, weights and architectures as JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["keras", "h5", "hdf5"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let content = match kind(source) {
            Some(Kind::Hdf) => true,
            // Other archives begin alike.
            Some(Kind::Zip) => Zip::open(source)
                .is_ok_and(|zip| zip.below_top(read::CONFIG).is_some() && read::is_keras(&zip)),
            Some(Kind::Json) => is_architecture(&json_keys(source)),
            None => false,
        };
        if content {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        match kind(source) {
            Some(Kind::Hdf) => read::hdf(source),
            Some(Kind::Zip) => read::archive(source),
            _ => read::json(source),
        }
    }
}

/// What a file of Keras is by its first bytes.
enum Kind {
    Hdf,
    Zip,
    Json,
}

fn kind(source: &dyn Source) -> Option<Kind> {
    let head = take(source, 0, 64).ok()?;
    if head.starts_with(hdf::MAGIC) {
        return Some(Kind::Hdf);
    }
    if Zip::is(source) {
        return Some(Kind::Zip);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    (text.first() == Some(&b'{')).then_some(Kind::Json)
}

/// Whether these are keys of an architecture: of a model itself, or around one as TensorFlow.js has it.
fn is_architecture(keys: &[String]) -> bool {
    let has = |key: &str| keys.iter().any(|k| k == key);
    (has("class_name") && has("config"))
        || has("modelTopology")
        || (has("model_config") && !has("netloom_graph"))
}

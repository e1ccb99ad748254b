//! ONNX: the open exchange format of neural networks, a protobuf message.

mod build;
mod calls;
mod dims;
mod hierarchy;
mod model;
mod names;
mod paths;
mod remarks;
mod schema;
mod settings;
mod tensor;
mod types;
mod weights;

use netloom_graph::Graph;

use crate::sniff::has_extension;
use crate::wire::{Payload, Reader};
use crate::{Confidence, Error, ErrorKind, Format, Source};
use model::Parser;

/// The ONNX format.
pub struct Onnx;

impl Format for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn about(&self) -> &'static str {
        "Open Neural Network Exchange, written by PyTorch, TensorFlow, scikit-learn and many others"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["onnx"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if looks_like_a_model(source) {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let mut parser = Parser::new(Reader::new(source));
        let model = parser.model().map_err(|error| match error.kind() {
            // A name may lie: what never looked like a model is not a damaged one.
            ErrorKind::Damaged { .. } if !looks_like_a_model(source) => {
                Error::new(ErrorKind::NotThisFormat, format!("not an ONNX file: {error}"))
            }
            _ => error,
        })?;
        let Some(network) = &model.graph else {
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                "not an ONNX file: expected a graph, found none",
            ));
        };
        build::build(&model, network, &parser.names, source)
    }
}

/// The most top-level fields that are looked at.
const SNIFF_FIELDS: usize = 256;

/// Protobuf has no magic number: a model is what has the fields of one, among them a graph.
fn looks_like_a_model(source: &dyn Source) -> bool {
    let mut reader = Reader::new(source);
    let mut message = reader.root();
    let mut has_graph = false;
    for _ in 0..SNIFF_FIELDS {
        let at = message.at();
        match reader.next(&mut message) {
            Ok(None) => break,
            Ok(Some(field)) => match (field.number, field.payload) {
                (1 | 5, Payload::Varint(_)) | (2..=4 | 6 | 8 | 14 | 20 | 25 | 26, Payload::Bytes(_)) => {}
                (7, Payload::Bytes(_)) => has_graph = true,
                _ => return false,
            },
            // A file cut in the middle of its graph is still a damaged model.
            Err(_) => {
                const GRAPH_TAG: u8 = 7 << 3 | 2;
                let mut tag = [0];
                return has_graph || (at > 0 && source.read_at(at, &mut tag) == Ok(1) && tag[0] == GRAPH_TAG);
            }
        }
    }
    has_graph
}

//! ONNX: the open exchange format of neural networks, a protobuf message.

use netloom_graph::Graph;

use crate::sniff::has_extension;
use crate::{Confidence, Error, ErrorKind, Format, Source};

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
        if has_extension(source, self.extensions()) { Confidence::Extension } else { Confidence::No }
    }

    fn read(&self, _source: &dyn Source) -> Result<Graph, Error> {
        Err(Error::new(ErrorKind::NotThisFormat, "not an ONNX file"))
    }
}

//! Model files and the notation, read into a [`netloom_graph::Graph`].
//!
//! [`read`] finds out what a [`Source`] holds and reads it; [`FORMATS`] is the table of what it can be. Reading is total
//! for well-formed files: an unknown operator becomes an ordinary node. What is merely odd travels in
//! `graph.diagnostics`. Shape inference is a step of its own, [`netloom_graph::infer::infer`].
//!
//! ```
//! use netloom_import::{Bytes, ErrorKind, read};
//!
//! let picture = Bytes::new("model.onnx", b"\x89PNG\r\n\x1a\n and more".to_vec());
//! let error = read(&picture).expect_err("a picture is no model");
//! assert_eq!(error.to_string(), "not an ONNX file: found a PNG header");
//! assert_eq!(error.kind(), ErrorKind::NotThisFormat);
//! ```

pub mod archive;
pub mod assemble;
pub mod aten;
pub mod draft;
mod error;
pub mod folder;
pub mod formats;
pub mod pickle;
pub mod prototxt;
pub mod sniff;
mod source;
pub mod templates;
pub mod weights_only;
pub(crate) mod wire;
pub mod writers;

pub use error::{Error, ErrorKind};
pub use formats::{FORMATS, read};
pub use sniff::Confidence;
pub use source::{Bytes, Source, SourceError};

use netloom_graph::Graph;

/// One kind of file that can be read: a row of [`FORMATS`].
pub trait Format: Sync {
    /// The name used on the command line and in `graph.format`, such as `onnx`.
    fn name(&self) -> &'static str;

    /// What it is, in one sentence without a full stop.
    fn about(&self) -> &'static str;

    /// File extensions without the dot, in lower case.
    fn extensions(&self) -> &'static [&'static str];

    /// How much a source looks like this format. Reads a few bytes at most, never the whole source.
    fn sniff(&self, source: &dyn Source) -> Confidence;

    /// Reads a model.
    ///
    /// # Errors
    /// When the source is not of this format, is damaged, or passes a limit. What is merely odd is a diagnostic of the
    /// graph.
    fn read(&self, source: &dyn Source) -> Result<Graph, Error>;
}

//! Why a figure could not be written.

use std::fmt;

/// Why a figure could not be written: one line for people, a kind for programs, and hints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
}

/// What sort of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No output has this name or extension.
    UnknownOutput,
    /// A text is not a length.
    Length,
    /// An option has a value that means nothing.
    Option,
    /// The canvas has no size that can be drawn.
    Canvas,
    /// The figure is larger than a documented limit of the output.
    Limit,
    /// The encoder of the output refused.
    Encoding,
}

impl Error {
    /// An error with a message in lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// The same error with one more hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the reader may do about it, each one line.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

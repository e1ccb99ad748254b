//! What is odd about a model but does not stop it from being read.

use std::fmt;

/// How much a diagnostic matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth knowing; nothing is missing from the result.
    Note,
    /// Something in the result is missing or doubtful.
    Warning,
    /// Something in the file is wrong; the result leaves it out.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One remark about a model, with its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The node, module or tensor concerned, as a path; empty for the whole model.
    pub path: String,
    /// What is odd, in lower case without a full stop.
    pub message: String,
}

impl Diagnostic {
    /// A warning at a place.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, path: path.into(), message: message.into() }
    }

    /// A note at a place.
    pub fn note(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, path: path.into(), message: message.into() }
    }

    /// An error at a place.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), message: message.into() }
    }
}

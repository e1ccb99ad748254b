//! Why a model could not be read.

use std::fmt;

use crate::SourceError;

/// Why a model could not be read: one line for people, a kind for programs, and hints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
    report: Option<String>,
}

/// What sort of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No format knows this source.
    UnknownFormat,
    /// The source is recognised as something else than the format asked for.
    NotThisFormat,
    /// The source has this format but breaks its rules.
    Damaged {
        /// Where, in bytes from the start.
        offset: u64,
    },
    /// The source asks for more than a documented limit.
    Limit,
    /// A text breaks the rules of its notation.
    Syntax {
        /// The first byte concerned.
        start: usize,
        /// The byte after the last one concerned.
        end: usize,
    },
    /// The bytes could not be had.
    Source,
}

impl Error {
    /// An error with a message in lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), report: None }
    }

    /// A breach of the format's rules at a byte; the message reads *expected …, found …*.
    pub fn damaged(offset: u64, message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Damaged { offset }, format!("damaged at byte {}: {message}", Grouped(offset)))
    }

    /// A documented limit was passed.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    /// A breach of a notation's rules over a range of bytes.
    pub fn syntax(span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax { start: span.start, end: span.end }, message)
    }

    /// The same error with one more hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error with a text of several lines that shows all that is wrong in its place.
    #[must_use]
    pub fn with_report(mut self, report: impl Into<String>) -> Self {
        self.report = Some(report.into());
        self
    }

    /// All that is wrong, shown in its place over several lines, where the format can do so; for terminals.
    pub fn report(&self) -> Option<&str> {
        self.report.as_deref()
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

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        Self::new(ErrorKind::Source, error.to_string())
    }
}

/// A number with its digits in groups of three: `8 812`.
pub(crate) struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_grouped() {
        for (n, text) in [(0, "0"), (812, "812"), (8812, "8 812"), (1_234_567, "1 234 567")] {
            assert_eq!(Grouped(n).to_string(), text);
        }
        assert_eq!(
            Error::damaged(8812, "expected a tag, found the end").to_string(),
            "damaged at byte 8 812: expected a tag, found the end"
        );
    }
}

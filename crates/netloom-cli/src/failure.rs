//! What went wrong, in words, and the exit code: 1 for the input, 2 for the usage.

use std::io::{ErrorKind as IoKind, Write as _};
use std::path::Path;

use netloom::{Graph, Severity};

/// Why a command stopped.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    hints: Vec<String>,
    report: Option<String>,
    code: u8,
    broken_pipe: bool,
}

impl Failure {
    /// Something about the input or the files.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), report: None, code: 1, broken_pipe: false }
    }

    /// Mistakes of a text, shown in their places.
    pub(crate) fn in_text(message: impl Into<String>, report: String) -> Self {
        Self { report: Some(report), ..Self::input(message) }
    }

    /// Something about what was asked for.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, ..Self::input(message) }
    }

    /// A file that could not be read or written.
    pub(crate) fn io(path: &Path, doing: &str, error: &std::io::Error) -> Self {
        let broken_pipe = error.kind() == IoKind::BrokenPipe;
        Self { broken_pipe, ..Self::input(format!("cannot {doing} {}: {error}", path.display())) }
    }

    /// The same failure with something to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure about a named model.
    #[must_use]
    pub(crate) fn about(mut self, name: &str) -> Self {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// What went wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do, most helpful first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// All that is wrong, shown in its place over several lines, where the input is text.
    pub fn in_place(&self) -> Option<&str> {
        self.report.as_deref()
    }

    /// The code to leave with: 1 for the input, 2 for the usage.
    pub fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    /// Prints the message and hints to standard error.
    pub(crate) fn report(&self) {
        let mut err = std::io::stderr().lock();
        if let Some(report) = &self.report {
            let _ = writeln!(err, "{}", netloom::printable(report.trim_end()));
            return;
        }
        // Nothing can be done when even standard error is closed.
        let _ = writeln!(err, "error: {}", netloom::printable(&self.message));
        for hint in &self.hints {
            let _ = writeln!(err, "  hint: {}", netloom::printable(hint));
        }
    }
}

impl From<netloom::Error> for Failure {
    fn from(error: netloom::Error) -> Self {
        let code = if error.kind() == netloom::ErrorKind::Usage { 2 } else { 1 };
        Self {
            message: error.to_string(),
            hints: error.hints().to_vec(),
            report: error.report().map(str::to_owned),
            code,
            broken_pipe: false,
        }
    }
}

/// Prints remarks on a model to standard error, the first few unless all are wanted; plain notes only then.
pub(crate) fn remarks(graph: &Graph, more: &[String], all: bool) {
    const FEW: usize = 5;
    let told = graph.diagnostics.iter().filter(|d| d.severity > Severity::Note || all).map(|d| {
        let at = if d.path.is_empty() { String::new() } else { format!("{}: ", d.path) };
        format!("{}: {at}{}", d.severity, d.message)
    });
    let lines: Vec<String> = told.chain(more.iter().map(|n| format!("note: {n}"))).collect();
    let mut err = std::io::stderr().lock();
    let n = if all { lines.len() } else { lines.len().min(FEW) };
    for line in &lines[..n] {
        let _ = writeln!(err, "{}", netloom::printable(line));
    }
    if n < lines.len() {
        let _ = writeln!(err, "… and {} more remarks (--verbose shows all)", lines.len() - n);
    }
}

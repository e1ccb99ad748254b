//! What can go wrong between bytes and a picture.

use std::fmt;

use netloom_graph::pattern::distance;

/// An error with hints on what to do.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
    report: Option<String>,
}

/// What sort of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The input is no model, is damaged, or passes a limit.
    Input,
    /// An option names something that does not exist.
    Usage,
    /// The picture could not be written in the wanted form.
    Output,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), report: None }
    }

    /// The same with the name that was probably meant, if any is near.
    #[must_use]
    pub(crate) fn hint(mut self, near: Option<&str>) -> Self {
        self.hints.extend(near.map(|n| format!("did you mean `{n}`?")));
        self
    }

    /// The same with something to do, if there is anything.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// An unknown name, with the nearest of those that exist.
    pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let mut error = Self::new(ErrorKind::Usage, format!("unknown {what} `{name}`"));
        let near = known.iter().map(|k| (distance(name, k), *k)).min();
        if let Some((d, k)) = near
            && d <= 1 + name.chars().count() / 3
        {
            error.hints.push(format!("did you mean `{k}`?"));
        }
        error.hints.push(format!("known are: {}", known.join(", ")));
        error
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// All that is wrong, shown in its place over several lines, where the input is text.
    pub fn report(&self) -> Option<&str> {
        self.report.as_deref()
    }

    /// What to do, most helpful first.
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

impl From<netloom_graph::pattern::PatternError> for Error {
    fn from(error: netloom_graph::pattern::PatternError) -> Self {
        let message = error.to_string();
        Self { hints: error.hint.into_iter().collect(), ..Self::new(ErrorKind::Usage, message) }
    }
}

impl From<netloom_import::Error> for Error {
    fn from(error: netloom_import::Error) -> Self {
        Self {
            kind: ErrorKind::Input,
            hints: error.hints().to_vec(),
            report: error.report().map(str::to_owned),
            message: error.to_string(),
        }
    }
}

impl From<netloom_export::Error> for Error {
    fn from(error: netloom_export::Error) -> Self {
        Self {
            kind: ErrorKind::Output,
            hints: error.hints().to_vec(),
            report: None,
            message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_suggest_the_nearest() {
        let error = Error::unknown("theme", "lihgt", ["dark", "light", "print"]);
        assert_eq!(error.to_string(), "unknown theme `lihgt`");
        assert_eq!(error.hints()[0], "did you mean `light`?");
        let error = Error::unknown("theme", "zzzzzzzz", ["dark", "light"]);
        assert_eq!(error.hints(), ["known are: dark, light"]);
    }
}

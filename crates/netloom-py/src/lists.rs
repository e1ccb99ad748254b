//! What is registered, from the tables.

use pyo3::prelude::*;

use crate::error::raise;

/// The model formats that can be read: name, what it is, extensions.
#[pyfunction]
pub(crate) fn formats() -> Vec<(String, String, Vec<String>)> {
    let row = |f: &&dyn netloom::import::Format| {
        (f.name().to_owned(), f.about().to_owned(), f.extensions().iter().map(|e| (*e).to_owned()).collect())
    };
    netloom::FORMATS.iter().map(row).collect()
}

/// The formats a figure can be written in: name, what it is.
#[pyfunction]
pub(crate) fn outputs() -> Vec<(String, String)> {
    netloom_cli::outputs()
}

/// The diagram styles: name, what it is.
#[pyfunction]
pub(crate) fn styles() -> Vec<(String, String)> {
    netloom_cli::styles()
}

/// The themes: name, what it is.
#[pyfunction]
pub(crate) fn themes() -> Vec<(String, String)> {
    netloom::scene::theme::all().iter().map(|t| (t.name.clone(), t.about.clone())).collect()
}

/// The file of a theme, to start one's own from.
#[pyfunction]
pub(crate) fn theme_source(py: Python<'_>, name: &str) -> PyResult<String> {
    let names = || netloom::scene::theme::all().iter().map(|t| t.name.as_str());
    match netloom::scene::theme::source(name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(raise(py, &netloom::Error::unknown("theme", name, names()).into())),
    }
}

/// The options of a command: name, what it is, its default, the words it takes, whether it is a flag, whether it may be
/// given several times.
#[pyfunction]
pub(crate) fn options(verb: &str) -> Vec<(String, String, String, Vec<String>, bool, bool)> {
    netloom_cli::said::options(verb)
}

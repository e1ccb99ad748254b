//! Failures as exceptions of Python.

use netloom_cli::Failure;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pyo3::create_exception!(
    netloom,
    Error,
    PyValueError,
    "What went wrong, and what to do.\n\n`message` is one line; `hints` are what to do, most helpful first; `report` shows \
     the place, where the input is text, else it is None; `is_usage` tells a wrong call from a wrong model."
);

/// The exception for a failure. As text it has all there is to say.
pub(crate) fn raise(py: Python<'_>, failure: &Failure) -> PyErr {
    const USAGE: u8 = 2;
    let text = match failure.in_place() {
        Some(report) => report.trim().trim_start_matches("error: ").to_owned(),
        None => {
            failure.hints().iter().fold(failure.message().to_owned(), |text, hint| text + "\n  hint: " + hint)
        }
    };
    let error = Error::new_err(text);
    let value = error.value(py);
    let told = value
        .setattr("message", failure.message())
        .and_then(|()| value.setattr("hints", failure.hints().to_vec()))
        .and_then(|()| value.setattr("report", failure.in_place()))
        .and_then(|()| value.setattr("is_usage", failure.code() == USAGE));
    told.err().unwrap_or(error)
}

/// The value, or the exception for the failure.
pub(crate) fn raised<T>(py: Python<'_>, result: Result<T, Failure>) -> PyResult<T> {
    result.map_err(|failure| raise(py, &failure))
}

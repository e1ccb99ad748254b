//! Failures as exceptions of Python.

use netloom_cli::Failure;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pyo3::create_exception!(
    netloom,
    Error,
    PyValueError,
    "What went wrong, and what to do.\n\n`message` is one line; `hints` are what to do, most helpful first; `report` shows \
     the places, where the input is text, else it is None; `places` are their lines and columns; `is_usage` tells a wrong call from a wrong model."
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
        .and_then(|()| value.setattr("places", places(failure.in_place().unwrap_or_default())))
        .and_then(|()| value.setattr("is_usage", failure.code() == USAGE));
    told.err().unwrap_or(error)
}

/// The lines and columns, from 1 on, that a report points at with ` --> net.loom:2:12`.
fn places(report: &str) -> Vec<(usize, usize)> {
    let pointers = report.lines().filter_map(|line| line.trim_start().strip_prefix("--> "));
    pointers
        .filter_map(|place| {
            let (rest, column) = place.rsplit_once(':')?;
            Some((rest.rsplit_once(':')?.1.parse().ok()?, column.parse().ok()?))
        })
        .collect()
}

/// The value, or the exception for the failure.
pub(crate) fn raised<T>(py: Python<'_>, result: Result<T, Failure>) -> PyResult<T> {
    result.map_err(|failure| raise(py, &failure))
}

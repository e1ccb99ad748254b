//! `netloom._core`: models, figures and comparisons for the Python package, which gives them their Python form.
//!
//! Python says what it wants in the words of the command and gets values back. Everything that takes time runs beside the
//! interpreter, see [`beside`].
#![expect(clippy::needless_pass_by_value, reason = "what comes from Python comes as a value of its own")]

use pyo3::prelude::*;

mod beside;
mod comparison;
mod drawing;
mod error;
mod lists;
mod model;

/// The compiled part of netloom.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::comparison::{Comparison, compare};
    #[pymodule_export]
    use super::drawing::{Drawing, draw, draw_file, figure_text};
    #[pymodule_export]
    use super::error::Error;
    #[pymodule_export]
    use super::lists::{formats, options, outputs, styles, theme_source, themes};
    #[pymodule_export]
    use super::model::{Model, open, read};
    #[pymodule_export]
    use super::run;
}

/// Does what a command line says, whose first word is the name of the program, and gives the code to leave with.
#[pyfunction]
fn run(py: Python<'_>, line: Vec<std::ffi::OsString>) -> PyResult<u8> {
    beside::run(py, move || netloom_cli::run(line))
}

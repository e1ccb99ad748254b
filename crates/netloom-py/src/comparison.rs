//! Two models compared.

use std::sync::Arc;

use netloom_cli::said::{self, Said};
use pyo3::prelude::*;

use crate::beside;
use crate::drawing::Drawing;
use crate::error::raised;
use crate::model::Model;

/// Two models and what differs between them.
#[pyclass(frozen, module = "netloom._core")]
pub(crate) struct Comparison(Arc<netloom::Comparison>);

#[pymethods]
impl Comparison {
    /// Whether there is no structural difference.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What differs, in lines.
    fn text(&self, color: bool) -> String {
        self.0.text(color)
    }

    /// What differs, for scripts.
    fn json(&self) -> String {
        self.0.json()
    }

    /// Both models in one figure.
    fn draw(&self, py: Python<'_>, options: Vec<Said>) -> PyResult<Drawing> {
        let found = self.0.clone();
        Ok(Drawing::new(raised(py, beside::run(py, move || said::compared(found, &options))?)?))
    }
}

/// Compares two models by structure.
#[pyfunction]
pub(crate) fn compare(py: Python<'_>, before: Py<Model>, after: Py<Model>) -> PyResult<Comparison> {
    let (before, after) = (before.get().0.clone(), after.get().0.clone());
    let found = beside::run(py, move || netloom_cli::compare(&before, &after))?;
    Ok(Comparison(Arc::new(found)))
}

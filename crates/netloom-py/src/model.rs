//! A model that was read.

use std::path::PathBuf;
use std::sync::Arc;

use netloom::{Bytes, Diagnostic, Severity, report};
use pyo3::prelude::*;

use crate::beside;
use crate::error::raised;

/// A model: its graph, and what to call it.
#[pyclass(frozen, module = "netloom._core")]
pub(crate) struct Model(pub(crate) Arc<netloom_cli::Model>);

#[pymethods]
impl Model {
    /// What to call it; empty where nothing says.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The model as text: in the notation or as documented JSON, with the layers that a person would draw or, for the
    /// notation with `plumbing`, the operators of the file.
    fn convert(&self, py: Python<'_>, format: String, plumbing: bool) -> PyResult<String> {
        let model = self.0.clone();
        let text = beside::run(py, move || netloom::convert(&model.graph, &format, plumbing))?;
        raised(py, text.map_err(Into::into))
    }

    /// Totals, layers and modules as JSON.
    fn summary_json(&self, py: Python<'_>) -> PyResult<String> {
        let model = self.0.clone();
        beside::run(py, move || report::json(&model.graph, &model.file))
    }

    /// Totals, layers and modules as a table, modules as deep as asked for.
    fn summary_table(&self, py: Python<'_>, depth: Option<u32>) -> PyResult<String> {
        let model = self.0.clone();
        beside::run(py, move || report::table(&model.graph, &model.file, depth))
    }

    /// Remarks on the model: how grave, about what, what.
    fn remarks(&self) -> Vec<(String, String, String)> {
        let told = |d: &Diagnostic| (d.severity.to_string(), d.path.clone(), d.message.clone());
        self.0.graph.diagnostics.iter().map(told).collect()
    }
}

/// Reads the model at a path, with what to call it where that is not the file's name.
#[pyfunction]
#[pyo3(signature = (path, name=None))]
pub(crate) fn open(py: Python<'_>, path: PathBuf, name: Option<String>) -> PyResult<Model> {
    let mut model = raised(py, beside::run(py, move || netloom_cli::open(&path))?)?;
    model.name = name.unwrap_or(model.name);
    Ok(Model(Arc::new(model)))
}

/// Reads a model from bytes that are called as a file would be, with what to call the model where that is not the same,
/// and what was noted on the way.
#[pyfunction]
#[pyo3(signature = (file, data, name=None, notes=Vec::new()))]
pub(crate) fn read(
    py: Python<'_>,
    file: String,
    data: Vec<u8>,
    name: Option<String>,
    notes: Vec<String>,
) -> PyResult<Model> {
    let model = beside::run(py, move || {
        let model = netloom_cli::Model::read(&Bytes::new(file, data));
        model.map(|mut model| {
            model.name = name.unwrap_or(model.name);
            for message in notes {
                // The reader may have found it in the source already.
                if model.graph.diagnostics.iter().all(|d| d.message != message) {
                    let (severity, path) = (Severity::Note, String::new());
                    model.graph.diagnostics.push(Diagnostic { severity, path, message });
                }
            }
            model
        })
    })?;
    Ok(Model(Arc::new(raised(py, model)?)))
}

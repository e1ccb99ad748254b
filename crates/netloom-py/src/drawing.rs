//! A figure of one model or of several, in any format.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use netloom_cli::said::{self, Said};
use netloom_cli::{Failure, Folder, Format};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::beside;
use crate::error::raised;
use crate::model::Model;

/// A figure.
#[pyclass(frozen, module = "netloom._core")]
pub(crate) struct Drawing(Arc<Mutex<netloom_cli::Drawing>>);

impl Drawing {
    pub(crate) fn new(drawing: netloom_cli::Drawing) -> Self {
        Self(Arc::new(Mutex::new(drawing)))
    }

    fn with<T: Send + 'static>(
        &self,
        py: Python<'_>,
        run: impl FnOnce(&mut netloom_cli::Drawing) -> Result<T, Failure> + Send + 'static,
    ) -> PyResult<T> {
        let drawing = self.0.clone();
        // A drawing that stopped halfway is as good as before.
        let result =
            beside::run(py, move || run(&mut drawing.lock().unwrap_or_else(PoisonError::into_inner)))?;
        raised(py, result)
    }
}

#[pymethods]
impl Drawing {
    /// Draws the picture, unless it was drawn, and says what is to be remarked: which style was taken, what was folded.
    fn draw(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, |drawing| Ok(drawing.draw()?.notes.clone()))
    }

    /// The figure in a format, by its name or its extension; ids in SVG start with `id_prefix`.
    #[pyo3(signature = (format, id_prefix=None))]
    fn write<'py>(
        &self,
        py: Python<'py>,
        format: String,
        id_prefix: Option<String>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, move |drawing| {
            drawing.set_id_prefix(id_prefix.as_deref().unwrap_or("nl-"));
            drawing.write(Format::named(&format)?)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }
}

/// Draws models with options of the command, each with its values as they would be typed; `files` are those that options
/// name and no disk has.
#[pyfunction]
pub(crate) fn draw(
    py: Python<'_>,
    models: Vec<Py<Model>>,
    options: Vec<Said>,
    files: BTreeMap<String, Vec<u8>>,
) -> PyResult<Drawing> {
    let models: Vec<_> = models.iter().map(|m| m.get().0.clone()).collect();
    let drawing = beside::run(py, move || said::draw(models, &options, &Folder::given(files)))?;
    Ok(Drawing::new(raised(py, drawing)?))
}

/// Draws what a figure file describes; options said beside win.
#[pyfunction]
pub(crate) fn draw_file(
    py: Python<'_>,
    path: PathBuf,
    options: Vec<Said>,
    files: BTreeMap<String, Vec<u8>>,
) -> PyResult<Drawing> {
    let drawing = beside::run(py, move || said::figure_file(&path, &options, &Folder::given(files)))?;
    Ok(Drawing::new(raised(py, drawing)?))
}

/// The text of a figure file, to stand at `path`, that draws the models at other paths with options.
#[pyfunction]
pub(crate) fn figure_text(
    py: Python<'_>,
    models: Vec<PathBuf>,
    options: Vec<Said>,
    path: PathBuf,
) -> PyResult<String> {
    raised(py, said::figure_text(&models, &options, &path))
}

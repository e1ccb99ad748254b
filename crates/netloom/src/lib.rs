//! Neural networks as figures.
//!
//! Bytes of a model file become a typed graph ([`read`]), the graph a picture ([`draw`]), the picture SVG, PDF or PNG
//! ([`export`]). Everything is a function of values; no file is opened here.
//!
//! ```
//! use netloom::{Bytes, FigureOptions, draw, export, read};
//!
//! let text = "input x [1, 8]\nlinear(4) > relu > linear(2)\n";
//! let graph = read(&Bytes::new("mlp.loom", text.as_bytes().to_vec()))?;
//! let figure = draw(&graph, &FigureOptions::default())?;
//! let svg = export(&figure, "svg", &netloom::ExportOptions::default())?;
//! assert!(svg.starts_with(b"<"));
//! # Ok::<(), netloom::Error>(())
//! ```

mod compare;
mod convert;
mod error;
mod figure;
#[cfg(feature = "html")]
pub mod html;
pub mod live;
pub mod overlay;
mod picture;
pub mod report;

pub use compare::{Comparison, DiffOptions, diff};
pub use convert::{TEXTS, convert};
pub use error::{Error, ErrorKind};
pub use figure::{
    AUTO, Figure, FigureOptions, MAX_MODELS, description, draw, draw_beside, export, lint, notation,
    text_figure, weights_of,
};
pub use netloom_diagram::notations::NOTATIONS;
pub use netloom_diagram::plain::printable;
pub use netloom_diagram::styles::{Nodes, STYLES};
pub use netloom_diagram::{Depth, Detail, Fold, ViewOptions};
pub use netloom_export::{Length, OUTPUTS, Options as ExportOptions, TextMode};
pub use netloom_graph::{Diagnostic, Graph, Severity};
pub use netloom_import::{Bytes, FORMATS, Source, SourceError};
pub use netloom_layout::Direction;
pub use overlay::OverlayOptions;
pub use picture::picture;
pub use {netloom_diagram as diagram, netloom_graph as graph, netloom_import as import};
pub use {netloom_export as output, netloom_layout as layout, netloom_scene as scene};

/// Reads a model of any known format and infers the shapes of its tensors.
///
/// # Errors
/// When the source is no model, is damaged, or passes a limit; the message says what, where and what to do.
pub fn read(source: &dyn Source) -> Result<Graph, Error> {
    let mut graph = netloom_import::read(source)?;
    netloom_graph::infer::infer(&mut graph);
    Ok(graph)
}

//! Frames of a scene as files: SVG, PDF, PNG and TikZ.
//!
//! Every output is one [`Output`] in [`OUTPUTS`]; all draw the same shaped glyphs at the same places, so that a figure
//! looks the same whichever is chosen. Bytes are given back, nothing is written.
//!
//! ```
//! use netloom_export::{Options, find};
//! use netloom_scene::{Frame, Group, kurbo::Size};
//!
//! let frame = Frame {
//!     size: Size::new(120.0, 80.0),
//!     background: None,
//!     title: "Nothing yet".to_owned(),
//!     desc: String::new(),
//!     root: Group::new("root"),
//! };
//! let bytes = find("svg")?.write(&frame, &Options::default())?;
//! assert!(bytes.starts_with(b"<svg "));
//! # Ok::<(), netloom_export::Error>(())
//! ```

mod bitmap;
pub mod error;
pub mod length;
pub mod markup;
pub mod options;
pub mod outputs;
mod walk;

pub use error::{Error, ErrorKind};
pub use length::{Length, Unit};
pub use options::{Options, TextMode};
pub use outputs::{OUTPUTS, Output, find};

//! Graphs written out as text.

pub mod json;
pub mod loom;

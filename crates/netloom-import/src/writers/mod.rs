//! Graphs written out as text.

pub mod json;

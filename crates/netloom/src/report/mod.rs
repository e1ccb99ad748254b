//! Summaries for people and for scripts.

mod json;
mod table;

pub use json::{json, shape as shape_json};
pub use table::table;

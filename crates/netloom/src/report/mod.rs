//! Summaries for people and for scripts.

mod json;
mod table;

pub use json::json;
pub use table::table;

/// A file's name without what follows the first dot: what its owner calls the model. Nothing for standard input.
fn stem(name: &str) -> &str {
    if name == "standard input" { "" } else { name.split('.').next().unwrap_or(name) }
}

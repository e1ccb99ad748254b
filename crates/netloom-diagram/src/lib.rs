//! What to show of a graph, and how to draw it.
//!
//! [`view::view`] chooses what to show: which modules are open, what is folded away, what each box says. A
//! [`styles::Style`] turns that [`View`] into a scene. Both are functions of values: the same graph and options give
//! the same picture.

pub mod describe;
pub mod notations;
pub mod number;
pub mod overlay;
pub mod plain;
pub mod rules;
pub mod styles;
pub mod tensors;
pub mod ushape;
pub mod view;

pub use styles::{DrawOptions, STYLES, Style};
pub use view::{Depth, Detail, Fold, View, ViewOptions, view};

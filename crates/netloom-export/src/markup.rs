//! Pieces of markup for those who write pages around a figure: escaped words, short numbers, path data, base64.

pub use crate::outputs::svg::base64::push as push_base64;
pub use crate::outputs::svg::outline::push_data;
pub use crate::outputs::svg::push_image;
pub use crate::outputs::svg::xml::{push_attribute, push_number, push_number_attribute, push_text};

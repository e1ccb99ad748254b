//! Figures: shapes of everyday use, lowered to the primitives.

mod badge;
mod bands;
mod boxes;
mod cuboid;
mod label;
mod merge;
mod route;

pub use badge::pill;
pub use bands::{bands, hatch};
pub use boxes::{oblong, rect, rounded_rect};
pub use cuboid::{Cuboid, Stripe};
pub use label::{label_at, label_from, label_lines, label_to};
pub use merge::{plus, times};
pub use route::{route, tip};

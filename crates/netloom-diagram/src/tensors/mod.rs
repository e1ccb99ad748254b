//! Tensors as things with a size on paper, for the styles whose boxes are tensors: volumes, maps, units, bars.
//!
//! [`Extents`] says what each tensor of a graph is (maps of some channels, a sequence, a vector), [`PowerLaw`] how long
//! a number of pixels or channels is drawn, [`Window`] how a kernel moves, [`Weights`] what numbers a matrix holds where they are given.

mod extent;
mod law;
mod weights;
mod window;

pub use extent::{Extent, Extents, Form};
pub use law::{PowerLaw, Scale};
pub use weights::{Matrix, Weights};
pub use window::Window;

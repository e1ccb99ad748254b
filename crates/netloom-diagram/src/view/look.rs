//! How a box looks where it is not its kind that says so: colours, a number, a picture.

use std::sync::Arc;

use netloom_scene::{Color, Swatch};

/// What a rule, an overlay or a comparison says about how a box looks; the default says nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Look {
    /// Whether its title was given and is printed as it is.
    pub named: bool,
    /// Colours that take the place of those of its kind.
    pub swatch: Option<Swatch>,
    /// A number shown at the box.
    pub badge: Option<Badge>,
    /// What the pill says in the place of how often the block comes: `×2 → ×3`.
    pub pill: Option<String>,
    /// Whether its outline is dashed, as that of what is no longer there.
    pub dashed: bool,
    /// A picture shown on the box, or on the face of what stands for its tensor.
    pub picture: Option<Picture>,
}

/// A number at a box.
#[derive(Clone, PartialEq, Debug)]
pub struct Badge {
    /// The number as it is printed: `3.2 ms`.
    pub text: String,
    /// Where it lies between the least and the greatest, 0 to 1, where a bar shows it.
    pub share: Option<f64>,
    /// Colour of the pill or bar.
    pub color: Color,
}

/// A bitmap: rows from the top, four bytes a pixel (red, green, blue, alpha, straight).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `4 · width · height` bytes.
    pub pixels: Arc<Vec<u8>>,
}

/// What stands before words of a legend.
#[derive(Clone, PartialEq, Debug)]
pub enum LegendMark {
    /// A colour.
    Swatch(Swatch),
    /// A bar, part of it filled with a colour.
    Bar(Color),
    /// A pill with some text.
    Pill(String),
}

/// What colours mean, where they do not stand for kinds alone.
#[derive(Clone, PartialEq, Debug)]
pub enum Legend {
    /// They stand for kinds, and these marks stand beside.
    Beside(Vec<(LegendMark, String)>),
    /// Each colour and what it says.
    Entries(Vec<(Swatch, String)>),
    /// A scale of values from least to greatest.
    Scale {
        /// What is shown and its unit: `latency, ms`.
        title: String,
        /// The value at the left end, as printed.
        least: String,
        /// The value at the right end, as printed.
        greatest: String,
        /// Colours from left to right, in equal steps.
        colors: Vec<Color>,
        /// Whether some boxes have no value, which are drawn in the colour of what is missing.
        missing: bool,
    },
}

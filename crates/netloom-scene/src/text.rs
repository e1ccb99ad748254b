//! Text shaped once: every output places the same glyphs at the same places.

/// How a line of text looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TextStyle {
    /// Which family.
    pub family: Family,
    /// How bold.
    pub weight: Weight,
    /// Whether slanted.
    pub italic: bool,
    /// Size of the em, px.
    pub size_px: f64,
}

/// A family of embedded fonts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Family {
    /// Proportional, without serifs.
    #[default]
    Sans,
    /// Every character equally wide.
    Mono,
}

/// How bold a text is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Weight {
    /// 400.
    #[default]
    Regular,
    /// 500.
    Medium,
    /// 600 or 700.
    Bold,
}

/// One embedded font file, by its place in [`Font::all`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Font(u16);

impl Font {
    /// The font at a place of the table of embedded fonts.
    pub fn new(index: u16) -> Self {
        Self(index)
    }

    /// Its place in the table of embedded fonts.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A shaped line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct TextRun {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub style: TextStyle,
    /// The glyphs in visual order.
    pub glyphs: Vec<Glyph>,
    /// Width from the origin to the end of the last advance, px.
    pub width: f64,
    /// Height of the line above the baseline, px.
    pub ascent: f64,
    /// Depth of the line below the baseline, px.
    pub descent: f64,
}

/// One glyph of a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Glyph {
    /// The font it is taken from; a fallback may differ from the run's own.
    pub font: Font,
    /// Number of the glyph in that font.
    pub id: u16,
    /// Distance from the run's origin, px.
    pub x: f64,
    /// Distance below the baseline, px.
    pub y: f64,
    /// First byte of the text it stands for.
    pub start: usize,
}

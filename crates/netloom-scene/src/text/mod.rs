//! Text shaped once: every output places the same glyphs at the same places.

mod fit;
mod fonts;
#[cfg(any(test, page_engine))]
mod plain;
mod sfnt;
mod shape;
pub mod small;
mod subset;

use kurbo::{Affine, BezPath, Rect};

pub use fit::{ellipsize, wrap};
pub use fonts::{FontFace, outline};
pub use shape::{MAX_CHARS, shape};
pub use subset::{FontUse, SubsetError, subset, used};

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

/// A shaped line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct TextRun {
    /// What it says, safe for any output: one line, no control characters.
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

/// The width of a text in a style, px: that of [`shape`].
pub fn measure(text: &str, style: &TextStyle) -> f64 {
    shape(text, style).width
}

impl TextStyle {
    /// The sans family, regular and upright.
    pub fn sans(size_px: f64) -> Self {
        Self { family: Family::Sans, weight: Weight::Regular, italic: false, size_px }
    }

    /// The mono family, regular and upright.
    pub fn mono(size_px: f64) -> Self {
        Self { family: Family::Mono, ..Self::sans(size_px) }
    }

    /// The same style in another weight.
    #[must_use]
    pub fn with_weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    /// The same style, slanted or not.
    #[must_use]
    pub fn with_italic(self, italic: bool) -> Self {
        Self { italic, ..self }
    }

    /// The same style in another size, px.
    #[must_use]
    pub fn with_size(self, size_px: f64) -> Self {
        Self { size_px, ..self }
    }

    /// The font this style takes its letters from.
    pub fn font(&self) -> Font {
        fonts::choose(self)
    }
}

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

impl TextRun {
    /// Height of a capital letter above the baseline, px: what centring a label looks at.
    pub fn cap_height(&self) -> f64 {
        self.style.font().face().map_or(0.0, |face| face.cap_height() * self.style.size_px)
    }

    /// Height of the line, px.
    pub fn height(&self) -> f64 {
        self.ascent + self.descent
    }

    /// The box of the line when its baseline starts at the origin, px.
    pub fn bounds(&self) -> Rect {
        Rect::new(0.0, -self.ascent, self.width, self.descent)
    }

    /// The glyphs as one outline, the baseline starting at the origin.
    pub fn outline(&self) -> BezPath {
        let mut path = BezPath::new();
        for glyph in &self.glyphs {
            let shape = outline(glyph.font, glyph.id, self.style.size_px);
            path.extend(Affine::translate((glyph.x, glyph.y)) * shape);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what a text becomes: the cleaned text, and the font of each glyph.
    fn check(style: TextStyle, text: &str, cleaned: &str, fonts: &[&str]) {
        let run = shape(text, &style);
        assert_eq!(run.text, cleaned, "text of {text:?}");
        let mut found: Vec<&str> =
            run.glyphs.iter().map(|g| g.font.face().expect("glyphs come from embedded fonts").name).collect();
        found.dedup();
        assert_eq!(found, fonts, "fonts of {text:?}");
        assert!(run.glyphs.windows(2).all(|w| w[0].start <= w[1].start), "order of {text:?}");
        assert!(run.glyphs.iter().all(|g| run.text.is_char_boundary(g.start)), "clusters of {text:?}");
        assert!(run.glyphs.iter().all(|g| g.id != 0), "{text:?} draws what no font has");
    }

    #[test]
    fn texts_become_glyphs() {
        let sans = TextStyle::sans(11.0);
        check(sans, "", "", &[]);
        check(sans, "7×7, 64, /2", "7×7, 64, /2", &["Inter-Regular"]);
        check(sans.with_weight(Weight::Medium), "conv", "conv", &["Inter-Medium"]);
        check(sans.with_weight(Weight::Bold), "conv", "conv", &["Inter-SemiBold"]);
        check(sans.with_italic(true), "batch", "batch", &["Inter-Italic"]);
        check(TextStyle::mono(11.0), "x = ⌊h/2⌋", "x = ⌊h/2⌋", &["JetBrainsMono-Regular"]);
        check(
            sans,
            "⌊αβ⌋ → Σ ≤ ²",
            "⌊αβ⌋ → Σ ≤ ²",
            &["DejaVuSans", "Inter-Regular", "DejaVuSans", "Inter-Regular"],
        );
        check(sans, "a\nb\tc\r\nd\u{0}\u{1b}", "a b c  d\u{fffd}\u{fffd}", &["Inter-Regular", "DejaVuSans"]);
        check(sans, "\u{202e}abc\u{2066}\u{200f}", "abc", &["Inter-Regular"]);
        check(sans, "层 a", "层 a", &["DejaVuSans", "Inter-Regular"]);
        check(sans, "e\u{301}x\u{302}", "e\u{301}x\u{302}", &["Inter-Regular"]);
        check(sans, "سلام", "سلام", &["DejaVuSans"]);
    }

    #[test]
    fn digits_are_tabular_and_letters_kerned() {
        let style = TextStyle::sans(100.0);
        let widths: Vec<f64> = "0123456789".chars().map(|c| measure(&c.to_string(), &style)).collect();
        assert!(widths.iter().all(|w| (w - widths[0]).abs() < 1e-9), "{widths:?}");
        let apart = measure("A", &style) + measure("V", &style);
        assert!(measure("AV", &style) < apart - 1.0);
    }

    #[test]
    fn long_texts_are_cut() {
        let run = shape(&"x".repeat(MAX_CHARS + 1), &TextStyle::sans(10.0));
        assert_eq!(run.text.chars().count(), MAX_CHARS);
        assert!(run.text.ends_with('…'));
    }

    #[test]
    fn odd_sizes_have_no_width() {
        for size in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(measure("abc", &TextStyle::sans(size)).to_bits(), 0.0_f64.to_bits());
        }
    }
}

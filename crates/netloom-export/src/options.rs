//! What may be asked of an output.

use kurbo::Size;
use netloom_scene::Frame;

use crate::walk::MAX_COORDINATE;
use crate::{Error, ErrorKind, Length};

/// How a figure is written. What an output has no use for it ignores.
///
/// ```
/// use netloom_export::{Options, TextMode};
///
/// let column = Options { width: Some("3.25in".parse()?), ..Options::print() };
/// assert_eq!(column.text, TextMode::Text);
/// # Ok::<(), netloom_export::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Final width on the page; the whole figure is scaled to it. `None` keeps the scene's own size.
    pub width: Option<Length>,
    /// Pixels of a bitmap per px of the figure at its final size, unless `dpi` says it.
    pub scale: f64,
    /// Pixels of a bitmap per inch of the figure at its final size.
    pub dpi: Option<f64>,
    /// Whether text stays text.
    pub text: TextMode,
    /// What every id, and every family of embedded fonts, starts with. Give each SVG its own when several stand in one
    /// page.
    pub id_prefix: String,
}

/// Whether text stays text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TextMode {
    /// Text can be selected and searched; the letters used are embedded.
    #[default]
    Text,
    /// Letters are outlines: the same in every program, but no longer text.
    Outlines,
}

impl Options {
    /// For screens: two pixels of a bitmap per px.
    pub fn screen() -> Self {
        Self { width: None, scale: 2.0, dpi: None, text: TextMode::Text, id_prefix: "nl-".to_owned() }
    }

    /// For print: bitmaps with 300 pixels per inch.
    pub fn print() -> Self {
        Self { dpi: Some(300.0), ..Self::screen() }
    }

    /// The final size of a frame and how much larger that is than the frame.
    ///
    /// # Errors
    /// [`ErrorKind::Canvas`] for a canvas that is empty, not finite or beyond all measure, and [`ErrorKind::Limit`] for a
    /// width that makes it so.
    pub(crate) fn page(&self, frame: &Frame) -> Result<Page, Error> {
        let Size { width, height } = frame.size;
        let drawable = |side: f64| side > 0.0 && side <= MAX_COORDINATE;
        if !drawable(width) || !drawable(height) {
            return Err(Error::new(
                ErrorKind::Canvas,
                format!("expected a canvas of 0 to {MAX_COORDINATE} px a side, found {width} × {height} px"),
            ));
        }
        let scale = self.width.map_or(1.0, |w| w.px() / width);
        let size = Size::new(width * scale, height * scale);
        if !drawable(size.width) || !drawable(size.height) {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "expected at most {MAX_COORDINATE} px a side, found {} × {} px",
                    size.width, size.height
                ),
            )
            .with_hint("ask for a smaller width"));
        }
        Ok(Page { size, scale })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::screen()
    }
}

/// The final size of a figure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Page {
    /// Width and height, px.
    pub size: Size,
    /// Final px per px of the scene.
    pub scale: f64,
}

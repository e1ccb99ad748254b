//! Symbols with a lowered second part, such as the state of a step.

use netloom_scene::figures::label_from;
use netloom_scene::kurbo::Point;
use netloom_scene::text::shape;
use netloom_scene::{Color, Group, TextRun, Theme};

/// How much larger than a label a symbol is set.
const LETTER: f64 = 1.15;
/// How far the second part is lowered, as a fraction of the height of a capital letter.
const LOWERED: f64 = 0.45;

/// A symbol: a slanted letter, and behind it a smaller, lowered part.
pub(super) struct Symbol {
    letter: TextRun,
    lowered: Option<TextRun>,
}

impl Symbol {
    /// From text such as `h_t−1`: what follows the low line is lowered.
    pub(super) fn new(text: &str, theme: &Theme) -> Self {
        let letter = theme.label_style().with_italic(true).with_size(theme.label_size * LETTER);
        let lowered = theme.secondary_style().with_italic(true);
        let (first, second) = text.split_once('_').unwrap_or((text, ""));
        Self { letter: shape(first, &letter), lowered: (!second.is_empty()).then(|| shape(second, &lowered)) }
    }

    /// The width of both parts, px.
    pub(super) fn width(&self) -> f64 {
        self.letter.width + self.lowered.as_ref().map_or(0.0, |run| run.width)
    }

    /// Draws it with its left end and middle at a point.
    pub(super) fn draw_from(self, key: &str, start: Point, color: Color, into: &mut Group) {
        let (width, cap) = (self.letter.width, self.letter.cap_height());
        into.push(label_from(format!("{key}-letter").as_str(), self.letter, start, color));
        if let Some(run) = self.lowered {
            let at = Point::new(start.x + width, start.y + cap * (0.5 + LOWERED) - run.cap_height() / 2.0);
            into.push(label_from(format!("{key}-index").as_str(), run, at, color));
        }
    }

    /// Draws it with its middle at a point.
    pub(super) fn draw_at(self, key: &str, center: Point, color: Color, into: &mut Group) {
        let start = Point::new(center.x - self.width() / 2.0, center.y);
        self.draw_from(key, start, color, into);
    }
}

//! A layer as a column of units: how many are drawn, and where.

use netloom_graph::Dim;
use netloom_scene::kurbo::{Point, Rect, Size};

use crate::styles::rowed::{Kind, Piece};
use crate::styles::{DrawOptions, Setting};
use crate::tensors::Form;

/// Diameter of a unit, and of one with its number in it, px.
const UNITS: (f64, f64) = (11.0, 17.0);
/// Space between two units, px.
const SPACE: f64 = 5.0;
/// Room for the dots, px.
const DOTS: f64 = 18.0;
/// How many units are drawn where their number is not known.
const SOME: usize = 4;

/// A column of units.
pub(super) struct Column {
    /// How many there are, if known.
    pub(super) units: Option<u64>,
    /// Whether they are channels of maps, which are drawn as squares.
    pub(super) square: bool,
    /// Whether each shows its number.
    pub(super) numbered: bool,
    /// Whether a bias stands below.
    pub(super) bias: bool,
    drawn: usize,
    dots: bool,
}

impl Column {
    pub(super) fn new(piece: &Piece, options: &DrawOptions, settings: &'static [Setting]) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 2 to 32")]
        let cap = options.settings.number(settings, "cap").max(2.0) as usize;
        let is_tensor = matches!(piece.kind, Kind::Tensor | Kind::Closed);
        let units = match piece.extent.form {
            Form::Sequence if piece.extent.channels == Dim::Known(1) => piece.extent.height(),
            Form::Other => None,
            _ => piece.extent.channels.as_size(),
        };
        let (drawn, dots) = match units.and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n <= cap => (n.max(1), false),
            Some(_) => (cap.saturating_sub(1).max(2), true),
            None => (SOME.min(cap), true),
        };
        Self {
            units,
            square: matches!(piece.extent.form, Form::Maps | Form::Signal | Form::Solid),
            numbered: options.settings.word(settings, "labels") == "index",
            bias: is_tensor && options.settings.flag(settings, "bias"),
            drawn,
            dots,
        }
    }

    /// Whether some units are not drawn.
    pub(super) fn has_dots(&self) -> bool {
        self.dots
    }

    fn unit(&self) -> f64 {
        if self.numbered { UNITS.1 } else { UNITS.0 }
    }

    /// Radius of a unit, px.
    pub(super) fn radius(&self) -> f64 {
        self.unit() / 2.0
    }

    /// The whole column, px.
    pub(super) fn size(&self) -> Size {
        #[expect(clippy::cast_precision_loss, reason = "at most 32")]
        let n = self.drawn as f64;
        let dots = if self.dots { DOTS } else { 0.0 };
        // A bias below, and as much above, so that the units stay about the axis.
        let bias = if self.bias { 2.0 * (self.unit() + SPACE) } else { 0.0 };
        Size::new(self.unit(), n * (self.unit() + SPACE) - SPACE + dots + bias)
    }

    /// The units that are drawn: their number, from 0, and where their middle is.
    pub(super) fn places(&self, rect: Rect) -> Vec<(u64, Point)> {
        let step = self.unit() + SPACE;
        let bias = if self.bias { step } else { 0.0 };
        let x = rect.center().x;
        (0..self.drawn)
            .map(|i| {
                let is_last = self.dots && i + 1 == self.drawn;
                let number = match self.units {
                    Some(n) if is_last => n - 1,
                    _ => i as u64,
                };
                #[expect(clippy::cast_precision_loss, reason = "at most 32")]
                let y = rect.y0 + bias + self.radius() + i as f64 * step + if is_last { DOTS } else { 0.0 };
                (number, Point::new(x, y))
            })
            .collect()
    }

    /// Where the dots stand, if any.
    pub(super) fn dot_places(&self, rect: Rect) -> Vec<Point> {
        let places = self.places(rect);
        let [.., before, last] = places.as_slice() else { return Vec::new() };
        if !self.dots {
            return Vec::new();
        }
        let middle = before.1.midpoint(last.1);
        [-4.0, 0.0, 4.0].map(|dy| Point::new(middle.x, middle.y + dy)).to_vec()
    }

    /// Where the bias stands, if there is one.
    pub(super) fn bias_place(&self, rect: Rect) -> Option<Point> {
        self.bias.then(|| Point::new(rect.center().x, rect.y1 - self.radius()))
    }
}

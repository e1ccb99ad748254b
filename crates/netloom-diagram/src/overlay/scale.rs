//! From numbers to colours, lengths and words.

use netloom_scene::{Color, Swatch, Theme};

use crate::number;

/// The least contrast of text with the colour it stands on.
const CONTRAST: f64 = 4.5;
/// By how much a colour is made lighter or darker at a time until text can be read on it.
const STEP: f64 = 0.01;
/// How much of the ink an outline takes on.
const OUTLINE: f64 = 0.35;

/// How numbers are spread over colours and lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal ratios; what is not above zero stands at the low end.
    Log,
}

/// What numbers count, and how they are printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things: `1.2 M`.
    Count,
    /// Bytes: `3.2 MB`.
    Bytes,
    /// Anything else, by its name, which may be empty: `3.2 ms`.
    Named(String),
}

impl Unit {
    /// A number as it is printed.
    pub fn text(&self, value: f64) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let whole = value.abs().round() as u64;
        let sign = if value < 0.0 && whole > 0 { "−" } else { "" };
        match self {
            Self::Count => format!("{sign}{}", number::si(whole)),
            Self::Bytes if whole < 1000 => format!("{sign}{whole}\u{a0}B"),
            Self::Bytes => format!("{sign}{}B", number::si(whole)),
            Self::Named(unit) if unit.is_empty() => number::short(value),
            Self::Named(unit) => format!("{}\u{a0}{unit}", number::short(value)),
        }
    }
}

/// Where numbers lie between two ends.
pub(super) struct Scale {
    least: f64,
    greatest: f64,
    axis: Axis,
    /// Whether zero stands in the middle.
    signed: bool,
}

impl Scale {
    pub(super) fn new(values: &[f64], axis: Axis, range: Option<(f64, f64)>) -> Self {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let positive = || finite().filter(|v| axis == Axis::Linear || *v > 0.0);
        let (least, greatest) = range.unwrap_or_else(|| {
            (positive().reduce(f64::min).unwrap_or(0.0), positive().reduce(f64::max).unwrap_or(0.0))
        });
        let signed = axis == Axis::Linear && least < 0.0 && greatest > 0.0;
        if signed && range.is_none() {
            let most = greatest.max(-least);
            return Self { least: -most, greatest: most, axis, signed };
        }
        Self { least, greatest, axis, signed }
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        (self.least, self.greatest)
    }

    pub(super) fn is_log(&self) -> bool {
        self.axis == Axis::Log
    }

    /// The number whose bar is whole.
    pub(super) fn longest(&self) -> f64 {
        self.greatest.abs().max(self.least.abs())
    }

    /// Where a number lies, 0 to 1.
    fn at(&self, value: f64) -> f64 {
        let place = match self.axis {
            Axis::Linear => (value - self.least) / (self.greatest - self.least),
            Axis::Log => {
                let log = |v: f64| libm::log10(v.max(f64::MIN_POSITIVE));
                (log(value) - log(self.least)) / (log(self.greatest) - log(self.least))
            }
        };
        // All values equal: the high end, as the only value is the greatest too.
        if place.is_nan() { 1.0 } else { place.clamp(0.0, 1.0) }
    }

    /// The share of a whole bar that a number takes, 0 to 1: from zero on a linear scale, so that lengths compare.
    pub(super) fn length(&self, value: f64) -> f64 {
        match self.axis {
            Axis::Linear => {
                let share = value.abs() / self.longest();
                if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
            }
            // A tenth for the least, so that it is seen.
            Axis::Log => 0.1 + 0.9 * self.at(value),
        }
    }

    pub(super) fn swatch(&self, value: f64, theme: &Theme) -> Swatch {
        if value.is_finite() { self.swatch_at(self.at(value), theme) } else { super::missing_swatch(theme) }
    }

    pub(super) fn swatch_at(&self, place: f64, theme: &Theme) -> Swatch {
        if self.signed {
            let span = self.greatest - self.least;
            let value = self.least + place * span;
            return readable(theme.diverging_at(value / self.longest()), theme);
        }
        readable(theme.sequential_at(place), theme)
    }
}

/// A box in a colour, with an outline of its hue and text that can be read on it; the colour is made a little lighter or
/// darker where neither the ink nor the page's colour can be read on it.
pub fn readable(fill: Color, theme: &Theme) -> Swatch {
    let better = |fill: Color| {
        let (ink, page) = (fill.contrast(theme.ink), fill.contrast(theme.background));
        if ink >= page { (theme.ink, ink) } else { (theme.background, page) }
    };
    let fill = fill.over(theme.background);
    let mut found = fill;
    let (first, _) = better(fill);
    // Away from the text: lighter under dark text, darker under light text.
    let step = if first.lightness() < fill.lightness() { STEP } else { -STEP };
    let mut amount = 0.0_f64;
    while better(found).1 < CONTRAST && amount.abs() < 1.0 {
        amount += step;
        found = fill.lighten(amount);
    }
    let text = better(found).0;
    let mut stroke = found.mix(theme.ink, OUTLINE);
    // Pills take the outline's colour and have text on them.
    let mut amount = 0.0_f64;
    while better(stroke).1 < CONTRAST && amount.abs() < 1.0 {
        amount += STEP;
        stroke = found.mix(theme.ink, OUTLINE + amount);
    }
    Swatch { fill: found, stroke, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_be_read_on_every_colour_of_a_scale() {
        for theme in netloom_scene::theme::all() {
            for values in [[0.0, 1.0], [-1.0, 1.0]] {
                let scale = Scale::new(&values, Axis::Linear, None);
                for i in 0..=100 {
                    let swatch = scale.swatch_at(f64::from(i) / 100.0, theme);
                    let found = swatch.fill.contrast(swatch.text);
                    assert!(found >= CONTRAST, "{} {values:?} {i}: {found:.2}", theme.name);
                    let (fill, text) = theme.pill(&swatch);
                    let found = fill.contrast(text);
                    assert!(found >= CONTRAST, "pill in {} {values:?} {i}: {found:.2}", theme.name);
                }
            }
        }
    }

    #[test]
    fn places_follow_the_axis() {
        let check = |values: &[f64], axis, range, value, expected: f64| {
            let found = Scale::new(values, axis, range).at(value);
            assert!((found - expected).abs() < 1e-9, "{values:?} {axis:?} {value}: {found}");
        };
        check(&[0.0, 10.0], Axis::Linear, None, 2.5, 0.25);
        check(&[1.0, 100.0], Axis::Log, None, 10.0, 0.5);
        check(&[0.0, 1.0, 100.0], Axis::Log, None, 0.0, 0.0);
        check(&[-1.0, 4.0], Axis::Linear, None, 0.0, 0.5);
        check(&[3.0], Axis::Linear, None, 3.0, 1.0);
        check(&[3.0], Axis::Linear, Some((0.0, 12.0)), 3.0, 0.25);
        check(&[3.0], Axis::Linear, Some((0.0, 2.0)), 3.0, 1.0);
        check(&[], Axis::Log, None, 3.0, 1.0);
    }

    #[test]
    fn numbers_are_printed_with_their_unit() {
        let ms = Unit::Named("ms".to_owned());
        for (unit, value, text) in [
            (&Unit::Count, 4_718_592.0, "4.72\u{a0}M"),
            (&Unit::Bytes, 512.0, "512\u{a0}B"),
            (&Unit::Bytes, 3_211_264.0, "3.21\u{a0}MB"),
            (&ms, 0.123_456, "0.123\u{a0}ms"),
            (&ms, 12.0, "12\u{a0}ms"),
            (&Unit::Named(String::new()), -0.5, "−0.5"),
        ] {
            assert_eq!(unit.text(value), text);
        }
    }
}

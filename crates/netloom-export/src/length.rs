//! Lengths as people write them: `3.25in`, `8cm`, `234pt`.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// A length on paper or on a screen: positive, finite, with the unit it was written in.
///
/// ```
/// let width: netloom_export::Length = "3.25in".parse()?;
/// assert_eq!(width.px(), 312.0);
/// # Ok::<(), netloom_export::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Length {
    value: f64,
    unit: Unit,
}

/// A unit of length as CSS has it: 1 in = 96 px = 72 pt = 2.54 cm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// CSS pixel.
    Px,
    /// Point.
    Pt,
    /// Pica, 12 pt.
    Pc,
    /// Millimetre.
    Mm,
    /// Centimetre.
    Cm,
    /// Inch.
    In,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 6] = [Self::Px, Self::Pt, Self::Pc, Self::Mm, Self::Cm, Self::In];

    /// The suffix it is written with.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Px => "px",
            Self::Pt => "pt",
            Self::Pc => "pc",
            Self::Mm => "mm",
            Self::Cm => "cm",
            Self::In => "in",
        }
    }

    /// Its length, px.
    pub fn px(self) -> f64 {
        match self {
            Self::Px => 1.0,
            Self::Pt => 96.0 / 72.0,
            Self::Pc => 16.0,
            Self::Mm => 96.0 / 25.4,
            Self::Cm => 96.0 / 2.54,
            Self::In => 96.0,
        }
    }
}

impl Length {
    /// The length of so many units; `None` unless positive and finite in px too.
    pub fn new(value: f64, unit: Unit) -> Option<Self> {
        let px = value * unit.px();
        (value > 0.0 && px > 0.0 && px.is_finite()).then_some(Self { value, unit })
    }

    /// How many of its unit it is.
    pub fn value(self) -> f64 {
        self.value
    }

    /// The unit it was written in.
    pub fn unit(self) -> Unit {
        self.unit
    }

    /// The length, px.
    pub fn px(self) -> f64 {
        self.value * self.unit.px()
    }
}

impl FromStr for Length {
    type Err = Error;

    /// Reads a positive number and a unit, with or without a space between.
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        let number_end = trimmed
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
            .unwrap_or(trimmed.len());
        let (number, suffix) = trimmed.split_at(number_end);
        let suffix = suffix.trim_start();
        let fail = |message: String| Err(Error::new(ErrorKind::Length, message).with_hint(HINT));
        let Ok(value) = number.parse::<f64>() else {
            return fail(format!("expected a length, found `{text}`"));
        };
        if suffix.is_empty() {
            return fail(format!("expected a unit after `{number}`, found the end"));
        }
        let Some(unit) = Unit::ALL.into_iter().find(|u| u.suffix().eq_ignore_ascii_case(suffix)) else {
            return fail(format!("expected a unit after `{number}`, found `{suffix}`"));
        };
        match Self::new(value, unit) {
            Some(length) => Ok(length),
            None => fail(format!("expected a length above zero, found `{trimmed}`")),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.unit.suffix())
    }
}

/// What a length may look like.
const HINT: &str = "write it like 3.25in, 8cm, 82mm, 234pt, 20pc or 312px";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<f64, &str>) {
        match (text.parse::<Length>(), expected) {
            (Ok(found), Ok(px)) => assert!((found.px() - px).abs() < 1e-9, "{text}: {} px", found.px()),
            (Err(found), Err(message)) => {
                assert_eq!(found.to_string(), message, "{text}");
                assert_eq!(found.kind(), ErrorKind::Length);
                assert_eq!(found.hints(), [HINT]);
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn lengths() {
        check("3.25in", Ok(312.0));
        check("8cm", Ok(8.0 * 96.0 / 2.54));
        check("82 mm", Ok(82.0 * 96.0 / 25.4));
        check(" 234pt ", Ok(312.0));
        check("20PC", Ok(320.0));
        check(".5px", Ok(0.5));
        check("312", Err("expected a unit after `312`, found the end"));
        check("", Err("expected a length, found ``"));
        check("wide", Err("expected a length, found `wide`"));
        check("1.2.3in", Err("expected a length, found `1.2.3in`"));
        check("3 inches", Err("expected a unit after `3`, found `inches`"));
        check("1e999px", Err("expected a unit after `1`, found `e999px`"));
        check("0in", Err("expected a length above zero, found `0in`"));
        check("-3in", Err("expected a length above zero, found `-3in`"));
        check("3é", Err("expected a unit after `3`, found `é`"));
        let huge = format!("{}in", "9".repeat(308));
        check(&huge, Err(&format!("expected a length above zero, found `{huge}`")));
    }

    #[test]
    fn lengths_print_as_written() {
        for text in ["3.25in", "8cm", "312px"] {
            assert_eq!(text.parse::<Length>().map(|l| l.to_string()).as_deref(), Ok(text));
        }
    }
}

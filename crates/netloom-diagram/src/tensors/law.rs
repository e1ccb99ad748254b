//! How long a number is drawn: a power law, whose exponent a figure can state.

/// How sizes on paper follow sizes of tensors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scale {
    /// A power law whose exponent is chosen so that the least and the greatest both fit.
    #[default]
    Auto,
    /// In proportion.
    Linear,
    /// The square root.
    Sqrt,
    /// The cube root.
    Cbrt,
    /// The logarithm.
    Log,
}

impl Scale {
    /// Every scale with its name, the default first.
    pub const NAMES: &[(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("linear", Self::Linear),
        ("sqrt", Self::Sqrt),
        ("cbrt", Self::Cbrt),
        ("log", Self::Log),
    ];

    /// The scale of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, s)| *s)
    }
}

/// The least and the greatest exponent that is chosen.
const EXPONENTS: (f64, f64) = (0.25, 1.0);

/// A law from numbers to lengths: `longest · (x / greatest)^exponent`, so that each doubling multiplies the length by one
/// factor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PowerLaw {
    greatest: f64,
    least_px: f64,
    longest_px: f64,
    exponent: Option<f64>,
}

impl PowerLaw {
    /// The law that draws the greatest of some numbers `longest_px` long, and with [`Scale::Auto`] the least about
    /// `shortest_px`. Nothing is drawn shorter than 1 px; numbers below 1 count as 1.
    pub fn fit(
        numbers: impl IntoIterator<Item = u64>,
        shortest_px: f64,
        longest_px: f64,
        scale: Scale,
    ) -> Self {
        let (mut least, mut greatest) = (u64::MAX, 1);
        for n in numbers {
            (least, greatest) = (least.min(n.max(1)), greatest.max(n));
        }
        #[expect(clippy::cast_precision_loss, reason = "sizes of tensors that are drawn are far below 2^53")]
        let (least, greatest) = (least.min(greatest) as f64, greatest as f64);
        let auto = if greatest > least && longest_px > shortest_px && shortest_px > 0.0 {
            libm::log(longest_px / shortest_px) / libm::log(greatest / least)
        } else {
            EXPONENTS.1
        };
        let exponent = match scale {
            // Two decimals, so that what the figure states is what it draws.
            Scale::Auto => Some((auto.clamp(EXPONENTS.0, EXPONENTS.1) * 100.0).round() / 100.0),
            Scale::Linear => Some(1.0),
            Scale::Sqrt => Some(0.5),
            Scale::Cbrt => Some(1.0 / 3.0),
            Scale::Log => None,
        };
        Self { greatest, least_px: 1.0, longest_px, exponent }
    }

    /// The length of a number, px.
    pub fn px(&self, number: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "sizes of tensors that are drawn are far below 2^53")]
        let x = number.max(1) as f64;
        let part = match self.exponent {
            Some(exponent) => libm::pow(x / self.greatest, exponent),
            None => libm::log(x + 1.0) / libm::log(self.greatest + 1.0),
        };
        (self.longest_px * part).max(self.least_px)
    }

    /// The law in words: `size⁰·⁴⁶`, with what is drawn as `what`; `log size` for the logarithm, `size` in proportion.
    pub fn words(&self, what: &str) -> String {
        match self.exponent {
            None => format!("log {what}"),
            Some(e) if (e - 1.0).abs() < 1e-9 => what.to_owned(),
            Some(e) if (e - 0.5).abs() < 1e-9 => format!("√{what}"),
            Some(e) if (e - 1.0 / 3.0).abs() < 1e-9 => format!("∛{what}"),
            Some(e) => format!("{what}{}", raised(e)),
        }
    }

    /// The exponent, or `None` for the logarithm.
    pub fn exponent(&self) -> Option<f64> {
        self.exponent
    }
}

/// An exponent of two decimals, as it is written above the line.
fn raised(exponent: f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let text = format!("{exponent:.2}");
    let digit = |c: char| c.to_digit(10).and_then(|d| DIGITS.get(d as usize)).copied().unwrap_or('·');
    text.trim_end_matches('0').trim_end_matches('.').chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[u64], range: (f64, f64), scale: Scale, words: &str, expected: &[f64]) {
        let law = PowerLaw::fit(numbers.iter().copied(), range.0, range.1, scale);
        assert_eq!(law.words("x"), words);
        let found: Vec<f64> = numbers.iter().map(|n| law.px(*n).round()).collect();
        assert_eq!(found, expected, "{words}");
    }

    #[test]
    fn lengths_follow_the_law() {
        // The sides and channels of VGG-16.
        check(
            &[224, 112, 56, 28, 14, 7],
            (24.0, 120.0),
            Scale::Auto,
            "x⁰·⁴⁶",
            &[120.0, 87.0, 63.0, 46.0, 34.0, 24.0],
        );
        check(&[3, 64, 128, 256, 512], (4.0, 48.0), Scale::Auto, "x⁰·⁴⁸", &[4.0, 18.0, 25.0, 34.0, 48.0]);
        check(&[1, 4, 16], (1.0, 64.0), Scale::Linear, "x", &[4.0, 16.0, 64.0]);
        check(&[1, 4, 16], (1.0, 64.0), Scale::Sqrt, "√x", &[16.0, 32.0, 64.0]);
        check(&[1, 8, 27], (1.0, 30.0), Scale::Cbrt, "∛x", &[10.0, 20.0, 30.0]);
        check(&[1, 3, 15], (1.0, 40.0), Scale::Log, "log x", &[10.0, 20.0, 40.0]);
        // One size only, none, and a range that no law may stretch.
        check(&[7, 7], (4.0, 48.0), Scale::Auto, "x", &[48.0, 48.0]);
        check(&[], (4.0, 48.0), Scale::Auto, "x", &[]);
        check(&[10, 11], (10.0, 100.0), Scale::Auto, "x", &[91.0, 100.0]);
        check(&[0, 1_000_000_000], (90.0, 100.0), Scale::Auto, "x⁰·²⁵", &[1.0, 100.0]);
    }
}

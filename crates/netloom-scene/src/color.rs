//! Colours: sRGB with straight alpha.

use std::fmt;

/// A colour in sRGB with straight alpha, eight bits a channel. Only themes may make one out of nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity: 255 is opaque.
    pub a: u8,
}

impl Color {
    /// The colour written `#rrggbb` or `#rrggbbaa`; the hash may be left out.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').unwrap_or(text);
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) || !matches!(hex.len(), 6 | 8) {
            return None;
        }
        let byte = |i: usize| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok();
        Some(Self { r: byte(0)?, g: byte(1)?, b: byte(2)?, a: if hex.len() == 8 { byte(3)? } else { 255 } })
    }

    /// The colour `part` of the way to another, 0 to 1: each channel straight, as if painted over it.
    #[must_use]
    pub fn mix(self, other: Self, part: f64) -> Self {
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        let channel = |a: u8, b: u8| byte(f64::from(a) + (f64::from(b) - f64::from(a)) * part);
        Self {
            r: channel(self.r, other.r),
            g: channel(self.g, other.g),
            b: channel(self.b, other.b),
            a: channel(self.a, other.a),
        }
    }

    /// What is seen of this colour painted over an opaque one.
    #[must_use]
    pub fn over(self, beneath: Self) -> Self {
        Self { a: 255, ..beneath.mix(Self { a: beneath.a, ..self }, f64::from(self.a) / 255.0) }
    }

    /// The same hue, lighter by `amount` of the way from black to white (darker if negative), in OKLab, where equal
    /// steps look equal. Channels that leave sRGB are clipped.
    ///
    /// # Source
    /// B. Ottosson, "A perceptual color space for image processing", 2020.
    #[must_use]
    pub fn lighten(self, amount: f64) -> Self {
        let [l, a, b] = self.oklab();
        Self::from_oklab([(l + amount).clamp(0.0, 1.0), a, b], self.a)
    }

    /// The colour that part of the way to white, or to black if negative: paler, not more vivid, as in light and shade.
    #[must_use]
    pub fn tint(self, part: f64) -> Self {
        let end = if part < 0.0 { 0 } else { u8::MAX };
        self.mix(Self { r: end, g: end, b: end, a: self.a }, part.abs())
    }

    /// Lightness as OKLab has it, 0 to 1: what is left of the colour on a grey printer.
    pub fn lightness(self) -> f64 {
        self.oklab()[0]
    }

    /// Contrast with another colour as WCAG 2.1 counts it: 1 for equal colours, 21 for black on white. Opacity is
    /// left out of account.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn linear(self) -> [f64; 3] {
        [self.r, self.g, self.b].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) }
        })
    }

    fn oklab(self) -> [f64; 3] {
        let [r, g, b] = self.linear();
        let l = libm::cbrt(0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b);
        let m = libm::cbrt(0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b);
        let s = libm::cbrt(0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b);
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    fn from_oklab([lightness, a, b]: [f64; 3], alpha: u8) -> Self {
        let cube = |x: f64| x * x * x;
        let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
        let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
        let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
        let channel = |x: f64| {
            let c = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * libm::pow(x, 1.0 / 2.4) - 0.055 };
            byte(c * 255.0)
        };
        Self {
            r: channel(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s),
            g: channel(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s),
            b: channel(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s),
            a: alpha,
        }
    }

    /// The same colour with another opacity, 0 to 1.
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { a: byte(alpha * 255.0), ..self }
    }
}

impl fmt::Display for Color {
    /// `#rrggbb`, or `#rrggbbaa` when not opaque.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)?;
        if self.a == 255 { Ok(()) } else { write!(f, "{:02x}", self.a) }
    }
}

/// The nearest whole number from 0 to 255; 0 for what is no number.
fn byte(value: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
    let byte = value.clamp(0.0, 255.0).round() as u8;
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(text: &str) -> Color {
        Color::parse(text).expect("test colours are well formed")
    }

    #[test]
    fn colours_are_read_and_written() {
        for text in ["#77aadd", "#00000080", "#ffffff"] {
            assert_eq!(color(text).to_string(), text);
        }
        for text in ["", "#", "#fff", "#12345g", "#1234567", "#ééé", "+1+1+1"] {
            assert_eq!(Color::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn contrast_is_wcag() {
        let (black, white) = (color("000000"), color("ffffff"));
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        assert!((white.contrast(white) - 1.0).abs() < 1e-9);
        // The well-known lightest grey that passes on white.
        assert!(color("767676").contrast(white) >= 4.5 && color("777777").contrast(white) < 4.5);
    }

    #[test]
    fn colours_are_mixed_and_lightened() {
        let blue = color("77aadd");
        assert_eq!(color("ffffff").mix(color("000000"), 0.5), color("808080"));
        assert_eq!(color("00000080").over(color("ffffff")), color("7f7f7f"));
        assert_eq!(blue.lighten(0.0), blue);
        assert_eq!([blue.tint(1.0), blue.tint(-1.0)], [color("ffffff"), color("000000")]);
        assert_eq!(blue.tint(0.5), color("bbd5ee"));
        assert!(blue.lighten(0.1).lightness() > blue.lightness() + 0.05);
        assert!(blue.lighten(-2.0).lightness() < 0.2);
        assert_eq!(blue.mix(color("000000"), f64::NAN), blue);
    }
}

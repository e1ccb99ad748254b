//! Words and numbers in XML: escaped, compact, the same on every platform.

use netloom_scene::Color;

/// Appends text for between tags.
pub fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(legal(c)),
        }
    }
}

/// Appends ` name="value"`, whatever the value.
pub fn push_attribute(out: &mut String, name: &str, value: &str) {
    open_attribute(out, name);
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(legal(c)),
        }
    }
    out.push('"');
}

/// Appends ` name="value"` with two decimals at most.
pub fn push_number_attribute(out: &mut String, name: &str, value: f64) {
    open_attribute(out, name);
    push_number(out, value);
    out.push('"');
}

/// Appends ` name="#rrggbb"`, and its opacity beside it unless opaque.
pub fn push_paint(out: &mut String, name: &str, color: Color) {
    open_attribute(out, name);
    let Color { r, g, b, a } = color;
    if [r, g, b].iter().all(|c| c % 17 == 0) {
        out.push_str(&format!("#{:x}{:x}{:x}", r / 17, g / 17, b / 17));
    } else {
        out.push_str(&format!("#{r:02x}{g:02x}{b:02x}"));
    }
    out.push('"');
    if a < 255 {
        open_attribute(out, &format!("{name}-opacity"));
        // Two decimals would be a visible step in a faint tint.
        push_decimal(out, rounded(f64::from(a) / 255.0, 1e3), 3);
        out.push('"');
    }
}

/// Appends a number with two decimals at most.
pub fn push_number(out: &mut String, value: f64) {
    push_decimal(out, hundredths(value), 2);
}

/// Appends a number with six decimals at most, for factors.
pub fn push_factor(out: &mut String, value: f64) {
    push_decimal(out, rounded(value, 1e6), 6);
}

/// Appends a length of so many units with four decimals at most, rounded down: a page rounded up by a trace would be a
/// pixel taller.
pub fn push_units(out: &mut String, value: f64) {
    // What the arithmetic lost of a whole number is given back first.
    push_decimal(out, rounded((value * 1e4 + 1e-6).floor(), 1.0), 4);
}

/// A number as hundredths, the grid everything is rounded to.
pub fn hundredths(value: f64) -> i64 {
    rounded(value, 100.0)
}

/// Appends `units / 10^decimals` without trailing zeros; never `-0`.
pub fn push_decimal(out: &mut String, units: i64, decimals: usize) {
    if units < 0 {
        out.push('-');
    }
    let mut digits = units.unsigned_abs().to_string();
    if digits.len() <= decimals {
        digits.insert_str(0, &"0".repeat(decimals + 1 - digits.len()));
    }
    let (whole, part) = digits.split_at(digits.len() - decimals);
    out.push_str(whole);
    let part = part.trim_end_matches('0');
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
}

fn open_attribute(out: &mut String, name: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
}

/// The character, or the replacement character where XML 1.0 has no way to write it.
fn legal(c: char) -> char {
    match c {
        '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => c,
        _ => '\u{fffd}',
    }
}

/// A number as a whole count of `1 / per_unit`.
#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and NaN becomes 0")]
fn rounded(value: f64, per_unit: f64) -> i64 {
    (value * per_unit).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, between: &str, attribute: &str) {
        let (mut found_between, mut found_attribute) = (String::new(), String::new());
        push_text(&mut found_between, text);
        push_attribute(&mut found_attribute, "a", text);
        assert_eq!(found_between, between, "{text:?} between tags");
        assert_eq!(found_attribute, format!(" a=\"{attribute}\""), "{text:?} as an attribute");
    }

    #[test]
    fn words_are_escaped() {
        check("7×7, 64", "7×7, 64", "7×7, 64");
        check("</text><script>", "&lt;/text&gt;&lt;script&gt;", "&lt;/text&gt;&lt;script&gt;");
        check("a\" onload='x", "a\" onload='x", "a&quot; onload='x");
        check("&amp;", "&amp;amp;", "&amp;amp;");
        check("]]>", "]]&gt;", "]]&gt;");
        check("a\n\tb\rc", "a\n\tb&#13;c", "a&#10;&#9;b&#13;c");
        check(
            "\0\u{b}\u{1b}\u{fffe}\u{ffff}",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
        );
        check("层 🙂", "层 🙂", "层 🙂");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-0.004, "0"),
            (0.005, "0.01"),
            (-0.5, "-0.5"),
            (12.0, "12"),
            (12.3456, "12.35"),
            (-1234.5, "-1234.5"),
            (f64::NAN, "0"),
        ] {
            let mut found = String::new();
            push_number(&mut found, value);
            assert_eq!(found, text, "{value}");
        }
        let mut found = String::new();
        push_factor(&mut found, -0.123_456_78);
        assert_eq!(found, "-0.123457");
        for (value, text) in [(2.916_666, "2.9166"), (70.0 - 1e-13, "70"), (3.25, "3.25")] {
            let mut found = String::new();
            push_units(&mut found, value);
            assert_eq!(found, text, "{value}");
        }
    }
}

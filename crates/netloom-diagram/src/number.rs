//! The one formatter for numbers that are shown.

use netloom_graph::layers::recurrent;
use netloom_graph::{Dim, Graph, Shape, TensorId};

/// Digits in groups of three, parted by thin spaces: `30 522`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// A text with every number of five digits or more grouped.
pub fn group_digits(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.parse() {
            Ok(n) if !digits.starts_with('0') => out += &grouped(n),
            _ => out += &digits,
        }
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// Four significant digits with an SI suffix, parted by a no-break space: `11.69 M`; small numbers stay whole.
pub fn si(n: u64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    for (unit, suffix) in UNITS {
        if n >= unit {
            // Rounded in integers so that no platform's floating point shows: hundredths, tenths or whole units.
            let whole = n / unit;
            let places: u32 = if whole >= 100 { 1 } else { 2 };
            let scale = 10u64.pow(places);
            let scaled = (u128::from(n) * u128::from(scale) + u128::from(unit) / 2) / u128::from(unit);
            let (int, frac) = (scaled / u128::from(scale), scaled % u128::from(scale));
            let mut text = format!("{int}.{frac:0width$}", width = places as usize);
            while text.ends_with('0') {
                text.pop();
            }
            let text = text.trim_end_matches('.');
            return format!("{text}\u{a0}{suffix}");
        }
    }
    n.to_string()
}

/// A number with at most four significant digits: `0.5`, `0.1443`, `1e-5`.
pub fn float(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let text = format!("{x:.3e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let plain = |s: &str| {
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_owned() } else { s.to_owned() }
    };
    if (-3..6).contains(&exponent) {
        plain(&format!("{x:.*}", usize::try_from((3 - exponent).max(0)).unwrap_or(0)))
    } else {
        format!("{}e{exponent}", plain(mantissa))
    }
}

/// A number with at most three significant digits and a minus sign of its own: `12.3`, `0.05`, `1.24 M`.
pub fn short(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let sign = if x < 0.0 { "−" } else { "" };
    let x = x.abs();
    if x >= 10_000.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        return format!("{sign}{}", si(x.round() as u64));
    }
    let text = format!("{x:.2e}");
    let (_, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if x == 0.0 || exponent < -3 {
        return format!("{sign}{}", float(x));
    }
    let places = usize::try_from((2 - exponent).max(0)).unwrap_or(0);
    let text = format!("{x:.places$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    format!("{sign}{text}")
}

/// A share in percent with one decimal: `12.3 %`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{}\u{a0}%", tenths / 10, tenths % 10)
}

/// The dimensions of a shape joined by `×`, the batch dimension left out when `batch` is false.
pub fn shape(shape: &Shape, batch: bool) -> String {
    let Some(dims) = shape.dims() else { return String::new() };
    let skip = usize::from(!batch && dims.len() > 1);
    let parts: Vec<String> = dims[skip..].iter().map(dim).collect();
    if parts.is_empty() { "scalar".to_owned() } else { parts.join("×") }
}

/// The size of a tensor of a graph: as [`shape`], but what a recurrent layer makes is steps by features in whichever
/// order a file keeps them, where the batch dimension is left out.
pub fn size(graph: &Graph, tensor: TensorId, batch: bool) -> String {
    let by_example = if batch { None } else { recurrent::by_example(graph, tensor) };
    shape(by_example.as_ref().unwrap_or(graph.tensor(tensor).ty.shape()), batch)
}

/// One dimension: a grouped number, a symbol, or `?`.
pub fn dim(dim: &Dim) -> String {
    match dim.as_size() {
        Some(n) => grouped(n),
        None => dim.to_string().replace('*', "·"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_round_to_the_nearest_digit() {
        for (n, want) in [
            (999, "999"),
            (1_000, "1\u{a0}k"),
            (11_689_512, "11.69\u{a0}M"),
            (1_814_073_344, "1.81\u{a0}G"),
            (109_482_240, "109.5\u{a0}M"),
            (25_557_032, "25.56\u{a0}M"),
        ] {
            assert_eq!(si(n), want);
        }
    }

    #[test]
    fn floats_keep_four_digits() {
        for (x, want) in [
            (0.5, "0.5"),
            (0.125, "0.125"),
            (1e-5, "1e-5"),
            (-12.0, "-12"),
            (0.144_337, "0.1443"),
            (3e9, "3e9"),
        ] {
            assert_eq!(float(x), want);
        }
    }

    #[test]
    fn thousands_are_grouped_from_five_digits() {
        assert_eq!(grouped(1000), "1000");
        assert_eq!(grouped(30522), "30\u{2009}522");
        assert_eq!(group_digits("linear 50257, /2 007"), "linear 50\u{2009}257, /2 007");
    }
}

//! What texts are put together from before values and blocks have names.

use netloom_graph::{Dim, ModuleId, TensorId};

use crate::formats::loom::RESERVED;

/// A piece of a text.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// As it stands.
    Text(String),
    /// A whole number, which may become a parameter of a block, and what it is for.
    Number(i64, &'static str),
    /// The name of a value.
    Value(TensorId),
    /// A body in braces, by index.
    Body(usize),
    /// `more `, where a piece of this module stands in the text before.
    More(ModuleId),
}

pub(super) type Tokens = Vec<Token>;

pub(super) fn text(s: impl Into<String>) -> Token {
    Token::Text(s.into())
}

/// Tokens of several things with commas between.
pub(super) fn listed(items: Vec<Tokens>) -> Tokens {
    let mut out = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(text(", "));
        }
        out.extend(item);
    }
    out
}

/// Whole numbers in brackets.
pub(super) fn numbers(list: &[i64], what: &'static str) -> Tokens {
    let items = list.iter().map(|n| vec![Token::Number(*n, what)]).collect();
    bracketed(items)
}

pub(super) fn bracketed(items: Vec<Tokens>) -> Tokens {
    let mut out = vec![text("[")];
    out.extend(listed(items));
    out.push(text("]"));
    out
}

/// Whether a text can stand as a word.
pub(super) fn is_word(s: &str) -> bool {
    let mut chars = s.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && !RESERVED.contains(&s)
        && !matches!(s, "more" | "shared" | "none" | "inf" | "nan" | "_")
        && !matches!(s, "for" | "repeat" | "if" | "def" | "while" | "import")
        && s.len() <= 60
}

/// A text in quotes.
pub(super) fn quoted(s: &str) -> String {
    // Longer names exist in damaged files only.
    const MAX: usize = 120;
    let mut out = String::from("\"");
    for c in s.chars().take(MAX) {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A label, without its colon.
pub(super) fn label(name: &str) -> String {
    let number = !name.is_empty()
        && name.len() < 9
        && name.bytes().all(|b| b.is_ascii_digit())
        && (name == "0" || !name.starts_with('0'));
    if number || is_word(name) { name.to_owned() } else { quoted(name) }
}

/// A number with a point or an exponent.
pub(super) fn float(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    // Files round to 32 bits; the shortest number that rounds to the same is what was meant.
    #[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
    let single = x as f32;
    let size = x.abs();
    let shortest = if f64::from(single) == x {
        if size != 0.0 && !(1e-3..1e7).contains(&size) { format!("{single:e}") } else { format!("{single}") }
    } else if size != 0.0 && !(1e-3..1e7).contains(&size) {
        format!("{x:e}")
    } else {
        format!("{x}")
    };
    if shortest.contains(['.', 'e']) { shortest } else { shortest + ".0" }
}

/// A dimension: a number, a symbol of the model, or text that says more.
pub(super) fn dim(dim: &Dim, symbols: &[String], what: &'static str) -> Tokens {
    match dim {
        Dim::Known(n) => vec![Token::Number(*n, what)],
        Dim::Unknown => vec![text("?")],
        other => match other.as_symbol() {
            Some(s) if symbols.iter().any(|k| k == s) => vec![text(s)],
            _ => vec![text(quoted(&other.to_string()))],
        },
    }
}

//! Reading theme files, with errors that point at the line.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::tokens::{self, TOKENS, Value};
use super::{OTHER, Swatch, Theme};
use crate::{Color, Dash, Weight};

/// Why a theme or a token of it cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThemeError {
    message: String,
    place: Option<(String, usize, usize)>,
}

impl Theme {
    /// A theme from the text of its file. A file that begins with `inherits = "light"` changes that theme; one that does
    /// not has to give every token.
    ///
    /// # Errors
    /// Where the text is no TOML, names a token that does not exist, gives one the wrong kind of value, or leaves one
    /// out: with line, column and, for a mistyped name, the nearest that exists.
    pub fn parse(text: &str, name: &str) -> Result<Self, ThemeError> {
        let at = |message: String, byte: usize| ThemeError::new(message, Some((name, text, byte)));
        let document =
            DeTable::parse(text).map_err(|e| at(first_line(e.message()), e.span().map_or(0, |s| s.start)))?;
        let mut entries = Vec::new();
        flatten(document.get_ref(), "", 0, &mut entries);
        let mut theme = blank();
        let mut inherits = false;
        for (key, _, byte) in entries.iter().filter(|e| e.0 == "inherits") {
            let value = entries.iter().find(|e| e.0 == *key).and_then(|e| e.1.clone());
            let Some(Value::Text(parent)) = value else {
                return Err(at("expected the name of a theme".to_owned(), *byte));
            };
            // A theme that ships is read through here too, so its parent is looked up by file, not in the finished list.
            let file = super::source(&parent).filter(|_| parent != name);
            theme = match file {
                Some(file) => Self::parse(file, &parent)?,
                None => {
                    let names: Vec<&str> = super::FILES.iter().map(|f| f.0).filter(|n| *n != name).collect();
                    return Err(at(
                        format!("no theme {parent:?} to inherit; there are {}", names.join(", ")),
                        *byte,
                    ));
                }
            };
            inherits = true;
        }
        name.clone_into(&mut theme.name);
        let mut given = Vec::new();
        for (key, value, byte) in entries.iter().filter(|e| e.0 != "inherits") {
            let value = value
                .as_ref()
                .ok_or_else(|| at(format!("`{key}`: expected text, a number or a list"), *byte))?;
            theme.put(key, value).map_err(|message| at(message, *byte))?;
            given.push(key.as_str());
        }
        if !inherits {
            let other = ["fill", "stroke", "text"].map(|part| format!("swatch.{OTHER}.{part}"));
            let required = TOKENS.iter().map(|t| t.0).chain(other.iter().map(String::as_str));
            if let Some(missing) = required.into_iter().find(|key| !given.contains(key)) {
                let hint = "give it, or begin with inherits = \"light\"";
                return Err(at(format!("no value for `{missing}`: {hint}"), text.len()));
            }
        }
        Ok(theme)
    }

    /// Changes one token, named as in a theme file: `theme.set("label.size", "10")`, or
    /// `theme.set("swatch.conv.fill", "#77aadd")`. A list is written with commas: `"4, 2.5"`.
    ///
    /// # Errors
    /// For a token that does not exist, or a value of the wrong kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ThemeError> {
        let one = |text: &str| match text.trim().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(text.trim().to_owned()),
        };
        // `000000` is a colour where a colour is expected, so both readings are tried.
        let plain = Value::Text(value.trim().to_owned());
        let parsed =
            if value.contains(',') { Value::List(value.split(',').map(one).collect()) } else { one(value) };
        let mut changed = self.clone();
        let result = changed.put(key, &parsed).or_else(|first| changed.put(key, &plain).map_err(|_| first));
        result.map_err(|message| ThemeError::new(message, None))?;
        *self = changed;
        Ok(())
    }

    /// The names of all tokens but the swatches, which are `swatch.NAME.fill`, `.stroke` and `.text`.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        TOKENS.iter().map(|t| t.0)
    }

    fn put(&mut self, key: &str, value: &Value) -> Result<(), String> {
        if let Some((_, slot)) = TOKENS.iter().find(|t| t.0 == key) {
            return tokens::put(self, slot, value).map_err(|e| format!("`{key}`: {e}"));
        }
        if let Some((name, part)) = key.strip_prefix("swatch.").and_then(|rest| rest.rsplit_once('.')) {
            let mut swatch = self.swatch(name);
            if tokens::put_swatch(&mut swatch, part, value).map_err(|e| format!("`{key}`: {e}"))? {
                self.swatches.insert(name.to_owned(), swatch);
                return Ok(());
            }
            return Err(format!("unknown token `{key}`: a swatch has fill, stroke and text"));
        }
        let hint = closest(key, TOKENS.iter().map(|t| t.0)).map(|k| format!("; did you mean `{k}`?"));
        Err(format!("unknown token `{key}`{}", hint.unwrap_or_default()))
    }
}

/// The name most like a mistyped one, if any is like it: at most a third of its letters differ.
pub fn closest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().take(64).flat_map(char::to_lowercase).collect();
    let limit = (typed.len() / 3).max(1);
    let near = names.into_iter().map(|name| (distance(&typed, name), name)).filter(|(d, _)| *d <= limit);
    near.min_by_key(|(d, _)| *d).map(|(_, name)| name)
}

/// How many letters have to be changed, put in, left out or swapped with their neighbour.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let change = row[j] + usize::from(a[i] != b[j]);
            let mut best = change.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// The leaves of a table by dotted key, with the byte where each stands. No value for what no token can be.
fn flatten(table: &DeTable<'_>, prefix: &str, depth: usize, into: &mut Vec<(String, Option<Value>, usize)>) {
    /// Deeper than any token, so that no file makes this recurse far.
    const MAX_DEPTH: usize = 4;
    for (key, value) in table {
        let name =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) if depth < MAX_DEPTH => flatten(inner, &name, depth + 1, into),
            leaf => into.push((name, convert(leaf, 0), key.span().start)),
        }
    }
}

fn convert(value: &DeValue<'_>, depth: usize) -> Option<Value> {
    match value {
        DeValue::Integer(n) => Some(Value::Number(i64::from_str_radix(n.as_str(), n.radix()).ok()? as f64)),
        DeValue::Float(n) => Some(Value::Number(n.as_str().parse().ok()?)),
        DeValue::String(text) => Some(Value::Text(text.to_string())),
        DeValue::Array(items) if depth == 0 => {
            Some(Value::List(items.iter().map(|v| convert(v.get_ref(), 1)).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// A theme with nothing in it, to be filled from a file that gives everything.
fn blank() -> Theme {
    let none = Color { r: 0, g: 0, b: 0, a: 0 };
    let dash = Dash { on: 1.0, off: 1.0 };
    Theme {
        name: String::new(),
        about: String::new(),
        background: none,
        ink: none,
        muted: none,
        edge: none,
        rule: none,
        missing: none,
        label_size: 0.0,
        label_weight: Weight::Regular,
        secondary_size: 0.0,
        secondary_weight: Weight::Regular,
        note_size: 0.0,
        note_weight: Weight::Regular,
        header_size: 0.0,
        header_weight: Weight::Regular,
        caption_size: 0.0,
        caption_weight: Weight::Regular,
        line_factor: 0.0,
        box_stroke: 0.0,
        band_stroke: 0.0,
        edge_stroke: 0.0,
        skip_stroke: 0.0,
        container_stroke: 0.0,
        tip_length: 0.0,
        tip_width: 0.0,
        box_radius: 0.0,
        container_radius: 0.0,
        route_radius: 0.0,
        grid: 0.0,
        rank_gap: 0.0,
        node_gap: 0.0,
        lane_gap: 0.0,
        padding_x: 0.0,
        padding_y: 0.0,
        container_padding: 0.0,
        margin: 0.0,
        skip_dash: dash,
        back_dash: dash,
        container_tint: 0.0,
        border_tint: 0.0,
        module_tint: 0.0,
        sequential: Vec::new(),
        diverging: Vec::new(),
        swatches: std::iter::once((OTHER.to_owned(), Swatch { fill: none, stroke: none, text: none }))
            .collect(),
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("not a theme file").to_owned()
}

impl ThemeError {
    fn new(message: String, place: Option<(&str, &str, usize)>) -> Self {
        let place = place.map(|(name, text, byte)| {
            let before = text.get(..byte.min(text.len())).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            (name.to_owned(), line, column)
        });
        Self { message, place }
    }

    /// Line and column, counted from 1, where the theme came from a file.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|p| (p.1, p.2))
    }
}

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, line, column)) = &self.place {
            write!(f, "theme {name}, line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ThemeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let error = Theme::parse(text, "mine").expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }

    #[test]
    fn errors_point_at_the_line() {
        check("a = [1", "theme mine, line 1, column 7: unclosed array, expected `]`");
        check(
            "inherits = \"light\"\n[label]\nsise = 3",
            "theme mine, line 3, column 1: unknown token `label.sise`; did you mean `label.size`?",
        );
        check(
            "inherits = \"light\"\nlabel.size = \"big\"",
            "theme mine, line 2, column 7: `label.size`: expected a number from 0 to 10000, found \"big\"",
        );
        check(
            "inherits = \"light\"\n[color]\nink = \"blu\"",
            "theme mine, line 3, column 1: `color.ink`: expected a colour such as \"#77aadd\", found \"blu\"",
        );
        check(
            "inherits = \"lite\"",
            "theme mine, line 1, column 1: no theme \"lite\" to inherit; there are dark, light, print",
        );
        check(
            "[label]\nsize = 3\n",
            "theme mine, line 3, column 1: no value for `about`: give it, or begin with inherits = \"light\"",
        );
        check(
            "inherits = \"light\"\nswatch.x.stripe = 1",
            "theme mine, line 2, column 10: unknown token `swatch.x.stripe`: a swatch has fill, stroke and text",
        );
        check(
            "inherits = \"light\"\ndash.skip = [1, 0]",
            "theme mine, line 2, column 6: `dash.skip`: expected two lengths above 0",
        );
        check(
            "inherits = \"light\"\nabout = true",
            "theme mine, line 2, column 1: `about`: expected text, a number or a list",
        );
        check(
            "inherits = \"light\"\nlabel.size = nan",
            "theme mine, line 2, column 7: `label.size`: expected a number from 0 to 10000, found NaN",
        );
    }

    #[test]
    fn a_theme_changes_what_it_inherits() {
        let mine =
            Theme::parse("inherits = \"dark\"\nswatch.conv.fill = \"#000000\"\nlabel.size = 14", "mine")
                .unwrap();
        let dark = super::super::find("dark").unwrap();
        assert_eq!(mine.label_size.to_bits(), 14.0_f64.to_bits());
        assert_eq!(mine.swatch("conv").stroke, dark.swatch("conv").stroke);
        assert_ne!(mine.swatch("conv").fill, dark.swatch("conv").fill);
        assert_eq!(mine.swatch("no such thing"), dark.swatch(OTHER));
    }

    #[test]
    fn tokens_are_set_by_name() {
        let mut theme = Theme::light();
        for (key, value) in [
            ("label.size", "10"),
            ("color.ink", "000000"),
            ("dash.skip", "3, 2"),
            ("header.weight", "medium"),
        ] {
            theme.set(key, value).unwrap_or_else(|e| panic!("{e}"));
        }
        assert_eq!(theme.skip_dash, Dash { on: 3.0, off: 2.0 });
        let before = theme.clone();
        let error = theme.set("lable.size", "9").unwrap_err();
        assert_eq!(error.to_string(), "unknown token `lable.size`; did you mean `label.size`?");
        assert!(theme.set("label.size", "-1").is_err());
        assert_eq!(theme, before);
    }

    #[test]
    fn suggestions_are_near() {
        let names = ["light", "dark", "print"];
        assert_eq!(closest("ligth", names), Some("light"));
        assert_eq!(closest("Dark", names), Some("dark"));
        assert_eq!(closest("paper", names), None);
        assert_eq!(closest("", names), None);
    }
}

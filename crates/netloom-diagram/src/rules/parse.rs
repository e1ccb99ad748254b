//! Rules from their text: a selector, then what is done in braces.

use std::fmt;

use netloom_scene::theme::closest;

use super::{Effects, Rule, Selector};

/// Everything a rule can do: its name, whether it takes a value, and what it does.
pub static EFFECTS: &[(&str, bool, &str)] = &[
    ("colour", true, "fills with a colour such as #77aadd, or with that of a kind of layer: attention"),
    ("legend", true, "says in the legend what the colour means"),
    ("label", true, "calls the box something else"),
    ("caption", true, "remarks something under the box"),
    ("image", true, "puts a PNG file on the box"),
    ("hide", false, "leaves the box out; arrows lead past it"),
    ("show", false, "takes back an earlier hide"),
    ("order", true, "a whole number: boxes with lower ones come first"),
    ("open", false, "opens the module, whatever the depth"),
    ("close", false, "draws the module as one box"),
    ("fold", true, "none: draws every block by itself"),
];

/// The longest text of a rule, bytes.
const MAX_TEXT: usize = 8192;

/// Why a text is no rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleError {
    message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl RuleError {
    pub(super) fn new(message: String) -> Self {
        Self { message, hint: None }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RuleError {}

pub(super) fn parse(text: &str) -> Result<Rule, RuleError> {
    if text.len() > MAX_TEXT {
        return Err(RuleError::new(format!("expected at most {MAX_TEXT} bytes, found {}", text.len())));
    }
    let whole = text.trim();
    let shape = || RuleError {
        message: format!("expected `SELECTOR {{ EFFECT; … }}`, found `{whole}`"),
        hint: Some("such as `kind=conv { colour: #77aadd }`".to_owned()),
    };
    // Braces may stand in a regular expression.
    let from = match whole.strip_prefix('/') {
        Some(rest) => rest.find("/ ").or_else(|| rest.find("/{")).map(|i| i + 2).ok_or_else(shape)?,
        None => 0,
    };
    let open = whole[from..].find('{').map(|i| i + from).ok_or_else(shape)?;
    let body = whole[open + 1..].trim_end().strip_suffix('}').ok_or_else(shape)?;
    let select = Selector::parse(&whole[..open])?;
    let mut effects = Effects::default();
    for item in items(body) {
        let (name, value) = match item.split_once(':') {
            Some((name, value)) => (name.trim(), Some(unquoted(value.trim()))),
            None => (item.as_str(), None),
        };
        put(&mut effects, name, value)?;
    }
    Ok(Rule { select, effects })
}

/// The parts between semicolons or ends of lines that do not stand in quotes.
fn items(body: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in body.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        if matches!(c, ';' | '\n') && !quoted {
            items.push(String::new());
        } else if let Some(last) = items.last_mut() {
            last.push(c);
        }
    }
    items.into_iter().map(|i| i.trim().to_owned()).filter(|i| !i.is_empty()).collect()
}

/// A value without the quotes around it, if any.
fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}

fn put(effects: &mut Effects, name: &str, value: Option<String>) -> Result<(), RuleError> {
    let name = if name == "color" { "colour" } else { name };
    let Some((_, takes, _)) = EFFECTS.iter().find(|e| e.0 == name) else {
        let names = EFFECTS.iter().map(|e| e.0);
        return Err(RuleError {
            hint: closest(name, names.clone()).map(|n| format!("did you mean `{n}`?")),
            message: format!("unknown effect `{name}`: expected {}", names.collect::<Vec<_>>().join(", ")),
        });
    };
    if *takes != value.is_some() {
        let (expected, found) = if *takes { ("a value", "none") } else { ("no value", "one") };
        return Err(RuleError::new(format!("`{name}`: expected {expected}, found {found}")));
    }
    let wrong = |expected: &str, found: &Option<String>| {
        let found = found.as_deref().unwrap_or_default();
        RuleError::new(format!("`{name}`: expected {expected}, found `{found}`"))
    };
    match name {
        "colour" => effects.colour = value,
        "legend" => effects.legend = value,
        "label" => effects.label = value,
        "caption" => effects.caption = value,
        "image" => effects.image = value,
        "hide" | "show" => effects.shown = Some(name == "show"),
        "open" | "close" => effects.open = Some(name == "open"),
        "fold" if value.as_deref() == Some("none") => effects.fold = Some(false),
        "fold" => return Err(wrong("none", &value)),
        _ => {
            let order = value.as_deref().and_then(|v| v.parse().ok());
            effects.order = Some(order.ok_or_else(|| wrong("a whole number", &value))?);
        }
    }
    Ok(())
}

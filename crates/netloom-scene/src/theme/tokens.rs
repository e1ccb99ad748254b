//! The names that tokens have in theme files, and how each value is read.

use crate::{Color, Dash, Weight};

use super::{Swatch, Theme};

/// A token by its kind: where it is in a theme.
pub(super) enum Slot {
    Number(fn(&mut Theme) -> &mut f64),
    Color(fn(&mut Theme) -> &mut Color),
    Weight(fn(&mut Theme) -> &mut Weight),
    Dash(fn(&mut Theme) -> &mut Dash),
    Colors(fn(&mut Theme) -> &mut Vec<Color>),
    Text(fn(&mut Theme) -> &mut String),
}

/// A value before it is known which token it is for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

/// Every token but the swatches.
pub(super) static TOKENS: &[(&str, Slot)] = &[
    ("about", Slot::Text(|t| &mut t.about)),
    ("color.background", Slot::Color(|t| &mut t.background)),
    ("color.ink", Slot::Color(|t| &mut t.ink)),
    ("color.muted", Slot::Color(|t| &mut t.muted)),
    ("color.edge", Slot::Color(|t| &mut t.edge)),
    ("color.rule", Slot::Color(|t| &mut t.rule)),
    ("color.missing", Slot::Color(|t| &mut t.missing)),
    ("label.size", Slot::Number(|t| &mut t.label_size)),
    ("label.weight", Slot::Weight(|t| &mut t.label_weight)),
    ("secondary.size", Slot::Number(|t| &mut t.secondary_size)),
    ("secondary.weight", Slot::Weight(|t| &mut t.secondary_weight)),
    ("note.size", Slot::Number(|t| &mut t.note_size)),
    ("note.weight", Slot::Weight(|t| &mut t.note_weight)),
    ("header.size", Slot::Number(|t| &mut t.header_size)),
    ("header.weight", Slot::Weight(|t| &mut t.header_weight)),
    ("caption.size", Slot::Number(|t| &mut t.caption_size)),
    ("caption.weight", Slot::Weight(|t| &mut t.caption_weight)),
    ("line.height", Slot::Number(|t| &mut t.line_factor)),
    ("stroke.box", Slot::Number(|t| &mut t.box_stroke)),
    ("stroke.band", Slot::Number(|t| &mut t.band_stroke)),
    ("stroke.edge", Slot::Number(|t| &mut t.edge_stroke)),
    ("stroke.skip", Slot::Number(|t| &mut t.skip_stroke)),
    ("stroke.container", Slot::Number(|t| &mut t.container_stroke)),
    ("tip.length", Slot::Number(|t| &mut t.tip_length)),
    ("tip.width", Slot::Number(|t| &mut t.tip_width)),
    ("radius.box", Slot::Number(|t| &mut t.box_radius)),
    ("radius.container", Slot::Number(|t| &mut t.container_radius)),
    ("radius.route", Slot::Number(|t| &mut t.route_radius)),
    ("space.grid", Slot::Number(|t| &mut t.grid)),
    ("space.rank", Slot::Number(|t| &mut t.rank_gap)),
    ("space.node", Slot::Number(|t| &mut t.node_gap)),
    ("space.lane", Slot::Number(|t| &mut t.lane_gap)),
    ("space.padding_x", Slot::Number(|t| &mut t.padding_x)),
    ("space.padding_y", Slot::Number(|t| &mut t.padding_y)),
    ("space.container", Slot::Number(|t| &mut t.container_padding)),
    ("space.margin", Slot::Number(|t| &mut t.margin)),
    ("dash.skip", Slot::Dash(|t| &mut t.skip_dash)),
    ("dash.back", Slot::Dash(|t| &mut t.back_dash)),
    ("tint.container", Slot::Number(|t| &mut t.container_tint)),
    ("tint.border", Slot::Number(|t| &mut t.border_tint)),
    ("tint.module", Slot::Number(|t| &mut t.module_tint)),
    ("overlay.sequential", Slot::Colors(|t| &mut t.sequential)),
    ("overlay.diverging", Slot::Colors(|t| &mut t.diverging)),
];

/// Puts a value where a token is; otherwise says what was expected.
pub(super) fn put(theme: &mut Theme, slot: &Slot, value: &Value) -> Result<(), String> {
    match slot {
        Slot::Number(at) => *at(theme) = length(value)?,
        Slot::Color(at) => *at(theme) = color(value)?,
        Slot::Weight(at) => *at(theme) = weight(value)?,
        Slot::Dash(at) => *at(theme) = dash(value)?,
        Slot::Colors(at) => *at(theme) = colors(value)?,
        Slot::Text(at) => *at(theme) = text(value)?.to_owned(),
    }
    Ok(())
}

/// Puts a value into a swatch, by the last part of its key; `Ok(false)` if a swatch has no such part.
pub(super) fn put_swatch(swatch: &mut Swatch, part: &str, value: &Value) -> Result<bool, String> {
    match part {
        "fill" => swatch.fill = color(value)?,
        "stroke" => swatch.stroke = color(value)?,
        "text" => swatch.text = color(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The largest number a token may be: far more than a page, and little enough that no sum of them overflows.
const MAX_NUMBER: f64 = 10_000.0;

fn length(value: &Value) -> Result<f64, String> {
    match value {
        Value::Number(n) if (0.0..=MAX_NUMBER).contains(n) => Ok(*n),
        other => Err(format!("expected a number from 0 to {MAX_NUMBER}, found {}", other.describe())),
    }
}

fn color(value: &Value) -> Result<Color, String> {
    let found = match value {
        Value::Text(text) => Color::parse(text),
        _ => None,
    };
    found.ok_or_else(|| format!("expected a colour such as \"#77aadd\", found {}", value.describe()))
}

fn weight(value: &Value) -> Result<Weight, String> {
    match value {
        Value::Text(text) if text == "regular" => Ok(Weight::Regular),
        Value::Text(text) if text == "medium" => Ok(Weight::Medium),
        Value::Text(text) if text == "bold" => Ok(Weight::Bold),
        other => Err(format!("expected \"regular\", \"medium\" or \"bold\", found {}", other.describe())),
    }
}

fn dash(value: &Value) -> Result<Dash, String> {
    match value {
        Value::List(items) if items.len() == 2 => {
            let (on, off) = (length(&items[0])?, length(&items[1])?);
            if on > 0.0 && off > 0.0 {
                return Ok(Dash { on, off });
            }
            Err("expected two lengths above 0".to_owned())
        }
        other => Err(format!("expected two lengths such as [4, 2.5], found {}", other.describe())),
    }
}

fn colors(value: &Value) -> Result<Vec<Color>, String> {
    match value {
        Value::List(items) if items.len() >= 2 => items.iter().map(color).collect(),
        other => Err(format!("expected at least two colours, found {}", other.describe())),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(format!("expected text, found {}", other.describe())),
    }
}

impl Value {
    /// What an error says was found.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::List(items) => format!("a list of {}", items.len()),
        }
    }
}

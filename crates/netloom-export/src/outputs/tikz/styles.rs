//! Named styles: one per sort of mark, written once at the top.

use std::collections::{BTreeMap, BTreeSet};

use netloom_scene::{Color, Stroke, TextStyle, Weight};

use super::shape::number;
use crate::walk::dash;

/// Points of TeX per big point.
const PT_PER_BP: f64 = 72.27 / 72.0;

/// The styles met so far.
pub(super) struct Styles {
    /// Big points per px.
    unit: f64,
    /// Colours by name, as six digits.
    colors: BTreeMap<String, String>,
    /// Settings by name.
    styles: BTreeMap<String, String>,
    /// Names of nodes that were given away.
    names: BTreeSet<String>,
}

impl Styles {
    pub(super) fn new(unit: f64) -> Self {
        Self { unit, colors: BTreeMap::new(), styles: BTreeMap::new(), names: BTreeSet::new() }
    }

    /// A length of the figure in big points.
    pub(super) fn bp(&self, px: f64) -> String {
        number(px * self.unit)
    }

    /// The name of the style of an outline.
    pub(super) fn shape(
        &mut self,
        name: &str,
        fill: Option<Color>,
        stroke: Option<&Stroke>,
        radius: f64,
    ) -> String {
        let mut settings: Vec<(&str, String)> = Vec::new();
        let mut colors = Vec::new();
        if let Some(color) = fill {
            colors.push(("fill", color));
            if color.a < 255 {
                settings.push(("fill opacity", opacity(color)));
            }
        }
        if let Some(stroke) = stroke {
            colors.push(("draw", stroke.color));
            if stroke.color.a < 255 {
                settings.push(("draw opacity", opacity(stroke.color)));
            }
            settings.push(("line width", format!("{}bp", self.bp(stroke.width))));
            settings.push(("line join", "round".to_owned()));
            if let Some(dash) = dash(stroke) {
                let pattern = format!("on {}bp off {}bp", self.bp(dash.on), self.bp(dash.off));
                settings.push(("dash pattern", pattern));
            }
        }
        if radius > 0.0 {
            settings.push(("rounded corners", format!("{}bp", self.bp(radius))));
        }
        self.named(name, &colors, &settings)
    }

    /// The name of the style of a line of text.
    pub(super) fn text(
        &mut self,
        name: &str,
        style: &TextStyle,
        scale: f64,
        color: Color,
        centred: bool,
    ) -> String {
        let size = number(style.size_px * scale * self.unit * PT_PER_BP);
        let shape = if style.italic { "it" } else { "n" };
        let weight = if style.weight == Weight::Bold { "b" } else { "m" };
        let anchor = if centred { "base" } else { "base west" };
        let settings =
            [("font", format!("\\nlfont{{{size}}}{{{weight}}}{{{shape}}}")), ("anchor", anchor.to_owned())];
        self.named(name, &[("text", color)], &settings)
    }

    /// The name of a style with these settings: the one asked for, with a number where that means something else.
    fn named(&mut self, name: &str, colors: &[(&str, Color)], settings: &[(&str, String)]) -> String {
        for n in 1.. {
            let name = if n == 1 { name.to_owned() } else { format!("{name} {n}") };
            let mut text: Vec<String> = colors
                .iter()
                .map(|(role, _)| format!("{role}=nl-{}-{role}", name.replace(' ', "-")))
                .collect();
            text.extend(settings.iter().map(|(key, value)| format!("{key}={value}")));
            let hex = |c: Color| format!("{:02X}{:02X}{:02X}", c.r, c.g, c.b);
            let own: Vec<(String, String)> = colors
                .iter()
                .map(|(role, color)| (format!("nl-{}-{role}", name.replace(' ', "-")), hex(*color)))
                .collect();
            let text = text.join(",");
            let known = self.styles.get(&name);
            if known.is_none_or(|k| *k == text && own.iter().all(|(n, c)| self.colors.get(n) == Some(c))) {
                self.styles.insert(name.clone(), text);
                self.colors.extend(own);
                return format!("nl/{name}");
            }
        }
        String::new()
    }

    /// A name for a node that no other has, or `None` where nothing of the key can be part of one.
    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        let clean: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let clean = clean.trim_matches('-');
        if clean.is_empty() {
            return None;
        }
        let name = (1..)
            .map(|n| if n == 1 { clean.to_owned() } else { format!("{clean}-{n}") })
            .find(|n| !self.names.contains(n))?;
        self.names.insert(name.clone());
        Some(name)
    }

    /// Writes colours and styles.
    pub(super) fn push(&self, out: &mut String) {
        for (name, hex) in &self.colors {
            *out += &format!("\\definecolor{{{name}}}{{HTML}}{{{hex}}}\n");
        }
        out.push_str("\\tikzset{\n");
        out.push_str("  nl/anchor/.style={inner sep=0pt,outer sep=0pt},\n");
        for (name, settings) in &self.styles {
            let reset = if settings.contains("font=") { "inner sep=0pt,outer sep=0pt," } else { "" };
            *out += &format!("  nl/{name}/.style={{{reset}{settings}}},\n");
        }
        out.push_str("}\n");
    }
}

fn opacity(color: Color) -> String {
    number(f64::from(color.a) / 255.0)
}

/// The name of a sort of mark: the class of its group and which piece of the drawing it is, without numbers.
pub(super) fn piece(class: &str, key: &str) -> String {
    let piece = key.split_once('#').map_or("shape", |(_, piece)| piece);
    let letters = |text: &str| {
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).collect();
        words.join(" ")
    };
    let (class, piece) = (letters(class), letters(piece));
    match (class.is_empty(), piece.is_empty()) {
        (true, true) => "shape".to_owned(),
        (true, false) => piece,
        (false, true) => class,
        (false, false) => format!("{class} {piece}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(class: &str, key: &str, expected: &str) {
        assert_eq!(piece(class, key), expected);
    }

    #[test]
    fn pieces_have_plain_names() {
        check("conv", "layer1.0#box", "conv box");
        check("conv", "layer1.0#band12-size", "conv band size");
        check("", "caption#field3", "field");
        check("edge", "a>b~3#line", "edge line");
        check("", "figure", "shape");
        check("node", "x#42", "node");
    }

    #[test]
    fn styles_of_one_name_that_differ_are_told_apart() {
        let mut styles = Styles::new(0.75);
        let red = Color::parse("#ff0000");
        let blue = Color::parse("#0000ff");
        assert_eq!(styles.shape("conv box", red, None, 3.0), "nl/conv box");
        assert_eq!(styles.shape("conv box", blue, None, 3.0), "nl/conv box 2");
        assert_eq!(styles.shape("conv box", red, None, 0.0), "nl/conv box 3");
        assert_eq!(styles.shape("conv box", red, None, 3.0), "nl/conv box");
        assert_eq!(styles.name("layer1.0/conv_1"), Some("layer1-0-conv-1".to_owned()));
        assert_eq!(styles.name("layer1.0/conv.1"), Some("layer1-0-conv-1-2".to_owned()));
        assert_eq!(styles.name("⊕"), None);
        let mut out = String::new();
        styles.push(&mut out);
        assert!(out.contains("\\definecolor{nl-conv-box-2-fill}{HTML}{0000FF}"), "{out}");
        assert!(out.contains("nl/conv box/.style={fill=nl-conv-box-fill,rounded corners=2.25bp}"), "{out}");
    }
}

//! Themes: every colour, width, radius, type size and spacing of a figure, in one place.

mod parse;
mod tokens;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::{Color, Dash, Family, TextStyle, Weight};

pub use parse::{ThemeError, closest};

/// How figures look. The fields are the tokens of the theme file; [`Theme::keys`] lists their names there.
#[derive(Clone, PartialEq, Debug)]
pub struct Theme {
    /// Its name, as the command line has it.
    pub name: String,
    /// What it is for, without a full stop.
    pub about: String,
    /// Colour of the page.
    pub background: Color,
    /// Colour of text and of what stands for itself.
    pub ink: Color,
    /// Colour of what is said beside.
    pub muted: Color,
    /// Colour of arrows.
    pub edge: Color,
    /// Colour of rules that part a figure from its caption.
    pub rule: Color,
    /// Colour of a value that is not there.
    pub missing: Color,
    /// Size of labels, px.
    pub label_size: f64,
    /// Weight of labels.
    pub label_weight: Weight,
    /// Size of what is said under or beside a label, px.
    pub secondary_size: f64,
    /// Weight of that.
    pub secondary_weight: Weight,
    /// Size of notes beside the figure, px.
    pub note_size: f64,
    /// Weight of notes.
    pub note_weight: Weight,
    /// Size of container headers, px.
    pub header_size: f64,
    /// Weight of the first part of a container header; the rest is regular.
    pub header_weight: Weight,
    /// Size of the caption, px.
    pub caption_size: f64,
    /// Weight of the caption.
    pub caption_weight: Weight,
    /// Distance of two baselines, in ems.
    pub line_factor: f64,
    /// Width of box outlines, px.
    pub box_stroke: f64,
    /// Width of the lines between bands of a box, px.
    pub band_stroke: f64,
    /// Width of arrows, px.
    pub edge_stroke: f64,
    /// Width of arrows that go round, px.
    pub skip_stroke: f64,
    /// Width of container outlines, px.
    pub container_stroke: f64,
    /// Length of an arrow's tip, px.
    pub tip_length: f64,
    /// Width of an arrow's tip, px.
    pub tip_width: f64,
    /// Radius of box corners, px.
    pub box_radius: f64,
    /// Radius of container corners, px.
    pub container_radius: f64,
    /// Radius of arrow bends, px.
    pub route_radius: f64,
    /// Rhythm that sizes are rounded up to, px.
    pub grid: f64,
    /// Space between ranks, px.
    pub rank_gap: f64,
    /// Space between boxes of a rank, px.
    pub node_gap: f64,
    /// Space between arrows side by side, px.
    pub lane_gap: f64,
    /// Space left and right of the text in a box, px.
    pub padding_x: f64,
    /// Space above and below the text in a box, px.
    pub padding_y: f64,
    /// Space between a container's border and what it holds, px.
    pub container_padding: f64,
    /// Space around the whole figure, px.
    pub margin: f64,
    /// Dashes of arrows that go round and change what they carry.
    pub skip_dash: Dash,
    /// Dashes of arrows that go back.
    pub back_dash: Dash,
    /// How much of a swatch's fill the inside of its container takes on, 0 to 1.
    pub container_tint: f64,
    /// How much of a swatch's stroke the border of its container takes on, 0 to 1.
    pub border_tint: f64,
    /// How much of a swatch's fill the box of a folded container takes on, 0 to 1.
    pub module_tint: f64,
    /// Colours of values from lowest to highest, in equal steps.
    pub sequential: Vec<Color>,
    /// Colours of signed values, the middle one standing for zero.
    pub diverging: Vec<Color>,
    /// Colours of boxes by the name of what they stand for.
    pub swatches: BTreeMap<String, Swatch>,
}

/// The colours of one sort of box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Swatch {
    /// Inside.
    pub fill: Color,
    /// Outline: the same hue.
    pub stroke: Color,
    /// Text on the fill.
    pub text: Color,
}

/// The swatch of what has none of its own.
pub const OTHER: &str = "other";

static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/themes.rs"));

/// Every theme that ships, by name.
pub fn all() -> &'static [Theme] {
    static ALL: OnceLock<Vec<Theme>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |(name, text): &(&str, &str)| Theme::parse(text, name).expect("a test reads every theme");
        FILES.iter().map(read).collect()
    })
}

/// The theme of that name.
pub fn find(name: &str) -> Option<&'static Theme> {
    all().iter().find(|t| t.name == name)
}

/// The text of a theme that ships, as an example to start from.
pub fn source(name: &str) -> Option<&'static str> {
    FILES.iter().find(|f| f.0 == name).map(|f| f.1)
}

impl Theme {
    /// The default theme.
    pub fn light() -> Self {
        find("light").cloned().expect("a test finds the default theme")
    }

    /// The colours of a sort of box; those of [`OTHER`] for a name the theme does not know.
    pub fn swatch(&self, name: &str) -> Swatch {
        let plain = Swatch { fill: self.background, stroke: self.muted, text: self.ink };
        self.swatches.get(name).or_else(|| self.swatches.get(OTHER)).copied().unwrap_or(plain)
    }

    /// Labels in boxes.
    pub fn label_style(&self) -> TextStyle {
        style(self.label_size, self.label_weight)
    }

    /// What is said under or beside a label.
    pub fn secondary_style(&self) -> TextStyle {
        style(self.secondary_size, self.secondary_weight)
    }

    /// Notes beside the figure, such as sizes.
    pub fn size_style(&self) -> TextStyle {
        style(self.note_size, self.note_weight)
    }

    /// Container headers: the strong first part, or what follows it.
    pub fn header_style(&self, strong: bool) -> TextStyle {
        style(self.header_size, if strong { self.header_weight } else { Weight::Regular })
    }

    /// The name under the figure.
    pub fn caption_style(&self) -> TextStyle {
        style(self.caption_size, self.caption_weight)
    }

    /// Height a line of text takes up, px.
    pub fn line_height(&self, size_px: f64) -> f64 {
        size_px * self.line_factor
    }

    /// Inside of a container.
    pub fn container_fill(&self, swatch: &Swatch) -> Color {
        self.background.mix(swatch.fill, self.container_tint)
    }

    /// Border of a container.
    pub fn container_stroke_color(&self, swatch: &Swatch) -> Color {
        self.background.mix(swatch.stroke, self.border_tint)
    }

    /// Inside of the box that stands for a folded container.
    pub fn module_fill(&self, swatch: &Swatch) -> Color {
        self.background.mix(swatch.fill, self.module_tint)
    }

    /// A pill that says something short, such as how often: its fill and its text, which is the page's colour or the
    /// ink, whichever is easier to read.
    pub fn pill(&self, swatch: &Swatch) -> (Color, Color) {
        let fill = swatch.stroke;
        let text = if fill.contrast(self.background) >= fill.contrast(self.ink) {
            self.background
        } else {
            self.ink
        };
        (fill, text)
    }

    /// The colour of a value from 0 (lowest) to 1 (highest); that of a missing value for what is no number.
    pub fn sequential_at(&self, value: f64) -> Color {
        self.scale(&self.sequential, value)
    }

    /// The colour of a value from -1 to 1; that of a missing value for what is no number.
    pub fn diverging_at(&self, value: f64) -> Color {
        self.scale(&self.diverging, (value + 1.0) / 2.0)
    }

    fn scale(&self, stops: &[Color], value: f64) -> Color {
        if !value.is_finite() || stops.is_empty() {
            return self.missing;
        }
        #[expect(clippy::cast_precision_loss, reason = "scales have a handful of stops")]
        let place = value.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the number of stops"
        )]
        let low = place.floor() as usize;
        let high = (low + 1).min(stops.len() - 1);
        stops[low].mix(stops[high], place - place.floor())
    }
}

fn style(size_px: f64, weight: Weight) -> TextStyle {
    TextStyle { family: Family::Sans, weight, italic: false, size_px }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_is_read_and_found_by_name() {
        for (name, text) in FILES {
            let theme = Theme::parse(text, name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(theme.name, *name);
            assert!(!theme.about.is_empty() && !theme.about.ends_with('.'), "{name}");
            assert_eq!(find(name), Some(&theme));
        }
        for name in ["light", "dark", "print"] {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn text_can_be_read_on_everything_it_stands_on() {
        for theme in all() {
            let good = |a: Color, b: Color, what: &str| {
                assert!(a.contrast(b) >= 4.5, "{}: {what}: {:.2}", theme.name, a.contrast(b));
            };
            good(theme.ink, theme.background, "ink");
            good(theme.muted, theme.background, "muted");
            for (name, swatch) in &theme.swatches {
                good(swatch.text, swatch.fill, name);
                good(swatch.text, theme.module_fill(swatch), &format!("folded {name}"));
                good(theme.ink, theme.container_fill(swatch), &format!("header in {name}"));
                good(theme.muted, theme.container_fill(swatch), &format!("note in {name}"));
                let (fill, text) = theme.pill(swatch);
                good(text, fill, &format!("pill of {name}"));
            }
        }
    }

    #[test]
    fn sorts_are_told_apart_in_grey() {
        let theme = find("print").expect("the theme ships");
        let names = ["conv", "attention", "norm", "pool", "embedding", "upsample", "activation", "loss"];
        for (i, a) in names.iter().enumerate() {
            for b in &names[i + 1..] {
                let apart = (theme.swatch(a).fill.lightness() - theme.swatch(b).fill.lightness()).abs();
                assert!(apart > 0.03, "{a} and {b}: {apart:.3}");
            }
        }
    }

    #[test]
    fn scales_run_from_end_to_end() {
        let theme = Theme::light();
        assert_eq!(theme.sequential_at(0.0), theme.sequential[0]);
        assert_eq!(theme.sequential_at(7.0), theme.sequential[theme.sequential.len() - 1]);
        assert_eq!(theme.diverging_at(0.0), theme.diverging[theme.diverging.len() / 2]);
        assert_eq!(theme.diverging_at(f64::NAN), theme.missing);
    }
}

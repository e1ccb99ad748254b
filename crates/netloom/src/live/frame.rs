//! A drawn state as units: groups that a page moves, fades and describes one by one, each with its markup.
//!
//! Coordinates inside a unit count from its own corner, so that a unit which only moved has the same markup as before.

use std::collections::BTreeMap;

use netloom_export::markup::{push_data, push_number_attribute, push_text};
use netloom_scene::kurbo::{Affine, Point, Rect, Shape as _};
use netloom_scene::{Color, Family, Group, Item, Path, Role, Scene, Text};
use serde::Serialize;

use super::about::{Facts, Wire};

/// Colours by place: as they are in the light and in the dark theme.
#[derive(Default)]
pub(super) struct Palette {
    places: BTreeMap<[(u8, u8, u8, u8); 2], usize>,
    pairs: Vec<[String; 2]>,
}

/// A state as a page is told it.
#[derive(Serialize)]
pub(super) struct Frame<'a> {
    width: f64,
    height: f64,
    title: &'a str,
    description: &'a str,
    palette: &'a [[String; 2]],
    units: Vec<Unit>,
}

/// A group that is moved and described as one.
#[derive(Serialize)]
pub(super) struct Unit {
    /// Identity in every frame of this model.
    key: String,
    /// `node`, `container`, `edge`, `note` or empty.
    role: &'static str,
    /// Its corner and size, px.
    place: [f64; 4],
    /// Its markup, with coordinates counted from its corner.
    #[serde(skip_serializing_if = "String::is_empty")]
    svg: String,
    /// Keys that an arrow joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<[String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wire: Option<Wire>,
    #[serde(skip)]
    items: Vec<Placed>,
}

/// An item with where it is, and the colours it has in the other theme.
struct Placed {
    item: Item,
    other: Vec<Color>,
    transform: Affine,
}

impl<'a> Frame<'a> {
    pub(super) fn new(scene: &'a Scene, units: Vec<Unit>, palette: &'a Palette) -> Self {
        Self {
            width: scene.size.width,
            height: scene.size.height,
            title: &scene.title,
            description: &scene.desc,
            palette: &palette.pairs,
            units,
        }
    }
}

impl Unit {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn ends(&self) -> Option<&[String; 2]> {
        self.ends.as_ref()
    }

    pub(super) fn tell(&mut self, facts: Option<Facts>, wire: Option<Wire>) {
        self.facts = facts;
        self.wire = wire;
    }
}

/// Takes a scene, drawn in two themes, apart.
pub(super) fn units(scenes: [&Scene; 2], palette: &mut Palette) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let (first, second) = (&scenes[0].root, &scenes[1].root);
    // What is left to do, last first: a group in both themes, its parent's place and the unit it belongs to.
    let mut work: Vec<Work<'_>> =
        vec![Work { group: first, other: Some(second), outer: Affine::IDENTITY, unit: None }];
    while let Some(Work { group, other, outer, unit }) = work.pop() {
        let transform = outer * group.transform;
        let other = other.filter(|o| o.children.len() == group.children.len());
        // What stands inside a box or an arrow is part of it.
        let is_part = unit.is_some_and(|u| units[u].role != "container");
        let starts = match group.role {
            Role::None => None,
            _ if is_part => None,
            Role::Node => Some("node"),
            Role::Container => Some("container"),
            Role::Edge { .. } => Some("edge"),
            Role::Note => Some("note"),
        };
        let loose = group.children.iter().any(|i| !matches!(i, Item::Group(_)));
        let begins = starts.or_else(|| (unit.is_none() && loose).then_some(""));
        let unit = begins.map_or(unit, |role| {
            units.push(Unit::new(group, role));
            Some(units.len() - 1)
        });
        let mut inner = Vec::new();
        for (i, item) in group.children.iter().enumerate() {
            let twin = other.and_then(|o| o.children.get(i));
            match (item, unit) {
                (Item::Group(child), _) => {
                    let other = match twin {
                        Some(Item::Group(twin)) => Some(twin),
                        _ => None,
                    };
                    // Groups without a meaning of their own do not hand their loose items to one another.
                    let unit = unit.filter(|u| !units[*u].role.is_empty());
                    inner.push(Work { group: child, other, outer: transform, unit });
                }
                (item, Some(unit)) => {
                    units[unit].items.push(Placed { item: item.clone(), other: colors(twin), transform });
                }
                _ => {}
            }
        }
        work.extend(inner.into_iter().rev());
    }
    units.retain(|u| !u.items.is_empty() || u.role == "container");
    for unit in &mut units {
        unit.write(palette);
    }
    units
}

struct Work<'a> {
    group: &'a Group,
    other: Option<&'a Group>,
    outer: Affine,
    unit: Option<usize>,
}

impl Unit {
    fn new(group: &Group, role: &'static str) -> Self {
        let ends = match &group.role {
            Role::Edge { from, to } => Some([from.as_str().to_owned(), to.as_str().to_owned()]),
            _ => None,
        };
        Self {
            key: group.key.as_str().to_owned(),
            role,
            place: [0.0; 4],
            svg: String::new(),
            ends,
            facts: None,
            wire: None,
            items: Vec::new(),
        }
    }

    /// Finds the place and writes the markup.
    fn write(&mut self, palette: &mut Palette) {
        let mut bounds: Option<Rect> = None;
        for placed in &self.items {
            let own = match &placed.item {
                Item::Path(path) => path.shape.bounding_box(),
                Item::Text(text) => {
                    let Point { x, y } = text.origin;
                    Rect::new(x, y - text.run.ascent, x + text.run.width, y + text.run.descent)
                }
                Item::Image(image) => image.rect,
                Item::Group(_) => continue,
            };
            let own = placed.transform.transform_rect_bbox(own);
            bounds = Some(bounds.map_or(own, |b| b.union(own)));
        }
        let bounds = bounds.filter(Rect::is_finite).unwrap_or_default();
        self.place = [bounds.x0, bounds.y0, bounds.width(), bounds.height()].map(cents);
        let home = Affine::translate((-self.place[0], -self.place[1]));
        for placed in std::mem::take(&mut self.items) {
            let transform = home * placed.transform;
            match &placed.item {
                Item::Path(path) => push_path(&mut self.svg, path, transform, &placed.other, palette),
                Item::Text(text) => push_words(&mut self.svg, text, transform, &placed.other, palette),
                #[cfg(feature = "html")]
                Item::Image(image) => {
                    let rect = transform.transform_rect_bbox(image.rect);
                    netloom_export::markup::push_image(&mut self.svg, image, rect);
                }
                // What opens and closes in a page shows no bitmaps.
                #[cfg(not(feature = "html"))]
                Item::Image(_) => {}
                Item::Group(_) => {}
            }
        }
    }
}

fn cents(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn push_path(out: &mut String, path: &Path, transform: Affine, other: &[Color], palette: &mut Palette) {
    let mut class = String::new();
    let mut others = other.iter().copied();
    if let Some(fill) = path.fill {
        class += &format!("f{}", palette.place(fill, others.next()));
    }
    if let Some(stroke) = &path.stroke {
        class += if class.is_empty() { "" } else { " " };
        class += &format!("s{}", palette.place(stroke.color, others.next()));
    }
    if class.is_empty() {
        return;
    }
    *out += &format!("<path class=\"{class}\" d=\"");
    push_data(out, &(transform * path.shape.clone()));
    out.push('"');
    if let Some(stroke) = &path.stroke {
        if (stroke.width - 1.0).abs() > 1e-3 {
            push_number_attribute(out, "stroke-width", stroke.width);
        }
        if let Some(dash) = stroke.dash {
            *out += &format!(" stroke-dasharray=\"{} {}\"", cents(dash.on), cents(dash.off));
        }
    }
    out.push_str("/>");
}

fn push_words(out: &mut String, text: &Text, transform: Affine, other: &[Color], palette: &mut Palette) {
    let style = text.run.style;
    let place = palette.place(text.fill, other.first().copied());
    let face = style.font().face();
    let weight = face.map_or(400, |f| f.weight);
    let mut class = format!("f{place} w{weight}");
    if face.is_some_and(|f| f.italic) {
        class += " i";
    }
    if style.family == Family::Mono {
        class += " m";
    }
    // Words are placed by their middle: labels stay centred whatever letters a browser shows.
    let middle = Point::new(text.origin.x + text.run.width / 2.0, text.origin.y);
    let [a, b, c, d, ..] = transform.as_coeffs();
    *out += &format!("<text class=\"{class}\"");
    let middle = if [a, b, c, d] == [1.0, 0.0, 0.0, 1.0] {
        transform * middle
    } else {
        let [a, b, c, d, x, y] = transform.as_coeffs().map(|v| (v * 1e4).round() / 1e4);
        *out += &format!(" transform=\"matrix({a} {b} {c} {d} {x} {y})\"");
        middle
    };
    push_number_attribute(out, "x", middle.x);
    push_number_attribute(out, "y", middle.y);
    push_number_attribute(out, "font-size", style.size_px);
    out.push('>');
    push_text(out, &text.run.text);
    out.push_str("</text>");
}

/// The colours of an item in the order in which they are written.
fn colors(item: Option<&Item>) -> Vec<Color> {
    match item {
        Some(Item::Path(path)) => {
            path.fill.into_iter().chain(path.stroke.as_ref().map(|s| s.color)).collect()
        }
        Some(Item::Text(text)) => vec![text.fill],
        _ => Vec::new(),
    }
}

/// A page's first figure: the units as they stand, their markup taken out of them.
#[cfg(feature = "html")]
pub(super) fn svg(scene: &Scene, units: &mut [Unit]) -> String {
    let (width, height) = (scene.size.width, scene.size.height);
    let mut out = format!(
        "<svg id=\"figure\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"group\" aria-roledescription=\"diagram\""
    );
    netloom_export::markup::push_attribute(&mut out, "aria-label", &scene.title);
    out.push_str("><desc>");
    push_text(&mut out, &scene.desc);
    out.push_str("</desc>\n");
    for unit in units {
        let [x, y, ..] = unit.place;
        out += &format!("<g class=\"u {}\" transform=\"translate({x} {y})\">", unit.role);
        out += &std::mem::take(&mut unit.svg);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>");
    out
}

impl Palette {
    #[cfg(feature = "html")]
    pub(super) fn pairs(&self) -> &[[String; 2]] {
        &self.pairs
    }

    pub(super) fn place(&mut self, light: Color, dark: Option<Color>) -> usize {
        let dark = dark.unwrap_or(light);
        let bytes = |c: Color| (c.r, c.g, c.b, c.a);
        let next = self.pairs.len();
        let place = *self.places.entry([bytes(light), bytes(dark)]).or_insert(next);
        if place == next {
            self.pairs.push([hex(light), hex(dark)]);
        }
        place
    }
}

/// A colour as CSS has it.
pub(crate) fn hex(color: Color) -> String {
    let Color { r, g, b, a } = color;
    if a == 255 { format!("#{r:02x}{g:02x}{b:02x}") } else { format!("#{r:02x}{g:02x}{b:02x}{a:02x}") }
}

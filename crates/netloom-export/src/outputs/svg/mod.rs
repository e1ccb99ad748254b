//! SVG: text as text, groups that say what they stand for, one file without a need for others.

use netloom_scene::{Family, Frame, Group, Image, Path, Role, Text};

use self::ids::Ids;
use self::outline::push_data;
use self::xml::{push_attribute, push_factor, push_number, push_number_attribute, push_paint, push_text};
use crate::options::Page;
use crate::walk::{Event, dash, stroke, walk};
use crate::{Error, Length, Options, Output, TextMode};

pub(crate) mod base64;
mod fonts;
mod ids;
pub(crate) mod outline;
pub(crate) mod xml;

/// SVG 1.1 with the accessibility roles of SVG 2.
///
/// Groups carry an `id` made from their key, the key itself as `data-key`, and a class per role: `nl-node`,
/// `nl-container`, `nl-edge` (with `data-from` and `data-to`), `nl-note`; behind it their own class: `nl-node nl-conv`.
#[derive(Debug)]
pub struct Svg;

impl Output for Svg {
    fn name(&self) -> &'static str {
        "svg"
    }

    fn about(&self) -> &'static str {
        "vector graphics for the web and for editing; text stays text, letters embedded"
    }

    fn extension(&self) -> &'static str {
        "svg"
    }

    fn write(&self, frame: &Frame, options: &Options) -> Result<Vec<u8>, Error> {
        let page = options.page(frame)?;
        let prefix = ids::prefix(&options.id_prefix);
        let mut writer = Writer {
            out: String::new(),
            ids: Ids::new(&prefix),
            prefix: &prefix,
            text: options.text,
            in_node: Vec::new(),
        };
        writer.open(frame, page, options.width)?;
        writer.draw(frame);
        writer.out.push_str("</svg>\n");
        Ok(writer.out.into_bytes())
    }
}

/// What programs without the embedded letters show instead, the most alike first.
const SANS: &str = "Inter,'Helvetica Neue',Helvetica,Arial,sans-serif";
const MONO: &str = "'JetBrains Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace";

struct Writer<'a> {
    out: String,
    ids: Ids<'a>,
    prefix: &'a str,
    text: TextMode,
    /// For each open group, whether it is a node or in one, where text is placed by its middle: so labels stay centred in
    /// programs that show another font.
    in_node: Vec<bool>,
}

impl Writer<'_> {
    /// Everything before the first item.
    fn open(&mut self, frame: &Frame, page: Page, width: Option<Length>) -> Result<(), Error> {
        let (title, desc) = (self.ids.own("title"), self.ids.own("desc"));
        self.out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\"");
        let unit = width.map(Length::unit);
        for (name, px) in [("width", page.size.width), ("height", page.size.height)] {
            let mut text = String::new();
            match unit {
                Some(unit) => {
                    xml::push_units(&mut text, px / unit.px());
                    text.push_str(unit.suffix());
                }
                None => push_number(&mut text, px),
            }
            push_attribute(&mut self.out, name, &text);
        }
        let mut view_box = "0 0 ".to_owned();
        push_number(&mut view_box, frame.size.width);
        view_box.push(' ');
        push_number(&mut view_box, frame.size.height);
        push_attribute(&mut self.out, "viewBox", &view_box);
        self.out.push_str(" fill=\"none\" stroke-linejoin=\"round\"");
        if self.text == TextMode::Text {
            push_attribute(&mut self.out, "font-family", &format!("{}sans,{SANS}", self.prefix));
        }
        self.out
            .push_str(" lang=\"en\" role=\"graphics-document document\" aria-roledescription=\"diagram\"");
        if !frame.title.is_empty() {
            push_attribute(&mut self.out, "aria-labelledby", &title);
        }
        if !frame.desc.is_empty() {
            push_attribute(&mut self.out, "aria-describedby", &desc);
        }
        self.out.push('>');
        for (tag, id, text) in [("title", &title, &frame.title), ("desc", &desc, &frame.desc)] {
            if !text.is_empty() {
                self.out.push_str(&format!("\n<{tag} id=\"{id}\">"));
                push_text(&mut self.out, text);
                self.out.push_str(&format!("</{tag}>"));
            }
        }
        self.out.push('\n');
        if self.text == TextMode::Text {
            fonts::push_style(&mut self.out, frame, self.prefix)?;
        }
        if let Some(color) = frame.background {
            self.out.push_str("<rect");
            push_number_attribute(&mut self.out, "width", frame.size.width);
            push_number_attribute(&mut self.out, "height", frame.size.height);
            push_paint(&mut self.out, "fill", color);
            self.out.push_str("/>\n");
        }
        Ok(())
    }

    fn draw(&mut self, frame: &Frame) {
        let mut events = walk(frame).peekable();
        while let Some(event) = events.next() {
            match event {
                Event::Enter(group) => {
                    let only = match (group.children.as_slice(), events.peek()) {
                        ([_], Some(&Event::Path(path))) => Some(path),
                        _ => None,
                    };
                    if let Some(path) = only {
                        // The path and the end of the group, written together.
                        let _ = (events.next(), events.next());
                        self.group_of_one(group, path);
                    } else {
                        self.out.push_str("<g");
                        self.push_identity(group);
                        let outer = self.is_in_node();
                        if group.role == Role::Node && !outer && self.text == TextMode::Text {
                            self.out.push_str(" text-anchor=\"middle\"");
                        }
                        self.in_node.push(outer || group.role == Role::Node);
                        self.out.push('>');
                        self.push_names(group);
                        self.out.push('\n');
                    }
                }
                Event::Leave => {
                    self.in_node.pop();
                    self.out.push_str("</g>\n");
                }
                Event::Path(path) => {
                    self.out.push_str("<path");
                    self.push_path(path);
                    self.out.push_str("/>\n");
                }
                Event::Text(text) if self.text == TextMode::Outlines => self.outlines(text),
                Event::Text(text) => self.text(text),
                Event::Image(image) => self.image(image),
            }
        }
    }

    /// A group with a single path: one element for both.
    fn group_of_one(&mut self, group: &Group, path: &Path) {
        self.out.push_str("<path");
        self.push_identity(group);
        self.push_path(path);
        if group.title.is_empty() && group.desc.is_empty() {
            self.out.push_str("/>\n");
        } else {
            self.out.push('>');
            self.push_names(group);
            self.out.push_str("</path>\n");
        }
    }

    /// Who a group is: id, key, class, role, and where it stands.
    fn push_identity(&mut self, group: &Group) {
        let id = self.ids.next(&group.key);
        push_attribute(&mut self.out, "id", &id);
        let (class, role, word) = match &group.role {
            Role::None => ("", "", ""),
            Role::Node => ("nl-node", "graphics-symbol img", "node"),
            Role::Container => ("nl-container", "graphics-object group", "container"),
            Role::Edge { .. } => ("nl-edge", "graphics-symbol img", "edge"),
            Role::Note => ("nl-note", "", ""),
        };
        if !class.is_empty() {
            let kind = if group.class.is_empty() { String::new() } else { format!(" nl-{}", group.class) };
            push_attribute(&mut self.out, "class", &format!("{class}{kind}"));
            push_attribute(&mut self.out, "data-key", group.key.as_str());
        }
        if let Role::Edge { from, to } = &group.role {
            push_attribute(&mut self.out, "data-from", from.as_str());
            push_attribute(&mut self.out, "data-to", to.as_str());
        }
        // A role without a name tells a listener that something is there and not what.
        if !role.is_empty() && !group.title.is_empty() {
            push_attribute(&mut self.out, "role", role);
            push_attribute(&mut self.out, "aria-roledescription", word);
        }
        let [a, b, c, d, x, y] = group.transform.as_coeffs();
        let mut transform = String::new();
        if [a, b, c, d] != [1.0, 0.0, 0.0, 1.0] {
            for (i, factor) in [a, b, c, d].into_iter().enumerate() {
                transform.push_str(if i == 0 { "matrix(" } else { " " });
                push_factor(&mut transform, factor);
            }
            transform.push(' ');
        } else if [x, y] != [0.0, 0.0] {
            transform.push_str("translate(");
        }
        if !transform.is_empty() {
            push_number(&mut transform, x);
            transform.push(' ');
            push_number(&mut transform, y);
            transform.push(')');
            push_attribute(&mut self.out, "transform", &transform);
        }
        if group.opacity < 1.0 {
            push_number_attribute(&mut self.out, "opacity", group.opacity);
        }
    }

    /// What a screen reader says and a tooltip shows.
    fn push_names(&mut self, group: &Group) {
        for (tag, text) in [("title", &group.title), ("desc", &group.desc)] {
            if !text.is_empty() {
                self.out.push_str(&format!("<{tag}>"));
                push_text(&mut self.out, text);
                self.out.push_str(&format!("</{tag}>"));
            }
        }
    }

    fn push_path(&mut self, path: &Path) {
        self.out.push_str(" d=\"");
        push_data(&mut self.out, &path.shape);
        self.out.push('"');
        if let Some(color) = path.fill {
            push_paint(&mut self.out, "fill", color);
        }
        if let Some(stroke) = stroke(path) {
            push_paint(&mut self.out, "stroke", stroke.color);
            if xml::hundredths(stroke.width) != 100 {
                push_number_attribute(&mut self.out, "stroke-width", stroke.width);
            }
            if let Some(dash) = dash(stroke) {
                let mut pattern = String::new();
                push_number(&mut pattern, dash.on);
                pattern.push(' ');
                push_number(&mut pattern, dash.off);
                push_attribute(&mut self.out, "stroke-dasharray", &pattern);
            }
        }
    }

    fn text(&mut self, text: &Text) {
        let style = text.run.style;
        self.out.push_str("<text");
        let width = Some(text.run.width).filter(|w| *w > 0.0 && w.is_finite());
        let anchor = if self.is_in_node() { width.unwrap_or_default() / 2.0 } else { 0.0 };
        push_number_attribute(&mut self.out, "x", text.origin.x + anchor);
        push_number_attribute(&mut self.out, "y", text.origin.y);
        if style.family == Family::Mono {
            push_attribute(&mut self.out, "font-family", &format!("{}mono,{MONO}", self.prefix));
        }
        push_number_attribute(&mut self.out, "font-size", style.size_px);
        if let Some(face) = style.font().face() {
            if face.weight != 400 {
                push_attribute(&mut self.out, "font-weight", &face.weight.to_string());
            }
            if face.italic {
                push_attribute(&mut self.out, "font-style", "italic");
            }
        }
        push_paint(&mut self.out, "fill", text.fill);
        if let Some(width) = width {
            // Whatever font is shown, the line is as long as it was measured.
            push_number_attribute(&mut self.out, "textLength", width);
            self.out.push_str(" lengthAdjust=\"spacingAndGlyphs\"");
        }
        let words = &text.run.text;
        if words.starts_with(' ') || words.ends_with(' ') || words.contains("  ") {
            self.out.push_str(" xml:space=\"preserve\"");
        }
        self.out.push('>');
        push_text(&mut self.out, words);
        self.out.push_str("</text>\n");
    }

    fn is_in_node(&self) -> bool {
        self.in_node.last() == Some(&true)
    }

    fn outlines(&mut self, text: &Text) {
        let shape = kurbo::Affine::translate(text.origin.to_vec2()) * text.run.outline();
        self.out.push_str("<path role=\"img\"");
        push_attribute(&mut self.out, "aria-label", &text.run.text);
        push_paint(&mut self.out, "fill", text.fill);
        self.out.push_str(" d=\"");
        push_data(&mut self.out, &shape);
        self.out.push_str("\"/>\n");
    }

    fn image(&mut self, image: &Image) {
        push_image(&mut self.out, image, image.rect);
    }
}

/// Appends a bitmap, drawn into a rectangle.
pub fn push_image(out: &mut String, image: &Image, rect: kurbo::Rect) {
    out.push_str("<image");
    push_number_attribute(out, "x", rect.x0);
    push_number_attribute(out, "y", rect.y0);
    push_number_attribute(out, "width", rect.width());
    push_number_attribute(out, "height", rect.height());
    out.push_str(" preserveAspectRatio=\"none\" image-rendering=\"pixelated\" href=\"data:image/png;base64,");
    base64::push(out, &crate::bitmap::encode(image));
    out.push_str("\"/>\n");
}

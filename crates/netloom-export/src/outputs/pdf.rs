//! PDF: vectors stay vectors, text stays text, one page of the figure's own size.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{ContentTag, Node, Tag, TagGroup, TagTree};
use krilla::text::{Font as PdfFont, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use kurbo::{Affine, BezPath, PathEl, Rect, Shape as _};
use netloom_scene::{Color, Font, Frame, Group, Image, Path, Text};

use crate::walk::{Event, dash, stroke, walk};
use crate::{Error, ErrorKind, Options, Output, TextMode};

/// PDF 1.7, tagged as one figure with its description.
#[derive(Debug)]
pub struct Pdf;

/// Longest side of a page that readers must support: 200 in, 14 400 pt (ISO 32000-1, Annex C).
const MAX_SIDE_PX: f64 = 19_200.0;

/// Points per px.
const PT_PER_PX: f64 = 0.75;

impl Output for Pdf {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn about(&self) -> &'static str {
        "vector graphics for print and LaTeX; text stays text, letters embedded"
    }

    fn extension(&self) -> &'static str {
        "pdf"
    }

    /// A figure with a side above 200 in, more than readers must support, is shrunk to that unless a width is asked for.
    fn write(&self, frame: &Frame, options: &Options) -> Result<Vec<u8>, Error> {
        let page = options.page(frame)?;
        let longest = page.size.width.max(page.size.height);
        let shrink = (MAX_SIDE_PX / longest).min(1.0);
        if shrink < 1.0 && options.width.is_some() {
            let message = format!(
                "expected a page of at most 200 in a side, found {:.0} × {:.0} in",
                page.size.width / 96.0,
                page.size.height / 96.0
            );
            return Err(Error::new(ErrorKind::Limit, message)
                .with_hint("ask for a smaller width, show less of the network with --depth, or write SVG"));
        }
        let scale = page.scale * shrink * PT_PER_PX;
        let size = Size::from_wh(float(frame.size.width * scale), float(frame.size.height * scale))
            .ok_or_else(|| Error::new(ErrorKind::Canvas, "expected a canvas with a size, found none"))?;

        let mut document = Document::new_with(SerializeSettings::default());
        document.set_metadata(
            Metadata::new()
                .title(plain(&frame.title))
                .description(plain(&frame.desc))
                .language("en".to_owned())
                .creator("Netloom".to_owned()),
        );
        let mut sheet = document.start_page_with(PageSettings::new(size));
        let mut pen =
            Pen { surface: sheet.surface(), fonts: Vec::new(), text: options.text, open: Vec::new() };
        let whole = pen.surface.start_tagged(ContentTag::Other);
        pen.surface.push_transform(&transform(Affine::scale(scale)));
        if let Some(color) = frame.background {
            pen.fill(&Rect::from_origin_size((0.0, 0.0), frame.size).to_path(0.1), color);
        }
        pen.draw(frame);
        pen.surface.pop();
        pen.surface.end_tagged();
        drop(pen);
        sheet.finish();

        let words: Vec<_> =
            [&frame.title, &frame.desc].into_iter().filter(|t| !t.is_empty()).map(|t| plain(t)).collect();
        let mut figure = TagGroup::new(Tag::Figure(Some(words.join(". "))));
        figure.push(Node::from(whole));
        let mut tree = TagTree::new();
        tree.push(figure);
        document.set_tag_tree(tree);
        document
            .finish()
            .map_err(|e| Error::new(ErrorKind::Encoding, format!("the PDF writer refused: {e:?}")))
    }
}

struct Pen<'a> {
    surface: Surface<'a>,
    /// The fonts met so far, by their place in the table.
    fonts: Vec<(Font, Option<PdfFont>)>,
    text: TextMode,
    /// For each open group, whether it fades its children.
    open: Vec<bool>,
}

impl Pen<'_> {
    fn draw(&mut self, frame: &Frame) {
        for event in walk(frame) {
            match event {
                Event::Enter(group) => self.enter(group),
                Event::Leave => self.leave(),
                Event::Path(path) => self.path(path),
                Event::Text(text) => self.text(text),
                Event::Image(image) => self.image(image),
            }
        }
    }

    fn enter(&mut self, group: &Group) {
        self.surface.push_transform(&transform(group.transform));
        let fades = group.opacity < 1.0;
        if fades {
            self.surface.push_opacity(normalized(group.opacity));
        }
        self.open.push(fades);
    }

    fn leave(&mut self) {
        if self.open.pop() == Some(true) {
            self.surface.pop();
        }
        self.surface.pop();
    }

    fn path(&mut self, path: &Path) {
        let Some(outline) = outline(&path.shape) else { return };
        self.surface.set_fill(path.fill.map(fill));
        self.surface.set_stroke(stroke(path).map(|s| Stroke {
            paint: paint(s.color),
            width: float(s.width),
            miter_limit: 4.0,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            opacity: alpha(s.color),
            dash: dash(s).map(|d| StrokeDash { array: vec![float(d.on), float(d.off)], offset: 0.0 }),
        }));
        self.surface.draw_path(&outline);
    }

    fn fill(&mut self, shape: &BezPath, color: Color) {
        if let Some(outline) = outline(shape) {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(fill(color)));
            self.surface.draw_path(&outline);
        }
    }

    fn text(&mut self, text: &Text) {
        let run = &text.run;
        let size = run.style.size_px;
        let placed = self.text == TextMode::Text
            && run.glyphs.is_sorted_by_key(|g| g.start)
            && run.glyphs.iter().all(|g| g.start < run.text.len() && run.text.is_char_boundary(g.start));
        let fonts: Option<Vec<PdfFont>> = run.glyphs.iter().map(|g| self.font(g.font)).collect();
        let Some(fonts) = fonts.filter(|_| placed) else {
            let shape = Affine::translate(text.origin.to_vec2()) * run.outline();
            self.fill(&shape, text.fill);
            return;
        };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(fill(text.fill)));
        let mut start = 0;
        while start < run.glyphs.len() {
            let same = |g: &netloom_scene::text::Glyph| g.font == run.glyphs[start].font;
            let end =
                run.glyphs[start..].iter().position(|g| !same(g)).map_or(run.glyphs.len(), |n| start + n);
            let glyphs: Vec<KrillaGlyph> = (start..end)
                .map(|i| {
                    let glyph = run.glyphs[i];
                    let next_x = run.glyphs.get(i + 1).map_or(run.width, |g| g.x);
                    let after = run.glyphs[i..].iter().map(|g| g.start).find(|&s| s > glyph.start);
                    KrillaGlyph::new(
                        GlyphId::new(u32::from(glyph.id)),
                        float((next_x - glyph.x) / size),
                        0.0,
                        float(-glyph.y / size),
                        0.0,
                        glyph.start..after.unwrap_or(run.text.len()),
                        None,
                    )
                })
                .collect();
            let origin = Point::from_xy(float(text.origin.x + run.glyphs[start].x), float(text.origin.y));
            self.surface.draw_glyphs(origin, &glyphs, fonts[start].clone(), &run.text, float(size), false);
            start = end;
        }
    }

    fn image(&mut self, image: &Image) {
        let rect = image.rect;
        let Some(size) = Size::from_wh(float(rect.width()), float(rect.height())) else { return };
        self.surface.push_transform(&transform(Affine::translate((rect.x0, rect.y0))));
        let pixels = krilla::image::Image::from_rgba8(image.pixels.clone(), image.width, image.height);
        self.surface.draw_image(pixels, size);
        self.surface.pop();
    }

    /// The font as the PDF writer has it; `None` if it cannot be read.
    fn font(&mut self, font: Font) -> Option<PdfFont> {
        if let Some((_, known)) = self.fonts.iter().find(|(f, _)| *f == font) {
            return known.clone();
        }
        let read = font.face().and_then(|face| PdfFont::new(face.bytes.into(), 0));
        self.fonts.push((font, read.clone()));
        read
    }
}

/// The words without control characters: the metadata is XML, which cannot hold them.
fn plain(text: &str) -> String {
    let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if odd(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn outline(shape: &BezPath) -> Option<krilla::geom::Path> {
    let mut path = PathBuilder::new();
    for element in shape.elements() {
        match *element {
            PathEl::MoveTo(p) => path.move_to(float(p.x), float(p.y)),
            PathEl::LineTo(p) => path.line_to(float(p.x), float(p.y)),
            PathEl::QuadTo(a, p) => path.quad_to(float(a.x), float(a.y), float(p.x), float(p.y)),
            PathEl::CurveTo(a, b, p) => {
                path.cubic_to(float(a.x), float(a.y), float(b.x), float(b.y), float(p.x), float(p.y));
            }
            PathEl::ClosePath => path.close(),
        }
    }
    path.finish()
}

fn transform(affine: Affine) -> Transform {
    let [a, b, c, d, x, y] = affine.as_coeffs().map(float);
    Transform::from_row(a, b, c, d, x, y)
}

fn fill(color: Color) -> Fill {
    Fill { paint: paint(color), opacity: alpha(color), rule: krilla::paint::FillRule::NonZero }
}

fn paint(color: Color) -> krilla::paint::Paint {
    rgb::Color::new(color.r, color.g, color.b).into()
}

fn alpha(color: Color) -> NormalizedF32 {
    normalized(f64::from(color.a) / 255.0)
}

fn normalized(value: f64) -> NormalizedF32 {
    NormalizedF32::new(float(value)).unwrap_or(NormalizedF32::ONE)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "PDF has single precision, and the walk keeps numbers small"
)]
fn float(value: f64) -> f32 {
    value as f32
}

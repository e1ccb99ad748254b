//! Rectangles within rectangles, their areas in proportion to what each part amounts to.

use netloom_layout::squarify;
use netloom_scene::figures::{label_at, label_from, rounded_rect};
use netloom_scene::kurbo::{Point, Rect, Size};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Role, Swatch, Theme};

use super::bars::tip;
use super::keys::Keys;
use super::rows::{Part, Tree};
use crate::number;

/// Space between a frame and what is in it, px.
const PAD: f64 = 3.0;
/// Space between neighbours, px.
const GAP: f64 = 1.5;
/// The least frame that is opened, px.
const OPENED: Size = Size::new(46.0, 40.0);
/// The least part that is drawn, px.
const LEAST: f64 = 3.0;
/// Colours of levels, from the outermost.
const LEVELS: usize = 6;

/// Draws the tree within a size, from the origin. `by_depth` colours by how deep parts are nested.
pub(super) fn draw(
    tree: &Tree,
    of: fn(&Part) -> u64,
    theme: &Theme,
    keys: &Keys<'_>,
    size: Size,
    by_depth: bool,
) -> Group {
    let mut pen = Pen { tree, of, theme, keys, by_depth, next: 0 };
    let mut group = Group::new("figure#treemap");
    let whole = Rect::from_origin_size(Point::ZERO, size);
    // Frames are drawn before what they hold, so a stack is enough.
    let mut work = vec![(0, whole)];
    while let Some((part, rect)) = work.pop() {
        pen.part(part, rect, &mut group, &mut work);
    }
    group
}

struct Pen<'a> {
    tree: &'a Tree,
    of: fn(&Part) -> u64,
    theme: &'a Theme,
    keys: &'a Keys<'a>,
    by_depth: bool,
    next: usize,
}

impl Pen<'_> {
    fn part(&mut self, index: usize, rect: Rect, into: &mut Group, work: &mut Vec<(usize, Rect)>) {
        let part = &self.tree.parts[index];
        let row = self.next;
        self.next += 1;
        let theme = self.theme;
        let head = theme.line_height(theme.secondary_size) + 2.0;
        let opened = !part.parts.is_empty() && rect.width() >= OPENED.width && rect.height() >= OPENED.height;
        let role = if opened { Role::Container } else { Role::Node };
        let mut group = Group::new(self.keys.of(part, row, "part")).with_role(role).with_title(tip(part));
        let swatch = self.swatch(part);
        let fill = if opened { theme.container_fill(&swatch) } else { swatch.fill };
        let outline = rounded_rect(self.keys.of(part, row, "box"), rect, if opened { 3.0 } else { 1.5 });
        group.push(
            outline.filled(fill).stroked(if opened { theme.rule } else { swatch.stroke }, theme.band_stroke),
        );
        if opened {
            self.header(part, row, rect, head, &mut group);
            let inner = Rect::new(rect.x0 + PAD, rect.y0 + head + 1.0, rect.x1 - PAD, rect.y1 - PAD);
            #[expect(clippy::cast_precision_loss, reason = "areas are a few million px² at most")]
            let weights: Vec<f64> =
                part.parts.iter().map(|p| (self.of)(&self.tree.parts[*p]) as f64).collect();
            let area = netloom_layout::Rect::new(inner.x0, inner.y0, inner.width(), inner.height());
            let places = squarify(&weights, area);
            for (child, place) in part.parts.iter().zip(places).rev() {
                let rect = Rect::new(place.x, place.y, place.right() - GAP, place.bottom() - GAP);
                if rect.width() >= LEAST && rect.height() >= LEAST {
                    work.push((*child, rect));
                }
            }
        } else {
            self.label(part, row, rect, &swatch, &mut group);
        }
        into.push(group);
    }

    fn swatch(&self, part: &Part) -> Swatch {
        let own = self.keys.swatch(part);
        own.unwrap_or_else(|| match self.by_depth {
            true => self.theme.swatch(&format!("stage{}", part.depth.min(LEVELS - 1) + 1)),
            false => self.theme.swatch(part.category.name()),
        })
    }

    fn header(&self, part: &Part, row: usize, rect: Rect, height: f64, into: &mut Group) {
        let (bold, plain) = (self.theme.secondary_style(), self.theme.secondary_style());
        let bold = bold.with_weight(netloom_scene::text::Weight::Bold);
        let room = rect.width() - 10.0;
        let count = if part.own > 1 { format!(" ×{}", part.own) } else { String::new() };
        let name = format!("{}{count}", part.name);
        let name = shape(&ellipsize(&name, &bold, room), &bold);
        let number = shape(&number::si((self.of)(part)), &plain);
        let y = rect.y0 + height / 2.0 + 0.5;
        let beside = name.width + number.width + 10.0 <= room;
        if name.text.chars().count() > 1 || part.name.chars().count() == 1 {
            into.push(label_from(
                self.keys.of(part, row, "name"),
                name,
                Point::new(rect.x0 + 5.0, y),
                self.theme.ink,
            ));
        }
        if beside {
            let x = rect.x1 - 5.0 - number.width;
            into.push(label_from(
                self.keys.of(part, row, "number"),
                number,
                Point::new(x, y),
                self.theme.muted,
            ));
        }
    }

    fn label(&self, part: &Part, row: usize, rect: Rect, swatch: &Swatch, into: &mut Group) {
        let style = self.theme.secondary_style();
        let line = self.theme.line_height(self.theme.secondary_size);
        let count = if part.own > 1 { format!(" ×{}", part.own) } else { String::new() };
        let name = shape(&format!("{}{count}", part.name), &style);
        let number = shape(&number::si((self.of)(part)), &style);
        let room = rect.width() - 6.0;
        if name.width > room || rect.height() < line || part.name.is_empty() {
            return;
        }
        let two = number.width <= room && rect.height() >= 2.0 * line + 2.0;
        let center = rect.center();
        let up = if two { line / 2.0 } else { 0.0 };
        into.push(label_at(
            self.keys.of(part, row, "name"),
            name,
            Point::new(center.x, center.y - up),
            swatch.text,
        ));
        if two {
            let at = Point::new(center.x, center.y + up);
            into.push(label_at(self.keys.of(part, row, "number"), number, at, swatch.text));
        }
    }
}

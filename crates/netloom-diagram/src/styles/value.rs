//! A number at a box, as a bar or as a tag, and a picture on it, for every style.

use netloom_scene::figures::{label_at, oblong};
use netloom_scene::kurbo::{Point, Rect, Size};
use netloom_scene::text::shape;
use netloom_scene::{Color, Group, Image, Key, Role, TextRun, Theme};

use super::layered::badge;
use crate::view::{Picture, ViewNode};

/// A whole bar, px: of one length everywhere, so that bars of different boxes compare.
pub(super) const BAR: Size = Size::new(44.0, 5.0);
/// Space between a bar and its number, px.
const GAP: f64 = 6.0;
/// Space above and below a number in its line together, px.
const LINE: f64 = 5.0;
/// How much of the ink the empty part of a bar takes on.
const TRACK: f64 = 0.14;
/// The largest a picture is drawn on a box, px.
const PICTURE: Size = Size::new(88.0, 56.0);

/// The number of one box, shaped.
pub(super) struct Value {
    run: TextRun,
    share: Option<f64>,
    color: Color,
}

impl Value {
    /// The number that a box was given, if any.
    pub(super) fn of(node: &ViewNode, theme: &Theme) -> Option<Self> {
        let badge = node.look.badge.as_ref()?;
        Some(Self {
            run: shape(&badge.text, &theme.secondary_style()),
            share: badge.share,
            color: badge.color,
        })
    }

    /// The width it needs, px.
    pub(super) fn width(&self) -> f64 {
        match self.share {
            Some(_) => BAR.width + GAP + self.run.width,
            None => badge(&self.run).width,
        }
    }

    /// The width that the wider of its two ends takes up, px, where text stands between them.
    pub(super) fn side(&self) -> f64 {
        match self.share {
            Some(_) => BAR.width.max(self.run.width) + GAP,
            None => badge(&self.run).width + GAP,
        }
    }

    /// The height of the line it stands in, px.
    pub(super) fn height(&self, theme: &Theme) -> f64 {
        theme.line_height(self.run.style.size_px) + LINE
    }

    /// Draws it in a line: a bar at the left end with its number at the right, or a tag in the middle.
    pub(super) fn line(&self, key: &Key, line: Rect, ink: Color, theme: &Theme, into: &mut Group) {
        match self.share {
            Some(_) => self.ends(key, line, ink, theme, into),
            None => {
                let end = Point::new(line.center().x + badge(&self.run).width / 2.0, line.center().y);
                tag(&key.piece("value"), self.run.clone(), end, theme, into);
            }
        }
    }

    /// Draws it at the ends of a line with text between them: a bar at the left with its number at the right, or a tag
    /// at the right.
    pub(super) fn ends(&self, key: &Key, line: Rect, ink: Color, theme: &Theme, into: &mut Group) {
        let y = line.center().y;
        match self.share {
            Some(share) => {
                let corner = Point::new(line.x0, y - BAR.height / 2.0);
                bar(&key.piece("value"), corner, share, self.color, theme, into);
                let middle = Point::new(line.x1 - self.run.width / 2.0, y);
                into.push(label_at(key.piece("value"), self.run.clone(), middle, ink));
            }
            None => tag(&key.piece("value"), self.run.clone(), Point::new(line.x1, y), theme, into),
        }
    }
}

/// A bar whose left top is at a point, filled up to a share of it.
pub(super) fn bar(key: &Key, corner: Point, share: f64, color: Color, theme: &Theme, into: &mut Group) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let whole = Rect::from_origin_size(corner, BAR);
    let track = color.mix(theme.background, 1.0 - TRACK);
    into.push(oblong(Key::new(format!("{key}-track")), whole).filled(track));
    // Little more than nothing is seen as a dot, never as nothing.
    let filled = Rect { x1: whole.x0 + (share * BAR.width).max(BAR.height), ..whole };
    if share > 0.0 {
        into.push(oblong(Key::new(format!("{key}-bar")), filled).filled(color));
    }
}

/// A number on a pill of the page's colour whose right end is at a point.
pub(super) fn tag(key: &Key, run: TextRun, end: Point, theme: &Theme, into: &mut Group) {
    let size = badge(&run);
    let rect = Rect::new(end.x - size.width, end.y - size.height / 2.0, end.x, end.y + size.height / 2.0);
    let mut group = Group::new(Key::new(format!("{key}-tag"))).with_role(Role::Note);
    let pill = oblong(Key::new(format!("{key}-pill")), rect).filled(theme.background);
    group.push(pill.stroked(theme.muted, theme.band_stroke));
    group.push(label_at(Key::new(format!("{key}-text")), run, rect.center(), theme.ink));
    into.push(group);
}

/// The size that a picture is drawn at, px: as large as may be at its own proportions.
pub(super) fn picture_size(picture: &Picture) -> Size {
    let (w, h) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
    let scale = (PICTURE.width / w).min(PICTURE.height / h);
    Size::new((w * scale).max(1.0), (h * scale).max(1.0))
}

/// A picture with its middle at a point.
pub(super) fn picture(key: &Key, picture: &Picture, center: Point) -> Image {
    Image {
        key: key.piece("picture"),
        rect: Rect::from_center_size(center, picture_size(picture)),
        width: picture.width,
        height: picture.height,
        pixels: picture.pixels.as_ref().clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn pictures_keep_their_proportions() {
        for (width, height, expected) in
            [(32, 32, (56.0, 56.0)), (176, 56, (88.0, 28.0)), (1, 5600, (1.0, 56.0)), (0, 0, (56.0, 56.0))]
        {
            let size = picture_size(&Picture { width, height, pixels: Arc::default() });
            assert_eq!((size.width, size.height), expected, "{width}x{height}");
        }
    }

    #[test]
    fn bars_are_filled_by_their_share() {
        let theme = Theme::light();
        for (share, width) in [(1.0, BAR.width), (0.5, BAR.width / 2.0), (1e-9, BAR.height), (7.0, BAR.width)]
        {
            let mut group = Group::new("g");
            bar(&Key::new("a"), Point::ZERO, share, theme.ink, &theme, &mut group);
            let netloom_scene::Item::Path(path) = &group.children[1] else { panic!("a bar is a path") };
            let box_ = netloom_scene::kurbo::Shape::bounding_box(&path.shape);
            assert!((box_.width() - width).abs() < 1e-9, "{share}");
        }
    }
}

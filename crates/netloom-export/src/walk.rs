//! The items of a frame in paint order, without recursion and without what cannot be drawn.

use kurbo::{BezPath, PathEl, Point};
use netloom_scene::{Dash, Frame, Group, Image, Item, Path, Stroke, Text};

/// Largest distance of a point from the origin, and largest side of a canvas, px.
pub(crate) const MAX_COORDINATE: f64 = 1e7;

/// Shortest period of dashes, px; finer ones are drawn as a solid line, which is what they look like.
const MIN_DASH_PERIOD: f64 = 0.1;

/// A step of the walk. Every `Enter` has its `Leave`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// What follows is in this group.
    Enter(&'a Group),
    /// A group ends.
    Leave,
    /// An outline.
    Path(&'a Path),
    /// A line of text.
    Text(&'a Text),
    /// A bitmap.
    Image(&'a Image),
}

/// The items in paint order. Items that are invisible or not finite are left out, so that no output has to deal with them.
pub(crate) fn walk(frame: &Frame) -> Walk<'_> {
    Walk { root: Some(&frame.root), open: Vec::new() }
}

/// See [`walk`].
pub(crate) struct Walk<'a> {
    root: Option<&'a Group>,
    open: Vec<std::slice::Iter<'a, Item>>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(root) = self.root.take()
            && shows_group(root)
        {
            self.open.push(root.children.iter());
            return Some(Event::Enter(root));
        }
        while let Some(children) = self.open.last_mut() {
            match children.next() {
                None => {
                    self.open.pop();
                    return Some(Event::Leave);
                }
                Some(Item::Group(group)) if shows_group(group) => {
                    self.open.push(group.children.iter());
                    return Some(Event::Enter(group));
                }
                Some(Item::Path(path)) if shows_path(path) => return Some(Event::Path(path)),
                Some(Item::Text(text)) if shows_text(text) => return Some(Event::Text(text)),
                Some(Item::Image(image)) if shows_image(image) => return Some(Event::Image(image)),
                Some(Item::Group(_) | Item::Path(_) | Item::Text(_) | Item::Image(_)) => {}
            }
        }
        None
    }
}

/// Whether a group can be seen.
fn shows_group(group: &Group) -> bool {
    group.opacity > 0.0 && group.transform.as_coeffs().iter().all(|c| c.abs() <= MAX_COORDINATE)
}

/// Whether an outline can be seen.
pub(crate) fn shows_path(path: &Path) -> bool {
    let inked = path.fill.is_some() || stroke(path).is_some();
    inked && starts_well(&path.shape) && path.shape.elements().iter().flat_map(points).all(is_near)
}

/// Whether there is text to show.
pub(crate) fn shows_text(text: &Text) -> bool {
    let run = &text.run;
    is_near(text.origin)
        && run.style.size_px > 0.0
        && run.style.size_px <= MAX_COORDINATE
        && run.glyphs.iter().all(|g| is_near(Point::new(g.x, g.y)))
        && !run.text.trim().is_empty()
}

/// Whether a bitmap has all its pixels and a place.
fn shows_image(image: &Image) -> bool {
    let pixels = u64::from(image.width) * u64::from(image.height);
    is_near(Point::new(image.rect.x0, image.rect.y0))
        && is_near(Point::new(image.rect.x1, image.rect.y1))
        && image.rect.width() > 0.0
        && image.rect.height() > 0.0
        && pixels > 0
        && pixels.checked_mul(4) == u64::try_from(image.pixels.len()).ok()
}

/// The stroke of a path if it leaves ink.
pub(crate) fn stroke(path: &Path) -> Option<&Stroke> {
    path.stroke.as_ref().filter(|s| s.width > 0.0 && s.width <= MAX_COORDINATE)
}

/// The dashes of a stroke if they can be told from a solid line.
pub(crate) fn dash(stroke: &Stroke) -> Option<Dash> {
    stroke.dash.filter(|d| {
        d.on >= 0.0 && d.off > 0.0 && d.on + d.off >= MIN_DASH_PERIOD && d.on + d.off <= MAX_COORDINATE
    })
}

fn starts_well(shape: &BezPath) -> bool {
    shape.elements().len() > 1 && matches!(shape.elements().first(), Some(PathEl::MoveTo(_)))
}

fn points(element: &PathEl) -> impl Iterator<Item = Point> + use<> {
    let points = match *element {
        PathEl::MoveTo(a) | PathEl::LineTo(a) => [Some(a), None, None],
        PathEl::QuadTo(a, b) => [Some(a), Some(b), None],
        PathEl::CurveTo(a, b, c) => [Some(a), Some(b), Some(c)],
        PathEl::ClosePath => [None; 3],
    };
    points.into_iter().flatten()
}

fn is_near(point: Point) -> bool {
    point.x.abs() <= MAX_COORDINATE && point.y.abs() <= MAX_COORDINATE
}

//! One walk over a frame that collects what the rules look at.

use std::collections::BTreeMap;

use kurbo::{Affine, BezPath, PathEl, Point, Rect, Shape as _};

use crate::{Color, Frame, Group, Item, Key, Role, Text};

/// Everything the rules look at, moved to where it is on the canvas.
#[derive(Default)]
pub(super) struct Scan {
    pub boxes: Vec<Boxed>,
    pub texts: Vec<Line>,
    pub edges: Vec<Arrow>,
    pub fills: Vec<Fill>,
    /// How often each key occurs.
    pub keys: BTreeMap<Key, usize>,
    /// The box around everything, strokes included.
    pub bounds: Rect,
}

/// A node or container.
pub(super) struct Boxed {
    pub key: Key,
    pub container: bool,
    /// The box whose group holds this one's.
    pub parent: Option<usize>,
    pub rect: Rect,
    pub shape: BezPath,
}

/// A line of text.
pub(super) struct Line {
    pub key: Key,
    pub rect: Rect,
    pub size_px: f64,
    pub fill: Color,
    /// The box whose group holds it.
    pub owner: Option<usize>,
    /// The arrow whose group holds it.
    pub edge: Option<usize>,
    /// How many fills were painted before it.
    pub above: usize,
}

/// An arrow's line.
pub(super) struct Arrow {
    pub key: Key,
    pub from: Key,
    pub to: Key,
    pub points: Vec<Point>,
    pub bends: usize,
}

/// A painted area.
pub(super) struct Fill {
    pub shape: BezPath,
    pub rect: Rect,
    pub color: Color,
}

/// What a group hands on to its children.
#[derive(Clone, Copy)]
struct Inherited {
    transform: Affine,
    opacity: f64,
    owner: Option<usize>,
    edge: Option<usize>,
}

/// What is fainter than this is not seen, so nothing can be wrong with it.
const FAINT: f64 = 0.01;

impl Scan {
    pub(super) fn new(frame: &Frame) -> Self {
        let mut scan = Self { bounds: frame.bounds(), ..Self::default() };
        let start = Inherited { transform: Affine::IDENTITY, opacity: 1.0, owner: None, edge: None };
        let inherited = scan.enter(&frame.root, start);
        let mut stack = vec![(frame.root.children.iter(), inherited)];
        while let Some((items, inherited)) = stack.last_mut() {
            let inherited = *inherited;
            let Some(item) = items.next() else {
                stack.pop();
                continue;
            };
            match item {
                Item::Group(group) => {
                    let inner = scan.enter(group, inherited);
                    stack.push((group.children.iter(), inner));
                }
                Item::Path(path) => {
                    *scan.keys.entry(path.key.clone()).or_default() += 1;
                    scan.path(path, inherited);
                }
                Item::Text(text) => {
                    *scan.keys.entry(text.key.clone()).or_default() += 1;
                    scan.text(text, inherited);
                }
                Item::Image(image) => *scan.keys.entry(image.key.clone()).or_default() += 1,
            }
        }
        scan
    }

    fn enter(&mut self, group: &Group, outer: Inherited) -> Inherited {
        *self.keys.entry(group.key.clone()).or_default() += 1;
        let mut inner = Inherited {
            transform: outer.transform * group.transform,
            opacity: outer.opacity * group.opacity,
            ..outer
        };
        if inner.opacity < FAINT {
            return inner;
        }
        match &group.role {
            Role::Node | Role::Container => {
                inner.owner = Some(self.boxes.len());
                inner.edge = None;
                self.boxes.push(Boxed {
                    key: group.key.clone(),
                    container: group.role == Role::Container,
                    parent: outer.owner,
                    rect: Rect::ZERO,
                    shape: BezPath::new(),
                });
            }
            Role::Edge { from, to } => {
                inner.edge = Some(self.edges.len());
                self.edges.push(Arrow {
                    key: group.key.clone(),
                    from: from.clone(),
                    to: to.clone(),
                    points: Vec::new(),
                    bends: 0,
                });
            }
            Role::None | Role::Note => {}
        }
        inner
    }

    fn path(&mut self, path: &crate::Path, inherited: Inherited) {
        /// How far flattened curves may be off, px.
        const FLAT: f64 = 0.25;
        if inherited.opacity < FAINT || path.shape.is_empty() {
            return;
        }
        let shape = inherited.transform * path.shape.clone();
        if !shape.is_finite() {
            return;
        }
        let rect = shape.bounding_box();
        if let Some(edge) = inherited.edge.and_then(|e| self.edges.get_mut(e)) {
            if edge.points.is_empty() {
                edge.bends = bends(&shape);
                kurbo::flatten(shape.iter(), FLAT, |element| edge.points.extend(element.end_point()));
            }
        } else if let Some(owner) = inherited.owner.and_then(|o| self.boxes.get_mut(o))
            && owner.shape.is_empty()
        {
            owner.rect = rect;
            owner.shape = shape.clone();
        }
        if let Some(color) = path.fill {
            let color = color.with_alpha(f64::from(color.a) / 255.0 * inherited.opacity);
            self.fills.push(Fill { shape, rect, color });
        }
    }

    fn text(&mut self, text: &Text, inherited: Inherited) {
        if inherited.opacity < FAINT || text.run.glyphs.is_empty() {
            return;
        }
        let alpha = f64::from(text.fill.a) / 255.0 * inherited.opacity;
        self.texts.push(Line {
            key: text.key.clone(),
            rect: inherited.transform.transform_rect_bbox(ink(text)),
            size_px: text.run.style.size_px * inherited.transform.determinant().abs().sqrt(),
            fill: text.fill.with_alpha(alpha),
            owner: inherited.owner,
            edge: inherited.edge,
            above: self.fills.len(),
        });
    }

    /// Whether a box is another or inside it, by the tree of groups.
    pub(super) fn is_within(&self, inner: usize, outer: usize) -> bool {
        let mut at = Some(inner);
        while let Some(i) = at {
            if i == outer {
                return true;
            }
            at = self.boxes[i].parent;
        }
        false
    }
}

/// Where a line of text has ink: from a little above its capitals to below its descenders.
fn ink(text: &Text) -> Rect {
    let above = text.run.cap_height() * 1.04;
    let below = text.run.style.size_px * 0.2;
    Rect::new(0.0, -above, text.run.width, below) + text.origin.to_vec2()
}

/// How often a line changes direction: each curve once, and each corner.
fn bends(shape: &BezPath) -> usize {
    /// Directions whose cross product is smaller are the same.
    const STRAIGHT: f64 = 0.02;
    let mut count = 0;
    let mut at = Point::ZERO;
    // The direction of the last straight piece; a curve hides the corner at its ends.
    let mut direction = None;
    for element in shape.elements() {
        match *element {
            PathEl::MoveTo(to) => (at, direction) = (to, None),
            PathEl::LineTo(to) => {
                let along = to - at;
                if along.hypot() > 1e-9 {
                    let along = along.normalize();
                    count +=
                        usize::from(direction.is_some_and(|d: kurbo::Vec2| d.cross(along).abs() > STRAIGHT));
                    (at, direction) = (to, Some(along));
                }
            }
            PathEl::QuadTo(_, to) | PathEl::CurveTo(_, _, to) => {
                count += 1;
                (at, direction) = (to, None);
            }
            PathEl::ClosePath => {}
        }
    }
    count
}

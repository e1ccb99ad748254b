//! The four primitives. Arrow tips, cuboids, matrices, axes and formulas are lowered to them before export.

use kurbo::{Affine, BezPath, Point, Rect};

use crate::{Color, Key, TextRun};

/// Anything drawn. Closed on purpose: exporters match on it.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    /// Several items moved together.
    Group(Group),
    /// An outline, filled or stroked.
    Path(Path),
    /// A line of text.
    Text(Text),
    /// A bitmap.
    Image(Image),
}

/// Several items that move, fade and are described together.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Identity.
    pub key: Key,
    /// What it means on the page; read by accessibility and by the lint.
    pub role: Role,
    /// What sort of thing it stands for, one word such as `conv`, by which a style sheet finds it; empty for none.
    pub class: &'static str,
    /// The name a screen reader says and a tooltip shows; empty for none.
    pub title: String,
    /// A longer description; empty for none.
    pub desc: String,
    /// Moves the children.
    pub transform: Affine,
    /// From 0 (invisible) to 1.
    pub opacity: f64,
    /// What is drawn, in paint order.
    pub children: Vec<Item>,
}

/// What a group means on the page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Role {
    /// Nothing in particular.
    #[default]
    None,
    /// A box of a node-link picture. Its first path is its outline; it may not overlap another node.
    Node,
    /// A frame around nodes. Its first path is its outline; nodes inside must be inside.
    Container,
    /// A line from one node or container to another, by their keys.
    Edge {
        /// Where it starts.
        from: Key,
        /// Where it ends.
        to: Key,
    },
    /// Words beside the picture: notes, sizes, captions, legends.
    Note,
}

/// An outline.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// Identity.
    pub key: Key,
    /// The outline, px.
    pub shape: BezPath,
    /// Inside, if filled.
    pub fill: Option<Color>,
    /// Outline, if stroked.
    pub stroke: Option<Stroke>,
}

/// How an outline is stroked. Joins are round, caps are butt.
#[derive(Clone, PartialEq, Debug)]
pub struct Stroke {
    /// Colour.
    pub color: Color,
    /// Width, px.
    pub width: f64,
    /// Dashes, if any.
    pub dash: Option<Dash>,
}

/// A pattern of dashes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dash {
    /// Length drawn, px.
    pub on: f64,
    /// Length left out, px.
    pub off: f64,
}

/// A line of text, shaped once so that every output shows the same.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// Identity.
    pub key: Key,
    /// The shaped text.
    pub run: TextRun,
    /// Where its baseline starts, px.
    pub origin: Point,
    /// Colour.
    pub fill: Color,
}

/// A bitmap: rows from the top, four bytes a pixel (red, green, blue, alpha, straight).
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    /// Identity.
    pub key: Key,
    /// Where it is drawn, px.
    pub rect: Rect,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `4 · width · height` bytes.
    pub pixels: Vec<u8>,
}

impl Group {
    /// An empty group.
    pub fn new(key: impl Into<Key>) -> Self {
        Self {
            key: key.into(),
            role: Role::None,
            class: "",
            title: String::new(),
            desc: String::new(),
            transform: Affine::IDENTITY,
            opacity: 1.0,
            children: Vec::new(),
        }
    }

    /// The same group with a role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// The same group with a class.
    #[must_use]
    pub fn with_class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// The same group with a title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds an item on top.
    pub fn push(&mut self, item: impl Into<Item>) {
        self.children.push(item.into());
    }
}

impl Path {
    /// A path that is neither filled nor stroked yet.
    pub fn new(key: impl Into<Key>, shape: impl Into<BezPath>) -> Self {
        Self { key: key.into(), shape: shape.into(), fill: None, stroke: None }
    }

    /// The same path, filled.
    #[must_use]
    pub fn filled(mut self, color: Color) -> Self {
        self.fill = Some(color);
        self
    }

    /// The same path, stroked with a solid line of `width` px.
    #[must_use]
    pub fn stroked(mut self, color: Color, width: f64) -> Self {
        self.stroke = Some(Stroke { color, width, dash: None });
        self
    }
}

impl From<Group> for Item {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}

impl From<Path> for Item {
    fn from(path: Path) -> Self {
        Self::Path(path)
    }
}

impl From<Text> for Item {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Image> for Item {
    fn from(image: Image) -> Self {
        Self::Image(image)
    }
}

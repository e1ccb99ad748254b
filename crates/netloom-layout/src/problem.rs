//! One container's inside as a flat problem: boxes, gates in its border, links between them.

use crate::{EdgeKind, Insets, Point, Side, Size, Spacing};

/// What stands in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// A node or a container that has been laid out.
    Box,
    /// A gate in the top border, where a net comes in.
    Entry,
    /// A gate in the bottom border, where a net goes out.
    Exit,
    /// A gate in the left or right border, where a by-pass comes in level with what it leads to.
    Door {
        /// Whether it is in the right border.
        right: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub role: Role,
    pub size: Size,
    pub note: Size,
    pub merge: bool,
    /// Whether it may stand beside the box it leads to.
    pub beside: bool,
    /// Width kept free left and right of it, beyond the note.
    pub left: f64,
    pub right: f64,
    /// For a gate: the side where what it leads to lies, left negative.
    pub hint: i8,
}

impl Role {
    pub fn is_door(self) -> bool {
        matches!(self, Self::Door { .. })
    }
}

impl Item {
    /// An item without size.
    pub fn of(role: Role) -> Self {
        let (size, note) = (Size::default(), Size::default());
        let hint = match role {
            Role::Door { right } => 2 * i8::from(right) - 1,
            _ => 0,
        };
        Self { role, size, note, merge: false, beside: false, left: 0.0, right: 0.0, hint }
    }
}

/// A place on the border of an item.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Pin {
    pub item: u32,
    pub side: Side,
    /// Distance from the middle of the side, rightward or downward; `None` if layout may choose.
    pub at: Option<f64>,
}

/// A connection inside the container. Links of one net have one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub net: u32,
    pub source: Pin,
    pub target: Pin,
    pub weight: u32,
    pub kind: EdgeKind,
    pub label: Size,
}

pub(crate) struct Problem {
    pub items: Vec<Item>,
    pub links: Vec<Link>,
    pub nets: usize,
    pub spacing: Spacing,
    pub padding: Insets,
    pub least: Size,
}

/// Positions from the left top corner of the container.
#[derive(Default)]
pub(crate) struct Solution {
    pub size: Size,
    /// Left top corner of every item.
    pub corners: Vec<Point>,
    /// Course of link `i`: `points[first[i]..first[i + 1]]`.
    pub points: Vec<Point>,
    pub first: Vec<u32>,
    pub reversed: Vec<bool>,
    pub labels: Vec<Option<Point>>,
}

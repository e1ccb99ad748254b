//! Keys of parts, and looks that were given to what they stand for.

use std::collections::BTreeMap;

use netloom_scene::{Key, Swatch};

use super::rows::Part;
use crate::view::{View, ViewNode};

/// What the view knows, by path.
pub(super) struct Keys<'a>(BTreeMap<&'a str, &'a ViewNode>);

impl<'a> Keys<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self(view.nodes.iter().map(|n| (n.key.subject(), n)).collect())
    }

    /// The key of a piece of a part: that of what the view shows, else of the figure.
    pub(super) fn of(&self, part: &Part, row: usize, piece: &str) -> Key {
        match self.0.get(part.path.as_str()).filter(|_| !part.path.is_empty()) {
            Some(node) => node.key.piece(&format!("tree{row}-{piece}")),
            None => Key::new(format!("figure#tree{row}-{piece}")),
        }
    }

    /// The colours that what the part stands for was given.
    pub(super) fn swatch(&self, part: &Part) -> Option<Swatch> {
        self.0.get(part.path.as_str())?.look.swatch
    }
}

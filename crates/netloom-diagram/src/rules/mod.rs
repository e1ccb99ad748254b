//! Rules: what a person says about boxes by kind, path or regular expression, and what is done about it.
//!
//! ```text
//! kind=conv         { colour: attention }
//! layer1.*          { colour: #ddeeff; legend: "first stage" }
//! /layer\d\.0$/     { label: "projection block"; caption: "halves the resolution" }
//! kind=dropout      { hide }
//! input             { image: cat.png; order: 1 }
//! ```
//!
//! A selector is `kind=` with the kind or class of a layer, block or end, a path in which `*` stands for anything and
//! `?` for one character, or a regular expression between slashes. Later rules win.

use netloom_graph::{Graph, ModuleId};
use netloom_scene::Swatch;

use crate::view::Picture;

mod apply;
mod hide;
mod parse;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use apply::apply;
pub use parse::{EFFECTS, RuleError};
pub use select::Selector;

/// The most rules of one figure.
pub const MAX_RULES: usize = 256;

/// What to do about some boxes.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Which boxes.
    pub select: Selector,
    /// What is done.
    pub effects: Effects,
}

/// What a rule does; what it leaves out stays as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Effects {
    /// A colour as in a theme, `#77aadd`, or the name of a swatch of the theme.
    pub colour: Option<String>,
    /// The colours meant, once the theme is known.
    pub swatch: Option<Swatch>,
    /// What the legend says the colour means.
    pub legend: Option<String>,
    /// What the box is called.
    pub label: Option<String>,
    /// What is remarked under it.
    pub caption: Option<String>,
    /// Whether it is drawn; where it is not, arrows lead past it.
    pub shown: Option<bool>,
    /// Its place among the boxes that are given one: lower ones come first.
    pub order: Option<i32>,
    /// The name of a picture to put on it.
    pub image: Option<String>,
    /// The picture, once it is read.
    pub picture: Option<Picture>,
    /// Whether a module is open, whatever the depth.
    pub open: Option<bool>,
    /// Whether it may be folded into others that are equal or similar.
    pub fold: Option<bool>,
}

impl Rule {
    /// A rule from its text.
    ///
    /// # Errors
    /// Where the text is no rule: what was expected, with the nearest name for a mistyped one.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        parse::parse(text)
    }

    /// The modules of a graph that it is about.
    pub fn modules(&self, graph: &Graph) -> Vec<ModuleId> {
        let about = |id: &ModuleId| !graph.module(*id).path.is_empty() && self.select.module(graph, *id);
        graph.modules().map(|(id, _)| id).filter(about).collect()
    }

    /// Whether it is about anything in a graph, shown or not.
    pub fn finds(&self, graph: &Graph) -> bool {
        self.select.is_end()
            || graph.modules().any(|(id, _)| self.select.module(graph, id))
            || graph.nodes().any(|(id, _)| self.select.operator(graph, id))
            || graph.tensors().any(|(_, t)| self.select.path(&t.name))
    }
}

//! From a view to what the figure shows: sums joined with their norms, positions as waves, masks left out.

use std::collections::BTreeMap;

use netloom_graph::Graph;
use netloom_scene::{Key, Theme};

use super::towers::{self, Towers};
use super::{Choices, lone, masks, norms, operands, positions, words};
use crate::view::View;

/// What the figure shows, and which of its boxes are special.
pub(super) struct Figure {
    /// The view, with keys of the view that it was made from.
    pub(super) view: View,
    /// Boxes that are drawn or joined in their own way, by key.
    pub(super) marks: BTreeMap<Key, Mark>,
    /// Its two columns, where one attends to the other.
    pub(super) towers: Option<Towers>,
}

/// What is special about a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// A sum with the norm behind it: the by-pass arrives at its side.
    AddNorm,
    /// Positions added to a stream: a circle with a wave.
    Wave,
}

impl Figure {
    /// What is special about a box, by index.
    pub(super) fn mark(&self, node: usize) -> Option<Mark> {
        self.marks.get(&self.view.nodes[node].key).copied()
    }
}

/// Rewrites a view into what the figure shows.
pub(super) fn read(graph: &Graph, view: &View, choices: Choices, theme: &Theme) -> Figure {
    let mut figure = Figure { view: view.clone(), marks: BTreeMap::new(), towers: None };
    let is_brief = choices.is_brief && towers::find(&figure.view).is_some();
    if !choices.shows_masks {
        masks::leave_out(&mut figure.view, is_brief);
    }
    operands::part(&mut figure.view);
    towers::part(&mut figure.view);
    positions::absorb_scales(&mut figure.view, is_brief);
    lone::join(graph, &mut figure.view);
    positions::draw_as_waves(graph, &mut figure);
    if choices.merges_norms {
        norms::join(&mut figure);
    }
    words::shorten(&mut figure.view, choices, theme);
    if is_brief {
        words::abbreviate(&mut figure.view);
    }
    figure.towers = towers::find(&figure.view);
    figure
}

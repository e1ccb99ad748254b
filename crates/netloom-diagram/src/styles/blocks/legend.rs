//! What colours mean in this figure, in the words of its boxes.

use std::collections::BTreeSet;

use netloom_graph::Category;
use netloom_scene::text::shape;
use netloom_scene::{Swatch, Theme};

use super::Choices;
use super::grammar::{Figure, Mark as Special};
use super::words::FEED_FORWARD;
use crate::styles::DrawOptions;
use crate::styles::caption::Mark;
use crate::view::{NodeKind, ViewNode};

/// One entry per colour that is used, then what dashes and pills mean.
pub(super) fn entries(figure: &Figure, choices: Choices, options: &DrawOptions) -> Vec<(Mark, String)> {
    let theme = &options.theme;
    let mut fields: Vec<(Swatch, Vec<&str>)> = Vec::new();
    let mut used: BTreeSet<(usize, &str, Category)> = BTreeSet::new();
    for (i, node) in figure.view.nodes.iter().enumerate() {
        let is_shown = !node.title.starts_with('…');
        if is_shown && matches!(node.kind, NodeKind::Layer | NodeKind::Module) {
            used.insert(role(figure, i, node, theme));
        }
        let bands = node.bands.iter().map(|b| (rank(b.category), b.category.name(), b.category));
        used.extend(bands);
    }
    // Norms with and without a sum look alike.
    if used.iter().any(|u| u.1 == Category::Norm.name()) {
        used.retain(|u| u.1 != ADDED);
    }
    for (_, word, category) in used {
        let swatch = theme.swatch(if word == NAMED { FEED_FORWARD } else { category.name() });
        match fields.iter_mut().find(|(other, _)| other.fill == swatch.fill) {
            Some((_, words)) => words.push(word),
            None => fields.push((swatch, vec![word])),
        }
    }
    let mut entries: Vec<(Mark, String)> =
        fields.into_iter().map(|(swatch, words)| (Mark::Field(swatch), words.join(", "))).collect();
    if figure.view.edges.iter().any(|e| e.projected) {
        entries.push((Mark::Dash(theme.skip_dash), "projection skip".to_owned()));
    }
    let has_pill = |n: &ViewNode| n.repeat > 1 && (n.kind != NodeKind::Container || !choices.counts_outside);
    if figure.view.nodes.iter().any(has_pill) {
        entries.push((Mark::Pill(shape("×N", &theme.header_style(true))), "N in a row".to_owned()));
    }
    entries
}

/// What blocks of linear layers are called.
const NAMED: &str = "feed-forward";

/// What sums with the norm behind them are called.
const ADDED: &str = "add & norm";

/// What a box is called in the legend, in the order in which a reader meets kinds in a block.
fn role(figure: &Figure, index: usize, node: &ViewNode, theme: &Theme) -> (usize, &'static str, Category) {
    let is_named = node.look.swatch.is_some_and(|s| s == theme.swatch(FEED_FORWARD));
    let (rank, name) = (rank(node.category), node.category.name());
    match node.category {
        Category::Linear if is_named => (rank, NAMED, node.category),
        Category::Norm if figure.mark(index) == Some(Special::AddNorm) => (rank, ADDED, node.category),
        Category::Loss if node.title == "softmax" => (rank, "softmax", node.category),
        _ => (rank, name, node.category),
    }
}

/// Embeddings first, then what blocks are made of, then the rest.
fn rank(category: Category) -> usize {
    const ORDER: [Category; 5] =
        [Category::Embedding, Category::Attention, Category::Norm, Category::Linear, Category::Conv];
    ORDER.iter().position(|c| *c == category).unwrap_or(ORDER.len())
}

//! Which style suits a model: every style is asked, and says why.

use netloom_graph::{Category, Graph};

use super::{Nodes, STYLES, Style};
use crate::view::{NodeKind, View, ViewNode, ViewOptions};
use crate::{Depth, Fold, view};

/// The most operators of a model that styles are asked about; larger ones are drawn as boxes and arrows at once.
const MAX_OPERATORS: usize = 20_000;

/// How well a style suits a model.
#[derive(Clone, PartialEq, Debug)]
pub struct Suits {
    /// How well, from 1 (can be drawn so) to 100 (is always drawn so); the greatest is taken.
    pub score: u8,
    /// Why, in words that follow a colon, without a full stop: `an encoder and a decoder of four levels`.
    pub why: String,
}

/// What a style is asked about.
pub struct Subject<'a> {
    /// The graph, lifted.
    pub graph: &'a Graph,
    /// All of its layers, equal blocks in a row once.
    pub view: View,
}

/// The style that was chosen.
pub struct Choice {
    /// The style.
    pub style: &'static Style,
    /// Why, without a full stop.
    pub why: String,
}

/// Chooses the style that suits a graph best, among those whose boxes stand for what is asked.
pub fn choose(graph: &Graph, nodes: Option<Nodes>) -> Choice {
    let able = || STYLES.iter().copied().filter(|s| nodes.is_none_or(|n| s.nodes == n));
    let plain =
        || Choice { style: able().next().unwrap_or(STYLES[0]), why: "nothing suits better".to_owned() };
    let fallback =
        |style: &'static Style| Choice { style, why: "boxes and arrows draw any structure".to_owned() };
    if graph.nodes().len() > MAX_OPERATORS
        && let Some(style) = able().find(|s| s.name == "layered")
    {
        return fallback(style);
    }
    let spec = ViewOptions { depth: Depth::Full, fold: Fold::Similar, ..ViewOptions::default() };
    let subject = Subject { graph, view: view::view(graph, &spec) };
    let mut best: Option<(Suits, &'static Style)> = None;
    for style in able() {
        if let Some(suits) = (style.suits)(&subject)
            && best.as_ref().is_none_or(|(b, _)| suits.score > b.score)
        {
            best = Some((suits, style));
        }
    }
    best.map_or_else(plain, |(suits, style)| Choice { style, why: suits.why })
}

impl Suits {
    /// A score with its reason.
    pub fn new(score: u8, why: impl Into<String>) -> Option<Self> {
        Some(Self { score, why: why.into() })
    }
}

impl Subject<'_> {
    /// How many boxes are of a category, folded ones once.
    pub fn count(&self, category: Category) -> usize {
        self.view.nodes.iter().filter(|n| is_layer(n.kind) && n.category == category).count()
    }

    /// How many layers of a category the model has, each copy of a folded one counted.
    pub fn copies(&self, category: Category) -> usize {
        let nodes = &self.view.nodes;
        let mut times = vec![1usize; nodes.len()];
        // Frames stand before what they hold.
        for (i, node) in nodes.iter().enumerate() {
            let around = node.parent.filter(|p| *p < i).map_or(1, |p| times[p]);
            times[i] = around.saturating_mul(node.repeat as usize);
        }
        let of = |(node, times): (&ViewNode, usize)| {
            (is_layer(node.kind) && node.category == category).then_some(times)
        };
        nodes.iter().zip(times).filter_map(of).sum()
    }

    /// How many layers there are, joins and movement of data left out.
    pub fn layers(&self) -> usize {
        let quiet = [Category::Merge, Category::Shape, Category::Constant, Category::Dropout];
        self.view.nodes.iter().filter(|n| is_layer(n.kind) && !quiet.contains(&n.category)).count()
    }

    /// Whether every layer reads one value and is read by one layer, from a single input on.
    pub fn is_chain(&self) -> bool {
        let inputs = self.view.nodes.iter().filter(|n| n.kind == NodeKind::Input).count();
        let joins = self.view.nodes.iter().any(|n| matches!(n.kind, NodeKind::Merge | NodeKind::Stub));
        inputs == 1
            && !joins
            && self.view.edges.iter().all(|e| !e.back)
            && self.view.degrees().iter().all(|(into, out)| *into <= 1 && *out <= 1)
    }

    /// Whether all layers that are not quiet belong to some categories.
    pub fn holds_only(&self, categories: &[Category]) -> bool {
        let quiet = [Category::Shape, Category::Dropout, Category::Activation, Category::Loss];
        self.view
            .nodes
            .iter()
            .filter(|n| is_layer(n.kind))
            .all(|n| quiet.contains(&n.category) || categories.contains(&n.category))
    }
}

fn is_layer(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Layer | NodeKind::Merge)
}

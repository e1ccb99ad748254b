//! What an arrow does: its colour and its words in the legend.

use std::collections::BTreeMap;

use netloom_graph::Category;

use crate::ushape::Level;
use crate::view::{NodeKind, View, ViewNode};

/// The sort of an arrow; chooses its colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Flow {
    /// A convolution.
    Conv,
    /// To a coarser map.
    Down,
    /// To a finer map.
    Up,
    /// A convolution of one cell, or a dense layer.
    Point,
    /// Attention or recurrence.
    Attention,
    /// A closed module.
    Block,
    /// Anything else.
    Other,
}

impl Flow {
    /// The name of its colours in themes.
    pub(super) fn swatch(self) -> &'static str {
        match self {
            Self::Conv => "flow_conv",
            Self::Down => "flow_down",
            Self::Up => "flow_up",
            Self::Point => "flow_point",
            Self::Attention => "flow_attention",
            Self::Block => "flow_block",
            Self::Other => "flow_other",
        }
    }
}

/// The sort of an arrow that stands for some boxes and leads by so much to a coarser map.
pub(super) fn flow(view: &View, boxes: &[usize], change: Level) -> Flow {
    if change != 0 {
        return if change > 0 { Flow::Down } else { Flow::Up };
    }
    let sort = |n: &ViewNode| match n.category {
        _ if n.kind == NodeKind::Module || n.is_stand_in() => Flow::Block,
        Category::Conv | Category::Upsample if is_point(n) => Flow::Point,
        Category::Conv | Category::Upsample => Flow::Conv,
        Category::Linear => Flow::Point,
        Category::Attention | Category::Recurrent => Flow::Attention,
        _ => Flow::Other,
    };
    boxes.iter().map(|n| sort(&view.nodes[*n])).min().unwrap_or(Flow::Other)
}

fn is_point(node: &ViewNode) -> bool {
    node.title.split([' ', ',']).nth(1).is_some_and(|k| !k.is_empty() && k.split('×').all(|side| side == "1"))
}

/// What some boxes do, sizes left out: `conv 3×3, ReLU`. The activation behind a sum goes without saying.
pub(super) fn words(view: &View, boxes: &[usize], after_sum: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let boxes = match boxes {
        [first, rest @ ..] if after_sum && !rest.is_empty() => {
            let is_plain = view.nodes[*first].category == Category::Activation;
            if is_plain { rest } else { boxes }
        }
        all => all,
    };
    for node in boxes.iter().map(|n| &view.nodes[*n]) {
        if node.kind == NodeKind::Module || node.is_stand_in() {
            parts.push("closed block".to_owned());
            continue;
        }
        if matches!(node.kind, NodeKind::Layer) && !is_join(node) {
            parts.extend(deed(node));
        }
        parts.extend(node.bands.iter().map(|b| bare(&b.title)));
    }
    parts.dedup();
    parts.join(", ")
}

fn is_join(node: &ViewNode) -> bool {
    node.title.starts_with("concat")
}

/// The title of a box without its numbers of channels.
fn deed(node: &ViewNode) -> Vec<String> {
    let mut parts = node.title.split(", ");
    let first = parts.next().unwrap_or_default();
    let resizes = matches!(node.category, Category::Pool | Category::Upsample);
    let has_kernel = resizes || node.category == Category::Conv;
    let first = if has_kernel { first.replace("conv-transpose", "up-conv") } else { bare(first) };
    let stride = parts.find(|p| p.starts_with('/') && !resizes);
    std::iter::once(first).chain(stride.map(str::to_owned)).collect()
}

/// Words without a number at their end: `linear 64` is `linear`.
fn bare(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((head, tail)) if tail.chars().all(|c| c.is_ascii_digit() || c == '\u{2009}') => head.to_owned(),
        _ => text.to_owned(),
    }
}

/// The most operations that one entry of the legend names.
const MAX_NAMED: usize = 2;

/// What the arrows of each sort do, the most common first.
#[derive(Default)]
pub(super) struct Deeds(BTreeMap<Flow, BTreeMap<String, usize>>);

impl Deeds {
    pub(super) fn add(&mut self, flow: Flow, words: String) {
        if !words.is_empty() {
            *self.0.entry(flow).or_default().entry(words).or_default() += 1;
        }
    }

    /// One entry for each sort of arrow.
    pub(super) fn entries(&self) -> Vec<(Flow, String)> {
        let entry = |(flow, found): (&Flow, &BTreeMap<String, usize>)| {
            let mut found: Vec<(&String, &usize)> = found.iter().collect();
            found.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
            let named: Vec<&str> = found.iter().take(MAX_NAMED).map(|(w, _)| w.as_str()).collect();
            let more = if found.len() > MAX_NAMED { "; …" } else { "" };
            (*flow, format!("{}{more}", named.join("; ")))
        };
        self.0.iter().map(entry).collect()
    }
}

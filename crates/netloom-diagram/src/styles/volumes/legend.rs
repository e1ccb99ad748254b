//! What colours and marks of a figure of volumes mean.

use netloom_graph::Category;
use netloom_scene::text::shape;
use netloom_scene::{Swatch, Theme};

use crate::styles::caption::Mark;
use crate::view::{NodeKind, View, ViewNode};

/// One entry per colour, with what it stands for in the words of the boxes: `conv 3×3`, `ReLU`.
pub(super) fn legend(flat: &View, theme: &Theme, has_kernels: bool) -> Vec<(Mark, String)> {
    let mut entries: Vec<(Category, Swatch, Vec<String>)> = Vec::new();
    let mut closed = None;
    let mut add = |category: Category, swatch: Swatch, word: String| {
        let entry = match entries.iter_mut().position(|e| e.1 == swatch && e.0 == category) {
            Some(at) => &mut entries[at],
            None => {
                entries.push((category, swatch, Vec::new()));
                let last = entries.len() - 1;
                &mut entries[last]
            }
        };
        if !word.is_empty() && !entry.2.contains(&word) {
            entry.2.push(word);
        }
    };
    for node in &flat.nodes {
        if node.is_stand_in() {
            continue;
        }
        match node.kind {
            NodeKind::Layer => add(node.category, node.swatch(theme), head(node)),
            NodeKind::Module => {
                let own = node.swatch(theme);
                closed.get_or_insert(Swatch { fill: theme.module_fill(&own), ..own });
            }
            _ => {}
        }
        for band in &node.bands {
            add(band.category, theme.swatch(band.category.name()), full(&band.title));
        }
    }
    entries.sort_by_key(|e| Category::ALL.iter().position(|c| *c == e.0));
    let mut marks: Vec<(Mark, String)> = Vec::new();
    let mut last: Option<Swatch> = None;
    for (category, swatch, words) in entries {
        let word = said(category, &words);
        match marks.last_mut().filter(|_| last == Some(swatch)) {
            Some((_, text)) => *text += &format!(", {word}"),
            None => marks.push((Mark::Field(swatch), word)),
        }
        last = Some(swatch);
    }
    if let Some(swatch) = closed {
        marks.push((Mark::Field(swatch), "closed block".to_owned()));
    }
    if has_kernels {
        marks.push((Mark::Dash(theme.back_dash), "receptive field".to_owned()));
    }
    if flat.edges.iter().any(|e| e.projected) {
        marks.push((Mark::Dash(theme.skip_dash), "projection skip".to_owned()));
    }
    if flat.nodes.iter().any(|n| n.kind == NodeKind::Container && n.repeat > 1) {
        marks.push((Mark::Pill(shape("×N", &theme.header_style(true))), "N in a row".to_owned()));
    }
    marks
}

/// The name of a norm whose band is abbreviated; anything else as it is.
fn full(band: &str) -> String {
    let name = match band {
        "BN" => "BatchNorm",
        "LN" => "LayerNorm",
        "GN" => "GroupNorm",
        "IN" => "InstanceNorm",
        other => other,
    };
    name.to_owned()
}

/// What a category is called where its boxes say these words: the word where there is one, what they have in common, or
/// the name of the category.
fn said(category: Category, words: &[String]) -> String {
    /// The most words of one entry.
    const MOST: usize = 2;
    let first = |w: &String| w.split(' ').next().unwrap_or_default().to_owned();
    match words {
        [] => category.name().to_owned(),
        [one] => one.clone(),
        [one, rest @ ..] if rest.iter().all(|w| first(w) == first(one)) => first(one),
        _ if words.len() <= MOST => words.join(", "),
        _ => category.name().to_owned(),
    }
}

/// What a layer is called without what differs from layer to layer: `conv 3×3` of `conv 3×3, 64`.
fn head(node: &ViewNode) -> String {
    let title = node.title.split(',').next().unwrap_or_default();
    let words: Vec<&str> = title.split(' ').collect();
    let is_number = |w: &&str| w.chars().all(|c| c.is_ascii_digit() || c == '\u{2009}' || c == '→');
    let kept = words.iter().rposition(|w| !is_number(w)).map_or(0, |last| last + 1);
    words[..kept].join(" ")
}

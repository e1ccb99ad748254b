//! One part takes the place of others.

use std::collections::BTreeMap;

use netloom_graph::repeats::stem;

use super::content::{Content, Level};
use crate::view::{NodeKind, View};

/// Which box of one part stands for which of another.
pub(super) type Places = BTreeMap<usize, usize>;

/// The boxes of two equal parts, place by place.
pub(super) fn places(level: &Level, from: usize, into: usize) -> Places {
    level.parts[&from].boxes.iter().copied().zip(level.parts[&into].boxes.iter().copied()).collect()
}

/// Lets one part stand for another too: it takes over its operators and modules; its inner and arriving arrows go.
pub(super) fn absorb(
    content: &mut Content,
    view: &mut View,
    level: &Level,
    (from, into): (usize, usize),
    places: &Places,
) {
    let part = &level.parts[&from];
    for &b in &part.boxes {
        let target = places.get(&b).copied().unwrap_or(into);
        let (operators, modules) = (view.nodes[b].operators.clone(), view.nodes[b].modules.clone());
        view.nodes[target].operators.extend(operators);
        view.nodes[target].modules.extend(modules);
        content.drop_box(b);
    }
    for &e in part.inner.iter().chain(&part.arriving) {
        content.cut(e);
        // A stub beside a closed part serves it alone.
        let source = view.edges[e].source;
        if view.nodes[source].kind == NodeKind::Stub {
            content.drop_box(source);
        }
    }
}

/// Lets what leaves one part leave from another.
pub(super) fn hand_over(content: &mut Content, view: &mut View, level: &Level, from: usize, places: &Places) {
    for &e in &level.parts[&from].leaving {
        if let Some(&source) = places.get(&view.edges[e].source) {
            content.resource(view, e, source);
        }
    }
}

/// Lets the first of equal parts in a row stand for all.
pub(super) fn fold(content: &mut Content, view: &mut View, level: &Level, chain: &[usize]) {
    let [first, rest @ ..] = chain else { return };
    if let Some(last) = rest.last() {
        hand_over(content, view, level, *last, &places(level, *last, *first));
    }
    for part in rest {
        absorb(content, view, level, (*part, *first), &places(level, *part, *first));
    }
}

/// The names of a run: `layer.0` to `layer.11` are `layer.0–11`.
pub(super) fn range(first: &str, last: &str) -> String {
    let name = stem(first);
    if name.len() == first.len() || name != stem(last) {
        return format!("{first} … {last}");
    }
    format!("{first}–{}", &last[name.len()..])
}

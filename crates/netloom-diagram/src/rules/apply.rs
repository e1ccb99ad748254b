//! Does to a view what rules say.

use netloom_graph::Graph;

use super::{Effects, Rule, hide::hide};
use crate::view::{Legend, LegendMark, NodeKind, View};

/// Gives boxes their looks and words, leaves some out, and puts those that are given a place in order.
pub(crate) fn apply(graph: &Graph, rules: &[Rule], view: &mut View) {
    let mut hidden = vec![false; view.nodes.len()];
    let mut order: Vec<Option<i32>> = vec![None; view.nodes.len()];
    let mut legend = Vec::new();
    for rule in rules {
        let mut coloured = false;
        for (i, node) in view.nodes.iter_mut().enumerate() {
            if !rule.select.is_about(graph, node) {
                continue;
            }
            let Effects { label, caption, shown, swatch, picture, .. } = &rule.effects;
            if let Some(label) = label.as_ref().filter(|_| node.kind != NodeKind::Merge) {
                node.title.clone_from(label);
                node.look.named = true;
            }
            node.notes.extend(caption.clone());
            hidden[i] = shown.map_or(hidden[i], |shown| !shown);
            order[i] = rule.effects.order.or(order[i]);
            if swatch.is_some() {
                node.look.swatch = *swatch;
                coloured = true;
            }
            if picture.is_some() {
                node.look.picture.clone_from(picture);
            }
        }
        if let (true, Some(words), Some(swatch)) = (coloured, &rule.effects.legend, rule.effects.swatch) {
            legend.push((LegendMark::Swatch(swatch), words.clone()));
        }
    }
    if !legend.is_empty() {
        view.legend = Some(Legend::Beside(legend));
    }
    sort(view, &mut hidden, &order);
    if hidden.contains(&true) {
        hide(view, hidden);
    }
}

/// Puts the boxes that have a place in order, in the places that these boxes have; the others stay.
fn sort(view: &mut View, hidden: &mut Vec<bool>, order: &[Option<i32>]) {
    let slots: Vec<usize> = (0..order.len()).filter(|i| order[*i].is_some()).collect();
    let mut sorted = slots.clone();
    sorted.sort_by_key(|i| order[*i]);
    if slots == sorted {
        return;
    }
    let mut from: Vec<usize> = (0..order.len()).collect();
    for (slot, node) in slots.iter().zip(&sorted) {
        from[*slot] = *node;
    }
    view.permute(&from);
    *hidden = from.iter().map(|i| hidden[*i]).collect();
}

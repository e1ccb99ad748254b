//! The picture in words: titles and alternative text made from the graph.

use std::collections::BTreeMap;

use netloom_graph::Graph;

use crate::number;
use crate::view::{NodeKind, View};

/// The most steps of the main path that are named.
const MAX_STEPS: usize = 24;

/// The name to print under a figure: the model's class, or the name it was given.
pub fn name(graph: &Graph, given: &str) -> String {
    let class = graph.module(graph.root()).class.clone();
    let own = Some(graph.name.clone()).filter(|n| !is_boilerplate(n));
    Some(given.to_owned()).filter(|g| !g.is_empty()).or(class).or(own).unwrap_or_else(|| "model".to_owned())
}

/// Names that exporters give every graph.
fn is_boilerplate(name: &str) -> bool {
    matches!(name, "" | "main_graph" | "torch_jit" | "torch-jit-export" | "graph" | "model" | "tf2onnx")
        || name.starts_with("torch_jit")
}

/// The totals of a model: `11.69 M parameters · 1.81 G MACs`.
pub fn totals(view: &View) -> String {
    let mut parts = Vec::new();
    if view.summary.parameters > 0 {
        parts.push(format!("{} parameters", number::si(view.summary.parameters)));
    }
    if let Some(macs) = view.summary.macs.filter(|m| *m > 0) {
        parts.push(format!("{} MACs", number::si(macs)));
    }
    parts.join(" · ")
}

/// A paragraph for someone who does not see the picture.
pub fn describe(graph: &Graph, view: &View, name: &str) -> String {
    let mut out = format!("Architecture of {name}");
    let totals = totals(view);
    if !totals.is_empty() {
        out += &format!(", {}", totals.replace(" · ", ", "));
    }
    out.push('.');
    let words = |kind| {
        let list: Vec<String> = view
            .nodes
            .iter()
            .filter(|n| n.kind == kind)
            .take(8)
            .map(|n| match n.subtitle.as_str() {
                "" => n.title.clone(),
                shape => format!("{} ({shape})", n.title),
            })
            .collect();
        list.join(", ")
    };
    let (inputs, outputs) = (words(NodeKind::Input), words(NodeKind::Output));
    if !inputs.is_empty() {
        out += &format!(" Input: {inputs}.");
    }
    if !outputs.is_empty() {
        out += &format!(" Output: {outputs}.");
    }
    let steps: Vec<String> = view
        .trunk
        .iter()
        .map(|n| &view.nodes[*n])
        .filter(|n| matches!(n.kind, NodeKind::Layer | NodeKind::Module))
        .map(|n| {
            let mut text = n.title.clone();
            for band in &n.bands {
                text += &format!(", {}", band.title);
            }
            if n.repeat > 1 {
                text += &format!(", {} times", n.repeat);
            }
            text
        })
        .collect();
    if !steps.is_empty() {
        out += &format!(" Main path: {}", runs(&steps).join("; "));
        out.push('.');
    }
    let skips = view.edges.iter().filter(|e| e.skip).count();
    if skips > 0 {
        out += &format!(" {skips} connection{} by-pass part of it.", if skips == 1 { "" } else { "s" });
    }
    if view.edges.iter().any(|e| e.back) {
        out += " Arrows back carry what one step of a loop hands to the next.";
    }
    let unknown = graph.nodes().filter(|(_, n)| n.layer.is_none()).count();
    if unknown > 0 {
        out += &format!(" {unknown} operators are of kinds unknown to this program.");
    }
    out
}

/// Steps with runs of equal ones counted, cut at [`MAX_STEPS`].
fn runs(steps: &[String]) -> Vec<String> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for step in steps {
        match out.last_mut() {
            Some((last, n)) if last == step => *n += 1,
            _ => out.push((step.clone(), 1)),
        }
    }
    let more = out.len().saturating_sub(MAX_STEPS);
    let mut out: Vec<String> = out
        .into_iter()
        .take(MAX_STEPS)
        .map(|(s, n)| if n > 1 { format!("{n} times {s}") } else { s })
        .collect();
    if more > 0 {
        out.push(format!("and {more} more steps"));
    }
    out
}

/// How many boxes of each category are shown, in the order of a legend.
pub fn categories(view: &View) -> BTreeMap<netloom_graph::Category, usize> {
    let mut count = BTreeMap::new();
    for node in &view.nodes {
        // What is left out is of all kinds.
        let shown = !node.title.starts_with('…');
        if shown && matches!(node.kind, NodeKind::Layer | NodeKind::Module) {
            *count.entry(node.category).or_insert(0) += 1;
        }
        for band in &node.bands {
            *count.entry(band.category).or_insert(0) += 1;
        }
    }
    count
}

//! The picture in words: titles and alternative text made from the graph.

use std::collections::BTreeMap;

use netloom_graph::Graph;
use netloom_graph::skips::residual_adds;

use crate::number;
use crate::view::{Callout, NodeKind, View, ViewNode};

/// The most stages of the main path that are named.
const MAX_STEPS: usize = 24;
/// The most steps of one stage that are named.
const MAX_INNER: usize = 9;
/// The most inputs, and the most outputs, that are named.
const MAX_PORTS: usize = 8;

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
    let (parameters, macs) = (view.summary.parameters, view.summary.macs);
    let (parameters_were, macs_were) = view.was.unwrap_or((parameters, macs));
    let step = |was: u64, is: u64| match (number::si(was), number::si(is)) {
        (was, is) if was == is => is,
        (was, is) => format!("{was} → {is}"),
    };
    if parameters.max(parameters_were) > 0 {
        parts.push(format!("{} parameters", step(parameters_were, parameters)));
    }
    if let Some(macs) = macs.filter(|m| *m > 0) {
        parts.push(format!("{} MACs", step(macs_were.unwrap_or(macs), macs)));
    }
    parts.join(" · ")
}

/// A paragraph for someone who does not see the picture: what goes in, the stages on the way, what comes out, and how
/// much of everything there is.
pub fn describe(graph: &Graph, view: &View, name: &str) -> String {
    let mut out = format!("Architecture of {name}");
    let totals = totals(view);
    if !totals.is_empty() {
        out += &format!(", {}", totals.replace(" · ", ", "));
    }
    out.push('.');
    let inputs = ports(view, NodeKind::Input);
    if !inputs.is_empty() {
        out += &format!(" Input: {inputs}.");
    }
    let stages = stages(view);
    if !stages.is_empty() {
        out += &format!(" Main path: {}.", runs(&stages, "; ", MAX_STEPS));
    }
    let residual = residual_adds(graph);
    let projected = residual.iter().filter(|r| r.projection.is_some()).count();
    if !residual.is_empty() {
        out += &format!(" {}", counted(residual.len(), "residual addition"));
        if projected > 0 {
            out += &format!(", {projected} of them with a projection");
        }
        out.push('.');
    }
    let skips = view.edges.iter().filter(|e| e.skip).count();
    if skips > 0 && residual.is_empty() {
        out += &format!(
            " {} part of it.",
            if skips == 1 {
                "1 connection by-passes".to_owned()
            } else {
                format!("{skips} connections by-pass")
            }
        );
    }
    if view.edges.iter().any(|e| e.back) {
        out += " Arrows back carry what one step of a loop hands to the next.";
    }
    let outputs = ports(view, NodeKind::Output);
    if !outputs.is_empty() {
        out += &format!(" Output: {outputs}.");
    }
    for (i, callout) in view.callouts.iter().enumerate() {
        let steps: Vec<String> =
            callout.view.trunk.iter().filter_map(|n| step(&callout.view.nodes[*n])).collect();
        let name = match callout.place.as_str() {
            "" => callout.title.clone(),
            place => format!("{} as in {place}", callout.title),
        };
        let times = callout.times();
        let name = if times.is_empty() { name } else { format!("{name} {times}") };
        out += &format!(" Detail {}, {name}: {}.", Callout::letter(i), runs(&steps, ", ", MAX_INNER));
    }
    let unknown = graph.nodes().filter(|(_, n)| n.layer.is_none()).count();
    if unknown > 0 {
        out += &format!(
            " {} of kinds unknown to this program.",
            match unknown {
                1 => "1 operator is".to_owned(),
                n => format!("{n} operators are"),
            }
        );
    }
    out
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Names and sizes of inputs or outputs.
fn ports(view: &View, kind: NodeKind) -> String {
    let all: Vec<String> = view
        .nodes
        .iter()
        .filter(|n| n.kind == kind)
        .map(|n| match n.subtitle.as_str() {
            "" => n.title.clone(),
            shape => format!("{} ({shape})", n.title),
        })
        .collect();
    runs(&all, ", ", MAX_PORTS)
}

/// The main path by its outermost frames: a box says what it is, a frame what stands in it on the path.
fn stages(view: &View) -> Vec<String> {
    let mut stages: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    for &n in &view.trunk {
        let Some(text) = step(&view.nodes[n]) else { continue };
        let mut frame = None;
        let mut at = view.nodes[n].parent;
        // Frames nest; a damaged view cannot hold more of them than nodes.
        for _ in 0..view.nodes.len() {
            let Some(p) = at else { break };
            frame = Some(p);
            at = view.nodes[p].parent;
        }
        match stages.last_mut() {
            Some((last, steps)) if frame.is_some() && *last == frame => steps.push(text),
            _ => stages.push((frame, vec![text])),
        }
    }
    stages
        .into_iter()
        .map(|(frame, steps)| {
            let inner = runs(&steps, ", ", MAX_INNER);
            match frame {
                Some(f) => format!("{}: {inner}", headed(&view.nodes[f])),
                None => inner,
            }
        })
        .collect()
}

/// A name with its class, count and remarks.
fn headed(node: &ViewNode) -> String {
    let mut text = node.title.trim_start_matches("… ").to_owned();
    // The size of a closed module says little in words.
    let said = match node.kind {
        NodeKind::Module => {
            node.subtitle.split(" · ").next().filter(|s| !s.starts_with(|c: char| c.is_ascii_digit()))
        }
        _ => Some(node.subtitle.as_str()),
    };
    if let Some(said) = said.filter(|s| !s.is_empty() && *s != node.title) {
        text += &format!(" ({said})");
    }
    for (i, band) in node.bands.iter().enumerate() {
        text += if i == 0 { " with " } else { " and " };
        text += &band.title;
    }
    if node.repeat > 1 {
        text += &format!(", {} times", node.repeat);
    }
    if !node.notes.is_empty() {
        text += &format!(" ({})", node.notes.join(", "));
    }
    text
}

/// A box in words; `None` for what is no step of its own.
fn step(node: &ViewNode) -> Option<String> {
    matches!(node.kind, NodeKind::Layer | NodeKind::Module).then(|| headed(node))
}

/// Steps with runs of equal ones counted; of more than `most` the first and last.
fn runs(steps: &[String], between: &str, most: usize) -> String {
    let mut out: Vec<(&str, usize)> = Vec::new();
    for step in steps {
        match out.last_mut() {
            Some((last, n)) if last == step => *n += 1,
            _ => out.push((step, 1)),
        }
    }
    let words = |(s, n): &(&str, usize)| if *n > 1 { format!("{n} times {s}") } else { (*s).to_owned() };
    if out.len() <= most + 1 {
        return out.iter().map(words).collect::<Vec<_>>().join(between);
    }
    let (head, tail) = (most - most / 3, most / 3);
    let mut text: Vec<String> = out[..head].iter().map(words).collect();
    text.push(format!("{} more", out.len() - head - tail));
    text.extend(out[out.len() - tail..].iter().map(words));
    text.join(between)
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

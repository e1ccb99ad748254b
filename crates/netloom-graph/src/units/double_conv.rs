//! Equal convolutions in a row.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "double_conv",
    about: "convolutions in a row that are equal in all but the channels they read are one box with their number",
    pattern: "Activation(Norm(Conv(Activation(Norm(Conv(x))))))",
    level: Level::Compact,
    find,
};

/// The most convolutions of one box.
const MAX_ROW: usize = 16;

/// A convolution with what follows it.
struct Layer {
    nodes: Vec<NodeId>,
    title: String,
    bands: Vec<(String, Category)>,
}

fn find(source: &Source<'_>, first: NodeId) -> Option<Unit> {
    let layer = layer(source, first)?;
    let mut nodes = layer.nodes.clone();
    let mut count = 1;
    while let (Some(last), true) = (nodes.last(), count < MAX_ROW) {
        let next = source.node(*last).output(0).and_then(|t| seek::only_reader(source, t));
        let Some(next) = next.and_then(|n| self::layer(source, n)) else { break };
        if (&next.title, &next.bands) != (&layer.title, &layer.bands) {
            break;
        }
        nodes.extend(next.nodes);
        count += 1;
    }
    let plain = layer.title.strip_prefix("conv ").unwrap_or(&layer.title);
    (count > 1).then(|| Unit {
        nodes,
        title: format!("{count} × {plain}"),
        bands: layer.bands,
        category: Category::Conv,
        ..Unit::default()
    })
}

/// A convolution that keeps the size of what it reads, with its norm and activation.
fn layer(source: &Source<'_>, conv: NodeId) -> Option<Layer> {
    if source.kind(conv) != "conv" {
        return None;
    }
    let (from, to) = source.ends(conv)?;
    // Every convolution is one of a row only if nothing about it but the width of its input may differ.
    if source.dims(from)?.get(2..)? != source.dims(to)?.get(2..)? {
        return None;
    }
    let mut nodes = vec![conv];
    let mut bands = Vec::new();
    while let Some(reader) = nodes.last().and_then(|n| seek::only_reader(source, source.node(*n).output(0)?))
    {
        let category = seek::category(source, reader);
        let is_next = category == Category::Norm && bands.is_empty() || category == Category::Activation;
        if !is_next {
            break;
        }
        bands.push(match seek::kind(source, reader) {
            "batch_norm" => ("BN".to_owned(), category),
            _ => seek::part(source, reader),
        });
        nodes.push(reader);
        if category == Category::Activation {
            break;
        }
    }
    let node = source.node(conv);
    let label = (node.layer?.label)(source.graph, node);
    // Settings that the title leaves out tell layers apart too.
    let title = label.title;
    Some(Layer { nodes, title, bands })
}

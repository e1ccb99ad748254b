//! Convolutions taken apart into one per channel and one across channels.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "separable_conv",
    about: "a convolution channel by channel and one across channels are a separable convolution, with a wide middle \
            an inverted residual",
    pattern: "Conv1x1(Activation(Norm(ConvDepthwise(x)))) | Conv1x1(ConvDepthwise(Conv1x1(x)))",
    level: Level::Sketch,
    find,
};

/// The most nodes between two convolutions: a norm, an activation and channel weighting.
const MAX_BETWEEN: usize = 3;

fn find(source: &Source<'_>, first: NodeId) -> Option<Unit> {
    let mut nodes = vec![first];
    let is_pointwise = is_pointwise(source, first);
    if is_pointwise {
        let depthwise = follow(source, first, &mut nodes).filter(|n| is_depthwise(source, *n))?;
        let project = follow(source, depthwise, &mut nodes).filter(|n| self::is_pointwise(source, *n))?;
        let (wide, narrow) = (width(source, first)?, width(source, project)?);
        if wide <= narrow {
            return None;
        }
        nodes.extend(norm(source, project));
        return Some(Unit {
            nodes,
            title: format!("inverted {}, {narrow}{}", kernel(source, depthwise)?, stride(source, depthwise)),
            subtitle: format!("{wide} wide inside"),
            category: Category::Conv,
            ..Unit::default()
        });
    }
    if !is_depthwise(source, first) {
        return None;
    }
    let point = follow(source, first, &mut nodes).filter(|n| self::is_pointwise(source, *n))?;
    nodes.extend(norm(source, point));
    Some(Unit {
        nodes,
        title: format!(
            "separable {}, {}{}",
            kernel(source, first)?,
            width(source, point)?,
            stride(source, first)
        ),
        category: Category::Conv,
        ..Unit::default()
    })
}

/// The convolution that follows, over norms and activations.
fn follow(source: &Source<'_>, conv: NodeId, nodes: &mut Vec<NodeId>) -> Option<NodeId> {
    let mut at = conv;
    for _ in 0..=MAX_BETWEEN {
        at = seek::only_reader(source, source.node(at).output(0)?)?;
        nodes.push(at);
        match seek::category(source, at) {
            Category::Conv => return Some(at),
            Category::Norm | Category::Activation => {}
            _ => return None,
        }
    }
    None
}

/// The norm and activation after a last convolution.
fn norm(source: &Source<'_>, conv: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut at = conv;
    while let Some(reader) = source.node(at).output(0).and_then(|t| seek::only_reader(source, t)) {
        let category = seek::category(source, reader);
        let is_next = category == Category::Norm && found.is_empty()
            || category == Category::Activation && found.len() < 2;
        if !is_next {
            break;
        }
        found.push(reader);
        at = reader;
        if category == Category::Activation {
            break;
        }
    }
    found
}

fn groups(source: &Source<'_>, conv: NodeId) -> Option<i64> {
    (source.kind(conv) == "conv").then(|| source.node(conv).attributes.int("group").unwrap_or(1))
}

fn is_depthwise(source: &Source<'_>, conv: NodeId) -> bool {
    let input = source.node(conv).input(0).and_then(|t| seek::channels(source, t));
    groups(source, conv).is_some_and(|g| g > 1 && input == Some(g))
}

fn is_pointwise(source: &Source<'_>, conv: NodeId) -> bool {
    groups(source, conv) == Some(1)
        && sides(source, conv).is_some_and(|k| k.iter().all(|n| *n == 1))
        && source.node(conv).attributes.ints("strides").is_none_or(|s| s.iter().all(|n| *n == 1))
}

fn sides(source: &Source<'_>, conv: NodeId) -> Option<Vec<i64>> {
    let node = source.node(conv);
    if let Some(kernel) = node.attributes.ints("kernel_shape") {
        return Some(kernel.to_vec());
    }
    source.dims(node.input(1)?)?.get(2..)?.iter().map(crate::Dim::as_known).collect()
}

fn kernel(source: &Source<'_>, conv: NodeId) -> Option<String> {
    let sides: Vec<String> = sides(source, conv)?.iter().map(i64::to_string).collect();
    Some(sides.join("×"))
}

fn stride(source: &Source<'_>, conv: NodeId) -> String {
    match source.node(conv).attributes.ints("strides") {
        Some([s, ..]) if *s > 1 => format!(", /{s}"),
        _ => String::new(),
    }
}

fn width(source: &Source<'_>, conv: NodeId) -> Option<i64> {
    seek::channels(source, source.node(conv).output(0)?)
}

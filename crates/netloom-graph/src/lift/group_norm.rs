//! Group normalisation written as an instance normalisation of folded channels.

use super::Rule;
use super::layer_norm::stored_operand;
use super::rewrite::{Becomes, Found};
use super::source::{Source, rearranges};
use crate::{Attribute, NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "group_norm",
    about: "an instance norm over channels folded into groups, unfolded, scaled and shifted by channel, is a group norm",
    pattern: "Reshape(InstanceNormalization(Reshape(x), ones, zeros)) * w + b",
    find,
};

fn find(source: &Source<'_>, norm: NodeId) -> Option<Found> {
    if source.kind(norm) != "instance_norm" {
        return None;
    }
    let node = source.node(norm);
    let folded = node.input(0)?;
    let (fold, made) = (source.maker(folded).filter(|n| folds(source, *n))?, node.output(0)?);
    if !all_are(source, node.input(1)?, 1.0) || !all_are(source, node.input(2)?, 0.0) {
        return None;
    }
    let unfold = source.only_reader(made).filter(|n| folds(source, *n))?;
    let (x, flat) = (source.node(fold).input(0)?, source.node(unfold).output(0)?);
    let groups = source.dims(folded)?.get(1)?.as_known()?;
    let channels = source.dims(x)?.get(1)?.as_known()?;
    // Whole channels of one example make a group: the first dimension stays, and the groups divide the channels.
    let batch = |t: TensorId| source.dims(t).and_then(|d| d.first());
    if batch(x) != batch(folded)
        || groups == 0
        || channels % groups != 0
        || source.shape(x) != source.shape(flat)
    {
        return None;
    }
    let mut nodes = vec![fold, norm, unfold];
    let (scale, scaled) =
        stored_operand(source, flat, "mul", &mut nodes).map_or((None, flat), |(w, t)| (Some(w), t));
    let (shift, result) = match scale.and_then(|_| stored_operand(source, scaled, "add", &mut nodes)) {
        Some((b, t)) => (Some(b), t),
        None => (None, scaled),
    };
    if ![scale, shift].into_iter().flatten().all(|t| by_channel(source, t, channels)) {
        return None;
    }
    let inputs = [Some(x), scale, shift];
    let kept = inputs.iter().rposition(Option::is_some).map_or(1, |i| i + 1);
    let mut lifted = source.lifted("group_norm", &nodes, &inputs[..kept], result);
    lifted.attributes.set("num_groups", Attribute::Int(groups));
    if let Some(epsilon) = node.attributes.float("epsilon") {
        lifted.attributes.set("epsilon", Attribute::Float(epsilon));
    }
    Some(Found { nodes, becomes: Becomes::Node(Box::new(lifted)) })
}

/// Whether a node folds or unfolds dimensions and moves nothing.
fn folds(source: &Source<'_>, node: NodeId) -> bool {
    rearranges(source.node(node)) && source.kind(node) != "transpose"
}

/// Whether every element of a stored tensor is one number.
fn all_are(source: &Source<'_>, tensor: TensorId, number: f64) -> bool {
    let value = source.graph.tensor(tensor).value.as_ref();
    #[expect(clippy::float_cmp, reason = "ones and zeros are written exactly")]
    value.and_then(|v| v.as_floats()).is_some_and(|v| !v.is_empty() && v.iter().all(|x| *x == number))
}

/// Whether a stored tensor holds one number per channel of what stands with the channels at dimension 1.
fn by_channel(source: &Source<'_>, tensor: TensorId, channels: i64) -> bool {
    let dims = source.dims(tensor);
    dims.and_then(|d| d.iter().map(|d| d.as_known()).collect::<Option<Vec<_>>>()).is_some_and(|d| {
        let start = d.iter().position(|n| *n != 1).unwrap_or(0);
        d.len() > start && d[start..].first() == Some(&channels) && d[start + 1..].iter().all(|n| *n == 1)
            || d.iter().all(|n| *n == 1) && channels == 1
    })
}

//! An image cut into patches, each projected to a row of features.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, NodeId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "patch_embedding",
    about: "a convolution of patches side by side, laid out as a sequence, is a patch embedding",
    pattern: "Transpose(Flatten(Conv(x))) with strides equal to the kernel",
    level: Level::Paper,
    find,
};

/// Rank of a batch of sequences of features.
const SEQUENCE: usize = 3;

fn find(source: &Source<'_>, conv: NodeId) -> Option<Unit> {
    if source.kind(conv) != "conv" {
        return None;
    }
    let node = source.node(conv);
    let strides = node.attributes.ints("strides")?;
    let kernel = match node.attributes.ints("kernel_shape") {
        Some(kernel) => kernel.to_vec(),
        None => source.dims(node.input(1)?)?.get(2..)?.iter().map(|d| d.as_known()).collect::<Option<_>>()?,
    };
    let is_unpadded = node.attributes.ints("pads").is_none_or(|p| p.iter().all(|n| *n == 0));
    let is_patches = kernel.len() >= 2 && kernel == strides && kernel.iter().all(|k| *k > 1);
    if !is_patches || !is_unpadded || node.attributes.int("group").unwrap_or(1) != 1 {
        return None;
    }
    // A sequence that is laid out as a map and shortened is no image any more.
    let from = seek::before(source, node.input(0)?, &mut Vec::new());
    if source.shape(from).rank() == Some(SEQUENCE) {
        return None;
    }
    let channels = seek::channels(source, node.output(0)?)?;
    let mut nodes = vec![conv];
    let mut at = node.output(0)?;
    while let Some(mover) = seek::only_reader(source, at).filter(|n| seek::moves(source, *n)) {
        nodes.push(mover);
        at = source.node(mover).output(0)?;
        if is_sequence(source, at, channels) {
            break;
        }
    }
    let size: Vec<String> = kernel.iter().map(i64::to_string).collect();
    is_sequence(source, at, channels).then(|| Unit {
        nodes,
        title: "patch embedding".to_owned(),
        subtitle: format!("{}, {channels}", size.join("×")),
        category: Category::Embedding,
        ..Unit::default()
    })
}

/// Whether a tensor is a batch of sequences with that many features, in either order of the batch.
fn is_sequence(source: &Source<'_>, tensor: crate::TensorId, features: i64) -> bool {
    let dims = source.dims(tensor).unwrap_or_default();
    dims.len() == SEQUENCE && dims.last().and_then(crate::Dim::as_known) == Some(features)
}

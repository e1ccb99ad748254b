//! The mean over all positions of an image is a global average pooling.

use super::Rule;
use super::rewrite::Found;
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "global_pool",
    about: "the mean over height and width of every channel is a global average pooling",
    pattern: "ReduceMean(x) over the last two of four dimensions",
    find,
};

fn find(source: &Source<'_>, mean: NodeId) -> Option<Found> {
    if source.kind(mean) != "reduce_mean" || source.axes(mean)? != [2, 3] {
        return None;
    }
    let (x, pooled) = source.ends(mean)?;
    (source.shape(x).rank() == Some(4))
        .then(|| source.pointwise("global_avg_pool", vec![mean], (x, pooled), &[]))
}

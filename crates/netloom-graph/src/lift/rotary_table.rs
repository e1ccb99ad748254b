//! The angles of rotary embeddings: one node makes their cosines and sines.

use super::Rule;
use super::cone;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::layers::attention as row;
use crate::{Attribute, NodeId, TensorId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "rotary_table",
    about: "cosines and sines of positions times frequencies, read by rotary embeddings only, are one table",
    pattern: "let a = MatMul(frequencies, positions), repeated: Cos(a) * scale, Sin(a) * scale",
    find,
};

/// The most operators between a sine and the table that is read.
const MAX_STEPS: usize = 8;

fn find(source: &Source<'_>, cos: NodeId) -> Option<Found> {
    if source.kind(cos) != "cos" {
        return None;
    }
    let angles = source.node(cos).input(0)?;
    let mut sines = source.readers(angles).filter(|n| source.kind(*n) == "sin");
    let sin = sines.next().filter(|_| sines.next().is_none())?;
    let ((cosines, mut nodes), (sines, more)) =
        (table(source, cos, row::COS, 1)?, table(source, sin, row::SIN, 2)?);
    nodes.extend(more);
    let group = cone::behind(source, &nodes, |n| {
        let node = source.node(n);
        let known = node.layer.is_some_and(|l| (l.macs)(source.graph, node).is_some());
        known
            && source.graph.regions_of(n).next().is_none()
            && !matches!(source.kind(n), "attention" | "linear")
    });
    let (given, stored) = cone::inputs(source, &group);
    let learned: Vec<TensorId> = stored.into_iter().filter(|t| source.is_learned(*t)).collect();
    let positions = given.first().copied();
    let mut inputs = vec![positions, learned.first().copied()];
    inputs.extend(given.into_iter().skip(1).map(Some));
    while inputs.last() == Some(&None) {
        inputs.pop();
    }
    if learned.len() > 1 {
        return None;
    }
    let mut node = source.lifted("rotary_table", &[cos, sin], &inputs, cosines);
    node.outputs.push(Some(sines));
    node.attributes.set("macs", Attribute::Int(i64::try_from(source.macs(&group)?).ok()?));
    Some(Found { nodes: group, becomes: Becomes::Node(Box::new(node)) })
}

/// From a cosine or sine to what attentions and rotary embeddings read at these inputs.
fn table(
    source: &Source<'_>,
    from: NodeId,
    attention: usize,
    rotary: usize,
) -> Option<(TensorId, Vec<NodeId>)> {
    let mut nodes = vec![from];
    for _ in 0..MAX_STEPS {
        let at = source.node(*nodes.last()?).output(0)?;
        let reads = |(node, input): &(NodeId, usize)| {
            let at = if source.kind(*node) == "attention" { attention } else { rotary };
            matches!(source.kind(*node), "attention" | "rotary") && *input == at
        };
        let readers = &source.graph.tensor(at).consumers;
        if !source.is_result(at) && !readers.is_empty() && readers.iter().all(reads) {
            return Some((at, nodes));
        }
        let next = source.only_reader(at)?;
        let scales = super::attention::is_step(source, source.node(next).output(0)?);
        nodes.push(Some(next).filter(|_| scales)?);
    }
    None
}

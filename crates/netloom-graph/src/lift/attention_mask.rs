//! All that only works out which positions an attention hides.

use super::Rule;
use super::attention::is_causal;
use super::cone;
use super::rewrite::{Becomes, Found};
use super::source::Source;
use crate::layers::{attention as row, rules};
use crate::{Attribute, Category, NodeId};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "attention_mask",
    about: "comparisons, choices and shape arithmetic that only make the mask of attentions are one mask",
    pattern: "Attention(q, k, v, mask): all operators that only serve the mask, as far as none learns or multiplies \
              matrices",
    find,
};

/// The most tensors that a mask is made from.
const MAX_INPUTS: usize = 12;

fn find(source: &Source<'_>, root: NodeId) -> Option<Found> {
    let &[Some(mask)] = source.node(root).outputs.as_slice() else { return None };
    let is_mask = |(node, at): &(NodeId, usize)| {
        source.kind(*node) == "attention"
            && source.node(*node).domain == "loom"
            && (*at == row::MASK || *at >= row::MASKS)
    };
    if source.kind(root) == "attention_mask" || !may_serve(source, root) {
        return None;
    }
    let readers = &source.graph.tensor(mask).consumers;
    if readers.is_empty() || !readers.iter().all(is_mask) {
        return None;
    }
    let group = cone::behind(source, &[root], |n| may_serve(source, n));
    let (mut given, _) = cone::inputs(source, &group);
    // What is stored and only rearranged may hold anything.
    if given.is_empty() && group.iter().all(|n| rules::passes(source.node(*n), 0)) {
        return None;
    }
    // Numbers that no run of the model changes need no arrow.
    let known = |t: &crate::TensorId| {
        source.graph.tensor(*t).value.as_ref().is_some_and(|v| v.known_ints().is_some())
    };
    given.retain(|t| !known(t));
    if given.len() > MAX_INPUTS {
        return None;
    }
    let inputs: Vec<_> = given.into_iter().map(Some).collect();
    let mut node = source.lifted("attention_mask", &group, &inputs, mask);
    // The last of the group is not always its root.
    node.name.clone_from(&source.node(root).name);
    // An attention that has no other mask was proved to see no later key before it took in what made this one.
    let alone = |n: NodeId| {
        let reader = source.node(n);
        let others = [row::BIAS, row::MASKS].into_iter().any(|i| reader.input(i).is_some());
        reader.attributes.int("causal") == Some(1) && reader.input(row::MASK) == Some(mask) && !others
    };
    if is_causal(source, mask) || source.readers(mask).all(alone) {
        node.attributes.set("causal", Attribute::Int(1));
    }
    Some(Found { nodes: group, becomes: Becomes::Node(Box::new(node)) })
}

fn may_serve(source: &Source<'_>, id: NodeId) -> bool {
    let node = source.node(id);
    let Some(layer) = node.layer else { return false };
    let plain = matches!(
        layer.category,
        Category::Elementwise | Category::Shape | Category::Constant | Category::Merge | Category::Reduce
    ) || matches!(layer.name, "cast" | "cast_like" | "clip");
    plain
        && !source.learns(id)
        && (layer.macs)(source.graph, node) == Some(0)
        && source.graph.regions_of(id).next().is_none()
        && !matches!(layer.name, "rotary" | "attention_mask")
}

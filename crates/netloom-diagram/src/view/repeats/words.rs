//! What tells one block of a run from the typical one, in a person's words.

use std::collections::BTreeSet;

use netloom_graph::repeats::{Aspect, Change, Differences};
use netloom_graph::skips::Residual;
use netloom_graph::{Category, Dim, NodeId, Producer, TensorId, layers};

use super::Facts;
use crate::number;
use crate::view::Detail;

/// What two blocks are given, for widths that follow from it.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) typical: TensorId,
    pub(super) other: TensorId,
}

/// The words for the second of two compared blocks, the first being the typical one; none where all follows from what
/// the blocks are given, `None` where something differs that has no words.
pub(super) fn words(facts: &Facts<'_>, found: &Differences, given: Given) -> Option<Vec<String>> {
    let mut teller = Teller { facts, found, given, explained: BTreeSet::new(), lists: Default::default() };
    teller.skips();
    for change in &found.changes {
        if facts.is_shown(change.left) || facts.is_shown(change.right) {
            teller.change(change)?;
        }
    }
    for (nodes, word) in [(&found.only_left, "no"), (&found.only_right, "with")] {
        for n in nodes.iter().filter(|n| facts.is_shown(**n)) {
            if !teller.explained.contains(n) {
                teller.say(Order::Parts, format!("{word} {}", title(facts, *n)));
            }
        }
    }
    Some(teller.lists.into_iter().flatten().collect())
}

/// In which order differences are told.
#[derive(Clone, Copy)]
enum Order {
    Stride,
    Skip,
    Window,
    Parts,
    Width,
}

struct Teller<'a> {
    facts: &'a Facts<'a>,
    found: &'a Differences,
    given: Given,
    /// Operators whose presence or wiring the words for skips tell.
    explained: BTreeSet<NodeId>,
    lists: [Vec<String>; 5],
}

impl Teller<'_> {
    fn say(&mut self, order: Order, words: String) {
        let list = &mut self.lists[order as usize];
        if !list.contains(&words) {
            list.push(words);
        }
    }

    /// By-passes that only one block has, or that only one projects.
    fn skips(&mut self) {
        let (facts, found) = (self.facts, self.found);
        let residual = |n: &NodeId| facts.residuals.get(n);
        let all = |r: &Residual| r.bypass.iter().copied().chain([r.add]).collect::<Vec<_>>();
        let alone = |n: &NodeId| (Some(*n), None);
        let pairs = found.pairs.iter().map(|(l, r)| (Some(*l), Some(*r)));
        let only_left = found.only_left.iter().map(alone);
        let only_right = found.only_right.iter().map(|n| (None, Some(*n)));
        for (left, right) in pairs.chain(only_left).chain(only_right) {
            let (x, y) = (left.as_ref().and_then(residual), right.as_ref().and_then(residual));
            let words = match (x.map(|r| r.projection), y.map(|r| r.projection)) {
                (None, None) => continue,
                (Some(_), None) => Some("no skip".to_owned()),
                (None, Some(_)) => Some("with skip".to_owned()),
                (Some(Some(_)), Some(None)) => Some("plain skip".to_owned()),
                (Some(a), Some(Some(b))) if a.map(|n| window(facts, n)) != Some(window(facts, b)) => {
                    Some(format!("skip {}", window(facts, b)))
                }
                _ => None,
            };
            for r in x.into_iter().chain(y) {
                self.explained.extend(all(r));
            }
            if let Some(words) = words {
                self.say(Order::Skip, words);
            }
        }
    }

    fn change(&mut self, change: &Change) -> Option<()> {
        let graph = self.facts.graph;
        let (left, right) = (graph.node(change.left), graph.node(change.right));
        let category = layers::effective(graph, right)?.category;
        let changes =
            |aspect: &Aspect| self.found.changes.iter().any(|c| c.right == change.right && c.what == *aspect);
        if changes(&Aspect::Operator) {
            self.say(Order::Parts, title(self.facts, change.right));
            return Some(());
        }
        match &change.what {
            Aspect::Attribute(name) => match name.as_str() {
                "strides" | "stride" => {
                    let stride =
                        right.attributes.ints(name).and_then(|s| s.iter().max().copied()).unwrap_or(1);
                    let words = if stride > 1 { format!("/{stride}") } else { "stride 1".to_owned() };
                    self.say(Order::Stride, words);
                }
                // What pads keep the size in is told by the window and its stride.
                "pads" | "padding" | "pad" | "auto_pad" => {
                    let moves = ["strides", "stride", "kernel_shape", "kernel", "dilations", "dilation"];
                    if !moves.iter().any(|m| changes(&Aspect::Attribute((*m).to_owned()))) {
                        return None;
                    }
                }
                "kernel_shape" | "kernel" => self.say(Order::Window, window(self.facts, change.right)),
                "dilations" | "dilation" => {
                    let most = right.attributes.ints(name).and_then(|d| d.iter().max().copied()).unwrap_or(1);
                    self.say(Order::Window, format!("dilation {most}"));
                }
                "group" | "groups" => {
                    let groups = right.attributes.int(name).unwrap_or(1);
                    if !(self.is_depthwise(change.left) && self.is_depthwise(change.right)) {
                        self.say(Order::Width, format!("{groups} groups"));
                    }
                }
                _ => {
                    let value = right.attributes.int(name).map(|n| n.to_string());
                    let value = value.or_else(|| right.attributes.float(name).map(number::float))?;
                    self.say(Order::Parts, format!("{} {value}", name.replace('_', " ")));
                }
            },
            Aspect::Weight(_) => match category {
                Category::Conv => {
                    let (a, b) = (window(self.facts, change.left), window(self.facts, change.right));
                    if a != b {
                        self.say(Order::Window, b);
                    }
                }
                Category::Linear | Category::Norm | Category::Recurrent | Category::Attention => {}
                _ => return None,
            },
            // A target size follows from what is resized.
            Aspect::Setting(_) if category == Category::Upsample => {}
            Aspect::Setting(_) => return None,
            Aspect::Wiring(at) => {
                let maker = |node: &netloom_graph::Node| {
                    let tensor = node.inputs.get(*at).copied().flatten()?;
                    match graph.tensor(graph.origin(tensor)).producer {
                        Producer::Node(id, _) => Some(id),
                        _ => None,
                    }
                };
                let is_new = |n: Option<NodeId>, list: &[NodeId]| n.is_some_and(|n| list.contains(&n));
                let told = self.explained.contains(&change.right)
                    || is_new(maker(left), &self.found.only_left)
                    || is_new(maker(right), &self.found.only_right);
                if !told {
                    return None;
                }
            }
            Aspect::Inputs => return None,
            Aspect::Output(0) if matches!(category, Category::Conv | Category::Linear) => {
                self.width(change, category)
            }
            Aspect::Output(_) | Aspect::Operator => {}
        }
        Some(())
    }

    /// Tells a width that differs, unless it is the same share of what the blocks are given.
    fn width(&mut self, change: &Change, category: Category) {
        let graph = self.facts.graph;
        let of = |n: NodeId| graph.node(n).output(0).and_then(|t| channels(self.facts, t));
        let (Some(a), Some(b)) = (of(change.left), of(change.right)) else { return };
        if a == b || self.is_depthwise(change.left) && self.is_depthwise(change.right) {
            return;
        }
        let given = (channels(self.facts, self.given.typical), channels(self.facts, self.given.other));
        let follows = matches!(given, (Some(x), Some(y)) if a.checked_mul(y) == b.checked_mul(x));
        if !follows || self.facts.detail == Detail::Implement {
            let unit = if category == Category::Conv { "channels" } else { "wide" };
            self.say(Order::Width, format!("{} {unit}", number::dim(&Dim::Known(b))));
        }
    }

    fn is_depthwise(&self, n: NodeId) -> bool {
        let node = self.facts.graph.node(n);
        let groups = node.attributes.int("group").or_else(|| node.attributes.int("groups"));
        let channels = node.output(0).and_then(|t| channels(self.facts, t));
        groups.is_some_and(|g| g > 1) && groups == channels
    }
}

/// The channels of a map, or the width of a sequence.
pub(super) fn channels(facts: &Facts<'_>, tensor: TensorId) -> Option<i64> {
    match facts.graph.tensor(tensor).ty.shape().dims()? {
        [_, channels, _, _] | [_, channels, _, _, _] => channels.as_known(),
        [.., width] => width.as_known(),
        [] => None,
    }
}

/// The window of a convolution or pooling, `1×1`; what kind of layer anything else is.
fn window(facts: &Facts<'_>, n: NodeId) -> String {
    let graph = facts.graph;
    let node = graph.node(n);
    let stored = || {
        node.inputs
            .iter()
            .flatten()
            .skip(1)
            .find_map(|t| graph.tensor(graph.origin(*t)).ty.shape().dims()?.get(2..))
    };
    let sizes: Vec<String> =
        match node.attributes.ints("kernel_shape").or_else(|| node.attributes.ints("kernel")) {
            Some(kernel) => kernel.iter().map(ToString::to_string).collect(),
            None => stored().unwrap_or_default().iter().map(number::dim).collect(),
        };
    match sizes.len() {
        0 => layers::effective(graph, node).map_or_else(String::new, |l| l.name.replace('_', " ")),
        _ => sizes.join("×"),
    }
}

/// What an operator is called without its numbers.
fn title(facts: &Facts<'_>, n: NodeId) -> String {
    let (graph, node) = (facts.graph, facts.graph.node(n));
    let title = layers::effective(graph, node).map(|l| (l.label)(graph, node).title);
    let title = title.unwrap_or_else(|| node.op.clone());
    title.split(',').next().unwrap_or_default().replace('_', " ")
}

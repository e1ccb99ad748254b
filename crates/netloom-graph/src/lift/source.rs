//! What a rule sees: one graph, with questions about who makes, reads and learns what.

use super::rewrite::{Becomes, Found};
use crate::layers::rules;
use crate::summary::learned::{self, Learned};
use crate::{Attribute, Dim, Graph, Node, NodeId, Producer, Shape, TensorId};

/// How far two numbers of a formula may lie apart, relative to the larger: files round to 16 bits.
const TOLERANCE: f64 = 2e-3;

/// The most nodes that a scale may be computed by.
const MAX_SCALE_NODES: usize = 32;

/// How deep the operators that compute a scale may nest.
const MAX_SCALE_DEPTH: usize = 8;

/// A graph under inspection.
pub(crate) struct Source<'a> {
    pub graph: &'a Graph,
    facts: Facts,
}

/// What takes a walk over the whole graph to know; it holds until the graph changes.
pub(super) struct Facts {
    learned: Learned,
    results: Vec<bool>,
}

/// Which tensors are results of the model or of a body.
pub(super) fn results(graph: &Graph) -> Vec<bool> {
    let mut results = vec![false; graph.tensors().len()];
    let of_regions = graph.regions().flat_map(|(_, r)| &r.outputs);
    for tensor in graph.outputs.iter().chain(of_regions) {
        results[tensor.index()] = true;
    }
    results
}

/// Whether two numbers of a formula are the same.
pub(super) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

/// Whether a node only hands numbers on in another arrangement.
pub(super) fn rearranges(node: &Node) -> bool {
    let kind = node.layer.map_or("", |l| l.name);
    matches!(kind, "reshape" | "flatten" | "transpose" | "squeeze" | "unsqueeze") && rules::passes(node, 0)
}

impl<'a> Source<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        Self::with(graph, Facts { learned: learned::find(graph), results: results(graph) })
    }

    /// The same graph, with what is known of it.
    pub(super) fn with(graph: &'a Graph, facts: Facts) -> Self {
        Self { graph, facts }
    }

    pub(super) fn into_facts(self) -> Facts {
        self.facts
    }

    pub fn node(&self, id: NodeId) -> &'a Node {
        self.graph.node(id)
    }

    /// The canonical kind of a node; empty for an operator nobody knows.
    pub fn kind(&self, id: NodeId) -> &'static str {
        self.node(id).layer.map_or("", |l| l.name)
    }

    /// The node that makes a tensor.
    pub fn maker(&self, tensor: TensorId) -> Option<NodeId> {
        match self.graph.tensor(tensor).producer {
            Producer::Node(id, _) => Some(id),
            _ => None,
        }
    }

    /// The node of this kind that makes a tensor.
    pub fn made_by(&self, tensor: TensorId, kind: &str) -> Option<NodeId> {
        self.maker(tensor).filter(|id| self.kind(*id) == kind)
    }

    /// The only reader of a tensor that is no result.
    pub fn only_reader(&self, tensor: TensorId) -> Option<NodeId> {
        match self.graph.tensor(tensor).consumers.as_slice() {
            [(id, _)] if !self.is_result(tensor) => Some(*id),
            _ => None,
        }
    }

    /// Every reader of a tensor, in file order.
    pub fn readers(&self, tensor: TensorId) -> impl Iterator<Item = NodeId> + 'a {
        self.graph.tensor(tensor).consumers.iter().map(|(id, _)| *id)
    }

    pub fn is_result(&self, tensor: TensorId) -> bool {
        self.facts.results[tensor.index()]
    }

    pub fn shape(&self, tensor: TensorId) -> &'a Shape {
        self.graph.tensor(tensor).ty.shape()
    }

    pub fn dims(&self, tensor: TensorId) -> Option<&'a [Dim]> {
        self.shape(tensor).dims()
    }

    /// The first input and the first output of a node.
    pub fn ends(&self, id: NodeId) -> Option<(TensorId, TensorId)> {
        let node = self.node(id);
        Some((node.input(0)?, node.output(0)?))
    }

    /// Both inputs of a node of two inputs.
    pub fn pair(&self, id: NodeId) -> Option<(TensorId, TensorId)> {
        match self.node(id).inputs.as_slice() {
            [Some(a), Some(b)] => Some((*a, *b)),
            _ => None,
        }
    }

    /// The other of two inputs.
    pub fn beside(&self, id: NodeId, tensor: TensorId) -> Option<TensorId> {
        let (a, b) = self.pair(id)?;
        if a == tensor { Some(b) } else { (b == tensor).then_some(a) }
    }

    /// A number known without running the model.
    pub fn number(&self, tensor: TensorId) -> Option<f64> {
        let value = self.graph.tensor(tensor).value.as_ref().filter(|v| v.len() == 1)?;
        if let Some(floats) = value.as_floats() {
            return floats.first().copied();
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of formulas are small")]
        value.as_ints()?.first()?.as_known().map(|n| n as f64)
    }

    /// A fixed number, worked out where it is computed by a few operators.
    pub(super) fn fixed(&self, tensor: TensorId) -> Option<f64> {
        self.work_out(tensor, MAX_SCALE_DEPTH).filter(|n| n.is_finite())
    }

    fn work_out(&self, tensor: TensorId, depth: usize) -> Option<f64> {
        if let Some(number) = self.number(tensor) {
            return Some(number);
        }
        let depth = depth.checked_sub(1)?;
        let node = self.node(self.maker(tensor)?);
        let of = |input: usize| self.work_out(node.input(input)?, depth);
        match node.layer?.name {
            "sqrt" => Some(of(0)?.sqrt()),
            "reciprocal" => Some(1.0 / of(0)?),
            "cast" | "cast_like" | "identity" | "reshape" | "squeeze" | "unsqueeze" => of(0),
            "mul" => Some(of(0)? * of(1)?),
            "div" => Some(of(0)? / of(1)?),
            "pow" => match of(1)? {
                0.5 => Some(of(0)?.sqrt()),
                -0.5 => Some(1.0 / of(0)?.sqrt()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a tensor is one number that no run of the model changes: stored, or computed from stored numbers and
    /// shapes.
    pub fn is_fixed_number(&self, tensor: TensorId) -> bool {
        self.shape(tensor).elements() == Some(1) && self.is_fixed(tensor)
    }

    /// Whether no run of the model changes a tensor: it is stored, or computed from stored tensors and shapes.
    pub(super) fn is_fixed(&self, tensor: TensorId) -> bool {
        let mut work = vec![tensor];
        let mut seen = 0;
        while let Some(tensor) = work.pop() {
            seen += 1;
            if seen > MAX_SCALE_NODES {
                return false;
            }
            match self.graph.tensor(tensor).producer {
                Producer::Stored => {}
                Producer::Node(id, _) if self.kind(id) == "shape" => {}
                Producer::Node(id, _) if self.node(id).layer.is_some() => {
                    work.extend(self.node(id).inputs.iter().flatten());
                }
                _ => return false,
            }
        }
        true
    }

    /// Axes of a reduction, given as a setting or as a stored input, counted from the front.
    pub fn axes(&self, id: NodeId) -> Option<Vec<usize>> {
        let node = self.node(id);
        let rank = self.shape(node.input(0)?).rank()?;
        let axes = match (node.attributes.ints("axes"), node.input(1)) {
            (Some(axes), _) => axes.to_vec(),
            (None, Some(axes)) => self.graph.tensor(axes).value.as_ref()?.known_ints()?,
            (None, None) => return None,
        };
        let mut axes: Vec<usize> =
            axes.iter().map(|a| crate::infer::normal_axis(*a, rank).ok()).collect::<Option<_>>()?;
        axes.sort_unstable();
        axes.dedup();
        Some(axes)
    }

    /// Whether a reduction is over the last dimensions and keeps them as ones.
    pub fn reduces_last(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let rank = node.input(0).and_then(|x| self.shape(x).rank());
        let (Some(axes), Some(rank)) = (self.axes(id), rank) else { return false };
        let last = axes.iter().rev().enumerate().all(|(i, axis)| axis + i + 1 == rank);
        last && !axes.is_empty() && node.attributes.int("keepdims").unwrap_or(1) != 0
    }

    /// Adds the nodes that feed only the group and compute fixed numbers for it, such as a scale from a shape.
    pub fn with_feeders(&self, nodes: &[NodeId], numbers: &[TensorId]) -> Vec<NodeId> {
        let mut group = nodes.to_vec();
        let mut work: Vec<TensorId> = numbers.to_vec();
        let most = nodes.len() + MAX_SCALE_NODES;
        while let Some(tensor) = work.pop() {
            let Some(maker) = self.maker(tensor) else { continue };
            if group.len() >= most || group.contains(&maker) || !self.is_inside(&group, maker) {
                continue;
            }
            group.push(maker);
            if self.kind(maker) != "shape" {
                work.extend(self.node(maker).inputs.iter().flatten());
            }
        }
        group
    }

    /// Whether all that a node makes is read inside a group only.
    pub(super) fn is_inside(&self, group: &[NodeId], id: NodeId) -> bool {
        let outputs = self.node(id).outputs.iter().flatten();
        outputs.into_iter().all(|t| self.is_private(group, *t))
    }

    /// Whether a tensor is read inside a group only.
    pub fn is_private(&self, group: &[NodeId], tensor: TensorId) -> bool {
        !self.is_result(tensor) && self.readers(tensor).all(|n| group.contains(&n))
    }

    /// Whether a group may be replaced: all but its results private, one body, same learned tensors, same cost, and
    /// nothing that it makes comes back to it.
    pub(super) fn allows(&self, found: &Found) -> bool {
        let group = &found.nodes;
        let Becomes::Node(new) = &found.becomes else { return true };
        let private = group.iter().flat_map(|n| self.node(*n).outputs.iter().flatten());
        let mut private = private.filter(|t| !new.outputs.contains(&Some(**t)));
        if !private.all(|t| self.is_private(group, *t)) {
            return false;
        }
        // Where every result needs every input, no input can need a result.
        if new.outputs.len() > 1 {
            let needs = |t: &TensorId| self.needs(group, *t);
            let mut sets = new.outputs.iter().flatten().map(needs);
            let first = sets.next();
            if !sets.all(|set| first.as_ref() == Some(&set)) {
                return false;
            }
        }
        // In a broken file two nodes may claim one tensor.
        let made_here = |n: NodeId| self.node(n).outputs.iter().flatten().all(|t| self.maker(*t) == Some(n));
        if group.iter().any(|n| self.node(*n).region != new.region || !made_here(*n)) {
            return false;
        }
        let mut before: Vec<TensorId> =
            group.iter().flat_map(|n| self.facts.learned.read_by(*n)).copied().collect();
        let positions = new.layer.map_or(&[][..], |l| l.learned);
        let read = positions.iter().filter_map(|p| new.input(*p));
        let mut after: Vec<TensorId> = read.flat_map(|t| self.facts.learned.behind(self.graph, t)).collect();
        for list in [&mut before, &mut after] {
            list.sort_unstable();
            list.dedup();
        }
        let cost = new.layer.and_then(|l| (l.macs)(self.graph, new));
        before == after && cost == self.macs(group)
    }

    /// What a tensor that a group makes needs from outside: tensors that nodes make, in order.
    fn needs(&self, group: &[NodeId], tensor: TensorId) -> Vec<TensorId> {
        let (mut seen, mut outside, mut work) = (Vec::new(), Vec::new(), vec![tensor]);
        while let Some(tensor) = work.pop() {
            let Some(maker) = self.maker(tensor) else { continue };
            if !group.contains(&maker) {
                outside.push(tensor);
            } else if !seen.contains(&maker) {
                seen.push(maker);
                work.extend(self.node(maker).inputs.iter().flatten());
            }
        }
        outside.sort_unstable();
        outside.dedup();
        outside
    }

    /// Whether a stored tensor is learned.
    pub(super) fn is_learned(&self, tensor: TensorId) -> bool {
        self.facts.learned.tensors.binary_search(&tensor).is_ok()
    }

    /// The learned tensors that a node uses.
    pub(super) fn learned_by(&self, id: NodeId) -> &[TensorId] {
        self.facts.learned.read_by(id)
    }

    /// Whether a node uses anything learned.
    pub(super) fn learns(&self, id: NodeId) -> bool {
        !self.facts.learned.read_by(id).is_empty()
    }

    /// Multiply-adds of a group.
    pub fn macs(&self, group: &[NodeId]) -> Option<u64> {
        group.iter().try_fold(0u64, |sum, id| {
            let node = self.node(*id);
            sum.checked_add((node.layer?.macs)(self.graph, node)?)
        })
    }

    /// A node of a canonical kind in the place of others; the last of `core` gives it its name.
    pub fn lifted(&self, kind: &str, core: &[NodeId], inputs: &[Option<TensorId>], output: TensorId) -> Node {
        let mut node = Node::in_domain("loom", kind, 0, self.graph.common_module(core));
        if let Some(last) = core.last() {
            node.region = self.node(*last).region;
            node.name.clone_from(&self.node(*last).name);
        }
        node.with_inputs(inputs.iter().copied()).with_outputs([Some(output)])
    }

    /// A group that becomes one pointwise layer of one input.
    pub(super) fn pointwise(
        &self,
        kind: &str,
        nodes: Vec<NodeId>,
        ends: (TensorId, TensorId),
        settings: &[(&str, Attribute)],
    ) -> Found {
        let mut core = nodes.clone();
        core.sort_unstable();
        let mut node = self.lifted(kind, &core, &[Some(ends.0)], ends.1);
        for (name, value) in settings {
            node.attributes.set(*name, value.clone());
        }
        Found { nodes, becomes: Becomes::Node(Box::new(node)) }
    }
}

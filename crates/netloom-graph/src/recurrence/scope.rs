//! What the search asks about a graph: order, what is fixed before the model runs, and which nodes are alike.

use crate::repeats::{equal_types, equal_values};
use crate::summary::learned::{self, Learned};
use crate::{Category, Graph, Node, NodeId, Producer, TensorId};

/// A graph under inspection.
pub(super) struct Scope<'a> {
    pub graph: &'a Graph,
    pub learned: Learned,
    /// Nodes in order of execution.
    pub order: Vec<NodeId>,
    /// The place of each node in that order.
    pub rank: Vec<usize>,
    /// Tensors that do not depend on what the model is given.
    fixed: Vec<bool>,
}

/// An operator that picks an element at a fixed place, by input positions.
const PICKS: &[&str] = &["Gather", "Slice"];

impl<'a> Scope<'a> {
    /// `None` for a graph with a cycle.
    pub fn new(graph: &'a Graph) -> Option<Self> {
        let (order, cycle) = crate::infer::topological(graph);
        if cycle.is_some() {
            return None;
        }
        let mut rank = vec![0; order.len()];
        for (at, id) in order.iter().enumerate() {
            rank[id.index()] = at;
        }
        let mut fixed: Vec<bool> = graph.tensors().map(|(_, t)| t.is_stored() || t.value.is_some()).collect();
        for id in &order {
            let node = graph.node(*id);
            let is_random =
                node.op.starts_with("Random") || matches!(node.op.as_str(), "Bernoulli" | "Multinomial");
            let sizes_only = matches!(node.op.as_str(), "Shape" | "Size");
            let inputs_fixed = node.inputs.iter().flatten().all(|t| fixed[t.index()]);
            if sizes_only || inputs_fixed && !is_random && graph.regions_of(*id).next().is_none() {
                for t in node.outputs.iter().flatten() {
                    fixed[t.index()] = true;
                }
            }
        }
        Some(Self { graph, learned: learned::find(graph), order, rank, fixed })
    }

    pub fn node(&self, id: NodeId) -> &'a Node {
        self.graph.node(id)
    }

    pub fn is_fixed(&self, tensor: TensorId) -> bool {
        self.fixed[tensor.index()]
    }

    /// Whether a node may be part of a step.
    pub fn is_eligible(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let moves = node.outputs.iter().flatten().any(|t| !self.is_fixed(*t));
        moves && node.region.is_none() && self.graph.regions_of(id).next().is_none()
    }

    /// The node that makes a tensor, and which of its outputs it is.
    pub fn maker(&self, tensor: TensorId) -> Option<(NodeId, usize)> {
        match self.graph.tensor(tensor).producer {
            Producer::Node(id, output) => Some((id, output)),
            _ => None,
        }
    }

    /// The first learned matrix that a node uses: what a step is told by.
    pub fn matrix(&self, id: NodeId) -> Option<TensorId> {
        let is_matrix = |t: &TensorId| {
            let dims = self.graph.tensor(*t).ty.shape().dims().unwrap_or_default();
            dims.iter().filter(|d| d.as_known() != Some(1)).count() > 1
        };
        self.learned.read_by(id).iter().copied().find(|t| is_matrix(t))
    }

    /// Whether a node is one step of a recurrent network. In a first step, what only the state is multiplied with may
    /// be lacking, and its operands may come in another order.
    fn is_cell(&self, id: NodeId) -> bool {
        let node = self.node(id);
        node.domain == "loom" && node.layer.is_some_and(|l| l.category == Category::Recurrent)
    }

    /// What a node reads where another of a later step reads its input.
    pub fn operand(&self, node: NodeId, model: Option<NodeId>, input: usize) -> Option<TensorId> {
        match model.filter(|m| *m != node && self.is_cell(*m) && self.is_cell(node)) {
            Some(model) => self.first_operands(node, model).get(input).copied().flatten(),
            None => self.node(node).input(input),
        }
    }

    /// The operands of the first step of a cell in the order of a later step.
    fn first_operands(&self, first: NodeId, later: NodeId) -> Vec<Option<TensorId>> {
        let is_learned =
            |id: NodeId, input: usize| self.node(id).layer.is_some_and(|l| l.learned.contains(&input));
        let data = |id: NodeId| {
            let inputs = self.node(id).inputs.iter().enumerate();
            inputs.filter(move |(i, _)| !is_learned(id, *i)).filter_map(|(_, t)| *t).collect::<Vec<_>>()
        };
        let typed =
            |a: TensorId, b: TensorId| equal_types(&self.graph.tensor(a).ty, &self.graph.tensor(b).ty);
        let made_alike = |a: TensorId, b: TensorId| match (self.maker(a), self.maker(b)) {
            (Some((a, i)), Some((b, j))) => i == j && self.are_alike(a, b),
            (None, None) => a == b,
            _ => false,
        };
        let mut left = data(first);
        let mut found = vec![None; self.node(later).inputs.len()];
        for exact in [true, false] {
            for (i, wanted) in self.node(later).inputs.iter().enumerate() {
                let Some(wanted) = wanted.filter(|_| found[i].is_none() && !is_learned(later, i)) else {
                    continue;
                };
                let fits = |t: &TensorId| typed(*t, wanted) && (!exact || made_alike(*t, wanted));
                if let Some(at) = left.iter().position(fits) {
                    found[i] = Some(left.remove(at));
                }
            }
        }
        found
    }

    /// Whether a node takes a part of its first input at a place that is known.
    pub fn picks(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let rest = node.inputs.iter().skip(1).flatten();
        node.domain.is_empty()
            && PICKS.contains(&node.op.as_str())
            && node.input(0).is_some_and(|t| !self.is_fixed(t))
            && rest.into_iter().all(|t| self.graph.tensor(*t).value.is_some())
    }

    /// Where a node picks its element: the index of a gather, the start of a slice.
    pub fn place_picked(&self, id: NodeId) -> Option<i64> {
        let index = self.node(id).input(1)?;
        match self.graph.tensor(index).value.as_ref()?.known_ints()?.as_slice() {
            [index] => Some(*index),
            _ => None,
        }
    }

    /// Whether two nodes do the same: operator, settings, sizes and learned tensors. Where an element is picked does
    /// not count.
    pub fn are_alike(&self, a: NodeId, b: NodeId) -> bool {
        self.agree(a, b, |_, _| false) && self.learned.read_by(a) == self.learned.read_by(b)
    }

    /// Whether a node does in the first step what another does in a later one: a first state may be fixed, such as
    /// zeros.
    pub fn begins_like(&self, first: NodeId, later: NodeId) -> bool {
        if self.is_cell(first) && self.is_cell(later) {
            let size = |id: NodeId| self.node(id).attributes.int("hidden_size");
            return self.node(first).op == self.node(later).op
                && size(first) == size(later)
                && self.matrix(first) == self.matrix(later)
                && self.make_alike(self.node(first), self.node(later));
        }
        let (before, after) = (self.learned.read_by(first), self.learned.read_by(later));
        let is_first_state = |a: TensorId, b: TensorId| self.is_fixed(a) && !self.is_fixed(b);
        self.agree(first, later, is_first_state) && after.iter().all(|t| before.contains(t))
    }

    /// Whether two nodes agree in operator, settings and sizes, apart from known numbers where `free` says so.
    fn agree(&self, a: NodeId, b: NodeId, free: impl Fn(TensorId, TensorId) -> bool) -> bool {
        let (x, y) = (self.node(a), self.node(b));
        let picked = self.picks(a) && self.picks(b);
        let read = |a: &[Option<TensorId>], b: &[Option<TensorId>]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|pair| match pair {
                    (Some(a), Some(b)) => {
                        let (left, right) = (self.graph.tensor(*a), self.graph.tensor(*b));
                        let same_value = a == b
                            || match (&left.value, &right.value) {
                                (Some(x), Some(y)) => equal_values(x, y),
                                (None, None) => true,
                                _ => false,
                            };
                        equal_types(&left.ty, &right.ty) && (picked || same_value || free(*a, *b))
                    }
                    (None, None) => true,
                    _ => false,
                })
        };
        x.op == y.op
            && x.domain == y.domain
            && x.attributes == y.attributes
            && self.make_alike(x, y)
            && read(&x.inputs, &y.inputs)
    }

    /// Whether two nodes make tensors of equal types. What nothing reads a cell does not make.
    fn make_alike(&self, a: &Node, b: &Node) -> bool {
        let is_cell = a.layer.is_some_and(|l| l.category == Category::Recurrent);
        (a.outputs.len() == b.outputs.len() || is_cell)
            && a.outputs.iter().zip(&b.outputs).all(|pair| match pair {
                (Some(a), Some(b)) => equal_types(&self.graph.tensor(*a).ty, &self.graph.tensor(*b).ty),
                (a, b) => is_cell || a.is_none() == b.is_none(),
            })
    }
}

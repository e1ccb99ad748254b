//! What recurrent cells share: gates computed from the input and the state, and one node in place of them.

use super::cone;
use super::rewrite::{Becomes, Found};
use super::source::{Source, rearranges};
use crate::layers::{self, recurrent as row};
use crate::{Attribute, NodeId, TensorId};

/// The most operators of one cell.
const MAX_NODES: usize = 96;

/// The operators of a cell, and the data that they read.
pub(super) struct Cell {
    pub nodes: Vec<NodeId>,
    pub data: Vec<TensorId>,
}

impl Cell {
    /// A cell of these operators so far, which reads this state.
    pub fn new(nodes: Vec<NodeId>, state: Option<TensorId>) -> Self {
        Self { nodes, data: state.into_iter().collect() }
    }

    /// Takes in a sum of linear layers, cut into gates, back to what the layers read.
    pub fn follow(&mut self, source: &Source<'_>, sum: TensorId) -> Option<()> {
        let mut work = vec![sum];
        while let Some(tensor) = work.pop() {
            if layers::is_stored(source.graph, tensor) {
                continue;
            }
            let maker = source.maker(tensor)?;
            if self.nodes.contains(&maker) {
                continue;
            }
            if self.nodes.len() >= MAX_NODES {
                return None;
            }
            self.nodes.push(maker);
            let node = source.node(maker);
            match layers::effective(source.graph, node)?.name {
                "linear" | "conv" => {
                    let data =
                        node.inputs.iter().flatten().find(|t| !layers::is_stored(source.graph, **t))?;
                    self.read(*data);
                }
                "add" => work.extend(source.pair(maker).map(|(a, b)| [b, a])?),
                "split" | "slice" | "gather" => work.push(node.input(0)?),
                _ if rearranges(node) => work.push(node.input(0)?),
                _ => return None,
            }
        }
        Some(())
    }

    fn read(&mut self, tensor: TensorId) {
        if !self.data.contains(&tensor) {
            self.data.push(tensor);
        }
    }

    /// What the cell learns, in order.
    pub fn learned(&self, source: &Source<'_>) -> Vec<TensorId> {
        let mut learned: Vec<TensorId> =
            self.nodes.iter().flat_map(|n| source.learned_by(*n)).copied().collect();
        learned.sort_unstable();
        learned.dedup();
        learned
    }

    /// One node of a canonical kind in the place of the cell: it makes the first tensor and those of the others that
    /// something else reads.
    pub fn found(mut self, source: &Source<'_>, kind: &str, made: &[TensorId]) -> Option<Found> {
        // Input and state are often laid side by side for one layer.
        for data in std::mem::take(&mut self.data) {
            match source.made_by(data, "concat").filter(|n| source.is_inside(&self.nodes, *n)) {
                Some(join) => {
                    self.nodes.push(join);
                    source.node(join).inputs.iter().flatten().for_each(|t| self.read(*t));
                }
                None => self.read(data),
            }
        }
        self.nodes = cone::with_sizes(source, &self.nodes);
        let learned = self.learned(source);
        if self.data.len() > row::CELL_DATA || learned.len() > row::CELL_LEARNED.len() {
            return None;
        }
        let mut inputs: Vec<Option<TensorId>> = self.data.iter().copied().map(Some).collect();
        inputs.resize(row::CELL_DATA, None);
        inputs.extend(learned.into_iter().map(Some));
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        let mut node = source.lifted(kind, &self.nodes, &inputs, *made.first()?);
        let others = made.iter().skip(1).filter(|t| !source.is_private(&self.nodes, **t));
        node.outputs.extend(others.map(|t| Some(*t)));
        let conv = self.nodes.iter().find(|n| source.kind(**n) == "conv").map(|n| source.node(*n));
        let first = conv.is_some_and(|n| !crate::layers::channels::are_last(n));
        let features = source.dims(*made.first()?).and_then(|d| if first { d.get(1) } else { d.last() });
        let conv = conv.is_some();
        if let Some(size) = features.and_then(crate::Dim::as_known) {
            node.attributes.set("hidden_size", Attribute::Int(size));
        }
        if conv {
            node.attributes.set("conv", Attribute::Int(1));
        }
        if let Some(macs) = source.macs(&self.nodes).and_then(|n| i64::try_from(n).ok()) {
            node.attributes.set("macs", Attribute::Int(macs));
        }
        Some(Found { nodes: self.nodes, becomes: Becomes::Node(Box::new(node)) })
    }
}

/// A gate: the node of this kind that makes a tensor, and what it reads.
pub(super) fn gate(source: &Source<'_>, tensor: TensorId, kind: &str) -> Option<(NodeId, TensorId)> {
    let node = source.made_by(tensor, kind)?;
    Some((node, source.node(node).input(0)?))
}

/// The factors of a product, the one that a sigmoid makes first: the product, the sigmoid, what it reads, the other.
pub(super) fn gated(
    source: &Source<'_>,
    product: TensorId,
) -> Option<[(NodeId, NodeId, TensorId, TensorId); 2]> {
    let mul = source.made_by(product, "mul")?;
    let (a, b) = source.pair(mul)?;
    let one = |a: TensorId, b: TensorId| gate(source, a, "sigmoid").map(|(node, from)| (mul, node, from, b));
    match (one(a, b), one(b, a)) {
        (Some(first), Some(second)) => Some([first, second]),
        (Some(only), None) | (None, Some(only)) => Some([only, only]),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lift::tests::check;

    #[test]
    fn cells_written_out() {
        let stored = "x: 2 6; h: 2 4; c: 2 4; w = stored 6 16; b = stored 16; u = stored 4 16; ";
        let lstm = "p = MatMul x w; p1 = Add p b; q = MatMul h u; g = Add p1 q; ax = [1]; n0 = [0]; n4 = [4]; n8 = [8]; \
                    n12 = [12]; n16 = [16]; i0 = Slice g n0 n4 ax; f0 = Slice g n4 n8 ax; g0 = Slice g n8 n12 ax; \
                    o0 = Slice g n12 n16 ax; i = Sigmoid i0; f = Sigmoid f0; t = Tanh g0; o = Sigmoid o0; \
                    k = Mul f c; l = Mul i t; m = Add k l; r = Tanh m; y = Mul o r";
        check(&format!("{stored}{lstm}"), "lstm_cell(c, x, h, _, w, b, u)");
        let both = check(&format!("{stored}{lstm}; results m"), "lstm_cell(c, x, h, _, w, b, u)");
        let (_, node) = both.graph.nodes().next().unwrap();
        assert_eq!((node.layer.unwrap().label)(&both.graph, node).title, "LSTM cell 4");
        assert_eq!(node.outputs.len(), 2);
        // A gate that something else reads stays in sight, and with it the rest.
        assert!(
            !crate::lift::lift(&crate::lift::tests::read(&format!("{stored}{lstm}; results o")))
                .graph
                .nodes()
                .any(|(_, n)| n.op == "lstm_cell")
        );
        let gru = "x: 2 6; h: 2 4; wr = stored 6 4; wz = stored 6 4; wn = stored 6 4; ur = stored 4 4; uz = stored 4 4; \
                   un = stored 4 4; r0 = MatMul x wr; r1 = MatMul h ur; r2 = Add r0 r1; r = Sigmoid r2; \
                   z0 = MatMul x wz; z1 = MatMul h uz; z2 = Add z0 z1; z = Sigmoid z2; n0 = MatMul x wn; \
                   n1 = MatMul h un; n2 = Mul r n1; n3 = Add n0 n2; n = Tanh n3; ";
        let cell = "gru_cell(h, x, _, _, wr, wz, wn, ur, uz, un)";
        check(&format!("{gru}d = Sub h n; e = Mul z d; y = Add n e"), cell);
        check(&format!("{gru}one = 1; i = Sub one z; d = Mul i n; e = Mul z h; y = Add d e"), cell);
        let other = "x: 2 6; a: 2 4; w = stored 6 4; u = stored 4 4; p = MatMul x w; q = MatMul a u; s = Add p q; y = Tanh s";
        // What no step before or after repeats is no recurrence.
        check(other, "linear(x, w), linear(a, u), add(p, q), tanh(s)");
        let again =
            format!("{other}; x2: 2 6; p2 = MatMul x2 w; q2 = MatMul y u; s2 = Add p2 q2; y2 = Tanh s2");
        check(&again, "rnn_cell(x, a, _, _, w, u), rnn_cell(x2, y, _, _, w, u)");
    }
}

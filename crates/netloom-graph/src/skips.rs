//! Residual additions: where a stream that went around some layers is added to what they made of it.

use crate::{Category, Graph, NodeId, Producer, Shape, TensorId, layers};

/// The most operators between a fork and its addition on the way around.
const MAX_BYPASS: usize = 8;

/// The most layers on the way around: a projection may be a depthwise and a pointwise convolution.
const MAX_PROJECTIONS: usize = 2;

/// The most operators that are followed between a fork and its addition on the way through.
const MAX_NODES: usize = 4096;

/// An addition that brings back what by-passed some layers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Residual {
    /// The addition.
    pub add: NodeId,
    /// Which of its inputs went around.
    pub operand: usize,
    /// What was forked.
    pub fork: TensorId,
    /// The operators on the way around, the last first; none for an identity.
    pub bypass: Vec<NodeId>,
    /// The convolution or linear layer among them that changes the size of what goes around.
    pub projection: Option<NodeId>,
}

/// Every residual addition, in file order; best asked of a [lifted](crate::lift) graph.
///
/// Both operands have the size of the sum. One is the forked stream itself, or the stream after movement, pooling, a
/// norm and at most two projecting layers; the other went through at least one layer more than that, and where there is
/// a projection never through a finer map than it started from. So gates, rotary embeddings, sums of embeddings, masks,
/// biases, recurrent cells and mixtures of two maps are none.
///
/// # Cost
/// Time proportional to the number of operators between forks and additions, at most a constant for each addition.
///
/// # Source
/// He, Zhang, Ren, Sun, *Deep Residual Learning for Image Recognition*, 2015, equations 1 and 2.
pub fn residual_adds(graph: &Graph) -> Vec<Residual> {
    let computed = computed(graph);
    let mut walk = Walk { graph, computed, seen: vec![0; graph.nodes().len()], round: 0 };
    graph.nodes().filter_map(|(id, _)| walk.residual(id)).collect()
}

struct Walk<'a> {
    graph: &'a Graph,
    /// Which tensors depend on what the model is given.
    computed: Vec<bool>,
    /// The last round in which each operator was met.
    seen: Vec<u32>,
    round: u32,
}

impl Walk<'_> {
    fn residual(&mut self, add: NodeId) -> Option<Residual> {
        let node = self.graph.node(add);
        let is_sum = node.layer.is_some_and(|l| matches!(l.name, "add" | "sum"));
        let &[Some(a), Some(b)] = node.inputs.as_slice() else { return None };
        let made = self.graph.tensor(node.output(0)?).ty.shape();
        let is_stream = |t: TensorId| self.computed[t.index()] && fits(self.graph.tensor(t).ty.shape(), made);
        if !is_sum || a == b || !is_stream(a) || !is_stream(b) {
            return None;
        }
        let found = [self.around(a, b), self.around(b, a)];
        let best = found.into_iter().enumerate().filter_map(|(i, f)| Some((i, f?)));
        let (operand, (fork, bypass, projection)) = best.min_by_key(|(_, (_, bypass, _))| bypass.len())?;
        Some(Residual { add, operand, fork, bypass, projection })
    }

    /// Follows one operand back to a fork that the other one descends from.
    fn around(&mut self, side: TensorId, main: TensorId) -> Option<(TensorId, Vec<NodeId>, Option<NodeId>)> {
        let graph = self.graph;
        let (mut at, mut bypass, mut projection) = (side, Vec::new(), None);
        let (mut n_layers, mut cuts, mut pads) = (0, false, false);
        loop {
            // A part of a stream alone is a branch; cut and filled up with zeros it is a projection without weights.
            let is_whole = !cuts || pads;
            if is_whole && graph.tensor(at).consumers.len() > 1 && self.has_layers(at, main, n_layers + 1) {
                return Some((at, bypass, projection));
            }
            let Producer::Node(id, 0) = graph.tensor(at).producer else { return None };
            let node = graph.node(id);
            match layers::effective(graph, node)?.category {
                Category::Conv | Category::Linear if n_layers < MAX_PROJECTIONS => {
                    projection.get_or_insert(id);
                    n_layers += 1;
                }
                Category::Norm | Category::Pool | Category::Dropout | Category::Quantize => {}
                _ if node.layer?.name == "slice" => cuts = true,
                _ if node.layer?.name == "pad" => pads = true,
                _ if moves(node.layer?.name) || node.is_alias() => {}
                _ => return None,
            }
            // A part of a stream that is projected is a step of a recurrence, not a stream that went around.
            let is_step = cuts && projection.is_some();
            let reads_more = node.inputs.iter().flatten().skip(1).any(|t| self.computed[t.index()]);
            if bypass.len() == MAX_BYPASS || is_step || reads_more {
                return None;
            }
            bypass.push(id);
            at = node.input(0).filter(|t| self.computed[t.index()])?;
        }
    }

    /// Whether at least so many layers lie between a fork and what was made of it.
    fn has_layers(&mut self, fork: TensorId, made: TensorId, least: usize) -> bool {
        let graph = self.graph;
        self.round += 1;
        // Files are in topological order: what stands before the fork cannot depend on it.
        let after = match graph.tensor(fork).producer {
            Producer::Node(id, _) => id.index() + 1,
            _ => 0,
        };
        let maker = |t: TensorId| match graph.tensor(t).producer {
            Producer::Node(id, _) if t != fork && id.index() >= after => Some(id),
            _ => None,
        };
        let mut met: Vec<NodeId> = Vec::new();
        let mut work: Vec<NodeId> = maker(made).into_iter().collect();
        while let Some(id) = work.pop() {
            if std::mem::replace(&mut self.seen[id.index()], self.round) == self.round {
                continue;
            }
            if met.len() == MAX_NODES {
                return false;
            }
            met.push(id);
            work.extend(graph.node(id).inputs.iter().flatten().filter_map(|t| maker(*t)));
        }
        met.sort_unstable();
        let mut carries = vec![false; met.len()];
        let (mut found, mut grows) = (0, false);
        for (i, id) in met.iter().enumerate() {
            let node = graph.node(*id);
            carries[i] = node.inputs.iter().flatten().any(|t| {
                *t == fork || maker(*t).and_then(|m| met.binary_search(&m).ok()).is_some_and(|m| carries[m])
            });
            let layer = layers::effective(graph, node).filter(|_| carries[i]);
            found += usize::from(layer.is_some_and(|l| is_layer(l.category)));
            grows |= layer.is_some_and(|l| l.category == Category::Upsample || l.name == "conv_transpose");
        }
        let arrives = maker(made).and_then(|m| met.binary_search(&m).ok()).is_some_and(|m| carries[m]);
        // Where one side was projected and the other came back from a coarser map, two maps are mixed.
        arrives && found >= least && !(grows && least > 1)
    }
}

/// Which tensors depend on what the model is given; weights may be computed too, but from stored ones alone.
fn computed(graph: &Graph) -> Vec<bool> {
    let mut computed = vec![false; graph.tensors().len()];
    for (id, tensor) in graph.tensors() {
        computed[id.index()] = matches!(tensor.producer, Producer::Input(_) | Producer::RegionInput(..));
    }
    for (_, node) in graph.nodes() {
        if node.inputs.iter().flatten().any(|t| computed[t.index()]) {
            for t in node.outputs.iter().flatten() {
                computed[t.index()] |= graph.tensor(*t).value.is_none();
            }
        }
    }
    computed
}

/// Whether two sizes agree where both are known.
fn fits(a: &Shape, b: &Shape) -> bool {
    match (a.dims(), b.dims()) {
        (Some(a), Some(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| match (a.as_known(), b.as_known()) {
                    (Some(a), Some(b)) => a == b,
                    _ => true,
                })
        }
        _ => true,
    }
}

fn is_layer(category: Category) -> bool {
    matches!(
        category,
        Category::Conv | Category::Linear | Category::Attention | Category::Recurrent | Category::Pool
    )
}

/// Kinds that hand on all of a stream in another arrangement or number format.
fn moves(kind: &str) -> bool {
    matches!(
        kind,
        "identity" | "reshape" | "flatten" | "transpose" | "squeeze" | "unsqueeze" | "cast" | "cast_like"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Node, Tensor, ValueType};

    /// Builds a chain of operators written `name = op(inputs)`; names that nothing makes are inputs, `w…` is stored.
    fn build(lines: &[&str]) -> Graph {
        let mut graph = Graph::new("test");
        let root = graph.root();
        let mut names: std::collections::BTreeMap<String, TensorId> = std::collections::BTreeMap::new();
        let ty = || ValueType::tensor(DType::Float32, Shape::known([4, 4]));
        for line in lines {
            let (name, rest) = line.split_once(" = ").expect("a name");
            let (op, rest) = rest.split_once('(').expect("an operator");
            let inputs: Vec<_> = rest
                .trim_end_matches(')')
                .split(", ")
                .map(|input| {
                    Some(*names.entry(input.to_owned()).or_insert_with(|| {
                        let tensor = graph.add_tensor(Tensor::new(input, ty()));
                        if input.starts_with('w') {
                            graph.tensor_mut(tensor).producer = Producer::Stored;
                        } else {
                            graph.mark_input(tensor);
                        }
                        tensor
                    }))
                })
                .collect();
            let made = graph.add_tensor(Tensor::new(name, ty()));
            names.insert(name.to_owned(), made);
            graph.add_node(Node::new(op, root).with_inputs(inputs).with_outputs([Some(made)]));
        }
        crate::infer::infer(&mut graph);
        graph
    }

    #[track_caller]
    fn check(lines: &[&str], want: &[(usize, usize, bool)]) {
        let found: Vec<_> = residual_adds(&build(lines))
            .iter()
            .map(|r| (r.operand, r.bypass.len(), r.projection.is_some()))
            .collect();
        assert_eq!(found, want);
    }

    #[test]
    fn identities_and_projections_are_residual() {
        check(&["a = MatMul(x, w)", "y = Add(a, x)"], &[(1, 0, false)]);
        check(&["a = Relu(x)", "b = MatMul(a, w)", "c = Relu(b)", "y = Add(a, c)"], &[(0, 0, false)]);
        check(
            &["a = MatMul(x, w)", "b = MatMul(a, w2)", "p = MatMul(x, w3)", "y = Add(b, p)"],
            &[(1, 1, true)],
        );
        check(&["a = MatMul(x, w)", "p = Transpose(x)", "y = Add(p, a)"], &[(0, 1, false)]);
    }

    #[test]
    fn gates_sums_and_biases_are_not() {
        check(&["a = Sigmoid(x)", "y = Add(a, x)"], &[]);
        check(&["a = MatMul(x, w)", "y = Add(a, w2)"], &[]);
        check(&["a = MatMul(x, w)", "b = MatMul(x, w2)", "y = Add(a, b)"], &[]);
        check(&["a = MatMul(x, w)", "b = MatMul(z, w2)", "y = Add(a, b)"], &[]);
        check(
            &["n = MatMul(h, w)", "z = Sigmoid(n)", "p = Mul(z, h)", "q = Mul(z, n)", "y = Add(p, q)"],
            &[],
        );
    }
}

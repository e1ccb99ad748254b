//! Shape inference: types of all tensors from the types of inputs and stored weights.
//!
//! [`infer`] walks the graph in topological order and asks each node's layer for the types of its outputs. What the
//! file declares is kept where inference knows less, and a contradiction becomes a diagnostic, never an error.

mod context;
mod order;

pub use order::topological;

use std::collections::BTreeMap;

pub use context::{Infer, InferError, normal_axis};

use crate::{Diagnostic, Dim, Graph, NodeId, RegionId, Shape, TensorId, ValueType};

/// The most remarks one run of inference adds to a graph; the last one says that there are more.
pub const MAX_REMARKS: usize = 100;

/// How many bodies of control-flow nodes may stand inside one another; what is deeper keeps its declared types.
pub const MAX_REGION_DEPTH: usize = 64;

/// The largest declared dimension that is believed; one element more than this fits in no machine.
pub const MAX_DIM: i64 = 1 << 48;

/// Fills in the types, and where possible the values, of every tensor of the graph.
///
/// Total: cycles, contradictions and nodes that break their operator's rules become diagnostics of the graph.
///
/// # Cost
/// Time proportional to the size of the graph, times the number of passes that the rules of loops ask for.
pub fn infer(graph: &mut Graph) {
    let mut session = Session::default();
    distrust_absurd_shapes(graph, &mut session);
    let (order, cycle) = order::topological(graph);
    if let Some(cycle) = cycle {
        remark_cycle(graph, &mut session, &cycle);
    }
    session.ranks = vec![0; order.len()];
    for (rank, node) in order.iter().enumerate() {
        session.ranks[node.index()] = rank;
    }
    session.seen_regions = vec![false; graph.regions().len()];
    for node in order {
        if graph.node(node).region.is_none() {
            infer_node(graph, &mut session, node);
        }
    }
}

fn remark_cycle(graph: &mut Graph, session: &mut Session, cycle: &[NodeId]) {
    const SHOWN: usize = 4;
    let names: Vec<String> = cycle.iter().take(SHOWN).map(|n| format!("'{}'", graph.node_path(*n))).collect();
    let more = if cycle.len() > SHOWN { format!(" and {} more", cycle.len() - SHOWN) } else { String::new() };
    let path = cycle.first().map(|n| graph.node_path(*n)).unwrap_or_default();
    let message = format!("nodes feed each other in a cycle: {}{more}", names.join(", "));
    let diagnostic = Diagnostic::warning(path, message);
    // An importer may have seen it before.
    if !graph.diagnostics.contains(&diagnostic) {
        session.remark(graph, diagnostic);
    }
}

/// What one run of inference remembers across nodes.
#[derive(Default)]
struct Session {
    ranks: Vec<usize>,
    remarks: usize,
    depth: usize,
    seen_regions: Vec<bool>,
    /// Types of tensors made in regions as the file declares them: a loop may infer its body more than once.
    declared: BTreeMap<TensorId, ValueType>,
}

impl Session {
    fn remark(&mut self, graph: &mut Graph, diagnostic: Diagnostic) {
        self.remarks += 1;
        match self.remarks.cmp(&MAX_REMARKS) {
            std::cmp::Ordering::Less => graph.diagnostics.push(diagnostic),
            std::cmp::Ordering::Equal => {
                graph.diagnostics.push(Diagnostic::note("", "more remarks about shapes are left out"));
            }
            std::cmp::Ordering::Greater => {}
        }
    }
}

fn infer_node(graph: &mut Graph, session: &mut Session, id: NodeId) {
    if let Some(layer) = graph.node(id).layer {
        let mut cx = Infer::start(graph, id, std::mem::take(session));
        let result = (layer.infer)(&mut cx);
        *session = cx.finish();
        if let Err(error) = result {
            let path = graph.node_path(id);
            session.remark(graph, Diagnostic::warning(path, error.to_string()));
        }
    }
    // A body that its node's rule did not visit still has types of its own.
    let regions: Vec<RegionId> = graph.regions_of(id).collect();
    for region in regions {
        if session.seen_regions.get(region.index()) == Some(&false) {
            infer_region(graph, session, region);
        }
    }
}

fn infer_region(graph: &mut Graph, session: &mut Session, region: RegionId) {
    if region.index() >= graph.regions().len() {
        return;
    }
    if let Some(seen) = session.seen_regions.get_mut(region.index()) {
        *seen = true;
    }
    if session.depth >= MAX_REGION_DEPTH {
        let path = graph.region(region).owner.map(|n| graph.node_path(n)).unwrap_or_default();
        let message =
            format!("bodies nested deeper than {MAX_REGION_DEPTH} keep the types the file declares");
        session.remark(graph, Diagnostic::note(path, message));
        return;
    }
    let mut nodes = graph.region(region).nodes.clone();
    nodes.sort_by_key(|n| session.ranks.get(n.index()).copied().unwrap_or(usize::MAX));
    for node in &nodes {
        for tensor in graph.node(*node).outputs.clone().into_iter().flatten() {
            let current = &mut graph.tensor_mut(tensor);
            match session.declared.get(&tensor) {
                Some(declared) => {
                    current.ty = declared.clone();
                    current.value = None;
                }
                None => {
                    session.declared.insert(tensor, current.ty.clone());
                }
            }
        }
    }
    session.depth += 1;
    for node in nodes {
        infer_node(graph, session, node);
    }
    session.depth -= 1;
}

fn distrust_absurd_shapes(graph: &mut Graph, session: &mut Session) {
    let ids: Vec<TensorId> = graph.tensors().map(|(id, _)| id).collect();
    for id in ids {
        let tensor = graph.tensor_mut(id);
        let (ValueType::Tensor { shape: Shape::Ranked(dims), .. }
        | ValueType::SparseTensor { shape: Shape::Ranked(dims), .. }) = &mut tensor.ty
        else {
            continue;
        };
        let mut absurd = None;
        for dim in dims.iter_mut() {
            if let Dim::Known(n) = *dim
                && !(0..=MAX_DIM).contains(&n)
            {
                absurd =
                    Some(format!("expected a dimension from 0 to 2^48, found {n}; it is taken as unknown"));
                *dim = Dim::Unknown;
            }
        }
        let known = dims.iter().all(|d| d.as_known().is_some());
        if absurd.is_none() && known && tensor.ty.shape().elements().is_none_or(|n| i64::try_from(n).is_err())
        {
            absurd =
                Some(format!("expected fewer than 2^63 elements, found the shape {}", tensor.ty.shape()));
        }
        if let Some(message) = absurd {
            let path = tensor.name.clone();
            session.remark(graph, Diagnostic::warning(path, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Node, Tensor};

    fn tensor(graph: &mut Graph, name: &str, shape: impl Into<Shape>) -> TensorId {
        graph.add_tensor(Tensor::new(name, ValueType::tensor(DType::Float32, shape)))
    }

    fn relu(graph: &mut Graph, from: TensorId, to: TensorId) {
        let node = Node::new("Relu", graph.root()).with_inputs([Some(from)]).with_outputs([Some(to)]);
        graph.add_node(node);
    }

    #[test]
    fn nodes_out_of_order_are_sorted() {
        let mut g = Graph::new("g");
        let x = tensor(&mut g, "x", Shape::known([2, 3]));
        let (a, b) = (tensor(&mut g, "a", Shape::Unranked), tensor(&mut g, "b", Shape::Unranked));
        relu(&mut g, a, b);
        relu(&mut g, x, a);
        infer(&mut g);
        assert_eq!(g.tensor(b).ty.shape(), &Shape::known([2, 3]));
        assert!(g.diagnostics.is_empty());
    }

    #[test]
    fn a_cycle_is_named_and_the_walk_ends() {
        let mut g = Graph::new("g");
        let (a, b) = (tensor(&mut g, "a", Shape::Unranked), tensor(&mut g, "b", Shape::Unranked));
        relu(&mut g, a, b);
        relu(&mut g, b, a);
        infer(&mut g);
        assert_eq!(g.diagnostics[0].message, "nodes feed each other in a cycle: 'Relu', 'Relu'");
    }

    #[test]
    fn what_the_file_declares_fills_gaps_and_loses_contradictions() {
        let mut g = Graph::new("g");
        let x = tensor(&mut g, "x", Shape::Ranked(vec![Dim::Unknown, Dim::Known(3), Dim::Known(-5)]));
        let y = tensor(&mut g, "y", Shape::Ranked(vec![Dim::symbol("batch"), Dim::Known(4), Dim::Known(9)]));
        relu(&mut g, x, y);
        infer(&mut g);
        assert_eq!(g.tensor(y).ty.shape().to_string(), "batch×3×9");
        let messages: Vec<&str> = g.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "expected a dimension from 0 to 2^48, found -5; it is taken as unknown",
                "expected the shape ?×3×? of `y`, found batch×4×9 declared in the file"
            ]
        );
    }

    #[test]
    fn remarks_are_bounded() {
        let mut g = Graph::new("g");
        for i in 0..3 * MAX_REMARKS {
            tensor(&mut g, &format!("t{i}"), Shape::known([-1]));
        }
        infer(&mut g);
        assert_eq!(g.diagnostics.len(), MAX_REMARKS);
    }
}

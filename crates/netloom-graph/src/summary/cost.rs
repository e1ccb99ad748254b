//! Multiply-adds of nodes, bodies of control-flow nodes included.

use crate::{Dim, Graph, Node, RegionId};

/// Multiply-adds of every node. A control-flow node costs what its bodies cost as often as they certainly run; `None`
/// where that is not known, as for operators nobody knows. Nodes inside bodies have a cost of their own that counts for one run of the body.
pub(super) fn of_nodes(graph: &Graph) -> Vec<Option<u64>> {
    let mut costs: Vec<Option<u64>> =
        graph.nodes().map(|(_, node)| node.layer.and_then(|layer| (layer.macs)(graph, node))).collect();
    let mut bodies: Vec<Option<u64>> = vec![Some(0); graph.regions().len()];
    for region in innermost_first(graph) {
        let body = graph.region(region);
        bodies[region.index()] =
            body.nodes.iter().try_fold(0u64, |sum, node| sum.checked_add(costs[node.index()]?));
        let Some(owner) = body.owner else { continue };
        let all: Vec<Option<u64>> =
            graph.regions_of(owner).map(|r| bodies.get(r.index()).copied().flatten()).collect();
        costs[owner.index()] = run(graph, graph.node(owner), &all);
    }
    costs
}

fn run(graph: &Graph, node: &Node, bodies: &[Option<u64>]) -> Option<u64> {
    let first = (*bodies.first()?)?;
    if bodies.iter().all(|b| *b == Some(first)) && (first == 0 || node.op == "If") {
        return Some(first);
    }
    match node.op.as_str() {
        "Scan" => {
            let scanned = usize::try_from(node.attributes.int("num_scan_inputs")?).ok()?;
            let input = node.input(node.inputs.len().checked_sub(scanned)?)?;
            // Axes other than the first are rare; then the number of steps is left open.
            node.attributes.get("scan_input_axes").is_none().then_some(())?;
            first.checked_mul(graph.tensor(input).ty.shape().dims()?.first().and_then(Dim::as_size)?)
        }
        _ => None,
    }
}

/// Regions by depth, deepest first.
fn innermost_first(graph: &Graph) -> Vec<RegionId> {
    let depth = |region: RegionId| {
        let mut at = Some(region);
        let mut depth = 0;
        // Bounded, should regions ever contain each other.
        while let Some(region) = at.filter(|_| depth <= graph.regions().len()) {
            at = graph.region(region).owner.and_then(|n| graph.node(n).region);
            depth += 1;
        }
        depth
    };
    let mut regions: Vec<(usize, RegionId)> = graph.regions().map(|(id, _)| (depth(id), id)).collect();
    regions.sort_by_key(|(depth, id)| (std::cmp::Reverse(*depth), *id));
    regions.into_iter().map(|(_, id)| id).collect()
}

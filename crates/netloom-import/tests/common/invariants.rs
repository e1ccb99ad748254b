//! What lifting must keep.

use netloom_graph::lift::Lifted;
use netloom_graph::summary::summary;
use netloom_graph::{Graph, NodeId, Producer, TensorId};

/// Which outputs of the model each of its inputs reaches: a row per input.
fn reach(graph: &Graph) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for input in &graph.inputs {
        let mut seen = vec![false; graph.tensors().len()];
        let mut work = vec![*input];
        while let Some(tensor) = work.pop() {
            if std::mem::replace(&mut seen[tensor.index()], true) {
                continue;
            }
            for (reader, _) in &graph.tensor(tensor).consumers {
                work.extend(graph.node(*reader).outputs.iter().flatten());
                let mut region = graph.node(*reader).region;
                while let Some(owner) = region.and_then(|r| graph.region(r).owner) {
                    work.extend(graph.node(owner).outputs.iter().flatten());
                    region = graph.node(owner).region;
                }
            }
        }
        rows.push(graph.outputs.iter().map(|t| seen[t.index()]).collect());
    }
    rows
}

fn ends(graph: &Graph, tensors: &[TensorId]) -> Vec<String> {
    let show = |t: &TensorId| format!("{} {:?}", graph.tensor(*t).name, graph.tensor(*t).ty);
    tensors.iter().map(show).collect()
}

/// Checks that a lifted graph amounts to what its source does, and that every node is accounted for.
pub fn check(name: &str, graph: &Graph, lifted: &Lifted) {
    let (before, after) = (summary(graph), summary(&lifted.graph));
    assert_eq!(before.parameters, after.parameters, "parameters of {name}");
    assert_eq!(before.macs, after.macs, "multiply-adds of {name}");
    assert_eq!(ends(graph, &graph.inputs), ends(&lifted.graph, &lifted.graph.inputs), "{name}");
    assert_eq!(ends(graph, &graph.outputs), ends(&lifted.graph, &lifted.graph.outputs), "{name}");
    assert_eq!(reach(graph), reach(&lifted.graph), "reachability in {name}");
    let paths = |g: &Graph| g.modules().map(|(_, m)| m.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(graph), paths(&lifted.graph), "modules of {name}");
    let mut traced: Vec<NodeId> =
        lifted.stands_for.iter().flatten().chain(&lifted.removed).copied().collect();
    traced.sort_unstable();
    assert_eq!(traced, graph.nodes().map(|(id, _)| id).collect::<Vec<_>>(), "provenance of {name}");
    assert_eq!(lifted.stands_for.len(), lifted.graph.nodes().len(), "{name}");
    assert!(lifted.stands_for.iter().all(|from| !from.is_empty()), "{name}");
    for removed in &lifted.removed {
        assert_eq!(
            before.nodes[removed.index()].macs.unwrap_or(0),
            0,
            "{name}: {}",
            graph.node_path(*removed)
        );
    }
    for (id, node) in lifted.graph.nodes() {
        for (at, input) in node.inputs.iter().enumerate() {
            let Some(input) = input else { continue };
            let tensor = lifted.graph.tensor(*input);
            assert_eq!(tensor.name, graph.tensor(lifted.tensors[input.index()]).name, "{name}");
            assert!(tensor.consumers.contains(&(id, at)), "{name}: {} is linked", tensor.name);
            assert!(
                !graph.diagnostics.is_empty() || tensor.producer != Producer::Missing,
                "{name}: {}",
                tensor.name
            );
        }
    }
}

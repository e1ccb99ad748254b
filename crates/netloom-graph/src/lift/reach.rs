//! Which inputs of a model its outputs depend on, to see that lifting loses none.

use crate::{Graph, TensorId};

/// The most inputs that are followed.
const MAX_INPUTS: usize = 1024;

/// For each output in order, which inputs it depends on: a bit each.
pub(super) fn reach(graph: &Graph) -> Vec<Vec<u64>> {
    let inputs = &graph.inputs[..graph.inputs.len().min(MAX_INPUTS)];
    let mut rows = vec![Vec::new(); graph.outputs.len()];
    for some in inputs.chunks(64) {
        let bits = from(graph, some);
        for (row, output) in rows.iter_mut().zip(&graph.outputs) {
            row.push(bits[output.index()]);
        }
    }
    rows
}

fn from(graph: &Graph, inputs: &[TensorId]) -> Vec<u64> {
    let mut bits = vec![0u64; graph.tensors().len()];
    let mut work = Vec::new();
    for (bit, input) in inputs.iter().enumerate() {
        bits[input.index()] |= 1 << bit;
        work.push(*input);
    }
    // Last in, first out would walk a chain again for every input that joins it.
    let mut work = std::collections::VecDeque::from(work);
    while let Some(tensor) = work.pop_front() {
        let carried = bits[tensor.index()];
        for (reader, _) in &graph.tensor(tensor).consumers {
            let mut node = Some(*reader);
            // What is read in a body is read by the node that runs it.
            while let Some(id) = node {
                for output in graph.node(id).outputs.iter().flatten() {
                    if bits[output.index()] | carried != bits[output.index()] {
                        bits[output.index()] |= carried;
                        work.push_back(*output);
                    }
                }
                node = graph.node(id).region.and_then(|r| graph.region(r).owner);
            }
        }
    }
    bits
}

//! Shape inference: types of all tensors from the types of inputs and stored weights.
//!
//! [`infer`] walks the graph in topological order and asks each node's layer for the types of its outputs. What the
//! file declares is kept where inference knows less, and a contradiction becomes a diagnostic, never an error.

mod context;

pub use context::{Infer, InferError};

use crate::{Graph, NodeId};

/// Fills in the types, and where possible the values, of every tensor of the graph.
pub fn infer(graph: &mut Graph) {
    let order: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    for id in order {
        let Some(layer) = graph.node(id).layer else { continue };
        let mut cx = Infer::new(graph, id);
        let _ = (layer.infer)(&mut cx);
    }
}

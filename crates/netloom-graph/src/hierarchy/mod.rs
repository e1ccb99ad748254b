//! Hierarchy without names: a graph whose file names no modules gets modules, found in what its operators do.
//!
//! [`infer`] looks at the data that flows through a flat module. Where all of it passes one operator the flow is cut;
//! between two cuts stands a single layer or a region of branches. A region with a short cut or with branches is a
//! block, what repeats along the chain is a run of blocks, and neighbours of one resolution are a stage. Nodes and
//! tensors keep their ids: only the modules that nodes stand in change.
//!
//! ```
//! # let graph = netloom_graph::Graph::new("empty");
//! if netloom_graph::hierarchy::is_flat(&graph) {
//!     let named = netloom_graph::hierarchy::infer(&graph);
//!     assert_eq!(named.nodes().len(), graph.nodes().len());
//! }
//! ```
//!
//! # Source
//! Cut vertices and the program structure tree: R. Johnson, D. Pearson, K. Pingali, *The Program Structure Tree*,
//! PLDI 1994, here for acyclic flow with one trunk. Runs: maximal repetitions, as in R. Kolpakov, G. Kucherov,
//! *Finding Maximal Repetitions in a Word in Linear Time*, FOCS 1999, with a bound on the period.

mod arrange;
mod blocks;
mod chain;
mod crossing;
mod facts;
mod flow;
mod layers;
mod link;
mod loosen;
mod parts;
mod runs;
mod side;
mod stages;
mod template;
#[cfg(test)]
mod tests;
mod unrolled;
mod write;

use crate::{Graph, ModuleId, ModuleKind};
use facts::Facts;
use flow::Flow;

/// A module with more operators than this and no parts is too large to be read as one.
const MAX_FLAT: usize = 24;

/// Whether the file names no modules: all nodes stand in the root, or in bodies of control flow.
pub fn is_flat(graph: &Graph) -> bool {
    graph.modules().all(|(id, m)| id == graph.root() || m.kind == ModuleKind::Region)
}

/// The same graph with modules where it has none: in the root if it is flat, in every module that holds more than a
/// few operators and no parts, and in models of Keras whose parts are all single layers.
///
/// Nodes and tensors keep their ids; names such as `stage2.block1` are made from what the parts are, and their classes
/// say it in words. A graph with a cycle, or without repetition, branches or stages, stays as it is. Lift it and infer
/// its types first: shapes tell stages, and lifted layers tell blocks.
///
/// # Cost
/// Time proportional to the size of the graph times the depth at which blocks are nested, apart from logarithms.
pub fn infer(graph: &Graph) -> Graph {
    let Some(facts) = Facts::new(graph) else { return graph.clone() };
    let rows = layers::rows(graph);
    let level = layers::level(graph, &facts, &rows);
    let graph = level.as_ref().unwrap_or(graph);
    let mut made = graph.clone();
    for module in flat_modules(graph, &rows) {
        let flow = Flow::new(graph, &facts, module);
        let trees = parts::parts(&flow);
        write::write(&mut made, &facts, &flow, module, &trees);
    }
    made
}

fn flat_modules(graph: &Graph, rows: &[ModuleId]) -> Vec<ModuleId> {
    let flat = is_flat(graph);
    let holds_parts =
        |m: &crate::Module| m.children.iter().any(|c| graph.module(*c).kind != ModuleKind::Region);
    let is_large = |m: &crate::Module| {
        let is_known = |n: &&crate::NodeId| {
            graph.node(**n).outputs.iter().flatten().all(|t| graph.tensor(*t).value.is_some())
        };
        m.nodes.iter().filter(|n| !is_known(n)).count() > MAX_FLAT
    };
    let wanted = graph.modules().filter(|(id, m)| {
        let is_root = *id == graph.root();
        m.kind != ModuleKind::Region
            && (rows.contains(id) || if is_root { flat } else { !holds_parts(m) && is_large(m) })
    });
    wanted.map(|(id, _)| id).collect()
}

//! The typed graph of a neural network: a tree of modules, nodes that are one operator each, and tensors with one
//! producer and many consumers.
//!
//! A [`Graph`] says what a model file means. It holds facts about weights, never the weights. Importers build it with
//! [`Graph::add_module`], [`Graph::add_tensor`] and [`Graph::add_node`]; [`infer::infer`] then fills in shapes, and
//! [`summary`](crate::summary) counts parameters and multiply-adds.
//!
//! ```
//! use netloom_graph::{DType, Graph, Producer, Shape, Tensor, ValueType};
//!
//! let mut graph = Graph::new("tiny");
//! let x = graph.add_tensor(Tensor::new("x", ValueType::tensor(DType::Float32, Shape::known([1, 8]))));
//! graph.mark_input(x);
//! let root = graph.root();
//! let y = graph.add_tensor(Tensor::new("y", ValueType::Unknown));
//! graph.add_node(netloom_graph::Node::new("Relu", root).with_inputs([Some(x)]).with_outputs([Some(y)]));
//! graph.mark_output(y);
//! netloom_graph::infer::infer(&mut graph);
//! assert_eq!(graph.tensor(y).ty.shape().to_string(), "1×8");
//! ```

pub mod attribute;
pub mod diagnostic;
pub mod diff;
pub mod dim;
pub mod dtype;
pub mod graph;
pub mod hierarchy;
pub mod infer;
pub mod layers;
pub mod lift;
pub mod module;
pub mod movement;
pub mod node;
mod pairing;
pub mod pattern;
pub mod recurrence;
pub mod repeats;
pub mod shape;
pub mod skips;
pub mod summary;
pub mod tensor;
pub mod units;
pub mod value;

pub use attribute::{Attribute, Attributes};
pub use diagnostic::{Diagnostic, Severity};
pub use dim::Dim;
pub use dtype::DType;
pub use graph::{Graph, Region};
pub use layers::{Category, Layer};
pub use module::{Module, ModuleKind};
pub use node::Node;
pub use shape::{Shape, ValueType};
pub use tensor::{Producer, Role, Storage, Tensor, Weight};
pub use value::{Elements, Value};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u32);

        impl $name {
            /// The id of the element at `index` of its arena.
            ///
            /// # Panics
            /// When `index` does not fit in 32 bits; arenas are bounded far below that by [`graph::MAX_ELEMENTS`].
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("arenas hold fewer than 2^32 elements"))
            }

            /// The place of this element in its arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// Names one module of a [`Graph`].
    ModuleId
}
id! {
    /// Names one node of a [`Graph`].
    NodeId
}
id! {
    /// Names one tensor of a [`Graph`].
    TensorId
}
id! {
    /// Names one region (a body of a control-flow node) of a [`Graph`].
    RegionId
}

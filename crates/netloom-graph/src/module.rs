//! Modules: the tree of named parts that a model is written in.

use crate::{ModuleId, NodeId};

/// One named part of a model, such as `layer1.0` of class `BasicBlock`.
#[derive(Clone, PartialEq, Debug)]
pub struct Module {
    /// The part that contains this one; `None` for the root.
    pub parent: Option<ModuleId>,
    /// The last component of the path, such as `0`.
    pub name: String,
    /// All components joined by dots, such as `layer1.0`; empty for the root.
    pub path: String,
    /// The class it was written as, such as `BasicBlock`, where the file says or the paths make it certain.
    pub class: Option<String>,
    /// What kind of part it is.
    pub kind: ModuleKind,
    /// Parts directly inside, in order of first use.
    pub children: Vec<ModuleId>,
    /// Nodes directly inside, in file order.
    pub nodes: Vec<NodeId>,
}

/// What kind of part a module is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ModuleKind {
    /// A part named by the model's author: a module, scope or block.
    #[default]
    Module,
    /// A function of the file, written out at its call.
    Function,
    /// A body of a control-flow operator.
    Region,
}

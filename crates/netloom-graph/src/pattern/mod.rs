//! Manual patterns: a person says which layers make up a block, and what the block is called.
//!
//! ```text
//! ConvBnRelu = Conv > BatchNorm > Relu
//! Residual   = (ConvBnRelu > ConvBn | ) > Add > Relu
//! ```
//!
//! `>` leads from a layer to the one that reads it. `( | )` holds branches that run side by side; what follows joins
//! them, what stands before feeds them all, and an empty branch is a by-pass. A name is a layer as the notation or a
//! framework calls it (`conv`, `Conv2d`, `Gemm`), the class of a module, or an earlier pattern; case and `_` do not
//! count. `Conv[1x1]` asks for a kernel.

use std::fmt;

use crate::{Graph, NodeId};

mod find;
mod items;
mod names;
mod parse;
#[cfg(test)]
mod tests;

pub use names::distance;
pub use parse::parse;

/// The most patterns at once.
pub const MAX_PATTERNS: usize = 64;

/// A block that a person described.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// What the block is called.
    pub name: String,
    chain: Vec<Term>,
}

/// One place of a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Term {
    /// A layer or block.
    Is(Atom),
    /// Chains side by side; an empty one is a by-pass.
    Branches(Vec<Vec<Term>>),
}

/// A layer or block by name.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Atom {
    /// The name in small letters, without marks between words.
    name: String,
    /// The canonical kinds that are called so.
    kinds: Vec<&'static str>,
    /// The earlier pattern of that name.
    pattern: Option<usize>,
    /// The place, among the classes of the graph's modules, of the one of that name.
    class: Option<usize>,
    /// The kernel asked for.
    kernel: Option<Vec<i64>>,
}

/// What is wrong with the text of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternError {
    /// The text.
    pub text: String,
    /// Where, in characters from the start.
    pub at: usize,
    /// What was expected and what was found.
    pub message: String,
    /// What to do, if anything is near.
    pub hint: Option<String>,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pattern `{}`, column {}: {}", self.text, self.at + 1, self.message)
    }
}

impl std::error::Error for PatternError {}

/// A block that a pattern found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// Which pattern, by index.
    pub pattern: usize,
    /// The operators of the block, in file order.
    pub nodes: Vec<NodeId>,
}

/// Every block that patterns find, in file order of their last operators. Later patterns may build on blocks of
/// earlier ones; a block that is part of a larger one is not listed.
///
/// What flows inside a block is read by the block alone; only its last operator gives something away. Reshapes and
/// other movement of data between two layers belong to the block without being named.
///
/// # Cost
/// Time proportional to the size of the graph times the number of patterns.
pub fn find(graph: &Graph, patterns: &[Pattern]) -> Vec<Match> {
    find::find(graph, patterns)
}

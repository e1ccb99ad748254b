//! What differs between two models: operators and blocks that only one has, and what changed about the others.
//!
//! Both are brought into one form first ([`prepare`]): quantised operators become plain ones with a remark, groups of
//! operators the layer they make up, and files without modules get some. Then operators are matched by what they do and
//! how they are wired, never by what they are called: names only decide between equals. Data movement that figures
//! leave out (reshapes, transposes, casts) is only counted, as exporters write it in their own ways.
//!
//! # Source
//! The order-keeping alignment of two sequences is S. Needleman, C. Wunsch, *A General Method Applicable to the Search
//! for Similarities in the Amino Acid Sequence of Two Proteins*, 1970; where two sequences are too long for its table,
//! E. Myers, *An O(ND) Difference Algorithm and Its Variations*, 1986.

mod align;
mod blocks;
mod compare;
mod groups;
mod matching;
mod order;
mod prepare;
mod quantized;
mod settings;
mod side;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::NodeId;
use crate::summary::Summary;

pub use blocks::{Block, Repeat};
pub use groups::Group;
pub use prepare::{Prepared, prepare};
pub use quantized::Quantized;
use side::Side;

/// What differs between two models.
#[derive(Clone, PartialEq, Debug)]
pub struct Diff {
    /// Operators that stand for one another, in the order of the second model's data flow, and what changed.
    pub pairs: Vec<Pair>,
    /// Operators that only the second model has, in the order of its data flow.
    pub added: Vec<NodeId>,
    /// Operators that only the first model has, in the order of its data flow.
    pub removed: Vec<NodeId>,
    /// The largest modules that are new as a whole.
    pub added_blocks: Vec<Block>,
    /// The largest modules that are gone as a whole.
    pub removed_blocks: Vec<Block>,
    /// Runs of blocks whose number changed.
    pub repeats: Vec<Repeat>,
    /// Equal changes together, most frequent first; what follows from others comes last.
    pub groups: Vec<Group>,
    /// What changed about the inputs and outputs of the model.
    pub ports: Vec<Port>,
    /// What the first model amounts to.
    pub before: Totals,
    /// What the second model amounts to.
    pub after: Totals,
}

impl Diff {
    /// Whether nothing differs in structure; data movement does not count.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.ports.is_empty()
            && self.before.quantized == self.after.quantized
            && self.pairs.iter().all(|p| p.changes.is_empty())
    }

    /// How many operators changed.
    pub fn changed(&self) -> usize {
        self.pairs.iter().filter(|p| !p.changes.is_empty()).count()
    }
}

/// Two operators that stand for one another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The operator of the first model.
    pub before: NodeId,
    /// The operator of the second model.
    pub after: NodeId,
    /// What changed.
    pub changes: Vec<Change>,
}

/// One thing that changed about an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What it is.
    pub what: What,
    /// As it was, printed.
    pub before: String,
    /// As it is, printed.
    pub after: String,
    /// Whether it follows from another change: a matrix that has grown because what it reads has.
    pub implied: bool,
}

/// What may change about an operator.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// What it computes: `relu`, `gelu`.
    Operator,
    /// A setting by name: `strides`.
    Attribute(String),
    /// A size of what it makes, by the name of the axis: `channels`.
    Size(String),
    /// The element type of what it makes.
    Dtype,
    /// The shape of a stored tensor, by its role: `weight`.
    Weight(String),
    /// The element type of a stored tensor, by its role.
    WeightDtype(String),
    /// Where an input comes from, by position.
    Wiring(String),
    /// Whether what it reads is rounded to few values first.
    Quantized,
}

impl What {
    /// A word for the sort of change: `attribute`.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Attribute(_) => "attribute",
            Self::Size(_) => "shape",
            Self::Dtype | Self::WeightDtype(_) => "dtype",
            Self::Weight(_) => "parameters",
            Self::Wiring(_) => "wiring",
            Self::Quantized => "quantized",
        }
    }

    /// What is called how: `strides`, `channels`.
    pub fn name(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Dtype => "dtype".to_owned(),
            Self::Quantized => "inputs".to_owned(),
            Self::WeightDtype(name) => format!("{name} dtype"),
            Self::Attribute(name) | Self::Size(name) | Self::Weight(name) | Self::Wiring(name) => {
                name.clone()
            }
        }
    }
}

/// A change of the inputs or outputs of the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Whether it is an output.
    pub is_output: bool,
    /// Its place in order, from 0.
    pub index: usize,
    /// Its type as it was, where it was there.
    pub before: Option<String>,
    /// Its type as it is, where it is there.
    pub after: Option<String>,
}

/// What a model amounts to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Totals {
    /// Elements of learned tensors.
    pub parameters: u64,
    /// Multiply-adds of one run, where shapes tell.
    pub macs: Option<u64>,
    /// Operators that are compared.
    pub operators: usize,
    /// Operators that only move data, by kind.
    pub movement: BTreeMap<String, usize>,
    /// What was quantised.
    pub quantized: Quantized,
}

/// Compares two models.
///
/// # Cost
/// Near-linear in the size of the models where they are alike; what is not is bounded by a table of fixed size.
pub fn diff(before: &Prepared, after: &Prepared) -> Diff {
    let (a, b) = (Side::new(before), Side::new(after));
    // The same way round whichever comes first, so that a mirrored comparison gives the mirrored answer.
    let places = if a.rank() <= b.rank() {
        matching::pairs(&a, &b)
    } else {
        let mut flipped = matching::pairs(&b, &a);
        flipped.iter_mut().for_each(|(x, y)| std::mem::swap(x, y));
        flipped
    };
    let mut places = places;
    places.sort_unstable_by_key(|(_, y)| *y);
    let pairs = compare::pairs(&a, &b, &places);
    let mut paired = (vec![false; a.ops.len()], vec![false; b.ops.len()]);
    for (x, y) in &places {
        paired.0[*x] = true;
        paired.1[*y] = true;
    }
    let alone = |side: &Side<'_>, paired: &[bool]| -> Vec<NodeId> {
        side.ops.iter().zip(paired).filter(|(_, p)| !**p).map(|(op, _)| op.id).collect()
    };
    let (removed, added) = (alone(&a, &paired.0), alone(&b, &paired.1));
    let blocks = |side: &Side<'_>, paired: &[bool]| blocks::whole(side, paired);
    Diff {
        added_blocks: blocks(&b, &paired.1),
        removed_blocks: blocks(&a, &paired.0),
        repeats: blocks::repeats(&a, &b, &places),
        groups: groups::groups(&pairs, &b),
        ports: compare::ports(a.graph, b.graph),
        before: totals(before, &a),
        after: totals(after, &b),
        pairs,
        added,
        removed,
    }
}

fn totals(prepared: &Prepared, side: &Side<'_>) -> Totals {
    let Summary { parameters, macs, .. } = &side.summary;
    Totals {
        parameters: *parameters,
        macs: *macs,
        operators: side.ops.len(),
        movement: side.movement.clone(),
        quantized: prepared.quantized.clone(),
    }
}

//! What is counted from the graph itself: parameters, multiply-adds, bytes of what is made.

use netloom_graph::summary::Summary;
use netloom_graph::{Graph, TensorId};

use super::Unit;

/// Something that is counted per operator or box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Learned elements.
    Parameters,
    /// Multiply-adds of one run.
    Macs,
    /// Bytes of everything that is made, for one example where the number of examples is open.
    Memory,
    /// Elements of what comes out.
    Size,
}

/// Every measure by its name on the command line, with what it counts.
pub static MEASURES: &[(&str, Measure, &str)] = &[
    ("params", Measure::Parameters, "parameters"),
    ("macs", Measure::Macs, "multiply-adds"),
    ("memory", Measure::Memory, "activation memory"),
    ("size", Measure::Size, "output elements"),
];

impl Measure {
    /// What is counted, in words.
    pub fn title(self) -> &'static str {
        MEASURES.iter().find(|m| m.1 == self).map_or("", |m| m.2)
    }

    /// What the numbers count.
    pub fn unit(self) -> Unit {
        if self == Self::Memory { Unit::Bytes } else { Unit::Count }
    }

    /// Whether the numbers of operators make up that of the box they stand in.
    pub(super) fn adds(self) -> bool {
        self != Self::Size
    }

    /// One number per operator, none where there is nothing to count or shapes do not tell. For [`Measure::Size`] see
    /// [`size`].
    pub(super) fn operators(self, graph: &Graph, summary: &Summary) -> Vec<Option<f64>> {
        #[expect(clippy::cast_precision_loss, reason = "counts are printed with four digits")]
        let some = |n: u64| (n > 0).then_some(n as f64);
        let rows = graph.nodes().zip(&summary.nodes);
        rows.map(|((_, node), row)| match self {
            Self::Parameters => some(row.parameters),
            Self::Macs => row.macs.and_then(some),
            Self::Size => None,
            Self::Memory if node.is_alias() => None,
            Self::Memory => {
                let made = node.outputs.iter().flatten().map(|t| bytes(graph, *t));
                made.sum::<Option<f64>>().filter(|n| *n > 0.0)
            }
        })
        .collect()
    }
}

/// How many elements a tensor has; for one example where the number of examples is open.
pub(super) fn size(graph: &Graph, tensor: TensorId) -> Option<f64> {
    let dims = graph.tensor(tensor).ty.shape().dims()?;
    let mut product = 1.0;
    for (i, dim) in dims.iter().enumerate() {
        product *= match dim.as_size() {
            #[expect(clippy::cast_precision_loss, reason = "counts are printed with four digits")]
            Some(n) => n as f64,
            None if i == 0 && !dim.is_unknown() => 1.0,
            None => return None,
        };
    }
    Some(product)
}

fn bytes(graph: &Graph, tensor: TensorId) -> Option<f64> {
    /// What is taken for a type that has no width of its own.
    const BITS: u32 = 32;
    let bits = graph.tensor(tensor).ty.dtype().and_then(netloom_graph::DType::bits).unwrap_or(BITS);
    Some(size(graph, tensor)? * f64::from(bits) / 8.0)
}

//! The layers that the notation knows by name, and how each becomes nodes of the standard ONNX set.
//!
//! What stands here needs weights, settings under short names, or more than one node. Every other operator of
//! [`netloom_graph::layers`] can be called by its canonical name, with the settings of its definition.

mod attention;
mod conv;
mod dense;
mod merge;
mod norm;
mod pointwise;
mod pool;
mod recurrent;
mod shape;

use netloom_graph::{Attribute, Dim, TensorId};

use super::call::Call;
use super::make::{Made, Maker};

/// One layer of the notation.
#[derive(Debug)]
pub struct Row {
    /// What a text calls it.
    pub name: &'static str,
    /// Its settings, in the order in which they are given without name.
    pub settings: &'static [&'static str],
    /// The fewest and the most inputs.
    pub inputs: (usize, usize),
    /// Whether plain numbers may stand among the inputs, as in `mul(0.5)`.
    pub numbers: bool,
    /// Adds its nodes and gives its results, as many as are wanted if it has so many.
    pub build: fn(&mut Maker, &Call) -> Made<Vec<TensorId>>,
}

impl Row {
    const DEFAULT: Self = Self {
        name: "",
        settings: &[],
        inputs: (1, 1),
        numbers: false,
        build: |_, call| Ok(call.inputs.clone()),
    };
}

/// The families, one per file, in order of file name.
pub const FAMILIES: &[&[Row]] = &[
    attention::FAMILY,
    conv::FAMILY,
    dense::FAMILY,
    merge::FAMILY,
    norm::FAMILY,
    pointwise::FAMILY,
    pool::FAMILY,
    recurrent::FAMILY,
    shape::FAMILY,
];

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    all().find(|r| r.name == name)
}

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().flat_map(|f| f.iter())
}

impl Call {
    /// Adds the one node that a simple layer is.
    fn node(
        &self,
        maker: &mut Maker,
        op: &str,
        inputs: impl IntoIterator<Item = TensorId>,
        attributes: Vec<(&str, Attribute)>,
    ) -> Made<Vec<TensorId>> {
        maker.node(op, &self.name, inputs.into_iter().map(Some).collect(), attributes, 1, &self.span)
    }

    /// The number of channels, which is dimension 1.
    fn channels(&self, maker: &Maker) -> Made<Dim> {
        let input = self.input()?;
        match maker.dims(input) {
            None => Ok(Dim::Unknown),
            Some(dims) => dims.get(1).cloned().ok_or_else(|| {
                let shape = maker.graph.tensor(input).ty.shape();
                self.problem(format!(
                    "`{}` expected an input of batch and channels, found {shape}",
                    self.layer
                ))
            }),
        }
    }

    /// The number of spatial dimensions: what follows batch and channels, else `listed`, else 2.
    fn spatial(&self, maker: &Maker, listed: Option<usize>) -> Made<usize> {
        let input = self.input()?;
        let Some(dims) = maker.dims(input) else { return Ok(listed.unwrap_or(2)) };
        match dims.len().checked_sub(2) {
            Some(n) if n > 0 => Ok(n),
            _ => {
                let shape = maker.graph.tensor(input).ty.shape();
                Err(self.problem(format!(
                    "`{}` expected an input of batch, channels and space, found {shape}",
                    self.layer
                )))
            }
        }
    }

    /// The last dimension of a tensor.
    fn features(&self, maker: &Maker, tensor: TensorId) -> Made<Dim> {
        match maker.dims(tensor) {
            None => Ok(Dim::Unknown),
            Some(dims) => dims.last().cloned().ok_or_else(|| {
                self.problem(format!(
                    "`{}` expected an input with at least 1 dimension, found a scalar",
                    self.layer
                ))
            }),
        }
    }
}

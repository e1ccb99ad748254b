//! Weights that a figure may show, where somebody gives them.

use std::collections::BTreeMap;

use netloom_graph::{Graph, TensorId};

/// Matrices of weights by the name of their tensor; a graph itself holds only facts about weights.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Weights(BTreeMap<String, Matrix>);

/// Numbers in rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Matrix {
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// A matrix of numbers in row-major order, or `None` where they do not fill whole rows.
    pub fn new(columns: usize, values: Vec<f32>) -> Option<Self> {
        let is_whole = columns > 0 && !values.is_empty() && values.len().is_multiple_of(columns);
        is_whole.then_some(Self { columns, values })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A number, if it is there.
    pub fn at(&self, row: usize, column: usize) -> Option<f32> {
        if column >= self.columns {
            return None;
        }
        self.values.get(row.checked_mul(self.columns)?.checked_add(column)?).copied()
    }
}

impl Weights {
    /// Adds the matrix of a tensor, in the place of one of that name.
    pub fn insert(&mut self, name: impl Into<String>, matrix: Matrix) {
        self.0.insert(name.into(), matrix);
    }

    /// The names of the tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The matrix of a stored tensor: as given, else the small numbers that the file itself holds.
    pub fn of(&self, graph: &Graph, tensor: TensorId) -> Option<Matrix> {
        let tensor = graph.tensor(tensor);
        if let Some(matrix) = self.0.get(&tensor.name) {
            return Some(matrix.clone());
        }
        let value = tensor.value.as_ref()?;
        let [_, columns] = value.dims[..] else { return None };
        #[expect(clippy::cast_possible_truncation, reason = "weights are shown by colour and width")]
        Matrix::new(columns, value.as_floats()?.iter().map(|v| *v as f32).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: usize, values: &[f32], at: (usize, usize), expected: Option<(usize, Option<f32>)>) {
        let matrix = Matrix::new(columns, values.to_vec());
        assert_eq!(matrix.map(|m| (m.rows(), m.at(at.0, at.1))), expected);
    }

    #[test]
    fn matrices_have_whole_rows() {
        check(2, &[1.0, 2.0, 3.0, 4.0], (1, 0), Some((2, Some(3.0))));
        check(2, &[1.0, 2.0, 3.0, 4.0], (0, 2), Some((2, None)));
        check(2, &[1.0, 2.0, 3.0, 4.0], (2, 0), Some((2, None)));
        check(3, &[1.0, 2.0], (0, 0), None);
        check(0, &[1.0], (0, 0), None);
        check(1, &[], (0, 0), None);
    }
}

//! Sums of products by index equation, and determinants.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Dim, Graph, Node, Shape};

/// The most indices an equation may have, dots included; more is no equation that a file would hold.
const MAX_INDICES: usize = 256;

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "einsum",
        about: "multiplies its inputs index by index and sums over the indices that the output lacks",
        names: &[("onnx", "Einsum"), ("torch", "einsum"), ("keras", "EinsumDense")],
        category: Category::Linear,
        infer: einsum,
        learned: &[0, 1],
        macs: contraction_macs,
        label: |_, node| Label::new(format!("einsum {}", node.attributes.string("equation").unwrap_or("?"))),
        ..Layer::DEFAULT
    },
    Layer {
        name: "determinant",
        about: "the determinant of each matrix",
        names: &[("onnx", "Det"), ("torch", "det")],
        infer: |cx| {
            let shape = match cx.dims_of_rank(0, 2)? {
                Some(dims) => dims[..dims.len() - 2].to_vec().into(),
                None => Shape::Unranked,
            };
            let dtype = cx.dtype(0);
            cx.set(0, dtype, shape);
            Ok(())
        },
        ..Layer::DEFAULT
    },
];

/// One index of an equation: a letter, or the n-th axis from the end of those that dots stand for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Index {
    Dots(usize),
    Letter(char),
}

/// An equation matched with the shapes of its inputs.
struct Contraction {
    inputs: Vec<Vec<Index>>,
    output: Vec<Index>,
    sizes: Vec<(Index, Dim)>,
}

impl Contraction {
    fn new(equation: &str, shapes: &[&[Dim]]) -> Result<Self, InferError> {
        let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match equation.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (equation.as_str(), None),
        };
        let terms: Vec<&str> = left.split(',').collect();
        if terms.len() != shapes.len() {
            let message = format!("expected {} inputs by the equation, found {}", terms.len(), shapes.len());
            return Err(InferError::new(message));
        }
        let mut this = Self { inputs: Vec::new(), output: Vec::new(), sizes: Vec::new() };
        let mut widest = 0;
        for (term, dims) in terms.iter().zip(shapes) {
            let letters = term.replace("...", "").chars().count();
            let dots = if term.contains("...") { dims.len().checked_sub(letters) } else { Some(0) };
            let indices = dots.map(|dots| indices_of(term, dots)).unwrap_or_default();
            if indices.len() != dims.len() || indices.len() > MAX_INDICES {
                let message =
                    format!("expected an input of the form `{term}`, found {} dimensions", dims.len());
                return Err(InferError::new(message));
            }
            widest = widest.max(dots.unwrap_or(0));
            for (index, dim) in indices.iter().zip(*dims) {
                this.see(*index, dim);
            }
            this.inputs.push(indices);
        }
        this.output = match right {
            Some(right) => indices_of(right, widest),
            None => this.implicit_output(widest),
        };
        if this.output.iter().any(|i| this.size(*i).is_none()) {
            return Err(InferError::new("expected every index of the output in an input, found a new one"));
        }
        Ok(this)
    }

    /// Without an arrow, the output has the dots and then, in order, the letters that occur once.
    fn implicit_output(&self, dots: usize) -> Vec<Index> {
        let all: Vec<Index> = self.inputs.iter().flatten().copied().collect();
        let mut letters: Vec<Index> = all
            .iter()
            .filter(|i| matches!(i, Index::Letter(_)) && all.iter().filter(|j| j == i).count() == 1)
            .copied()
            .collect();
        letters.sort();
        (0..dots).rev().map(Index::Dots).chain(letters).collect()
    }

    /// Notes the size of an index; a size other than 1 wins, as in broadcasting.
    fn see(&mut self, index: Index, dim: &Dim) {
        match self.sizes.iter_mut().find(|(i, _)| *i == index) {
            Some((_, size)) => {
                if *size == Dim::Known(1)
                    || (dim.as_known().is_some_and(|n| n != 1) && size.as_known().is_none())
                {
                    *size = dim.clone();
                }
            }
            None => self.sizes.push((index, dim.clone())),
        }
    }

    fn size(&self, index: Index) -> Option<&Dim> {
        self.sizes.iter().find(|(i, _)| *i == index).map(|(_, d)| d)
    }

    /// Multiply-adds when inputs are joined one after the other from the left.
    fn macs(&self) -> Option<u64> {
        let mut inputs = self.inputs.iter();
        let mut joined = inputs.next()?.clone();
        let mut total = 0u64;
        for (at, next) in inputs.enumerate() {
            joined.extend(next);
            joined.sort();
            joined.dedup();
            let sizes = joined.iter().map(|i| self.size(*i).and_then(Dim::as_size));
            total = total.checked_add(sizes.into_iter().try_fold(1u64, |n, s| n.checked_mul(s?))?)?;
            let later = self.inputs.get(at + 2..).unwrap_or(&[]);
            joined.retain(|i| self.output.contains(i) || later.iter().any(|l| l.contains(i)));
        }
        Some(total)
    }
}

/// The indices of one term, given how many axes its dots stand for.
fn indices_of(term: &str, dots: usize) -> Vec<Index> {
    let letters = |text: &str| text.chars().map(Index::Letter).collect::<Vec<_>>();
    match term.split_once("...") {
        Some((before, after)) => {
            let mut indices = letters(before);
            indices.extend((0..dots.min(MAX_INDICES + 1)).rev().map(Index::Dots));
            indices.extend(letters(after));
            indices
        }
        None => letters(term),
    }
}

fn einsum(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let shapes: Option<Vec<&[Dim]>> = (0..cx.n_inputs()).map(|i| cx.dims(i)).collect();
    let shape = match (cx.attributes().string("equation"), shapes) {
        (Some(equation), Some(shapes)) => {
            let contraction = Contraction::new(equation, &shapes)?;
            let dims = contraction.output.iter().filter_map(|i| contraction.size(*i).cloned());
            dims.collect::<Vec<_>>().into()
        }
        (Some(equation), None) => rank_only(equation),
        _ => Shape::Unranked,
    };
    cx.set(0, dtype, shape);
    Ok(())
}

/// The rank of an output that the equation spells out.
fn rank_only(equation: &str) -> Shape {
    match equation.split_once("->") {
        Some((_, right)) if !right.contains("...") => {
            Shape::unknown_dims(right.chars().filter(|c| !c.is_whitespace()).count().min(MAX_INDICES))
        }
        _ => Shape::Unranked,
    }
}

fn contraction_macs(graph: &Graph, node: &Node) -> Option<u64> {
    let shapes: Option<Vec<&[Dim]>> =
        node.inputs.iter().map(|t| t.and_then(|t| graph.tensor(t).ty.shape().dims())).collect();
    Contraction::new(node.attributes.string("equation")?, &shapes?).ok()?.macs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(equation: &str, shapes: &[&[i64]], output: &str, macs: u64) {
        let shapes: Vec<Vec<Dim>> =
            shapes.iter().map(|s| s.iter().map(|n| Dim::Known(*n)).collect()).collect();
        let shapes: Vec<&[Dim]> = shapes.iter().map(Vec::as_slice).collect();
        let c = Contraction::new(equation, &shapes).unwrap();
        let found: Vec<Dim> = c.output.iter().filter_map(|i| c.size(*i).cloned()).collect();
        assert_eq!(Shape::from(found).to_string(), output, "{equation}");
        assert_eq!(c.macs(), Some(macs), "{equation}");
    }

    #[test]
    fn outputs_and_costs() {
        check("ij,jk->ik", &[&[2, 3], &[3, 5]], "2×5", 30);
        check("ij,jk", &[&[2, 3], &[3, 5]], "2×5", 30);
        check("ji", &[&[2, 3]], "3×2", 0);
        check("b i d, b j d -> b i j", &[&[4, 2, 8], &[4, 3, 8]], "4×2×3", 192);
        check("...ii->...i", &[&[7, 3, 3]], "7×3", 0);
        check("...ij,...jk->...ik", &[&[1, 2, 3], &[9, 3, 5]], "9×2×5", 270);
        check("ij,jk,kl->il", &[&[2, 3], &[3, 5], &[5, 7]], "2×7", 30 + 70);
        check("ii->", &[&[3, 3]], "scalar", 0);
    }

    #[test]
    fn equations_that_do_not_fit_are_refused() {
        for (equation, shapes) in
            [("ij,jk", vec![2]), ("ij", vec![3]), ("i->j", vec![1]), ("...ijk->i", vec![2])]
        {
            let dims: Vec<Vec<Dim>> = shapes.iter().map(|rank| vec![Dim::Known(2); *rank]).collect();
            let dims: Vec<&[Dim]> = dims.iter().map(Vec::as_slice).collect();
            assert!(Contraction::new(equation, &dims).is_err(), "{equation}");
        }
    }
}

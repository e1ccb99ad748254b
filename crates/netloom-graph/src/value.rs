//! Values known without running the model: shape arithmetic and small constants.

use crate::Dim;

/// The most elements a known value may have; larger constants keep their facts only.
pub const MAX_ELEMENTS: usize = 4096;

/// A small tensor whose elements are known, or known up to symbols.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// Dimensions; empty for a scalar. Their product is the number of elements.
    pub dims: Vec<usize>,
    /// Elements in row-major order.
    pub elements: Elements,
}

/// The elements of a [`Value`].
#[derive(Clone, PartialEq, Debug)]
pub enum Elements {
    /// Integers and Booleans (0 and 1), possibly symbolic.
    Ints(Vec<Dim>),
    /// Floating-point numbers.
    Floats(Vec<f64>),
    /// Strings.
    Strings(Vec<String>),
}

impl Value {
    /// A one-dimensional value of integers.
    pub fn ints(elements: Vec<Dim>) -> Self {
        Self { dims: vec![elements.len()], elements: Elements::Ints(elements) }
    }

    /// A scalar integer.
    pub fn int(element: impl Into<Dim>) -> Self {
        Self { dims: Vec::new(), elements: Elements::Ints(vec![element.into()]) }
    }

    /// A one-dimensional value of floats.
    pub fn floats(elements: Vec<f64>) -> Self {
        Self { dims: vec![elements.len()], elements: Elements::Floats(elements) }
    }

    /// The integers, whatever the rank.
    pub fn as_ints(&self) -> Option<&[Dim]> {
        match &self.elements {
            Elements::Ints(e) => Some(e),
            _ => None,
        }
    }

    /// The floats, whatever the rank.
    pub fn as_floats(&self) -> Option<&[f64]> {
        match &self.elements {
            Elements::Floats(e) => Some(e),
            _ => None,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::Ints(e) => e.len(),
            Elements::Floats(e) => e.len(),
            Elements::Strings(e) => e.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

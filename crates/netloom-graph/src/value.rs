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

    /// The integers, when all of them are known numbers.
    pub fn known_ints(&self) -> Option<Vec<i64>> {
        self.as_ints()?.iter().map(Dim::as_known).collect()
    }

    /// The same elements with other dimensions.
    #[must_use]
    pub fn with_dims(&self, dims: Vec<usize>) -> Self {
        Self { dims, elements: self.elements.clone() }
    }

    /// The elements at these places of the row-major order, with new dimensions; `None` when a place is not there or
    /// there are too many.
    pub fn pick(&self, dims: Vec<usize>, places: &[usize]) -> Option<Self> {
        if places.len() > MAX_ELEMENTS || places.iter().any(|p| *p >= self.len()) {
            return None;
        }
        let elements = match &self.elements {
            Elements::Ints(e) => Elements::Ints(places.iter().map(|p| e[*p].clone()).collect()),
            Elements::Floats(e) => Elements::Floats(places.iter().map(|p| e[*p]).collect()),
            Elements::Strings(e) => Elements::Strings(places.iter().map(|p| e[*p].clone()).collect()),
        };
        Some(Self { dims, elements })
    }

    /// The same elements with the axes in another order, which names every axis once; `None` when it does not.
    pub fn transpose(&self, order: &[usize]) -> Option<Self> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.dims.len()) {
            return None;
        }
        let before = strides(&self.dims);
        let dims: Vec<usize> = order.iter().map(|axis| self.dims[*axis]).collect();
        let after = strides(&dims);
        let place = |flat: usize| {
            let steps = order.iter().zip(&after).zip(&dims);
            steps.map(|((axis, stride), size)| flat / stride % size * before[*axis]).sum()
        };
        let places: Vec<usize> = (0..self.len()).map(place).collect();
        self.pick(dims, &places)
    }

    /// This value stretched to larger dimensions as in numpy; `None` when it does not stretch to them.
    pub fn stretch(&self, dims: &[usize]) -> Option<Self> {
        if self.dims == dims {
            return Some(self.clone());
        }
        let total = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| *n <= MAX_ELEMENTS)?;
        let offset = dims.len().checked_sub(self.dims.len())?;
        let strides = strides(&self.dims);
        let mut places = Vec::with_capacity(total);
        for flat in 0..total {
            let mut rest = flat;
            let mut place = 0;
            for axis in (0..dims.len()).rev() {
                let at = rest % dims[axis];
                rest /= dims[axis];
                if axis >= offset && self.dims[axis - offset] != 1 {
                    if self.dims[axis - offset] != dims[axis] {
                        return None;
                    }
                    place += at * strides[axis - offset];
                }
            }
            places.push(place);
        }
        self.pick(dims.to_vec(), &places)
    }

    /// The elements left when each axis keeps only these places, in this order.
    pub fn select(&self, kept: &[Vec<usize>]) -> Option<Self> {
        let dims: Vec<usize> = kept.iter().map(Vec::len).collect();
        let total = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| *n <= MAX_ELEMENTS)?;
        let strides = strides(&self.dims);
        if kept.len() != self.dims.len() {
            return None;
        }
        let mut places = Vec::with_capacity(total);
        for flat in 0..total {
            let mut rest = flat;
            let mut place = 0;
            for axis in (0..dims.len()).rev() {
                place += kept[axis][rest % dims[axis]] * strides[axis];
                rest /= dims[axis];
            }
            places.push(place);
        }
        self.pick(dims, &places)
    }
}

/// How far apart neighbours along each axis are in row-major order.
fn strides(dims: &[usize]) -> Vec<usize> {
    let mut out = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        out[axis - 1] = out[axis] * dims[axis];
    }
    out
}

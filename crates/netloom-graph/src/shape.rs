//! Shapes, and the types of values that flow along edges.

use std::fmt;

use crate::{DType, Dim};

/// The dimensions of a tensor, or nothing when even their number is unknown.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Shape {
    /// The number of dimensions is unknown.
    #[default]
    Unranked,
    /// One entry per dimension; empty for a scalar.
    Ranked(Vec<Dim>),
}

impl Shape {
    /// A shape of known numbers.
    pub fn known(dims: impl IntoIterator<Item = i64>) -> Self {
        Self::Ranked(dims.into_iter().map(Dim::Known).collect())
    }

    /// `rank` unknown dimensions.
    pub fn unknown_dims(rank: usize) -> Self {
        Self::Ranked(vec![Dim::Unknown; rank])
    }

    /// The shape of a scalar.
    pub fn scalar() -> Self {
        Self::Ranked(Vec::new())
    }

    /// The dimensions, if their number is known.
    pub fn dims(&self) -> Option<&[Dim]> {
        match self {
            Self::Ranked(dims) => Some(dims),
            Self::Unranked => None,
        }
    }

    /// The number of dimensions, if known.
    pub fn rank(&self) -> Option<usize> {
        self.dims().map(<[Dim]>::len)
    }

    /// The number of elements, if every dimension is known and the product fits.
    pub fn elements(&self) -> Option<u64> {
        self.dims()?.iter().try_fold(1u64, |n, d| n.checked_mul(d.as_size()?))
    }

    /// Takes what the other shape knows where this one does not.
    pub fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Ranked(a), Self::Ranked(b)) if a.len() == b.len() => Self::Ranked(
                a.iter()
                    .zip(b)
                    .map(|(a, b)| match (a, b) {
                        (Dim::Unknown, b) => b.clone(),
                        (Dim::Expr(_), Dim::Known(_)) => b.clone(),
                        (a, _) => a.clone(),
                    })
                    .collect(),
            ),
            (Self::Unranked, other) => other.clone(),
            _ => self.clone(),
        }
    }

    /// What is true of both shapes: dimensions that differ are unknown.
    pub fn common(&self, other: &Self) -> Self {
        match (self.dims(), other.dims()) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                let common = |(a, b): (&Dim, &Dim)| if a == b { a.clone() } else { Dim::Unknown };
                Self::Ranked(a.iter().zip(b).map(common).collect())
            }
            _ => Self::Unranked,
        }
    }
}

impl<const N: usize> From<[Dim; N]> for Shape {
    fn from(dims: [Dim; N]) -> Self {
        Self::Ranked(dims.into())
    }
}

impl From<Vec<Dim>> for Shape {
    fn from(dims: Vec<Dim>) -> Self {
        Self::Ranked(dims)
    }
}

impl fmt::Display for Shape {
    /// `64×56×56`, `scalar`, or `?` when the rank is unknown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dims() {
            None => f.write_str("?"),
            Some([]) => f.write_str("scalar"),
            Some(dims) => {
                for (i, dim) in dims.iter().enumerate() {
                    if i > 0 {
                        f.write_str("×")?;
                    }
                    write!(f, "{dim}")?;
                }
                Ok(())
            }
        }
    }
}

/// The type of a value that flows along an edge. Nearly all are tensors.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum ValueType {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A dense array.
    Tensor {
        /// Element type, if known.
        dtype: Option<DType>,
        /// Dimensions, as far as known.
        shape: Shape,
    },
    /// An array that stores only its nonzero elements.
    SparseTensor {
        /// Element type, if known.
        dtype: Option<DType>,
        /// Dimensions, as far as known.
        shape: Shape,
    },
    /// A list of values of one type.
    Sequence(Box<ValueType>),
    /// A value that may be absent.
    Optional(Box<ValueType>),
    /// A dictionary.
    Map {
        /// Type of the keys.
        key: DType,
        /// Type of the values.
        value: Box<ValueType>,
    },
}

impl ValueType {
    /// A dense tensor type.
    pub fn tensor(dtype: DType, shape: impl Into<Shape>) -> Self {
        Self::Tensor { dtype: Some(dtype), shape: shape.into() }
    }

    /// The shape of a tensor; unranked for anything else.
    pub fn shape(&self) -> &Shape {
        match self {
            Self::Tensor { shape, .. } | Self::SparseTensor { shape, .. } => shape,
            _ => &Shape::Unranked,
        }
    }

    /// The element type of a tensor, if known.
    pub fn dtype(&self) -> Option<DType> {
        match self {
            Self::Tensor { dtype, .. } | Self::SparseTensor { dtype, .. } => *dtype,
            _ => None,
        }
    }

    /// Takes what the other type knows where this one does not.
    pub fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Unknown, other) => other.clone(),
            (Self::Tensor { dtype, shape }, Self::Tensor { dtype: d, shape: s }) => {
                Self::Tensor { dtype: dtype.or(*d), shape: shape.or(s) }
            }
            (Self::Sequence(a), Self::Sequence(b)) => Self::Sequence(Box::new(a.or(b))),
            (Self::Optional(a), Self::Optional(b)) => Self::Optional(Box::new(a.or(b))),
            _ => self.clone(),
        }
    }

    /// What is true of both types, as for a value that comes from one of two branches.
    pub fn common(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Tensor { dtype, shape }, Self::Tensor { dtype: d, shape: s }) => {
                Self::Tensor { dtype: dtype.filter(|t| Some(*t) == *d), shape: shape.common(s) }
            }
            (Self::SparseTensor { dtype, shape }, Self::SparseTensor { dtype: d, shape: s }) => {
                Self::SparseTensor { dtype: dtype.filter(|t| Some(*t) == *d), shape: shape.common(s) }
            }
            (Self::Sequence(a), Self::Sequence(b)) => Self::Sequence(Box::new(a.common(b))),
            (Self::Optional(a), Self::Optional(b)) => Self::Optional(Box::new(a.common(b))),
            (a, b) if a == b => a.clone(),
            _ => Self::Unknown,
        }
    }
}

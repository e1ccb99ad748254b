//! Settings of an operator, as stored in the file.

use crate::{DType, RegionId, Shape, Value, ValueType};

/// One setting of an operator.
#[derive(Clone, PartialEq, Debug)]
pub enum Attribute {
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    String(String),
    /// A list of integers.
    Ints(Vec<i64>),
    /// A list of numbers.
    Floats(Vec<f64>),
    /// A list of texts.
    Strings(Vec<String>),
    /// A stored tensor: its type, and its elements when they are few.
    Tensor(Box<TensorLiteral>),
    /// A body of a control-flow operator.
    Region(RegionId),
    /// Several bodies.
    Regions(Vec<RegionId>),
    /// A type.
    Type(Box<ValueType>),
    /// Anything else, by a short description.
    Other(String),
}

/// A tensor written out in an attribute.
#[derive(Clone, PartialEq, Debug)]
pub struct TensorLiteral {
    /// Element type.
    pub dtype: Option<DType>,
    /// Dimensions.
    pub shape: Shape,
    /// Elements, when there are at most [`crate::value::MAX_ELEMENTS`] and they are numbers.
    pub value: Option<Value>,
    /// Whether it is stored as a sparse tensor.
    pub sparse: bool,
}

/// The settings of one operator, in the order of the file; names are unique.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Attributes(Vec<(String, Attribute)>);

impl Attributes {
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The setting of that name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, a)| a)
    }

    /// Sets or replaces a setting.
    pub fn set(&mut self, name: impl Into<String>, value: Attribute) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Every setting, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(n, a)| (n.as_str(), a))
    }

    /// How many settings there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The integer of that name.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Attribute::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The number of that name; an integer counts.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Attribute::Float(x) => Some(*x),
            #[expect(clippy::cast_precision_loss, reason = "a setting written as an integer is small")]
            Attribute::Int(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// The text of that name.
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Attribute::String(s) => Some(s),
            _ => None,
        }
    }

    /// The list of integers of that name.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.get(name)? {
            Attribute::Ints(v) => Some(v),
            _ => None,
        }
    }

    /// The list of numbers of that name.
    pub fn floats(&self, name: &str) -> Option<&[f64]> {
        match self.get(name)? {
            Attribute::Floats(v) => Some(v),
            _ => None,
        }
    }
}

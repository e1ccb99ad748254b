//! What names stand for while code is followed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use netloom_graph::{DType, Dim, Elements, Graph, TensorId};

use crate::aten::Arg;
use crate::pickle;

/// A value of the code.
#[derive(Clone, Debug)]
pub(super) enum Val {
    None,
    Bool(bool),
    /// A whole number, known, symbolic or unknown.
    Int(Dim),
    Float(f64),
    Text(Rc<str>),
    Tensor(TensorId),
    /// What a loop has stacked along its first axis: a list of unknown length.
    Stacked(TensorId),
    List(Rc<RefCell<Vec<Val>>>),
    Tuple(Rc<Vec<Val>>),
    Dict(Rc<RefCell<Vec<(Val, Val)>>>),
    /// An object of the file: a module or another.
    Object(pickle::Value),
    /// An object that the code made.
    Made(Rc<RefCell<BTreeMap<Rc<str>, Val>>>, Rc<[Rc<str>]>),
    DType(DType),
    Device,
    /// A function, class or method by its qualified name.
    Path(Rc<str>),
    /// The method of an object.
    Method(Box<Val>, Rc<str>),
    /// What nobody can tell without running the network.
    Unknown,
}

impl Val {
    pub fn list(values: Vec<Val>) -> Self {
        Self::List(Rc::new(RefCell::new(values)))
    }

    pub fn int(n: usize) -> Self {
        Self::Int(Dim::Known(i64::try_from(n).unwrap_or(i64::MAX)))
    }

    /// The elements of a list or tuple.
    pub fn elements(&self) -> Option<Vec<Val>> {
        match self {
            Self::List(list) => Some(list.borrow().clone()),
            Self::Tuple(parts) => Some(parts.to_vec()),
            Self::Made(fields, names) => {
                let fields = fields.borrow();
                Some(names.iter().map(|n| fields.get(n).cloned().unwrap_or(Self::Unknown)).collect())
            }
            _ => None,
        }
    }

    /// Whether it counts as true, where that is known.
    pub fn truth(&self, graph: &Graph) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(b) => Some(*b),
            Self::Int(n) => n.as_known().map(|n| n != 0),
            Self::Float(x) => Some(*x != 0.0),
            Self::Text(t) => Some(!t.is_empty()),
            Self::List(l) => Some(!l.borrow().is_empty()),
            Self::Tuple(t) => Some(!t.is_empty()),
            Self::Dict(d) => Some(!d.borrow().is_empty()),
            Self::Tensor(t) => scalar(graph, *t).and_then(|v| v.truth_of_scalar()),
            Self::Object(_) | Self::Made(..) | Self::Path(_) | Self::Method(..) => Some(true),
            Self::Stacked(_) | Self::DType(_) | Self::Device | Self::Unknown => None,
        }
    }

    fn truth_of_scalar(&self) -> Option<bool> {
        match self {
            Self::Int(n) => n.as_known().map(|n| n != 0),
            Self::Float(x) => Some(*x != 0.0),
            _ => None,
        }
    }

    /// As an argument of an operator.
    pub fn arg(&self) -> Arg {
        match self {
            Self::None => Arg::None,
            Self::Bool(b) => Arg::Bool(*b),
            Self::Int(n) => Arg::Int(n.clone()),
            Self::Float(x) => Arg::Float(*x),
            Self::Text(t) => Arg::Str(t.to_string()),
            Self::Tensor(t) | Self::Stacked(t) => Arg::Tensor(*t),
            Self::DType(d) => Arg::DType(*d),
            Self::Device => Arg::Device,
            Self::List(_) | Self::Tuple(_) => list_arg(&self.elements().unwrap_or_default()),
            Self::Dict(_) => Arg::Other("a dictionary".to_owned()),
            Self::Object(_) | Self::Made(..) => Arg::Other("an object".to_owned()),
            Self::Path(p) => Arg::Other(p.to_string()),
            Self::Method(_, name) => Arg::Other(name.to_string()),
            Self::Unknown => Arg::Other("unknown".to_owned()),
        }
    }
}

fn list_arg(list: &[Val]) -> Arg {
    let all = |fits: fn(&Val) -> bool| list.iter().all(fits);
    if all(|v| matches!(v, Val::Int(_) | Val::Unknown)) {
        let dim = |v: &Val| match v {
            Val::Int(n) => n.clone(),
            _ => Dim::Unknown,
        };
        return Arg::Ints(list.iter().map(dim).collect());
    }
    if all(|v| matches!(v, Val::Bool(_))) {
        return Arg::Bools(list.iter().map(|v| matches!(v, Val::Bool(true))).collect());
    }
    if all(|v| matches!(v, Val::Float(_) | Val::Int(_))) {
        #[expect(clippy::cast_precision_loss, reason = "numbers in code are small")]
        let float = |v: &Val| match v {
            Val::Float(x) => *x,
            Val::Int(n) => n.as_known().unwrap_or(0) as f64,
            _ => 0.0,
        };
        return Arg::Floats(list.iter().map(float).collect());
    }
    if all(|v| matches!(v, Val::Tensor(_) | Val::None | Val::Stacked(_))) {
        let tensor = |v: &Val| match v {
            Val::Tensor(t) | Val::Stacked(t) => Some(*t),
            _ => None,
        };
        return Arg::Tensors(list.iter().map(tensor).collect());
    }
    Arg::Other("a list".to_owned())
}

/// The one element of a tensor, where it is known.
pub(super) fn scalar(graph: &Graph, tensor: TensorId) -> Option<Val> {
    let value = graph.tensor(tensor).value.as_ref()?;
    match &value.elements {
        Elements::Ints(e) => match e.as_slice() {
            [n] => Some(Val::Int(n.clone())),
            _ => None,
        },
        Elements::Floats(e) => match e.as_slice() {
            [x] => Some(Val::Float(*x)),
            _ => None,
        },
        Elements::Strings(_) => None,
    }
}

/// The element type of PyTorch's number for it.
///
/// # Source
/// `c10/core/ScalarType.h` of PyTorch.
pub(super) fn dtype(code: i64) -> Option<DType> {
    Some(match code {
        0 | 13 => DType::UInt8,
        1 | 12 => DType::Int8,
        2 => DType::Int16,
        3 | 14 => DType::Int32,
        4 => DType::Int64,
        5 => DType::Float16,
        6 => DType::Float32,
        7 => DType::Float64,
        9 => DType::Complex64,
        10 => DType::Complex128,
        11 => DType::Bool,
        15 => DType::BFloat16,
        16 => DType::UInt4,
        17 => DType::UInt2,
        23 => DType::Float8E5M2,
        24 => DType::Float8E4M3FN,
        25 => DType::Float8E5M2FNUZ,
        26 => DType::Float8E4M3FNUZ,
        27 => DType::UInt16,
        28 => DType::UInt32,
        29 => DType::UInt64,
        _ => return None,
    })
}

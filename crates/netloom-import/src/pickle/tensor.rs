//! Tensors in pickles: what the functions that rebuild them would be given.
//!
//! # Source
//! `torch/_utils.py`, `torch/serialization.py` and `torch/_tensor.py` of PyTorch, whose functions `_rebuild_*` these
//! are; `numpy/core/multiarray` for arrays.

use netloom_graph::DType;

use super::{Item, Pickle, Value};

/// What a pickle says of a tensor. Never its elements.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// Element type, where it is a known one.
    pub dtype: Option<DType>,
    /// Sizes along the dimensions.
    pub dims: Vec<i64>,
    /// How far apart neighbours along each dimension are, in elements; empty where nothing says.
    pub strides: Vec<i64>,
    /// Where the elements are, where they are stored apart.
    pub place: Option<Place>,
    /// Whether it is a parameter of a module (`Some`) and then whether it is trained.
    pub parameter: Option<bool>,
    /// Whether gradients flow into it, where the pickle says.
    pub requires_grad: Option<bool>,
    /// Whether it holds whole numbers that stand for real ones by a scale.
    pub quantized: bool,
    /// Whether only its nonzero elements are stored.
    pub sparse: bool,
}

/// Where the elements of a tensor are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a storage that the file holds apart.
    Storage {
        /// Its name.
        key: String,
        /// How many elements it has.
        elements: i64,
        /// The first element of the tensor in it.
        offset: i64,
    },
    /// In the pickle itself.
    Inside {
        /// The first byte.
        offset: u64,
        /// How many there are.
        len: u64,
    },
}

impl Tensor {
    fn new(dtype: Option<DType>, dims: Vec<i64>) -> Self {
        let strides = Vec::new();
        Self {
            dtype,
            dims,
            strides,
            place: None,
            parameter: None,
            requires_grad: None,
            quantized: false,
            sparse: false,
        }
    }

    /// How many numbers it has; `None` when that passes 64 bits.
    pub fn elements(&self) -> Option<i64> {
        self.dims.iter().try_fold(1_i64, |n, d| n.checked_mul(*d))
    }
}

/// How deep tensors are wrapped in one another at most: parameter, subclass, tensor.
const MAX_WRAPS: usize = 8;

impl Pickle {
    /// The tensor, parameter or array that a value would be.
    pub fn tensor(&self, value: Value) -> Option<Tensor> {
        let mut value = value;
        let mut parameter = None;
        for _ in 0..MAX_WRAPS {
            let object = self.object(value)?;
            let given = self.list(object.arguments).unwrap_or(&[]);
            let arg = |i: usize| given.get(i).copied();
            let ints = |i: usize| arg(i).and_then(|v| self.ints(v));
            let flag = |i: usize| match arg(i) {
                Some(Value::Bool(b)) => Some(b),
                _ => None,
            };
            let mut tensor = match self.global(object.callee)? {
                ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                    parameter = Some(flag(1).unwrap_or(true));
                    value = arg(0)?;
                    continue;
                }
                ("torch.nn.parameter" | "torch.nn", "Parameter" | "Buffer") => {
                    // Before version 0.4 a parameter was an object with its tensor and flags as its state.
                    let state = object.state.and_then(|s| self.list(s)).unwrap_or(&[]);
                    parameter = Some(!matches!(state.get(1).or(given.get(1)), Some(Value::Bool(false))));
                    value = *state.first().or(given.first())?;
                    continue;
                }
                // A subclass of tensors: function, class, arguments of the function, state.
                ("torch._tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => {
                    return self
                        .rebuilt(arg(0)?, arg(2)?)
                        .map(|t| Tensor { parameter: parameter.or(t.parameter), ..t });
                }
                ("torch._utils", _) | ("torch", _) => self.rebuilt(object.callee, object.arguments)?,
                ("torch.storage", "_load_from_bytes") => {
                    let Some(Item::Bytes { offset, len }) = arg(0).and_then(|v| self.item(v)) else {
                        return None;
                    };
                    let place = Some(Place::Inside { offset: *offset, len: *len });
                    Tensor { place, ..Tensor::new(None, Vec::new()) }
                }
                ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                    self.array(object.state?)?
                }
                ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => {
                    let mut tensor = Tensor::new(self.numpy_type(arg(1)?), ints(2)?);
                    tensor.place = self.inside(arg(0)?);
                    tensor
                }
                ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => {
                    Tensor::new(self.numpy_type(arg(0)?), Vec::new())
                }
                _ => return None,
            };
            tensor.parameter = parameter.or(tensor.parameter);
            return Some(tensor);
        }
        None
    }

    /// What a function of `torch._utils` would make of its arguments.
    fn rebuilt(&self, callee: Value, arguments: Value) -> Option<Tensor> {
        let (module, name) = self.global(callee)?;
        if !matches!(module, "torch._utils" | "torch" | "torch._tensor") {
            return None;
        }
        let given = self.list(arguments)?;
        let arg = |i: usize| given.get(i).copied();
        let sizes = |i: usize| arg(i).and_then(|v| self.ints(v));
        let flag = |i: usize| match arg(i) {
            Some(Value::Bool(b)) => Some(b),
            _ => None,
        };
        let on_storage = || {
            let (dtype, key, elements) = self.storage(arg(0)?)?;
            let offset = self.int(arg(1)?)?;
            let mut tensor = Tensor::new(dtype, sizes(2)?);
            tensor.strides = sizes(3).unwrap_or_default();
            tensor.place = Some(match key {
                Ok(key) => Place::Storage { key, elements, offset },
                Err((offset, len)) => Place::Inside { offset, len },
            });
            Some(tensor)
        };
        Some(match name {
            "_rebuild_tensor" => on_storage()?,
            "_rebuild_tensor_v2" => Tensor { requires_grad: flag(4), ..on_storage()? },
            "_rebuild_tensor_v3" => {
                let own = arg(6).and_then(|v| self.torch_type(v));
                let tensor = on_storage()?;
                Tensor { requires_grad: flag(4), dtype: own.or(tensor.dtype), ..tensor }
            }
            "_rebuild_qtensor" => Tensor { quantized: true, requires_grad: flag(5), ..on_storage()? },
            "_rebuild_meta_tensor_no_storage" => Tensor {
                strides: sizes(2).unwrap_or_default(),
                requires_grad: flag(3),
                ..Tensor::new(arg(0).and_then(|v| self.torch_type(v)), sizes(1)?)
            },
            "_rebuild_device_tensor_from_numpy"
            | "_rebuild_xla_tensor"
            | "_rebuild_device_tensor_from_cpu_tensor" => {
                let inner = self.tensor_below(arg(0)?)?;
                Tensor {
                    dtype: arg(1).and_then(|v| self.torch_type(v)).or(inner.dtype),
                    requires_grad: flag(3),
                    ..inner
                }
            }
            "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => {
                // Layout, then indices, values and size; compressed ones have two lists of indices.
                let data = self.list(arg(1)?)?;
                let size =
                    data.iter().rev().find_map(|v| self.ints(*v).filter(|_| self.list(*v).is_some()))?;
                let values = data.iter().rev().find_map(|v| self.tensor_below(*v));
                Tensor { sparse: true, ..Tensor::new(values.and_then(|t| t.dtype), size) }
            }
            "_rebuild_wrapper_subclass" => Tensor {
                strides: sizes(3).unwrap_or_default(),
                requires_grad: flag(7),
                ..Tensor::new(arg(1).and_then(|v| self.torch_type(v)), sizes(2)?)
            },
            _ => return None,
        })
    }

    /// A tensor that another one is made from: never wrapped itself, so there is no going round in circles.
    fn tensor_below(&self, value: Value) -> Option<Tensor> {
        let object = self.object(value)?;
        let is_array = matches!(
            self.global(object.callee)?,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct")
        );
        if is_array {
            return self.array(object.state?);
        }
        let given = self.list(object.arguments)?;
        let (dtype, ..) = self.storage(*given.first()?)?;
        Some(Tensor::new(dtype, self.ints(*given.get(2)?)?))
    }

    /// Element type, name (or place in the pickle) and number of elements of a storage.
    #[expect(clippy::type_complexity, reason = "three facts that are taken apart at once")]
    fn storage(&self, value: Value) -> Option<(Option<DType>, Result<String, (u64, u64)>, i64)> {
        match self.item(value)? {
            Item::Persistent(id) => {
                let facts = self.list(*id)?;
                let dtype = facts.get(1).and_then(|v| self.storage_type(*v));
                let key = self.name(*facts.get(2)?)?;
                Some((dtype, Ok(key), facts.get(4).and_then(|v| self.int(*v)).unwrap_or(0)))
            }
            Item::Object(object) => match self.global(object.callee)? {
                ("torch.storage", "_load_from_bytes") => {
                    // Old protocols write bytes as short texts, whose place is not kept.
                    let place = self.list(object.arguments)?.first().and_then(|v| self.inside(*v));
                    match place {
                        Some(Place::Inside { offset, len }) => Some((None, Err((offset, len)), 0)),
                        _ => Some((None, Err((0, 0)), 0)),
                    }
                }
                ("torch.storage" | "torch", "TypedStorage" | "_TypedStorage") => {
                    let inner = self.attribute(value, "_untyped_storage")?;
                    let Some(Item::Persistent(id)) = self.item(inner) else { return None };
                    let facts = self.list(*id)?;
                    let dtype = self.attribute(value, "dtype").and_then(|v| self.torch_type(v));
                    Some((dtype, Ok(self.name(*facts.get(2)?)?), 0))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A text, or the digits of a number.
    fn name(&self, value: Value) -> Option<String> {
        match value {
            Value::Int(n) => Some(n.to_string()),
            value => self.text(value).map(str::to_owned),
        }
    }

    /// The element type of a class of storages such as `torch.FloatStorage`; untyped storages have none.
    pub(crate) fn storage_type(&self, value: Value) -> Option<DType> {
        let (_, name) = self.global(value).or_else(|| self.class(value))?;
        Some(match name {
            "FloatStorage" => DType::Float32,
            "DoubleStorage" => DType::Float64,
            "HalfStorage" => DType::Float16,
            "BFloat16Storage" => DType::BFloat16,
            "LongStorage" => DType::Int64,
            "IntStorage" | "QInt32Storage" => DType::Int32,
            "ShortStorage" => DType::Int16,
            "CharStorage" | "QInt8Storage" => DType::Int8,
            "ByteStorage" | "QUInt8Storage" => DType::UInt8,
            "QUInt4x2Storage" => DType::UInt4,
            "QUInt2x4Storage" => DType::UInt2,
            "BoolStorage" => DType::Bool,
            "ComplexFloatStorage" => DType::Complex64,
            "ComplexDoubleStorage" => DType::Complex128,
            _ => return None,
        })
    }

    /// The element type that a name such as `torch.float16` is.
    pub fn torch_type(&self, value: Value) -> Option<DType> {
        match self.global(value)? {
            ("torch", name) => torch_type(name),
            _ => None,
        }
    }

    /// The bytes inside the pickle that a value is; protocol 2 writes them as text in Latin letters.
    fn inside(&self, value: Value) -> Option<Place> {
        match self.item(value)? {
            Item::Bytes { offset, len } => Some(Place::Inside { offset: *offset, len: *len }),
            Item::Object(object) if self.global(object.callee)?.0 == "_codecs" => {
                match self.item(*self.list(object.arguments)?.first()?)? {
                    Item::Bytes { offset, len } => Some(Place::Inside { offset: *offset, len: *len }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The state of an array of numpy: version, shape, type, order, data.
    fn array(&self, state: Value) -> Option<Tensor> {
        let state = self.list(state)?;
        // The version is left out by old writers.
        let at = state.iter().position(|v| self.list(*v).is_some())?;
        let dtype = self.numpy_type(*state.get(at + 1)?);
        let mut tensor = Tensor::new(dtype, self.ints(state[at])?);
        tensor.place = state.get(at + 3).and_then(|v| self.inside(*v));
        Some(tensor)
    }

    /// The element type that a type of numpy such as `dtype('f4')` is.
    fn numpy_type(&self, value: Value) -> Option<DType> {
        let object = self.object(value)?;
        let code = self.text(*self.list(object.arguments)?.first()?)?;
        Some(match code.trim_start_matches(['<', '>', '=', '|']) {
            "f8" | "float64" => DType::Float64,
            "f4" | "float32" => DType::Float32,
            "f2" | "float16" => DType::Float16,
            "i8" | "int64" => DType::Int64,
            "i4" | "int32" => DType::Int32,
            "i2" | "int16" => DType::Int16,
            "i1" | "int8" => DType::Int8,
            "u8" | "uint64" => DType::UInt64,
            "u4" | "uint32" => DType::UInt32,
            "u2" | "uint16" => DType::UInt16,
            "u1" | "uint8" => DType::UInt8,
            "b1" | "bool" => DType::Bool,
            "c8" => DType::Complex64,
            "c16" => DType::Complex128,
            _ => return None,
        })
    }
}

/// The element type of PyTorch's name for it, such as `bfloat16`.
pub fn torch_type(name: &str) -> Option<DType> {
    Some(match name {
        "float" | "float32" => DType::Float32,
        "double" | "float64" => DType::Float64,
        "half" | "float16" => DType::Float16,
        "bfloat16" => DType::BFloat16,
        "float8_e4m3fn" => DType::Float8E4M3FN,
        "float8_e4m3fnuz" => DType::Float8E4M3FNUZ,
        "float8_e5m2" => DType::Float8E5M2,
        "float8_e5m2fnuz" => DType::Float8E5M2FNUZ,
        "float8_e8m0fnu" => DType::Float8E8M0,
        "long" | "int64" => DType::Int64,
        "int" | "int32" | "qint32" => DType::Int32,
        "short" | "int16" => DType::Int16,
        "int8" | "qint8" => DType::Int8,
        "uint8" | "quint8" => DType::UInt8,
        "uint16" => DType::UInt16,
        "uint32" => DType::UInt32,
        "uint64" => DType::UInt64,
        "quint4x2" => DType::UInt4,
        "quint2x4" => DType::UInt2,
        "bool" => DType::Bool,
        "cfloat" | "complex64" => DType::Complex64,
        "cdouble" | "complex128" => DType::Complex128,
        _ => return None,
    })
}

//! The elements of small tensors: numbers that shapes may depend on.

use netloom_graph::{DType, Dim, Elements, Storage, Value, value};

use super::container::Container;
use crate::Source;
use crate::pickle::tensor::Tensor;
use crate::source::take;

/// The elements of a tensor, if they are whole numbers, or a single one, and few.
pub(crate) fn read(source: &dyn Source, container: &Container<'_>, tensor: &Tensor) -> Option<Value> {
    let count = usize::try_from(tensor.elements()?).ok().filter(|n| *n <= value::MAX_ELEMENTS)?;
    let dtype = tensor.dtype.filter(|d| count <= 1 || d.is_int() || *d == DType::Bool)?;
    let width = usize::try_from(dtype.bits()?).ok().filter(|b| b % 8 == 0)? / 8;
    let dims: Vec<usize> = tensor.dims.iter().map(|n| usize::try_from(*n).ok()).collect::<Option<_>>()?;
    let Storage::Inline { offset, len } = container.place(tensor) else { return None };
    let bytes = take(source, offset, usize::try_from(len).ok()?).ok()?;
    let big = container.is_big_endian();
    let mut ints = Vec::with_capacity(count);
    let mut floats = Vec::with_capacity(count);
    for flat in 0..count {
        let (mut rest, mut at) = (flat, 0_usize);
        for (dim, stride) in dims.iter().zip(&tensor.strides).rev() {
            at = at.checked_add((rest % dim).checked_mul(usize::try_from(*stride).ok()?)?)?;
            rest /= dim;
        }
        let start = at.checked_mul(width)?;
        let mut element = bytes.get(start..start.checked_add(width)?)?.to_vec();
        if big {
            element.reverse();
        }
        match number(dtype, &element)? {
            Ok(n) => ints.push(Dim::Known(n)),
            Err(x) => floats.push(x),
        }
    }
    let elements = if dtype.is_float() { Elements::Floats(floats) } else { Elements::Ints(ints) };
    Some(Value { dims, elements })
}

/// A number by its bytes, lowest first: whole, or not.
fn number(dtype: DType, bytes: &[u8]) -> Option<Result<i64, f64>> {
    let mut all = [0; 8];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let n = u64::from_le_bytes(all);
    let four = || bytes.first_chunk::<4>().copied();
    Some(match dtype {
        DType::Bool => Ok(i64::from(n != 0)),
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => Ok(i64::try_from(n).ok()?),
        DType::Int8 => Ok(i64::from(i8::from_le_bytes([*bytes.first()?]))),
        DType::Int16 => Ok(i64::from(i16::from_le_bytes(*bytes.first_chunk()?))),
        DType::Int32 => Ok(i64::from(i32::from_le_bytes(four()?))),
        DType::Int64 => Ok(i64::from_le_bytes(all)),
        DType::Float32 => Err(f64::from(f32::from_le_bytes(four()?))),
        DType::Float64 => Err(f64::from_le_bytes(all)),
        DType::BFloat16 => Err(f64::from(f32::from_le_bytes([0, 0, *bytes.first()?, *bytes.get(1)?]))),
        _ => return None,
    })
}

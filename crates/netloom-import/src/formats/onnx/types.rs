//! Types of values, as the file gives them.

use netloom_graph::{DType, Dim, Shape, ValueType};

use super::dims;
use super::tensor::{MAX_RANK, too_many_dims};
use crate::Error;
use crate::wire::{Message, Reader};

/// Reads a `TypeProto`. `negative` is set when a dimension is below zero; it counts as unknown.
pub fn read_type(
    r: &mut Reader<'_>,
    mut m: Message,
    ty: &mut ValueType,
    negative: &mut bool,
) -> Result<(), Error> {
    while let Some(field) = r.next(&mut m)? {
        match field.number {
            1 | 8 => {
                let inner = r.inside(m, field)?;
                let (mut dtype, mut shape) = match (field.number, std::mem::take(ty)) {
                    (1, ValueType::Tensor { dtype, shape }) => (dtype, shape),
                    (8, ValueType::SparseTensor { dtype, shape }) => (dtype, shape),
                    _ => (None, Shape::Unranked),
                };
                read_tensor_type(r, inner, &mut dtype, &mut shape, negative)?;
                *ty = if field.number == 1 {
                    ValueType::Tensor { dtype, shape }
                } else {
                    ValueType::SparseTensor { dtype, shape }
                };
            }
            4 | 9 => {
                let mut inner = r.inside(m, field)?;
                let mut element = match (field.number, std::mem::take(ty)) {
                    (4, ValueType::Sequence(e)) | (9, ValueType::Optional(e)) => *e,
                    _ => ValueType::Unknown,
                };
                while let Some(f) = r.next(&mut inner)? {
                    if f.number == 1 {
                        let inner = r.inside(inner, f)?;
                        read_type(r, inner, &mut element, negative)?;
                    }
                }
                let element = Box::new(element);
                *ty = if field.number == 4 {
                    ValueType::Sequence(element)
                } else {
                    ValueType::Optional(element)
                };
            }
            5 => {
                let mut inner = r.inside(m, field)?;
                let (mut key, mut element) = (None, ValueType::Unknown);
                while let Some(f) = r.next(&mut inner)? {
                    match f.number {
                        1 => key = dtype(f.int()?),
                        2 => {
                            let inner = r.inside(inner, f)?;
                            read_type(r, inner, &mut element, negative)?;
                        }
                        _ => {}
                    }
                }
                *ty = key.map_or(ValueType::Unknown, |key| ValueType::Map { key, value: Box::new(element) });
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_tensor_type(
    r: &mut Reader<'_>,
    mut m: Message,
    into: &mut Option<DType>,
    shape: &mut Shape,
    negative: &mut bool,
) -> Result<(), Error> {
    while let Some(field) = r.next(&mut m)? {
        match field.number {
            1 => *into = dtype(field.int()?),
            2 => {
                let mut inner = r.inside(m, field)?;
                let mut dims = match std::mem::take(shape) {
                    Shape::Ranked(dims) => dims,
                    Shape::Unranked => Vec::new(),
                };
                while let Some(f) = r.next(&mut inner)? {
                    if f.number == 1 {
                        if dims.len() >= MAX_RANK {
                            return Err(too_many_dims(f));
                        }
                        let inner = r.inside(inner, f)?;
                        dims.push(read_dim(r, inner, negative)?);
                    }
                }
                *shape = Shape::Ranked(dims);
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_dim(r: &mut Reader<'_>, mut m: Message, negative: &mut bool) -> Result<Dim, Error> {
    let mut dim = Dim::Unknown;
    while let Some(field) = r.next(&mut m)? {
        match field.number {
            1 => {
                let n = field.int()?;
                *negative |= n < 0;
                dim = if n < 0 { Dim::Unknown } else { Dim::Known(n) };
            }
            2 => {
                let text = r.text(field)?;
                dim = dims::parse(&String::from_utf8_lossy(&text));
            }
            _ => {}
        }
    }
    Ok(dim)
}

/// The element type with this number in the schema.
pub fn dtype(number: i64) -> Option<DType> {
    Some(match number {
        1 => DType::Float32,
        2 => DType::UInt8,
        3 => DType::Int8,
        4 => DType::UInt16,
        5 => DType::Int16,
        6 => DType::Int32,
        7 => DType::Int64,
        8 => DType::String,
        9 => DType::Bool,
        10 => DType::Float16,
        11 => DType::Float64,
        12 => DType::UInt32,
        13 => DType::UInt64,
        14 => DType::Complex64,
        15 => DType::Complex128,
        16 => DType::BFloat16,
        17 => DType::Float8E4M3FN,
        18 => DType::Float8E4M3FNUZ,
        19 => DType::Float8E5M2,
        20 => DType::Float8E5M2FNUZ,
        21 => DType::UInt4,
        22 => DType::Int4,
        23 => DType::Float4E2M1,
        24 => DType::Float8E8M0,
        25 => DType::UInt2,
        26 => DType::Int2,
        _ => return None,
    })
}

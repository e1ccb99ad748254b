//! Programs (MIL): typed operations with named inputs.

use std::collections::BTreeMap;

use netloom_graph::{DType, Dim, Elements, Role, Shape, Storage, TensorId, Value, ValueType};

use super::fields::Fields;
use super::operations::{self, Given};
use crate::draft::{Draft, Stored};
use crate::wire::{Message, Reader};
use crate::{Error, ErrorKind};

/// The most bytes of a value that is kept.
const MAX_VALUE: u64 = 4096;

/// The most elements of a value that is kept.
const MAX_ELEMENTS: usize = 512;

/// Reads a program into a draft: the body of `main`, or of the only function.
pub fn read(reader: &mut Reader<'_>, message: Message, draft: &mut Draft) -> Result<(), Error> {
    let program = Fields::read(reader, message)?;
    let functions = entries(reader, &program, 2)?;
    let main = functions.iter().find(|(name, _)| name == "main").or(functions.first());
    let Some((name, function)) = main else {
        return Err(Error::new(ErrorKind::UnknownFormat, "expected a function of the program, found none"));
    };
    if functions.len() > 1 {
        draft.note("", format!("the program has {} functions, of which `{name}` is shown", functions.len()));
    }
    let function = Fields::read(reader, *function)?;
    let opset = function.text(reader, 2)?;
    let blocks = entries(reader, &function, 3)?;
    let body = blocks.iter().find(|(name, _)| *name == opset).or(blocks.first());
    let Some((_, body)) = body else {
        return Err(Error::new(ErrorKind::UnknownFormat, "expected a body of the function, found none"));
    };
    let mut values: BTreeMap<String, TensorId> = BTreeMap::new();
    for input in function.messages(reader, 1)? {
        let (name, ty) = named(reader, input)?;
        let id = draft.input(&name, ty)?;
        values.insert(name, id);
    }
    let block = Fields::read(reader, *body)?;
    for operation in block.messages(reader, 3)? {
        let operation = Fields::read(reader, operation)?;
        run(reader, &operation, draft, &mut values)?;
    }
    for output in block.texts(reader, 2)? {
        if let Some(id) = values.get(&output) {
            draft.graph.mark_output(*id);
        }
    }
    Ok(())
}

/// The entries of a map.
fn entries(reader: &mut Reader<'_>, fields: &Fields, number: u32) -> Result<Vec<(String, Message)>, Error> {
    let mut out = Vec::new();
    for entry in fields.messages(reader, number)? {
        let entry = Fields::read(reader, entry)?;
        if let Some(value) = entry.message(reader, 2)? {
            out.push((entry.text(reader, 1)?, value));
        }
    }
    Ok(out)
}

fn run(
    reader: &mut Reader<'_>,
    operation: &Fields,
    draft: &mut Draft,
    values: &mut BTreeMap<String, TensorId>,
) -> Result<(), Error> {
    let kind = operation.text(reader, 1)?;
    let mut outputs = Vec::new();
    for output in operation.messages(reader, 3)? {
        outputs.push(named(reader, output)?);
    }
    let attributes = entries(reader, operation, 5)?;
    let mut name = String::new();
    for (key, value) in &attributes {
        if key == "name"
            && let Some(Given { value: Some(value), .. }) = stored(reader, *value)?
            && let Elements::Strings(words) = value.elements
        {
            name = words.into_iter().next().unwrap_or_default();
        }
    }
    // Weights that are packed or quantised are unpacked by operations on constants.
    if kind == "const" || kind.starts_with("constexpr_") {
        let value = match attributes.iter().find(|(key, _)| key == "val") {
            Some((_, value)) => stored(reader, *value)?,
            None => None,
        };
        for (name, ty) in outputs {
            let given = value.clone().unwrap_or(Given {
                ty: ValueType::Unknown,
                value: None,
                storage: Storage::Absent,
            });
            let id = constant(draft, &name, &Given { ty, ..given })?;
            values.insert(name, id);
        }
        return Ok(());
    }
    let mut inputs: BTreeMap<String, Vec<TensorId>> = BTreeMap::new();
    for (key, argument) in entries(reader, operation, 2)? {
        let mut ids = Vec::new();
        for binding in Fields::read(reader, argument)?.messages(reader, 1)? {
            let binding = Fields::read(reader, binding)?;
            let from = binding.text(reader, 1)?;
            if let Some(id) = values.get(&from) {
                ids.push(*id);
            } else if let Some(value) = binding.message(reader, 2)? {
                if let Some(given) = stored(reader, value)? {
                    ids.push(constant(draft, &format!("{name}.{key}"), &given)?);
                }
            } else {
                draft.warn(&name, format!("expected an operation that makes `{from}`, found none"));
            }
        }
        inputs.insert(key, ids);
    }
    let ids = operations::build(draft, &kind, &name, &inputs, &outputs)?;
    values.extend(outputs.into_iter().map(|(name, _)| name).zip(ids));
    Ok(())
}

/// A stored value: small numbers as a constant, everything else as a weight.
fn constant(draft: &mut Draft, name: &str, given: &Given) -> Result<TensorId, Error> {
    let dtype = given.ty.dtype();
    let float = dtype.is_some_and(DType::is_float);
    let id = match &given.value {
        Some(value) if !float || value.len() <= 1 => {
            draft.constant(name, dtype.unwrap_or(DType::Int32), value.clone())?
        }
        _ => {
            let dims = given.ty.shape().dims().unwrap_or_default().to_vec();
            let stored = Stored::new(dtype, dims).at(given.storage.clone());
            draft.weight(name, if float { stored } else { stored.with_role(Role::Buffer) })?
        }
    };
    Ok(id)
}

fn named(reader: &mut Reader<'_>, message: Message) -> Result<(String, ValueType), Error> {
    let fields = Fields::read(reader, message)?;
    let ty = match fields.message(reader, 2)? {
        Some(ty) => value_type(reader, ty)?,
        None => ValueType::Unknown,
    };
    Ok((fields.text(reader, 1)?, ty))
}

fn value_type(reader: &mut Reader<'_>, message: Message) -> Result<ValueType, Error> {
    let fields = Fields::read(reader, message)?;
    let Some(tensor) = fields.message(reader, 1)? else { return Ok(ValueType::Unknown) };
    let tensor = Fields::read(reader, tensor)?;
    let dtype = DType::from_name(match tensor.int(1).unwrap_or(0) {
        1 => "bool",
        2 => "string",
        10 => "float16",
        11 => "float32",
        12 => "float64",
        13 => "bfloat16",
        21 => "int8",
        22 => "int16",
        23 => "int32",
        24 => "int64",
        25 => "int4",
        31 => "uint8",
        32 => "uint16",
        33 => "uint32",
        34 => "uint64",
        35 => "uint4",
        36 => "uint2",
        _ => "",
    });
    let mut dims = Vec::new();
    for (i, dim) in tensor.messages(reader, 3)?.into_iter().enumerate() {
        let dim = Fields::read(reader, dim)?;
        let size = match dim.message(reader, 1)? {
            Some(known) => Some(Fields::read(reader, known)?.int(1).unwrap_or(0)),
            None => None,
        };
        dims.push(match size {
            Some(n) => Dim::Known(n),
            None if i == 0 => Dim::symbol("batch"),
            None => Dim::Unknown,
        });
    }
    Ok(ValueType::Tensor { dtype, shape: Shape::Ranked(dims) })
}

/// A value: its type, where it is, and its elements when they are few.
fn stored(reader: &mut Reader<'_>, message: Message) -> Result<Option<Given>, Error> {
    let fields = Fields::read(reader, message)?;
    let Some(ty) = fields.message(reader, 2)? else { return Ok(None) };
    let ty = value_type(reader, ty)?;
    if let Some(blob) = fields.message(reader, 5)? {
        let blob = Fields::read(reader, blob)?;
        let location = blob.text(reader, 1)?;
        let offset = u64::try_from(blob.int(2).unwrap_or(0)).unwrap_or(0);
        let storage = Storage::External { location, offset, len: None };
        return Ok(Some(Given { ty, value: None, storage }));
    }
    let value = match fields.message(reader, 3)? {
        Some(immediate) => elements(reader, immediate)?,
        None => None,
    };
    let dims: Option<Vec<usize>> = ty
        .shape()
        .dims()
        .map(|d| d.iter().filter_map(|d| d.as_known().and_then(|n| usize::try_from(n).ok())).collect());
    let value = value.zip(dims).map(|(elements, dims)| Value { dims, elements });
    let fits = |v: &Value| v.dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d)) == Some(v.len());
    Ok(Some(Given { ty, value: value.filter(fits), storage: Storage::Absent }))
}

fn elements(reader: &mut Reader<'_>, message: Message) -> Result<Option<Elements>, Error> {
    let Some(tensor) = Fields::read(reader, message)?.message(reader, 1)? else { return Ok(None) };
    let tensor = Fields::read(reader, tensor)?;
    for number in [2, 3, 5] {
        if let Some(list) = tensor.message(reader, number)? {
            let ints = Fields::read(reader, list)?.ints(reader, 1)?;
            return Ok((ints.len() <= MAX_ELEMENTS)
                .then(|| Elements::Ints(ints.into_iter().map(Dim::Known).collect())));
        }
    }
    if let Some(list) = tensor.message(reader, 1)? {
        let list = Fields::read(reader, list)?;
        let bytes = list.bytes(reader, 1, MAX_VALUE)?;
        let floats =
            bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap_or_default())));
        let mut floats: Vec<f64> = floats.collect();
        if floats.is_empty() {
            floats.extend(list.float(1));
        }
        return Ok(Some(Elements::Floats(floats)));
    }
    if let Some(list) = tensor.message(reader, 4)? {
        return Ok(Some(Elements::Strings(Fields::read(reader, list)?.texts(reader, 1)?)));
    }
    Ok(None)
}

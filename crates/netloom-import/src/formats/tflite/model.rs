//! From the tables of a file to a program.

use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{
    Attribute, Attributes, DType, Dim, Elements, Role, Shape, Storage, Value, ValueType, Weight, value,
};

use super::flat::{Flat, Table};
use super::operators::{CUSTOM, OPERATORS};
use super::options::{self, Kind};
use super::program::{Body, Constant, Program, Val, ValueId};
use super::translate;
use crate::{Error, Source};

/// The most dimensions of a tensor.
const MAX_RANK: u64 = 64;

/// The version of the schema that is read.
const SCHEMA: u32 = 3;

/// What is put behind the name of a tensor that keeps its elements from run to run.
const STATE: &str = " (state)";

/// What a file holds.
pub(super) struct Model {
    /// The network.
    pub program: Program,
    /// What wrote it.
    pub producer: String,
    /// What is worth knowing of it.
    pub remarks: Vec<String>,
}

/// An operator of the file before it is translated.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    /// Its name in the schema, or the one the file gives it.
    pub name: String,
    /// Whether the file names it.
    pub custom: bool,
    /// Values read.
    pub inputs: Vec<Option<ValueId>>,
    /// Values made.
    pub outputs: Vec<ValueId>,
    /// Settings by the names of the schema.
    pub settings: Attributes,
}

/// Element types by their code.
const DTYPES: &[Option<DType>] = &[
    Some(DType::Float32),
    Some(DType::Float16),
    Some(DType::Int32),
    Some(DType::UInt8),
    Some(DType::Int64),
    Some(DType::String),
    Some(DType::Bool),
    Some(DType::Int16),
    Some(DType::Complex64),
    Some(DType::Int8),
    Some(DType::Float64),
    Some(DType::Complex128),
    Some(DType::UInt64),
    // Handles of variables and lists of tensors have no element type.
    None,
    None,
    Some(DType::UInt32),
    Some(DType::UInt16),
    Some(DType::Int4),
    Some(DType::BFloat16),
    Some(DType::Int2),
    Some(DType::UInt4),
];

struct Reading<'a> {
    flat: Flat<'a>,
    program: Program,
    buffers: Vec<Table>,
    parts: usize,
    quantized: u64,
    emptied: u64,
}

/// Reads a file.
///
/// # Errors
/// When an offset leads out of the file, or there are too many parts.
pub(super) fn read(source: &dyn Source) -> Result<Model, Error> {
    let mut flat = Flat::new(source);
    let root = flat.root()?;
    let version = flat.u32_of(root, 4)?;
    let producer = match flat.text(root, 10)? {
        Some(text) if text.starts_with("MLIR") => "TensorFlow Lite converter".to_owned(),
        Some(text) => text,
        None => String::new(),
    };
    let codes = codes(&mut flat, root)?;
    let graphs = flat.tables(root, 8)?;
    let buffers = flat.tables(root, 12)?;
    let mut reading =
        Reading { flat, program: Program::default(), buffers, parts: 0, quantized: 0, emptied: 0 };
    let mut bodies = Vec::with_capacity(graphs.len().min(1024));
    for graph in graphs {
        bodies.push(reading.graph(graph, &codes)?);
    }
    let mut remarks = Vec::new();
    if version != SCHEMA {
        remarks.push(format!("expected version {SCHEMA} of the schema, found {version}"));
    }
    if bodies.is_empty() {
        return Err(Error::damaged(root.0, "expected at least one graph, found none"));
    }
    reading.signature(root, &mut bodies)?;
    if reading.quantized > 0 {
        remarks.push(format!("{} stored tensors are quantised", reading.quantized));
    }
    if reading.emptied > 0 {
        remarks.push(format!("{} stored tensors have no bytes in the file", reading.emptied));
    }
    let mut program = reading.program;
    // Bodies keep their places, so the first stands in the list as well.
    program.main = bodies[0].clone();
    bodies[0] = Body::default();
    program.bodies = bodies;
    Ok(Model { program, producer, remarks })
}

/// The names of the operators that the file uses.
fn codes(flat: &mut Flat<'_>, root: Table) -> Result<Vec<(String, bool)>, Error> {
    let mut codes = Vec::new();
    for code in flat.tables(root, 6)? {
        let old = usize::from(flat.u8_of(code, 4, 0)?);
        let new = usize::try_from(flat.u32_of(code, 10)?).unwrap_or(usize::MAX);
        let number = old.max(new);
        codes.push(match OPERATORS.get(number) {
            Some(_) if number == CUSTOM => (flat.text(code, 6)?.unwrap_or_else(|| "custom".to_owned()), true),
            Some(name) => ((*name).to_owned(), false),
            None => (format!("operator {number}"), true),
        });
    }
    Ok(codes)
}

impl Reading<'_> {
    fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_ELEMENTS {
            return Err(Error::limit(format!("the model has more than {MAX_ELEMENTS} parts")));
        }
        Ok(())
    }

    fn graph(&mut self, graph: Table, codes: &[(String, bool)]) -> Result<Body, Error> {
        let first = self.program.values.len();
        let tensors = self.flat.tables(graph, 4)?;
        self.count(tensors.len())?;
        for tensor in tensors {
            let value = self.tensor(tensor)?;
            self.program.value(value);
        }
        let made = self.program.values.len() - first;
        let id = |n: i64| usize::try_from(n).ok().filter(|n| *n < made).map(|n| first + n);
        let inputs: Vec<ValueId> = self.list(graph, 6)?.into_iter().filter_map(id).collect();
        let outputs: Vec<ValueId> = self.list(graph, 8)?.into_iter().filter_map(id).collect();
        let mut raw = Vec::new();
        for operator in self.flat.tables(graph, 10)? {
            let code = usize::try_from(self.flat.u32_of(operator, 4)?).unwrap_or(usize::MAX);
            let (name, custom) = codes.get(code).cloned().ok_or_else(|| {
                Error::damaged(
                    operator.0,
                    format_args!("expected one of {} operator codes, found number {code}", codes.len()),
                )
            })?;
            let inputs = self.list(operator, 6)?.into_iter().map(id).collect();
            let outputs = self.list(operator, 8)?.into_iter().filter_map(id).collect();
            let mut settings = Attributes::new();
            for (kind, table, fields) in
                [(10, 12, options::fields as fn(u8) -> &'static [options::Field]), (26, 28, options::fields2)]
            {
                let fields = fields(self.flat.u8_of(operator, kind, 0)?);
                if !fields.is_empty()
                    && let Some(table) = self.flat.table(operator, table)?
                {
                    self.settings(table, fields, &mut settings)?;
                }
            }
            self.count(1)?;
            raw.push(Raw { name, custom, inputs, outputs, settings });
        }
        self.absent(first, &inputs, &raw);
        let ops = translate::all(&mut self.program, raw);
        Ok(Body { ops, inputs, outputs, ..Body::default() })
    }

    /// What nothing makes and nobody gives is stored; files may come without the bytes.
    fn absent(&mut self, first: ValueId, inputs: &[ValueId], raw: &[Raw]) {
        let mut made = vec![false; self.program.values.len() - first];
        for value in inputs.iter().chain(raw.iter().flat_map(|op| &op.outputs)) {
            made[value - first] = true;
        }
        let values = self.program.values[first..].iter_mut().zip(made);
        for (value, _) in values.filter(|(v, made)| !made && v.stored.is_none()) {
            if value.ty == ValueType::Unknown || value.name.ends_with(STATE) {
                continue;
            }
            let mut weight = Weight::new(value.ty.dtype(), value.ty.shape().clone(), Storage::Absent);
            if value.quantized {
                weight.role = Some(Role::Parameter { trainable: None });
                self.quantized += 1;
            }
            value.stored =
                Some(Box::new(Constant { path: value.name.clone(), weight, value: None, variable: false }));
            self.emptied += 1;
        }
    }

    /// A list of places, counted.
    fn list(&mut self, table: Table, slot: u16) -> Result<Vec<i64>, Error> {
        let list = self.flat.ints(table, slot, MAX_ELEMENTS as u64)?;
        self.count(list.len())?;
        Ok(list)
    }

    fn tensor(&mut self, tensor: Table) -> Result<Val, Error> {
        let name = self.flat.text(tensor, 10)?.unwrap_or_default();
        let code = usize::from(self.flat.u8_of(tensor, 6, 0)?);
        let dtype = DTYPES.get(code).copied().flatten();
        let mut dims = self.flat.ints(tensor, 4, MAX_RANK)?;
        let signature = self.flat.ints(tensor, 18, MAX_RANK)?;
        // The first set is for one example; the second says which dimensions are free.
        if signature.len() == dims.len() {
            dims = signature;
        }
        let buffer = usize::try_from(self.flat.u32_of(tensor, 8)?).unwrap_or(usize::MAX);
        let (scales, scale) = self.scales(tensor)?;
        let ranked = self.flat.u8_of(tensor, 20, 0)? != 0 || !dims.is_empty();
        let bytes = self.bytes(buffer)?;
        let stored = bytes.is_some_and(|(_, len)| len > 0);
        let variable = self.flat.u8_of(tensor, 14, 0)? != 0;
        let shape = if code == 13 || code == 14 {
            Shape::Unranked
        } else if ranked || stored {
            Shape::Ranked(dims.iter().map(|n| if *n < 0 { Dim::Unknown } else { Dim::Known(*n) }).collect())
        } else {
            // Nothing written stands for a single number and for anything.
            Shape::scalar()
        };
        let mut value = Val::new(name, dtype, shape);
        if code == 13 || code == 14 {
            value.ty = ValueType::Unknown;
        }
        value.quantized = scales > 0 && dtype.is_some_and(DType::is_int);
        if let Some((offset, len)) = bytes.filter(|_| stored) {
            value.stored = Some(Box::new(self.constant(&value, offset, len)?));
            self.quantized += u64::from(value.quantized);
        } else if variable {
            value.name.push_str(STATE);
        }
        if let Some(scale) = scale {
            self.scale_of(self.program.values.len(), scale);
        }
        Ok(value)
    }

    /// Scales of whole tensors are kept for operators that change the format.
    fn scale_of(&mut self, value: ValueId, scale: f64) {
        self.program.scales.push((value, scale));
    }

    /// How many scales a tensor has, and the first.
    fn scales(&mut self, tensor: Table) -> Result<(u64, Option<f64>), Error> {
        let Some(table) = self.flat.table(tensor, 12)? else { return Ok((0, None)) };
        let list = self.flat.vector(table, 8, 4)?;
        let first =
            if list.len > 0 { Some(f32::from_le_bytes(self.flat.bytes(list.start)?).into()) } else { None };
        Ok((list.len, first))
    }

    /// Where the bytes of a buffer are; an empty one has none.
    fn bytes(&mut self, buffer: usize) -> Result<Option<(u64, u64)>, Error> {
        let Some(table) = self.buffers.get(buffer).copied().filter(|_| buffer > 0) else { return Ok(None) };
        let list = self.flat.vector(table, 4, 1)?;
        if list.len > 0 {
            return Ok(Some((list.start, list.len)));
        }
        // Buffers beyond two gigabytes stand behind the tables.
        let (offset, len) = (self.flat.u64_of(table, 6)?, self.flat.u64_of(table, 8)?);
        Ok((offset > 1 && len > 0).then_some((offset, len)))
    }

    fn constant(&mut self, value: &Val, offset: u64, len: u64) -> Result<Constant, Error> {
        let (dtype, shape) = (value.ty.dtype(), value.ty.shape().clone());
        let mut weight = Weight::new(dtype, shape, Storage::Inline { offset, len });
        if value.quantized {
            weight.role = Some(Role::Parameter { trainable: None });
        }
        let elements = match dtype {
            Some(dtype) if !value.quantized => self.elements(value, dtype, offset, len)?,
            _ => None,
        };
        Ok(Constant { path: value.name.clone(), weight, value: elements, variable: false })
    }

    /// The elements of a small constant.
    fn elements(&mut self, value: &Val, dtype: DType, offset: u64, len: u64) -> Result<Option<Value>, Error> {
        let count = value.ty.shape().elements().and_then(|n| usize::try_from(n).ok());
        let Some(count) = count.filter(|n| *n <= value::MAX_ELEMENTS) else { return Ok(None) };
        let width = match dtype {
            DType::Float32 | DType::Int32 => 4,
            DType::Int64 | DType::Float64 => 8,
            DType::Bool | DType::Int8 | DType::UInt8 => 1,
            _ => return Ok(None),
        };
        if len != width * count as u64 {
            return Ok(None);
        }
        let bytes = self.flat.run(offset, len)?;
        let mut floats = Vec::new();
        let mut ints = Vec::new();
        for chunk in bytes.chunks_exact(usize::try_from(width).unwrap_or(1)) {
            match (dtype, chunk) {
                (DType::Float32, [a, b, c, d]) => {
                    floats.push(f64::from(f32::from_le_bytes([*a, *b, *c, *d])))
                }
                (DType::Int32, [a, b, c, d]) => ints.push(i64::from(i32::from_le_bytes([*a, *b, *c, *d]))),
                (DType::Float64 | DType::Int64, _) => {
                    let mut eight = [0; 8];
                    eight.copy_from_slice(chunk);
                    match dtype {
                        DType::Float64 => floats.push(f64::from_le_bytes(eight)),
                        _ => ints.push(i64::from_le_bytes(eight)),
                    }
                }
                (DType::Int8, [a]) => ints.push(i64::from(a.cast_signed())),
                (_, [a]) => ints.push(i64::from(*a)),
                _ => return Ok(None),
            }
        }
        let dims = value.dims().unwrap_or(&[]).iter();
        let dims = dims.map(|d| d.as_size().and_then(|n| usize::try_from(n).ok()));
        let Some(dims) = dims.collect::<Option<Vec<usize>>>() else { return Ok(None) };
        let elements = if dtype.is_float() {
            Elements::Floats(floats)
        } else {
            Elements::Ints(ints.into_iter().map(Dim::Known).collect())
        };
        Ok(Some(Value { dims, elements }))
    }

    fn settings(
        &mut self,
        table: Table,
        fields: &'static [options::Field],
        into: &mut Attributes,
    ) -> Result<(), Error> {
        for (name, slot, kind, otherwise) in fields {
            let at = self.flat.field(table, *slot)?;
            #[expect(clippy::cast_possible_truncation, reason = "defaults of integers are small integers")]
            let default = *otherwise as i64;
            let int = |n: Result<i64, Error>| n.map(Attribute::Int);
            let value = match (kind, at) {
                (Kind::I8, Some(at)) => int(self.flat.bytes::<1>(at).map(|b| i64::from(b[0].cast_signed())))?,
                (Kind::Bool, Some(at)) => int(self.flat.bytes::<1>(at).map(|b| i64::from(b[0] != 0)))?,
                (Kind::I32, Some(at)) => int(self.flat.i32(at).map(i64::from))?,
                (Kind::U32, Some(at)) => int(self.flat.u32(at).map(i64::from))?,
                (Kind::I64, Some(at)) => int(self.flat.bytes(at).map(i64::from_le_bytes))?,
                (Kind::F32, Some(at)) => Attribute::Float(f32::from_le_bytes(self.flat.bytes(at)?).into()),
                (Kind::F32, None) => Attribute::Float(*otherwise),
                (Kind::Ints, _) => Attribute::Ints(self.flat.ints(table, *slot, MAX_RANK)?),
                // Long lists of settings say nothing that a figure shows.
                (Kind::Longs | Kind::Floats, _) => continue,
                (_, None) => Attribute::Int(default),
            };
            into.set(*name, value);
        }
        Ok(())
    }

    /// The names that a signature gives to inputs and outputs, and batches without a size.
    fn signature(&mut self, root: Table, bodies: &mut [Body]) -> Result<(), Error> {
        for signature in self.flat.tables(root, 18)? {
            let graph = usize::try_from(self.flat.u32_of(signature, 12)?).unwrap_or(usize::MAX);
            // Values are numbered through; the first graph begins at 0.
            if graph != 0 {
                continue;
            }
            for (slot, outputs) in [(4, false), (6, true)] {
                for entry in self.flat.tables(signature, slot)? {
                    let name = self.flat.text(entry, 4)?.unwrap_or_default();
                    let tensor = usize::try_from(self.flat.u32_of(entry, 6)?).unwrap_or(usize::MAX);
                    let body = &mut bodies[0];
                    let (values, names) = if outputs {
                        (&body.outputs, &mut body.output_names)
                    } else {
                        (&body.inputs, &mut body.input_names)
                    };
                    if names.is_empty() {
                        names.extend(values.iter().map(|v| self.program.values[*v].name.clone()));
                    }
                    for (value, known) in values.iter().zip(names) {
                        if *value == tensor {
                            known.clone_from(&name);
                        }
                    }
                }
            }
            break;
        }
        Ok(())
    }
}

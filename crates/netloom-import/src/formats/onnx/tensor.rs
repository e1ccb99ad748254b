//! Stored tensors, as the file gives them.

use netloom_graph::{DType, Dim, Elements, Shape, Storage, Value, value};

use super::names::{Name, Names};
use super::types::dtype;
use crate::Error;
use crate::wire::{Field, Message, Reader, Span};

/// The most dimensions a tensor may have; ONNX operators know single digits.
pub const MAX_RANK: usize = 1024;

/// The most elements of a floating-point tensor that are kept. Scales, ratios and bounds are shorter; longer ones are
/// weights, which are never loaded.
pub const MAX_FLOATS: usize = 64;

/// A stored tensor: facts, and the elements when they are few.
#[derive(Clone, PartialEq, Debug)]
pub struct TensorProto {
    /// Name; empty inside attributes.
    pub name: Name,
    /// Dimensions as stored, which may be senseless.
    pub dims: Vec<i64>,
    /// Number of the element type.
    pub dtype: i64,
    /// Where the bytes are.
    pub storage: Storage,
    /// The elements, when they are few and stored in typed fields.
    typed: Typed,
    external: bool,
}

/// Elements from `int32_data` and its siblings.
#[derive(Clone, PartialEq, Debug, Default)]
struct Typed {
    ints: Vec<i64>,
    floats: Vec<f64>,
    strings: Vec<String>,
    /// From the first to the last byte of all of them.
    span: Option<Span>,
    cut: bool,
}

impl Default for TensorProto {
    fn default() -> Self {
        Self {
            name: Name::EMPTY,
            dims: Vec::new(),
            dtype: 0,
            storage: Storage::Absent,
            typed: Typed::default(),
            external: false,
        }
    }
}

impl TensorProto {
    /// Reads a `TensorProto`; fields add to those that are there, as protobuf merges messages.
    pub fn read(&mut self, r: &mut Reader<'_>, names: &mut Names, mut m: Message) -> Result<(), Error> {
        while let Some(field) = r.next(&mut m)? {
            let limit = value::MAX_ELEMENTS;
            match field.number {
                1 => read_dims(r, m, field, &mut self.dims)?,
                2 => self.dtype = field.int()?,
                4 => {
                    let whole = r.floats(m, field, limit, &mut self.typed.floats)?;
                    self.typed.saw(field, m, whole);
                }
                5 | 7 | 11 => {
                    let whole = r.ints(m, field, limit, &mut self.typed.ints)?;
                    self.typed.saw(field, m, whole);
                }
                10 => {
                    let whole = r.doubles(m, field, limit, &mut self.typed.floats)?;
                    self.typed.saw(field, m, whole);
                }
                6 => {
                    let whole = self.typed.strings.len() < limit;
                    if whole {
                        let text = r.text(field)?;
                        self.typed.strings.push(String::from_utf8_lossy(&text).into_owned());
                    }
                    self.typed.saw(field, m, whole);
                }
                8 => self.name = names.add(r.text(field)?),
                9 => {
                    let span = field.span()?;
                    if !self.external {
                        self.storage = Storage::Inline { offset: span.start, len: span.len() };
                    }
                }
                13 => {
                    let entry = r.inside(m, field)?;
                    self.read_external(r, entry)?;
                }
                14 if field.int()? == 1 => self.make_external(),
                _ => {}
            }
        }
        Ok(())
    }

    fn make_external(&mut self) {
        if !self.external {
            self.external = true;
            self.storage = Storage::External { location: String::new(), offset: 0, len: None };
        }
    }

    fn read_external(&mut self, r: &mut Reader<'_>, m: Message) -> Result<(), Error> {
        let (key, value) = read_pair(r, m)?;
        let (Some(key), Some(value)) = (key, value) else { return Ok(()) };
        let (key, value) = (r.text(key)?, r.text(value)?);
        self.make_external();
        if let Storage::External { location, offset, len } = &mut self.storage {
            let value = String::from_utf8_lossy(&value).into_owned();
            match key.as_slice() {
                b"location" => *location = value,
                b"offset" => *offset = value.trim().parse().unwrap_or(0),
                b"length" => *len = value.trim().parse().ok(),
                _ => {}
            }
        }
        Ok(())
    }

    /// Settles where the bytes are, once every field has been seen.
    pub fn finish(&mut self) {
        if let (Some(span), Storage::Absent) = (self.typed.span, &self.storage) {
            self.storage = Storage::Inline { offset: span.start, len: span.len() };
        }
        if let Storage::Inline { len: 0, .. } = self.storage
            && self.dims.iter().all(|d| *d != 0)
        {
            self.storage = Storage::Absent;
        }
    }

    /// The element type, if it is a known one.
    pub fn dtype(&self) -> Option<DType> {
        dtype(self.dtype)
    }

    /// The dimensions; a negative one is unknown.
    pub fn shape(&self) -> Shape {
        Shape::Ranked(self.dims.iter().map(|d| if *d < 0 { Dim::Unknown } else { Dim::Known(*d) }).collect())
    }

    /// The number of elements, unless it does not fit or a dimension is negative.
    pub fn elements(&self) -> Option<u64> {
        self.shape().elements()
    }

    /// Whether the bytes are `raw_data`, whose length the dimensions tell.
    pub fn is_raw(&self) -> bool {
        self.typed.span.is_none()
    }

    /// How many bytes the elements take, if that can be known.
    pub fn byte_len(&self) -> Option<u64> {
        let bits = u64::from(self.dtype()?.bits()?);
        Some(self.elements()?.checked_mul(bits)?.div_ceil(8))
    }

    /// About how much a copy of it takes, in parts of the size of a name.
    pub fn weight(&self) -> usize {
        let elements = if self.is_small() { self.elements().unwrap_or(0) } else { 0 };
        usize::try_from(elements).map_or(usize::MAX, |n| 1 + (n + self.dims.len()) / 4)
    }

    /// Whether the elements are few enough to be kept.
    pub fn is_small(&self) -> bool {
        let limit = match self.dtype() {
            Some(d) if d.is_float() => MAX_FLOATS,
            Some(_) => value::MAX_ELEMENTS,
            None => 0,
        };
        self.elements().is_some_and(|n| n <= limit as u64)
    }

    /// The elements, when they are few and the bytes are at hand.
    ///
    /// `raw` gives the bytes of the storage; it is asked only for small tensors.
    pub fn value(&self, raw: impl FnOnce(&Storage) -> Option<Vec<u8>>) -> Option<Value> {
        if !self.is_small() {
            return None;
        }
        let count = usize::try_from(self.elements()?).ok()?;
        let dims = self.dims.iter().map(|d| usize::try_from(*d).ok()).collect::<Option<Vec<_>>>()?;
        let dtype = self.dtype()?;
        let elements = if count == 0 {
            none_of(dtype)?
        } else if self.typed.span.is_some() && !self.external {
            self.typed.elements(dtype, count)?
        } else {
            from_raw(dtype, &raw(&self.storage)?, count)?
        };
        let value = Value { dims, elements };
        (value.len() == count).then_some(value)
    }
}

impl Typed {
    fn saw(&mut self, field: Field, after: Message, whole: bool) {
        let start = field.span().map_or(field.offset, |s| s.start);
        let first = self.span.map_or(start, |s| s.start);
        self.span = Some(Span { start: first, end: after.at() });
        self.cut |= !whole;
    }

    fn elements(&self, dtype: DType, count: usize) -> Option<Elements> {
        if self.cut {
            return None;
        }
        match dtype {
            DType::String => Some(Elements::Strings(self.strings.clone())),
            DType::Float32 | DType::Float64 => Some(Elements::Floats(self.floats.clone())),
            DType::Float16 | DType::BFloat16 => {
                let bits = self.ints.iter().map(|n| u16::try_from(*n).ok());
                Some(Elements::Floats(bits.map(|b| Some(half(dtype, b?))).collect::<Option<_>>()?))
            }
            DType::Int4 | DType::UInt4 | DType::Int2 | DType::UInt2 => {
                let bytes: Option<Vec<u8>> = self.ints.iter().map(|n| u8::try_from(*n & 0xff).ok()).collect();
                from_raw(dtype, &bytes?, count)
            }
            d if d.is_int() || d == DType::Bool => {
                Some(Elements::Ints(self.ints.iter().map(|n| Dim::Known(*n)).collect()))
            }
            _ => None,
        }
    }
}

fn none_of(dtype: DType) -> Option<Elements> {
    match dtype {
        DType::String => Some(Elements::Strings(Vec::new())),
        d if d.is_float() => Some(Elements::Floats(Vec::new())),
        d if d.is_int() || d == DType::Bool => Some(Elements::Ints(Vec::new())),
        _ => None,
    }
}

/// Little-endian elements; narrow ones fill a byte from its low end.
fn from_raw(dtype: DType, raw: &[u8], count: usize) -> Option<Elements> {
    fn ints<const N: usize>(raw: &[u8], read: fn([u8; N]) -> Option<i64>) -> Option<Elements> {
        let (chunks, rest) = raw.as_chunks::<N>();
        let all = chunks.iter().map(|c| read(*c).map(Dim::Known)).collect::<Option<_>>()?;
        rest.is_empty().then_some(Elements::Ints(all))
    }
    fn floats<const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> f64) -> Option<Elements> {
        let (chunks, rest) = raw.as_chunks::<N>();
        rest.is_empty().then(|| Elements::Floats(chunks.iter().map(|c| read(*c)).collect()))
    }
    fn narrow(raw: &[u8], bits: u32, signed: bool, count: usize) -> Elements {
        let per_byte = (8 / bits) as usize;
        let element = |i: usize| {
            let byte = raw.get(i / per_byte)?;
            let shift = bits * u32::try_from(i % per_byte).ok()?;
            let n = i64::from(byte >> shift) & ((1 << bits) - 1);
            Some(Dim::Known(if signed && n >> (bits - 1) != 0 { n - (1 << bits) } else { n }))
        };
        Elements::Ints((0..count).map_while(element).collect())
    }
    match dtype {
        DType::Bool => ints(raw, |[b]| Some(i64::from(b != 0))),
        DType::UInt8 => ints(raw, |b: [u8; 1]| Some(b[0].into())),
        DType::Int8 => ints(raw, |b| Some(i8::from_le_bytes(b).into())),
        DType::UInt16 => ints(raw, |b| Some(u16::from_le_bytes(b).into())),
        DType::Int16 => ints(raw, |b| Some(i16::from_le_bytes(b).into())),
        DType::UInt32 => ints(raw, |b| Some(u32::from_le_bytes(b).into())),
        DType::Int32 => ints(raw, |b| Some(i32::from_le_bytes(b).into())),
        DType::UInt64 => ints(raw, |b| i64::try_from(u64::from_le_bytes(b)).ok()),
        DType::Int64 => ints(raw, |b| Some(i64::from_le_bytes(b))),
        DType::Float32 => floats(raw, |b| f32::from_le_bytes(b).into()),
        DType::Float64 => floats(raw, f64::from_le_bytes),
        DType::Float16 | DType::BFloat16 => floats(raw, |b| half(dtype, u16::from_le_bytes(b))),
        DType::Int4 => Some(narrow(raw, 4, true, count)),
        DType::UInt4 => Some(narrow(raw, 4, false, count)),
        DType::Int2 => Some(narrow(raw, 2, true, count)),
        DType::UInt2 => Some(narrow(raw, 2, false, count)),
        _ => None,
    }
}

/// The number that sixteen bits stand for.
fn half(dtype: DType, bits: u16) -> f64 {
    if dtype == DType::BFloat16 {
        return f32::from_bits(u32::from(bits) << 16).into();
    }
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 0x1f, u64::from(bits & 0x3ff));
    // Sixteen-bit numbers are wider ones with their exponent moved: 1023 - 15 = 1008.
    let magnitude = match exponent {
        #[expect(clippy::cast_precision_loss, reason = "ten bits fit")]
        0 => fraction as f64 / f64::from(1u32 << 24),
        0x1f => f64::from_bits(0x7ff0_0000_0000_0000 | (fraction << 42)),
        _ => f64::from_bits(((u64::from(exponent) + 1008) << 52) | (fraction << 42)),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// A tensor that stores only its nonzero elements.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SparseProto {
    /// The nonzero elements; carries the name.
    pub values: TensorProto,
    /// Dimensions of the whole.
    pub dims: Vec<i64>,
}

impl SparseProto {
    /// Reads a `SparseTensorProto`.
    pub fn read(&mut self, r: &mut Reader<'_>, names: &mut Names, mut m: Message) -> Result<(), Error> {
        while let Some(field) = r.next(&mut m)? {
            match field.number {
                1 => {
                    let inner = r.inside(m, field)?;
                    self.values.read(r, names, inner)?;
                }
                3 => read_dims(r, m, field, &mut self.dims)?,
                _ => {}
            }
        }
        self.values.finish();
        Ok(())
    }

    /// The dimensions of the whole; a negative one is unknown.
    pub fn shape(&self) -> Shape {
        TensorProto { dims: self.dims.clone(), ..TensorProto::default() }.shape()
    }
}

/// The fields of a key and its value, whichever come.
pub fn read_pair(r: &mut Reader<'_>, mut m: Message) -> Result<(Option<Field>, Option<Field>), Error> {
    let (mut key, mut value) = (None, None);
    while let Some(field) = r.next(&mut m)? {
        match field.number {
            1 => key = Some(field),
            2 => value = Some(field),
            _ => {}
        }
    }
    Ok((key, value))
}

fn read_dims(r: &mut Reader<'_>, m: Message, field: Field, into: &mut Vec<i64>) -> Result<(), Error> {
    if r.ints(m, field, MAX_RANK, into)? { Ok(()) } else { Err(too_many_dims(field)) }
}

pub fn too_many_dims(field: Field) -> Error {
    Error::limit(format!(
        "expected at most {MAX_RANK} dimensions at byte {}, found more",
        crate::error::Grouped(field.offset)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bit_numbers() {
        for (bits, x) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_953_125), (0x0001, 5.960_464_477_539_063e-8)]
        {
            assert_eq!(half(DType::Float16, bits), x);
        }
        assert_eq!(half(DType::Float16, 0x7c00), f64::INFINITY);
        assert!(half(DType::Float16, 0x7e00).is_nan());
        assert_eq!(half(DType::BFloat16, 0x4049), 3.140_625);
    }

    fn check(dtype: DType, raw: &[u8], count: usize, expected: &[i64]) {
        let found = from_raw(dtype, raw, count).unwrap();
        assert_eq!(found, Elements::Ints(expected.iter().map(|n| Dim::Known(*n)).collect()), "{dtype}");
    }

    #[test]
    fn raw_elements() {
        check(DType::Int64, &[254, 255, 255, 255, 255, 255, 255, 255], 1, &[-2]);
        check(DType::Int8, &[255, 1], 2, &[-1, 1]);
        check(DType::Bool, &[0, 7], 2, &[0, 1]);
        check(DType::Int4, &[0x8f, 0x07], 3, &[-1, -8, 7]);
        check(DType::UInt4, &[0x8f], 2, &[15, 8]);
        check(DType::Int2, &[0b1101_0010], 4, &[-2, 0, 1, -1]);
        assert_eq!(from_raw(DType::Int32, &[1, 2, 3], 1), None, "three bytes are no 32-bit number");
    }
}

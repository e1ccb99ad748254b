//! The header of a safetensors file: names, types, dimensions and places of tensors.

use std::collections::BTreeMap;
use std::fmt;

use netloom_graph::{DType, Storage};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::error::Grouped;
use crate::source::take;
use crate::weights_only::Entry;
use crate::{Error, Source};

/// The most bytes of a header, as in the reference implementation.
pub const MAX_HEADER: u64 = 100_000_000;

/// The most tensors of a file.
pub const MAX_TENSORS: usize = 1_000_000;

/// The most dimensions of a tensor.
pub const MAX_RANK: usize = 64;

/// The most remarks about damage that one file gets.
const MAX_REMARKS: usize = 20;

/// What a header says.
#[derive(Debug, Default)]
pub struct Header {
    /// The tensors, in the order of the header.
    pub entries: Vec<Entry>,
    /// Free text by key, such as `format` with `pt`.
    pub metadata: BTreeMap<String, String>,
    /// What is odd.
    pub remarks: Vec<String>,
    /// Whether all bytes of the tensors are missing.
    pub is_bare: bool,
}

/// Whether a source begins as these files do: a length, then a JSON object.
pub fn begins_like_one(source: &dyn Source) -> bool {
    let head = take(source, 0, 9).unwrap_or_default();
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    (2..=MAX_HEADER).contains(&u64::from_le_bytes(*length)) && rest == b"{"
}

/// Reads the header.
///
/// # Errors
/// When the length is absurd or the header is no such JSON.
///
/// # Source
/// <https://github.com/huggingface/safetensors#format>
pub fn read(source: &dyn Source) -> Result<Header, Error> {
    let head = take(source, 0, 8)?;
    let Some((length, _)) = head.split_first_chunk::<8>() else {
        return Err(Error::damaged(0, format!("expected a header length of 8 bytes, found {}", head.len())));
    };
    let length = u64::from_le_bytes(*length);
    let rest = source.len() - 8;
    if length > rest {
        let (length, rest) = (Grouped(length), Grouped(rest));
        return Err(Error::damaged(0, format!("expected a header of {length} bytes, found {rest} bytes"))
            .with_hint("the file was cut off, or is no safetensors file"));
    }
    if length > MAX_HEADER {
        return Err(Error::limit(format!(
            "expected a header of at most {} bytes, found {}",
            Grouped(MAX_HEADER),
            Grouped(length)
        )));
    }
    let text = take(source, 8, usize::try_from(length).unwrap_or(usize::MAX))?;
    let raw: Raw = serde_json::from_slice(&text).map_err(|e| {
        let before: usize =
            text.split_inclusive(|b| *b == b'\n').take(e.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let at = 8 + before as u64 + (e.column() as u64).saturating_sub(1);
        let message = e.to_string();
        Error::damaged(at, message.split(" at line ").next().unwrap_or_default())
    })?;
    let data = 8 + length;
    Ok(checked(raw, data, source.len() - data))
}

/// Checks places and turns them into those of the file.
fn checked(raw: Raw, data: u64, len: u64) -> Header {
    let mut header = Header { metadata: raw.metadata, remarks: raw.remarks, ..Header::default() };
    let end = raw.tensors.iter().map(|(_, t)| t.data_offsets.1).max().unwrap_or(0);
    header.is_bare = len == 0 && end > 0;
    let mut damage = Vec::new();
    for (name, tensor) in &raw.tensors {
        let dtype = dtype(&tensor.dtype);
        if dtype.is_none() && !PACKED.contains(&tensor.dtype.as_str()) {
            damage.push(format!("the element type `{}` of `{name}` is not known", tensor.dtype));
        }
        let (from, to) = tensor.data_offsets;
        let bits = tensor.shape.iter().try_fold(1_u64, |a, b| a.checked_mul(*b));
        let bits = bits.zip(dtype.and_then(DType::bits)).and_then(|(n, b)| n.checked_mul(u64::from(b)));
        if to < from {
            damage.push(format!("`{name}` ends at byte {to} before it begins at byte {from}"));
        } else if let Some(bits) = bits
            && bits.div_ceil(8) != to - from
        {
            let (needs, has) = (Grouped(bits.div_ceil(8)), Grouped(to - from));
            damage.push(format!("expected {needs} bytes of `{name}` by its dimensions, found {has}"));
        }
        if to > len && !header.is_bare {
            damage.push(format!("`{name}` ends at byte {} of {} bytes of data", Grouped(to), Grouped(len)));
        }
        let inside = from <= to && to <= len;
        let storage = match data.checked_add(from) {
            Some(offset) if inside => Storage::Inline { offset, len: to - from },
            _ => Storage::Absent,
        };
        let dims = tensor.shape.iter().map(|n| i64::try_from(*n).unwrap_or(i64::MAX)).collect();
        header.entries.push(Entry::new(name.clone(), dtype, dims, storage));
    }
    let mut places: Vec<(u64, u64, &str)> =
        raw.tensors.iter().map(|(n, t)| (t.data_offsets.0, t.data_offsets.1, n.as_str())).collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        if let [(_, end, a), (start, _, b)] = pair
            && start < end
        {
            damage.push(format!("the bytes of `{a}` and `{b}` overlap"));
        }
    }
    if damage.len() > MAX_REMARKS {
        let more = damage.len() - MAX_REMARKS;
        damage.truncate(MAX_REMARKS);
        damage.push(format!("{more} more tensors are damaged"));
    }
    header.remarks.extend(damage);
    header
}

/// Types of less than a byte, or with elements of several numbers, which the graph has no name for.
const PACKED: &[&str] = &["F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "C64"];

fn dtype(name: &str) -> Option<DType> {
    Some(match name {
        "F64" => DType::Float64,
        "F32" => DType::Float32,
        "F16" => DType::Float16,
        "BF16" => DType::BFloat16,
        "F8_E4M3" => DType::Float8E4M3FN,
        "F8_E5M2" => DType::Float8E5M2,
        "F8_E4M3FNUZ" => DType::Float8E4M3FNUZ,
        "F8_E5M2FNUZ" => DType::Float8E5M2FNUZ,
        "F8_E8M0" => DType::Float8E8M0,
        "F6_E2M3" => DType::Float6E2M3,
        "F6_E3M2" => DType::Float6E3M2,
        "F4" => DType::Float4E2M1,
        "I64" => DType::Int64,
        "I32" => DType::Int32,
        "I16" => DType::Int16,
        "I8" => DType::Int8,
        "U64" => DType::UInt64,
        "U32" => DType::UInt32,
        "U16" => DType::UInt16,
        "U8" => DType::UInt8,
        "BOOL" => DType::Bool,
        "C64" => DType::Complex64,
        _ => return None,
    })
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header as it stands in the file; names keep their order.
#[derive(Default)]
struct Raw {
    tensors: Vec<(String, RawTensor)>,
    metadata: BTreeMap<String, String>,
    remarks: Vec<String>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                raw.metadata = map.next_value()?;
                continue;
            }
            let tensor: RawTensor = map.next_value()?;
            if raw.tensors.len() >= MAX_TENSORS || tensor.shape.len() > MAX_RANK {
                return Err(serde::de::Error::custom(format!(
                    "expected at most {MAX_TENSORS} tensors of at most {MAX_RANK} dimensions, found more"
                )));
            }
            if !seen.insert(name.clone()) {
                if raw.remarks.len() < MAX_REMARKS {
                    raw.remarks.push(format!("`{name}` stands in the header twice; the first is taken"));
                }
                continue;
            }
            raw.tensors.push((name, tensor));
        }
        Ok(raw)
    }
}

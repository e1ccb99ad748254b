//! The header of a GGUF file: keys with values, then names, dimensions and places of tensors.

use std::collections::BTreeMap;

use netloom_graph::Storage;

use super::cursor::Cursor;
use super::types::{Kind, kind};
use crate::error::Grouped;
use crate::weights_only::Entry;
use crate::{Error, ErrorKind, Source};

/// The most keys of a file.
pub const MAX_KEYS: u64 = 1 << 20;

/// The most tensors of a file.
pub const MAX_TENSORS: u64 = 1 << 20;

/// The most dimensions of a tensor.
pub const MAX_RANK: u32 = 16;

/// The most bytes of a name or key.
pub const MAX_NAME: usize = 1 << 16;

/// Longer texts are skipped.
const MAX_TEXT: usize = 4096;

/// Longer lists are skipped, as those of tokenizers are.
const MAX_LIST: u64 = 4096;

/// The most lists inside one another.
const MAX_DEPTH: u32 = 8;

/// The most remarks about damage that one file gets.
const MAX_REMARKS: usize = 20;

/// A value of a key.
#[derive(Clone, PartialEq, Debug)]
pub enum Key {
    /// A whole number, true or false.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list of whole numbers.
    Ints(Vec<i64>),
    /// Something long, which was skipped.
    Skipped,
}

/// One tensor.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// Its name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Its dimensions, outermost first; files have them the other way round.
    pub dims: Vec<i64>,
    /// How its elements are stored.
    pub kind: Kind,
    /// Where its bytes are.
    pub storage: Storage,
}

/// What a header says.
#[derive(Debug, Default)]
pub struct Header {
    /// The version of the format, 1 to 3.
    pub version: u32,
    /// Values by key.
    pub keys: BTreeMap<String, Key>,
    /// The tensors in the order of the file.
    pub tensors: Vec<Tensor>,
    /// What is odd.
    pub remarks: Vec<String>,
}

impl Header {
    /// A whole number by its key.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.keys.get(key)? {
            Key::Int(n) => Some(*n),
            Key::Ints(list) => list.first().copied(),
            _ => None,
        }
    }

    /// Text by its key.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.keys.get(key)? {
            Key::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The tensors as they are.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |t: &Tensor| Entry::new(t.name.clone(), t.kind.dtype, t.dims.clone(), t.storage.clone());
        self.tensors.iter().map(entry).collect()
    }
}

/// Reads the header.
///
/// # Errors
/// When the file is none of this format, of an unknown version, passes a limit, or ends early.
///
/// # Source
/// <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
pub fn read(source: &dyn Source) -> Result<Header, Error> {
    let mut cursor = Cursor::new(source);
    if source.len() < 4 || &cursor.u32()?.to_le_bytes() != b"GGUF" {
        return Err(Error::new(
            ErrorKind::NotThisFormat,
            "expected a file that begins with GGUF, found other bytes",
        ));
    }
    let mut version = cursor.u32()?;
    // A file of the other byte order has its version in the upper half.
    if version.trailing_zeros() >= 16 && version != 0 {
        version = version.swap_bytes();
        cursor.is_big = true;
    }
    if !(1..=3).contains(&version) {
        return Err(Error::damaged(4, format!("expected version 1, 2 or 3, found {version}")));
    }
    let mut reader = Reader { cursor, version };
    let tensors = reader.count("tensors", MAX_TENSORS, 16)?;
    let keys = reader.count("keys", MAX_KEYS, 8)?;
    let mut header = Header { version, ..Header::default() };
    for _ in 0..keys {
        let at = reader.cursor.at;
        let name = reader.text(MAX_NAME)?.ok_or_else(|| long(at))?;
        let code = reader.cursor.u32()?;
        let value = reader.value(code, 0)?;
        if header.keys.insert(name.clone(), value).is_some() && header.remarks.len() < MAX_REMARKS {
            header.remarks.push(format!("the key `{name}` is given twice; the last one is taken"));
        }
    }
    let mut places = Vec::new();
    for _ in 0..tensors {
        places.push(reader.tensor()?);
    }
    place(&mut header, places, &reader.cursor, source.len());
    Ok(header)
}

fn long(at: u64) -> Error {
    Error::limit(format!("expected names of at most {MAX_NAME} bytes, found a longer one at byte {at}"))
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    version: u32,
}

impl Reader<'_> {
    /// A length: eight bytes, of version 1 four.
    fn length(&mut self) -> Result<u64, Error> {
        if self.version == 1 { Ok(u64::from(self.cursor.u32()?)) } else { self.cursor.u64() }
    }

    /// How many of something follow, each of `least` bytes or more.
    fn count(&mut self, what: &str, limit: u64, least: u64) -> Result<u64, Error> {
        let at = self.cursor.at;
        let n = self.length()?;
        if n.checked_mul(least).is_none_or(|bytes| bytes > self.cursor.rest()) {
            let (found, rest) = (Grouped(n), Grouped(self.cursor.rest()));
            return Err(Error::damaged(
                at,
                format!("expected {what} that fit into {rest} bytes, found {found} promised"),
            ));
        }
        if n > limit {
            return Err(Error::limit(format!(
                "expected at most {} {what}, found {}",
                Grouped(limit),
                Grouped(n)
            )));
        }
        Ok(n)
    }

    fn text(&mut self, limit: usize) -> Result<Option<String>, Error> {
        let length = self.length()?;
        self.cursor.text(length, limit)
    }

    fn value(&mut self, code: u32, depth: u32) -> Result<Key, Error> {
        let at = self.cursor.at;
        Ok(match code {
            0 | 7 => Key::Int(i64::from(self.cursor.u8()?)),
            1 => Key::Int(i64::from(self.cursor.u8()?.cast_signed())),
            2 => Key::Int(i64::from(self.cursor.u16()?)),
            3 => Key::Int(i64::from(self.cursor.u16()?.cast_signed())),
            4 => Key::Int(i64::from(self.cursor.u32()?)),
            5 => Key::Int(i64::from(self.cursor.u32()?.cast_signed())),
            6 => Key::Float(f64::from(f32::from_bits(self.cursor.u32()?))),
            8 => self.text(MAX_TEXT)?.map_or(Key::Skipped, Key::Text),
            9 => self.list(depth)?,
            10 => Key::Int(i64::try_from(self.cursor.u64()?).unwrap_or(i64::MAX)),
            11 => Key::Int(self.cursor.u64()?.cast_signed()),
            12 => Key::Float(f64::from_bits(self.cursor.u64()?)),
            _ => {
                return Err(Error::damaged(
                    at,
                    format!("expected a type of value from 0 to 12, found {code}"),
                ));
            }
        })
    }

    /// A list; long ones, and those of anything but whole numbers, are skipped.
    fn list(&mut self, depth: u32) -> Result<Key, Error> {
        let at = self.cursor.at;
        let code = self.cursor.u32()?;
        let count = self.length()?;
        let width: u64 = match code {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 if self.version == 1 => 4,
            8 => 8,
            9 => 8,
            _ => {
                return Err(Error::damaged(
                    at,
                    format!("expected a type of value from 0 to 12, found {code}"),
                ));
            }
        };
        if count.checked_mul(width).is_none_or(|bytes| bytes > self.cursor.rest()) {
            let message =
                format!("expected a list that fits into the file, found one of {} elements", Grouped(count));
            return Err(Error::damaged(at, message));
        }
        match code {
            8 => {
                for _ in 0..count {
                    let length = self.length()?;
                    self.cursor.skip(length)?;
                }
                Ok(Key::Skipped)
            }
            9 if depth >= MAX_DEPTH => Err(Error::limit(format!(
                "expected at most {MAX_DEPTH} lists inside one another, found more"
            ))),
            9 => {
                for _ in 0..count {
                    self.list(depth + 1)?;
                }
                Ok(Key::Skipped)
            }
            6 | 12 => self.cursor.skip(count * width).map(|()| Key::Skipped),
            _ if count > MAX_LIST => self.cursor.skip(count * width).map(|()| Key::Skipped),
            _ => {
                let mut list = Vec::new();
                for _ in 0..count {
                    if let Key::Int(n) = self.value(code, depth)? {
                        list.push(n);
                    }
                }
                Ok(Key::Ints(list))
            }
        }
    }

    /// Name, dimensions innermost first, kind, and where the bytes begin from the start of all data.
    fn tensor(&mut self) -> Result<Raw, Error> {
        let at = self.cursor.at;
        let name = self.text(MAX_NAME)?.ok_or_else(|| long(at))?;
        let rank = self.cursor.u32()?;
        if rank > MAX_RANK {
            return Err(Error::damaged(at, format!("expected at most {MAX_RANK} dimensions, found {rank}")));
        }
        let mut dims = Vec::new();
        for _ in 0..rank {
            dims.push(self.length()?);
        }
        let code = self.cursor.u32()?;
        let offset = self.cursor.u64()?;
        Ok(Raw { name, dims, code, offset })
    }
}

struct Raw {
    name: String,
    dims: Vec<u64>,
    code: u32,
    offset: u64,
}

/// Turns places from the start of the data into those of the file, and checks them.
fn place(header: &mut Header, raw: Vec<Raw>, cursor: &Cursor<'_>, len: u64) {
    let alignment = header.int("general.alignment").and_then(|n| u64::try_from(n).ok());
    let alignment = alignment.filter(|n| n.is_power_of_two()).unwrap_or(32);
    let data = cursor.at.checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
    let mut remarks = Vec::new();
    for tensor in raw {
        let Raw { name, dims, code, offset } = tensor;
        let known = kind(code);
        if known.is_none() {
            remarks.push(format!("the type {code} of `{name}` is not known"));
        }
        let kind =
            known.unwrap_or(Kind { code, name: "of an unknown type", block: 1, bytes: 0, dtype: None });
        let elements = dims.iter().try_fold(1_u64, |a, b| a.checked_mul(*b));
        let size = elements.and_then(|n| kind.size(n, dims.first().copied().unwrap_or(1)));
        let start = data.checked_add(offset);
        let end = start.zip(size).and_then(|(s, n)| s.checked_add(n));
        let storage = match (start, size, end) {
            (Some(offset), Some(size), Some(end)) if end <= len => Storage::Inline { offset, len: size },
            (_, None, _) => {
                remarks.push(format!("the dimensions of `{name}` do not fit blocks of {}", kind.block));
                Storage::Absent
            }
            _ => {
                remarks.push(format!("the bytes of `{name}` end beyond the file"));
                Storage::Absent
            }
        };
        let dims = dims.iter().rev().map(|n| i64::try_from(*n).unwrap_or(i64::MAX)).collect();
        header.tensors.push(Tensor { name, dims, kind, storage });
    }
    if remarks.len() > MAX_REMARKS {
        let more = remarks.len() - MAX_REMARKS;
        remarks.truncate(MAX_REMARKS);
        remarks.push(format!("{more} more tensors are damaged"));
    }
    header.remarks.extend(remarks);
}

//! Reads flatbuffers in place: every offset is checked against the file, nothing is copied but what is asked for.
//!
//! The `flatbuffers` crate verifies a whole buffer in memory; models have gigabytes of weights that are never needed
//! here, so this reader takes pages of the source as it goes along.
//!
//! # Source
//! <https://flatbuffers.dev/internals/>

use std::collections::BTreeMap;

use crate::error::Grouped;
use crate::source::take;
use crate::{Error, Source};

/// The bytes of one page.
const PAGE: u64 = 64 << 10;

/// The most pages held at a time.
const MAX_PAGES: usize = 64;

/// The longest text, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// A place in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Table(pub u64);

/// A list in the file: where its first element is and how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Vector {
    /// The first element.
    pub start: u64,
    /// The number of elements.
    pub len: u64,
}

/// A reader of one file.
pub(super) struct Flat<'a> {
    source: &'a dyn Source,
    len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl<'a> Flat<'a> {
    /// A reader of a source.
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self { source, len: source.len(), pages: BTreeMap::new() }
    }

    /// The table that the whole file is.
    pub(super) fn root(&mut self) -> Result<Table, Error> {
        self.follow(0).map(Table)
    }

    /// Where the offset at a place leads.
    fn follow(&mut self, at: u64) -> Result<u64, Error> {
        let to = at.saturating_add(self.u32(at)?.into());
        if to.saturating_add(4) > self.len {
            return Err(Error::damaged(
                at,
                format_args!(
                    "expected an offset inside {} bytes, found one to byte {}",
                    Grouped(self.len),
                    Grouped(to)
                ),
            )
            .with_hint("the file may be cut short: fetch or copy it again"));
        }
        Ok(to)
    }

    /// Where a field of a table is, if the table has it. `slot` is its place in the table's index, in bytes.
    pub(super) fn field(&mut self, table: Table, slot: u16) -> Result<Option<u64>, Error> {
        let back = i64::from(i32::from_le_bytes(self.bytes(table.0)?));
        let index = i64::try_from(table.0).ok().and_then(|at| u64::try_from(at.checked_sub(back)?).ok());
        let Some(index) = index.filter(|i| i.saturating_add(4) <= self.len) else {
            return Err(Error::damaged(
                table.0,
                "expected the index of a table inside the file, found it outside",
            ));
        };
        if slot.saturating_add(2) > self.u16(index)? {
            return Ok(None);
        }
        let offset = self.u16(index + u64::from(slot))?;
        Ok((offset != 0).then_some(table.0 + u64::from(offset)))
    }

    /// The table that a field holds.
    pub(super) fn table(&mut self, table: Table, slot: u16) -> Result<Option<Table>, Error> {
        let at = self.field(table, slot)?;
        at.map(|at| self.follow(at).map(Table)).transpose()
    }

    /// The list that a field holds, of elements of so many bytes.
    pub(super) fn vector(&mut self, table: Table, slot: u16, size: u64) -> Result<Vector, Error> {
        let Some(at) = self.field(table, slot)? else { return Ok(Vector { start: 0, len: 0 }) };
        let at = self.follow(at)?;
        let len = u64::from(self.u32(at)?);
        let rest = self.len - (at + 4);
        if len.saturating_mul(size) > rest {
            return Err(Error::damaged(
                at,
                format_args!(
                    "expected a list inside the file, found one of {} elements of {size} bytes in {} bytes",
                    Grouped(len),
                    Grouped(rest)
                ),
            )
            .with_hint("the file may be cut short: fetch or copy it again"));
        }
        Ok(Vector { start: at + 4, len })
    }

    /// The tables of a list of tables.
    pub(super) fn tables(&mut self, table: Table, slot: u16) -> Result<Vec<Table>, Error> {
        let list = self.vector(table, slot, 4)?;
        (0..list.len).map(|i| self.follow(list.start + 4 * i).map(Table)).collect()
    }

    /// The integers of a list of four-byte ones, at most `limit`.
    pub(super) fn ints(&mut self, table: Table, slot: u16, limit: u64) -> Result<Vec<i64>, Error> {
        let list = self.vector(table, slot, 4)?;
        (0..list.len.min(limit)).map(|i| self.i32(list.start + 4 * i).map(i64::from)).collect()
    }

    /// The text of a field; not UTF-8 is replaced.
    pub(super) fn text(&mut self, table: Table, slot: u16) -> Result<Option<String>, Error> {
        if self.field(table, slot)?.is_none() {
            return Ok(None);
        }
        let list = self.vector(table, slot, 1)?;
        if list.len > MAX_TEXT {
            return Err(Error::limit(format!(
                "expected a name of at most {MAX_TEXT} bytes, found {}",
                list.len
            )));
        }
        let bytes = self.run(list.start, list.len)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Bytes of the file; the caller bounds their number.
    pub(super) fn run(&mut self, start: u64, len: u64) -> Result<Vec<u8>, Error> {
        let want = usize::try_from(len).map_err(|_| Error::limit("a value is longer than memory"))?;
        let bytes = take(self.source, start, want)?;
        if bytes.len() < want { Err(self.ended(start)) } else { Ok(bytes) }
    }

    /// The byte of a field, or what it is where it is left out.
    pub(super) fn u8_of(&mut self, table: Table, slot: u16, otherwise: u8) -> Result<u8, Error> {
        match self.field(table, slot)? {
            Some(at) => self.bytes::<1>(at).map(|b| b[0]),
            None => Ok(otherwise),
        }
    }

    /// The unsigned integer of a field, or 0.
    pub(super) fn u32_of(&mut self, table: Table, slot: u16) -> Result<u32, Error> {
        self.field(table, slot)?.map_or(Ok(0), |at| self.u32(at))
    }

    /// The long unsigned integer of a field, or 0.
    pub(super) fn u64_of(&mut self, table: Table, slot: u16) -> Result<u64, Error> {
        self.field(table, slot)?.map_or(Ok(0), |at| self.bytes(at).map(u64::from_le_bytes))
    }

    /// Two bytes as an unsigned integer.
    fn u16(&mut self, at: u64) -> Result<u16, Error> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    /// Four bytes as an unsigned integer.
    pub(super) fn u32(&mut self, at: u64) -> Result<u32, Error> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// Four bytes as an integer.
    pub(super) fn i32(&mut self, at: u64) -> Result<i32, Error> {
        self.bytes(at).map(i32::from_le_bytes)
    }

    /// Bytes at a place.
    pub(super) fn bytes<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Error> {
        let mut out = [0; N];
        for (place, byte) in (at..).zip(&mut out) {
            *byte = self.byte(place)?;
        }
        Ok(out)
    }

    fn byte(&mut self, at: u64) -> Result<u8, Error> {
        let (page, place) = (at / PAGE, usize::try_from(at % PAGE).unwrap_or(usize::MAX));
        if !self.pages.contains_key(&page) {
            if self.pages.len() >= MAX_PAGES {
                self.pages.clear();
            }
            let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
            let bytes = take(self.source, page.saturating_mul(PAGE), size)?;
            self.pages.insert(page, bytes);
        }
        let byte = self.pages.get(&page).and_then(|p| p.get(place)).copied();
        byte.ok_or_else(|| self.ended(at))
    }

    fn ended(&self, at: u64) -> Error {
        Error::damaged(
            at,
            format_args!("expected more than {} bytes, found the end of the file", Grouped(self.len)),
        )
    }
}

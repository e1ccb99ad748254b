//! Numbers and texts one after another, of either byte order, from a source that is never loaded as a whole.

use crate::error::Grouped;
use crate::source::take;
use crate::{Error, Source};

/// How many bytes are fetched at once.
const CHUNK: usize = 64 << 10;

/// A place in a source.
pub struct Cursor<'a> {
    source: &'a dyn Source,
    /// The next byte, from the start of the file.
    pub at: u64,
    /// Whether the most significant byte comes first.
    pub is_big: bool,
    chunk: Vec<u8>,
    start: u64,
}

impl<'a> Cursor<'a> {
    /// At the start, least significant byte first.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, at: 0, is_big: false, chunk: Vec::new(), start: 0 }
    }

    /// How many bytes are left.
    pub fn rest(&self) -> u64 {
        self.source.len().saturating_sub(self.at)
    }

    /// Goes on without reading.
    ///
    /// # Errors
    /// When there are not so many bytes left.
    pub fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        if bytes > self.rest() {
            return Err(self.short(bytes));
        }
        self.at += bytes;
        Ok(())
    }

    fn short(&self, wanted: u64) -> Error {
        let message = format!("expected {} more bytes, found {}", Grouped(wanted), Grouped(self.rest()));
        Error::damaged(self.at, message)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        if self.rest() < N as u64 {
            return Err(self.short(N as u64));
        }
        let inside = |c: &Self| usize::try_from(c.at.checked_sub(c.start)?).ok();
        let there = |c: &Self| {
            let from = inside(c)?;
            c.chunk.get(from..from.checked_add(N)?)?.try_into().ok()
        };
        let found: Option<[u8; N]> = there(self);
        let found = match found {
            Some(found) => Some(found),
            None => {
                self.chunk = take(self.source, self.at, CHUNK)?;
                self.start = self.at;
                there(self)
            }
        };
        let mut found = found.ok_or_else(|| self.short(N as u64))?;
        self.at += N as u64;
        if self.is_big {
            found.reverse();
        }
        Ok(found)
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end.
    pub fn u8(&mut self) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.bytes()?))
    }

    /// Two bytes.
    ///
    /// # Errors
    /// At the end.
    pub fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.bytes()?))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// At the end.
    pub fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// At the end.
    pub fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// A text of that many bytes, or none when it is longer than `limit` and skipped.
    ///
    /// # Errors
    /// At the end.
    pub fn text(&mut self, length: u64, limit: usize) -> Result<Option<String>, Error> {
        let from = self.at;
        self.skip(length)?;
        match usize::try_from(length).ok().filter(|n| *n <= limit) {
            None => Ok(None),
            Some(length) => {
                let bytes = take(self.source, from, length)?;
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
        }
    }
}

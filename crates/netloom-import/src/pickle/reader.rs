//! The bytes of a pickle, one after the other, through a small window.

use crate::{Error, Source};

/// Bytes fetched at a time.
const WINDOW: usize = 64 << 10;

/// The longest line of the textual opcodes, in bytes.
const MAX_LINE: usize = 1 << 16;

/// Reads forward from an offset.
pub(super) struct Reader<'a> {
    source: &'a dyn Source,
    window: Vec<u8>,
    /// Where the window begins in the source.
    start: u64,
    /// How much of the window has been read.
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a dyn Source, offset: u64) -> Self {
        Self { source, window: Vec::new(), start: offset, at: 0 }
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    fn fill(&mut self) -> Result<bool, Error> {
        if self.at < self.window.len() {
            return Ok(true);
        }
        self.start += self.at as u64;
        self.at = 0;
        self.window = crate::source::take(self.source, self.start, WINDOW)?;
        Ok(!self.window.is_empty())
    }

    fn ended(&self, what: &str) -> Error {
        Error::damaged(self.offset(), format_args!("expected {what} of a pickle, found the end of the file"))
            .with_hint("the file may be cut short: fetch or copy it again")
    }

    pub fn byte(&mut self) -> Result<u8, Error> {
        if !self.fill()? {
            return Err(self.ended("the next opcode"));
        }
        self.at += 1;
        Ok(self.window[self.at - 1])
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            if !self.fill()? {
                return Err(self.ended("an argument"));
            }
            *byte = self.window[self.at];
            self.at += 1;
        }
        Ok(bytes)
    }

    /// Up to the next line feed, without it.
    pub fn line(&mut self) -> Result<String, Error> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte => line.push(byte),
            }
            if line.len() > MAX_LINE {
                return Err(Error::limit(format!("a line of the pickle is longer than {MAX_LINE} bytes")));
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Passes over so many bytes and says where they begin.
    pub fn skip(&mut self, len: u64) -> Result<u64, Error> {
        let offset = self.offset();
        let after = offset.checked_add(len).filter(|end| *end <= self.source.len());
        let Some(after) = after else {
            let there = self.source.len().saturating_sub(offset);
            return Err(Error::damaged(offset, format_args!("expected {len} bytes, found {there}"))
                .with_hint("the file may be cut short: fetch or copy it again"));
        };
        let inside = usize::try_from(len).ok().and_then(|n| self.at.checked_add(n));
        match inside.filter(|at| *at <= self.window.len()) {
            Some(at) => self.at = at,
            None => (self.start, self.at, self.window) = (after, 0, Vec::new()),
        }
        Ok(offset)
    }

    /// So many bytes, which the caller has bounded.
    pub fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Error> {
        let offset = self.offset();
        let inside = self.window.get(self.at..).and_then(|rest| rest.get(..len));
        let bytes = match inside {
            Some(bytes) => bytes.to_vec(),
            None => crate::source::take(self.source, offset, len)?,
        };
        self.skip(len as u64)?;
        Ok(bytes)
    }
}

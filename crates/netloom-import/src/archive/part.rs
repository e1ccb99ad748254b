//! A range of another source, as a source of its own.

use std::io::Read;

use crate::{Source, SourceError};

/// Bytes `start..start + len` of another source, under another name; nothing is copied.
#[derive(Clone)]
pub struct Part<'a> {
    source: &'a dyn Source,
    name: String,
    start: u64,
    len: u64,
}

impl<'a> Part<'a> {
    /// A part of a source, cut off at its end.
    pub fn new(source: &'a dyn Source, name: impl Into<String>, start: u64, len: u64) -> Self {
        let len = len.min(source.len().saturating_sub(start));
        Self { source, name: name.into(), start, len }
    }

    /// Where it begins in the other source, in bytes.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Its bytes from the first on, one after the other.
    pub fn reader(&self) -> impl Read + 'a {
        Sequential { part: self.clone(), at: 0 }
    }
}

impl Source for Part<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let n = rest.min(buf.len());
        match self.start.checked_add(offset) {
            Some(at) if n > 0 => self.source.read_at(at, &mut buf[..n]),
            _ => Ok(0),
        }
    }

    fn sibling(&self, _path: &str) -> Option<Box<dyn Source>> {
        None
    }
}

struct Sequential<'a> {
    part: Part<'a>,
    at: u64,
}

impl Read for Sequential<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.part.read_at(self.at, buf).map_err(std::io::Error::other)?;
        self.at += n as u64;
        Ok(n)
    }
}

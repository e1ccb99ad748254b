//! Where bytes come from: random access, so that weights need never be loaded.

use std::fmt;

/// A named file-like thing. Readers take the few parts they need; a file of many gigabytes is never loaded.
pub trait Source {
    /// The name for messages, with extension and without folders, such as `resnet18.onnx`.
    fn name(&self) -> &str;

    /// The number of bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset` on, as far as there are bytes, and says how many were written. Zero means the end.
    ///
    /// # Errors
    /// When the outside world fails.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError>;

    /// A file beside this one, by the relative path that this file gives for it.
    fn sibling(&self, path: &str) -> Option<Box<dyn Source>>;
}

/// Why bytes could not be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceError(String);

impl SourceError {
    /// An error with a message in lower case, without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SourceError {}

/// Bytes in memory, with a name. Has no siblings.
#[derive(Clone, Debug)]
pub struct Bytes<B = Vec<u8>> {
    name: String,
    bytes: B,
}

impl<B: AsRef<[u8]>> Bytes<B> {
    /// A source over bytes, owned (`Vec<u8>`) or borrowed (`&[u8]`).
    pub fn new(name: impl Into<String>, bytes: B) -> Self {
        Self { name: name.into(), bytes }
    }
}

impl<B: AsRef<[u8]>> Source for Bytes<B> {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.bytes.as_ref().len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let rest = usize::try_from(offset).ok().and_then(|o| self.bytes.as_ref().get(o..)).unwrap_or(&[]);
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn sibling(&self, _path: &str) -> Option<Box<dyn Source>> {
        None
    }
}

/// Reads up to `limit` bytes from an offset; fewer at the end.
pub(crate) fn take(source: &dyn Source, offset: u64, limit: usize) -> Result<Vec<u8>, SourceError> {
    let there = source.len().saturating_sub(offset);
    let want = usize::try_from(there).map_or(limit, |n| n.min(limit));
    let mut bytes = vec![0; want];
    let mut filled = 0;
    while filled < want {
        match source.read_at(offset + filled as u64, &mut bytes[filled..])? {
            0 => break,
            n => filled += n.min(want - filled),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_end_where_they_end() {
        let source = Bytes::new("x", &b"abcdef"[..]);
        assert_eq!(take(&source, 4, 10).unwrap(), b"ef");
        assert_eq!(take(&source, 0, 3).unwrap(), b"abc");
        assert_eq!(take(&source, 6, 3).unwrap(), b"");
        assert_eq!(take(&source, u64::MAX, 3).unwrap(), b"");
    }
}

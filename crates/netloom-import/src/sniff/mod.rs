//! What a source is, by its first bytes: formats that can be read, and well-known things that cannot.

use crate::Source;
use crate::source::take;

mod json;
mod magic;
mod text;

pub use json::json_keys;

/// How much a source looks like a format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Confidence {
    /// Not at all.
    No,
    /// By the extension of its name only.
    Extension,
    /// By what is in it.
    Content,
}

/// Whether the source's name ends in one of these extensions.
pub fn has_extension(source: &dyn Source, extensions: &[&str]) -> bool {
    let name = source.name();
    name.rsplit_once('.').is_some_and(|(_, e)| extensions.iter().any(|x| x.eq_ignore_ascii_case(e)))
}

/// Something well known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// With article, such as `a PNG image`.
    pub what: &'static str,
    /// What was seen, with article, such as `a PNG header`.
    pub mark: &'static str,
    /// Whether models are stored in it.
    pub is_model: bool,
    /// What to do about it; empty where there is nothing to say.
    pub advice: &'static str,
}

impl Known {
    /// Something that is no model.
    const fn other(what: &'static str, mark: &'static str) -> Self {
        Self { what, mark, is_model: false, advice: "" }
    }

    /// Something that holds models.
    const fn model(what: &'static str, mark: &'static str) -> Self {
        Self { what, mark, is_model: true, advice: "" }
    }

    /// The same with advice.
    const fn advise(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }
}

/// How much of a source is looked at to recognise a text, in bytes.
const HEAD: usize = 8 << 10;

/// Recognises well-known things by their first bytes.
pub fn recognise(source: &dyn Source) -> Option<Known> {
    let head = take(source, 0, HEAD).ok()?;
    magic::find(&head).or_else(|| json::find(source, &head)).or_else(|| text::find(source, &head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    #[test]
    fn well_known_files_are_named() {
        for (bytes, what) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("a PNG image")),
            (b"%PDF-1.7", Some("a PDF document")),
            (b"  {\"colour\": 1}", Some("a JSON file")),
            (b"\n<!DOCTYPE HTML><html>", Some("an HTML page")),
            (b"\x1c\0\0\0TFL3", Some("a TensorFlow Lite model")),
            (b"\x10\0\0\0\0\0\0\0{\"a\":1}", Some("a safetensors file")),
            (b"\x08\x07\x12\x07pytorch", None),
            (b"input x: 3x32x32", None),
            (b"", None),
        ] {
            assert_eq!(recognise(&Bytes::new("f", bytes)).map(|k| k.what), what, "{bytes:?}");
        }
    }
}

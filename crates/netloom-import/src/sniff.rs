//! What a source is, by its first bytes: formats that can be read, and well-known things that cannot.

use crate::Source;
use crate::source::take;

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

/// How much of a JSON text is looked at to find its keys, in bytes.
const JSON_HEAD: usize = 256 << 10;

/// The most keys of a JSON text that are looked at.
const MAX_KEYS: usize = 64;

/// The keys of the object that a source is, if it is a JSON object, as far as they stand in its first part. The text is
/// not checked otherwise.
pub fn json_keys(source: &dyn Source) -> Vec<String> {
    let head = take(source, 0, 64).unwrap_or_default();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if start.first() != Some(&b'{') {
        return Vec::new();
    }
    keys(&take(source, 0, JSON_HEAD).unwrap_or_default())
}

fn keys(text: &[u8]) -> Vec<String> {
    let (mut found, mut depth, mut text) = (Vec::new(), 0_usize, text.iter());
    let mut last: Option<Vec<u8>> = None;
    while let Some(byte) = text.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let mut string = Vec::new();
                while let Some(b) = text.next().filter(|b| **b != b'"') {
                    string.push(if *b == b'\\' { text.next().copied().unwrap_or(b'?') } else { *b });
                }
                last = Some(string);
            }
            b':' if depth == 1 => {
                let key = last.take().unwrap_or_default();
                found.push(String::from_utf8_lossy(&key).into_owned());
                if found.len() >= MAX_KEYS {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Something well known that begins with fixed bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// With article, such as `a PNG image`.
    pub what: &'static str,
    /// What was seen, with article, such as `a PNG header`.
    pub mark: &'static str,
    /// Whether models are stored in it.
    pub is_model: bool,
}

const fn known(what: &'static str, mark: &'static str) -> Known {
    Known { what, mark, is_model: false }
}

const fn model(what: &'static str, mark: &'static str) -> Known {
    Known { what, mark, is_model: true }
}

/// Offset, bytes found there, and what they mean.
const MAGIC: &[(usize, &[u8], Known)] = &[
    (0, b"\x89PNG\r\n\x1a\n", known("a PNG image", "a PNG header")),
    (0, b"\xff\xd8\xff", known("a JPEG image", "a JPEG header")),
    (0, b"GIF8", known("a GIF image", "a GIF header")),
    (0, b"%PDF-", known("a PDF document", "a PDF header")),
    (0, b"\x7fELF", known("an ELF program or library", "an ELF header")),
    (0, b"MZ\x90\x00", known("a Windows program or library", "a PE header")),
    (0, b"SQLite format 3\0", known("an SQLite database", "an SQLite header")),
    (0, b"\x93NUMPY", known("a NumPy array", "a NumPy header")),
    (0, b"\x1f\x8b", known("a gzip archive", "a gzip header")),
    (0, b"BZh", known("a bzip2 archive", "a bzip2 header")),
    (0, b"\xfd7zXZ\0", known("an xz archive", "an xz header")),
    (0, b"\x28\xb5\x2f\xfd", known("a zstd archive", "a zstd header")),
    (0, b"7z\xbc\xaf\x27\x1c", known("a 7z archive", "a 7z header")),
    (0, b"RIFF", known("a RIFF file (sound, film or WebP image)", "a RIFF header")),
    (4, b"ftyp", known("an MP4 film", "an MP4 header")),
    (257, b"ustar", known("a tar archive", "a tar header")),
    (0, b"PK\x03\x04", model("a ZIP archive (as PyTorch and Keras files are)", "a ZIP header")),
    (0, b"PK\x05\x06", known("an empty ZIP archive", "a ZIP header")),
    (0, b"\x89HDF\r\n\x1a\n", model("an HDF5 file (as older Keras models are)", "an HDF5 header")),
    (0, b"GGUF", model("a GGUF model", "a GGUF header")),
    (4, b"TFL3", model("a TensorFlow Lite model", "a TensorFlow Lite header")),
    (4, b"ORTM", model("an ONNX Runtime model (.ort)", "an ONNX Runtime header")),
    (0, b"\x80\x02", model("a Python pickle (as older PyTorch files are)", "a pickle header")),
    (0, b"\x80\x03", model("a Python pickle (as older PyTorch files are)", "a pickle header")),
    (0, b"\x80\x04\x95", model("a Python pickle (as older PyTorch files are)", "a pickle header")),
    (0, b"\x80\x05\x95", model("a Python pickle (as older PyTorch files are)", "a pickle header")),
    (0, b"version https://git-lfs", known("a Git LFS pointer, not the file itself", "a Git LFS pointer")),
];

/// Recognises well-known things by their first bytes.
pub fn recognise(source: &dyn Source) -> Option<Known> {
    let head = take(source, 0, 512).ok()?;
    let by_magic = MAGIC
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
        .map(|(_, _, known)| *known);
    by_magic.or_else(|| safetensors(&head)).or_else(|| text(&head, source.len()))
}

/// Eight bytes of header length, then JSON.
fn safetensors(head: &[u8]) -> Option<Known> {
    (head.get(8)? == &b'{' && head.get(6..8)? == [0, 0])
        .then_some(model("a safetensors file (weights without a network)", "a safetensors header"))
}

fn text(head: &[u8], len: u64) -> Option<Known> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let lower: Vec<u8> = body.iter().take(64).map(u8::to_ascii_lowercase).collect();
    if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") {
        return Some(known("an HTML page", "HTML"));
    }
    if lower.starts_with(b"<?xml") || lower.starts_with(b"<svg") {
        return Some(known("an XML file", "XML"));
    }
    // A brace or bracket alone may also open a notation; what follows in JSON is a string, a value or the end.
    let mut rest = body.iter().skip(1).filter(|b| !b.is_ascii_whitespace());
    let json = match (body.first(), rest.next()) {
        (Some(b'{'), Some(b'"' | b'}')) => true,
        (Some(b'['), Some(b'[' | b'{' | b'"' | b']' | b'0'..=b'9')) => true,
        (Some(b'{' | b'['), None) => len <= 512,
        _ => false,
    };
    json.then_some(model("a JSON file", "JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    #[test]
    fn keys_of_the_outermost_object() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(json_keys(&Bytes::new("f", text.as_bytes())), expected, "{text}");
        };
        check(r#" {"a": {"b": [1, {"c": 2}]}, "d\"e": "x:y", "f": 1"#, &["a", "d\"e", "f"]);
        check("[1, 2]", &[]);
        check("{", &[]);
        check("", &[]);
    }

    #[test]
    fn well_known_files_are_named() {
        for (bytes, what) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("a PNG image")),
            (b"%PDF-1.7", Some("a PDF document")),
            (b"  {\"class_name\": 1}", Some("a JSON file")),
            (b"\n<!DOCTYPE HTML><html>", Some("an HTML page")),
            (b"\x1c\0\0\0TFL3", Some("a TensorFlow Lite model")),
            (b"\x10\0\0\0\0\0\0\0{\"a\":1}", Some("a safetensors file (weights without a network)")),
            (b"\x08\x07\x12\x07pytorch", None),
            (b"input x: 3x32x32", None),
            (b"", None),
        ] {
            assert_eq!(recognise(&Bytes::new("f", bytes)).map(|k| k.what), what, "{bytes:?}");
        }
    }
}
